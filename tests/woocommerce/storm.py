"""A release on one shop, and runs of it on a clock that only moves by sleeping, here or in a process that is killed.

As a program it reads one JSON document per line (see ``Order``), forks a child that publishes, and prints the child's
process id and, when it has ended, its wait status.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyvips
from forked import serve

import channels.woocommerce.session  # noqa: F401  (imported ahead of the fork: it is slow)
from publisher.engine.desk import Silent
from publisher.guards import Guard
from publisher.ledger.store import Ledger
from publisher.listing import File, FileRequest, RenditionRequest
from publisher.observe import Door
from publisher.outcome import PushResult
from publisher.pipeline import make_plan, push
from publisher.plan import Plan
from publisher.render import renderer
from publisher.standing import withdrawal_plan
from publisher.workspace import Workspace, open_workspace

START = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)


class Clock:
    """Moves by ``sleep`` alone."""

    def __init__(self, now: dt.datetime) -> None:
        self._now = now
        self._lock = threading.Lock()

    def now(self) -> dt.datetime:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += dt.timedelta(seconds=seconds)


class Bytes:
    """Small files of stable bytes in place of pictures; the same request gives the same bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def expect(self, requests: object) -> None:
        """Nothing is made beforehand."""

    def make(self, request: FileRequest) -> File:
        assert isinstance(request, RenditionRequest)
        seed = f"{request.name}|{request.master.sha256}"
        data = hashlib.shake_256(seed.encode()).digest(9000)
        digest = hashlib.sha256(data).hexdigest()
        path = self._folder / digest
        temporary = path.with_name(f"{digest}.{os.getpid()}.{threading.get_ident()}")
        temporary.write_bytes(data)
        temporary.replace(path)
        return File(request.role, request.name, path, len(data), digest)


@dataclass(frozen=True)
class Order:
    """What to publish where, and when it is."""

    project: str
    overrides: dict[str, str]
    now: str


def write_project(folder: Path, prices: Mapping[str, Mapping[str, str]]) -> None:
    """A project with one shop: an asset for each id with its variants' prices."""
    masters = folder / "masters"
    masters.mkdir(parents=True, exist_ok=True)
    nothing = dict.fromkeys(("people", "property", "places", "brands"), "none")
    assets = []
    for number, (name, variants) in enumerate(prices.items()):
        path = masters / f"{name}.jpg"
        if not path.exists():
            flat = (pyvips.Image.black(90, 60) + 40 + number * 3 % 200).cast("uchar")
            flat.copy(interpretation="b-w").colourspace("srgb").jpegsave(str(path))
        offered = [{"id": v, "title": v.capitalize(), "price": p} for v, p in variants.items()]
        assets.append(
            {
                "id": name, "file": f"masters/{name}.jpg", "title": f"Glass dunes, {name}",
                "description": "Dunes of glass", "keywords": ["glass", "dunes", name],
                "creator": "Ana Vidal", "style": "photo", "provenance": {"class": "human"},
                "depicts": {**nothing, "text": False, "news_event": False}, "mature": False,
                "categories": ["abstract"],
                "offer": {"currency": "EUR", "product": "physical", "variants": offered},
            }
        )  # fmt: skip
    text = 'manifests = ["release.json"]\n[accounts.shop]\nchannel = "woocommerce"\nvariants_per_motif = 1000\n'
    (folder / "publisher.toml").write_text(text, encoding="utf-8")
    document = {"release": "storm", "assets": assets}
    (folder / "release.json").write_text(json.dumps(document), encoding="utf-8")


def planned(folder: Path, ledger: Ledger, now: dt.datetime) -> tuple[Workspace, Plan]:
    """The project and what there is to do in it."""
    ws = open_workspace(folder)
    return ws, make_plan(ws, ledger, day=now.date(), now=now)


def publish(order: Order, withdrawn: Sequence[str] = ()) -> tuple[PushResult, dt.datetime]:
    """One push to its end, or the withdrawal of some items; returns the moment at which it ended."""
    folder = Path(order.project)
    clock = Clock(dt.datetime.fromisoformat(order.now))
    state = folder / "state"
    state.mkdir(exist_ok=True)
    with Ledger.open(state / "ledger.sqlite") as ledger:
        ws, plan = planned(folder, ledger, clock.now())
        if withdrawn:
            plan = withdrawal_plan(ws, ledger, list(withdrawn))
        door = Door(
            ws.folder, folder / "outbox", ws.release, clock, renderer(ws.folder),
            {"shop": order.overrides},
        )  # fmt: skip
        studio: Any = Bytes(folder / "made")
        result = push(
            plan, ws, ledger=ledger, studio=studio, door=door, reporter=Silent(),
            allowed=tuple(Guard),
        )  # fmt: skip
    return result, clock.now()


def spoken(order: Order) -> str:
    """An order as a line for ``serve``."""
    return json.dumps(asdict(order)) + "\n"


if __name__ == "__main__":
    serve(Order, publish, numbered=True)
