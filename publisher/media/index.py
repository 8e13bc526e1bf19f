"""Remembers the facts of masters by size, time and inode, so that a second plan reads no picture.

The same idea as git's index, with the same care: a file that changed within two seconds of its checksum may
change again without a new time stamp, and is measured again. The index is a cache: a damaged, locked or
read-only one costs time, never a wrong answer and never an error.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from publisher.manifest.item import Master
from publisher.media.limits import MEGAPIXELS_MAX, PROBE_VERSION
from publisher.media.marks import Mark, mark_of

_NAME = "masters.sqlite"
_RACY_NS = 2_000_000_000
_BATCH = 500
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS master (relative TEXT PRIMARY KEY, path TEXT, size INTEGER, "
    "mtime INTEGER, inode INTEGER, hashed INTEGER, probe TEXT, facts TEXT) WITHOUT ROWID"
)


class MasterIndex:
    """The index of one project, kept in ``folder``. Use it from one thread."""

    def __init__(self, folder: Path, *, megapixels_max: float = MEGAPIXELS_MAX) -> None:
        self._path = folder / _NAME
        self._limit = megapixels_max
        self._probe = f"{PROBE_VERSION}:{megapixels_max:g}"
        self._fresh: dict[str, tuple[Mark, int, Master]] = {}
        self.measured = 0
        """How many masters had to be read since the index was opened."""

    def facts(self, paths: Sequence[tuple[Path, str]]) -> list[Master]:
        """The facts of each (path, project name), in order; what is not remembered is measured in worker
        processes."""
        places = {relative: path for path, relative in paths}
        marks = {relative: mark_of(path) for relative, path in places.items()}
        known = self._known(places, marks)
        missing = {name: path for name, path in places.items() if name not in known}
        started = time.time_ns()
        for master in self._measure(missing.items()):
            known[master.relative] = master
            mark = marks[master.relative]
            # Only what stood still while it was read can be remembered.
            if mark is not None and master.sha256 and mark_of(master.path) == mark:
                self._fresh[master.relative] = (mark, started, master)
        return [known[relative] for _, relative in paths]

    def save(self) -> None:
        """Write what was measured, in one transaction."""
        if not self._fresh:
            return
        rows = [
            (name, str(m.path), *mark, hashed, self._probe, _stored(m))
            for name, (mark, hashed, m) in self._fresh.items()
        ]
        for attempt in (1, 2):
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with (
                    contextlib.closing(sqlite3.connect(self._path, timeout=5)) as database,
                    database,
                ):
                    database.execute(_SCHEMA)
                    database.executemany(
                        "INSERT OR REPLACE INTO master VALUES (?,?,?,?,?,?,?,?)", rows
                    )
                self._fresh.clear()
                return
            except sqlite3.OperationalError:
                return
            except sqlite3.DatabaseError:
                if attempt == 1:
                    self._discard()
            except OSError:
                return

    def _known(self, paths: dict[str, Path], marks: dict[str, Mark | None]) -> dict[str, Master]:
        found = {
            name: master
            for name, (mark, _, master) in self._fresh.items()
            if marks.get(name) == mark and paths[name] == master.path
        }
        if not self._path.exists():
            return found
        wanted = [name for name in paths if name not in found and marks[name] is not None]
        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=5)) as database:
                for start in range(0, len(wanted), _BATCH):
                    self._select(database, wanted[start : start + _BATCH], paths, marks, found)
        except (sqlite3.Error, ValueError, TypeError, KeyError):
            # Whatever is wrong with the cache, the files themselves still tell the truth.
            return found
        return found

    def _select(
        self,
        database: sqlite3.Connection,
        names: list[str],
        paths: dict[str, Path],
        marks: dict[str, Mark | None],
        found: dict[str, Master],
    ) -> None:
        slots = ",".join("?" * len(names))
        query = f"SELECT * FROM master WHERE relative IN ({slots})"  # noqa: S608  (only question marks)
        for name, path, size, mtime, inode, hashed, kind, facts in database.execute(query, names):
            same = (size, mtime, inode) == marks[name] and path == str(paths[name])
            if same and kind == self._probe and mtime < hashed - _RACY_NS:
                found[name] = _restored(paths[name], name, (size, mtime, inode), facts)

    def _measure(self, missing: Iterable[tuple[str, Path]]) -> list[Master]:
        jobs = list(missing)
        self.measured += len(jobs)
        if not jobs:
            return []
        # Only a miss pays for worker processes: headers are met there, as a decoder may crash on one.
        from publisher.media.probing import probed

        return probed(jobs, megapixels_max=self._limit)

    def _discard(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink()


_STORED = (
    "sha256", "format", "width", "height", "alpha", "color", "pages", "problem", "exif",
    "credentials",
)  # fmt: skip


def _stored(master: Master) -> str:
    facts = {field.name: getattr(master, field.name) for field in dataclasses.fields(master)}
    return json.dumps([facts[name] for name in _STORED])


def _restored(path: Path, name: str, mark: Mark, facts: str) -> Master:
    sha256, format_, width, height, alpha, color, pages, problem, exif, signed = json.loads(facts)
    return Master(
        path, name, sha256, mark[0], format_, width, height, bool(alpha), color, pages, problem,
        tuple(exif) if exif is not None else None, bool(signed), mark,
    )  # fmt: skip
