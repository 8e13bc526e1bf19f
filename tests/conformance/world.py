"""One channel with everything that a release needs around it, and the remote side's own books to judge by.

The project is generated once; a world adds one account of the row under test, an innocent neighbour, the row's
sandbox behind a cutting proxy, a ledger and a clock of its own. Nothing in here names a channel.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import urlsplit

from clock import VirtualClock
from handmade import HandmadeStudio
from proxy import CuttingProxy

from publisher.audit_books import WORDS
from publisher.channel import Channel, Landed, Sandbox, Session
from publisher.compose import compose
from publisher.discovery import sandbox_type
from publisher.engine.desk import Reporter, Silent
from publisher.guards import Guard
from publisher.ledger.store import Ledger
from publisher.listing import REMOTE, FieldValue, File, Listing, Remote, Staged, Status
from publisher.manifest.item import Item
from publisher.manifest.model import Waiver
from publisher.observe import Account, Door
from publisher.outcome import Outcome, PushResult
from publisher.pipeline import make_plan, push
from publisher.plan import Plan
from publisher.policy import judge
from publisher.render import renderer
from publisher.row import Row, Verb
from publisher.standing import resolve_pair
from publisher.workspace import Workspace

NEIGHBOUR = "neighbour"
SETTLED = 3 * 24 * 3600
"""Seconds after which every channel can tell what became of a write."""
SOURCE = "source"
"""The account that followers follow: nothing is sent there, the ledger just knows everything to be live."""


@dataclass
class Watcher(Silent):
    """A reporter that calls back when an item of the account under test ended."""

    account: str
    on_finished: Callable[[str], None]

    def finished(self, account: str, item: str, done: object) -> None:
        """One item ended."""
        if account == self.account:
            self.on_finished(item)


@dataclass
class Told:
    """What the hooks of one session were told, and what its account began to send before."""

    sending: int = 0
    sent: int = 0
    began: dict[str, str] = field(default_factory=dict)


class OneAtATime:
    """A session that has the account's browser for each call: whoever had it before hands it over."""

    def __init__(self, inner: Session, others: list[Session]) -> None:
        self.inner = inner
        self._others = others

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.inner.close()

    def __getattr__(self, name: str) -> Any:
        for other in self._others:
            if other is not self and name != "close" and isinstance(other, OneAtATime):
                other.inner.close()
        return getattr(self.inner, name)


