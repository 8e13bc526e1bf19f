"""A process that publishes to a replica until something is killed: itself, the browser, or the browser's driver.

Reads one JSON document per line (see ``Order``), forks a child for each and answers with its wait status. The
parent starts no thread, so that a fork is a clean copy of a program that has just begun.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import playwright.sync_api  # noqa: F401  (imported ahead of the fork: it is slow)

from channels.browser import flow as flows
from channels.browser import session as sessions
from channels.browser.attempts import Attempts
from publisher.engine.desk import Silent
from publisher.ledger.store import Ledger
from publisher.listing import File, FileRequest
from publisher.observe import Door
from publisher.pipeline import make_plan, push
from publisher.render import renderer
from publisher.workspace import open_workspace

POINTS = ("planned", "preparing", "ready", "submitting", "submitted", "proved")
"""The states of the journal at which something dies: before the form, in it, when it is full, at the point of no
return, right after the click, and when the proof is there but not noted yet."""


@dataclass(frozen=True)
class Order:
    """What to publish, and who dies where."""

    project: str
    folder: str
    account: str
    overrides: dict[str, str]
    now: str
    point: str = ""
    target: str = ""


class Clock:
    """Of the virtual kind: waiting costs nothing, but the browser's time is real."""

    def __init__(self, moment: dt.datetime) -> None:
        self._moment = moment

    def now(self) -> dt.datetime:
        return self._moment

    def sleep(self, seconds: float) -> None:
        self._moment += dt.timedelta(seconds=max(0.0, seconds))
        threading.Event().wait(min(max(0.0, seconds), 0.05))


class Copies:
    """A studio whose pictures are the same few bytes each time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def expect(self, requests: object) -> None:
        """Nothing is made beforehand."""

    def make(self, request: FileRequest) -> File:
        data = b"\xff\xd8\xff\xe0" + hashlib.shake_256(request.name.encode()).digest(9000)
        path = self.folder / request.name
        self.folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return File(request.role, request.name, path, len(data), hashlib.sha256(data).hexdigest())


def family(pid: int) -> Iterator[tuple[int, str]]:
    """Every descendant of a process with its command line."""
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        words = (
            Path(f"/proc/{child}/cmdline")
            .read_bytes()
            .replace(b"\0", b" ")
            .decode("utf-8", "replace")
        )
        yield child, words
        yield from family(child)


def strike(target: str) -> None:
    """Kill this process, the browser that it started, or the driver between them."""
    if target == "process":
        os.kill(os.getpid(), signal.SIGKILL)
    marks = {"browser": "--user-data-dir=", "driver": "run-driver"}
    for pid, words in list(family(os.getpid())):
        if marks[target] in words and "--type=" not in words:
            os.kill(pid, signal.SIGKILL)


def arm(point: str, target: str) -> None:
    """Have the target die once, at the point."""
    left = [1]

    def die() -> None:
        if left and left.pop():
            strike(target)

    def around(
        kind: Any, name: str, *, before: bool, when: Callable[..., bool] = lambda *_: True
    ) -> None:
        inner = getattr(kind, name)

        def call(*given: Any, **more: Any) -> Any:
            if before and when(*given):
                die()
            answer = inner(*given, **more)
            if not before and when(*given):
                die()
            return answer

        setattr(kind, name, call)

    match point:
        case "planned":
            around(sessions.BrowserSession, "create", before=True)
        case "preparing":
            around(flows.Flow, "_do", before=False, when=lambda _flow, step: step.do == "upload")
        case "ready":
            around(Attempts, "write", before=True)
        case "submitting":
            around(flows.Flow, "press", before=True)
        case "submitted":
            around(flows.Flow, "press", before=False)
        case "proved":
            around(Attempts, "proven", before=True)


def publish(order: Order) -> None:
    """One push, as the program would do it."""
    folder = Path(order.folder)
    ws = open_workspace(Path(order.project), accounts=[order.account])
    ws = replace(ws, accounts=(ws.account(order.account),))
    clock = Clock(dt.datetime.fromisoformat(order.now))
    if order.point:
        arm(order.point, order.target)
    overrides = {order.account: order.overrides}
    state = folder / "state"
    state.mkdir(parents=True, exist_ok=True)
    door = Door(
        ws.folder, folder / "outbox", ws.release, clock, renderer(ws.folder), overrides, state
    )
    with Ledger.open(state / "ledger.sqlite") as ledger:
        plan = make_plan(ws, ledger, day=clock.now().date(), now=clock.now())
        studio: Any = Copies(folder / "copies")
        push(plan, ws, ledger=ledger, studio=studio, door=door, reporter=Silent())


def main() -> None:
    """Serve orders until standard input closes."""
    for line in sys.stdin:
        order = Order(**json.loads(line))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                publish(order)
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(status, flush=True)


if __name__ == "__main__":
    main()
