"""The plan: serialisable data with a SHA-256 digest, never closures. Pure: no clock, no I/O.

Every (item, account) pair stands in it with exactly one word. Its digest covers what a push would do and
nothing that merely passes, such as the hour or a forecast; two plans with one digest do the same.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from publisher.listing import (
    Because,
    Change,
    Finding,
    Listing,
    canonical_json,
    fingerprint,
    plain,
)
from publisher.row import Verb


class Word(str, Enum):
    """What a plan says of a pair."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    WITHDRAW = "withdraw"
    ADOPT = "adopt"
    PREPARE = "prepare"
    HELD = "held"
    DENIED = "denied"
    WAITING = "waiting"
    UNKNOWN = "unknown"


class Done(str, Enum):
    """What a push says of a pair."""

    PUBLISHED = "published"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"
    ADOPTED = "adopted"
    PREPARED = "prepared"
    HELD = "held"
    DENIED = "denied"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WAITING = "waiting"


ACTIVE = frozenset(
    {Word.CREATE, Word.UPDATE, Word.WITHDRAW, Word.ADOPT, Word.PREPARE, Word.UNKNOWN}
)
"""Words that a push acts upon."""

SIGNS: Mapping[Word, str] = {
    Word.CREATE: "+",
    Word.UPDATE: "~",
    Word.WITHDRAW: "-",
    Word.ADOPT: "=",
    Word.UNCHANGED: ".",
    Word.PREPARE: "+",
    Word.HELD: "!",
    Word.DENIED: "!",
    Word.UNKNOWN: "?",
    Word.WAITING: "@",
}


class Confidence(str, Enum):
    """How far a plan for an account was checked."""

    OFFLINE = "offline"
    OBSERVED = "observed"
    VALIDATED = "validated"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One pair. ``verb`` is the write that a push would call; ``mark`` is the fingerprint of what it sends."""

    item: str
    account: str
    word: Word
    because: tuple[Because, ...] = ()
    changes: tuple[Change, ...] = ()
    remote: str = ""
    key: str = ""
    verb: Verb | None = None
    mark: str = ""
    tags: tuple[str, ...] = ()
    until: dt.datetime | None = None
    siblings: tuple[str, ...] = ()
    """Items of the same motif that go in its place; for the eyes only."""

    def identity(self) -> dict[str, Any]:
        """The part that the digest covers."""
        return {
            "item": self.item,
            "account": self.account,
            "word": self.word.value,
            "key": self.key,
            "verb": self.verb.value if self.verb else None,
            "remote": self.remote,
            "mark": self.mark,
            "changes": [[c.field, plain(c.old), plain(c.new)] for c in self.changes],
            "rules": sorted(b.rule for b in self.because),
        }


@dataclass(frozen=True, slots=True)
class Submission:
    """The batch step of an account: items that are there but not yet in a confirmed batch."""

    account: str
    items: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """One account's line in the plan."""

    account: str
    channel: str
    title: str
    mode: str
    confidence: Confidence
    forecast: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the release calendar: so many new items go to ``account`` on ``date`` (UTC)."""

    date: dt.date
    account: str
    count: int


@dataclass(frozen=True)
class Plan:
    """All pairs of a release. ``listings`` ride along for the push and the preview; they are not serialised."""

    release: str
    items: tuple[PlanItem, ...]
    accounts: tuple[AccountPlan, ...]
    findings: tuple[Finding, ...] = ()
    submissions: tuple[Submission, ...] = ()
    listings: Mapping[tuple[str, str], Listing] = field(default_factory=dict)
    calendar: tuple[Entry, ...] = ()
    day: dt.date | None = None
    """The day whose rules it was made by."""

    @property
    def digest(self) -> str:
        """SHA-256 of what a push of this plan would do, as 64 hexadecimal digits."""
        body = {
            "release": self.release,
            "items": [i.identity() for i in sorted(self.items, key=lambda i: (i.account, i.item))],
            "submissions": [
                [s.account, s.digest] for s in sorted(self.submissions, key=lambda s: s.account)
            ],
        }
        return hashlib.sha256(canonical_json(body).encode()).hexdigest()

    def counts(self, account: str | None = None) -> dict[str, int]:
        """How many pairs have each word, in the order of ``Word``."""
        found = Counter(i.word for i in self.items if account is None or i.account == account)
        return {word.value: found[word] for word in Word if found[word]}

    def active(self, account: str | None = None) -> list[PlanItem]:
        """The pairs that a push acts upon, in plan order."""
        return [
            i for i in self.items if i.word in ACTIVE and (account is None or i.account == account)
        ]

    @property
    def nothing_to_do(self) -> bool:
        """Whether a push would write nothing at all."""
        return not self.active() and not self.submissions

    def restricted(self, account: str) -> Plan:
        """The same plan for one account only; its digest is what ``--account`` gives."""
        return self.limited((account,))

    def limited(self, accounts: Iterable[str]) -> Plan:
        """The same plan for some accounts only."""
        names = frozenset(accounts)
        return replace(
            self,
            items=tuple(i for i in self.items if i.account in names),
            accounts=tuple(a for a in self.accounts if a.account in names),
            submissions=tuple(s for s in self.submissions if s.account in names),
            listings={k: v for k, v in self.listings.items() if k[1] in names},
            calendar=tuple(e for e in self.calendar if e.account in names),
        )


def mark(listing: Listing) -> str:
    """The fingerprint of all that a write of this listing would send."""
    return fingerprint({"fields": dict(listing.fields), "key": listing.key})
