"""The judge's bench: items and rows go in, verdicts come out, and what was answered once is remembered.

An item's texts are read once, whatever the number of rows; a row is made ready once for its day; members
with the same facts share their answer. Pure: no clock, no I/O, and it never raises.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from publisher.manifest.item import Item
from publisher.manifest.model import Waiver
from publisher.policy.facts import Facts, Subject, Truth, evaluate, facts_of, texts_of
from publisher.policy.judge import Case, findings_of, outcomes_of
from publisher.policy.library import Law, shipped_law
from publisher.policy.seat import Prepared, prepare, rules_digest, words_of
from publisher.policy.terms import Hit, TermBook, fold, shipped_book
from publisher.policy.verdict import RuleOutcome, Verdict, verdict_of
from publisher.row import Row
from publisher.rules import Quota

_READS = frozenset({"title", "description", "keywords", "offer"})
"""What an override may change that a rule looks at."""


_MANY = 50_000
"""From so many different sets of facts on, answers are kept by what a row reads only."""


class Memory(Protocol):
    """Verdicts of an earlier run. ``rules`` is what ``Bench.rules_of`` gave for the row and account."""

    def get(self, item: Item, rules: str) -> Verdict | None:
        """The verdict of an item that did not change, under rules that did not change."""

    def put(self, item: Item, rules: str, verdict: Verdict) -> None:
        """Keep a verdict for the next run."""

    def save(self) -> None:
        """Make what was put last."""


@dataclass(slots=True)
class _Seat:
    """One account at one row: what is waived there, and the answers so far."""

    ready: Prepared
    account: str
    waivers: tuple[Waiver, ...]
    rules: str
    waived: frozenset[str]
    by_facts: dict[int, Verdict] = field(default_factory=dict)
    by_signature: dict[object, Verdict] = field(default_factory=dict)


class Bench:
    """Judges many items for many accounts on one day. Use it from one thread.

    ``rows`` may be named in advance, which spares a second look at the texts when a row with words of its
    own turns up later. ``terms`` are the lists of terms, ``law`` the laws; the shipped ones if absent.
    ``memory`` has the verdicts of an earlier run.
    """

    def __init__(
        self,
        day: dt.date,
        *,
        rows: Iterable[Row] = (),
        waivers: Sequence[Waiver] = (),
        terms: TermBook | None = None,
        law: Sequence[Law] | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.day = day
        self._law = tuple(shipped_law() if law is None else law)
        self._book = shipped_book() if terms is None else terms
        self._lists = self._book
        self._licensed = self._book.licensed(day)
        self._waivers = tuple(waivers)
        self._memory = memory
        self._words: set[str] = set()
        self._ready: dict[int, Prepared] = {}
        self._seats: dict[tuple[int, str], _Seat] = {}
        self._facts: dict[int, tuple[Facts, ...]] = {}
        self._held: list[Item] = []
        self._alone: dict[Facts, tuple[Facts, ...]] = {}
        self._same: dict[Facts, Facts] = {}
        for row in rows:
            self._prepared(row)

    def judge(
        self, item: Item, row: Row, account: str, extra: Sequence[RuleOutcome] = ()
    ) -> Verdict:
        """What the rules in force say about ``item``. Deterministic.

        DENY beats HOLD beats ALLOW_WITH_ACTIONS beats ALLOW. A bundle is judged per member. A waiver turns
        the HOLD of a rule that holds into an allowance with that rule's actions; it lifts neither a DENY nor
        a HOLD that stems from a fact that another rule needs. ``extra`` joins in what others found out.
        """
        seat = self._seats.get((id(row), account)) or self._seat(row, account)
        if self._memory is None:
            verdict = self._judge(item, seat)
        else:
            known = self._memory.get(item, seat.rules)
            verdict = known if known is not None else self._judge(item, seat)
            if known is None:
                self._memory.put(item, seat.rules, verdict)
        return verdict.joined(extra) if extra else verdict

    def rules_of(self, row: Row, account: str) -> str:
        """A digest of everything beside the item that a verdict hangs on, the same between two dates."""
        return (self._seats.get((id(row), account)) or self._seat(row, account)).rules

    def save(self) -> None:
        """Let the memory, if there is one, keep what was new."""
        if self._memory is not None:
            self._memory.save()

    def facts(self, item: Item, account: str) -> tuple[Facts, ...]:
        """The facts of each member; read once, unless the account has words or an offer of its own."""
        source = item.asset if item.asset is not None else item.bundle
        if source is not None and source.channels:
            override = source.channels.get(account)
            if override is not None and not _READS.isdisjoint(override.model_fields_set):
                return self._read(item, account)
        known = self._facts.get(id(item))
        if known is None:
            known = self._facts[id(item)] = self._read(item, "")
            self._held.append(item)  # so that its id stays its own
        return known

    def _judge(self, item: Item, seat: _Seat) -> Verdict:
        facts = self.facts(item, seat.account)
        if len(facts) != 1 or item.asset is None or item.id in seat.waived:
            return self._fresh(item, seat, facts)
        one = facts[0]
        verdict = seat.by_facts.get(id(one))
        if verdict is None:
            signature = seat.ready.read(one)
            verdict = seat.by_signature.get(signature)
            if verdict is None:
                case = Case(item, seat.ready, seat.account)
                verdict = seat.by_signature[signature] = verdict_of(outcomes_of(case, facts))
            if len(self._same) < _MANY:
                seat.by_facts[id(one)] = verdict
        if not seat.ready.expired:
            return verdict
        findings = findings_of(Case(item, seat.ready, seat.account), facts, ())
        return replace(verdict, findings=findings) if findings else verdict

    def _fresh(self, item: Item, seat: _Seat, facts: tuple[Facts, ...]) -> Verdict:
        case = Case(item, seat.ready, seat.account, seat.waivers)
        outcomes = outcomes_of(case, facts)
        return replace(verdict_of(outcomes), findings=findings_of(case, facts, outcomes))

    def _seat(self, row: Row, account: str) -> _Seat:
        ready = self._ready.get(id(row)) or self._prepared(row)
        own = tuple(w for w in self._waivers if w.account == account)
        # A digest is worth its while only where somebody remembers.
        rules = rules_digest(ready, account, own, self._lists, self._law) if self._memory else ""
        seat = _Seat(ready, account, own, rules, frozenset(w.item for w in own))
        self._seats[id(row), account] = seat
        return seat

    def _prepared(self, row: Row) -> Prepared:
        words = words_of(row, self._law)
        if not words <= self._words:
            self._words |= words
            self._book = self._book.with_words(sorted(words))
            self._facts.clear()
        ready = prepare(row, self.day, self._law)
        self._ready[id(row)] = ready
        return ready

    def _read(self, item: Item, account: str) -> tuple[Facts, ...]:
        found = []
        for member in item.members:
            subject = Subject(item, account, member)
            facts = facts_of(subject, self._hits(subject))
            found.append(self._same.setdefault(facts, facts))
        if len(found) == 1:
            return self._alone.setdefault(found[0], (found[0],))
        return tuple(found)

    def _hits(self, subject: Subject) -> tuple[Hit, ...]:
        hits = self._book.scan(texts_of(subject))
        if not hits:
            return hits
        licensed = {
            fold(x.term)
            for x in subject.member.licensed_terms
            if x.until is None or self.day <= x.until
        }
        free = self._licensed | licensed
        return tuple(h for h in hits if not h.listed or fold(h.term) not in free) if free else hits


def judge(
    item: Item,
    row: Row,
    *,
    day: dt.date,
    waivers: Sequence[Waiver] = (),
    account: str,
    terms: TermBook | None = None,
    extra: Sequence[RuleOutcome] = (),
) -> Verdict:
    """One verdict; see ``Bench.judge``, which is what to use for many."""
    return Bench(day, rows=(row,), waivers=waivers, terms=terms).judge(item, row, account, extra)


def quotas_for(item: Item, row: Row, account: str) -> tuple[Quota, ...]:
    """The quotas that a create of ``item`` uses up. What cannot be told counts."""
    subjects = [Subject(item, account, member) for member in item.members]
    return tuple(
        quota
        for quota in row.quota
        if any(evaluate(quota.when, s).truth is not Truth.FALSE for s in subjects)
    )
