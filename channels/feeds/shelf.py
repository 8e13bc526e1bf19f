"""The entries of one feed on a shelf that sorts itself: a temporary database that vanishes when it is closed.

A feed of a hundred thousand entries is merged, looked up and written in order without being held in memory.
What lies here is a copy of what is published, plus changes; only a publication makes them true.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from publisher.listing import FieldValue

PICTURES: Final = "remote.objects"
"""The field that names an entry's pictures, the main one first, as they lie in the bucket or folder."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One product of the feed. ``raw`` are the attributes of an entry that is not from here, as they were read."""

    key: str
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    raw: Mapping[str, Any] | None = None

    @property
    def pictures(self) -> tuple[str, ...]:
        """Where its pictures lie."""
        found = self.fields.get(PICTURES)
        return found if isinstance(found, tuple) else ()


def packed(entry: Entry) -> bytes:
    """One line of JSON, the same for equal entries."""
    body = {"key": entry.key, "fields": dict(entry.fields), "raw": entry.raw}
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def unpacked(line: bytes | str) -> Entry:
    """The entry of such a line. Raises ValueError or KeyError when it is none."""
    body = orjson.loads(line)
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in body["fields"].items()}
    return Entry(body["key"], fields, body["raw"])


class Shelf:
    """Entries by key, and pictures that no entry shows any more. Not shared between threads."""

    def __init__(self) -> None:
        # An empty name is a file that SQLite deletes by itself; the thread that closes may be another.
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("PRAGMA cache_size=-16000")
        self._db.execute(
            "CREATE TABLE entry (key TEXT PRIMARY KEY, body BLOB, ours INTEGER) WITHOUT ROWID"
        )
        self.retired: dict[str, str] = {}
        """Name of a picture that was taken out → the day (ISO)."""
        self.digest = ""
        """SHA-256 of the feed that it was filled from."""
        self.before = ""
        """SHA-256 of the feed that this one replaced."""
        self.changed = False
        """Whether it differs from what is published."""

    def close(self) -> None:
        """Let it vanish. Safe to call twice."""
        self._db.close()

    def fill(self, entries: Iterable[Entry]) -> None:
        """Put down what is published. Raises what the entries raise."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR REPLACE INTO entry VALUES (?, ?, 0)", ((e.key, packed(e)) for e in entries)
        )
        self._db.execute("COMMIT")

    def keep(self, entries: Iterable[Entry]) -> None:
        """Put down what the ledger has bound: it is ours, and it wins over what is published.

        An entry without pictures of its own takes over those that are published for it.
        """
        self._db.execute("BEGIN")
        for entry in entries:
            self._keep(entry)
        self._db.execute("COMMIT")

    def _keep(self, entry: Entry) -> None:
        row = self._db.execute("SELECT body FROM entry WHERE key = ?", (entry.key,)).fetchone()
        if not entry.pictures:
            if row is None:
                return
            there = unpacked(row[0])
            facts = {k: v for k, v in there.fields.items() if k.startswith("remote.")}
            if not there.pictures:
                self._db.execute("UPDATE entry SET ours = 1 WHERE key = ?", (entry.key,))
                return
            entry = Entry(entry.key, {**entry.fields, **facts})
        body = packed(entry)
        self.changed = self.changed or row is None or row[0] != body
        self._db.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, 1)", (entry.key, body))

    def is_ours(self, key: str) -> bool:
        """Whether the ledger has it bound."""
        row = self._db.execute("SELECT ours FROM entry WHERE key = ?", (key,)).fetchone()
        return row is not None and bool(row[0])

    def get(self, key: str) -> Entry | None:
        """The entry under a key."""
        row = self._db.execute("SELECT body FROM entry WHERE key = ?", (key,)).fetchone()
        return unpacked(row[0]) if row is not None else None

    def put(self, entry: Entry, day: str) -> None:
        """Put an entry in its place; pictures that it does not show any more retire on ``day``."""
        self._retire(entry.key, entry.pictures, day)
        self._db.execute(
            "INSERT OR REPLACE INTO entry VALUES (?, ?, 1)", (entry.key, packed(entry))
        )
        self.changed = True

    def drop(self, key: str, day: str) -> None:
        """Take an entry out. Of what is not there a no-op."""
        self._retire(key, (), day)
        taken = self._db.execute("DELETE FROM entry WHERE key = ?", (key,)).rowcount
        self.changed = self.changed or taken > 0

    def _retire(self, key: str, kept: tuple[str, ...], day: str) -> None:
        old = self.get(key)
        for name in old.pictures if old is not None else ():
            if name not in kept:
                self.retired[name] = day
        for name in kept:
            self.retired.pop(name, None)

    def __iter__(self) -> Iterator[Entry]:
        for (body,) in self._db.execute("SELECT body FROM entry ORDER BY key"):
            yield unpacked(body)

    def bodies(self) -> Iterator[bytes]:
        """The packed entries in order."""
        for (body,) in self._db.execute("SELECT body FROM entry ORDER BY key"):
            yield body

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM entry").fetchone()[0])
