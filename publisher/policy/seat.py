"""A row made ready for one day: its rules in force sorted by provenance class, and the facts that they read.

Two members whose facts agree in what a row reads get the same answer, so answers are remembered per row.
Pure: the memory changes how long an answer takes, never what it is.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib.resources
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from publisher.listing import fingerprint
from publisher.manifest.model import ProvenanceClass, Waiver
from publisher.policy.facts import Facts, needs
from publisher.policy.library import Law
from publisher.policy.terms import TermBook
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
    """A row on a day. ``own`` and ``law`` are the rules in force for a provenance class.

    ``read`` takes out of ``Facts`` what this row looks at: equal results mean equal answers.
    """

    row: Row
    day: dt.date
    own: dict[ProvenanceClass | None, tuple[Rule, ...]]
    law: dict[ProvenanceClass | None, tuple[Rule, ...]]
    read: Callable[[Facts], object]
    expired: tuple[Rule, ...]


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


def rules_digest(
    ready: Prepared, account: str, waivers: Sequence[Waiver], terms: TermBook, laws: Sequence[Law]
) -> str:
    """What a verdict hangs on beside the item: row, account, waivers, lists, law, and the code itself.

    The day counts only by the last date on which any of them changed, so that the digest is the same
    until the next such date.
    """
    row = ready.row
    parts = [
        _code_digest(),
        account,
        row.model_dump_json(),
        *(w.model_dump_json() for w in waivers),
        *(law.model_dump_json() for law in laws),
        terms.digest,
    ]
    days: set[dt.date] = set()
    for dated in (*row.rule, *row.after, *(r for law in laws for r in law.rule)):
        days.update(d for d in (dated.effective_from, dated.effective_until) if d is not None)
        if dated.expires is not None:
            days.update(dated.expires + dt.timedelta(days=n) for n in (1, GRACE_DAYS + 1))
    days.update(w.until + dt.timedelta(days=1) for w in waivers)
    days.update(x.until + dt.timedelta(days=1) for x in terms.licences if x.until is not None)
    parts.append(str(max((d for d in days if d <= ready.day), default="")))
    return fingerprint(parts)


@functools.cache
def _code_digest() -> str:
    """A digest of policy's own modules: what another version of them decided is not remembered."""
    root = importlib.resources.files("publisher.policy")
    modules = sorted((e for e in root.iterdir() if e.name.endswith(".py")), key=lambda e: e.name)
    return fingerprint([m.read_text(encoding="utf-8") for m in modules])
