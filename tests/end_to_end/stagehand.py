"""A small real project, its sandboxes, and the program as a child process that is pointed at them.

What the sandboxes' own books and the files on their disks say is compared with what was asked for; nothing
in here believes the program.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from truth import objects, packs, uploads

from publisher.ledger.records import Binding
from publisher.ledger.store import Ledger
from publisher.manifest.project import load_project
from publisher.rehearsal import Sandboxes
from publisher.workspace import open_accounts

ROOT = Path(__file__).resolve().parents[2]
PUBLISHER = (sys.executable, "-m", "publisher")


@dataclass(frozen=True)
class Completed:
    """How a command ended, and the one document that it printed."""

    code: int
    out: str
    err: str
    document: Any = None

    def words(self, account: str | None = None) -> dict[str, str]:
        """Item → word, of one account or (``item@account``) of all."""
        return {
            (i["item"] if account else f"{i['item']}@{i['account']}"): i["word"]
            for i in self.document["items"]
            if account is None or i["account"] == account
        }

    def problem(self, account: str) -> dict[str, str]:
        """The error of an account."""
        found = next(a for a in self.document["accounts"] if a["account"] == account)
        error: dict[str, str] = found["error"]
        return error


@dataclass
class World:
    """A project folder, a state folder beside it, and sandboxes when they run."""

    folder: Path
    state: Path
    expected: Mapping[str, Sequence[str]]
    boxes: Sandboxes | None = None
    changes: dict[str, str] = field(default_factory=dict)
    """Variables that win over those of the sandboxes; an empty value takes one away."""
    before: int = 0
    """A figure that a test noted before it started something."""

    @property
    def environment(self) -> dict[str, str]:
        """What the child process sees: little of ours, and the sandboxes' addresses."""
        kept = {k: os.environ[k] for k in ("PATH", "LANG", "TMPDIR") if k in os.environ}
        sandboxes = self.boxes.environment() if self.boxes else {}
        return {
            **kept,
            "HOME": str(self.state),
            "PYTHONPATH": str(ROOT),
            "PUBLISHER_STATE_DIR": str(self.state),
            **sandboxes,
            **self.changes,
        }

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            [*PUBLISHER, *arguments],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def cli(self, *arguments: str) -> Completed:
        """Run a command to its end; a traceback or a secret in what it prints fails the test."""
        child = self.start(*arguments)
        out, err = child.communicate(timeout=240)
        return self.completed(child.returncode, out, err, as_json="--json" in arguments)

    def completed(self, code: int, out: bytes, err: bytes, *, as_json: bool = True) -> Completed:
        """The same for a child that was started before."""
        text, complaint = out.decode(), err.decode()
        assert "Traceback" not in complaint, complaint
        for secret in self.secrets():
            assert secret not in text + complaint
        assert text or not as_json, f"exit code {code}, no document: {complaint}"
        document = json.loads(text) if as_json else None
        return Completed(code, text, complaint, document)

    def secrets(self) -> list[str]:
        """The values that must stand nowhere."""
        secret = ("_PASSWORD", "_SECRET_ACCESS_KEY", "_ACCESS_KEY_ID")
        return [v for k, v in self.environment.items() if k.endswith(secret) and v]

    def server(self, account: str) -> Any:
        """The server inside a sandbox, with its books."""
        assert self.boxes is not None
        return self.boxes.boxes[account]._server  # type: ignore[attr-defined]

    def fault(self, account: str, name: str, **options: Any) -> None:
        """Switch a fault of an account's sandbox on."""
        assert self.boxes is not None
        self.boxes.boxes[account].fault(name, **options)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        assert self.boxes is not None
        for box in self.boxes.boxes.values():
            box.clear_faults()

    def books(self, account: str) -> list[dict[str, Any]]:
        """Every event that the sandbox booked."""
        entries: list[dict[str, Any]] = self.server(account).books()
        return entries

    def bindings(self, account: str) -> dict[str, Binding]:
        """What the ledger has bound, by item."""
        with Ledger.open(self.state / "ledger.sqlite") as ledger:
            return {item: b for (_, item), b in ledger.bindings(account).items() if item}

    def write_manifest(self, data: Mapping[str, Any], name: str = "release.json") -> None:
        """Write or replace the manifest."""
        (self.folder / name).write_text(json.dumps(data, ensure_ascii=False, indent=1), "utf-8")

    def differences(self) -> list[str]:
        """Everything that is not exactly once and intact where it belongs, and everything that is too much."""
        found: list[str] = []
        for account, items in self.expected.items():
            bound = self.bindings(account)
            if set(bound) != set(items):
                found.append(f"{account}: the ledger has {sorted(bound)}, wanted {sorted(items)}")
            names = {f.name: f.sha256 for b in bound.values() for f in b.files}
            assert self.boxes is not None
            if account not in self.boxes.boxes:
                found += packs(self.state / "outbox" / "small-things" / account, bound)
            elif hasattr(self.server(account), "bucket"):
                found += objects(account, self.server(account), names)
            else:
                found += uploads(account, self.server(account), names)
        return found

    def leaks(self) -> list[str]:
        """Files of the project and the state that hold a secret."""
        secrets = [s.encode() for s in self.secrets()]
        found = []
        for path in (p for f in (self.state, self.folder) for p in f.rglob("*")):
            if path.is_file() and path.suffix not in {".jpg", ".png", ".zip", ".tif"}:
                data = path.read_bytes()
                found += [str(path) for s in secrets if s in data]
        return found


@contextmanager
def running(world: World) -> Iterator[World]:
    """The world with its sandboxes running, those of ``world.expected``."""
    accounts = open_accounts(load_project(world.folder), list(world.expected))
    with Sandboxes(accounts, world.state.parent / "sandboxes") as boxes:
        world.boxes = boxes
        yield world


def until(condition: Callable[[], bool], seconds: float, step: float = 0.002) -> bool:
    """Poll until the condition holds or the time is over; returns whether it held."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def family(child: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The child's own children of the moment."""
    try:
        return psutil.Process(child.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill(child: subprocess.Popen[bytes], *, group: bool) -> list[psutil.Process]:
    """SIGKILL to the child, or to its whole group; returns who its children were."""
    children = family(child)
    if child.poll() is None:
        (os.killpg if group else os.kill)(child.pid, signal.SIGKILL)
    child.communicate()
    return children
