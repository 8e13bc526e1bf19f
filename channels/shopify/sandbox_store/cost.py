"""What a request costs in points, and the bucket that pays for it.

Requested cost is what the text could return at most, actual cost is what it did return. Published rules: an object
1, a scalar 0, a mutation 10, a connection 2 plus its page times what one node costs; productSet by its own formula.
What Shopify does not publish is counted at the published rules, so nothing here is cheaper than there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from channels.shopify.sandbox_store.terms import Terms

MUTATION = 10.0


@dataclass
class Bucket:
    """Points that leak in at ``terms.rate`` per second, up to ``terms.bucket``. Hold the shop's lock."""

    terms: Terms

    def __post_init__(self) -> None:
        self._level = self.terms.bucket
        self._seen = self.terms.clock()

    def available(self) -> float:
        """Points there are now."""
        now = self.terms.clock()
        gained = max(0.0, now - self._seen) * self.terms.rate
        self._level, self._seen = min(self.terms.bucket, self._level + gained), now
        return self._level

    def take(self, points: float) -> bool:
        """Take them if they are all there."""
        if self.available() < points:
            return False
        self._level -= points
        return True

    def refund(self, points: float) -> None:
        """Give back what was not used; a negative figure takes more."""
        self._level = min(self.terms.bucket, self.available() + points)

    def drain(self, left: float = 0.0) -> None:
        """Leave only so many points, as a busy neighbour of the same app would."""
        self.available()
        self._level = left

    def status(self) -> dict[str, float]:
        """``throttleStatus`` of an answer."""
        return {
            "maximumAvailable": self.terms.bucket,
            "currentlyAvailable": float(int(round(self.available(), 6))),
            "restoreRate": self.terms.rate,
        }


def mutation_cost(name: str, arguments: Mapping[str, Any]) -> float:
    """What a mutation costs apart from its answer, by its coerced or raw arguments."""
    if name == "productSet":
        return _product_set(arguments.get("input") or {})
    if name in ("productVariantsBulkUpdate", "productVariantsBulkCreate"):
        variants = arguments.get("variants") or ()
        return MUTATION + 0.2 * len(variants) + 0.4 * sum(_count(v, "metafields") for v in variants)
    return MUTATION


def _product_set(given: Mapping[str, Any]) -> float:
    variants: Sequence[Mapping[str, Any]] = given.get("variants") or ()
    return (
        MUTATION
        + 0.2 * len(variants)
        + 0.6 * sum(1 for v in variants if v.get("file"))
        + 0.4 * sum(_count(v, "metafields") for v in variants)
        + 0.4 * _count(given, "metafields")
        + 1.9 * _count(given, "files")
    )


def _count(given: Mapping[str, Any], name: str) -> int:
    return len(given.get(name) or ())


