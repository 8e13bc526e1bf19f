"""A row made ready for one day: its rules in force sorted by provenance class, and the facts that they read.

Two members whose facts agree in what a row reads get the same answer, so answers are remembered per row.
Pure: the memory changes how long an answer takes, never what it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from publisher.manifest.model import ProvenanceClass
from publisher.policy.facts import Facts, needs
from publisher.policy.library import Law
from publisher.row import Row
from publisher.rules import Dated, Rule, RuleVerdict, When

GRACE_DAYS = 90
"""For so many days after ``expires`` a rule only warns; later what it allows is held."""


def days_over(rule: Dated, day: dt.date) -> int:
    """Days since the rule expired; 0 and less while it has not."""
    return (day - rule.expires).days if rule.expires is not None else 0


def is_plain_allow(rule: Rule) -> bool:
    """Whether the rule allows and asks for nothing, so that an unknown fact makes it say nothing."""
    return rule.verdict is RuleVerdict.ALLOW and not rule.actions


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row on a day. ``own`` and ``law`` are the rules in force for a provenance class."""

    row: Row
    day: dt.date
    own: dict[ProvenanceClass | None, tuple[Rule, ...]]
    law: dict[ProvenanceClass | None, tuple[Rule, ...]]
    read: Any
    expired: tuple[Rule, ...]

    def signature(self, facts: Facts) -> object:
        """The facts that this row reads: equal signatures mean equal answers."""
        return self.read(facts)


def prepare(row: Row, day: dt.date, laws: Iterable[Law]) -> Prepared:
    """The row with what is in force on ``day``."""
    rules = [r for r in row.rule if r.in_force(day)]
    legal = [r for law in laws for r in law.rule if r.in_force(day)]
    names = {"kind", "provenance", *_section_needs(row)}
    for rule in (*rules, *legal):
        names.update(needs(rule.when))
    return Prepared(
        row=row,
        day=day,
        own=_by_class(rules),
        law=_by_class(legal),
        read=attrgetter(*sorted(names)),
        expired=tuple(r for r in (*rules, *legal) if days_over(r, day) > 0),
    )


def _by_class(rules: list[Rule]) -> dict[ProvenanceClass | None, tuple[Rule, ...]]:
    classes: tuple[ProvenanceClass | None, ...] = (None, *ProvenanceClass)
    return {
        c: tuple(r for r in rules if c is None or not r.when.provenance or c in r.when.provenance)
        for c in classes
    }


def _section_needs(row: Row) -> Iterator[str]:
    """What the sections of a row that are no list of rules look at."""
    file = row.file
    if file.aspect_min is not None or file.aspect_max is not None:
        yield "aspect"
    if file.alpha in ("refused", "required"):
        yield "alpha"
    if file.exif_required:
        yield "exif"
    if file.extension_matches:
        yield "extension"
    if row.releases is not None:
        yield "releases"
    whens: list[When] = [a.when for a in row.after if a.per == "item"]
    if row.irreversible is not None:
        yield "approved"
        whens.append(row.irreversible.when)
    for when in whens:
        yield from needs(when)


def words_of(row: Row, laws: Iterable[Law]) -> frozenset[str]:
    """The words that a row's rules look for by themselves, beside the lists."""
    whens = [r.when for r in row.rule]
    whens += [a.when for a in row.after] + [r.when for law in laws for r in law.rule]
    whens += [row.irreversible.when] if row.irreversible is not None else []
    return frozenset(term for when in whens for term in when.terms or ())