class World:
    """A context manager: the sandbox listens inside of it."""

    def __init__(
        self, ws: Workspace, name: str, folder: Path, clock: VirtualClock, blank_ledger: Path
    ) -> None:
        self.account = next(a for a in ws.accounts if a.name == name)
        self.neighbour = next(a for a in ws.accounts if a.name == NEIGHBOUR)
        self.folder = folder
        self.clock = clock
        self.studio: Any = HandmadeStudio(folder / "handmade")
        self.everything = ws
        self.ws = replace(ws, accounts=(self.account, self.neighbour), items=self.items(3, ws))
        self.told = Told()
        self.sandbox: Sandbox | None = None
        self.proxy: CuttingProxy | None = None
        self.settings: dict[str, str] = {}
        self._ledger_file = folder / "state" / "ledger.sqlite"
        self._ledger_file.parent.mkdir(parents=True)
        shutil.copy(blank_ledger, self._ledger_file)
        self.ledger = Ledger.open(self._ledger_file)
        self._sessions: list[Session] = []

    @property
    def row(self) -> Row:
        """The row under test."""
        return self.account.row

    @property
    def channel(self) -> Channel:
        """The pure half under test."""
        return self.account.channel

    @property
    def name(self) -> str:
        """The account under test."""
        return self.account.name

    def __enter__(self) -> Self:
        kind = sandbox_type(self.row)
        if kind is not None:
            place = self.folder / "sandbox"
            place.mkdir(parents=True)
            self.sandbox = kind(self.row, self.name, place)
            terms: Any = getattr(self.sandbox, "terms", None)
            if terms is not None:
                # What a shop rations by the second has tests of its own: time here moves by sleeps alone.
                terms.rate = terms.bucket = 1e9
            self.settings = dict(self.sandbox.start())
            self._step_between()
            for name in ("connect_timeout", "data_timeout", "proof_seconds"):
                if name in self.channel.settings_type().model_fields:
                    self.settings[name.upper()] = "5"
        self._new_door()
        return self

    def _new_door(self) -> None:
        overrides = {self.name: self.settings}
        self.door = Door(
            self.ws.folder,
            self.folder / "outbox",
            self.ws.release,
            self.clock,
            renderer(self.ws.folder),
            overrides,
            state=self.folder / "state",
        )

    def _step_between(self) -> None:
        behind: dict[int, CuttingProxy] = {}
        for name, value in self.settings.items():
            port = _port(name, value)
            if port is None:
                continue
            # Two addresses of one server have one line between them and us.
            if port not in behind:
                behind[port] = CuttingProxy(port)
            self.proxy = behind[port]
            self.settings[name] = value.replace(str(port), str(self.proxy.port))

    def __exit__(self, *_: object) -> None:
        for session in self._sessions:
            session.close()
        if self.proxy is not None:
            self.proxy.stop()
        if self.sandbox is not None:
            self.sandbox.stop()
        self.ledger.close()

    # Items and listings

    def items(
        self, count: int, ws: Workspace | None = None, *, made: str = "human"
    ) -> tuple[Item, ...]:
        """Up to ``count`` items that the row accepts, all of one provenance."""
        fitting = [
            i
            for i in (ws or self.everything).items
            if i.kind in self.row.accepts and {c.value for c in i.provenance_classes} == {made}
        ]
        return tuple(fitting[:count])

    def listing(self, item: Item, waivers: Sequence[Waiver] = ()) -> Listing:
        """The item as the account would list it, straight through policy, composition and the adapter."""
        day = self.clock.now().date()
        verdict = judge(item, self.row, day=day, account=self.name, waivers=waivers)
        copy = compose(item, self.row, self.name, verdict, self.account.options)
        if self.row.source != "none":
            copy = replace(copy, source=_live(item.id))
        offer = item.override(self.name).offer or item.offer
        return self.channel.to_listing(item, offer, copy)

    def listings(self, count: int) -> list[Listing]:
        """So many listings with ids, keys and files of their own."""
        (first,) = self.items(1)
        return [self.listing(renamed(first, f"n{number:03d}")) for number in range(count)]

    def files(self, listing: Listing) -> list[File]:
        """The listing's files, made."""
        return [self.studio.make(request) for request in listing.files]

    # Sessions

    def session(self) -> Session:
        """A new session of the account; closed with the world at the latest."""
        context = self.door.context(
            self.account,
            progress=self._progress,
            sending=self._sending,
            began=lambda name: self.told.began.get(name),
        )
        session = self.channel.session(context)
        if self.row.transport.kind == "browser":
            session = cast(Session, OneAtATime(session, self._sessions))
        self._sessions.append(session)
        return session

    def session_in(self) -> Session:
        """A new session that is logged in."""
        session = self.session()
        session.check()
        return session

    def _progress(self, _name: str, count: int) -> None:
        self.told.sent += count

    def _sending(self) -> None:
        self.told.sending += 1

    def create(self, session: Session, listing: Listing) -> Any:
        """Stage and create as the engine does: what this attempt began is known to the next one only."""
        files = self.files(listing)
        staged = [session.stage(f) if Verb.STAGE in self.row.can else Staged(f) for f in files]
        try:
            return session.create(listing, staged, listing.key)
        finally:
            self.told.began |= {f.name: f.sha256 for f in files}

    # Runs

    def offer_sources(self) -> None:
        """Have everything live at the account that this one follows, if it follows any."""
        if self.row.source == "none":
            return
        known = self.ledger.bindings(SOURCE)
        for item in self.ws.items:
            if (SOURCE, item.id) not in known:
                self.ledger.adopt(
                    run=0, account=SOURCE, item=item.id, key=item.id, remote=_live(item.id),
                    fields={}, release=self.ws.release, at=self.clock.now(),
                )  # fmt: skip

    def plan(self) -> Plan:
        """What a push would do now."""
        self.offer_sources()
        now = self.clock.now()
        return make_plan(self.ws, self.ledger, day=now.date(), now=now)

    def push(self, plan: Plan | None = None, reporter: Reporter | None = None) -> PushResult:
        """Carry a plan out, today's by default. No guard is in force: they have tests of their own."""
        for session in self._sessions:
            if isinstance(session, OneAtATime):
                session.inner.close()
        return push(
            plan or self.plan(),
            self.ws,
            ledger=self.ledger,
            studio=self.studio,
            door=self.door,
            reporter=reporter or Silent(),
            allowed=tuple(Guard),
            staged=True,
        )

    def reopen_ledger(self) -> None:
        """As the next process would find it."""
        self.ledger.close()
        self.ledger = Ledger.open(self._ledger_file)

    def reset_ledger(self, blank: Path) -> None:
        """Begin with a ledger that knows nothing: another seller, or this one after a lost disk."""
        self.ledger.close()
        shutil.copy(blank, self._ledger_file)
        self.ledger = Ledger.open(self._ledger_file)

    def ours(self, result: PushResult) -> list[Outcome]:
        """The outcomes of the account under test."""
        return [o for o in result.outcomes if o.planned.account == self.name]

    # The other side's books

    def landed(self) -> Sequence[Landed]:
        """Everything that the remote side took in; for a folder, what lies in the outbox."""
        if self.sandbox is not None:
            return self.sandbox.landed()
        found = []
        place = self.folder / "outbox" / self.name
        for path in sorted(p for p in place.rglob("*") if p.is_file()):
            data = path.read_bytes()
            found.append(Landed(path.name, hashlib.sha256(data).hexdigest(), len(data)))
        return found

    def goods(self) -> dict[str, tuple[str, int]]:
        """Pictures and archives there by name: checksum and how often they came. Words are left out,
        and so are listings, which are told by their fields.
        """
        words = (*WORDS, ".md")
        return {
            e.key.rpartition("/")[2]: (e.sha256, e.count)
            for e in self.landed()
            if not e.key.endswith(words) and not e.fields
        }

    def arrived(self, sent: Mapping[str, str]) -> dict[str, tuple[str, int]]:
        """The goods, and what of ``sent`` (name → checksum) is whole there although its close got lost.

        The books of a file server call such a file partial; byte for byte it is there, once.
        """
        goods = self.goods()
        disk = {p.rpartition("/")[2]: digest for p, digest in self.tree().items()}
        lost = {n: (s, 1) for n, s in sent.items() if n not in goods and disk.get(n) == s}
        return goods | lost

    def there(self, session: Session, listing: Listing) -> bool:
        """Whether it is there whole: by the session, or by the other side's books where no session can look."""
        files = self.files(listing)
        if Verb.FIND not in self.row.can:
            goods = self.goods()
            return all(goods.get(f.name, ("", 0))[0] == f.sha256 for f in files)
        found = session.find(listing.key, files)
        return found is not None and found.status is not Status.PARTIAL

    def person_looks(self) -> None:
        """Where no session can look, a person does, and says of each open write what the books say."""
        if Verb.FIND in self.row.can:
            return
        goods = self.goods()
        for intent in self.ledger.unsettled(self.name):
            there = all(goods.get(f.name, ("", 0))[0] == f.sha256 for f in intent.files)
            said = "published" if there else "absent"
            at = self.clock.now()
            resolve_pair(self.ws, self.ledger, intent.item, self.name, said, "", at)

    def tree(self) -> Mapping[str, str]:
        """Every file of the sandbox's disk and of the outbox with its checksum, to see that none changed."""
        roots = [self.folder / "sandbox", self.folder / "outbox"]
        files = [p for root in roots for p in root.rglob("*") if p.is_file()]
        return {
            p.relative_to(self.folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in files
        }

    def check_books(self) -> None:
        """What the ledger has bound is there once and whole, and nothing else of ours is."""
        bound = self.ledger.bindings(self.name).values()
        sent = {f.name: f.sha256 for b in bound for f in b.files}
        goods = self.arrived(sent)
        assert {n: s for n, (s, _) in goods.items()} == sent
        assert {n: c for n, (_, c) in goods.items() if c != 1} == {}


def _port(name: str, value: str) -> int | None:
    """The port of the sandbox that a setting names: by itself, in an address, or in a browser's resolver rules."""
    if name == "PORT":
        return int(value)
    mapped = re.search(r"\b127\.0\.0\.1:(\d+)", value)
    return urlsplit(value).port if "://" in value else int(mapped[1]) if mapped else None


def _live(item: str) -> Remote:
    return Remote(item, item, Status.LIVE, f"https://shop.example/{item}")


def managed(remote: Remote) -> dict[str, FieldValue]:
    """The fields that are ours to manage, without the channel's own facts."""
    return {name: value for name, value in remote.fields.items() if not name.startswith(REMOTE)}


def renamed(item: Item, name: str) -> Item:
    """The same item under another id, as one more of its kind."""
    source = item.asset if item.asset is not None else item.bundle
    assert source is not None
    # Where a list shows nothing but titles, works of one title are one work.
    title = f"{item.title.rpartition(', ')[0]}, {name}"
    copy: Any = source.model_copy(update={"id": name, "title": title})
    if item.asset is not None:
        return replace(item, id=name, title=title, asset=copy, members=(copy,))
    return replace(item, id=name, title=title, bundle=copy)


def reworded(item: Item, **words: Any) -> Item:
    """The same item with other words of its own."""
    source = item.asset if item.asset is not None else item.bundle
    assert source is not None
    copy: Any = source.model_copy(update=words)
    top = {k: v for k, v in words.items() if k in ("title", "description", "keywords")}
    if item.asset is not None:
        return replace(item, asset=copy, members=(copy,), **top)
    return replace(item, bundle=copy, **top)


def rowed(account: Account, **changes: Any) -> Account:
    """The account with another row, such as one with a slower pace."""
    row = account.row.model_copy(update=changes)
    return replace(account, channel=type(account.channel)(row))
