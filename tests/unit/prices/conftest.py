"""A bucket on loopback for the tests of this folder, and a shop that is published there before each of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
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


@pytest.fixture
def shop(bucket: AdapterSandbox, tmp_path: Path) -> Iterator[Shop]:
    from pricing_shop import Shop

    bucket.stop()
    place = dict(bucket.start())
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as ledger:
        made = Shop(tmp_path, ledger, place)
        ws = made.workspace
        result = made.carry_out(made.whole(ws), "push")
        assert result.exit_code == 0, result.problems
        yield made
