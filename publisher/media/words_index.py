"""Remembers what masters say of themselves, by the checksum of their bytes; a cache, like the index of masters.

A damaged, locked or read-only one costs time, never a wrong answer and never an error.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from publisher.errors import Rejected
from publisher.manifest.item import Master
from publisher.manifest.model import ProvenanceClass
from publisher.media.metadata.read import read_metadata
from publisher.media.metadata.words import Words, words_in

_NAME = "words.sqlite"
_VERSION = "2"
"""Raise it when the same file gives other words."""
_BATCH = 500
_SCHEMA = "CREATE TABLE IF NOT EXISTS words (sha256 TEXT PRIMARY KEY, version TEXT, said TEXT) WITHOUT ROWID"


def embedded_words(masters: Iterable[Master], folder: Path) -> dict[str, Words]:
    """What each usable master says, by checksum; ``folder`` holds the cache. Unreadable ones say nothing."""
    places = {m.sha256: m.path for m in masters if m.sha256 and not m.problem}
    known = _known(folder / _NAME, list(places))
    fresh = {sha: _words(path) for sha, path in places.items() if sha not in known}
    if fresh:
        _remember(folder / _NAME, fresh)
    return known | fresh


def _words(path: Path) -> Words:
    try:
        return words_in(read_metadata(path))
    except Rejected:
        return Words()


def _known(path: Path, wanted: list[str]) -> dict[str, Words]:
    found: dict[str, Words] = {}
    if not path.exists():
        return found
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=5)) as database:
            for start in range(0, len(wanted), _BATCH):
                batch = wanted[start : start + _BATCH]
                slots = ",".join("?" * len(batch))
                query = f"SELECT sha256, version, said FROM words WHERE sha256 IN ({slots})"  # noqa: S608
                for sha256, version, said in database.execute(query, batch):
                    if version == _VERSION:
                        found[sha256] = _restored(said)
    except (sqlite3.Error, ValueError, TypeError, KeyError):
        # Whatever is wrong with the cache, the files themselves still tell the truth.
        return {}
    return found


def _remember(path: Path, fresh: dict[str, Words]) -> None:
    rows = [(sha, _VERSION, json.dumps(dataclasses.asdict(words))) for sha, words in fresh.items()]
    with contextlib.suppress(sqlite3.Error, OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path, timeout=5)) as database, database:
            database.execute(_SCHEMA)
            database.executemany("INSERT OR REPLACE INTO words VALUES (?,?,?)", rows)


def _restored(said: str) -> Words:
    fields = json.loads(said)
    fields["keywords"] = tuple(fields["keywords"])
    if fields["provenance"] is not None:
        fields["provenance"] = ProvenanceClass(fields["provenance"])
    return Words(**fields)