class CostOf:
    """The cost of one operation of a document, as text and as an answer."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        page_cost: Callable[[int], float] = float,
    ) -> None:
        self._schema = schema
        self._page_cost = page_cost
        self._operation = operation
        self._fragments = fragments
        self._known: dict[tuple[Any, ...], float] = {}

    def requested(self, variables: Mapping[str, Any]) -> float:
        """At most, before it runs. Raises nothing on odd variables: validation speaks of those."""
        plain = {
            k: len(v) if isinstance(v, list) else v
            for k, v in variables.items()
            if isinstance(v, int | list)
        }
        known = tuple(sorted(plain.items()))
        if known not in self._known:
            self._known[known] = self._root(variables, None)
        return round(self._known[known] + self._mutations(variables), 2)

    def actual(self, variables: Mapping[str, Any], data: Mapping[str, Any] | None) -> float:
        """By what came back."""
        if data is None:
            return 0.0
        return round(self._root(variables, data) + self._mutations(variables), 2)

    def _mutations(self, variables: Mapping[str, Any]) -> float:
        if self._operation.operation.value != "mutation":
            return 0.0
        total = 0.0
        for node in self._operation.selection_set.selections:
            if isinstance(node, FieldNode):
                given = _arguments(node, variables)
                total += mutation_cost(node.name.value, given)
        return total

    def _root(self, variables: Mapping[str, Any], data: Any) -> float:
        if self._operation.operation.value != "mutation":
            root = self._schema.query_type
            assert root is not None
            return self._cost(self._operation.selection_set, root, variables, data)
        root = self._schema.mutation_type
        assert root is not None
        total = 0.0
        for node in self._operation.selection_set.selections:
            if (
                isinstance(node, FieldNode)
                and node.selection_set
                and node.name.value in root.fields
            ):
                kind = get_named_type(root.fields[node.name.value].type)
                inner = None if data is None else _entry(data, node)
                total += self._lists(node.selection_set, kind, variables, inner)
        return total

    def _lists(self, chosen: SelectionSetNode, kind: Any, variables: Any, data: Any) -> float:
        """Of a mutation's answer only the connections cost; its own objects are in the price."""
        total = 0.0
        for node, parent in self._fields(chosen, kind):
            if node.selection_set is None or node.name.value not in getattr(parent, "fields", {}):
                continue
            inner = None if data is None else _entry(data, node)
            if isinstance(inner, list):
                continue
            returned = get_named_type(parent.fields[node.name.value].type)
            if returned.name.endswith("Connection"):
                total += self._connection(node, returned, variables, inner)
            else:
                total += self._lists(node.selection_set, returned, variables, inner)
        return total

    def _cost(self, chosen: SelectionSetNode, kind: Any, variables: Any, data: Any) -> float:
        total = 0.0
        dearest: dict[str, float] = {}
        for node, parent in self._fields(chosen, kind):
            cost = self._field(node, parent, variables, data)
            if parent is kind or isinstance(kind, GraphQLObjectType):
                total += cost
            else:
                dearest[parent.name] = dearest.get(parent.name, 0.0) + cost
        return total + max(dearest.values(), default=0.0)

    def _field(self, node: FieldNode, parent: Any, variables: Any, data: Any) -> float:
        known = getattr(parent, "fields", {})
        if node.selection_set is None or node.name.value not in known:
            return 0.0
        returned = get_named_type(known[node.name.value].type)
        inner = None if data is None else _entry(data, node)
        if data is not None and inner is None:
            return 0.0
        if returned.name.endswith("Connection"):
            return self._connection(node, returned, variables, inner)
        if isinstance(inner, list):
            return sum(
                1 + self._cost(node.selection_set, returned, variables, i)
                for i in inner
                if i is not None
            )
        ids = _arguments(node, variables).get("ids")
        times = len(ids) if isinstance(ids, list) else 1
        return times * (1 + self._cost(node.selection_set, returned, variables, inner))

    def _connection(self, node: FieldNode, kind: Any, variables: Any, data: Any) -> float:
        assert node.selection_set is not None
        page = _arguments(node, variables)
        size = page.get("first") or page.get("last") or 0
        total = 2.0
        for inner, _ in self._fields(node.selection_set, kind):
            if inner.selection_set is None or inner.name.value not in ("nodes", "edges"):
                continue
            item = get_named_type(kind.fields[inner.name.value].type)
            if data is None:
                once = self._node(inner, item, variables, None)
                total += self._page_cost(size if isinstance(size, int) else 0) * once
            else:
                rows = _entry(data, inner) or ()
                paid = sum(self._node(inner, item, variables, i) for i in rows)
                total += paid * self._page_cost(len(rows)) / len(rows) if rows else 0.0
        return total

    def _node(self, inner: FieldNode, kind: Any, variables: Any, data: Any) -> float:
        assert inner.selection_set is not None
        if inner.name.value == "nodes":
            return 1 + self._cost(inner.selection_set, kind, variables, data)
        # An edge costs nothing itself, its node does.
        return self._cost(inner.selection_set, kind, variables, data)

    def _fields(self, chosen: SelectionSetNode, kind: Any) -> list[tuple[FieldNode, Any]]:
        found: list[tuple[FieldNode, Any]] = []
        for node in chosen.selections:
            if isinstance(node, FieldNode):
                found.append((node, kind))
            elif isinstance(node, InlineFragmentNode):
                named = node.type_condition
                narrower = self._narrowed(named.name.value, kind) if named else kind
                found += self._fields(node.selection_set, narrower)
            elif isinstance(node, FragmentSpreadNode) and node.name.value in self._fragments:
                fragment = self._fragments[node.name.value]
                narrower = self._narrowed(fragment.type_condition.name.value, kind)
                found += self._fields(fragment.selection_set, narrower)
        return found

    def _narrowed(self, name: str, kind: Any) -> Any:
        known = self._schema.type_map.get(name, kind)
        suits = isinstance(known, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
        return known if suits else kind


def _entry(data: Any, node: FieldNode) -> Any:
    name = node.alias.value if node.alias else node.name.value
    return data.get(name) if isinstance(data, Mapping) else None


def _arguments(node: FieldNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {a.name.value: _value(a.value, variables) for a in node.arguments or ()}


def _value(node: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(node, VariableNode):
        return variables.get(node.name.value)
    if isinstance(node, IntValueNode):
        return int(node.value)
    if isinstance(node, ObjectValueNode):
        return {f.name.value: _value(f.value, variables) for f in node.fields or ()}
    if isinstance(node, ListValueNode):
        return [_value(v, variables) for v in node.values or ()]
    return getattr(node, "value", None)
