"""The judge's bench: items and rows go in, verdicts come out, and what was answered once is remembered.

An item's texts are read once, whatever the number of rows; a row is made ready once for its day; members
with the same facts share their answer. Pure: no clock, no I/O, and it never raises.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

from publisher.manifest.item import Item
from publisher.manifest.model import Waiver
from publisher.policy.facts import Facts, Subject, Truth, evaluate, facts_of, texts_of
from publisher.policy.judge import Case, findings_of, outcomes_of
from publisher.policy.library import Law, shipped_law
from publisher.policy.seat import Prepared, prepare, words_of
from publisher.policy.terms import Hit, TermBook, fold, shipped_book
from publisher.policy.verdict import RuleOutcome, Verdict, verdict_of
from publisher.row import Row
from publisher.rules import Quota

_READS = frozenset({"title", "description", "keywords", "offer"})
"""What an override may change that a rule looks at."""


class Bench:
    """Judges many items for many accounts on one day. Use it from one thread.

    ``rows`` may be named in advance, which spares a second look at the texts when a row with words of its
    own turns up later. ``terms`` are the lists of terms, ``law`` the laws; the shipped ones if absent.
    """

    def __init__(
        self,
        day: dt.date,
        *,
        rows: Iterable[Row] = (),
        waivers: Sequence[Waiver] = (),
        terms: TermBook | None = None,
        law: Sequence[Law] | None = None,
    ) -> None:
        self.day = day
        self._law = tuple(shipped_law() if law is None else law)
        self._book = shipped_book() if terms is None else terms
        self._licensed = self._book.licensed(day)
        self._waivers: dict[str, list[Waiver]] = {}
        for waiver in waivers:
            self._waivers.setdefault(waiver.account, []).append(waiver)
        self._waived = {(w.account, w.item) for w in waivers}
        self._words: set[str] = set()
        self._ready: dict[int, Prepared] = {}
        self._memory: dict[tuple[int, str], dict[object, Verdict]] = {}
        self._facts: dict[int, tuple[Item, tuple[Facts, ...]]] = {}
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
        ready = self._ready.get(id(row)) or self._prepared(row)
        facts = self.facts(item, account)
        if len(facts) == 1 and item.asset is not None and not self._is_waived(item, account):
            verdict = self._remembered(item, ready, account, facts)
        else:
            verdict = self._fresh(item, ready, account, facts)
        return verdict.joined(extra) if extra else verdict

    def facts(self, item: Item, account: str) -> tuple[Facts, ...]:
        """The facts of each member; read once, unless the account has words or an offer of its own."""
        source = item.asset if item.asset is not None else item.bundle
        override = source.channels.get(account) if source is not None else None
        if override is not None and not _READS.isdisjoint(override.model_fields_set):
            return self._read(item, account)
        known = self._facts.get(id(item))
        if known is None:
            known = (
                item,
                self._read(item, ""),
            )  # the item rides along, so that its id stays its own
            self._facts[id(item)] = known
        return known[1]

    def _prepared(self, row: Row) -> Prepared:
        words = words_of(row, self._law)
        if not words <= self._words:
            self._words |= words
            self._book = self._book.with_words(sorted(words))
            self._facts.clear()
        ready = prepare(row, self.day, self._law)
        self._ready[id(row)] = ready
        return ready

    def _is_waived(self, item: Item, account: str) -> bool:
        if not self._waived:
            return False
        names = (item.id, *(m.id for m in item.members))
        return any((account, name) in self._waived for name in names)

    def _remembered(
        self, item: Item, ready: Prepared, account: str, facts: tuple[Facts, ...]
    ) -> Verdict:
        memory = self._memory.get((id(ready.row), account))
        if memory is None:
            memory = self._memory[id(ready.row), account] = {}
        signature = ready.read(facts[0])
        verdict = memory.get(signature)
        if verdict is None:
            verdict = verdict_of(outcomes_of(Case(item, ready, account), facts))
            memory[signature] = verdict
        if not ready.expired:
            return verdict
        findings = findings_of(Case(item, ready, account), facts, ())
        return replace(verdict, findings=findings) if findings else verdict

    def _fresh(
        self, item: Item, ready: Prepared, account: str, facts: tuple[Facts, ...]
    ) -> Verdict:
        case = Case(item, ready, account, tuple(self._waivers.get(account, ())))
        outcomes = outcomes_of(case, facts)
        return replace(verdict_of(outcomes), findings=findings_of(case, facts, outcomes))

    def _read(self, item: Item, account: str) -> tuple[Facts, ...]:
        found = []
        for member in item.members:
            subject = Subject(item, account, member)
            facts = facts_of(subject, self._hits(subject))
            found.append(self._same.setdefault(facts, facts))
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
