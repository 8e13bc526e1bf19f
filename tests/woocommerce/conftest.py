"""A shop on loopback, requests to it without the adapter, and the adapter's own session on it."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shopfront import ROW, Shopfront

from channels.woocommerce.sandbox import AdapterSandbox

# What whole runs share with the conformance levels: the process whose children are killed.
sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))

NOW = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(params=["http", "https"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shopfront]:
    """The shop, once with signed requests over http and once with Basic over https."""
    yield from _opened(tmp_path, tls=request.param == "https")


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Shopfront]:
    """The shop over plain http."""
    yield from _opened(tmp_path, tls=False)


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Shopfront]:
    """The shop over https."""
    yield from _opened(tmp_path, tls=True)


def _opened(folder: Path, *, tls: bool) -> Iterator[Shopfront]:
    place = folder / "shop"
    place.mkdir()
    box = AdapterSandbox(ROW, "shop", place, tls=tls)
    front = Shopfront(box, folder, dict(box.start()), NOW)
    try:
        yield front
    finally:
        front.close()
        box.stop()


@pytest.fixture
def asked(front: Shopfront) -> Callable[..., tuple[int, Any]]:
    """One plain request to the shop, past the adapter."""
    return front.asked
