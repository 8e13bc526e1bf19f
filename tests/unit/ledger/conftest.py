"""A ledger in a file of its own, and short ways to write into it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from publisher.ledger import Intent, Ledger, SentFile
from publisher.row import Verb

NOON = dt.datetime(2026, 11, 20, 12, 0, 0, 123457, tzinfo=dt.UTC)

Opener = Callable[..., Intent]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "project" / "ledger.db"


@pytest.fixture
def ledger(place: Path) -> Iterator[Ledger]:
    with Ledger.open(place) as opened:
        yield opened


@pytest.fixture
def noon() -> dt.datetime:
    return NOON


@pytest.fixture
def intend(ledger: Ledger) -> Opener:
    """Open an intent with sensible defaults."""

    def call(item: str = "glass-001", verb: Verb = Verb.CREATE, **more: object) -> Intent:
        given: dict[str, object] = {
            "run": 1,
            "account": "stock",
            "item": item,
            "verb": verb,
            "key": f"{item}.jpg",
            "fields": {"title": "Dunes", "keywords": ("a", "b"), "ai": True, "category": 8},
            "files": [SentFile(f"{item}.jpg", "ab" * 32, 1234)] if verb is Verb.CREATE else [],
            "tags": ("week",),
            "release": "winter",
            "at": NOON,
        }
        return ledger.open_intent(**{**given, **more})  # type: ignore[arg-type]

    return call
