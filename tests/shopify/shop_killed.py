"""A process that publishes to a shop until it is killed at one of its requests: a forked child ends itself.

Reads one JSON document per line (see ``Order``) and answers with the child's wait status.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forked import serve
from shop_floor import SMALL, VirtualClock

import channels.shopify.client_shopifyapp as client
import channels.shopify.storage as storage
from publisher.engine.desk import Silent
from publisher.ledger.store import Ledger
from publisher.observe import Door
from publisher.pipeline import make_plan, push
from publisher.render import renderer
from publisher.row import Batch
from publisher.workspace import open_workspace


@dataclass(frozen=True)
class Order:
    """What to publish, and at which request to die: before it is sent, or after it was answered."""

    project: str
    folder: str
    items: list[str]
    overrides: dict[str, str]
    now: str
    place: int
    before: bool
    least: int
    word: str = ""
    """Only requests with this word in their document count."""
    size: int = SMALL


class _Doom:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._count = 0

    def around(self, kind: Any, name: str) -> None:
        inner: Callable[..., Any] = getattr(kind, name)

        def call(own: Any, *given: Any, **more: Any) -> Any:
            if not any(self._order.word in str(g) for g in (*given, "")):
                return inner(own, *given, **more)
            self._count += 1
            if self._count == self._order.place and self._order.before:
                os.kill(os.getpid(), signal.SIGKILL)
            answer = inner(own, *given, **more)
            if self._count == self._order.place:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        setattr(kind, name, call)


def publish(order: Order) -> None:
    """One push, as the program would do it, until the request."""
    import datetime as dt

    from handmade import HandmadeStudio
    from world import renamed, rowed

    folder = Path(order.folder)
    ws = open_workspace(Path(order.project))
    account = rowed(ws.account("shopify"), batch=Batch(min=order.least, max=100_000))
    account = replace(account, options={**account.options, "connections": 1})
    source = next(i for i in ws.items if i.id == "w001")
    items = tuple(renamed(source, name) for name in order.items)
    ws = replace(ws, accounts=(account,), items=items)
    clock = VirtualClock(dt.datetime.fromisoformat(order.now))
    doom = _Doom(order)
    for kind, name in ((client.ShopClient, "post"), (storage.Storage, "post")):
        doom.around(kind, name)
    overrides = {"shopify": order.overrides}
    door = Door(ws.folder, folder / "outbox", ws.release, clock, renderer(ws.folder), overrides)
    with Ledger.open(folder / "state" / "ledger.sqlite") as ledger:
        plan = make_plan(ws, ledger, day=clock.now().date(), now=clock.now())
        studio: Any = HandmadeStudio(folder / "handmade")
        studio.size = order.size
        push(plan, ws, ledger=ledger, studio=studio, door=door, reporter=Silent())


if __name__ == "__main__":
    serve(Order, publish)
