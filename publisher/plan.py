"""The plan: serialisable data with a SHA-256 digest, never closures. Pure: no clock, no I/O.

Every (item, account) pair stands in it with exactly one word. Its digest covers what a push would do and
nothing that merely passes, such as the hour or a forecast; two plans with one digest do the same.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
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
from publisher.row import RuleAction, Verb


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


@dataclass(frozen=True)
class Plan:
    """All pairs of a release. ``listings`` ride along for the push and the preview; they are not serialised."""

    release: str
    items: tuple[PlanItem, ...]
    accounts: tuple[AccountPlan, ...]
    findings: tuple[Finding, ...] = ()
    submissions: tuple[Submission, ...] = ()
    listings: Mapping[tuple[str, str], Listing] = field(default_factory=dict)

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
        return replace(
            self,
            items=tuple(i for i in self.items if i.account == account),
            accounts=tuple(a for a in self.accounts if a.account == account),
            submissions=tuple(s for s in self.submissions if s.account == account),
            listings={k: v for k, v in self.listings.items() if k[1] == account},
        )


class Guard(str, Enum):
    """A brake on mass damage. Each has one narrow override, valid for one digest."""

    WITHDRAWALS = "withdrawals"
    UPDATES = "updates"
    PRICE_CHANGE = "price-change"
    PRICE_ZERO = "price-zero"
    INCOMPLETE_SNAPSHOT = "incomplete-snapshot"


@dataclass(frozen=True, slots=True)
class Trip:
    """A guard that tripped for an account, with a sentence that has the figures."""

    guard: Guard
    account: str
    text: str


MIN_BOUND = 10
MAX_WITHDRAWN = 0.10
MAX_UPDATED = 0.30
MAX_PRICE_STEP = Decimal("0.40")


def guards(plan: Plan, bound: Mapping[str, int]) -> list[Trip]:
    """The guards that trip. ``bound`` is how many items each account has live or prepared."""
    trips: list[Trip] = []
    for account in sorted({i.account for i in plan.items}):
        items = [i for i in plan.items if i.account == account]
        total = bound.get(account, 0)
        if total >= MIN_BOUND:
            trips += _share(items, account, total, Word.WITHDRAW, MAX_WITHDRAWN, Guard.WITHDRAWALS)
            trips += _share(items, account, total, Word.UPDATE, MAX_UPDATED, Guard.UPDATES)
        trips += _prices(items, account)
    return trips


def _share(
    items: Sequence[PlanItem], account: str, total: int, word: Word, limit: float, guard: Guard
) -> list[Trip]:
    count = sum(i.word is word for i in items)
    if count <= total * limit:
        return []
    text = f"{count} of {total} items would be {guard.value[:-1]}s, more than {limit:.0%}"
    if word is Word.WITHDRAW:
        text = f"{count} of {total} items would be withdrawn, more than {limit:.0%}"
    elif word is Word.UPDATE:
        text = f"{count} of {total} items would be changed, more than {limit:.0%}"
    return [Trip(guard, account, text)]


def _prices(items: Sequence[PlanItem], account: str) -> list[Trip]:
    trips = []
    for item in items:
        for change in item.changes:
            if not change.field.split(".")[-1].startswith("price"):
                continue
            new, old = _amount(change.new), _amount(change.old)
            if new is not None and new <= 0:
                text = f"{item.item}: the price would be {new}"
                trips.append(Trip(Guard.PRICE_ZERO, account, text))
            elif new is not None and old and abs(new - old) / old > MAX_PRICE_STEP:
                text = f"{item.item}: the price would go from {old} to {new}, more than 40 %"
                trips.append(Trip(Guard.PRICE_CHANGE, account, text))
    return trips


def _amount(value: object) -> Decimal | None:
    try:
        return Decimal(str(value).split()[0])
    except (InvalidOperation, IndexError):
        return None


def mark(listing: Listing) -> str:
    """The fingerprint of all that a write of this listing would send."""
    return fingerprint({"fields": dict(listing.fields), "key": listing.key})


def plan_document(plan: Plan) -> dict[str, Any]:
    """The JSON form of a plan, as ``plan --json`` and ``plan -o`` write it."""
    return {
        "digest": plan.digest,
        "release": plan.release,
        "pairs": len(plan.items),
        "counts": plan.counts(),
        "accounts": [
            {
                "account": a.account,
                "channel": a.channel,
                "mode": a.mode,
                "confidence": a.confidence.value,
                "counts": plan.counts(a.account),
                "forecast": a.forecast,
            }
            for a in plan.accounts
        ],
        "items": [item_document(i, i.word.value) for i in plan.items],
        "findings": [finding_document(f) for f in plan.findings],
        "submissions": [
            {"account": s.account, "items": list(s.items), "digest": s.digest}
            for s in plan.submissions
        ],
    }


def item_document(item: PlanItem, word: str) -> dict[str, Any]:
    """One pair as JSON, with the word of a plan or of a push."""
    return {
        "item": item.item,
        "account": item.account,
        "word": word,
        "because": [because_document(b) for b in item.because],
        "changes": [
            {"field": c.field, "old": plain(c.old), "new": plain(c.new)} for c in item.changes
        ],
        "remote": item.remote,
        "until": item.until.isoformat() if item.until else None,
    }


def because_document(because: Because) -> dict[str, str]:
    """One link of a chain as JSON."""
    return {
        "rule": because.rule,
        "text": because.text,
        "source": because.source,
        "grade": because.grade,
        "seen": because.seen,
    }


def plain_action(action: RuleAction) -> dict[str, str]:
    """A typed action as JSON."""
    return {"kind": action.kind.value, "field": action.field, "value": action.value}


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding as JSON."""
    document: dict[str, Any] = {
        "level": finding.level.value,
        "file": finding.file,
        "line": finding.line,
        "item": finding.item,
        "account": finding.account,
        "text": finding.text,
        "remedy": finding.remedy,
        "code": finding.code,
    }
    if finding.before is not None or finding.after is not None:
        document |= {"before": finding.before, "after": finding.after}
    return document
