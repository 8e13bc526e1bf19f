"""Settles intents whose outcome is unknown: by asking the remote side, never by writing again.

A process that was killed leaves such intents; so does a line that broke after the point of no return.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from publisher.engine.desk import Desk, Worker
from publisher.errors import PublisherError
from publisher.ledger.records import Intent, IntentState
from publisher.listing import UNPROVED, File, Missing, Remote, Status
from publisher.observe import Account
from publisher.pacing import retried
from publisher.row import Verb

TOGETHER = 200
"""So many answers of a batch become durable in one flush; what a kill takes of them is asked for again."""


class Answer(Enum):
    """What is known of an intent after asking."""

    FOUND = "found"
    ABSENT = "absent"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Settled:
    """An answer, with the reason and what to do where it is not clear."""

    answer: Answer
    why: str = ""
    remedy: str = ""


Look = Callable[[Intent], Remote | None]
"""How an intent is looked up at the remote side."""


def settle_all(
    desk: Desk, account: Account, worker: Worker, intents: Sequence[Intent]
) -> dict[int, Settled]:
    """Settle many intents with as few questions as the channel needs; the answers by intent id.

    Raises what the reads raise after their retries; what was not settled then stays as it is.
    """
    row = account.row
    single = [i for i in intents if i.verb is Verb.SUBMIT]
    several = [i for i in intents if i.verb is not Verb.SUBMIT]
    asked = [i for i in several if not _never_sent(account, i)]
    if row.batch is None or Verb.FIND not in row.can or len(several) < 2:
        single, several, asked = list(intents), [], []
    answers = {i.id: settle(desk, account, worker, i) for i in single}
    there = _look_all(desk, account, worker, asked) if asked else {}
    for start in range(0, len(several), TOGETHER):
        with desk.ledger.together(account.name):
            for intent in several[start : start + TOGETHER]:
                answers[intent.id] = settle(
                    desk, account, worker, intent, lambda i: there.get(i.key)
                )
    return answers


def _look_all(
    desk: Desk, account: Account, worker: Worker, asked: Sequence[Intent]
) -> Mapping[str, Remote]:
    row = account.row
    _wait_until_settled(desk, row.pace.settle_seconds, max(asked, key=lambda i: i.changed_at))
    keys = tuple(dict.fromkeys(i.key for i in asked))

    def ask() -> Mapping[str, Remote]:
        try:
            return worker.open().find_many(keys)
        except PublisherError:
            worker.drop()
            raise

    return retried(desk.door.clock, ask)


def settle(
    desk: Desk, account: Account, worker: Worker, intent: Intent, look: Look | None = None
) -> Settled:
    """Ask for one intent and write the answer into the ledger. UNCLEAR leaves it for a person.

    ``look`` has asked already. Raises what the read raises after its retries; the intent then stays as it is.
    """
    answer, remote, note, remedy = _ask(desk, account, worker, intent, look)
    now = desk.door.clock.now()
    if answer is Answer.FOUND and intent.verb is Verb.SUBMIT:
        desk.ledger.confirm_submit(
            intent.id,
            items=_names(intent.fields.get("items")),
            digest=str(intent.fields.get("digest", "")),
            tasks=_names(intent.fields.get("tasks")),
            at=now,
        )
    elif answer is Answer.FOUND:
        listing = desk.plan.listings.get((intent.item, intent.account))
        desk.ledger.settle(
            intent.id,
            found=remote,
            at=now,
            by="find",
            note=note,
            tasks=listing.tasks if listing is not None else (),
            prepared=_prepared(account, remote) and intent.verb is not Verb.WITHDRAW,
        )
    elif answer is Answer.ABSENT:
        desk.ledger.settle(intent.id, found=None, at=now, by="find", note=note)
    elif intent.state is not IntentState.UNKNOWN:
        desk.ledger.unknown(intent.id, note, now)
    return Settled(answer, note, remedy)


def _prepared(account: Account, remote: Remote | None) -> bool:
    return account.prepares or (remote is not None and remote.status is Status.PREPARED)


def _never_sent(account: Account, intent: Intent) -> bool:
    announces = account.channel.SessionType.announces_sending
    return intent.state is IntentState.INTENT and announces


def _ask(
    desk: Desk, account: Account, worker: Worker, intent: Intent, look: Look | None
) -> tuple[Answer, Remote | None, str, str]:
    row = account.row
    if _never_sent(account, intent):
        return Answer.ABSENT, None, "it stopped before the point of no return", ""
    if Verb.FIND not in row.can:
        why = row.cannot.get(Verb.FIND, "it cannot be looked up there")
        return Answer.UNCLEAR, None, why, ""
    if look is not None:
        remote = look(intent)
    else:
        _wait_until_settled(desk, row.pace.settle_seconds, intent)
        remote = retried(desk.door.clock, lambda: _find(worker, intent))
    told = _told_by(account, intent, remote)
    if told is not None:
        return *told, ""
    missing = UNPROVED
    if row.transport.absence == "examined":
        missing = retried(desk.door.clock, lambda: _missing(worker, intent))
    answer = Answer.ABSENT if missing.proved else Answer.UNCLEAR
    return answer, None, missing.why, missing.remedy


def _told_by(
    account: Account, intent: Intent, remote: Remote | None
) -> tuple[Answer, Remote | None, str] | None:
    """What a look-up tells by itself; None when nothing was found and that alone proves nothing."""
    if intent.verb is Verb.WITHDRAW:
        gone = remote is None or remote.status is Status.GONE
        found = Remote(intent.key, intent.key, Status.GONE)
        return (Answer.FOUND, found, "gone") if gone else (Answer.ABSENT, None, "still there")
    if remote is not None and remote.status is Status.PARTIAL:
        if account.row.transport.absence == "examined":
            return None  # The rest may still be on its way.
        return Answer.ABSENT, None, "only a part of it arrived"
    if remote is not None and intent.verb is Verb.CREATE and remote.status is Status.GONE:
        # What was withdrawn before is still known there; making it again would have brought it back.
        return Answer.ABSENT, None, "it is withdrawn there"
    if remote is not None and intent.verb is Verb.UPDATE and not _carries(remote, intent):
        # An update sends absolute values, so one that did not arrive is simply planned again.
        return Answer.ABSENT, None, "the fields there are the old ones"
    if remote is not None:
        return Answer.FOUND, remote, "found there"
    if intent.verb is Verb.SUBMIT:
        # A batch is named by its content: making it again makes the same file under the same name.
        return Answer.ABSENT, None, "the batch is not there as a whole"
    if account.row.transport.absence == "proof" or account.prepares:
        return Answer.ABSENT, None, "it is not there"
    return None


def _find(worker: Worker, intent: Intent) -> Remote | None:
    try:
        return worker.open().find(intent.key, _sent(intent))
    except PublisherError:
        worker.drop()
        raise


def _missing(worker: Worker, intent: Intent) -> Missing:
    try:
        return worker.open().missing(intent.key, _sent(intent))
    except PublisherError:
        worker.drop()
        raise


def _sent(intent: Intent) -> list[File]:
    return [File("sent", f.name, Path(f.name), f.size, f.sha256) for f in intent.files]


def _carries(remote: Remote, intent: Intent) -> bool:
    return all(remote.fields.get(name) == value for name, value in intent.fields.items())


def _names(value: object) -> tuple[str, ...]:
    return tuple(str(v) for v in value) if isinstance(value, tuple) else ()


def _wait_until_settled(desk: Desk, seconds: float, intent: Intent) -> None:
    due = intent.changed_at + dt.timedelta(seconds=seconds)
    left = (due - desk.door.clock.now()).total_seconds()
    # A clock that was put back must not make the wait longer than the settle time itself.
    desk.door.clock.sleep(min(seconds, max(0.0, left)))
