"""What the sandbox shop holds: documents in SQLite with look-up keys, and a record of every request.

Everything of one request is committed before its answer leaves, so a client that is killed, or a sandbox that is
started again, finds the same world. This module knows no GraphQL and judges nothing.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

Doc = dict[str, Any]

_TABLES = """
CREATE TABLE IF NOT EXISTS docs (
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL,
  born INTEGER NOT NULL, changed INTEGER NOT NULL, before BLOB);
CREATE INDEX IF NOT EXISTS docs_by_kind ON docs (kind, number);
CREATE TABLE IF NOT EXISTS keys (
  kind TEXT NOT NULL, value TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (kind, value, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys_by_number ON keys (number);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, requested REAL NOT NULL,
  actual REAL NOT NULL, outcome TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came: ``kind`` graphql, upload, token or file, and its operations or path.

    ``outcome`` is ``ok``, ``refused`` (top-level errors or an HTTP error) or the name of the fault that struck.
    """

    kind: str
    name: str
    requested: float
    actual: float
    outcome: str


class Store:
    """The documents, numbered in one sequence. Not thread-safe by itself: hold ``lock``."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._base.execute("PRAGMA journal_mode=WAL")
        # The world must outlive a process that is killed, not a machine that loses power.
        self._base.execute("PRAGMA synchronous=OFF")
        self._base.executescript(_TABLES)
        highest = self._base.execute("SELECT COALESCE(MAX(number), 0) FROM docs").fetchone()[0]
        self._last: int = max(int(highest), int(self.fact("last") or 0))
        self.writes = int(self.fact("writes") or 0)
        """How many writing requests there were; the clock that staleness is counted in."""
        self.lag = 0
        """With more than 0, ``seen`` hides what the last so many writes did."""

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._base.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """All or nothing: what happens inside is committed at its end, or undone when it raises."""
        with self.lock:
            self._base.execute("BEGIN")
            try:
                yield
                self.set_fact("last", str(self._last))
                self.set_fact("writes", str(self.writes))
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    def next_number(self) -> int:
        """A number that nothing had before."""
        self._last += 1
        return self._last

    def put(self, number: int, kind: str, doc: Doc, keys: Iterable[tuple[str, str]] = ()) -> None:
        """Write a document and the keys under which it is found."""
        body = orjson.dumps(doc)
        self._base.execute(
            "INSERT INTO docs (number, kind, body, born, changed) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (number) DO UPDATE SET before = CASE WHEN changed = excluded.changed"
            " THEN before ELSE body END, body = excluded.body, changed = excluded.changed",
            (number, kind, body, self.writes, self.writes),
        )
        self._base.execute("DELETE FROM keys WHERE number = ?", (number,))
        self._base.executemany(
            "INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", [(k, v, number) for k, v in keys]
        )

    def remove(self, number: int) -> None:
        """Forget a document."""
        self._base.execute("DELETE FROM docs WHERE number = ?", (number,))
        self._base.execute("DELETE FROM keys WHERE number = ?", (number,))

    def get(self, kind: str, number: int) -> Doc | None:
        """A document as it is now."""
        row = self._base.execute(
            "SELECT body FROM docs WHERE number = ? AND kind = ?", (number, kind)
        ).fetchone()
        return None if row is None else orjson.loads(row[0])

    def seen(self, kind: str, number: int) -> Doc | None:
        """A document as a reader sees it, who may be ``lag`` writes behind."""
        if not self.lag:
            return self.get(kind, number)
        row = self._base.execute(
            "SELECT body, born, changed, before FROM docs WHERE number = ? AND kind = ?",
            (number, kind),
        ).fetchone()
        return None if row is None else self._as_seen(*row)

    def _as_seen(self, body: bytes, born: int, changed: int, before: bytes | None) -> Doc | None:
        horizon = self.writes - self.lag
        if self.lag and born > horizon:
            return None
        known: Doc = orjson.loads(before if self.lag and changed > horizon and before else body)
        return known

    def numbers(self, key: str, value: str) -> list[int]:
        """The numbers of all documents with this key, oldest first."""
        found = self._base.execute(
            "SELECT number FROM keys WHERE kind = ? AND value = ? ORDER BY number", (key, value)
        )
        return [row[0] for row in found]

    def page(self, kind: str, after: int = 0, count: int = 250) -> list[tuple[int, Doc]]:
        """The next documents of a kind by number, as a reader sees them."""
        found = self._base.execute(
            "SELECT number, body, born, changed, before FROM docs"
            " WHERE kind = ? AND number > ? ORDER BY number LIMIT ?",
            (kind, after, count),
        ).fetchall()
        seen = ((row[0], self._as_seen(*row[1:])) for row in found)
        return [(number, doc) for number, doc in seen if doc is not None]

    def every(self, kind: str) -> Iterator[tuple[int, Doc]]:
        """All documents of a kind as they are now, by number."""
        after = 0
        while True:
            with self.lock:
                found = self._base.execute(
                    "SELECT number, body FROM docs WHERE kind = ? AND number > ?"
                    " ORDER BY number LIMIT 500",
                    (kind, after),
                ).fetchall()
            if not found:
                return
            for number, body in found:
                yield number, orjson.loads(body)
            after = found[-1][0]

    def count(self, kind: str) -> int:
        """How many documents of a kind there are."""
        row = self._base.execute("SELECT COUNT(*) FROM docs WHERE kind = ?", (kind,)).fetchone()
        return int(row[0])

    def fact(self, name: str) -> str | None:
        """A single remembered value."""
        row = self._base.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        """Remember a single value."""
        self._base.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def record(self, asked: Asked) -> None:
        """Write a request down."""
        with self.lock:
            self._base.execute(
                "INSERT INTO requests (kind, name, requested, actual, outcome) VALUES (?, ?, ?, ?, ?)",
                (asked.kind, asked.name, asked.requested, asked.actual, asked.outcome),
            )

    def requests(self) -> Sequence[Asked]:
        """Every request since the books were opened or forgotten, in order."""
        with self.lock:
            found = self._base.execute(
                "SELECT kind, name, requested, actual, outcome FROM requests ORDER BY number"
            ).fetchall()
        return [Asked(*row) for row in found]

    def forget_requests(self) -> None:
        """Begin to count anew."""
        with self.lock:
            self._base.execute("DELETE FROM requests")


def gid(kind: str, number: int) -> str:
    """The global id of a thing, such as ``gid://shopify/Product/7``."""
    return f"gid://shopify/{kind}/{number}"


def split_gid(text: object) -> tuple[str, int]:
    """Kind and number of a global id; ("", 0) for anything else."""
    parts = str(text).split("/")
    if len(parts) == 5 and parts[0] == "gid:" and parts[2] == "shopify" and parts[4].isdigit():
        return parts[3], int(parts[4])
    return "", 0


def slim(doc: Mapping[str, Any], *names: str) -> Doc:
    """Only the named entries that are there."""
    return {n: doc[n] for n in names if n in doc}
