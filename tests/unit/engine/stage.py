"""A small world for lanes: an agency in memory, a virtual clock, a real ledger."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from publisher.channel import Channel, ChannelSettings, Context, Session, Write, Wrote
from publisher.engine.desk import Desk, Silent
from publisher.engine.lane import Lane
from publisher.errors import OutcomeUnknown, Rejected
from publisher.ledger.store import Ledger
from publisher.listing import (
    Copy,
    File,
    Health,
    Listing,
    Missing,
    Receipt,
    Remote,
    Staged,
    Status,
    TextRequest,
)
from publisher.manifest.item import Item
from publisher.manifest.model import Offer
from publisher.observe import Account, Door
from publisher.plan import AccountPlan, Confidence, Plan, PlanItem, Word
from publisher.row import Row, Verb

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


class VirtualClock:
    """Time passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.moment = NOON
        self._guard = threading.Lock()

    def now(self) -> dt.datetime:
        with self._guard:
            return self.moment

    def sleep(self, seconds: float) -> None:
        with self._guard:
            self.moment += dt.timedelta(seconds=seconds)


class Agency:
    """The remote side. ``troubles`` are raised one per create, before or after the effect."""

    def __init__(self) -> None:
        self.there: dict[str, int] = {}
        self.created: list[tuple[str, dt.datetime]] = []
        self.sessions = 0
        self.closed = 0
        self.before: list[Exception | None] = []
        self.after: list[Exception | None] = []
        self.hidden: set[str] = set()
        self.proof = Missing(False, "the list moved", "push again")
        self.opening: list[Exception | None] = []
        self.batches: list[str] = []
        self.calls: list[list[str]] = []
        self.many_before: list[Exception | None] = []
        self.many_lost: int | None = None
        """After so many answers of the next call the line is cut; everything landed all the same."""
        self.refused: set[str] = set()
        self.asked: list[int] = []
        self.batch_troubles: list[Exception | None] = []
        self.guard = threading.Lock()

    def take(self, troubles: list[Exception | None]) -> None:
        with self.guard:
            trouble = troubles.pop(0) if troubles else None
        if trouble is not None:
            raise trouble


class MemorySession(Session):
    """Writes into the agency."""

    announces_sending = True
    agency: Agency

    def __init__(self, context: Context, agency: Agency) -> None:
        super().__init__(context)
        self.agency = agency
        agency.take(agency.opening)
        agency.sessions += 1

    def close(self) -> None:
        self.agency.closed += 1

    def check(self) -> Health:
        return Health(self.context.account)

    def find(self, key: str, files: Sequence[File] = ()) -> Remote | None:
        known = key in self.agency.there and key not in self.agency.hidden
        return Remote(key, key, Status.UPLOADED) if known else None

    def missing(self, key: str, files: Sequence[File] = ()) -> Missing:
        return self.agency.proof

    def list(self) -> Iterator[Sequence[Remote]]:
        yield [Remote(k, k, Status.UPLOADED) for k in self.agency.there]

    def find_many(self, keys: Sequence[str]) -> Mapping[str, Remote]:
        self.agency.asked.append(len(keys))
        return super().find_many(keys)

    def write_many(self, writes: Sequence[Write]) -> Iterator[Wrote]:
        self.agency.take(self.agency.many_before)
        self.context.sending()
        self.agency.calls.append([w.key for w in writes])
        lost, self.agency.many_lost = self.agency.many_lost, None
        taken = [w for w in writes if w.key not in self.agency.refused]
        for write in taken:
            if write.verb is Verb.WITHDRAW:
                self.agency.there.pop(write.key, None)
            else:
                self.agency.there[write.key] = self.agency.there.get(write.key, 0) + 1
        # Answers come in an order of their own.
        for count, write in enumerate(reversed(writes)):
            if count == lost:
                raise OutcomeUnknown("the line was cut")
            if write.key in self.agency.refused:
                yield Wrote(write.key, error=Rejected(f"{write.key} is refused"))
                continue
            held = tuple(f"{s.file.sha256}=place-of-{s.file.name}" for s in write.staged)
            status = Status.GONE if write.verb is Verb.WITHDRAW else Status.LIVE
            yield Wrote(
                write.key,
                Receipt(Remote(write.key, write.key, status, fields={"remote.held": held})),
            )

    def status(self, remote: Remote) -> Status:
        return Status.UPLOADED

    def stage(self, file: File) -> Staged:
        return Staged(file)

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        self.agency.take(self.agency.before)
        self.context.sending()
        with self.agency.guard:
            self.agency.there[key] = self.agency.there.get(key, 0) + 1
            self.agency.created.append((key, self.context.now()))
        self.agency.take(self.agency.after)
        return Receipt(Remote(key, key, Status.UPLOADED))

    def withdraw(self, remote: Remote) -> Receipt:
        self.context.sending()
        self.agency.there.pop(remote.key, None)
        return Receipt(Remote(remote.id, remote.key, Status.GONE))

    def submit(self, batch: Sequence[tuple[Listing, Remote]], digest: str) -> Receipt:
        self.context.sending()
        self.agency.take(self.agency.batch_troubles)
        self.agency.batches.append(digest)
        return Receipt(Remote(digest, digest, Status.SUBMITTED), tasks=("send the CSV in",))


