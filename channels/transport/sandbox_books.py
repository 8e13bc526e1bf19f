"""What every sandbox server keeps: the books of what it really took in, and a switchboard of faults.

The books are the truth that rehearsals compare with the ledger, so a line is on disk before the
client gets its answer. This module talks to no client and knows no protocol.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from publisher.channel import Landed


class Books:
    """An append-only JSONL file of events ``completed``, ``partial``, ``renamed``, ``deleted``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def record(self, event: str, name: str, **more: Any) -> None:
        """Append one line, durable before this returns."""
        time = dt.datetime.now(dt.UTC).isoformat()
        line = json.dumps({"event": event, "name": name, "time": time, **more}, ensure_ascii=False)
        with self._lock, self.path.open("a", encoding="utf-8", errors="surrogateescape") as book:
            book.write(line + "\n")
            book.flush()
            os.fsync(book.fileno())

    def entries(self) -> list[dict[str, Any]]:
        """Every event in order; ``completed`` and ``partial`` have name, size, sha256 and time."""
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        return [json.loads(line) for line in lines]

    def landed(self) -> Sequence[Landed]:
        """What was taken in, by its last name; ``count`` says how often. Partial files are left out."""
        last: dict[str, dict[str, Any]] = {}
        count: Counter[str] = Counter()
        for entry in self.entries():
            name = entry["name"]
            if entry["event"] == "completed":
                last[name] = entry
                count[name] += 1
            elif entry["event"] == "renamed" and entry["old"] in last:
                last[name] = last.pop(entry["old"])
                count[name] += count.pop(entry["old"])
        return [Landed(n, e["sha256"], e["size"], count[n]) for n, e in last.items()]


def cut_short(entries: Sequence[Mapping[str, Any]]) -> list[Landed]:
    """What came without a proper end and never again: by name, with the bytes that are there.

    A client that dies between its last byte and the end of the upload leaves a whole file of this kind.
    """
    last = {e["name"]: e for e in entries if e["event"] in ("partial", "completed")}
    return [
        Landed(name, e["sha256"], e["size"]) for name, e in last.items() if e["event"] == "partial"
    ]


class Switchboard:
    """Named faults that tests and rehearsals switch on. Thread-safe."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._lock = threading.Lock()
        self._on: dict[str, dict[str, Any]] = {}

    def switch_on(self, name: str, **options: Any) -> None:
        """Switch a fault on; ``times`` says how often it strikes. Raises ValueError for an unknown one."""
        if name not in self.names:
            raise ValueError(f"there is no fault {name!r}; there are {', '.join(self.names)}")
        with self._lock:
            self._on[name] = dict(options)

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._on.clear()

    def options(self, name: str) -> dict[str, Any] | None:
        """The options of a fault that is on, else None. Does not count as a strike."""
        with self._lock:
            return self._on.get(name)

    def strike(self, name: str) -> dict[str, Any] | None:
        """The same, and takes one off ``times``; a fault that is used up is off."""
        with self._lock:
            options = self._on.get(name)
            if options is not None and "times" in options:
                options["times"] -= 1
                if options["times"] <= 0:
                    del self._on[name]
            return options
