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
    """One submit. ``newest`` is the newest id that the site listed before it; None means that nobody looked.

    ``person`` says that somebody else than us presses the button, and ``ended`` when we stopped to wait for what
    comes of it. ``first_…`` are of the first submit of this key, where that one was found not to be there.
    """

    key: str
    title: str
    image: str
    at: str
    profile: str
    sha256: str
    newest: int | None = None
    id: str = ""
    person: bool = True
    ended: str = ""
    first_at: str = ""
    first_newest: int | None = None
    first_title: str = ""

    @property
    def moment(self) -> dt.datetime:
        """When it was submitted (aware)."""
        return dt.datetime.fromisoformat(self.at)


class Attempts:
    """The notes of one account."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, attempt: Attempt) -> None:
        """Keep a note durably: it is on the disk when this returns. Raises Transient when it cannot be."""
        try:
            self._write(attempt)
        except OSError as error:
            raise Transient(
                f"the note of a submit cannot be written: {error.strerror}",
                remedy=f"see that there is room in {self.folder}, then push again",
            ) from error

    def _write(self, attempt: Attempt) -> None:
        private_folder(self.folder)
        place = self._place(attempt.key)
        building = place.with_suffix(".new")
        handle = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as sink:
            json.dump(asdict(attempt), sink, ensure_ascii=False)
            sink.flush()
            os.fsync(sink.fileno())
        building.replace(place)
        directory = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def read(self, key: str) -> Attempt | None:
        """The note of a key; None when there is none that can be read."""
        return _read(self._place(key))

    def forget(self, key: str) -> None:
        """Drop the note of a submit that certainly never was one."""
        self._place(key).unlink(missing_ok=True)

    def back_to(self, key: str, before: Attempt | None) -> None:
        """Undo the note of a submit that certainly made nothing; an earlier open one may still matter."""
        if before is not None and not before.id:
            self.write(before)
        else:
            self.forget(key)

    def proven(self, key: str, identity: str) -> None:
        """Add the id to a note."""
        attempt = self.read(key)
        if attempt is not None:
            self.write(replace(attempt, id=identity))

    def ended(self, key: str, at: dt.datetime) -> None:
        """Add to a note that nothing more is done for the submit from ``at`` on."""
        attempt = self.read(key)
        if attempt is not None and not attempt.id:
            self.write(replace(attempt, ended=at.isoformat()))

    def all(self) -> Iterator[Attempt]:
        """Every note that can be read."""
        for place in sorted(self.folder.glob("*.json")):
            attempt = _read(place)
            if attempt is not None:
                yield attempt

    def known(self) -> Iterator[tuple[str, str]]:
        """Id and key of all proven submits."""
        yield from ((a.id, a.key) for a in self.all() if a.id)

    def _place(self, key: str) -> Path:
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _read(place: Path) -> Attempt | None:
    try:
        return Attempt(**json.loads(place.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
