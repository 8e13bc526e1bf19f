"""Whole runs against a shop that misbehaves: lost answers, 500 after the fact, throttles, kills, an expired key.

The shop's own books decide: one product for each item, one upload for each picture, the right price, and a second
plan with nothing to do.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from forked import forking
from storm import START, Order, planned, publish, spoken, write_project

from channels.woocommerce.sandbox import AdapterSandbox
from channels.woocommerce.shop_door import Request
from channels.woocommerce.shop_server import Dropped
from channels.woocommerce.shop_words import Reply, refuse
from publisher.discovery import load_row
from publisher.errors import AuthFailed
from publisher.ledger.store import Ledger
from publisher.outcome import PushResult
from publisher.plan import Done

HERE = Path(__file__).parent
Trouble = Callable[[int, Request, Callable[[], Reply]], Reply]


class Story:
    """A release and its shop. ``trouble`` is asked about every request that changes something."""

    def __init__(self, folder: Path, box: AdapterSandbox, settings: dict[str, str]) -> None:
        self.folder = folder
        self.box = box
        self.settings = settings
        self.now = START
        self.prices = {f"g{n:02d}": {"print": f"{10 + n}.90"} for n in range(14)}
        self.prices |= {
            f"v{n:02d}": {"small": f"{20 + n}.00", "large": f"{40 + n}.00"} for n in range(3)
        }
        self.trouble: Trouble | None = None
        self.changes = 0
        self._inner = box.shop.answer
        self._guard = threading.Lock()
        box.shop.answer = self._answer  # type: ignore[method-assign]
        write_project(folder, self.prices)

    def _answer(self, request: Request) -> Reply:
        changing = request.method != "GET" and request.body not in (b"", b"{}")
        if not changing or self.trouble is None:
            return self._inner(request)
        with self._guard:
            self.changes += 1
            number = self.changes
        return self.trouble(number, request, lambda: self._inner(request))

    def order(self) -> Order:
        """What a run is told."""
        self.now += dt.timedelta(hours=1)
        overrides = {**self.settings, "CONNECT_TIMEOUT": "5", "TIMEOUT": "20"}
        return Order(str(self.folder), overrides, self.now.isoformat())

    def push(self) -> PushResult:
        """One run to its end."""
        result, self.now = publish(self.order())
        return result

    def withdraw(self, names: list[str]) -> None:
        """Take items off, through the ledger."""
        order = self.order()
        result, self.now = publish(order, withdrawn=names)
        assert {o.done for o in result.outcomes} == {Done.WITHDRAWN}

    def reprice(self, name: str, variant: str, price: str) -> None:
        """Another price in the manifest."""
        self.prices[name] = {**self.prices[name], variant: price}
        write_project(self.folder, self.prices)

    def shop_prices(self) -> dict[str, dict[str, str]]:
        """What customers pay, by the shop's own books."""
        products = {p["sku"]: p for p in self.box.shop.books.all("product")}
        found: dict[str, dict[str, str]] = {}
        for sku, product in products.items():
            if product["type"] == "simple":
                found[sku] = {"print": product["price"]}
        for entry in self.box.shop.books.all("variation"):
            sku, _, variant = entry["sku"].partition("-")
            found.setdefault(sku, {})[variant] = entry["price"]
        return found

    def check(self) -> None:
        """Everything is there once, at its price, and there is nothing left to do."""
        self.trouble = None
        with Ledger.open(self.folder / "state" / "ledger.sqlite") as ledger:
            _, plan = planned(self.folder, ledger, self.now)
            assert plan.nothing_to_do, plan.counts()
            assert ledger.unsettled() == []
            bound = {item for _, item in ledger.bindings("shop") if item}
        products = self.box.shop.books.all("product")
        assert bound == {p["sku"] for p in products} == set(self.prices)
        assert len(products) == len(self.prices)
        assert {p["status"] for p in products} == {"publish"}
        assert self.shop_prices() == self.prices
        assert all(len(p["images"]) == 1 for p in products)
        assert [e for e in self.box.landed() if e.count != 1] == []
        assert len(self.box.shop.books.all("media")) == len(self.prices)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    place = tmp_path / "shop"
    place.mkdir()
    box = AdapterSandbox(load_row("woocommerce"), "shop", place)
    settings = dict(box.start())
    try:
        yield Story(tmp_path / "project", box, settings)
    finally:
        box.stop()


def _lost(number: int, request: Request, answer: Callable[[], Reply]) -> Reply:
    answer()
    raise Dropped


def _never_came(number: int, request: Request, answer: Callable[[], Reply]) -> Reply:
    raise Dropped


def _failed_after(number: int, request: Request, answer: Callable[[], Reply]) -> Reply:
    answer()
    return refuse(500, "internal_server_error", "There has been a critical error.")


def _busy(number: int, request: Request, answer: Callable[[], Reply]) -> Reply:
    body = refuse(429, "too_many_requests", "Too many requests.").data
    return Reply(429, body, {"Retry-After": "7"})


