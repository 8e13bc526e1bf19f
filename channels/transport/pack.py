"""A hand-off pack: a folder with the files, the texts and a checklist, complete or not there at all.

It is built beside its place and moved in as one step. Any way of talking may fall back to it; it knows no channel.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from channels.transport.batch import offered_as
from publisher.channel import Context
from publisher.errors import Conflict, Rejected
from publisher.listing import FieldValue, File, Listing, Receipt, Remote, Staged, Status, plain

CARD = "listing.json"
WORDS = (CARD, "checklist.md", "checklist.html")
"""Files of a pack that are made of the listing's words."""


def make_pack(
    context: Context,
    listing: Listing,
    staged: Sequence[Staged],
    name: str,
    key: str,
    further: Mapping[str, str] = MappingProxyType({}),
) -> Receipt:
    """Build the pack ``name`` in the outbox and move it in; ``key`` is the natural key of the receipt.

    Raises Conflict when a folder of that name is not ours, Rejected when the disk refuses. Calls
    ``context.sending()`` just before the move.
    """
    place = context.outbox / name
    if place.exists() and context.began(staged[0].file.name if staged else "") is None:
        raise Conflict(
            f"the folder {place.name} is already there and was not made from here",
            remedy=f"move {place} away",
        )
    return build_pack(context, listing, staged, name, key, further)


def build_pack(
    context: Context,
    listing: Listing,
    staged: Sequence[Staged],
    name: str,
    key: str,
    further: Mapping[str, str] = MappingProxyType({}),
) -> Receipt:
    """The same, over whatever pack of that name is there. ``further`` are texts by file name."""
    place = context.outbox / name
    # One run at a time has the account, so what a killed one left here is ours to sweep away.
    building = place.with_name(f".{place.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir(parents=True)
        for part in staged:
            _copy(context, part.file, building / part.file.name)
        for file, text in further.items():
            (building / file).write_text(text, encoding="utf-8")
        write_words(context, building, listing, [s.file for s in staged])
    except OSError as error:
        shutil.rmtree(building, ignore_errors=True)
        raise Rejected(
            f"the pack cannot be written to the outbox {context.outbox}: "
            f"{(error.strerror or 'disk error').lower()}",
            remedy="make room on that disk, or change the rights of the folder",
            detail=repr(error),
        ) from error
    context.sending()
    shutil.rmtree(place, ignore_errors=True)
    building.rename(place)
    return pack_receipt(context, listing, place, key, tuple(s.file for s in staged))


def pack_receipt(
    context: Context, listing: Listing, place: Path, key: str, sent: tuple[File, ...]
) -> Receipt:
    """What a pack answers: where it is, and what a person does with it."""
    page = context.row.page
    task = f"open {place / 'checklist.html'}" + (f" and go to {page}" if page else "")
    remote = Remote(key, key, Status.PREPARED, url=(place / "checklist.html").as_uri())
    return Receipt(remote, tasks=(task, *listing.tasks), sent=sent)


def read_pack(context: Context, name: str) -> dict[str, Any] | None:
    """The fields of a pack that is there."""
    card = context.outbox / name / CARD
    if not card.is_file():
        return None
    fields: dict[str, Any] = json.loads(card.read_text(encoding="utf-8"))["fields"]
    return {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}


def _copy(context: Context, file: File, target: Path) -> None:
    step = 4 * 1024 * 1024
    with file.path.open("rb") as source, target.open("wb") as sink:
        while block := source.read(step):
            sink.write(block)
            context.progress(file.name, len(block))


def write_words(context: Context, folder: Path, listing: Listing, files: Sequence[File]) -> None:
    """Write what a pack says, its card last: what that says is what the pack is found to say."""
    variables = checklist(listing, files, context.row.title, context.row.page)
    for template, name in (
        ("handoff.md.j2", "checklist.md"),
        ("handoff.html.j2", "checklist.html"),
    ):
        _replace(folder / name, context.render(template, variables))
    card = {"item": listing.item, "fields": plain(dict(listing.fields))}
    _replace(folder / CARD, json.dumps(card, ensure_ascii=False, indent=1))


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


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
