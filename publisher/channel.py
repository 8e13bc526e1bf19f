"""The contract between the core and the adapters: a pure Channel, an effectful Session, and a Sandbox.

An adapter never sleeps, retries, reads the environment or opens the ledger. Everything it may use comes in
its Context. Planning hands out a session that can only read (``publisher.readonly``).
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, NoReturn, Self

from pydantic_settings import BaseSettings, SettingsConfigDict

from publisher.errors import PublisherError, Unsupported
from publisher.examined import Examined
from publisher.listing import (
    UNPROVED,
    Change,
    Copy,
    File,
    Finding,
    Health,
    Listing,
    Missing,
    Receipt,
    Remote,
    Staged,
    Status,
)
from publisher.manifest.item import Item
from publisher.manifest.model import Offer
from publisher.row import Pace, Row, Verb


class ChannelSettings(BaseSettings):
    """Credentials and addresses of one account. Every field has a description; secrets are SecretStr.

    The environment variable is the account's name in capitals, dashes as underscores, then the field.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True)


Progress = Callable[[str, int], None]
"""Called with a file name and the bytes that were sent since the last call (negative when a resume restarts)."""


@dataclass(frozen=True)
class Context:
    """All that a session may use.

    ``sending`` marks the point of no return of the current write: a session that sets
    ``announces_sending`` calls it once, durably, just before the bytes or the request that make the write
    final. An attempt that died before it certainly wrote nothing.
    """

    account: str
    row: Row
    settings: Any
    release: str
    project: Path
    outbox: Path
    """Folder where the account may leave files for a person; made on first use."""
    now: Callable[[], dt.datetime]
    render: Callable[[str, Mapping[str, Any]], str]
    """Render a template of the project by name, escaped by the template's kind."""
    progress: Progress = lambda _name, _count: None
    sending: Callable[[], None] = lambda: None
    began: Callable[[str], str | None] = lambda _name: None
    """SHA-256 of the bytes that an earlier attempt of ours began to send under a name, else None.

    None for a name that exists there means that the file is not ours: it must not be touched.
    """
    options: Mapping[str, Any] = field(default_factory=dict)
    """The account's options from publisher.toml, such as ``csv_dialect``."""
    held: Callable[[str], str | None] = lambda _sha256: None
    """Where the channel holds the bytes with this SHA-256 for us (``remote.held``), as the ledger knows it."""
    bound: Callable[[], Iterator[Remote]] = lambda: iter(())
    """Everything that the ledger has bound for this account, by key in order, one at a time."""
    state: Path = Path(".publisher")
    """Folder of the project for what an account keeps on this machine, such as a browser's profile."""
    digital_source_type: Callable[[bytes], str] = lambda _data: ""
    """The IPTC digital source type that a picture's XMP states; "" when it states none or cannot be read."""
    wait: Callable[[float], None] = lambda _seconds: None
    """Let so many seconds pass on the run's clock, for work that the channel does by itself (polling)."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a batch: CREATE, UPDATE or WITHDRAW. A withdrawal has no listing, a creation no remote."""

    verb: Verb
    key: str
    listing: Listing | None = None
    staged: tuple[Staged, ...] = ()
    remote: Remote | None = None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Wrote:
    """The channel's answer to one write of a batch: a receipt, or the error that ended this write alone."""

    key: str
    receipt: Receipt | None = None
    error: PublisherError | None = None


@dataclass(frozen=True, slots=True)
class Replaced:
    """Bytes at the channel that an update of ``key`` put out of use at ``at``, and the address they had."""

    key: str
    location: str
    url: str
    at: dt.datetime


