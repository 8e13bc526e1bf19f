"""The books of a replica: uploads, submits and works as they came in. A kill loses nothing that was answered."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from channels.transport.sandbox_books import Books
from publisher.channel import Landed

EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


@dataclass(frozen=True, slots=True)
class Picture:
    """An upload that arrived. ``token`` is what the form sends along."""

    token: str
    name: str
    sha256: str
    size: int
    where: str = ""
    """What it lies in at the site until it is submitted, such as the number of a batch."""


@dataclass(slots=True)
class Work:
    """One work. ``state`` is the site's own word for where it is in its life."""

    id: str
    title: str
    picture: Picture
    fields: dict[str, Any] = field(default_factory=dict)
    state: str = "live"
    time: dt.datetime = EPOCH
    shown_from: dt.datetime = EPOCH


class ReplicaBooks:
    """Every event is on disk before its answer goes out. Thread-safe."""

    def __init__(self, path: Path, first_id: int) -> None:
        self._book = Books(path)
        self._guard = threading.RLock()
        self._next = first_id
        self.pictures: dict[str, Picture] = {}
        self.works: dict[str, Work] = {}
        self.words: dict[str, dict[str, Any]] = {}
        """What was saved of an upload before it was submitted."""
        self.submits = 0
        self.attempts = 0
        self._by_form: dict[str, str] = {}
        for entry in self._book.entries():
            self._replay(entry)

    def upload(self, name: str, data: bytes, where: str = "") -> Picture:
        """Take a file in."""
        digest = hashlib.sha256(data).hexdigest()
        with self._guard:
            token = f"u{len(self.pictures) + 1}"
            entry = {"token": token, "sha256": digest, "size": len(data), "where": where}
            self._note("upload", name, **entry)
            return self.pictures[token]

    def save(self, token: str, words: Mapping[str, Any]) -> None:
        """Keep what was written of an upload."""
        self._note("words", token, words=dict(words))

    def burn(self, name: str) -> None:
        """Count an upload that was refused."""
        self._note("burnt", name)

    def submit(self, title: str) -> None:
        """A submit came in, whatever becomes of it."""
        self._note("submit", title)

    def made_from(self, form: str) -> Work | None:
        """The work that this very form has made before."""
        with self._guard:
            return self.works.get(self._by_form.get(form, ""))

    def create(
        self,
        title: str,
        picture: Picture,
        form: str,
        fields: Mapping[str, Any],
        identity: str = "",
        **more: Any,
    ) -> Work:
        """Make a work; one more each time. ``identity`` is the id that its draft had already."""
        with self._guard:
            identity = identity or str(self._next)
            self._note(
                "work",
                title,
                id=identity,
                token=picture.token,
                form=form,
                fields=dict(fields),
                **more,
            )
            return self.works[identity]

    def change(self, identity: str, **changes: Any) -> None:
        """A change at the site, such as a review or an edit by hand."""
        self._note("change", identity, changes=changes)

    def shown(self) -> list[Work]:
        """What the site's lists show now, newest first."""
        now = dt.datetime.now(dt.UTC)
        with self._guard:
            works = [w for w in self.works.values() if w.shown_from <= now and w.state != "gone"]
        return sorted(works, key=lambda w: -int(w.id))

    def landed(self) -> Sequence[Landed]:
        """Per picture in works: how many works hold it. Per work: what came in with it."""
        with self._guard:
            works = list(self.works.values())
        files = Counter((w.picture.name, w.picture.sha256, w.picture.size) for w in works)
        found = [Landed(name, sha, size, count) for (name, sha, size), count in files.items()]
        alike = Counter((w.title, w.picture.name, w.picture.sha256) for w in works)
        seen: set[tuple[str, str, str]] = set()
        for work in works:
            intent = (work.title, work.picture.name, work.picture.sha256)
            if intent in seen:
                continue
            seen.add(intent)
            facts = {"id": work.id, "title": work.title, "state": work.state, **work.fields}
            facts |= {"submits": self.submits, "uploads": len(self.pictures)}
            size = work.picture.size
            found.append(Landed(work.title, work.picture.sha256, size, alike[intent], facts))
        return found

    def _note(self, event: str, name: str, **more: Any) -> None:
        with self._guard:
            time = dt.datetime.now(dt.UTC).isoformat()
            self._book.record(event, name, moment=time, **more)
            self._replay({"event": event, "name": name, "moment": time, **more})

    def _replay(self, entry: Mapping[str, Any]) -> None:
        match entry["event"]:
            case "upload":
                self.attempts += 1
                named = ("token", "name", "sha256", "size", "where")
                picture = Picture(*(entry[n] for n in named))
                self.pictures[picture.token] = picture
            case "words":
                self.words[entry["name"]] = dict(entry["words"])
            case "burnt":
                self.attempts += 1
            case "submit":
                self.submits += 1
            case "work":
                self._made(entry)
            case "change":
                for name, value in entry["changes"].items():
                    setattr(self.works[entry["name"]], name, value)

    def _made(self, entry: Mapping[str, Any]) -> None:
        moment = dt.datetime.fromisoformat(entry["moment"])
        fields = json.loads(json.dumps(entry["fields"]))
        shown = moment + dt.timedelta(seconds=entry.get("lag", 0))
        self.works[entry["id"]] = Work(
            entry["id"], entry["name"], self.pictures[entry["token"]], fields,
            entry.get("state", "live"), moment, shown,
        )  # fmt: skip
        self._next = max(self._next, int(entry["id"]) + 1)
        if entry["form"]:
            self._by_form[entry["form"]] = entry["id"]
