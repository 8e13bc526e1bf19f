"""Executes GraphQL requests against the shop: validation, cost, throttling, and the errors in Shopify's form.

Each text is parsed and validated once. Whatever the types do not know is refused by the types themselves, and what
they know but the sandbox does not play is refused by name instead of being answered with nothing.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    execute_sync,
    parse,
    validate,
)

from channels.shopify.sandbox_store import (
    bulk,
    files,
    metafields,
    money,
    products,
    publishing,
    reads,
    uploads,
    variants,
)
from channels.shopify.sandbox_store.cost import Bucket, CostOf
from channels.shopify.sandbox_store.shop import Call, Shop, variant_throttle
from channels.shopify.schema import contract_schema, schema_for

MUTATIONS: Mapping[str, Callable[..., Any]] = {
    "productSet": products.set_product,
    "productUpdate": products.update,
    "productDelete": products.delete,
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
    "productOperation": products.operation,
    "bulkOperation": bulk.one,
    "bulkOperations": bulk.listed,
}

LONG_LISTS = frozenset({"variants", "values", "inventoryQuantities"})
"""Input lists that may be longer than 250."""

_equipped: weakref.WeakSet[GraphQLSchema] = weakref.WeakSet()


def equip(schema: GraphQLSchema) -> None:
    """Attach the sandbox's resolvers to the types. Doing it twice changes nothing."""
    if schema in _equipped:
        return
    for root, played in ((schema.query_type, QUERIES), (schema.mutation_type, MUTATIONS)):
        for name, field in (root.fields if root is not None else {}).items():
            field.resolve = played.get(name) or _not_played(name)
    for (kind, name), resolve in reads.PARTS.items():
        known = getattr(schema.type_map.get(kind), "fields", {})
        if name in known:
            known[name].resolve = resolve
    for name in ("Money", "Decimal"):
        scalar = schema.type_map.get(name)
        if isinstance(scalar, GraphQLScalarType):
            scalar.coerce_input_value = _amount
    _equipped.add(schema)


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


@dataclass(frozen=True)
class Answer:
    """The body of an answer, and what it cost."""

    body: dict[str, Any]
    requested: float = 0.0
    actual: float = 0.0
    outcome: str = "ok"


