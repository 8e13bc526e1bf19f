"""Settles intents whose outcome is unknown: by asking the remote side, never by writing again.

A process that was killed leaves such intents; so does a line that broke after the point of no return.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum
from pathlib import Path

from publisher.engine.desk import Desk, Worker
from publisher.errors import PublisherError
from publisher.ledger.records import Intent, IntentState
from publisher.listing import File, Remote, Status
from publisher.observe import Account
from publisher.pacing import retried
from publisher.row import Verb


class Answer(Enum):
    """What is known of an intent after asking."""

    FOUND = "found"
    ABSENT = "absent"
    UNCLEAR = "unclear"


def settle(desk: Desk, account: Account, worker: Worker, intent: Intent) -> Answer:
    """Ask for one intent and write the answer into the ledger. UNCLEAR leaves it for a person.

    Raises what the read raises after its retries; the intent then stays as it is.
    """
    answer, remote, note = _ask(desk, account, worker, intent)
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
    return answer


def _prepared(account: Account, remote: Remote | None) -> bool:
    return account.prepares or (remote is not None and remote.status is Status.PREPARED)


def _ask(
    desk: Desk, account: Account, worker: Worker, intent: Intent
) -> tuple[Answer, Remote | None, str]:
    row = account.row
    announces = account.channel.SessionType.announces_sending
    if intent.state is IntentState.INTENT and announces:
        return Answer.ABSENT, None, "it stopped before the point of no return"
    if Verb.FIND not in row.can:
        return Answer.UNCLEAR, None, row.cannot.get(Verb.FIND, "it cannot be looked up there")
    _wait_until_settled(desk, row.pace.settle_seconds, intent)
    remote = retried(desk.door.clock, lambda: _find(worker, intent))
    if intent.verb is Verb.WITHDRAW:
        gone = remote is None or remote.status is Status.GONE
        found = Remote(intent.key, intent.key, Status.GONE)
        return (Answer.FOUND, found, "gone") if gone else (Answer.ABSENT, None, "still there")
    if remote is not None and remote.status is Status.PARTIAL:
        return Answer.ABSENT, None, "only a part of it arrived"
    if remote is not None and intent.verb is Verb.UPDATE and not _carries(remote, intent):
        # An update sends absolute values, so one that did not arrive is simply planned again.
        return Answer.ABSENT, None, "the fields there are the old ones"
    if remote is not None:
        return Answer.FOUND, remote, "found there"
    if intent.verb is Verb.SUBMIT:
        # A batch is named by its content: making it again makes the same file under the same name.
        return Answer.ABSENT, None, "the batch is not there as a whole"
    if row.transport.absence == "proof" or account.prepares:
        return Answer.ABSENT, None, "it is not there"
    return Answer.UNCLEAR, None, "it is not in the listing, which proves nothing at this channel"


def _find(worker: Worker, intent: Intent) -> Remote | None:
    files = [File("sent", f.name, Path(f.name), f.size, f.sha256) for f in intent.files]
    try:
        return worker.open().find(intent.key, files)
    except PublisherError:
        worker.drop()
        raise


def _carries(remote: Remote, intent: Intent) -> bool:
    return all(remote.fields.get(name) == value for name, value in intent.fields.items())


def _names(value: object) -> tuple[str, ...]:
    return tuple(str(v) for v in value) if isinstance(value, tuple) else ()


def _wait_until_settled(desk: Desk, seconds: float, intent: Intent) -> None:
    due = intent.changed_at + dt.timedelta(seconds=seconds)
    left = (due - desk.door.clock.now()).total_seconds()
    # A clock that was put back must not make the wait longer than the settle time itself.
    desk.door.clock.sleep(min(seconds, max(0.0, left)))
