"""A process that publishes until it is killed: it forks a child per line of input, and the child ends itself.

Reads one JSON document per line (see ``Order``) and answers with the child's wait status.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3  # noqa: F401  (imported ahead of the fork: it is slow)
from clock import VirtualClock
from forked import serve
from handmade import HandmadeStudio

import channels.transport.ftp
import channels.transport.s3
import channels.transport.sftp  # noqa: F401
from publisher.engine.desk import Silent, Worker
from publisher.ledger.store import Ledger
from publisher.observe import Door
from publisher.pipeline import make_plan, push
from publisher.render import renderer
from publisher.workspace import open_workspace

POINTS = ("staged", "progress", "creating", "sending", "sent", "created", "submitting", "submitted")
"""Where the child ends, in the order in which a run comes by."""


@dataclass(frozen=True)
class Order:
    """What to publish, and where to die."""

    project: str
    folder: str
    account: str
    items: list[str]
    overrides: dict[str, str]
    now: str
    point: str


def _die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _around(kind: Any, name: str, before: Callable[..., Any], after: Callable[..., Any]) -> None:
    inner = getattr(kind, name)

    def call(self: Any, *given: Any, **more: Any) -> Any:
        before()
        answer = inner(self, *given, **more)
        after()
        return answer

    setattr(kind, name, call)


def _around_batches(kind: Any, *, before: bool) -> None:
    """The same for what goes together: before the call, or after its last answer but ahead of its noting."""
    inner = kind.write_many

    def call(self: Any, *given: Any) -> Any:
        if before:
            _die()
        list(inner(self, *given))
        _die()

    kind.write_many = call


def _arm(kind: Any, point: str) -> None:
    def nothing() -> None: ...

    places: dict[str, tuple[Any, str, bool]] = {
        "staged": (kind, "stage", False),
        "progress": (Worker, "_progress", False),
        "creating": (kind, "create", True),
        "sending": (Worker, "_sending", True),
        "sent": (Worker, "_sending", False),
        "created": (kind, "create", False),
        "submitting": (kind, "submit", True),
        "submitted": (kind, "submit", False),
    }
    if point in ("creating", "created"):
        _around_batches(kind, before=point == "creating")
    where, name, before = places[point]
    _around(where, name, _die if before else nothing, nothing if before else _die)


def publish(order: Order) -> None:
    """One push, as the program would do it, until the point."""
    folder = Path(order.folder)
    ws = open_workspace(Path(order.project), accounts=[order.account], items=order.items)
    ws = replace(ws, accounts=(ws.account(order.account),))
    clock = VirtualClock(dt.datetime.fromisoformat(order.now))
    _arm(ws.accounts[0].channel.SessionType, order.point)
    outbox, render = folder / "outbox", renderer(ws.folder)
    overrides = {order.account: order.overrides}
    door = Door(ws.folder, outbox, ws.release, clock, render, overrides, folder / "state")
    with Ledger.open(folder / "state" / "ledger.sqlite") as ledger:
        plan = make_plan(ws, ledger, day=clock.now().date(), now=clock.now())
        studio: Any = HandmadeStudio(folder / "handmade")
        push(plan, ws, ledger=ledger, studio=studio, door=door, reporter=Silent())


if __name__ == "__main__":
    serve(Order, publish)
