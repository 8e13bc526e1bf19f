"""A note on disk of each submit, written before it: what is looked for when nobody knows whether it arrived.

It complements the ledger's intent with what only a reader of the site's lists needs: the title as it was
submitted, the newest id before it, and afterwards the id. One file per key, readable by its owner alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from channels.browser.browser import private_folder
from publisher.errors import Transient


@dataclass(frozen=True, slots=True)
class Attempt:
    """One submit. ``newest`` is the newest id that the site listed before it; None means that nobody looked."""

    key: str
    title: str
    image: str
    at: str
    profile: str
    sha256: str
    newest: int | None = None
    id: str = ""

    @property
    def moment(self) -> dt.datetime:
        """When it was submitted (aware)."""
        return dt.datetime.fromisoformat(self.at)


class Attempts:
    """The notes of one account."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, attempt: Attempt) -> None:
        """Keep a note durably: it is on the disk when this returns. Raises Transient when it cannot be."""
        try:
            self._write(attempt)
        except OSError as error:
            raise Transient(
                f"the note of a submit cannot be written: {error.strerror}",
                remedy=f"see that there is room in {self._folder}, then push again",
            ) from error

    def _write(self, attempt: Attempt) -> None:
        private_folder(self._folder)
        place = self._place(attempt.key)
        building = place.with_suffix(".new")
        handle = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as sink:
            json.dump(asdict(attempt), sink, ensure_ascii=False)
            sink.flush()
            os.fsync(sink.fileno())
        building.replace(place)
        directory = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def read(self, key: str) -> Attempt | None:
        """The note of a key; None when there is none that can be read."""
        try:
            return Attempt(**json.loads(self._place(key).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def forget(self, key: str) -> None:
        """Drop the note of a submit that certainly never was one."""
        self._place(key).unlink(missing_ok=True)

    def proven(self, key: str, identity: str) -> None:
        """Add the id to a note."""
        attempt = self.read(key)
        if attempt is not None:
            self.write(replace(attempt, id=identity))

    def known(self) -> Iterator[tuple[str, str]]:
        """Id and key of all proven submits."""
        for place in sorted(self._folder.glob("*.json")):
            try:
                note = json.loads(place.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            if note.get("id"):
                yield str(note["id"]), str(note["key"])

    def _place(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
