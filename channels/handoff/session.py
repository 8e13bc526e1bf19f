"""The effects of a hand-off account: folders in its outbox, complete or not there at all.

A pack is built beside its place and moved in as one step, so that a pack that is there is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from channels.transport.batch import batch_sheets, offered_as
from publisher.channel import Session
from publisher.errors import Conflict, OutcomeUnknown, Rejected
from publisher.listing import (
    Change,
    FieldValue,
    File,
    Health,
    Listing,
    Receipt,
    Remote,
    Staged,
    Status,
    plain,
)

_CARD = "listing.json"
_SHEETS = (".csv", ".tsv")
_WORDS = (_CARD, "checklist.md", "checklist.html")
"""Files of a pack that are made of the listing's words."""


class HandoffSession(Session):
    """One account's outbox: a folder per item."""

    announces_sending: ClassVar[bool] = True

    def check(self) -> Health:
        """Whether the outbox can be written to."""
        nearest = self.context.outbox
        while not nearest.exists():
            nearest = nearest.parent
        if not nearest.is_dir():
            raise Rejected(
                f"the outbox cannot be made: {nearest} is no folder", remedy="move it away"
            )
        if not os.access(nearest, os.W_OK):
            raise Rejected(
                f"the outbox {nearest} cannot be written to",
                remedy="change the rights of that folder",
            )
        return Health(self.context.account, (f"packs go to {self.context.outbox}",))

    def find(self, key: str, files: Sequence[File] = ()) -> Remote | None:
        """A pack by its folder's name; a batch by its digest."""
        card = self._pack(key) / _CARD
        if card.is_file():
            fields = json.loads(card.read_text(encoding="utf-8"))["fields"]
            return Remote(key, key, Status.PREPARED, fields=_typed(fields))
        sheets = (p for p in self.context.outbox.glob(f"*{key[:8]}*") if p.suffix in _SHEETS)
        if len(key) == 32 and any(sheets):
            return Remote(key, key, Status.PREPARED)
        return None

    def list(self) -> Iterator[Sequence[Remote]]:
        """Every pack in the outbox."""
        cards = sorted(self.context.outbox.glob(f"*/{_CARD}"))
        yield [Remote(c.parent.name, c.parent.name, Status.PREPARED) for c in cards]

    def status(self, remote: Remote) -> Status:
        """Prepared while the folder is there."""
        return Status.PREPARED if self.find(remote.key) is not None else Status.GONE

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Build the pack beside its place and move it in."""
        place = self._pack(key)
        if place.exists() and self.context.began(staged[0].file.name if staged else "") is None:
            raise Conflict(
                f"the folder {place.name} is already there and was not made from here",
                remedy=f"move {place} away",
            )
        return self._build(listing, staged, key)

    def _build(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        place = self._pack(key)
        # One run at a time has the account, so what a killed one left here is ours to sweep away.
        building = place.with_name(f".{place.name}.building")
        shutil.rmtree(building, ignore_errors=True)
        try:
            building.mkdir(parents=True)
            for part in staged:
                self._copy(part.file, building / part.file.name)
            self._write_words(building, listing, [s.file for s in staged])
        except OSError as error:
            shutil.rmtree(building, ignore_errors=True)
            raise Rejected(
                f"the pack cannot be written to the outbox {self.context.outbox}: "
                f"{(error.strerror or 'disk error').lower()}",
                remedy="make room on that disk, or change the rights of the folder",
                detail=repr(error),
            ) from error
        self.context.sending()
        shutil.rmtree(place, ignore_errors=True)
        building.rename(place)
        return self._receipt(listing, key, tuple(s.file for s in staged))

    def update(
        self, remote: Remote, listing: Listing, changes: Sequence[Change], staged: Sequence[Staged]
    ) -> Receipt:
        """Make the pack anew; the checklist is for the person who carries the change over.

        Without files only words change, such as a price: the files of the pack stay in it as they are.
        """
        if staged:
            return self._build(listing, staged, listing.key)
        return self._reword(listing, remote.key)

    def withdraw(self, remote: Remote) -> Receipt:
        """Remove the pack. Whether somebody carried it over is not known here, so a person is asked to look."""
        self.context.sending()
        shutil.rmtree(self._pack(remote.key), ignore_errors=True)
        page = self.context.row.page
        task = f"take {remote.key} off {self.context.row.title} if you uploaded it"
        return Receipt(
            Remote(remote.id, remote.key, Status.GONE),
            tasks=((f"{task}: {page}" if page else task),),
        )

    def submit(self, batch: Sequence[tuple[Listing, Remote]], digest: str) -> Receipt:
        """One CSV for all packs of the batch, in the row's dialect."""
        sheets = batch_sheets(self.context, batch, digest)
        self.context.sending()
        tasks = tuple(f"upload {path}: {self.context.row.page}".rstrip(": ") for _, path in sheets)
        tasks = (*tasks, *self.context.row.batch_tasks(self.context.now().date()))
        return Receipt(Remote(digest, digest, Status.PREPARED), tasks=tasks)

    def _pack(self, key: str) -> Path:
        return self.context.outbox / key

    def _reword(self, listing: Listing, key: str) -> Receipt:
        place = self._pack(key)
        if not (place / _CARD).is_file():
            raise Rejected(
                f"the pack {place} is not there any more",
                remedy=f"publisher resolve {listing.item} {self.context.account} --as gone, then push",
            )
        found = sorted(
            p for p in place.glob("*") if p.is_file() and p.name not in _WORDS and p.name[0] != "."
        )
        files = [_measured(path) for path in found]
        self.context.sending()
        try:
            self._write_words(place, listing, files)
        except OSError as error:
            raise OutcomeUnknown(
                f"the words of the pack {place} could not be written whole", detail=repr(error)
            ) from error
        return self._receipt(listing, key, ())

    def _receipt(self, listing: Listing, key: str, sent: tuple[File, ...]) -> Receipt:
        place, page = self._pack(key), self.context.row.page
        task = f"open {place / 'checklist.html'}" + (f" and go to {page}" if page else "")
        remote = Remote(key, key, Status.PREPARED, url=(place / "checklist.html").as_uri())
        return Receipt(remote, tasks=(task, *listing.tasks), sent=sent)

    def _copy(self, file: File, target: Path) -> None:
        step = 4 * 1024 * 1024
        with file.path.open("rb") as source, target.open("wb") as sink:
            while block := source.read(step):
                sink.write(block)
                self.context.progress(file.name, len(block))

    def _write_words(self, folder: Path, listing: Listing, files: Sequence[File]) -> None:
        variables = checklist(listing, files, self.context.row.title, self.context.row.page)
        for template, name in (
            ("handoff.md.j2", "checklist.md"),
            ("handoff.html.j2", "checklist.html"),
        ):
            text = self.context.render(template, variables)
            _replace(folder / name, text)
        card = {"item": listing.item, "fields": plain(dict(listing.fields))}
        # Last of all: what it says is what the pack is found to say.
        _replace(folder / _CARD, json.dumps(card, ensure_ascii=False, indent=1))


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _measured(path: Path) -> File:
    with path.open("rb") as source:
        checksum = hashlib.file_digest(source, "sha256").hexdigest()
    return File("kept", path.name, path, path.stat().st_size, checksum)


