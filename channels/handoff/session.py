"""The effects of a hand-off account: folders in its outbox, complete or not there at all.

A pack is built beside its place and moved in as one step, so that a pack that is there is whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from channels.transport.batch import batch_sheets
from channels.transport.pack import (
    CARD,
    WORDS,
    build_pack,
    make_pack,
    pack_receipt,
    read_pack,
    write_words,
)
from publisher.channel import Session
from publisher.errors import OutcomeUnknown, Rejected
from publisher.listing import Change, File, Health, Listing, Receipt, Remote, Staged, Status

_SHEETS = (".csv", ".tsv")


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
        fields = read_pack(self.context, key)
        if fields is not None:
            return Remote(key, key, Status.PREPARED, fields=fields)
        sheets = (p for p in self.context.outbox.glob(f"*{key[:8]}*") if p.suffix in _SHEETS)
        if len(key) == 32 and any(sheets):
            return Remote(key, key, Status.PREPARED)
        return None

    def list(self) -> Iterator[Sequence[Remote]]:
        """Every pack in the outbox."""
        cards = sorted(self.context.outbox.glob(f"*/{CARD}"))
        yield [Remote(c.parent.name, c.parent.name, Status.PREPARED) for c in cards]

    def status(self, remote: Remote) -> Status:
        """Prepared while the folder is there."""
        return Status.PREPARED if self.find(remote.key) is not None else Status.GONE

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Build the pack beside its place and move it in."""
        return make_pack(self.context, listing, staged, key, key)

    def update(
        self, remote: Remote, listing: Listing, changes: Sequence[Change], staged: Sequence[Staged]
    ) -> Receipt:
        """Make the pack anew; the checklist is for the person who carries the change over.

        Without files only words change, such as a price: the files of the pack stay in it as they are.
        """
        if staged:
            return build_pack(self.context, listing, staged, listing.key, listing.key)
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
        if not (place / CARD).is_file():
            raise Rejected(
                f"the pack {place} is not there any more",
                remedy=f"publisher resolve {listing.item} {self.context.account} --as gone, then push",
            )
        found = sorted(
            p for p in place.glob("*") if p.is_file() and p.name not in WORDS and p.name[0] != "."
        )
        files = [_measured(path) for path in found]
        self.context.sending()
        try:
            write_words(self.context, place, listing, files)
        except OSError as error:
            raise OutcomeUnknown(
                f"the words of the pack {place} could not be written whole", detail=repr(error)
            ) from error
        return pack_receipt(self.context, listing, place, key, ())


def _measured(path: Path) -> File:
    with path.open("rb") as source:
        checksum = hashlib.file_digest(source, "sha256").hexdigest()
    return File("kept", path.name, path, path.stat().st_size, checksum)