def test_fifty_lost_answers_leave_no_duplicate_and_no_loss(story: Story) -> None:
    dice, struck = random.Random(7), [0]

    def trouble(number: int, request: Request, answer: Callable[[], Reply]) -> Reply:
        if struck[0] < 50 and dice.random() < 0.6:
            struck[0] += 1
            return dice.choice((_lost, _lost, _never_came, _failed_after, _busy))(
                number, request, answer
            )
        return answer()

    story.trouble = trouble
    for round_ in range(40):
        story.push()
        if struck[0] >= 50:
            break
        name = sorted(story.prices)[round_ % len(story.prices)]
        story.reprice(name, next(iter(story.prices[name])), f"{50 + round_}.50")
    assert struck[0] == 50
    for _ in range(3):
        story.trouble = None
        story.push()
    story.check()


def test_a_price_is_one_request_and_a_second_push_is_none(story: Story) -> None:
    assert {o.done for o in story.push().outcomes} == {Done.PUBLISHED}
    story.check()
    media = len(story.box.shop.books.all("media"))
    story.reprice("g03", "print", "14.90")
    story.box.shop.seen.clear()
    assert story.push().counts()["updated"] == 1
    writes = [(s.method, s.body) for s in story.box.seen() if s.method != "GET" and s.body != {}]
    assert writes == [("PUT", {"regular_price": "14.90", "sale_price": ""})]
    assert len(story.box.shop.books.all("media")) == media
    story.box.shop.seen.clear()
    assert story.push().counts() == {"unchanged": len(story.prices)}
    assert [s for s in story.box.seen() if s.method != "GET" and s.body != {}] == []
    story.check()


def test_a_key_that_expires_in_mid_run_stops_the_account_and_nothing_is_lost(story: Story) -> None:
    def trouble(number: int, request: Request, answer: Callable[[], Reply]) -> Reply:
        if number == 12:
            story.box.fault("wrong_credentials")
        return answer()

    story.trouble = trouble
    result = story.push()
    assert isinstance(result.problems["shop"], AuthFailed)
    assert {o.done for o in result.outcomes} <= {Done.PUBLISHED, Done.FAILED, Done.UNKNOWN}
    story.box.clear_faults()
    story.push()
    story.check()


def test_withdrawn_and_made_again_it_is_there_although_the_write_got_lost(story: Story) -> None:
    names = ["g00", "g01", "g02", "v00"]
    story.prices = {name: story.prices[name] for name in names}
    write_project(story.folder, story.prices)
    story.push()
    story.withdraw(names)
    assert {p["status"] for p in story.box.shop.books.all("product")} == {"draft"}
    # What was withdrawn is still found there, which must not pass for the write that never came.
    story.trouble = lambda number, request, answer: (
        _never_came(number, request, answer) if number in (1, 3, 4) else answer()
    )
    result = story.push()
    assert {type(o.error) for o in result.outcomes} <= {type(None)}, result.outcomes
    shown = {p["sku"]: p["status"] for p in story.box.shop.books.all("product")}
    done = {o.planned.item for o in result.outcomes if o.done is Done.PUBLISHED}
    assert {shown[name] for name in done} == {"publish"}
    story.trouble = None
    story.push()
    story.check()


@pytest.fixture(scope="module")
def forker() -> Iterator[subprocess.Popen[str]]:
    """The process whose children are killed."""
    with forking(HERE / "storm.py", [HERE, HERE.parent / "conformance"]) as process:
        yield process


class Hunter:
    """Kills the child at one request, before or after the shop has done it."""

    def __init__(self, place: int, *, after: bool) -> None:
        self.place = place
        self.after = after
        self.victim = 0
        self.known = threading.Event()

    def __call__(self, number: int, request: Request, answer: Callable[[], Reply]) -> Reply:
        self.known.wait(30)
        if number != self.place:
            return answer()
        if self.after:
            answer()
        os.kill(self.victim, signal.SIGKILL)
        raise Dropped


def _killed_at(story: Story, forker: subprocess.Popen[str], place: int, *, after: bool) -> int:
    hunter = Hunter(place, after=after)
    story.changes, story.trouble = 0, hunter
    assert forker.stdin is not None and forker.stdout is not None
    forker.stdin.write(spoken(story.order()))
    forker.stdin.flush()
    hunter.victim = int(forker.stdout.readline())
    hunter.known.set()
    status = int(forker.stdout.readline())
    story.trouble = None
    return status


def _hunted(story: Story, forker: Any, places: list[int]) -> None:
    for number, place in enumerate(places):
        status = _killed_at(story, forker, place, after=number % 2 == 0)
        assert status in (0, signal.SIGKILL)
        products = [p["sku"] for p in story.box.shop.books.all("product")]
        assert len(products) == len(set(products))
    story.push()
    story.check()


def test_killed_again_and_again_it_comes_to_the_same_end(
    story: Story, forker: subprocess.Popen[str]
) -> None:
    # A picture, a category, the first product, a batch, variations, the showing of a product.
    _hunted(story, forker, [1, 3, 2, 9, 2, 5])


@pytest.mark.rare
def test_killed_at_every_request_of_a_run(story: Story, forker: subprocess.Popen[str]) -> None:
    _hunted(story, forker, [*range(1, 30), *range(1, 8), *range(1, 5)])
