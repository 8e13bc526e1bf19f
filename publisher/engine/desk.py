"""What every lane of a run shares, and the connection that a worker of a lane holds.

A worker is the only place where a session meets the ledger: it hands the session the hooks for the point
of no return and for what we began to send before.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from publisher.channel import Session
from publisher.errors import Transient
from publisher.ledger.records import Intent
from publisher.listing import File
from publisher.observe import Account, Door
from publisher.plan import Done, Plan

if TYPE_CHECKING:
    from publisher.ledger.store import Ledger
    from publisher.media.studio import Studio


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


class Worker:
    """One connection of a lane. Not shared between threads."""

    def __init__(self, desk: Desk, account: Account) -> None:
        self._desk = desk
        self._account = account
        self._session: Session | None = None
        self._intent: Intent | None = None
        self._began: dict[str, str | None] = {}

    def open(self) -> Session:
        """The session, made on first use. Raises what opening it raises."""
        if self._session is None:
            context = self._desk.door.context(
                self._account,
                progress=self._progress,
                sending=self._sending,
                began=lambda name: self._began.get(name),
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

    def hold(self, intent: Intent | None) -> None:
        """The intent that the next write belongs to."""
        self._intent = intent

    def _sending(self) -> None:
        if self._intent is None:
            raise RuntimeError("a write reached its point of no return without an intent")
        self._desk.ledger.sending(self._intent.id, self._desk.door.clock.now())

    def _progress(self, name: str, count: int) -> None:
        if self._desk.stop.is_set():
            raise Transient("stopped on request before the file was whole")
        self._desk.reporter.sent(self._account.name, name, count)
