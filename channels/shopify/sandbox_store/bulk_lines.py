"""What may run in bulk, and how the answer of a bulk query becomes lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    FieldNode,
    InlineFragmentNode,
    SelectionSetNode,
    TypeInfo,
    Visitor,
    get_named_type,
    visit,
)
from graphql import TypeInfoVisitor as _TypeInfoVisitor


def mutation_refusal(prepared: Any) -> str:
    """Why a text may not run as a bulk mutation; empty when it may."""
    if prepared.errors:
        return str(prepared.errors[0].message)
    found = prepared.operation(None)
    if found is None or found[0].operation.value != "mutation":
        return "must be one mutation"
    roots = [f for f in found[0].selection_set.selections if isinstance(f, FieldNode)]
    if len(roots) != 1:
        return "must have exactly one field"
    if roots[0].name.value.startswith("bulkOperation"):
        return f"{roots[0].name.value} cannot run in bulk"
    if _connections(prepared).count > 1:
        return "Bulk mutations cannot contain more than 1 connection."
    return ""


class _Connections(Visitor):
    """Counts connections and how deep they lie in each other."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self.count = self.depth = self.deepest = 0
        self.plain_nodes = False

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Into a field."""
        if self._is_connection():
            self.count += 1
            self.depth += 1
            self.deepest = max(self.deepest, self.depth)
            self.plain_nodes |= _has_nodes(node.selection_set)

    def leave_field(self, _node: FieldNode, *_: Any) -> None:
        """Out of it."""
        if self._is_connection():
            self.depth -= 1

    def _is_connection(self) -> bool:
        kind = self._info.get_type()
        return kind is not None and get_named_type(kind).name.endswith("Connection")


def _connections(prepared: Any) -> _Connections:
    info = TypeInfo(prepared.schema)
    seen = _Connections(info)
    visit(prepared.document, _TypeInfoVisitor(info, seen))
    return seen


def _has_nodes(chosen: SelectionSetNode | None) -> bool:
    for node in chosen.selections if chosen is not None else ():
        if isinstance(node, FieldNode) and node.name.value == "nodes":
            return True
        if isinstance(node, InlineFragmentNode) and _has_nodes(node.selection_set):
            return True
    return False


def bulk_refusal(prepared: Any) -> str:
    """Why a text may not run as a bulk query; empty when it may.

    At least one connection and at most five, at most two inside of the outer one, through edges.
    """
    if prepared.errors:
        return str(prepared.errors[0].message)
    found = prepared.operation(None)
    if found is None or found[0].operation.value != "query":
        return "must be one query"
    if len(found[0].selection_set.selections) != 1:
        return "must have exactly one field"
    seen = _connections(prepared)
    if seen.count == 0:
        return "must have at least one connection"
    if seen.count > 5:
        return "must not have more than five connections"
    if seen.deepest > 3:
        return "must not nest connections deeper than two levels"
    if seen.plain_nodes:
        return "must take the nodes of a connection from its edges"
    return ""


def flattened(data: Mapping[str, Any]) -> tuple[list[str], int]:
    """The lines of an answer, children after their parent, and how many of them are outer ones."""
    lines: list[str] = []
    roots = 0
    for value in data.values():
        for node in _nodes(value):
            roots += 1
            lines.extend(_lines(node, None))
    return lines, roots


def _lines(node: Mapping[str, Any], parent: str | None) -> Iterator[str]:
    own = {k: v for k, v in node.items() if not _is_connection(v)}
    if parent is not None:
        own["__parentId"] = parent
    yield json.dumps(own, ensure_ascii=False, separators=(",", ":"))
    for value in node.values():
        if _is_connection(value):
            for child in _nodes(value):
                yield from _lines(child, node.get("id"))


def _is_connection(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("edges"), list)


def _nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    if _is_connection(value):
        yield from (edge["node"] for edge in value["edges"] if edge.get("node") is not None)
