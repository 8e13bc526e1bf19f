"""docs/tutorial-add-an-agency.md, followed to the letter: its files are saved, its commands run, in its order.

What it calls "for real" meets a real FTP server on loopback: the environment wins over the tutorial's ``.env``,
and that is all that is not in the tutorial.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from stagehand import PUBLISHER, ROOT

from publisher.manifest.project import load_project
from publisher.rehearsal import Sandboxes
from publisher.workspace import open_accounts

TUTORIAL = ROOT / "docs" / "tutorial-add-an-agency.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w/-]*\.(?:toml|env)|\.env)`")


@dataclass(frozen=True)
class Step:
    """One block: text to save into ``file`` (added to what is there), or commands to type."""

    kind: str
    text: str
    file: str


def steps(page: str) -> Iterator[Step]:
    """The blocks in order; the file is the last one that the paragraph before the block names."""
    before = 0
    for block in BLOCK.finditer(page):
        named = FILE.findall(
            page[before : block.start()].rpartition("\n\n")[0].rpartition("\n\n")[2]
        )
        before = block.end()
        yield Step(block[1], block[2], named[-1] if named and block[1] != "console" else "")


class Reader:
    """Somebody who follows the page: where they are, and what every command printed."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.environment = {
            **{k: os.environ[k] for k in ("PATH", "LANG", "TMPDIR") if k in os.environ},
            "HOME": str(place),
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
        }
        self.printed: dict[str, str] = {}

    def type(self, line: str) -> None:
        """Run one line of a console block."""
        words = shlex.split(line, comments=True)
        if words[0] == "cd":
            self.place = self.place / words[1]
            return
        assert words[0] == "publisher", line
        done = subprocess.run(
            [*PUBLISHER, *words[1:]],
            cwd=self.place,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        self.printed[line] = done.stdout

    def save(self, step: Step) -> None:
        """Save a block, or add it to the file that is there."""
        path = self.place / step.file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(("\n" if path.stat().st_size else "") + step.text)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Reader, Sandboxes]]:
    """The whole page, once."""
    reader = Reader(tmp_path_factory.mktemp("tutorial"))
    boxes: Sandboxes | None = None
    try:
        for step in steps(TUTORIAL.read_text("utf-8")):
            if step.kind == "console":
                for line in step.text.splitlines():
                    reader.type(line)
            else:
                assert step.file, f"nobody knows where to save:\n{step.text}"
                reader.save(step)
            if step.file == ".env":
                accounts = open_accounts(load_project(reader.place), ["pictura"])
                boxes = Sandboxes(accounts, reader.place / "stand-ins").__enter__()
                reader.environment |= boxes.environment()
        assert boxes is not None, "the page never gets to the credentials"
        yield reader, boxes
    finally:
        if boxes is not None:
            boxes.stop()


Followed = tuple[Reader, Sandboxes]


def test_the_page_has_one_row_and_no_code() -> None:
    found = list(steps(TUTORIAL.read_text("utf-8")))
    assert [s.file for s in found if s.file] == [
        "channels/stock/pictura.toml", "publisher.toml", ".env",
    ]  # fmt: skip
    assert {s.kind for s in found} == {"console", "toml", "sh"}


def test_the_new_channel_is_listed_and_judged(followed: Followed) -> None:
    reader, _ = followed
    line = next(
        x for x in reader.printed["publisher channels --project ."].splitlines() if "pictura" in x
    )
    assert "allowed, with actions" in line and "Made with AI" in line
    assert "pictura" in reader.printed["publisher check --account pictura"]


def test_the_history_in_the_text_is_true(followed: Followed) -> None:
    reader, _ = followed
    (line,) = re.findall(r"`(publisher check --as-of [^`]+)`", TUTORIAL.read_text("utf-8"))
    reader.type(f"{line} --json")
    found = json.loads(reader.printed[f"{line} --json"])["items"]
    assert {i["verdict"] for i in found if i["item"].startswith("dunes")} == {"hold"}


def test_both_pictures_arrived_once_with_a_sheet_that_declares_them(followed: Followed) -> None:
    reader, boxes = followed
    taken = {e.key: e for e in boxes.boxes["pictura"].landed()}
    assert [name[:9] for name in sorted(taken)] == ["dunes_001", "dunes_002"]
    assert {e.count for e in taken.values()} == {1}
    assert "incoming" in boxes.boxes["pictura"].row.transport.root
    (sheet,) = (reader.place / "outbox").rglob("*.csv")
    rows = list(csv.DictReader(sheet.read_text("utf-8").splitlines(), delimiter=";"))
    assert [r["File"] for r in rows] == sorted(taken)
    assert {(r["Made with AI"], r["Category"]) for r in rows} == {("yes", "Abstract art")}
    on_disk = {p.name: p.read_bytes() for p in (reader.place / "stand-ins").rglob("dunes_*.jpg")}
    assert {n: hashlib.sha256(b).hexdigest() for n, b in on_disk.items()} == {
        n: e.sha256 for n, e in taken.items()
    }
