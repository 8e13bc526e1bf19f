"""Executes GraphQL requests against the shop: it judges, charges, runs and answers in Shopify's form.

Each text is parsed and validated once. Faults that are about GraphQL strike here; those of the line do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import OperationDefinitionNode, execute_sync

from channels.shopify.sandbox_store import bulk
from channels.shopify.sandbox_store.cost import Bucket, CostOf
from channels.shopify.sandbox_store.played import equip
from channels.shopify.sandbox_store.prepared import (
    Prepared,
    abouts,
    formatted,
    names_in_answer,
    prepared_text,
    too_long,
)
from channels.shopify.sandbox_store.runner import Runner
from channels.shopify.sandbox_store.shop import Call, Shop, variant_throttle
from channels.shopify.schema import contract_schema, schema_for


@dataclass(frozen=True)
class Request:
    """A request as it came, and the address under which the client found us."""

    version: str
    text: str
    variables: Mapping[str, Any]
    name: str | None = None
    address: str = ""


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
        shop.bulk_runner = Runner(shop, self)

    def _page_cost(self, size: int) -> float:
        return self.shop.terms.page_cost(size)

    def prepare(self, version: str, text: str) -> Prepared:
        """Read and validate a text, once."""
        known = self._known.get((version, text))
        if known is None:
            real = self.shop.terms.real_types
            schema = schema_for(version)[0] if real else contract_schema()
            equip(schema)
            known = self._known[version, text] = prepared_text(schema, text, self._page_cost)
        return known

    def answer(self, request: Request) -> Answer:
        """Judge, charge and execute one request. Hold no lock."""
        prepared = self.prepare(request.version, request.text)
        if prepared.errors:
            return Answer({"errors": [formatted(e) for e in prepared.errors]}, outcome="refused")
        found = prepared.operation(request.name)
        if found is None:
            return _refusal("An operation name is required", "INVALID_OPERATION")
        operation, cost = found
        too_many = too_long(request.variables)
        if too_many:
            return _refusal(too_many, "MAX_INPUT_SIZE_EXCEEDED")
        requested = cost.requested(request.variables)
        limit = self.shop.terms.query_limit
        if requested > limit:
            message = f"Query cost is {requested:g}, which exceeds the single query max cost limit ({limit:g})."
            return _refusal(message, "MAX_COST_EXCEEDED", requested)
        with self.shop.books.lock:
            struck = self.shop.faults.strike("throttle", abouts(operation))
            if struck is not None and "left" in struck:
                self.bucket.drain(float(struck["left"]))
            if struck is not None or not self.bucket.take(requested):
                body = _errors("Throttled", "THROTTLED") | self._cost(requested, None)
                return Answer(body, requested, 0.0, "throttle")
        if bulk.asks_for_runs(operation):
            self.shop.bulk_runner.settle(self.shop.terms.bulk_wait)
        return self._executed(request, prepared, operation, cost)

    def _executed(
        self,
        request: Request,
        prepared: Prepared,
        operation: OperationDefinitionNode,
        cost: CostOf,
    ) -> Answer:
        call = Call(self.shop, version=request.version, address=request.address)
        requested = cost.requested(request.variables)
        writes = operation.operation.value == "mutation"
        stale = None if writes else self.shop.faults.strike("stale_reads", abouts(operation))
        with self.shop.books.change():
            self.shop.books.writes += writes
            self.shop.books.lag = int(stale.get("writes", 5)) if stale else 0
            try:
                body = self._run(prepared, operation, request.variables, call)
            finally:
                self.shop.books.lag = 0
            actual = cost.actual(request.variables, body.get("data"))
            self.bucket.refund(requested - actual)
            body |= self._cost(requested, actual)
        for then in call.after:
            then()
        if call.warnings:
            message = "Invalid search field for this query."
            fields = [{"field": f, "message": message} for f in call.warnings]
            body["extensions"]["search"] = [{"warnings": fields}]
        return Answer(body, requested, actual, "refused" if "errors" in body else "ok")

    def _run(
        self,
        prepared: Prepared,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        if self.shop.faults.strike("variant_throttle", abouts(operation)) is not None:
            nothing = dict.fromkeys(names_in_answer(operation))
            return {"data": nothing, "errors": [formatted(variant_throttle())]}
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
            body["errors"] = [formatted(e) for e in result.errors]
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


def _errors(message: str, code: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


def _refusal(message: str, code: str, requested: float = 0.0) -> Answer:
    return Answer(_errors(message, code), requested, 0.0, "refused")


def _figure(points: float) -> float | int:
    return int(points) if points == int(points) else points
