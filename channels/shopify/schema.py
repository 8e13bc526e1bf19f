"""The Shopify Admin types: the real ones of each API version when they are cached, else our own contract of them.

The contract lists only what this project's documents use, so a field outside of it is refused exactly as the real
types would refuse a field that does not exist. Loading is lazy and needs the ``sandbox`` extra (graphql-core).
"""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from channels.shopify.schema_package import MEMBERS, SchemaUnavailable, cached
from publisher.errors import ConfigError

if TYPE_CHECKING:
    from graphql import GraphQLSchema

VERSIONS: tuple[str, ...] = tuple(MEMBERS)
"""API versions that the project supports, oldest first. 2025-10 lacks bulk look-ups by id."""

CONTRACT = "contract.graphql"


def graphql_core() -> Any:
    """The library, or ConfigError that names the extra."""
    try:
        import graphql
    except ImportError as error:
        raise ConfigError(
            "the Shopify sandbox needs the extra packages of storefront-publisher[sandbox]",
            remedy='pip install "storefront-publisher[sandbox]"',
            detail=str(error),
        ) from error
    return graphql


def real_schema(version: str, folder: Path | None = None) -> GraphQLSchema:
    """The real types of an API version, from the cache. Raises SchemaUnavailable."""
    return _real(version, folder)


@functools.lru_cache(maxsize=2)  # about 90 MB each
def _real(version: str, folder: Path | None) -> GraphQLSchema:
    plain = cached(version, folder)
    graphql = graphql_core()
    # Later releases of the library refuse deprecations that the real types really have.
    schema: GraphQLSchema = graphql.build_client_schema(
        json.loads(plain)["data"], assume_valid=True
    )
    return schema


def contract_text() -> str:
    """The committed contract, as SDL."""
    return (files("channels.shopify") / CONTRACT).read_text("utf-8")


@functools.lru_cache(maxsize=1)
def contract_schema() -> GraphQLSchema:
    """The types that our documents use, from the committed contract."""
    graphql = graphql_core()
    schema: GraphQLSchema = graphql.build_schema(contract_text(), assume_valid=True)
    return schema


def schema_for(version: str, folder: Path | None = None) -> tuple[GraphQLSchema, bool]:
    """The best types at hand for a version, and whether they are the real ones. Downloads nothing."""
    try:
        return real_schema(version, folder), True
    except SchemaUnavailable:
        return contract_schema(), False
