"""Level 5, for shops and other sites behind a web server: what such servers do besides breaking the line.

They answer 500 after they stored what was sent, lose an answer on the way, and ask to slow down. Each pair of row
and fault is one test, so that rows without such a server cost nothing.
"""

from __future__ import annotations

from typing import Any

import pytest
from catalogue import ROWS
from test_5_faults import _errors, _settle_down
from world import World

from publisher.discovery import sandbox_type
from publisher.errors import OutcomeUnknown, PublisherError, Throttled, Transient
from publisher.plan import Done
from publisher.row import Verb

WEB: dict[str, type[PublisherError] | None] = {
    "refuse_429": Throttled,
    "refuse_500": Transient,
    "drop_before_commit": None,
    "created_500": None,
    "media_500": Transient,
}
"""Fault of a sandbox → the class that a push must end in while it lasts (None: it may even succeed)."""


def _declared() -> list[tuple[str, str]]:
    boxes = {name: sandbox_type(row) for name, row in ROWS.items()}
    return [(n, f) for n, box in boxes.items() if box is not None for f in WEB if f in box.faults]


STRUCK = _declared()


def _switched_on(world: World, fault: str) -> Any:
    assert world.sandbox is not None
    world.sandbox.fault(fault)
    return world.sandbox


@pytest.mark.parametrize("struck", STRUCK, ids="-".join)
def test_27_to_30_a_fault_that_lasts(world: World, struck: tuple[str, str]) -> None:
    name, fault = struck
    _switched_on(world, fault)
    result = world.push()
    errors, expected = _errors(world, result), WEB[fault]
    if expected is not None:
        assert errors and all(isinstance(e, expected) for e in errors), errors
        assert not any(isinstance(e, OutcomeUnknown) for e in errors), errors
    others = [o.done for o in result.outcomes if o.planned.account != name]
    assert set(others) == {Done.PREPARED}, "the neighbour was disturbed"
    assert all(entry.count == 1 for entry in world.landed())
    _settle_down(world)
    assert all(entry.count == 1 for entry in world.landed())


@pytest.mark.parametrize("struck", STRUCK, ids="-".join)
def test_29_a_fault_that_is_over_soon_costs_a_pause(world: World, struck: tuple[str, str]) -> None:
    sandbox = _switched_on(world, struck[1])
    world.clock.on_sleep = sandbox.clear_faults
    result = world.push()
    done = {o.done for o in world.ours(result)}
    if Verb.FIND not in world.row.can and struck[1] == "created_500":
        # Stored, and answered with an error: where no session can look, only a person ever knows.
        assert done == {Done.UNKNOWN}, _errors(world, result)
        world.person_looks()
    else:
        assert done == {Done.PUBLISHED}, _errors(world, result)
    world.check_books()
    assert world.plan().nothing_to_do
