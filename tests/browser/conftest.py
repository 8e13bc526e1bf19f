"""A real Chromium and a small site: what the tests of the browser channels share.

Sessions of one file that are opened alike are one session, so that not every test pays for a browser of its own.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from channels.browser.session import BrowserSession
from channels.browser.settings import BrowserSettings
from publisher.channel import Context
from publisher.discovery import load_row
from publisher.listing import Declaration, File, Listing, Remote, Staged
from tests.browser.replica_fixtures import _stages, staged
from tests.browser.shop_site import Shop, profile

__all__ = ["_stages", "staged"]

NOW = dt.datetime(2026, 11, 26, 12, 0, tzinfo=dt.UTC)
PICTURE = bytes(range(256)) * 40


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("chromium") is None:
        for item in items:
            if "shop" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason="there is no Chromium on this machine"))


@pytest.fixture(scope="session")
def site() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.stop()


@pytest.fixture
def shop(site: Shop) -> Iterator[Shop]:
    site.clear()
    yield site
    site.clear()


class Opener:
    """Opens sessions on the shop. ``sent`` are the site's submits at each point of no return."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop = shop
        self.folder = folder
        self.sent: list[int] = []
        self.bound: list[Remote] = []
        self._open: list[tuple[object, BrowserSession]] = []

    def __call__(
        self, *, changes: dict[str, str] | None = None, fresh: bool = False, **options: Any
    ) -> BrowserSession:
        """A session; one that was opened alike before is used again unless it must be ``fresh``."""
        self.sent.clear()
        self.bound.clear()
        wanted = (sorted((changes or {}).items()), sorted(options.items(), key=str))
        for known, session in self._open:
            if known == wanted and not fresh:
                session._stopped, session._asked_newest = None, False
                return session
        self.close()
        session = BrowserSession(self.context(changes or {}, **options))
        self._open.append((wanted, session))
        return session

    def context(self, changes: dict[str, str], **options: Any) -> Context:
        """The context of one more session on the same state."""
        place = self.folder / "channels" / "browser"
        place.mkdir(parents=True, exist_ok=True)
        text = profile(self.shop, replace=changes)
        (place / "shop.profile.yaml").write_text(text, encoding="utf-8")
        known = {
            k: options.pop(k) for k in ("headless", "person_seconds", "executable") if k in options
        }
        given = {"profile": "shop", "unattended": True, "terms_acknowledged": "2026-11-20"}
        given |= options
        return Context(
            account="shop-one",
            row=load_row("redbubble"),
            settings=BrowserSettings(**{"headless": True, "person_seconds": 3.0, **known}),
            release="r",
            project=self.folder,
            outbox=self.folder / "outbox",
            now=lambda: NOW,
            render=lambda name, variables: f"{name} {variables['item']}",
            sending=lambda: self.sent.append(self.shop.submits),
            options={k: v for k, v in given.items() if v is not None},
            bound=lambda: iter(self.bound),
            state=self.folder / "state",
        )

    def close(self) -> None:
        """Close every session."""
        while self._open:
            self._open.pop()[1].close()


@pytest.fixture(scope="module", autouse=True)
def _no_browser_left() -> Iterator[None]:
    """A browser that a file leaves open in this thread is the next file's failure: Playwright runs once a thread."""
    yield
    assert asyncio._get_running_loop() is None, "a test of this file left its browser open"


@pytest.fixture(scope="module")
def _opener(site: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opener]:
    opener = Opener(site, tmp_path_factory.mktemp("project"))
    yield opener
    opener.close()


@pytest.fixture
def opened(shop: Shop, _opener: Opener) -> Opener:
    shutil.rmtree(_opener.folder / "outbox", ignore_errors=True)
    return _opener


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    path = tmp_path_factory.mktemp("files") / "glass 001 %41 #ü.jpg"
    path.write_bytes(PICTURE)
    return Staged(File("image", path.name, path, len(PICTURE), "ab" * 32))


Make = Callable[..., Listing]


def work(title: str = "Frozen glass dunes", *, ai: bool = True, **fields: Any) -> Listing:
    """A listing of one picture."""
    declared = (Declaration("ai-generated", "field", "true"),) if ai else ()
    given: dict[str, Any] = {
        "title": title,
        "description": "Dunes of glass\nin low sun",
        "keywords": ("glass", "blue ice", "dunes"),
        "mature": False,
        **fields,
    }
    return Listing("glass-001", "shop-one", title, given, declarations=declared)


def some(cases: Iterable[str], *ordinary: str) -> list[Any]:
    """All cases, of which only these run every time."""
    marks = {c: () if c in ordinary else (pytest.mark.rare,) for c in cases}
    return [pytest.param(c, marks=m) for c, m in marks.items()]
