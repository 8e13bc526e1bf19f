"""One account in front of a replica: sessions on a browser that is shared where they are opened alike."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from channels.browser.replicas.ledger import Work
from channels.browser.sandbox import AdapterSandbox
from channels.browser.session import BrowserSession
from channels.browser.settings import BrowserSettings
from publisher.channel import Context, Examined
from publisher.discovery import load_row
from publisher.listing import Declaration, File, Health, Listing, Receipt, Remote, Staged


class Seat:
    """A session in a thread of its own: a browser belongs to the thread that opened it."""

    def __init__(self, context: Context) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self.session = BrowserSession(context)

    def do(self, action: Callable[[BrowserSession], Any]) -> Any:
        return self._thread.submit(action, self.session).result(timeout=120)

    def check(self) -> Health:
        return self.do(lambda s: s.check())

    def create(self, listing: Listing, staged: list[Staged], key: str) -> Receipt:
        return self.do(lambda s: s.create(listing, staged, key))

    def find(self, key: str) -> Remote | None:
        return self.do(lambda s: s.find(key))

    def list(self) -> Any:
        return self.do(lambda s: [r for page in s.list() for r in page])

    def examine(self) -> Examined:
        return self.do(lambda s: s.examine())

    def screenshot(self, path: Path) -> None:
        """The page as it is."""
        self.do(lambda s: s.watcher().stage.page.screenshot(path=str(path), full_page=True))

    def close(self) -> None:
        self.do(lambda s: s.close())
        self._thread.shutdown()


class Stage:
    """A replica and its seller."""

    def __init__(self, row: str, folder: Path) -> None:
        self.row = load_row(row)
        self.folder = folder
        (folder / "sandbox").mkdir(parents=True)
        self.sandbox = AdapterSandbox(self.row, row, folder / "sandbox")
        self.given = dict(self.sandbox.start())
        self.sent = 0
        self.bound: list[Remote] = []
        self._open: Seat | None = None
        self._numbers = 0

    def stop(self) -> None:
        self.close()
        self.sandbox.stop()

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def calm(self) -> None:
        """As it was in the beginning, but for the books."""
        self.sandbox.clear_faults()
        self.bound.clear()
        self.sent = 0

    def session(self, *, fresh: bool = False) -> Seat:
        """The account's session; one browser for all tests unless it must be fresh."""
        if fresh:
            self.close()
        if self._open is None:
            self._open = Seat(self.context())
        session = self._open.session
        session._stopped, session._asked_newest = None, False
        return self._open

    def context(self, **settings: Any) -> Context:
        given: dict[str, Any] = {k.lower(): v for k, v in self.given.items()}
        return Context(
            account=self.row.name,
            row=self.row,
            settings=BrowserSettings(**{**given, "proof_seconds": 3.0, **settings}),
            release="r",
            project=self.folder,
            outbox=self.folder / "outbox",
            now=lambda: dt.datetime.now(dt.UTC),
            render=lambda name, variables: f"{name} {variables['item']}",
            sending=self._sending,
            options={"fallback": "stop"},
            bound=lambda: iter(self.bound),
            state=self.folder / "state",
        )

    def _sending(self) -> None:
        self.sent += 1

    def work(self, title: str = "", name: str = "", **fields: Any) -> tuple[Listing, Staged]:
        """A listing that nothing else here is like, and its picture."""
        self._numbers += 1
        name = name or f"glass_{self._numbers:03d}.jpg"
        path = self.folder / name
        data = bytes(range(256)) * 40 + name.encode()
        path.write_bytes(data)
        file = File("image", name, path, len(data), hashlib.sha256(data).hexdigest())
        title = title or f"Frozen glass dunes {self._numbers}"
        given: dict[str, Any] = {
            "title": title,
            "description": "Dunes of glass\nin low sun",
            "keywords": ("glass", "blue ice", "dunes"),
            "mature": False,
            **fields,
        }
        key = name if self.row.name == "stock-portal" else title
        declared = (Declaration("ai-generated", "field", "true"),) if given.pop("made", 0) else ()
        return Listing(name, self.row.name, key, given, declarations=declared), Staged(file)

    def create(self, title: str = "", session: Seat | None = None, **f: Any) -> Receipt:
        """Publish one work."""
        listing, staged = self.work(title, **f)
        return (session or self.session()).create(listing, [staged], listing.key)

    def works(self, title: str = "") -> list[Work]:
        """The replica's own works."""
        return [w for w in self.sandbox.site.books.works.values() if not title or w.title == title]

    def overlay(self, text: Mapping[str, Any] | None) -> None:
        """The user's own changes of the profile; None takes them away."""
        place = self.folder / "channels" / "browser" / f"{self.row.name}.profile.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            place.unlink(missing_ok=True)
        else:
            place.write_text(json.dumps(text), encoding="utf-8")
