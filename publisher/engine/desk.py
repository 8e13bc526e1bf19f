"""What every lane of a run shares, and the connection that a worker of a lane holds.

A worker is the only place where a session meets the ledger: it hands the session the hooks for the point
of no return and for what we began to send before.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from publisher.channel import Session
from publisher.errors import Transient
from publisher.ledger.records import Intent
from publisher.listing import REMOTE, FieldValue, File, Remote
from publisher.observe import Account, Door
from publisher.plan import Done, Plan

if TYPE_CHECKING:
    from publisher.ledger.store import Ledger
    from publisher.media.studio import Studio


HELD = f"{REMOTE}held"
"""The field of a binding that lists bytes at the channel, as ``SHA256=LOCATION``."""


class Reporter(Protocol):
    """Who follows a run: a progress display, or nobody."""

    def started(self, account: str, items: int) -> None:
        """A lane begins with so many items to work on."""

    def sized(self, account: str, name: str, size: int) -> None:
        """A file of ``size`` bytes is about to be sent."""

    def sent(self, account: str, name: str, count: int) -> None:
        """``count`` more bytes of a file are over."""

    def finished(self, account: str, item: str, done: Done) -> None:
        """One item ended."""

    def note(self, account: str, text: str) -> None:
        """Something that a person may want to read at once."""


class Silent:
    """Follows nothing."""

    def started(self, account: str, items: int) -> None: ...

    def sized(self, account: str, name: str, size: int) -> None: ...

    def sent(self, account: str, name: str, count: int) -> None: ...

    def finished(self, account: str, item: str, done: Done) -> None: ...

    def note(self, account: str, text: str) -> None: ...


@dataclass(frozen=True)
class Desk:
    """Everything that the lanes of one run share."""

    plan: Plan
    run: int
    ledger: Ledger
    studio: Studio
    door: Door
    reporter: Reporter
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when the person asks to stop: transfers break off before their point of no return."""


class Holdings:
    """What an account holds for us: SHA-256 of bytes -> where they lie there. Shared by a lane's workers."""

    def __init__(self, desk: Desk, account: str) -> None:
        self._desk = desk
        self._account = account
        self._guard = threading.Lock()
        self._places: dict[str, str] | None = None

    def place(self, sha256: str) -> str | None:
        """Where the bytes lie, as the ledger knows it."""
        with self._guard:
            if self._places is None:
                self._places = {}
                for binding in self._desk.ledger.bound_by_key(self._account):
                    self._add(binding.fields)
            return self._places.get(sha256)

    def note(self, remote: Remote) -> None:
        """A write told where its bytes lie."""
        with self._guard:
            if self._places is not None:
                self._add(remote.fields)

    def _add(self, fields: Mapping[str, FieldValue]) -> None:
        held = fields.get(HELD)
        for line in held if isinstance(held, tuple) else ():
            sha256, _, place = line.partition("=")
            assert self._places is not None
            self._places[sha256] = place


class Worker:
    """One connection of a lane. Not shared between threads."""

    def __init__(self, desk: Desk, account: Account, holdings: Holdings | None = None) -> None:
        self._desk = desk
        self._account = account
        self.holdings = holdings if holdings is not None else Holdings(desk, account.name)
        self._session: Session | None = None
        self._intents: tuple[Intent, ...] = ()
        self._began: dict[str, str | None] = {}

    def open(self) -> Session:
        """The session, made on first use. Raises what opening it raises."""
        if self._session is None:
            context = self._desk.door.context(
                self._account,
                progress=self._progress,
                sending=self._sending,
                began=lambda name: self._began.get(name),
                held=self.holdings.place,
                bound=self._bound,
            )
            self._session = self._account.channel.session(context)
        return self._session

    def drop(self) -> None:
        """Close the session; the next ``open`` makes a new one."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def recall(self, files: Sequence[File]) -> None:
        """Look up what earlier attempts of ours began to send under these names."""
        ledger, account = self._desk.ledger, self._account.name
        self._began = {f.name: ledger.last_sent(account, f.name) for f in files}

    def hold(self, *intents: Intent) -> None:
        """The intents that the next write belongs to; none when it is over."""
        self._intents = intents

    def _sending(self) -> None:
        if not self._intents:
            raise RuntimeError("a write reached its point of no return without an intent")
        now = self._desk.door.clock.now()
        if len(self._intents) == 1:
            self._desk.ledger.sending(self._intents[0].id, now)
            return
        with self._desk.ledger.together(self._account.name):
            for intent in self._intents:
                self._desk.ledger.sending(intent.id, now)

    def _bound(self) -> Iterator[Remote]:
        for each in self._desk.ledger.bound_by_key(self._account.name):
            yield Remote(each.remote_id, each.key, each.status, each.url, each.fields)

    def _progress(self, name: str, count: int) -> None:
        if self._desk.stop.is_set():
            raise Transient("stopped on request before the file was whole")
        self._desk.reporter.sent(self._account.name, name, count)
