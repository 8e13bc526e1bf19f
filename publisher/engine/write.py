"""One write of one pair: render, stage, intent, one call, receipt. Called with a held lane lock.

A create, update or withdraw is called once per intent. An attempt that certainly did not land gets a new
intent; one that may have landed is asked for and never repeated blindly.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace

from publisher.engine.desk import Desk, Worker
from publisher.engine.settle import Answer, Settled, settle
from publisher.errors import (
    Conflict,
    OutcomeUnknown,
    PublisherError,
    QuotaExhausted,
    Rejected,
    Throttled,
    Transient,
)
from publisher.ledger.records import Intent, SentFile
from publisher.listing import File, Listing, Receipt, Remote, Staged, Status
from publisher.observe import Account
from publisher.outcome import Outcome, failed
from publisher.pacing import ATTEMPTS, pause_before, retried
from publisher.plan import Done, PlanItem, Word
from publisher.row import Verb

NOT_MADE = "the file could not be made"
"""The note of an outcome that says nothing about the account: no connection was even tried."""

Pace = Callable[[tuple[str, ...]], None]
"""Blocks until one more write with these tags may start, or raises QuotaExhausted."""

ASK_A_PERSON = (
    "look there, then say: publisher resolve {item} {account} --as published (or --as absent)"
)


def write(desk: Desk, account: Account, worker: Worker, planned: PlanItem, pace: Pace) -> Outcome:
    """Carry one pair out. Raises only errors that concern the whole account, and Throttled."""
    try:
        files = made(desk, planned)
    except PublisherError as unmade:
        return replace(failed(planned, unmade), note=NOT_MADE)
    error = Transient("it was not tried")
    for attempt in range(1, ATTEMPTS + 1):
        if attempt > 1:
            desk.door.clock.sleep(pause_before(attempt, error))
        try:
            return _attempt(desk, account, worker, planned, files, pace)
        except Throttled:
            worker.drop()
            raise
        except Transient as passing:
            worker.drop()
            error = passing
            if desk.stop.is_set():
                break
        except QuotaExhausted as full:
            return Outcome(planned, Done.WAITING, until=full.until, note=full.sentence)
        except (Rejected, OutcomeUnknown) as final:
            done = Done.UNKNOWN if isinstance(final, OutcomeUnknown) else Done.FAILED
            return Outcome(planned, done, remote=planned.remote, error=final)
    return failed(planned, error)


def made(desk: Desk, planned: PlanItem) -> list[File]:
    """The files of a write, made. Raises what keeps one from being made."""
    if planned.verb is Verb.WITHDRAW:
        return []
    listing = desk.plan.listings[planned.item, planned.account]
    return [desk.studio.make(request) for request in listing.files]


def _attempt(
    desk: Desk,
    account: Account,
    worker: Worker,
    planned: PlanItem,
    files: Sequence[File],
    pace: Pace,
) -> Outcome:
    worker.recall(files)
    for file in files:
        desk.reporter.sized(account.name, file.name, file.size)
    staged = [staged_file(desk, account, worker, file) for file in files]
    pace(planned.tags)
    intent = intend(desk, planned, files)
    worker.hold(intent)
    try:
        receipt = _call(desk, worker, planned, staged)
    except OutcomeUnknown as error:
        desk.ledger.unknown(intent.id, error.sentence, desk.door.clock.now())
        worker.drop()
        return _unclear(desk, account, worker, planned, intent, error)
    except PublisherError as error:
        desk.ledger.fail(intent.id, error.sentence, desk.door.clock.now())
        raise
    except Exception as error:
        # A bug in an adapter says nothing about the remote side, so the outcome is unknown.
        desk.ledger.unknown(intent.id, type(error).__name__, desk.door.clock.now())
        worker.drop()
        unknown = OutcomeUnknown(
            f"{planned.item}: the program failed in the middle of a write ({type(error).__name__})",
            remedy=ASK_A_PERSON.format(item=planned.item, account=planned.account),
            detail=traceback.format_exc(),
        )
        return _unclear(desk, account, worker, planned, intent, unknown)
    finally:
        worker.hold()
    return confirmed(desk, account, worker, planned, intent, receipt)


def confirmed(
    desk: Desk,
    account: Account,
    worker: Worker,
    planned: PlanItem,
    intent: Intent,
    receipt: Receipt,
) -> Outcome:
    """Note the receipt of a write, and what became of its pair."""
    prepared = _is_prepared(account, receipt.remote)
    desk.ledger.confirm(
        intent.id,
        remote=receipt.remote,
        tasks=receipt.tasks,
        prepared=prepared,
        at=desk.door.clock.now(),
        note=receipt.note,
    )
    worker.holdings.note(receipt.remote)
    return _outcome(planned, receipt.remote, prepared, receipt.tasks)


def staged_file(desk: Desk, account: Account, worker: Worker, file: File) -> Staged:
    """Bring the bytes over, with the retries that staging may have."""
    if Verb.STAGE not in account.row.can:
        return Staged(file)

    def once() -> Staged | Throttled:
        try:
            return worker.open().stage(file)
        except Throttled as crowded:
            # Handed out, not waited for: the lane has to give way first, or nobody ever makes room.
            return crowded
        except Transient:
            worker.drop()
            raise
        except OutcomeUnknown as unclear:
            # Staging is idempotent: whether the bytes arrived is looked up when it is tried again.
            worker.drop()
            raise Transient(
                unclear.sentence, remedy=unclear.remedy, detail=unclear.detail
            ) from unclear

    answer = retried(desk.door.clock, once)
    if isinstance(answer, Throttled):
        raise answer
    return answer


def intend(desk: Desk, planned: PlanItem, files: Sequence[File]) -> Intent:
    """Record durably that the write is going to be made."""
    listing = desk.plan.listings.get((planned.item, planned.account))
    wanted = dict(listing.fields) if listing is not None else {}
    if planned.verb is Verb.UPDATE:
        wanted = {c.field: c.new for c in planned.changes}
    return desk.ledger.open_intent(
        run=desk.run,
        account=planned.account,
        item=planned.item,
        verb=planned.verb or Verb.CREATE,
        key=planned.key,
        fields=wanted,
        files=tuple(SentFile(f.name, f.sha256, f.size) for f in files),
        tags=planned.tags,
        release=desk.plan.release,
        at=desk.door.clock.now(),
    )


def _call(desk: Desk, worker: Worker, planned: PlanItem, staged: Sequence[Staged]) -> Receipt:
    session = worker.open()
    if planned.verb is Verb.WITHDRAW:
        return session.withdraw(Remote(planned.remote, planned.key))
    listing: Listing = desk.plan.listings[planned.item, planned.account]
    if planned.verb is Verb.UPDATE:
        remote = Remote(planned.remote, planned.key)
        return session.update(remote, listing, planned.changes, staged)
    return session.create(listing, staged, planned.key)


def _unclear(
    desk: Desk,
    account: Account,
    worker: Worker,
    planned: PlanItem,
    intent: Intent,
    error: OutcomeUnknown,
) -> Outcome:
    """Ask at once; what cannot be told stays unknown. What surely is not there may be tried again."""
    try:
        found = settle(desk, account, worker, desk.ledger.intent(intent.id) or intent)
    except PublisherError:
        found = Settled(Answer.UNCLEAR)
    return settled(desk, planned, found, error)


def settled(desk: Desk, planned: PlanItem, found: Settled, error: OutcomeUnknown) -> Outcome:
    """The outcome of a pair whose unclear write was asked for. Raises Transient when it is surely not there."""
    answer = found.answer
    if answer is Answer.ABSENT:
        raise Transient(f"{error.sentence}; it is surely not there") from error
    if answer is Answer.FOUND:
        binding = desk.ledger.binding(planned.account, planned.item)
        remote = Remote(binding.remote_id, binding.key, url=binding.url) if binding else None
        return _outcome(planned, remote, False, binding.tasks if binding else ())
    error.remedy = what_to_do(planned, found.remedy)
    return Outcome(planned, Done.UNKNOWN, remote=planned.remote, error=error)


def what_to_do(planned: PlanItem, remedy: str) -> str:
    """The remedy of an unclear write: the channel's own, and what a person can always do."""
    ask = ASK_A_PERSON.format(item=planned.item, account=planned.account)
    return f"{remedy}; or {ask}" if remedy else ask