class Session(ABC):
    """The effectful half, one per account and thread. A context manager; closing never raises."""

    announces_sending: ClassVar[bool] = False
    """True when every write calls ``context.sending()`` at its point of no return."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027  (most sessions hold nothing)
        """Release connections. Safe to call twice."""

    @abstractmethod
    def check(self) -> Health:
        """Log in and look round; writes nothing. Raises AuthFailed, NeedsHuman, Transient."""

    def find(self, key: str, files: Sequence[File] = ()) -> Remote | None:
        """Look for our natural key. None means not there now (the row says whether that is proof).

        ``files`` are the files of the write in question, so that a partial upload is told from a whole
        one: a remote that is there but incomplete has the status PARTIAL and may be written again.
        """
        self._unsupported(Verb.FIND)

    def missing(self, key: str, files: Sequence[File] = ()) -> Missing:
        """What it proves that ``find`` found nothing, where a row's absence is ``examined``; raises like a read."""
        return UNPROVED

    def list(self) -> Iterator[Sequence[Remote]]:
        """Pages of everything there. Complete, or it raises."""
        self._unsupported(Verb.LIST)

    def find_many(self, keys: Sequence[str]) -> Mapping[str, Remote]:
        """``find`` for many keys at once; a key that is not there is left out. Complete, or it raises."""
        found = ((key, self.find(key)) for key in keys)
        return {key: remote for key, remote in found if remote is not None}

    def status(self, remote: Remote) -> Status:
        """Where the item is in its life there."""
        self._unsupported(Verb.STATUS)

    def picture(self, remote: Remote) -> bytes | None:
        """The bytes of ``remote.picture``, at most 32 MB; None when there is none."""
        return None

    def link(self, remote: Remote, seconds: int) -> str:
        """An address for one customer that ends by itself. Raises Rejected for a life that cannot be."""
        raise Unsupported(f"{self.context.row.title} has no links that end by themselves")

    def replaced(self) -> Iterator[Replaced]:
        """What updates of ours put out of use and what still lies there, for those who have its address."""
        return iter(())

    def drop(self, what: Replaced) -> None:
        """Take away what is out of use. Of something gone, or in use again, a no-op; safe to repeat."""
        raise Unsupported(f"{self.context.row.title} keeps nothing that is out of use")

    def stage(self, file: File) -> Staged:
        """Bring bytes over so that ``create`` is one small step. Idempotent, resumable, retriable."""
        return Staged(file)

    @abstractmethod
    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Make the listing. Called once per intent.

        Raises Rejected (said no), Transient (certainly did not land), OutcomeUnknown (cannot tell).
        """

    def update(
        self, remote: Remote, listing: Listing, changes: Sequence[Change], staged: Sequence[Staged]
    ) -> Receipt:
        """Change only the named fields."""
        self._unsupported(Verb.UPDATE)

    def withdraw(self, remote: Remote) -> Receipt:
        """Take it off. Withdrawing what is gone is a no-op."""
        self._unsupported(Verb.WITHDRAW)

    def submit(self, batch: Sequence[tuple[Listing, Remote]], digest: str) -> Receipt:
        """The batch step after the creates: CSV, send for review. Called once per ``digest``."""
        self._unsupported(Verb.SUBMIT)

    def sign_in(self) -> Health:
        """Let the person sign in and keep the session. Blocks until that is done or the time is over."""
        raise Unsupported(f"{self.context.row.title} has no sign-in: its credentials are settings")

    def examine(self) -> Examined:
        """Look part by part whether the remote side is as we take it to be. Writes nothing there."""
        raise Unsupported(f"{self.context.row.title} has nothing to examine beyond its check")

    def write_many(self, writes: Sequence[Write]) -> Iterator[Wrote]:
        """Several writes in one go, for rows with a ``[batch]``. Called once per batch of intents.

        Yields one answer per write, in any order, each as soon as it is certain. Raises before the first
        answer Transient or Throttled (certainly none landed) or OutcomeUnknown (nobody can tell of any);
        a write without an answer is unknown. ``context.sending()`` stands for all writes of the batch.
        """
        raise Unsupported(f"{self.context.row.title} takes one write at a time")

    def _unsupported(self, verb: Verb) -> NoReturn:
        raise Unsupported(
            self.context.row.cannot.get(
                verb, f"{self.context.row.title} has no way to {verb.value}"
            )
        )


class Channel(ABC):
    """The pure half: cheap, no credentials, no I/O. One class per folder, always called ``Adapter``."""

    Settings: ClassVar[type[ChannelSettings]]
    """Fields that every account of this adapter has; see ``settings_for`` for row defaults."""

    SessionType: ClassVar[type[Session]]
    """The session class, so that discovery can compare the row's verbs with the code."""

    def __init__(self, row: Row) -> None:
        self.row = row

    def settings_type(self) -> type[ChannelSettings]:
        """The settings class of this row; defaults such as the host come from the row."""
        return self.Settings

    @abstractmethod
    def to_listing(self, item: Item, offer: Offer | None, copy: Copy) -> Listing:
        """The item in this channel's words. Deterministic; drops nothing without a Finding."""

    def validate(self, listing: Listing) -> list[Finding]:
        """Only what row data cannot express."""
        return []

    def forecast(self, writes: Sequence[Write]) -> str:
        """What carrying out these writes takes there, in one sentence (points, requests, minutes, days).

        ``staged`` of the writes is empty: nothing is made yet. Empty when there is nothing to say.
        """
        return ""

    def pace(self, settings: ChannelSettings) -> Pace:
        """The pace that an account with these settings keeps; the row's, unless they lead to a stand-in."""
        return self.row.pace

    @abstractmethod
    def session(self, context: Context) -> Session:
        """The single door to effects. Opens nothing yet."""


@dataclass(frozen=True, slots=True)
class Landed:
    """One row of a sandbox's ledger of truth: a file or listing that the remote side took in.

    ``count`` is how often it was taken in; anything but 1 is a duplicate. Where ``fields`` of the row of a file
    hold ``title``, ``description`` or ``keywords``, they are what was said there under these names of a listing,
    and ``declares`` names what was declared outside the file: a rehearsal holds them against the ledger.
    """

    key: str
    sha256: str
    size: int
    count: int = 1
    fields: Mapping[str, Any] = field(default_factory=dict)


class Sandbox(ABC):
    """A small but real remote world on loopback with a ledger of truth of its own. One per account.

    Module ``sandbox`` of an adapter's folder exports it as ``AdapterSandbox``.
    """

    def __init__(self, row: Row, account: str, folder: Path) -> None:
        self.row = row
        self.account = account
        self.folder = folder

    @abstractmethod
    def start(self) -> Mapping[str, str]:
        """Start listening on 127.0.0.1 and return setting field -> value (plain strings, upper case names)."""

    @abstractmethod
    def stop(self) -> None:
        """Stop listening. Safe to call twice."""

    @abstractmethod
    def landed(self) -> Sequence[Landed]:
        """Everything the remote side took in, whole or not, from its own books."""

    def cut_short(self) -> Sequence[Landed]:
        """What came without a proper end of its upload, with the bytes that are there."""
        return ()

    def fault(self, name: str, **options: Any) -> None:
        """Switch a named fault on. Raises ValueError for a fault this sandbox does not have."""
        raise ValueError(f"{type(self).__name__} has no fault {name!r}")

    def clear_faults(self) -> None:  # noqa: B027  (a sandbox may have no faults)
        """Switch all faults off."""

    def rehearsing(self, settings: ChannelSettings) -> tuple[Mapping[str, str], str]:
        """Further settings for a rehearsal, and what this machine lacks to serve the account and what helps.

        Where something is lacking the settings have packs made for a person instead.
        """
        return {}, ""

    faults: ClassVar[tuple[str, ...]] = ()
    """Names that ``fault`` takes."""