class MemoryChannel(Channel):
    """The pure half of the agency in memory."""

    Settings = ChannelSettings
    SessionType = MemorySession

    def __init__(self, row: Row, agency: Agency) -> None:
        super().__init__(row)
        self.agency = agency

    def to_listing(self, item: Item, offer: Offer | None, copy: Copy) -> Listing:
        raise NotImplementedError

    def session(self, context: Context) -> Session:
        return MemorySession(context, self.agency)


class TextStudio:
    """Makes every file out of its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def expect(self, requests: object) -> None:
        """Nothing is made beforehand."""

    def make(self, request: TextRequest) -> File:
        path = self.folder / request.name
        path.write_text(request.name)
        return File(request.role, request.name, path, len(request.name), "0" * 64)


def row_of(**more: Any) -> Row:
    """A row of an agency that can do everything but what it says."""
    data: dict[str, Any] = {
        "name": "memory",
        "title": "Memory",
        "mode": "transfer",
        "can": ["check", "find", "list", "status", "stage", "create", "withdraw"],
        "cannot": {"update": "texts stay", "submit": "no batch"},
        "transport": {"kind": "folder", "connections": 3},
        "rule": [],
    }
    return Row.model_validate(data | more)


class Stage:
    """Plans, lanes and the agency of one test."""

    def __init__(self, folder: Path, row: Row, **options: Any) -> None:
        self.agency = Agency()
        self.clock = VirtualClock()
        self.account = Account("memory", MemoryChannel(row, self.agency), options)
        self.ledger = Ledger.open(folder / "ledger.sqlite")
        self.studio: Any = TextStudio(folder)
        self.door = Door(folder, folder / "outbox", "r", self.clock, lambda _n, _v: "")

    def plan(self, count: int, word: Word = Word.CREATE, verb: Verb | None = Verb.CREATE) -> Plan:
        names = [f"i{n:02}" for n in range(count)]
        pairs = tuple(
            PlanItem(n, "memory", word, key=f"{n}.jpg", verb=verb, remote=f"{n}.jpg") for n in names
        )
        listings = {
            (n, "memory"): Listing(
                n, "memory", f"{n}.jpg", {"title": n}, (TextRequest("image", f"{n}.jpg", "t", {}),)
            )
            for n in names
        }
        account = AccountPlan("memory", "memory", "Memory", "transfer", Confidence.OFFLINE)
        return Plan("r", pairs, (account,), listings=listings)

    def lane(self, plan: Plan, observe: Callable[[Lane], None] | None = None) -> Lane:
        run = self.ledger.begin_run("push", plan.digest, self.clock.now())
        desk = Desk(plan, run, self.ledger, self.studio, self.door, Silent())
        lane = Lane(desk, self.account)
        if observe is not None:
            observe(lane)
        lane.run()
        return lane

    def words(self, lane: Lane) -> dict[str, str]:
        return {name: outcome.done.value for name, outcome in sorted(lane.outcomes.items())}
