"""Shopify's search words: ``field:value`` terms joined by AND (or nothing) and OR, with quotes, ranges and ``-``.

A field that a list does not know is ignored there with a warning, so it is ignored here too; the caller gets the
warning. Brackets are not played.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_PIECE = re.compile(
    r"""\s*(-?)(?:([A-Za-z_][\w.]*):)?(>=|<=|>|<)?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\S+)"""
)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. ``field`` is empty for a bare word."""

    field: str
    relation: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """Alternatives of conditions that must all hold; no alternative at all means everything."""

    alternatives: tuple[tuple[Term, ...], ...]
    warnings: tuple[str, ...] = ()

    def only(self, field: str) -> list[str] | None:
        """The values when every alternative asks for exactly one value of this field, for an index."""
        values = []
        for terms in self.alternatives:
            exact = [t for t in terms if t.field == field and not t.relation and not t.negated]
            if not exact or exact[0].value.endswith("*"):
                return None
            values.append(exact[0].value)
        return values or None

    def fits(self, read: Callable[[str], Sequence[str]]) -> bool:
        """Whether a thing fits; ``read`` gives its values of a field."""
        if not self.alternatives:
            return True
        return any(all(_holds(t, read(t.field)) for t in terms) for terms in self.alternatives)


def parse(text: str | None, fields: Collection[str]) -> Search:
    """Read search words, keeping only the known fields; ``metafields.`` names are always known."""
    alternatives: list[list[Term]] = [[]]
    warnings: list[str] = []
    for match in _PIECE.finditer(text or ""):
        minus, field, relation, value = match.groups()
        if not field and value == "OR":
            alternatives.append([])
            continue
        if not field and value == "AND":
            continue
        if value[0] in "\"'" and len(value) > 1:
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        if field and field not in fields and not field.startswith("metafields."):
            warnings.append(field)
            continue
        alternatives[-1].append(Term(field or "", relation or "", value, bool(minus)))
    kept = tuple(tuple(terms) for terms in alternatives if terms)
    return Search(kept if len(kept) == len(alternatives) else (), tuple(warnings))


def _holds(term: Term, values: Sequence[str]) -> bool:
    return any(_matches(term, v) for v in values) is not term.negated


def _matches(term: Term, value: str) -> bool:
    have, want = value.casefold(), term.value.casefold()
    if term.relation:
        return _compared(term.relation, have, want)
    if want.endswith("*"):
        return have.startswith(want[:-1])
    return want in have if not term.field else have == want


def _compared(relation: str, have: str, want: str) -> bool:
    left: Any = have
    right: Any = want
    if have.isdigit() and want.isdigit():
        left, right = int(have), int(want)
    elif _moment(have) is not None and _moment(want) is not None:
        left, right = _moment(have), _moment(want)
    results: Mapping[str, bool] = {
        ">": left > right,
        ">=": left >= right,
        "<": left < right,
        "<=": left <= right,
    }
    return results[relation]


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
