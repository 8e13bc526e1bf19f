"""Remembers the hashes of masters and which of them are alike, so that a second plan searches nothing.

It lives beside the index of masters, by the SHA-256 of the master, and is a cache like it: a damaged or
read-only one costs time, never a wrong answer. Pictures that were searched once are only compared with new
ones. When nothing is new neither the image library nor the array library is loaded.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.errors import PublisherError
from publisher.manifest.item import Master
from publisher.media.limits import LIKENESS_VERSION
from publisher.similarity import ALIKE_VERSION, Likeness, links

if TYPE_CHECKING:
    from publisher.media.columns import Columns

_NAME = "masters.sqlite"
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS likeness (sha256 TEXT PRIMARY KEY, hashes BLOB) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS alike (one TEXT, other TEXT, PRIMARY KEY (one, other)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS likeness_version (version INTEGER PRIMARY KEY)",
)
_VERSION = LIKENESS_VERSION * 1000 + ALIKE_VERSION
_SECONDS = 120.0
_SMALL_SEARCH = 250_000
"""Comparisons up to which plain numbers are faster than starting the array library."""
_SMALL_READ = 20_000
"""The same for reading what is known."""


class MotifIndex:
    """The likenesses of one project, kept in ``folder``. Use it from one thread."""

    def __init__(self, folder: Path, *, workers: int | None = None) -> None:
        self._folder = folder
        self._workers = workers or os.cpu_count() or 1
        self._searched: tuple[list[str], Columns] | None = None
        self.measured = 0
        """How many pictures had to be decoded since the index was opened."""

    def alike(
        self, masters: Sequence[Master], published: Mapping[str, Likeness]
    ) -> list[tuple[str, str]]:
        """Pairs of SHA-256 that are alike, among ``masters`` and pictures that were ``published`` before.

        A master that cannot be decoded is alike to nothing; its own problem is told elsewhere.
        """
        wanted = {m.sha256: m for m in masters if m.sha256 and not m.problem}
        for database in (self._open, _in_memory):
            with contextlib.suppress(sqlite3.Error), contextlib.closing(database()) as opened:
                return self._alike(opened, wanted, published)
        return []

    def _alike(
        self,
        database: sqlite3.Connection,
        wanted: Mapping[str, Master],
        published: Mapping[str, Likeness],
    ) -> list[tuple[str, str]]:
        known = {sha for (sha,) in database.execute("SELECT sha256 FROM likeness")}
        fresh: dict[str, Likeness | None] = {s: published[s] for s in published.keys() - known}
        fresh |= self._measure([m for s, m in wanted.items() if s not in known | fresh.keys()])
        if fresh:
            _learn(database, fresh)
            self._searched = None
        names = wanted.keys() | published.keys()
        pairs = database.execute("SELECT one, other FROM alike")
        return [(one, other) for one, other in pairs if one in names and other in names]

    def resembling(self, one: Likeness) -> list[str]:
        """SHA-256 of every remembered picture that is alike; for adopting what is at a channel already.

        The hashes stay in memory between calls: over 100,000 pictures a call takes less than a millisecond
        after the first one.
        """
        from publisher.media.columns import Columns

        if self._searched is None:
            with contextlib.closing(self._open()) as database:
                rows = [r for r in database.execute("SELECT * FROM likeness") if r[1]]
            self._searched = [sha for sha, _ in rows], Columns([hashes for _, hashes in rows])
        names, columns = self._searched
        return [names[place] for place in columns.alike(one)]

    def measured_now(self, master: Master) -> Likeness | None:
        """The likeness of one picture, which is not remembered; None when it cannot be decoded."""
        return self._measure([master]).get(master.sha256)

    def knows(self, sha256: str) -> bool:
        """Whether the picture was measured before, with whatever success."""
        with contextlib.closing(self._open()) as database:
            row = database.execute("SELECT 1 FROM likeness WHERE sha256 = ?", (sha256,))
            return row.fetchone() is not None

    def learn(self, measured: Mapping[str, Likeness]) -> None:
        """Remember hashes that somebody else measured, by the SHA-256 of the picture.

        It is a cache: when it cannot be written they are measured again some day.
        """
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(self._open()) as database,
        ):
            known = {sha for (sha,) in database.execute("SELECT sha256 FROM likeness")}
            fresh = {sha: x for sha, x in measured.items() if sha not in known}
            if fresh:
                _learn(database, fresh)
        self._searched = None

    def likenesses(self, pictures: Collection[str]) -> dict[str, Likeness]:
        """What is remembered of the pictures with these SHA-256."""
        with contextlib.closing(self._open()) as database:
            found = {}
            for sha in pictures:
                row = database.execute("SELECT hashes FROM likeness WHERE sha256 = ?", (sha,))
                if (hashes := row.fetchone()) is not None and hashes[0]:
                    found[sha] = Likeness.unpacked(hashes[0])
            return found

    def _open(self) -> sqlite3.Connection:
        """The cache; when it cannot be used, one in memory, which is forgotten."""
        for attempt in (1, 2):
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                return _prepared(sqlite3.connect(self._folder / _NAME, timeout=5))
            except sqlite3.OperationalError:
                break
            except sqlite3.DatabaseError:
                if attempt == 1:
                    with contextlib.suppress(OSError):
                        (self._folder / _NAME).unlink()
            except OSError:
                break
        return _in_memory()

    def _measure(self, masters: Sequence[Master]) -> dict[str, Likeness | None]:
        if not masters:
            return {}
        # Only a miss pays for worker processes.
        from concurrent.futures import ThreadPoolExecutor

        from publisher.media.pool import DecoderPool

        pool = DecoderPool(self._workers)
        with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(self._workers) as threads:

            def measure(master: Master) -> Likeness | None:
                target = Path(place) / master.sha256
                name = Path(master.relative).name
                try:
                    pool.run("likeness", (master, target), name=name, seconds=_SECONDS)
                    return Likeness.unpacked(target.read_bytes())
                except (PublisherError, OSError, ValueError):
                    return None

            try:
                found = list(threads.map(measure, masters))
            finally:
                pool.close()
        self.measured += len(masters)
        return {m.sha256: x for m, x in zip(masters, found, strict=True)}


def _in_memory() -> sqlite3.Connection:
    return _prepared(sqlite3.connect(":memory:"))


def _prepared(database: sqlite3.Connection) -> sqlite3.Connection:
    """Tables there and of this version; hashes of another version are forgotten."""
    try:
        with database:
            for statement in _SCHEMA:
                database.execute(statement)
            versions = {v for (v,) in database.execute("SELECT version FROM likeness_version")}
            if versions != {_VERSION}:
                for table in ("likeness", "alike", "likeness_version"):
                    database.execute(f"DELETE FROM {table}")  # noqa: S608  (names of our own)
                database.execute("INSERT INTO likeness_version VALUES (?)", (_VERSION,))
    except sqlite3.Error:
        database.close()
        raise
    return database


def _learn(database: sqlite3.Connection, fresh: Mapping[str, Likeness | None]) -> None:
    """Compare the new ones with each other and with all known ones; what cannot be decoded is noted as such."""
    every = database.execute("SELECT sha256, hashes FROM likeness")
    known = [(sha, hashes) for sha, hashes in every if hashes]
    pairs = _links([(sha, x) for sha, x in fresh.items() if x is not None], known)
    rows = [(sha, b"" if x is None else x.packed()) for sha, x in fresh.items()]
    with database:
        database.executemany("INSERT OR IGNORE INTO likeness VALUES (?, ?)", rows)
        database.executemany("INSERT OR IGNORE INTO alike VALUES (?, ?)", pairs)


def _links(
    fresh: Sequence[tuple[str, Likeness]], known: Sequence[tuple[str, bytes]]
) -> Iterable[tuple[str, str]]:
    if len(fresh) * (len(fresh) + len(known)) <= _SMALL_SEARCH and len(known) <= _SMALL_READ:
        return links(fresh, [(sha, Likeness.unpacked(hashes)) for sha, hashes in known])
    from publisher.media.columns import links_of

    return links_of(fresh, known)
