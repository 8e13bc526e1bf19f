"""A real Chromium and a small site: what the tests of the browser channels share."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from channels.browser.session import BrowserSession
from channels.browser.settings import BrowserSettings
from publisher.channel import Context
from publisher.discovery import load_row
from publisher.listing import Declaration, File, Listing, Staged
from tests.browser.shop_site import Shop, profile

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


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


Opener = Callable[..., BrowserSession]


@pytest.fixture
def opened(shop: Shop, tmp_path: Path) -> Iterator[Opener]:
    """Opens sessions on the shop; they are closed at the end."""
    sessions: list[BrowserSession] = []
    folder = tmp_path / "channels" / "browser"
    folder.mkdir(parents=True)

    def open_session(*, changes: dict[str, str] | None = None, **options: Any) -> BrowserSession:
        text = profile(shop, replace=changes or {})
        (folder / "shop.profile.yaml").write_text(text, encoding="utf-8")
        settings = BrowserSettings(headless=True, person_seconds=options.pop("person_seconds", 3.0))
        sent: list[int] = []
        given = {
            "profile": "shop",
            "unattended": True,
            "terms_acknowledged": "2026-11-20",
            **options,
        }
        context = Context(
            account="shop-one",
            row=load_row("redbubble"),
            settings=settings,
            release="r",
            project=tmp_path,
            outbox=tmp_path / "outbox",
            now=lambda: NOW,
            render=lambda name, variables: f"{name} {variables['item']}",
            sending=lambda: sent.append(shop.submits),
            options={k: v for k, v in given.items() if v is not None},
            state=tmp_path / "state",
        )
        session = BrowserSession(context)
        session.sent = sent  # type: ignore[attr-defined]
        sessions.append(session)
        return session

    yield open_session
    for session in sessions:
        session.close()


@pytest.fixture
def picture(tmp_path: Path) -> Staged:
    path = tmp_path / "glass 001 %41 ü.jpg"
    path.write_bytes(PICTURE)
    return Staged(File("image", path.name, path, len(PICTURE), "ab" * 32))


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
