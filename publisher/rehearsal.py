"""The rehearsal: sandboxes on loopback, the real program as a child process, and the sandboxes' own books.

Every account is pointed at its sandbox; the project's real ledger and outbox are not touched. What the
sandboxes took in decides, not what the program believes.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from publisher.audit_books import compare
from publisher.channel import Sandbox
from publisher.discovery import sandbox_type
from publisher.errors import ConfigError
from publisher.manifest.project import load_project
from publisher.observe import Account
from publisher.settings import account_settings, variable_prefix
from publisher.workspace import open_accounts

Say = Callable[[str], None]

MOMENT = 6.0
"""Seconds within which a push is killed."""
MOMENT_WEB = 24.0
"""The same where browsers fill forms in: they take seconds to open, and kills have to strike the forms, too."""


class Sandboxes:
    """The sandboxes of some accounts. A context manager."""

    def __init__(self, accounts: Sequence[Account], folder: Path) -> None:
        self.accounts = accounts
        self.boxes: dict[str, Sandbox] = {}
        self._folder = folder
        self._settings: dict[str, Mapping[str, str]] = {}

    def __enter__(self) -> Self:
        try:
            for account in self.accounts:
                kind = sandbox_type(account.row)
                if kind is None:
                    continue
                place = self._folder / account.name
                place.mkdir(parents=True, exist_ok=True)
                box = kind(account.row, account.name, place)
                self.boxes[account.name] = box
                self._settings[account.name] = box.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop all of them."""
        for box in self.boxes.values():
            box.stop()

    def rehearsing(self, project: Path) -> dict[str, str]:
        """Set all up for a rehearsal. Returns account → what this machine lacks: these make packs instead."""
        lacking: dict[str, str] = {}
        for account in self.accounts:
            box = self.boxes.get(account.name)
            if box is None:
                continue
            given = self._settings[account.name]
            settings = account_settings(account.channel.Settings, account.name, project, given)
            more, why = box.rehearsing(settings)
            self._settings[account.name] = {**given, **more}
            if why:
                lacking[account.name] = why
                box.stop()
                del self.boxes[account.name]
        return lacking

    def environment(self) -> dict[str, str]:
        """The variables that point every account at its sandbox."""
        return {
            variable_prefix(name) + field: value
            for name, settings in self._settings.items()
            for field, value in settings.items()
        }


