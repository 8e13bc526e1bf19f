"""From a row's rules to one verdict per item and account: the strictest rule wins.

An unknown fact holds, an expired rule warns and later holds, and a waiver lifts a HOLD only. The day is an
argument: nothing here reads the clock, and nothing here raises.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from publisher.listing import Because, Finding, Level
from publisher.manifest.item import Item, ItemKind
from publisher.manifest.model import Asset, Waiver
from publisher.policy.facts import Held, Subject, Truth, evaluate, terms_in
from publisher.policy.verdict import Verdict, VerdictWord
from publisher.row import Row
from publisher.rules import Quota, Rule, RuleAction, RuleVerdict

_T = TypeVar("_T")

GRACE_DAYS = 90
"""For so many days after ``expires`` a rule only warns; later what it allows is held."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one rule says about one member."""

    word: VerdictWord
    because: Because
    actions: tuple[RuleAction, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    """Everything that is the same for all rules of one judgement."""

    item: Item
    row: Row
    account: str
    day: dt.date
    waivers: tuple[Waiver, ...]

    def waived(self, rule: str, member: Asset) -> Waiver | None:
        """The waiver in force that names this rule for the item or the member."""
        return next(
            (
                w
                for w in self.waivers
                if w.rule == rule
                and w.account == self.account
                and w.item in (self.item.id, member.id)
                and self.day <= w.until
            ),
            None,
        )

    def finding(self, text: str, remedy: str, code: str) -> Finding:
        """A warning at the place of the item in the manifest."""
        return Finding(
            level=Level.WARNING,
            text=text,
            remedy=remedy,
            file=self.item.file,
            line=self.item.line,
            item=self.item.id,
            account=self.account,
            code=code,
        )


def judge(
    item: Item, row: Row, *, day: dt.date, waivers: Sequence[Waiver] = (), account: str
) -> Verdict:
    """What the rules of ``row`` that are in force on ``day`` say about ``item``. Deterministic; never raises.

    DENY beats HOLD beats ALLOW_WITH_ACTIONS beats ALLOW. A bundle is judged per member. A waiver turns the
    HOLD of a rule that holds into an allowance with that rule's actions; it lifts neither a DENY nor a HOLD
    that stems from a fact that another rule needs.
    """
    case = _Case(item, row, account, day, tuple(waivers))
    outcomes = _outcomes(case)
    word = max((o.word for o in outcomes), key=lambda w: w.strictness)
    ranked = sorted(outcomes, key=lambda o: -o.word.strictness)
    stopped = word in (VerdictWord.HOLD, VerdictWord.DENY)
    floor = VerdictWord.HOLD if stopped else VerdictWord.ALLOW
    decided = [o for o in ranked if o.word.strictness >= floor.strictness]
    return Verdict(
        word=word,
        actions=() if stopped else _unique(a for o in outcomes for a in o.actions),
        because=_unique(o.because for o in decided),
        missing=_unique(name for o in decided for name in o.missing),
        findings=(*_expired(case), *_useless_waivers(case, outcomes)),
    )


def quotas_for(item: Item, row: Row, account: str) -> tuple[Quota, ...]:
    """The quotas that a create of ``item`` uses up. What cannot be told counts."""
    subjects = [Subject(item, account, member) for member in item.members]
    return tuple(
        quota
        for quota in row.quota
        if any(evaluate(quota.when, s).truth is not Truth.FALSE for s in subjects)
    )


def _unique(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))


def _outcomes(case: _Case) -> list[_Outcome]:
    item, row = case.item, case.row
    if item.kind not in row.accepts:
        kinds = " and ".join(f"{kind.value}s" for kind in row.accepts)
        text = f"{row.title} takes {kinds}, not {item.kind.value}s"
        return [_Outcome(VerdictWord.DENY, Because("item-kind", text))]
    if not item.members:
        text = f"{item.id} has no members, so nothing can be said about it"
        return [_Outcome(VerdictWord.HOLD, Because("no-members", text), missing=("assets",))]
    return [outcome for member in item.members for outcome in _member_outcomes(case, member)]


def _member_outcomes(case: _Case, member: Asset) -> list[_Outcome]:
    subject = Subject(case.item, case.account, member)
    outcomes: list[_Outcome] = []
    undecided: list[str] = []
    if member.provenance is None:
        text = "the manifest does not say how the image was made"
        because = _because(case, member, "provenance-unknown", text)
        outcomes.append(_Outcome(VerdictWord.HOLD, because, missing=("provenance.class",)))
    for rule in case.row.rule:
        if not rule.in_force(case.day):
            continue
        held = evaluate(rule.when, subject)
        if held.truth is Truth.UNKNOWN and _is_plain_allow(rule):
            undecided.extend(held.missing)
        outcome = _apply(case, rule, held, subject)
        if outcome is not None:
            outcomes.append(outcome)
    if not outcomes:
        text = f"no rule of {case.row.title} says that this may be published there"
        because = _because(case, member, "no-rule", text)
        outcomes.append(_Outcome(VerdictWord.HOLD, because, missing=_unique(undecided)))
    return outcomes


