"""What of the API the sandbox plays, attached to the types; all else of it is refused by name, never with nothing."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema

from channels.shopify.sandbox_store import (
    bulk,
    changes,
    files,
    metafields,
    money,
    parts,
    products,
    publishing,
    reads,
    uploads,
    variants,
)

MUTATIONS: Mapping[str, Callable[..., Any]] = {
    "productSet": products.set_product,
    "productUpdate": changes.update,
    "productDelete": changes.delete,
    "productVariantsBulkUpdate": variants.update,
    "stagedUploadsCreate": uploads.create,
    "fileCreate": files.create,
    "fileUpdate": files.update,
    "fileDelete": files.delete,
    "publishablePublish": publishing.publish,
    "publishableUnpublish": publishing.unpublish,
    "metafieldDefinitionCreate": metafields.define,
    "metafieldsSet": metafields.set_many,
    "metafieldsDelete": metafields.delete_many,
    "bulkOperationRunMutation": bulk.run_mutation,
    "bulkOperationRunQuery": bulk.run_query,
    "bulkOperationCancel": bulk.cancel,
}

QUERIES: Mapping[str, Callable[..., Any]] = {
    **reads.QUERIES,
    "productOperation": changes.operation,
    "bulkOperation": bulk.one,
    "bulkOperations": bulk.listed,
}

SCOPES: Mapping[str, str] = {
    "productSet": "write_products",
    "productUpdate": "write_products",
    "productDelete": "write_products",
    "productVariantsBulkUpdate": "write_products",
    "metafieldDefinitionCreate": "write_products",
    "fileCreate": "write_files",
    "fileUpdate": "write_files",
    "fileDelete": "write_files",
    "publishablePublish": "write_publications",
    "publishableUnpublish": "write_publications",
    "publications": "read_publications",
    "files": "read_files",
    "products": "read_products",
}
"""What an app must be allowed for a field; without it the field is null and an error says ACCESS_DENIED."""

_equipped: weakref.WeakSet[GraphQLSchema] = weakref.WeakSet()


def equip(schema: GraphQLSchema) -> None:
    """Attach the sandbox's resolvers to the types. Doing it twice changes nothing."""
    if schema in _equipped:
        return
    for root, played in ((schema.query_type, QUERIES), (schema.mutation_type, MUTATIONS)):
        for name, field in (root.fields if root is not None else {}).items():
            field.resolve = _allowed(name, played.get(name) or _not_played(name))
    for (kind, name), resolve in parts.PARTS.items():
        known = getattr(schema.type_map.get(kind), "fields", {})
        if name in known:
            known[name].resolve = resolve
    for name in ("Money", "Decimal"):
        scalar = schema.type_map.get(name)
        if isinstance(scalar, GraphQLScalarType):
            scalar.coerce_input_value = _amount
    _equipped.add(schema)


def _allowed(name: str, resolve: Callable[..., Any]) -> Callable[..., Any]:
    scope = SCOPES.get(name)
    if scope is None:
        return resolve

    def judge(root: Any, info: Any, **args: Any) -> Any:
        if scope not in info.context.shop.terms.scopes:
            raise GraphQLError(
                f"Access denied for {name} field. Required access: `{scope}` access scope.",
                extensions={"code": "ACCESS_DENIED"},
            )
        return resolve(root, info, **args)

    return judge


def _amount(value: Any) -> Any:
    try:
        money.parsed(value)
    except ValueError as error:
        raise GraphQLError(str(error)) from None
    return value


def _not_played(name: str) -> Callable[..., Any]:
    def refuse(_root: Any, _info: Any, **_args: Any) -> Any:
        raise GraphQLError(f"the sandbox does not play {name}")

    return refuse
