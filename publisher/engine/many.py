"""Many writes of one account in one go: render and stage each, open all intents, one call, one answer each.

The promises are those of a single write: an intent is durable before the call, it is called once, and a write
without an answer is asked for and never repeated blindly. What surely did not land gets a new intent.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from publisher.channel import Write, Wrote
from publisher.engine.desk import Desk, Worker
from publisher.engine.settle import TOGETHER, settle_all
from publisher.engine.write import (
    ASK_A_PERSON,
    NOT_MADE,
    Pace,
    confirmed,
    intend,
    made,
    settled,
    staged_file,
)
from publisher.errors import (
    OutcomeUnknown,
    PublisherError,
    QuotaExhausted,
    Scope,
    Throttled,
    Transient,
)
from publisher.ledger.records import Intent
from publisher.listing import Remote, Staged
from publisher.observe import Account
from publisher.outcome import Outcome, failed
from publisher.pacing import ATTEMPTS, pause_before
from publisher.plan import Done, PlanItem
from publisher.row import Verb

End = Callable[[Outcome], None]
"""Takes the outcome of one pair, as soon as it is certain."""


@dataclass
class _Batch:
    """The pairs of one call with their staged files, and the answers so far by key."""

    pairs: dict[str, tuple[PlanItem, tuple[Staged, ...]]]
    intents: dict[str, Intent] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    def left(self) -> list[str]:
        """Keys without an answer."""
        return [key for key in self.pairs if key not in self.answered]


def write_batch(
    desk: Desk,
    account: Account,
    worker: Worker,
    pairs: Sequence[PlanItem],
    pace: Pace,
    end: End,
) -> None:
    """Carry the pairs out together. Raises only errors that concern the whole account, and Throttled.

    A pair that has had no ``end`` when it raises was not written by this call.
    """
    ready = _ready(desk, account, worker, pairs, pace, end)
    error: PublisherError = Transient("it was not tried")
    for attempt in range(1, ATTEMPTS + 1):
        if not ready or desk.stop.is_set():
            break
        if attempt > 1:
            desk.door.clock.sleep(pause_before(attempt, error))
        batch = _Batch(ready)
        try:
            absent = _attempt(desk, account, worker, batch, end)
            error = Transient("the channel has not taken it, and gave no reason")
            ready = {key: ready[key] for key in absent}
        except Throttled:
            worker.drop()
            raise
        except Transient as passing:
            worker.drop()
            error = passing
    for planned, _ in ready.values():
        end(failed(planned, error))


def _ready(
    desk: Desk,
    account: Account,
    worker: Worker,
    pairs: Sequence[PlanItem],
    pace: Pace,
    end: End,
) -> dict[str, tuple[PlanItem, tuple[Staged, ...]]]:
    """The pairs whose files are made and over there, by key; the others have ended."""
    found: dict[str, tuple[PlanItem, tuple[Staged, ...]]] = {}
    for planned in pairs:
        if desk.stop.is_set():
            break
        try:
            files = made(desk, planned)
        except PublisherError as unmade:
            end(replace(failed(planned, unmade), note=NOT_MADE))
            continue
        try:
            worker.recall(files)
            for file in files:
                desk.reporter.sized(account.name, file.name, file.size)
            staged = tuple(staged_file(desk, account, worker, file) for file in files)
            pace(planned.tags)
        except QuotaExhausted as full:
            end(Outcome(planned, Done.WAITING, until=full.until, note=full.sentence))
            continue
        except PublisherError as error:
            if error.scope is not Scope.ITEM:
                raise
            end(failed(planned, error))
            continue
        found[planned.key] = (planned, staged)
    return found


def _attempt(desk: Desk, account: Account, worker: Worker, batch: _Batch, end: End) -> list[str]:
    """One call. Returns the keys that surely are not there; every other pair has ended."""
    # What an attempt before this one began is known to this one, for all of its pairs.
    worker.recall([s.file for _, staged in batch.pairs.values() for s in staged])
    with desk.ledger.together(account.name):
        for key, (planned, staged) in batch.pairs.items():
            batch.intents[key] = intend(desk, planned, [s.file for s in staged])
    worker.hold(*batch.intents.values())
    problem: PublisherError | None = None
    try:
        for portion in _portions(worker.open().write_many(_writes(desk, batch))):
            _note(desk, account, worker, batch, portion, end)
        unclear = OutcomeUnknown("the channel gave no answer for it")
    except OutcomeUnknown as error:
        unclear = error
        worker.drop()
    except PublisherError as error:
        if not batch.answered:
            _fail_all(desk, account, batch, error)
            raise
        problem, unclear = error, OutcomeUnknown(error.sentence, detail=error.detail)
        worker.drop()
    except Exception as error:
        # A bug in an adapter says nothing about the remote side, so the outcomes are unknown.
        worker.drop()
        unclear = OutcomeUnknown(
            f"the program failed in the middle of a batch ({type(error).__name__})",
            detail=traceback.format_exc(),
        )
    finally:
        worker.hold()
    absent = _ask(desk, account, worker, batch, unclear, end)
    if problem is not None and problem.scope is not Scope.ITEM:
        raise problem
    return absent


def _writes(desk: Desk, batch: _Batch) -> list[Write]:
    found = []
    for key, (planned, staged) in batch.pairs.items():
        verb = planned.verb or Verb.CREATE
        listing = desk.plan.listings.get((planned.item, planned.account))
        found.append(
            Write(
                verb,
                key,
                None if verb is Verb.WITHDRAW else listing,
                staged,
                Remote(planned.remote, key) if planned.remote else None,
                planned.changes,
            )
        )
    return found


def _portions(answers: Iterator[Wrote]) -> Iterator[list[Wrote]]:
    """The answers in portions that become durable together; what came before an error is handed out first."""
    portion: list[Wrote] = []
    while True:
        try:
            answer = next(answers, None)
        except Exception:
            if portion:
                yield portion
            raise
        if answer is None:
            break
        portion.append(answer)
        if len(portion) >= TOGETHER:
            yield portion
            portion = []
    if portion:
        yield portion


def _note(
    desk: Desk,
    account: Account,
    worker: Worker,
    batch: _Batch,
    portion: Sequence[Wrote],
    end: End,
) -> None:
    outcomes = []
    with desk.ledger.together(account.name):
        for answer in portion:
            if answer.key not in batch.pairs or answer.key in batch.answered:
                continue
            if answer.receipt is None and not isinstance(answer.error, PublisherError):
                continue
            if isinstance(answer.error, OutcomeUnknown):
                continue
            planned, intent = batch.pairs[answer.key][0], batch.intents[answer.key]
            if answer.receipt is not None:
                outcomes.append(confirmed(desk, account, worker, planned, intent, answer.receipt))
            elif answer.error is not None:
                desk.ledger.fail(intent.id, answer.error.sentence, desk.door.clock.now())
                outcomes.append(_refused(planned, answer.error))
            batch.answered.add(answer.key)
    for outcome in outcomes:
        end(outcome)


def _refused(planned: PlanItem, error: PublisherError) -> Outcome:
    if isinstance(error, QuotaExhausted):
        return Outcome(planned, Done.WAITING, until=error.until, note=error.sentence)
    return failed(planned, error)


def _fail_all(desk: Desk, account: Account, batch: _Batch, error: PublisherError) -> None:
    with desk.ledger.together(account.name):
        for intent in batch.intents.values():
            desk.ledger.fail(intent.id, error.sentence, desk.door.clock.now())


def _ask(
    desk: Desk,
    account: Account,
    worker: Worker,
    batch: _Batch,
    error: OutcomeUnknown,
    end: End,
) -> list[str]:
    """Ask for every write without an answer, at once; what cannot be told stays unknown."""
    left = batch.left()
    if not left:
        return []
    with desk.ledger.together(account.name):
        for key in left:
            desk.ledger.unknown(batch.intents[key].id, error.sentence, desk.door.clock.now())
    open_still = [desk.ledger.intent(batch.intents[key].id) for key in left]
    answers = {}
    try:
        answers = settle_all(desk, account, worker, [i for i in open_still if i is not None])
    except PublisherError:
        worker.drop()
    absent = []
    for key in left:
        planned, answer = batch.pairs[key][0], answers.get(batch.intents[key].id)
        unclear = OutcomeUnknown(
            f"{planned.item}: {error.sentence}",
            remedy=ASK_A_PERSON.format(item=planned.item, account=planned.account),
            detail=error.detail,
        )
        if answer is None:
            end(Outcome(planned, Done.UNKNOWN, remote=planned.remote, error=unclear))
            continue
        try:
            end(settled(desk, planned, answer, unclear))
        except Transient:
            absent.append(key)
    return absent
