"""From a row's rules and the law to one verdict per item and account: the strictest rule wins.

An unknown fact holds, an expired rule warns and later holds, and a waiver lifts a HOLD only. The day is an
argument: nothing here reads the clock, and nothing here raises.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from publisher.listing import Because, Finding, Level
from publisher.manifest.item import Item, ItemKind
from publisher.manifest.model import Asset, Waiver
from publisher.policy.facts import Facts, Held, Truth, check, found_terms
from publisher.policy.seat import GRACE_DAYS, Prepared, days_over, is_plain_allow
from publisher.policy.sections import IRREVERSIBLE, section_outcomes
from publisher.policy.verdict import RuleOutcome, VerdictWord, unique
from publisher.row import Row
from publisher.rules import Rule, RuleVerdict

WAIVER = "waiver"
"""What the link of a waiver in a chain is called, before the rule that it lifts."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that is the same for all rules of one judgement. ``waivers`` are those of this account."""

    item: Item
    ready: Prepared
    account: str
    waivers: tuple[Waiver, ...] = ()

    @property
    def day(self) -> dt.date:
        """The day that is judged for."""
        return self.ready.day

    def waived(self, rule: str, member: Asset) -> Waiver | None:
        """The waiver in force that names this rule for the item or the member."""
        return next(
            (
                w
                for w in self.waivers
                if w.rule == rule and w.item in (self.item.id, member.id) and self.day <= w.until
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


def outcomes_of(case: Case, facts: Sequence[Facts]) -> list[RuleOutcome]:
    """What every rule says."""
    item, row = case.item, case.ready.row
    if item.kind not in row.accepts:
        kinds = " and ".join(f"{kind.value}s" for kind in row.accepts)
        text = f"{row.title} takes {kinds}, not {item.kind.value}s"
        because = Because("item-kind", text, facts=(f"kind={item.kind.value}",))
        return [RuleOutcome(VerdictWord.DENY, because)]
    if not item.members:
        text = f"{item.id} has no members, so nothing can be said about it"
        return [RuleOutcome(VerdictWord.HOLD, Because("no-members", text), missing=("assets",))]
    return [
        outcome
        for member, known in zip(item.members, facts, strict=True)
        for outcome in _member_outcomes(case, member, known)
    ]


def _member_outcomes(case: Case, member: Asset, facts: Facts) -> list[RuleOutcome]:
    outcomes: list[RuleOutcome] = []
    undecided: list[str] = []
    if facts.provenance is None:
        text = "the manifest does not say how the image was made"
        because = Because("provenance-unknown", _named(case, member, text))
        outcomes.append(RuleOutcome(VerdictWord.HOLD, because, missing=("provenance.class",)))
    for rule in case.ready.own[facts.provenance]:
        held = check(rule.when, facts)
        if held.truth is Truth.UNKNOWN and is_plain_allow(rule):
            undecided.extend(held.missing)
        outcomes += _apply(case, member, rule, held, facts)
    if not outcomes:
        text = f"no rule of {case.ready.row.title} says that this may be published there"
        because = Because("no-rule", _named(case, member, text))
        outcomes.append(RuleOutcome(VerdictWord.HOLD, because, missing=unique(undecided)))
    for outcome in section_outcomes(case.ready, case.account, facts):
        outcomes += _waivable(case, member, outcome)
    for rule in case.ready.law[facts.provenance]:
        if facts.provenance is not None:
            outcomes += _apply(case, member, rule, check(rule.when, facts), facts)
    return outcomes


def _waivable(case: Case, member: Asset, outcome: RuleOutcome) -> Iterator[RuleOutcome]:
    """A section's outcome, or the waiver that lifts it; a missing fact is never waived."""
    because = replace(outcome.because, text=_named(case, member, outcome.because.text))
    waiver = case.waived(because.rule, member)
    if waiver is None or outcome.word is not VerdictWord.HOLD or outcome.missing:
        yield replace(outcome, because=because)
        return
    yield RuleOutcome(VerdictWord.ALLOW, because, outcome.actions)
    yield RuleOutcome(VerdictWord.ALLOW, by_waiver(waiver))


def by_waiver(waiver: Waiver) -> Because:
    """The link of a chain that tells of a waiver."""
    text = f"waived until {waiver.until}: {waiver.reason}"
    facts = (f"item={waiver.item}", f"account={waiver.account}")
    return Because(f"{WAIVER}:{waiver.rule}", text, "the manifest's waivers", "", "", facts)


def _apply(
    case: Case, member: Asset, rule: Rule, held: Held, facts: Facts
) -> Iterator[RuleOutcome]:
    """What one rule in force contributes; nothing when it has nothing to say."""
    if held.truth is Truth.FALSE:
        return
    if held.truth is Truth.UNKNOWN and (rule.unknown == "pass" or is_plain_allow(rule)):
        return
    text = rule.text
    if held.truth is Truth.UNKNOWN and rule.verdict is not RuleVerdict.HOLD:
        if "provenance.class" in held.missing and facts.provenance is None:
            return  # said once by provenance-unknown
        because = _cite(case, member, rule, held, _without(text, held))
        yield RuleOutcome(VerdictWord.HOLD, because, missing=held.missing)
        return
    if rule.when.terms or rule.when.term_classes:
        text = f"{text} (found: {', '.join(found_terms(rule.when, facts))})"
    if rule.verdict is RuleVerdict.DENY:
        yield RuleOutcome(VerdictWord.DENY, _cite(case, member, rule, held, text))
        return
    yield from _hold_or_allow(case, member, rule, held, text)


def _hold_or_allow(
    case: Case, member: Asset, rule: Rule, held: Held, text: str
) -> Iterator[RuleOutcome]:
    waiver = case.waived(rule.id, member)
    stale = days_over(rule, case.day) > GRACE_DAYS
    stops = stale or rule.verdict is RuleVerdict.HOLD
    text = _without(text, held)
    if stale:
        text = f"{text} (the rule expired on {rule.expires} and must be looked up again)"
    if waiver is None and stops:
        because = _cite(case, member, rule, held, text)
        yield RuleOutcome(VerdictWord.HOLD, because, missing=held.missing)
        return
    if waiver is not None and stops:
        text = f"{text} (waived until {waiver.until}: {waiver.reason})"
    word = VerdictWord.ALLOW_WITH_ACTIONS if rule.actions else VerdictWord.ALLOW
    yield RuleOutcome(word, _cite(case, member, rule, held, text), rule.actions)
    if waiver is not None and stops:
        yield RuleOutcome(VerdictWord.ALLOW, by_waiver(waiver))


def _without(text: str, held: Held) -> str:
    return f"{text} (not stated: {', '.join(held.missing)})" if held.missing else text


def _named(case: Case, member: Asset, text: str) -> str:
    return f"{member.id}: {text}" if case.item.kind is ItemKind.BUNDLE else text


def _cite(case: Case, member: Asset, rule: Rule, held: Held, text: str) -> Because:
    seen = rule.seen.isoformat()
    named = _named(case, member, text)
    return Because(rule.id, named, rule.source, rule.grade.value, seen, held.used)


def findings_of(
    case: Case, facts: Sequence[Facts], outcomes: Sequence[RuleOutcome]
) -> tuple[Finding, ...]:
    """What a person should read beside the verdict: expired rules that spoke, waivers that act or do nothing.

    ``outcomes`` matter for waivers only, and may be empty when none names the item.
    """
    return (*_expired(case, facts), *_acting(case, outcomes), *_useless_waivers(case, outcomes))


def _acting(case: Case, outcomes: Sequence[RuleOutcome]) -> Iterator[Finding]:
    """One notice per waiver that lets something through."""
    for because in unique(o.because for o in outcomes):
        prefix, _, rule = because.rule.partition(":")
        if prefix == WAIVER:
            told = case.finding(f"{rule} is {because.text}", "", "waived")
            yield replace(told, level=Level.NOTICE)


def _expired(case: Case, facts: Sequence[Facts]) -> Iterator[Finding]:
    """One warning per expired rule that has something to say about the item."""
    for rule in case.ready.expired:
        if any(check(rule.when, known).truth is not Truth.FALSE for known in facts):
            yield case.finding(
                f"the rule {rule.id} of {case.ready.row.title} expired on {rule.expires}",
                f"look it up again at its source and date it anew: {rule.source}",
                "rule-expired",
            )


_NAMED = frozenset({"releases", IRREVERSIBLE, "similarity", "route-conflict"})
"""What stops an item beside rules and gates, and can be waived; the last two are found while planning."""


def _useless_waivers(case: Case, outcomes: Sequence[RuleOutcome]) -> Iterator[Finding]:
    """A waiver that is over, names a ban, or stands in for a missing fact does nothing: say so."""
    names = {case.item.id, *(m.id for m in case.item.members)}
    denied = {o.because.rule for o in outcomes if o.word is VerdictWord.DENY}
    lacking = {o.because.rule: o.missing for o in outcomes if o.missing}
    for waiver in case.waivers:
        if waiver.item not in names:
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
        elif not _is_rule(waiver.rule, case.ready.row):
            near = get_close_matches(waiver.rule, [r.id for r in case.ready.row.rule], cutoff=0.4)
            yield case.finding(
                f"the waiver of {waiver.rule} has no effect: {case.ready.row.title} has no such rule",
                f"did you mean {' or '.join(near)}?" if near else "publisher why names the rules",
                "waiver-of-nothing",
            )


def _is_rule(name: str, row: Row) -> bool:
    """Whether anything that can stop an item of this row goes by the name."""
    if name in _NAMED or name.startswith(("file.", "law:")):
        return True
    return name in {r.id for r in row.rule} | {g.id for g in row.gate}