@dataclass(frozen=True)
class Rehearsed:
    """What a rehearsal found. ``differences`` are sentences; none means that the books agree."""

    release: str
    pairs: int
    counts: Mapping[str, int]
    second: Mapping[str, int]
    landed: int
    works: int
    kills: int
    differences: tuple[str, ...]
    report: Path
    push_exit: int
    accounts: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0 when the books agree and the second plan has nothing to do."""
        return 1 if self.differences else self.push_exit

    def summary(self) -> str:
        """The closing sentences for a person."""
        words = ", ".join(f"{n} {word}" for word, n in self.counts.items())
        second = ", ".join(f"{n} {word}" for word, n in self.second.items())
        kills = f" after {self.kills} kills" if self.kills else ""
        end = "the second plan has nothing to do" if not self.differences else "the books differ"
        works = (
            f"{self.works} works of web sites carry the words and declarations of the ledger\n"
            if self.works
            else ""
        )
        return (
            f"{self.release}: {self.pairs} pairs{kills}: {words}\n"
            f"the sandboxes hold {self.landed} files, each once and intact\n{works}"
            f"second plan: {second}\n{end}"
            if not self.differences
            else f"{self.release}: {self.pairs} pairs{kills}: {words}\n{end}: "
            f"{len(self.differences)} differences"
        )

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "release": self.release,
            "pairs": self.pairs,
            "counts": dict(self.counts),
            "second_plan": dict(self.second),
            "landed": self.landed,
            "works": self.works,
            "kills": self.kills,
            "differences": list(self.differences),
            "nothing_to_do": not self.differences,
            "report": str(self.report),
        }


def rehearse(
    folder: Path,
    *,
    accounts: Sequence[str] = (),
    chaos: int = 0,
    seed: int = 1,
    keep: bool = False,
    say: Say = lambda _text: None,
) -> Rehearsed:
    """Publish to sandboxes, plan again, compare. Raises what opening the project raises.

    With ``chaos`` the push is killed that often at random moments; when a push ends by itself before it is
    killed, that round is judged and the next begins with empty sandboxes.
    """
    place = folder / "rehearsal"
    chosen = open_accounts(load_project(folder), accounts)
    chance = random.Random(seed)  # noqa: S311  (moments of kills, not secrets)
    kills = 0
    differences: tuple[str, ...] = ()
    while True:
        if not keep:
            shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True, exist_ok=True)
        done = _round(folder, place, accounts, chosen, (chaos - kills, chance), say)
        kills += done.kills
        differences = (*differences, *done.differences)
        if kills >= chaos or keep:
            return replace(done, kills=kills, differences=differences)
        say(f"{kills} of {chaos} kills; the books agree so far, starting again")


def _round(
    folder: Path,
    place: Path,
    names: Sequence[str],
    accounts: Sequence[Account],
    storm: tuple[int, random.Random],
    say: Say,
) -> Rehearsed:
    """One release against fresh sandboxes: kills, a push to the end, a second plan, the books."""
    with Sandboxes(accounts, place / "sandboxes") as boxes:
        for name, why in boxes.rehearsing(folder).items():
            say(f"{name}: {why}; packs are made instead")
        say(f"sandboxes: {', '.join(boxes.boxes) or 'none needed'}")
        program = Program(folder, place / "state", names, boxes.environment())
        web = any(box.row.transport.kind == "browser" for box in boxes.boxes.values())
        kills = _storm(program, *storm, MOMENT_WEB if web else MOMENT, say)
        say("publishing to the sandboxes")
        code, first = program.run("push")
        if "items" not in first:
            raise ConfigError(_sentence(first), remedy="publisher check names every mistake")
        say("planning again")
        _, second = program.run("plan")
        books = compare(program.state, first["release"], accounts, boxes.boxes)
    return Rehearsed(
        release=first["release"],
        pairs=first["pairs"],
        counts=first["counts"],
        second=second.get("counts", {}),
        landed=books.files,
        works=books.works,
        kills=kills,
        differences=(*books.differences, *_left(second)),
        report=program.state / "runs" / f"{first['run']:05d}" / "report.html",
        push_exit=code,
        accounts=tuple(first["accounts"]),
    )


def _sentence(document: Mapping[str, Any]) -> str:
    error = document.get("error")
    return str(error["sentence"]) if isinstance(error, Mapping) else "the push printed no document"


def _left(plan: Mapping[str, Any]) -> list[str]:
    active = {"create", "update", "withdraw", "adopt", "prepare", "unknown"}
    left = [
        f"the second plan would {i['word']} {i['item']} at {i['account']}"
        for i in plan.get("items", ())
        if i["word"] in active
    ]
    left += [f"the second plan has a batch left for {s['account']}" for s in plan["submissions"]]
    return left


class Program:
    """The real program in a child process, pointed at the sandboxes."""

    def __init__(
        self,
        project: Path,
        state: Path,
        accounts: Sequence[str],
        settings: Mapping[str, str],
    ) -> None:
        self.state = state
        self._project = project
        self._accounts = [part for name in accounts for part in ("--account", name)]
        self._environment = {
            **os.environ,
            **settings,
            "PUBLISHER_STATE_DIR": str(state),
            "PYTHONUNBUFFERED": "1",
        }

    def start(self, command: str) -> subprocess.Popen[bytes]:
        """Start a command with ``--json``, in a process group of its own."""
        return subprocess.Popen(  # noqa: S603  (our own program)
            [
                *(sys.executable, "-m", "publisher", command, "--json"),
                *("--project", str(self._project), *self._accounts),
            ],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, command: str) -> tuple[int, dict[str, Any]]:
        """Run a command to its end; returns its exit code and its document."""
        child = self.start(command)
        try:
            out, err = child.communicate()
        except BaseException:
            # Whoever stops a rehearsal means the push as well: it has a process group of its own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
            raise
        try:
            document: dict[str, Any] = json.loads(out)
        except ValueError:
            text = err.decode("utf-8", "replace").strip()
            raise ConfigError(f"publisher {command} printed no document: {text}") from None
        return child.returncode, document


def _storm(program: Program, kills: int, chance: random.Random, longest: float, say: Say) -> int:
    """Start pushes and kill each at a random moment, so often or until one ends by itself."""
    struck = 0
    while struck < kills:
        child = program.start("push")
        moment = chance.uniform(0.2, longest)
        try:
            child.communicate(timeout=moment)
            break
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            struck += 1
            say(f"killed after {moment:.1f} s")
    return struck
