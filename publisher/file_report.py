"""What a picture file is, what it carries, which channels take it, and what would be changed on the way there.

It looks at files only: no project, no account and no network is needed. Of the rules it asks what a file can
answer; facts that only a manifest states are listed as still to be told, never assumed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from publisher.errors import PublisherError, Rejected
from publisher.inspection import too_small
from publisher.listing import Metadata, Recipe, RenditionRequest
from publisher.manifest.item import Item, ItemKind, Master
from publisher.manifest.model import Asset, Provenance, ProvenanceClass
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.media.metadata.read import Embedded, read_metadata
from publisher.media.pool import DecoderPool
from publisher.media.probing import probed
from publisher.policy import Bench, Verdict, VerdictWord
from publisher.recipes import planned_size, recipe_for
from publisher.row import Row

_TEXTS = (
    "title", "description", "creator", "copyright", "credit", "date_created", "sublocation", "city",
    "state", "country", "rights_url", "usage_terms", "licensor_name", "licensor_url", "licensor_email",
    "model_release", "property_release", "data_mining",
    "digital_source_type", "ai_system", "ai_system_version", "ai_prompt", "ai_prompt_writer",
)  # fmt: skip
_AI = {address: kind for kind, address in DIGITAL_SOURCE_TYPE.items()}
_SECONDS = 20.0
_COLOURS = {"srgb": "RGB", "rgb16": "RGB, 16 bits", "b-w": "grey", "grey16": "grey, 16 bits"}


def report(paths: Sequence[Path], rows: Sequence[Row], day: dt.date) -> dict[str, Any]:
    """The document of ``publisher media inspect --json``. Never raises for a bad file."""
    bench = Bench(day, rows=rows)
    masters = _decoded(probed([(path.name, path) for path in paths]))
    return {"files": [_file(master, rows, bench) for master in masters]}


def _decoded(masters: Sequence[Master]) -> list[Master]:
    """The masters; one whose pixels cannot be read to the end has that as its problem. A header proves little."""
    pool = DecoderPool(1)

    def checked(master: Master, target: Path) -> Master:
        try:
            pool.run("likeness", (master, target), name=master.relative, seconds=_SECONDS)
        except Rejected as error:
            return dataclasses.replace(master, problem=error.sentence)
        return master

    try:
        with tempfile.TemporaryDirectory() as place:
            target = Path(place) / "likeness"
            return [m if m.problem else checked(m, target) for m in masters]
    finally:
        pool.close()


def _file(master: Master, rows: Sequence[Row], bench: Bench) -> dict[str, Any]:
    found, unread = _embedded(master.path)
    sealed = _credentials(master)
    stated = (sealed or {}).get("digital_source_type")
    if stated and not found.digital_source_type:
        found = dataclasses.replace(found, digital_source_type=stated)
    item = _item(master, found)
    return {
        "file": str(master.path),
        "problem": master.problem,
        "is": {
            "format": master.format,
            "width": master.width,
            "height": master.height,
            "megapixels": round(master.megapixels, 2),
            "bytes": master.size,
            "sha256": master.sha256,
            "colour": _COLOURS.get(master.color, master.color.upper()),
            "alpha": master.alpha,
            "pages": master.pages,
        },
        "carries": _carried(master, found, unread) | {"credentials": sealed},
        "channels": [_channel(row, master, item, found, bench) for row in rows],
    }


def _embedded(path: Path) -> tuple[Embedded, str]:
    try:
        return read_metadata(path), ""
    except PublisherError as error:
        return Embedded(), error.sentence


def _carried(master: Master, found: Embedded, unread: str) -> dict[str, Any]:
    words: dict[str, Any] = {n: v for n in _TEXTS if (v := getattr(found, n))}
    if found.keywords:
        words["keywords"] = list(found.keywords)
    return {
        "words": words,
        "origin": dict(found.origin),
        "generator_texts": sorted(found.texts),
        "camera": list(master.exif or ()),
        "private": list(found.private),
        "unread": unread,
    }


def _credentials(master: Master) -> dict[str, Any] | None:
    """What its content credentials say, read in a worker; without the optional package only that they are there."""
    if not master.credentials:
        return None
    pool = DecoderPool(1)
    try:
        answer = pool.ask("credentials", (master.path,), name=master.relative, seconds=_SECONDS)
        told: dict[str, Any] = answer.get("found") or {}
        return {"read": bool(told), **told, "note": _SEAL}
    except PublisherError as error:
        return {"read": False, "note": f"{error.sentence} {error.remedy}".strip()}
    finally:
        pool.close()


_SEAL = "They are a seal on these very bytes: any other file that is made of this one does not carry them."


def _item(master: Master, found: Embedded) -> Item:
    """The file as the rules see it: with what it says of itself, and nothing else."""
    kind = _AI.get(found.digital_source_type)
    origin = Provenance(class_=kind, system=found.ai_system or None) if kind else None
    asset = Asset(id="file", file=master.relative, provenance=origin)
    return Item("file", ItemKind.ASSET, "", found.title, "", (), (asset,), (master,), asset=asset)


def _channel(row: Row, master: Master, item: Item, found: Embedded, bench: Bench) -> dict[str, Any]:
    recipe = recipe_for(row.file, marks=row.metadata)
    verdict = bench.judge(item, row, row.name)
    small = too_small(RenditionRequest("image", "", master, recipe, Metadata()))
    because = [
        {"rule": b.rule, "text": b.text, "source": b.source, "seen": b.seen}
        for b in verdict.because
        if verdict.word is VerdictWord.DENY or b.rule.startswith("file.")
    ]
    if master.problem:
        because = [{"rule": "", "text": master.problem, "source": "", "seen": ""}]
    elif small and verdict.word is not VerdictWord.DENY:
        because.insert(0, {"rule": "too-small", "text": small, "source": "", "seen": ""})
    word = "refused" if because else "accepted"
    return {
        "channel": row.name,
        "title": row.title,
        "word": word,
        "because": because,
        "to_tell": _to_tell(verdict) if word == "accepted" else [],
        "changes": list(_changes(master, found, recipe)) if word == "accepted" else [],
    }


def _to_tell(verdict: Verdict) -> list[str]:
    """Facts that the rules ask for and that no file can answer."""
    return sorted({name for name in verdict.missing if not name.startswith("file.")})


def _changes(master: Master, found: Embedded, recipe: Recipe) -> Iterator[str]:
    """What the rendition for the channel has other than the file, in the order of the work."""
    size = planned_size(master, recipe)
    if size != (master.width, master.height):
        way = "made smaller" if size[0] < master.width else "enlarged"
        yield f"{way} from {master.width} x {master.height} to {size[0]} x {size[1]} pixels"
    if master.color not in ("srgb", "rgb16") and recipe.color_space != "grey":
        yield f"colours converted from {_COLOURS.get(master.color, master.color.upper())}"
    if master.color.endswith("16") and recipe.bit_depth == 8:
        yield "16 bits a sample become 8"
    if master.alpha and (recipe.format == "jpeg" or recipe.alpha == "flatten"):
        yield f"transparency laid over the colour {_hex(recipe.background)}"
    if recipe.format != master.format:
        yield f"converted from {master.format.upper()} to {recipe.format.upper()}"
    elif recipe.format in ("jpeg", "webp"):
        yield f"encoded again, at quality {recipe.quality}"
    if recipe.bytes_max is not None and recipe.format in ("jpeg", "webp"):
        yield (
            f"quality lowered to {recipe.quality_floor} if need be, for {recipe.bytes_max:,} bytes at most"
        )
    if found.texts or master.exif or found.private:
        names = ", ".join([*found.private, *sorted(found.texts), *(master.exif or ())][:8])
        yield f"left behind: {names}"
    if master.credentials:
        yield "content credentials are lost" + (
            ", and signed anew with a certificate of yours" if recipe.signed else ""
        )
    if _AI.get(found.digital_source_type) is ProvenanceClass.AI_GENERATED:
        yield "the mark of AI stays"


def _hex(colour: tuple[int, int, int]) -> str:
    return "#" + bytes(colour).hex()


def words_of(document: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """The document as lines for a person: text, style, and indent in characters."""
    for file in document["files"]:
        facts = file["is"]
        yield file["file"], "bold", 0
        if file["problem"]:
            yield file["problem"], "red", 2
        elif facts["format"]:
            alpha = ", with transparency" if facts["alpha"] else ""
            yield (
                (
                    f"{facts['format'].upper()}, {facts['width']} x {facts['height']} pixels "
                    f"({facts['megapixels']:g} MP), {facts['bytes']:,} bytes, {facts['colour']}{alpha}"
                ),
                "",
                2,
            )
        yield from _carried_words(file["carries"])
        accepted = [c for c in file["channels"] if c["word"] == "accepted"]
        yield f"{len(accepted)} of {len(file['channels'])} channels take it", "bold", 2
        if file["problem"]:
            continue
        for channel in accepted:
            asked = ", ".join(channel["to_tell"])
            told = "; ".join(channel["changes"]) or "as it is"
            yield f"{channel['title']}: {told}", "green", 4
            if asked:
                yield f"the manifest must tell: {asked}", "dim", 6
        for channel in file["channels"]:
            if channel["word"] != "accepted":
                reasons = "; ".join(b["text"] for b in channel["because"])
                yield f"{channel['title']}: {reasons}", "yellow", 4


def _carried_words(carries: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    for name, value in carries["words"].items():
        shown = ", ".join(value) if isinstance(value, list) else value
        origin = carries["origin"].get(name, "")
        yield f"{name.replace('_', ' ')}: {shown}" + (f" ({origin})" if origin else ""), "", 4
    if carries["generator_texts"]:
        yield f"texts of a generator or tool: {', '.join(carries['generator_texts'])}", "", 4
    if carries["camera"]:
        yield f"camera: {', '.join(carries['camera'])}", "", 4
    if carries["private"]:
        yield f"private: {', '.join(carries['private'])}", "", 4
    if carries["unread"]:
        yield carries["unread"], "yellow", 4
    sealed = carries["credentials"]
    if sealed is not None:
        told = ", ".join(
            str(sealed[name]) for name in ("state", "signer", "generator") if sealed.get(name)
        )
        yield f"content credentials (C2PA): {told or 'there'}. {sealed['note']}", "", 4
