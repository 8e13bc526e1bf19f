"""Killed at any request, alone or in a batch: the next run ends settled, with everything there once and on sale."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from forked import forking
from shop_floor import Floor
from shop_killed import Order

HERE = Path(__file__).parent
ITEMS = 6
LAST = 60
"""More requests than a push of so many items makes."""

FloorOf = Callable[[int], Floor]


@pytest.fixture(scope="module")
def doomed() -> Iterator[subprocess.Popen[str]]:
    """The process whose children are killed."""
    with forking(HERE / "shop_killed.py", [HERE, HERE.parent / "conformance"]) as process:
        yield process


def _die(
    floor: Floor,
    doomed: subprocess.Popen[str],
    place: int,
    before: bool,
    least: int,
    word: str = "",
) -> bool:
    """One push that is killed; returns whether it lived to the place."""
    order = Order(
        project=str(floor.ws.folder),
        folder=str(floor.folder),
        items=[i.id for i in floor.ws.items],
        overrides=floor.settings,
        now=floor.clock.now().isoformat(),
        place=place,
        before=before,
        least=least,
        word=word,
    )
    floor.ledger.close()
    # The process to be killed has a clock of its own, so points are no matter here.
    floor.shop.terms.rate = floor.shop.terms.bucket = 1e9
    floor.shop.terms.clock = time.monotonic
    assert doomed.stdin is not None and doomed.stdout is not None
    doomed.stdin.write(json.dumps(asdict(order)) + "\n")
    doomed.stdin.flush()
    status = int(doomed.stdout.readline())
    assert status in (0, signal.SIGKILL), status
    floor.reopen_ledger()
    return status == signal.SIGKILL


def _recover(floor: Floor) -> None:
    floor.clock.sleep(3600)
    result = floor.push()
    assert not result.problems, result.problems
    assert all(o.error is None for o in result.outcomes), result.outcomes
    assert floor.ledger.unsettled() == []
    assert floor.plan().nothing_to_do, floor.plan().counts()
    floor.right()


def _sweep(floor_of: FloorOf, doomed: subprocess.Popen[str], places: list[int], least: int) -> int:
    killed = 0
    for place in places:
        for before in (True, False):
            floor = floor_of(ITEMS)
            if not _die(floor, doomed, place, before, least):
                floor.__exit__()
                return killed
            killed += 1
            floor.batches(least, 1000)
            _recover(floor)
            floor.__exit__()
    return killed


def test_killed_in_a_batch(floor_of: FloorOf, doomed: subprocess.Popen[str]) -> None:
    # The last requests of a batch of six: places, upload, start, looks, and the same for the sales channel.
    assert _sweep(floor_of, doomed, [18, 21, 24], least=1) >= 4


def test_killed_one_by_one(floor_of: FloorOf, doomed: subprocess.Popen[str]) -> None:
    assert _sweep(floor_of, doomed, [9, 12], least=1000) == 4


@pytest.mark.rare
@pytest.mark.parametrize("least", [1, 1000])
def test_killed_at_every_request(
    floor_of: FloorOf, doomed: subprocess.Popen[str], least: int
) -> None:
    killed = _sweep(floor_of, doomed, list(range(1, LAST)), least)
    assert 30 <= killed < 2 * LAST


@pytest.mark.rare
@pytest.mark.timeout(1800)
def test_ten_thousand_products_in_one_run_killed_and_finished(
    floor_of: FloorOf, doomed: subprocess.Popen[str]
) -> None:
    count = 10_000
    floor = floor_of(count)
    floor.batches(1, count)
    # Killed when the shop has taken the batch and works on it; the next run waits for it and goes on.
    assert _die(floor, doomed, 1, before=False, least=1, word="bulkOperationRunMutation")
    floor.clock.sleep(3600)
    result = floor.push()
    assert not result.problems and all(o.error is None for o in result.outcomes)
    assert floor.ledger.unsettled() == []
    products = floor.products().values()
    assert len(products) == count and all(p["publications"] for p in products)
    assert all(n == 1 for _, n in floor.goods().values())
    asked = floor.asked()
    assert asked["productSet"] == 0 and asked["bulkOperationRunMutation"] <= 6, asked
