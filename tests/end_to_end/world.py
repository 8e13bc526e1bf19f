"""A small real project, its sandboxes, and the program as a child process that is pointed at them.

What the sandboxes' own books and the files on their disks say is compared with what was asked for; nothing
in here believes the program.
"""

from __future__ import annotations

import hashlib
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

import numpy
import psutil
import pyvips

from publisher.ledger.records import Binding
from publisher.ledger.store import Ledger
from publisher.manifest.project import load_project
from publisher.rehearsal import Sandboxes
from publisher.workspace import open_accounts

ROOT = Path(__file__).resolve().parents[2]
PUBLISHER = (sys.executable, "-m", "publisher")
HUMAN, AI = ("photo-1", "photo-2", "photo-3"), ("ai-1", "ai-2", "ai-3")
PACK = "small-pack"
EVERY = {
    "adobe-stock": (*HUMAN, *AI),
    "dreamstime": (*HUMAN, *AI),
    "shutterstock": HUMAN,
    "alamy": ("photo-1", "photo-2"),
    "vecteezy": HUMAN,
    "bundles": (PACK,),
    "handoff": (*HUMAN, *AI, PACK),
}
"""Every account of the whole project (SFTP, FTP, FTPS, FTP, SFTP with CSV, S3, folder) and what may go there.

photo-3 is too small for Alamy and is held there.
"""


def grain(path: Path, seed: int, width: int = 2500, height: int = 2000) -> Path:
    """A soft gradient with grain and a motif of its own, as a JPEG or PNG by its suffix."""
    chance = numpy.random.default_rng(seed)
    slope = numpy.linspace(20, 200, width)[None, :] + numpy.linspace(0, 40, height)[:, None]
    noise = chance.integers(-5, 6, size=(height, width, 3))
    # Pictures with one and the same gradient would count as variants of one motif.
    tiles = numpy.kron(
        chance.integers(-60, 61, size=(10, 10)), numpy.ones((height // 10, width // 10))
    )
    tiles = numpy.pad(tiles, ((0, height - tiles.shape[0]), (0, width - tiles.shape[1])), "edge")
    pixels = (slope[:, :, None] + tiles[:, :, None] + noise + seed % 7).clip(0, 255).astype("uint8")
    image = pyvips.Image.new_from_array(pixels)
    options = {"Q": 88} if path.suffix == ".jpg" else {"compression": 1}
    image.copy(interpretation="srgb").write_to_file(str(path), **options)
    return path


def masters(folder: Path) -> Path:
    """The masters of all items: photographs as JPEG, the others as PNG."""
    folder.mkdir(parents=True)
    for number, name in enumerate((*HUMAN, *AI)):
        width = 3000 if name in EVERY["alamy"] else 2500
        grain(folder / f"{name}{'.jpg' if name in HUMAN else '.png'}", 7 + number, width)
    return folder


def manifest(items: Sequence[str] = (*HUMAN, *AI), *, pack: bool = True) -> dict[str, Any]:
    """A manifest as plain data; JSON is one of the formats."""
    number = {name: n for n, name in enumerate((*HUMAN, *AI), start=1)}
    data: dict[str, Any] = {
        "release": "small-things",
        "defaults": {
            "creator": "Ana Vidal",
            "copyright": "© 2026 Ana Vidal",
            "depicts": {
                "people": "none",
                "property": "none",
                "places": "none",
                "brands": "none",
                "text": False,
                "news_event": False,
            },
            "offer": {
                "currency": "EUR",
                "variants": [{"id": "standard", "title": "Standard licence", "price": "19.00"}],
            },
        },
        "assets": [asset(name, number[name]) for name in items],
    }
    if pack:
        data["bundles"] = [
            {
                "id": PACK,
                "title": "Small things, three wallpapers",
                "description": "Three soft gradients with grain in full size",
                "keywords": ["abstract", "background", "gradient", "wallpaper", "soft"],
                "assets": list(AI),
                "content": "masters",
                "offer": {
                    "currency": "EUR",
                    "variants": [{"id": "pack", "title": "All files", "price": "29.00"}],
                },
            }
        ]
    return data


_GENERATED = {
    "class": "ai-generated",
    "system": "Midjourney",
    "version": "7",
    "plan": "pro",
    "rights": "commercial",
}
_WORDS = "abstract background gradient grain grey light soft calm minimal texture wallpaper shade"


def asset(name: str, number: int) -> dict[str, Any]:
    """One asset of the manifest."""
    human = name in HUMAN
    return {
        "id": name,
        "file": f"masters/{name}{'.jpg' if human else '.png'}",
        "title": f"Soft gradient with grain in gentle light number {number}",
        "description": f"A soft abstract gradient with fine film grain in gentle light, sheet {number} of six",
        "keywords": _WORDS.split(),
        "categories": ["abstract"],
        "style": "photo" if human else "illustration",
        "provenance": {"class": "human"} if human else _GENERATED,
    }


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
                found += _packs(self.state / "outbox" / "small-things" / account, bound)
            elif hasattr(self.server(account), "bucket"):
                found += _objects(account, self.server(account), names)
            else:
                found += _uploads(account, self.server(account), names)
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


def sha256(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _uploads(account: str, server: Any, names: Mapping[str, str]) -> list[str]:
    """Compare the books and the disk of a file server with the wanted names and checksums."""
    found = []
    taken = {e.key.rpartition("/")[2]: e for e in server.landed()}
    on_disk = {p.name: p for p in server.folder.rglob("*") if p.is_file()}
    for name, checksum in names.items():
        entry, path = taken.get(name), on_disk.get(name)
        if entry is None or path is None:
            found.append(f"{account}: {name} is missing")
        elif entry.count != 1:
            found.append(f"{account}: {name} was taken in {entry.count} times")
        elif not (entry.sha256 == checksum == sha256(path)):
            found.append(f"{account}: {name} is damaged")
    extra = {n for n in {*taken, *on_disk} - set(names) if not n.endswith(".csv")}
    return found + [f"{account}: nobody asked for {name}" for name in sorted(extra)]


def _objects(account: str, server: Any, names: Mapping[str, str]) -> list[str]:
    """The same for a bucket. Objects carry their checksum in the key; page and card belong to a bundle."""
    found = []
    taken = {e.key.rpartition("/")[2]: e for e in server.landed()}
    for name, checksum in names.items():
        entry = taken.get(name)
        if entry is None:
            found.append(f"{account}: {name} is missing")
        elif entry.count != 1 or entry.sha256 != checksum:
            found.append(f"{account}: {name} came {entry.count} times as {entry.sha256}")
    extra = set(taken) - set(names) - {"index.html", "listing.json"}
    if names and not {"index.html", "listing.json"} <= set(taken):
        found.append(f"{account}: the page or its card is missing")
    return found + [f"{account}: nobody asked for {name}" for name in sorted(extra)]


def _packs(place: Path, bound: Mapping[str, Binding]) -> list[str]:
    found = []
    for binding in bound.values():
        for sent in binding.files:
            path = place / binding.key / sent.name
            if not path.is_file() or sha256(path) != sent.sha256:
                found.append(f"handoff: {path.name} is missing or damaged")
    wanted = {b.key for b in bound.values()}
    there = {p.name for p in place.iterdir() if p.is_dir()} if place.is_dir() else set()
    return found + [f"handoff: nobody asked for {name}" for name in sorted(there - wanted)]


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
