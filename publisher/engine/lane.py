"""A lane: all actions of one account in one plan, in order, with the row's pace and concurrency inside.

It opens with what earlier runs left unsettled and widens in steps (one item, ten, all), each step verified
there before the next. A lane that stops leaves every pair with a word.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from publisher.diff import changes
from publisher.engine.desk import Desk, Holdings, Worker
from publisher.engine.many import write_batch
from publisher.engine.settle import Answer, Settled, settle_all
from publisher.engine.submit import submit
from publisher.engine.write import NOT_MADE, resumed, what_to_do, write
from publisher.errors import (
    Conflict,
    OutcomeUnknown,
    PublisherError,
    QuotaExhausted,
    Scope,
    Throttled,
    Transient,
)
from publisher.ledger.records import Binding, Intent
from publisher.listing import File, Remote, Status
from publisher.observe import Account, with_setup_notes
from publisher.outcome import Outcome, failed
from publisher.pacing import (
    ATTEMPTS,
    LONGEST_PAUSE,
    LOOK_BACK,
    Schedule,
    pace_windows,
    pause_before,
    quota_windows,
    quotas_in_use,
    retried,
)
from publisher.plan import Done, PlanItem
from publisher.row import Batch, Verb

WAVES = (1, 10)
"""How many items go before the next verification; after these, all."""

REPORT = "push again; when it happens again, report it with what push --debug prints"

GO_ON = "push again to go on"

NAP = 5.0
"""Seconds of one stretch of waiting for a place."""

BREAKER = 3
"""So many failures of one kind in a row pause the account."""


class Lane:
    """One account's part of a run. ``run`` is called once."""

    def __init__(self, desk: Desk, account: Account) -> None:
        self.desk = desk
        self.account = account
        self.outcomes: dict[str, Outcome] = {}
        self.tasks: tuple[str, ...] = ()
        self.problem: PublisherError | None = None
        self._guard = threading.Lock()
        self._holdings = Holdings(desk, account.name)
        self._row_of_failures: list[type[PublisherError]] = []
        self._most = 16
        now = desk.door.clock.now()
        written = desk.ledger.writes_since(account.name, now - LOOK_BACK, (Verb.CREATE,))
        # After the clock was put back, a write "in the future" counts as one of this moment.
        history = [(min(moment, now), tags) for moment, tags in written]
        row = account.row
        pace = account.channel.pace(desk.door.settings(account))
        self._pacing = Schedule(pace_windows(pace), history)
        self._quotas = Schedule(
            quota_windows(pace, quotas_in_use(row, account.options), account.options), history
        )

    def run(self) -> None:
        """Settle, write, submit. Never raises: the reason stands in ``problem`` and in the outcomes."""
        items = self.desk.plan.active(self.account.name)
        self.desk.reporter.started(self.account.name, len(items))
        worker = Worker(self.desk, self.account, self._holdings)
        try:
            with self.desk.ledger.lock(self.account.name, self.desk.door.clock.now()):
                todo = self._settle(worker, items)
                self._write_all(worker, todo)
                self.tasks = submit(self.desk, self.account, worker)
        except PublisherError as error:
            self._stop(with_setup_notes(error, self.account.row))
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"
            self._stop(
                Transient("the program failed in this account", remedy=REPORT, detail=detail)
            )
        finally:
            worker.drop()
        for planned in items:
            if planned.item not in self.outcomes:
                self._end(failed(planned, self._untried()))

    def _untried(self) -> PublisherError:
        if self.problem is not None:
            return self.problem
        return Transient("stopped on request before it was tried", remedy=GO_ON)

    def _stop(self, error: PublisherError) -> None:
        with self._guard:
            if self.problem is None:
                self.problem = error
                self.desk.reporter.note(self.account.name, error.sentence)

    def _end(self, outcome: Outcome) -> None:
        with self._guard:
            self.outcomes[outcome.planned.item] = outcome
        self.desk.reporter.finished(self.account.name, outcome.planned.item, outcome.done)

    def _settle(self, worker: Worker, items: Sequence[PlanItem]) -> list[PlanItem]:
        """Settle what earlier runs left, and return the pairs that still have to be written."""
        open_intents = {i.item: i for i in self.desk.ledger.unsettled(self.account.name)}
        try:
            settled = settle_all(self.desk, self.account, worker, list(open_intents.values()))
        except PublisherError as error:
            left = {i.item: i for i in self.desk.ledger.unsettled(self.account.name)}
            for planned in (p for p in items if p.item in left):
                why = Settled(Answer.UNCLEAR, error.sentence, error.remedy)
                self._end(self._unclear(planned, left[planned.item], why))
            raise
        answers = {name: settled[intent.id] for name, intent in open_intents.items()}
        bound = self.desk.ledger.bindings(self.account.name)
        todo = []
        for planned in items:
            found = answers.get(planned.item)
            answer = found.answer if found is not None else None
            if found is not None and answer is Answer.UNCLEAR:
                self._end(self._unclear(planned, open_intents[planned.item], found))
            elif answer is Answer.FOUND:
                self._end(resumed(self.desk, self.account, planned))
            elif planned.verb is Verb.CREATE and (planned.account, planned.item) in bound:
                # Another run of the same project was faster, between our plan and our lock.
                binding = bound[planned.account, planned.item]
                self._end(self._overtaken(planned, binding))
            elif planned.verb is not None:
                todo.append(planned)
        return todo

    def _overtaken(self, planned: PlanItem, binding: Binding) -> Outcome:
        listing = self.desk.plan.listings[planned.item, planned.account]
        if not changes(listing.fields, binding.fields):
            return resumed(self.desk, self.account, planned)
        text = f"{planned.item}: another run sent other words or another file in the meantime"
        return failed(planned, Conflict(text, remedy="look at a new plan, then push again"))

    def _unclear(self, planned: PlanItem, intent: Intent, found: Settled) -> Outcome:
        error = OutcomeUnknown(
            f"{planned.item}: it cannot be told whether the {intent.verb.value} of "
            f"{intent.at:%Y-%m-%d %H:%M} UTC arrived{f': {found.why}' if found.why else ''}",
            remedy=what_to_do(planned, found.remedy),
        )
        return Outcome(planned, Done.UNKNOWN, remote=planned.remote, error=error)

    def _write_all(self, worker: Worker, todo: Sequence[PlanItem]) -> None:
        batch = self.account.row.batch
        if batch is None or len(todo) < batch.min:
            self._in_waves(worker, todo)
        else:
            self._in_batches(worker, todo, batch)

    def _in_batches(self, worker: Worker, todo: Sequence[PlanItem], batch: Batch) -> None:
        rest = deque(todo)
        if batch.min > 1:
            # A channel that always takes all at once has no use for a single item in front.
            first = [rest.popleft()]
            self._wave(worker, first)
            if rest and self.problem is None:
                self._verify(worker, first)
        while rest and self.problem is None and not self.desk.stop.is_set():
            self._batch(worker, [rest.popleft() for _ in range(min(batch.max, len(rest)))])

    def _batch(self, worker: Worker, pairs: Sequence[PlanItem]) -> None:
        refusals = 0
        left = list(pairs)
        while left and self.problem is None:
            try:
                write_batch(self.desk, self.account, worker, left, self._pace, self._count)
                return
            except Throttled as error:
                refusals += 1
                if refusals >= ATTEMPTS:
                    self._stop(error)
                    return
                self.desk.door.clock.sleep(pause_before(refusals + 1, error))
            except PublisherError as error:
                self._stop(with_setup_notes(error, self.account.row))
            finally:
                ended = self.outcomes
                left = [p for p in left if p.item not in ended]

    def _in_waves(self, worker: Worker, todo: Sequence[PlanItem]) -> None:
        rest = deque(todo)
        for size in (*WAVES, len(rest)):
            wave = [rest.popleft() for _ in range(min(size, len(rest)))]
            if not wave or self.problem is not None or self.desk.stop.is_set():
                return
            self._wave(worker, wave)
            if rest and self.problem is None:
                self._verify(worker, wave)

    def _wave(self, first: Worker, wave: Sequence[PlanItem]) -> None:
        queue = deque(wave)
        count = min(self._connections(), len(wave))
        extra = [Worker(self.desk, self.account, self._holdings) for _ in range(count - 1)]
        alive = [count]

        def work(worker: Worker) -> None:
            try:
                self._drain(worker, queue, alive)
            finally:
                if worker is not first:
                    worker.drop()

        threads = [threading.Thread(target=work, args=(w,), name=self.account.name) for w in extra]
        for thread in threads:
            thread.start()
        work(first)
        for thread in threads:
            thread.join()
        # What a refused connection put back after the others had left.
        self._drain(first, queue, [1])

    def _connections(self) -> int:
        wanted = self.account.options.get("connections", self.account.row.transport.connections)
        return max(1, min(self._most, int(wanted)))

    def _drain(self, worker: Worker, queue: deque[PlanItem], alive: list[int]) -> None:
        refusals = 0
        while self.problem is None and not self.desk.stop.is_set():
            with self._guard:
                if not queue:
                    return
                planned = queue.popleft()
            try:
                self._count(write(self.desk, self.account, worker, planned, self._pace))
                refusals = 0
            except Throttled as error:
                # Too many connections: the others go on, the last one waits and tries again.
                with self._guard:
                    queue.appendleft(planned)
                    if alive[0] > 1:
                        alive[0] -= 1
                        self._most = alive[0]
                        return
                refusals += 1
                if refusals >= ATTEMPTS:
                    self._stop(error)
                    return
                self.desk.door.clock.sleep(pause_before(refusals + 1, error))
            except PublisherError as error:
                explained = with_setup_notes(error, self.account.row)
                self._end(failed(planned, explained))
                if error.scope is not Scope.ITEM:
                    self._stop(explained)
            except Exception as error:
                detail = f"{type(error).__name__}: {error}"
                problem = Transient("the program failed at this item", remedy=REPORT, detail=detail)
                self._end(failed(planned, problem))
                self._stop(problem)

    def _count(self, outcome: Outcome) -> None:
        """Note the outcome, and pause the account after several failures of one kind in a row."""
        self._end(outcome)
        with self._guard:
            if outcome.error is None or outcome.note == NOT_MADE:
                self._row_of_failures.clear()
                return
            kind = type(outcome.error)
            if self._row_of_failures and self._row_of_failures[-1] is not kind:
                self._row_of_failures.clear()
            self._row_of_failures.append(kind)
            tripped = len(self._row_of_failures) >= BREAKER
        if tripped:
            text = f"paused after {BREAKER} failures in a row: {outcome.error.sentence}"
            self._stop(type(outcome.error)(text, remedy=outcome.error.remedy))

    def _pace(self, tags: tuple[str, ...]) -> None:
        """Wait for a place. It is booked when it is taken, so that a late start never crowds the next."""
        clock = self.desk.door.clock
        while True:
            with self._guard:
                now = clock.now()
                free, why = self._quotas.peek(now, tags)
                if free - now > LONGEST_PAUSE:
                    raise QuotaExhausted(f"the limit of {why} is used up", until=free)
                start, _ = self._pacing.peek(max(now, free), tags)
                if start <= now:
                    self._quotas.take(now, tags)
                    self._pacing.take(now, tags)
                    return
            if self.desk.stop.is_set():
                raise Transient("stopped on request before it was tried", remedy=GO_ON)
            # In short naps, so that a long rest does not outlive the wish to stop.
            clock.sleep(min((start - now).total_seconds(), NAP))

    def _verify(self, worker: Worker, wave: Sequence[PlanItem]) -> None:
        """Look for the last item of the wave that went through, before more follow it."""
        if Verb.FIND not in self.account.row.can:
            return
        ended = self.outcomes
        done = [p for p in wave if p.item in ended and ended[p.item].done is Done.PUBLISHED]
        binding = self.desk.ledger.binding(self.account.name, done[-1].item) if done else None
        if binding is None:
            return
        files = [
            File("sent", f.name, self.desk.door.outbox, f.size, f.sha256) for f in binding.files
        ]

        def look() -> Remote | None:
            try:
                return worker.open().find(binding.key, files)
            except PublisherError:
                worker.drop()
                raise

        remote = retried(self.desk.door.clock, look)
        proof = self.account.row.transport.absence == "proof"
        if (remote is None and proof) or (remote is not None and remote.status is Status.PARTIAL):
            raise Conflict(f"{binding.key} was sent, but it is not there as a whole; stopped")
