"""What a push made of each pair: one word of the closed set, the reason, and what a person still has to do.

Data only. The counts of a push always add up to the pairs of its plan.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from publisher.documents import finding_document, item_document
from publisher.errors import PublisherError
from publisher.listing import Because
from publisher.plan import Done, Plan, PlanItem, Word

_STILL: Mapping[Word, Done] = {
    Word.UNCHANGED: Done.UNCHANGED,
    Word.HELD: Done.HELD,
    Word.DENIED: Done.DENIED,
    Word.WAITING: Done.WAITING,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one pair ended."""

    planned: PlanItem
    done: Done
    remote: str = ""
    url: str = ""
    tasks: tuple[str, ...] = ()
    error: PublisherError | None = None
    until: dt.datetime | None = None
    note: str = ""


def at_rest(planned: PlanItem) -> Outcome:
    """The outcome of a pair that a push does not touch."""
    return Outcome(planned, _STILL[planned.word], remote=planned.remote, until=planned.until)


def failed(planned: PlanItem, error: PublisherError) -> Outcome:
    """The outcome of a pair whose write did not happen."""
    return Outcome(planned, Done.FAILED, remote=planned.remote, error=error)


@dataclass(frozen=True)
class PushResult:
    """Everything that a push did. ``problems`` are those of accounts, such as a wrong password."""

    plan: Plan
    run: int
    outcomes: tuple[Outcome, ...]
    problems: Mapping[str, PublisherError] = field(default_factory=dict)
    tasks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What a person still has to do per account, such as sending a CSV in."""

    def counts(self, account: str | None = None) -> dict[str, int]:
        """How many pairs ended in each word."""
        found = Counter(
            o.done for o in self.outcomes if account is None or o.planned.account == account
        )
        return {word.value: found[word] for word in Done if found[word]}

    @property
    def exit_code(self) -> int:
        """The highest exit code of all errors; 0 with held, denied or waiting pairs is success."""
        errors = [o.error for o in self.outcomes if o.error is not None]
        return max((e.exit_code for e in [*errors, *self.problems.values()]), default=0)


def joined(first: PushResult, second: PushResult) -> PushResult:
    """One result of two parts of a run, with the pairs in the order of the first one's plan."""
    place = {(p.account, p.item): n for n, p in enumerate(first.plan.items)}
    every = (*first.outcomes, *second.outcomes)
    return replace(
        first,
        outcomes=tuple(sorted(every, key=lambda o: place[o.planned.account, o.planned.item])),
        problems={**first.problems, **second.problems},
        tasks={**first.tasks, **second.tasks},
    )


def push_document(result: PushResult) -> dict[str, Any]:
    """The JSON form of a push: the shape of a plan, with the words of a push."""
    plan = result.plan
    return {
        "digest": plan.digest,
        "release": plan.release,
        "run": result.run,
        "pairs": len(result.outcomes),
        "counts": result.counts(),
        "accounts": [
            {
                "account": a.account,
                "channel": a.channel,
                "mode": a.mode,
                "confidence": a.confidence.value,
                "counts": result.counts(a.account),
                "forecast": a.forecast,
                "error": error_document(result.problems.get(a.account)),
                "tasks": list(result.tasks.get(a.account, ())),
            }
            for a in plan.accounts
        ],
        "items": [_outcome_document(o) for o in result.outcomes],
        "findings": [finding_document(f) for f in plan.findings],
    }


def _outcome_document(outcome: Outcome) -> dict[str, Any]:
    planned = outcome.planned
    if outcome.error is not None:
        text = outcome.error.sentence
        because = Because(rule=type(outcome.error).__name__, text=text)
        planned = replace(planned, because=(*planned.because, because))
    document = item_document(planned, outcome.done.value)
    return document | {
        "remote": outcome.remote or planned.remote,
        "url": outcome.url,
        "tasks": list(outcome.tasks),
        "until": outcome.until.isoformat() if outcome.until else None,
        "error": error_document(outcome.error),
        "note": outcome.note,
    }


def error_document(error: PublisherError | None) -> dict[str, str] | None:
    """An error as JSON: its class, the sentence for the seller, and the remedy."""
    if error is None:
        return None
    return {
        "class": type(error).__name__,
        "sentence": error.sentence,
        "remedy": error.remedy,
    }