class Engine:
    """One shop's API in all versions."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.bucket = Bucket(shop.terms)
        self._known: dict[tuple[str, str], Prepared] = {}
        shop.bulk_runner = bulk.Runner(shop, self)

    def _page_cost(self, size: int) -> float:
        return self.shop.terms.page_cost(size)

    def prepare(self, version: str, text: str) -> Prepared:
        """Read and validate a text, once."""
        known = self._known.get((version, text))
        if known is None:
            real = self.shop.terms.real_types
            schema = schema_for(version)[0] if real else contract_schema()
            equip(schema)
            known = self._known[version, text] = _prepared(schema, text, self._page_cost)
        return known

    def answer(
        self, version: str, text: str, variables: Mapping[str, Any], name: str | None
    ) -> Answer:
        """Judge, charge and execute one request. Hold no lock."""
        prepared = self.prepare(version, text)
        if prepared.errors:
            return Answer({"errors": [_formatted(e) for e in prepared.errors]}, outcome="refused")
        found = prepared.operation(name)
        if found is None:
            return _refusal("An operation name is required", "INVALID_OPERATION")
        operation, cost = found
        too_long = _too_long(variables)
        if too_long:
            return _refusal(too_long, "MAX_INPUT_SIZE_EXCEEDED")
        requested = cost.requested(variables)
        if requested > self.shop.terms.query_limit:
            message = (
                f"Query cost is {requested:g}, which exceeds the single query max cost limit"
                f" ({self.shop.terms.query_limit:g})."
            )
            return _refusal(message, "MAX_COST_EXCEEDED", requested)
        about = abouts(operation)
        with self.shop.books.lock:
            struck = self.shop.faults.strike("throttle", about)
            if struck is not None and "left" in struck:
                self.bucket.drain(float(struck["left"]))
            if struck is not None or not self.bucket.take(requested):
                body = _errors("Throttled", "THROTTLED") | self._cost(requested, None)
                return Answer(body, requested, 0.0, "throttle")
        if bulk.asks_for_runs(operation):
            self.shop.bulk_runner.settle(self.shop.terms.bulk_wait)
        return self._executed(version, prepared, operation, cost, variables, requested)

    def _executed(
        self,
        version: str,
        prepared: Prepared,
        operation: OperationDefinitionNode,
        cost: CostOf,
        variables: Mapping[str, Any],
        requested: float,
    ) -> Answer:
        call = Call(self.shop, version=version)
        writes = operation.operation.value == "mutation"
        stale = self.shop.faults.strike("stale_reads", abouts(operation)) if not writes else None
        with self.shop.books.change():
            self.shop.books.writes += writes
            self.shop.books.lag = int(stale.get("writes", 5)) if stale else 0
            try:
                body = self._run(prepared, operation, variables, call)
            finally:
                self.shop.books.lag = 0
            actual = cost.actual(variables, body.get("data"))
            self.bucket.refund(requested - actual)
            body |= self._cost(requested, actual)
        for then in call.after:
            then()
        if call.warnings:
            fields = [
                {"field": f, "message": "Invalid search field for this query."}
                for f in call.warnings
            ]
            body["extensions"]["search"] = [{"warnings": fields}]
        return Answer(body, requested, actual, "refused" if "errors" in body else "ok")

    def _run(
        self,
        prepared: Prepared,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        about = abouts(operation)
        if self.shop.faults.strike("variant_throttle", about) is not None:
            nothing = {_shown(f): None for f in _roots(operation)}
            return {"data": nothing, "errors": [_formatted(variant_throttle())]}
        return self.execute(prepared, operation, variables, call)

    def execute(
        self,
        prepared: Prepared,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """Run an operation, without cost or faults. Hold the lock, inside of a change."""
        result = execute_sync(
            prepared.schema,
            prepared.document,
            context_value=call,
            variable_values=dict(variables),
            operation_name=operation.name.value if operation.name else None,
        )
        body: dict[str, Any] = {}
        if result.data is not None or not result.errors:
            body["data"] = result.data
        if result.errors:
            body["errors"] = [_formatted(e) for e in result.errors]
        return body

    def _cost(self, requested: float, actual: float | None) -> dict[str, Any]:
        return {
            "extensions": {
                "cost": {
                    "requestedQueryCost": _figure(requested),
                    "actualQueryCost": None if actual is None else _figure(actual),
                    "throttleStatus": self.bucket.status(),
                }
            }
        }


def abouts(operation: OperationDefinitionNode) -> set[str]:
    """The words by which faults and books know a request: its kind and its root fields."""
    return {operation.operation.value, *(f.name.value for f in _roots(operation))}


def _roots(operation: OperationDefinitionNode) -> list[FieldNode]:
    return [f for f in operation.selection_set.selections if isinstance(f, FieldNode)]


def _shown(field: FieldNode) -> str:
    return field.alias.value if field.alias else field.name.value


def _prepared(schema: GraphQLSchema, text: str, page_cost: Callable[[int], float]) -> Prepared:
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


def _formatted(error: GraphQLError) -> dict[str, Any]:
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


def _errors(message: str, code: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


def _refusal(message: str, code: str, requested: float = 0.0) -> Answer:
    return Answer(_errors(message, code), requested, 0.0, "refused")


def _too_long(value: Any, name: str = "") -> str:
    if isinstance(value, Mapping):
        return next((m for k, v in value.items() if (m := _too_long(v, k))), "")
    if isinstance(value, list):
        if len(value) > 250 and name not in LONG_LISTS:
            return (
                f"The input array size of {len(value)} is greater than the maximum allowed of 250."
            )
        return next((m for v in value if (m := _too_long(v))), "")
    return ""


def _figure(points: float) -> float | int:
    return int(points) if points == int(points) else points
