"""A bucket on loopback for the tests of this folder, and a shop that is published there before each of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from publisher.discovery import load_row
from publisher.ledger.store import Ledger

sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from pricing_shop import Shop

    from channels.bundles.sandbox import AdapterSandbox


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdapterSandbox]:
    pytest.importorskip("moto", reason="the sandbox of S3 needs the extra 'sandbox'")
    from channels.bundles.sandbox import AdapterSandbox

    box = AdapterSandbox(load_row("bundles"), "bundles", tmp_path_factory.mktemp("bucket") / "s3")
    yield box
    box.stop()


@contextmanager
def published(bucket: AdapterSandbox, folder: Path) -> Iterator[Shop]:
    from pricing_shop import Shop

    bucket.stop()
    place = dict(bucket.start())
    with Ledger.open(folder / "state" / "ledger.sqlite") as ledger:
        made = Shop(folder, ledger, place)
        ws = made.workspace
        result = made.carry_out(made.whole(ws), "push")
        assert result.exit_code == 0, result.problems
        yield made


@pytest.fixture
def shop(bucket: AdapterSandbox, tmp_path: Path) -> Iterator[Shop]:
    """A shop of the test's own."""
    with published(bucket, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def once(bucket: AdapterSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with published(bucket, tmp_path_factory.mktemp("once")) as made:
        yield made


@pytest.fixture
def planned(once: Shop) -> Shop:
    """A shop for tests that only plan: nothing may be written to it."""
    once.as_published()
    return once