def _is_plain_allow(rule: Rule) -> bool:
    return rule.verdict is RuleVerdict.ALLOW and not rule.actions


def _apply(case: _Case, rule: Rule, held: Held, subject: Subject) -> _Outcome | None:
    """What one rule in force contributes; None when it has nothing to say."""
    if held.truth is Truth.FALSE:
        return None
    if held.truth is Truth.UNKNOWN and (rule.unknown == "pass" or _is_plain_allow(rule)):
        return None
    member = subject.member
    if held.truth is Truth.UNKNOWN and rule.verdict is not RuleVerdict.HOLD:
        if "provenance.class" in held.missing and member.provenance is None:
            return None  # said once by provenance-unknown
        text = f"{rule.text} (not stated: {', '.join(held.missing)})"
        return _Outcome(VerdictWord.HOLD, _cite(case, member, rule, text), missing=held.missing)
    if rule.verdict is RuleVerdict.DENY:
        found = terms_in(rule.when, subject) if rule.when.terms else ()
        text = f"{rule.text} (found: {', '.join(found)})" if found else rule.text
        return _Outcome(VerdictWord.DENY, _cite(case, member, rule, text))
    return _hold_or_allow(case, rule, held, subject)


def _hold_or_allow(case: _Case, rule: Rule, held: Held, subject: Subject) -> _Outcome:
    member = subject.member
    waiver = case.waived(rule.id, member)
    stale = _days_over(rule, case.day) > GRACE_DAYS
    text = rule.text
    if rule.when.terms and (found := terms_in(rule.when, subject)):
        text = f"{text} (found: {', '.join(found)})"
    if held.missing:
        text = f"{text} (not stated: {', '.join(held.missing)})"
    if stale:
        text = f"{text} (the rule expired on {rule.expires} and must be looked up again)"
    if waiver is None and (stale or rule.verdict is RuleVerdict.HOLD):
        return _Outcome(VerdictWord.HOLD, _cite(case, member, rule, text), missing=held.missing)
    if waiver is not None and (stale or rule.verdict is RuleVerdict.HOLD):
        text = f"{text} (waived until {waiver.until}: {waiver.reason})"
    word = VerdictWord.ALLOW_WITH_ACTIONS if rule.actions else VerdictWord.ALLOW
    return _Outcome(word, _cite(case, member, rule, text), rule.actions)


def _because(case: _Case, member: Asset, rule: str, text: str) -> Because:
    named = f"{member.id}: {text}" if case.item.kind is ItemKind.BUNDLE else text
    return Because(rule, named)


def _cite(case: _Case, member: Asset, rule: Rule, text: str) -> Because:
    named = f"{member.id}: {text}" if case.item.kind is ItemKind.BUNDLE else text
    return Because(rule.id, named, rule.source, rule.grade.value, rule.seen.isoformat())


def _days_over(rule: Rule, day: dt.date) -> int:
    return (day - rule.expires).days if rule.expires is not None else 0


def _expired(case: _Case) -> Iterator[Finding]:
    """One warning per expired rule that has something to say about the item."""
    subjects = [Subject(case.item, case.account, m) for m in case.item.members]
    for rule in case.row.rule:
        over = _days_over(rule, case.day)
        if over <= 0 or not rule.in_force(case.day):
            continue
        if any(evaluate(rule.when, s).truth is not Truth.FALSE for s in subjects):
            yield case.finding(
                f"the rule {rule.id} of {case.row.title} expired on {rule.expires}",
                f"look it up again at its source and date it anew: {rule.source}",
                "rule-expired",
            )


def _useless_waivers(case: _Case, outcomes: Sequence[_Outcome]) -> Iterator[Finding]:
    """A waiver that is over, names a ban, or stands in for a missing fact does nothing: say so."""
    names = {case.item.id, *(m.id for m in case.item.members)}
    denied = {o.because.rule for o in outcomes if o.word is VerdictWord.DENY}
    lacking = {o.because.rule: o.missing for o in outcomes if o.missing}
    for waiver in case.waivers:
        if waiver.account != case.account or waiver.item not in names:
            continue
        if waiver.rule in denied:
            yield case.finding(
                f"the waiver of {waiver.rule} has no effect: the rule denies, and a ban is never waived",
                "remove the waiver, or do not offer the item to this account",
                "waiver-of-a-ban",
            )
        elif case.day > waiver.until:
            yield case.finding(
                f"the waiver of {waiver.rule} ended on {waiver.until}",
                "remove it, or give it a new end",
                "waiver-ended",
            )
        elif missing := lacking.get(waiver.rule):
            yield case.finding(
                f"the waiver of {waiver.rule} has no effect while {', '.join(missing)} is not stated",
                f"state {', '.join(missing)} in the manifest",
                "waiver-of-a-gap",
            )
