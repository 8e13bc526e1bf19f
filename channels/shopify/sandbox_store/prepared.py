"""Texts of requests, read and validated once, and errors in the form in which Shopify shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    validate,
)

from channels.shopify.sandbox_store.cost import CostOf

LONG_LISTS = frozenset({"variants", "values", "inventoryQuantities"})
"""Input lists that may be longer than 250."""


@dataclass(frozen=True)
class Prepared:
    """A text that was read and validated once."""

    schema: GraphQLSchema
    document: DocumentNode
    errors: tuple[GraphQLError, ...]
    operations: Mapping[str, tuple[OperationDefinitionNode, CostOf]]

    def operation(self, name: str | None) -> tuple[OperationDefinitionNode, CostOf] | None:
        """The one that is asked for, or the only one."""
        if name:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None


def prepared_text(schema: GraphQLSchema, text: str, page_cost: Callable[[int], float]) -> Prepared:
    """Read and validate a text against a schema."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return Prepared(schema, DocumentNode(definitions=()), (error,), {})
    errors = tuple(validate(schema, document, max_errors=20))
    fragments = {
        d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
    }
    operations = {
        d.name.value if d.name else "": (d, CostOf(schema, d, fragments, page_cost))
        for d in document.definitions
        if isinstance(d, OperationDefinitionNode)
    }
    return Prepared(schema, document, errors, operations)


def abouts(operation: OperationDefinitionNode) -> set[str]:
    """The words by which faults and books know a request: its kind and its root fields."""
    return {operation.operation.value, *(f.name.value for f in _roots(operation))}


def _roots(operation: OperationDefinitionNode) -> list[FieldNode]:
    return [f for f in operation.selection_set.selections if isinstance(f, FieldNode)]


def names_in_answer(operation: OperationDefinitionNode) -> list[str]:
    """Under which names the root fields stand in an answer."""
    return [f.alias.value if f.alias else f.name.value for f in _roots(operation)]


def formatted(error: GraphQLError) -> dict[str, Any]:
    """An error of the library as the API shows it."""
    shown: dict[str, Any] = {"message": error.message}
    if error.locations:
        shown["locations"] = [{"line": p.line, "column": p.column} for p in error.locations]
    if error.path:
        shown["path"] = list(error.path)
    extensions = dict(error.extensions or {})
    if "code" not in extensions:
        if error.message.startswith("Cannot query field"):
            extensions["code"] = "undefinedField"
        elif error.message.startswith("Variable '$"):
            extensions["code"] = "INVALID_VARIABLE"
    return shown | ({"extensions": extensions} if extensions else {})


def too_long(value: Any, name: str = "") -> str:
    """Why the variables are refused for a list that is too long; empty when they are not."""
    if isinstance(value, Mapping):
        return next((m for k, v in value.items() if (m := too_long(v, k))), "")
    if isinstance(value, list):
        if len(value) > 250 and name not in LONG_LISTS:
            return (
                f"The input array size of {len(value)} is greater than the maximum allowed of 250."
            )
        return next((m for v in value if (m := too_long(v))), "")
    return ""