def _typed(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}


def _to_paste(listing: Listing) -> dict[str, FieldValue]:
    """What a form asks for: without our own marks, and each variant as one line with its price."""
    own = ("file", "declarations", "variants")
    fields = {
        name.removeprefix("csv."): value
        for name, value in listing.fields.items()
        if name not in own
        and not name.startswith(("variant.", "price.", "compare_at.", "royalty."))
    }
    for offered in offered_as(listing):
        if "price_text" in offered:
            usual = offered.get("compare_at_text")
            price = str(offered["price_text"])
            fields[str(offered["variant"])] = f"{price} (usually {usual})" if usual else price
    for name, value in listing.fields.items():
        if name.startswith("royalty.") and value is not None:
            fields[f"Royalty, {name.removeprefix('royalty.')}"] = value
    return fields


def checklist(listing: Listing, files: Sequence[File], channel: str, page: str) -> dict[str, Any]:
    """The variables of the hand-off templates."""
    return {
        "channel": channel,
        "page": page,
        "item": listing.item,
        "files": [{"name": f.name, "size": f.size, "sha256": f.sha256} for f in files],
        "fields": {k: plain(v) for k, v in _to_paste(listing).items()},
        "declarations": [
            {"name": d.name, "mechanism": d.mechanism, "value": d.value}
            for d in listing.declarations
        ],
        "tasks": list(listing.tasks),
    }
