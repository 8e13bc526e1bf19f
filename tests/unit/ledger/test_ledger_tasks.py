"""Tasks that are given to a person, and what published items looked like."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from publisher.errors import Conflict
from publisher.ledger import EventKind, Intent, Ledger, fold
from publisher.ledger.records import Picture
from publisher.listing import Remote, Status

Opener = Callable[..., Intent]


def bound(ledger: Ledger, intend: Opener, noon: dt.datetime) -> tuple[str, str]:
    intent = intend()
    remote = Remote("r-1", intent.key, Status.LIVE)
    ledger.confirm(intent.id, remote=remote, tasks=("look",), prepared=False, at=noon)
    return intent.account, intent.item


def test_a_task_is_given_once_and_is_in_the_story(
    ledger: Ledger, intend: Opener, noon: dt.datetime
) -> None:
    account, item = bound(ledger, intend, noon)
    assert ledger.assign(account, item, ("delete r-1",), noon, "audit")
    head = ledger.head()
    assert not ledger.assign(account, item, ("delete r-1", "look"), noon, "audit")
    assert ledger.head() == head
    found = ledger.binding(account, item)
    assert found is not None and found.tasks == ("look", "delete r-1")
    assert not found.prepared and found.status is Status.LIVE
    (event,) = [e for e in ledger.events(item=item) if e.kind is EventKind.TASKED]
    assert event.data["reason"] == "audit"
    assert fold(ledger.events()) == ledger.bindings()


def test_a_task_needs_something_that_is_there(ledger: Ledger, noon: dt.datetime) -> None:
    with pytest.raises(Conflict, match="Nothing is known"):
        ledger.assign("nowhere", "nothing", ("do it",), noon, "audit")


def test_the_last_look_of_an_item_is_remembered(ledger: Ledger, noon: dt.datetime) -> None:
    ledger.remember([Picture("a", "1", "x"), Picture("b", "2", "y")], noon)
    ledger.remember([Picture("a", "3", "z"), Picture("b", "2", "y")], noon)
    ledger.remember([], noon)
    assert ledger.pictures() == {"a": Picture("a", "3", "z"), "b": Picture("b", "2", "y")}
    many = [Picture(f"m{n}", str(n), "h") for n in range(2500)]
    ledger.remember(many, noon)
    assert len(ledger.pictures()) == 2502