def _is_prepared(account: Account, remote: Remote) -> bool:
    # What is gone is gone: a pack that was taken back leaves nothing for a person to carry over.
    return remote.status is Status.PREPARED or (
        account.prepares and remote.status is not Status.GONE
    )


def _outcome(
    planned: PlanItem, remote: Remote | None, prepared: bool, tasks: Sequence[str]
) -> Outcome:
    done = Done.PREPARED if prepared else Done.PUBLISHED
    if planned.verb is Verb.UPDATE and not prepared:
        done = Done.UPDATED
    elif planned.verb is Verb.WITHDRAW:
        done = Done.WITHDRAWN
    elif planned.word is Word.ADOPT:
        done = Done.ADOPTED
    identity = remote.id if remote is not None else planned.remote
    return Outcome(planned, done, identity, remote.url if remote else "", tuple(tasks))


def resumed(desk: Desk, account: Account, planned: PlanItem) -> Outcome:
    """The outcome of a pair whose earlier write was found there when the lane began."""
    binding = desk.ledger.binding(planned.account, planned.item)
    if binding is None and planned.verb is not Verb.WITHDRAW:
        return failed(planned, Conflict(f"{planned.item}: found there, but it is not bound"))
    prepared = binding.prepared if binding else False
    remote = Remote(binding.remote_id, binding.key, url=binding.url) if binding else None
    return _outcome(planned, remote, prepared, binding.tasks if binding else ())
