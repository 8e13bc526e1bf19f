"""One word for one pair, from the verdict, the findings, and what the ledger has bound. Pure.

The order of the questions is the order of the lines: an unknown outcome first, then what the rules and the
seller say, then what is wrong, then what differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from publisher.diff import changes
from publisher.inspection import UNUSABLE
from publisher.listing import Because, FieldValue, Finding, Level, Listing
from publisher.manifest.item import Item
from publisher.plan import PlanItem, Word, mark
from publisher.policy.verdict import Verdict, VerdictWord
from publisher.row import Mode, Row, Verb


@dataclass(frozen=True, slots=True)
class Bound:
    """What the ledger knows of a pair: its remote id, the fields last applied, and its key there.

    The key is our own unless it was made by somebody else and adopted.
    """

    remote: str
    fields: dict[str, FieldValue]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """A write of this pair whose outcome is not known yet."""

    verb: Verb
    since: str


def decide(
    item: Item,
    listing: Listing,
    row: Row,
    verdict: Verdict,
    findings: Sequence[Finding],
    bound: Bound | None,
    unsettled: Open | None,
    tags: tuple[str, ...],
) -> PlanItem:
    """The pair's place in the plan."""
    remote = bound.remote if bound else ""
    key = bound.key if bound and bound.key else listing.key

    def pair(word: Word, *because: Because, verb: Verb | None = None) -> PlanItem:
        chain = because or verdict.because
        return PlanItem(
            item.id, listing.account, word, tuple(chain), (), remote, key, verb,
            mark(listing), tags,
        )  # fmt: skip

    stop = _stop(item, listing, verdict, findings)
    if unsettled is not None:
        text = f"the {unsettled.verb.value} of {unsettled.since} has no known outcome; it is asked for first"
        verb = None if stop is not None else Verb.CREATE if bound is None else Verb.UPDATE
        return pair(Word.UNKNOWN, Because("unsettled", text), verb=verb)
    if stop is not None:
        return pair(stop[0], *stop[1])
    if bound is None:
        word = Word.PREPARE if row.mode in (Mode.HANDOFF, Mode.ASSISTED) else Word.CREATE
        return pair(word, verb=Verb.CREATE)
    differing = tuple(changes(listing.fields, bound.fields))
    if not differing:
        return pair(Word.UNCHANGED)
    if Verb.UPDATE in row.can:
        found = pair(Word.UPDATE, verb=Verb.UPDATE)
    else:
        reason = row.cannot.get(Verb.UPDATE, f"{row.title} has no way to update")
        found = pair(Word.HELD, Because("cannot-update", reason))
    return PlanItem(
        found.item, found.account, found.word, found.because, differing, remote, found.key,
        found.verb, found.mark, tags,
    )  # fmt: skip


def _stop(
    item: Item, listing: Listing, verdict: Verdict, findings: Sequence[Finding]
) -> tuple[Word, tuple[Because, ...]] | None:
    if verdict.word is VerdictWord.DENY:
        return Word.DENIED, verdict.because
    if item.override(listing.account).publish is False:
        return Word.HELD, (Because("publish-false", "the manifest says publish: false"),)
    if verdict.word is VerdictWord.HOLD:
        return Word.HELD, verdict.because
    errors = tuple(
        Because(f.code or "finding", f"{f.text}; {f.remedy}" if f.remedy else f.text)
        for f in findings
        if f.level is Level.ERROR
    )
    return (Word.HELD, errors) if errors else None


def broken(planned: PlanItem) -> bool:
    """Whether a pair is held because its master is unusable: a push ends it as failed."""
    return planned.word is Word.HELD and any(b.rule == UNUSABLE for b in planned.because)
