"""kill -9 at moments of every phase, then push to the end: each file there once, intact, none missing.

A moment is found by watching what the servers and the ledger hold, and then a little chance is added. The
sandboxes outlive the kills, as agencies do.
"""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
from shapes import Factory
from small_project import EVERY
from stagehand import World, kill, until

Moment = Callable[[World], bool]
PATIENCE = 60.0


def rendering(world: World) -> bool:
    """A rendition is being made: the workers have begun to write."""
    return any((world.state / "cache").rglob("*.part*")) or _files(world.state / "cache") > 2


def mid_transfer(world: World) -> bool:
    """A file is on a server in part."""
    return any(
        0 < path.stat().st_size < 400_000
        for account in ("dreamstime", "adobe-stock", "shutterstock")
        for path in world.server(account).folder.rglob("*.jpg")
    )


def books_grew(world: World) -> bool:
    """A server took one more file in than it had when the push began."""
    return _booked(world) > world.before


def sent(world: World) -> bool:
    """The ledger holds one more point of no return."""
    return _events(world, "sent") > world.before


def sheet(world: World) -> bool:
    """A batch is on its way: its intent is in the ledger."""
    return _count(world, "SELECT count(*) FROM intents WHERE verb = 'submit'") > world.before


def multipart(world: World) -> bool:
    """Parts of the bundle are at the bucket, the whole is not."""
    return bool(world.server("bundles").parts > world.before)


def page(world: World) -> bool:
    """The archive is there, and the landing page is being written."""
    query = "SELECT count(*) FROM intents WHERE account = 'bundles' AND state = 'sent'"
    return _count(world, query) > 0 or any(
        e["name"].endswith("index.html") for e in world.books("bundles")
    )


PHASES: dict[str, tuple[Moment, Callable[[World], int]]] = {
    "rendering": (rendering, lambda _w: 0),
    "mid transfer": (mid_transfer, lambda _w: 0),
    "after the books grew": (books_grew, lambda w: _booked(w)),
    "after a point of no return": (sent, lambda w: _events(w, "sent")),
    "in a batch": (
        sheet,
        lambda w: _count(w, "SELECT count(*) FROM intents WHERE verb = 'submit'"),
    ),
    "in a multipart upload": (multipart, lambda w: w.server("bundles").parts),
    "at the landing page": (page, lambda _w: 0),
}


def strike(world: World, phase: str, chance: random.Random, *, group: bool) -> bool:
    """Start a push and kill it in the phase; False when it ended before. No child of it may live on."""
    moment, count = PHASES[phase]
    world.before = count(world)
    child = world.start("push", "--json")
    reached = until(lambda: child.poll() is not None or moment(world), PATIENCE)
    assert reached, f"no push came to {phase!r}"
    time.sleep(chance.uniform(0, 0.05))
    ended = child.poll() is not None
    children = kill(child, group=group)
    assert _die(children), [p.cmdline() for p in _alive(children)]
    assert until(lambda: not _ours(world), 10, 0.1), _ours(world)
    return not ended


def _alive(children: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in children if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def _die(children: list[psutil.Process]) -> bool:
    """Whether all of them end by themselves within ten seconds."""
    return until(lambda: not _alive(children), 10, 0.05)


def _ours(world: World) -> list[int]:
    """Processes whose environment names the world's state: its pushes and their workers."""
    mark = f"PUBLISHER_STATE_DIR={world.state}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes() and int(process.name) != os.getpid():
                found.append(int(process.name))
    return found


def _files(folder: Path) -> int:
    return sum(1 for p in folder.rglob("*") if p.is_file())


def _booked(world: World) -> int:
    return sum(
        len(world.books(a)) for a in EVERY if a in (world.boxes.boxes if world.boxes else ())
    )


def _events(world: World, kind: str) -> int:
    return _count(world, f"SELECT count(*) FROM events WHERE kind = '{kind}'")


def _count(world: World, query: str) -> int:
    """A figure of the ledger's file, read beside the running program; 0 before there is one."""
    path = world.state / "ledger.sqlite"
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as ledger:
            return int(ledger.execute(query).fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def finish(world: World) -> None:
    """Push to the end, and hold the books against what was asked for."""
    world.clear_faults()
    done = world.cli("push", "--json")
    assert done.code == 0, [
        (i["item"], i["account"], i["error"]) for i in done.document["items"] if i["error"]
    ]
    assert world.differences() == []
    assert _uploaded_sheets(world) == []
    second = world.cli("plan", "--json").document
    assert set(second["counts"]) == {"unchanged", "denied", "held"}
    assert second["submissions"] == []
    assert world.leaks() == []


def _uploaded_sheets(world: World) -> list[str]:
    """CSV files at the server that are not exactly those that the program wrote."""
    server = world.server("vecteezy")
    outbox = world.state / "outbox" / "small-things" / "vecteezy"
    ours = {p.name: p.read_bytes() for p in outbox.glob("*.csv")}
    there = {p.name: p.read_bytes() for p in server.folder.rglob("*.csv")}
    found = [name for name, data in there.items() if ours.get(name) != data]
    listed = b"".join(there.values())
    return found + [
        b.key for b in world.bindings("vecteezy").values() if b.key.encode() not in listed
    ]


def test_killed_in_every_phase(make_world: Factory) -> None:
    """One release, killed once per phase, group and main process in turn, each time further on."""
    world = make_world(warm=False)
    chance = random.Random(11)
    struck = []
    for number, phase in enumerate(PHASES):
        _tune(world, phase)
        if strike(world, phase, chance, group=number % 2 == 0):
            struck.append(phase)
        world.clear_faults()
    print(f"killed: {', '.join(struck)}")
    assert {"rendering", "mid transfer", "after the books grew"} <= set(struck)
    finish(world)


def _tune(world: World, phase: str) -> None:
    """Slow the servers down where a phase would be over too soon."""
    if phase in ("mid transfer", "in a multipart upload"):
        for account in ("dreamstime", "adobe-stock", "shutterstock"):
            world.fault(account, "slow", rate=1_500_000)


@pytest.mark.parametrize(
    ("phase", "group"),
    [
        ("mid transfer", False),
        ("after a point of no return", True),
        ("in a batch", True),
        ("in a multipart upload", False),
        ("at the landing page", True),
    ],
)
def test_killed_once(make_world: Factory, phase: str, group: bool) -> None:
    """The phase is surely reached: nothing was published before."""
    world = make_world()
    _tune(world, phase)
    assert strike(world, phase, random.Random(phase), group=group), f"the push outran {phase!r}"
    finish(world)


@pytest.mark.rare
@pytest.mark.timeout(3000)
def test_killed_fifty_times(make_world: Factory) -> None:
    """Ten releases one after the other, each killed five times at seeded phases and moments."""
    chance = random.Random(20261121)
    struck = 0
    for _ in range(10):
        world = make_world(warm=chance.random() < 0.7)
        for _ in range(5):
            phase = chance.choice(list(PHASES))
            _tune(world, phase)
            struck += strike(world, phase, chance, group=chance.random() < 0.5)
            world.clear_faults()
        finish(world)
    print(f"{struck} kills")
    assert struck >= 25


def test_killed_at_any_moment(make_world: Factory) -> None:
    """Moments by the clock: also during start, planning and the report."""
    world = make_world()
    chance = random.Random(5)
    for group in (True, False):
        child = world.start("push", "--json")
        with suppress(subprocess.TimeoutExpired):
            child.wait(chance.uniform(0.3, 3.5))
        children = kill(child, group=group)
        assert _die(children)
    finish(world)
