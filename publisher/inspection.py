"""Findings about a listing before anything is made: limits that the masters cannot meet, and broken masters.

Pure: it reads facts, not files. What only the real rendition can show (its bytes) is checked when it is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from publisher.listing import (
    BundleRequest,
    FileRequest,
    Finding,
    Level,
    Listing,
    Recipe,
    RenditionRequest,
    SheetRequest,
    TextRequest,
)
from publisher.manifest.item import Item, ItemKind
from publisher.manifest.model import ProvenanceClass
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.recipes import planned_size

INSIDE_THE_FILE = "xmp"
"""The mechanism of a declaration that is written into the file."""
_MARK = "Iptc4xmpExt:DigitalSourceType"

UNUSABLE = "master-unusable"
"""The code of a finding about a master that no channel can use."""


def inspect(item: Item, listing: Listing) -> list[Finding]:
    """Everything that is wrong with the masters for this listing, with the item's line."""
    found: list[Finding] = []
    for request in _renditions(listing.files):
        master = request.master
        if master.problem:
            text, code = _where(master.relative, master.problem), UNUSABLE
            remedy = "repair or replace the file"
        else:
            text, code = too_small(request), "too-small"
            remedy = "use a larger master; images are never upsampled"
            found += _enlarged(request, item, listing)
            found += _unsealed(request, item, listing)
            found += _unmarked(request, item, listing)
        if text and not any(f.text == text for f in found):
            found.append(
                Finding(
                    Level.ERROR, text, remedy, item.file, item.line, item.id, listing.account, code
                )
            )
    return found


def _where(relative: str, problem: str) -> str:
    """The problem with the file's place in the project instead of its bare name, without a full stop."""
    name = relative.rpartition("/")[2]
    told = problem.removesuffix(".")
    return told.replace(name, relative, 1) if told.startswith(name) else f"{relative}: {told}"


def _renditions(files: Iterable[FileRequest]) -> Iterator[RenditionRequest]:
    for request in files:
        if isinstance(request, RenditionRequest):
            yield request
        elif isinstance(request, BundleRequest):
            yield from (m for m in request.members if not isinstance(m, TextRequest))
        elif isinstance(request, SheetRequest):
            yield from (
                RenditionRequest(request.role, request.name, m, Recipe(), request.metadata)
                for m in request.masters
            )


def _enlarged(request: RenditionRequest, item: Item, listing: Listing) -> list[Finding]:
    """What the seller asked for, said in figures: it is a loss that a buyer may see."""
    master = request.master
    width, height = planned_size(master, request.recipe)
    if width <= master.width and height <= master.height:
        return []
    text = (
        f"{master.relative}: enlarged from {master.width} x {master.height} to {width} x {height}"
    )
    return [
        Finding(
            Level.NOTICE,
            text + " pixels",
            "use a larger master",
            item.file,
            item.line,
            item.id,
            listing.account,
            "upsampled",
        )
    ]


def _unsealed(request: RenditionRequest, item: Item, listing: Listing) -> list[Finding]:
    """A master's own content credentials do not survive: they are a seal on its very bytes."""
    if not request.master.credentials or request.recipe.scene or request.recipe.watermark:
        return []
    text = (
        f"{request.master.relative}: its content credentials (C2PA) are a seal on the master's own bytes; "
        "the file that is made for the channel is another one and does not carry them"
    )
    remedy = "nothing to do: the AI mark is written anew"
    if request.recipe.signed:
        remedy = "with a certificate of your own (PUBLISHER_C2PA_CERTIFICATE) new ones are signed"
    place = (item.file, item.line, item.id, listing.account)
    return [Finding(Level.NOTICE, text, remedy, *place, "credentials-lost")]


def _unmarked(request: RenditionRequest, item: Item, listing: Listing) -> list[Finding]:
    """A file that is declared by a mark inside it must be made with one: without, it is never sent."""
    said = request.metadata
    if item.kind is not ItemKind.ASSET or not any(
        d.mechanism == INSIDE_THE_FILE for d in listing.declarations
    ):
        return []
    written = dict(said.extra_xmp).get(_MARK) or said.digital_source_type
    if written or DIGITAL_SOURCE_TYPE.get(said.provenance or ProvenanceClass.HUMAN):
        return []
    return [
        Finding(
            Level.ERROR,
            f"{request.master.relative}: it is declared by a mark inside the file, but none would be written",
            "tell the provenance of the image",
            item.file,
            item.line,
            item.id,
            listing.account,
            "unmarked",
        )
    ]


def too_small(request: RenditionRequest) -> str:
    """Why the master cannot give what the recipe needs, with the figures; "" when it can."""
    master, recipe = request.master, request.recipe
    least = recipe.megapixels_min
    if recipe.scene:
        # The bounds are those of the scene, which is drawn as large as it has to be.
        return ""
    if recipe.upsample and _fits(planned_size(master, recipe), recipe):
        return ""
    if least is not None and master.megapixels < least:
        return (
            f"{master.relative}: {master.width} x {master.height} pixels are "
            f"{master.megapixels:.1f} megapixels; at least {least:g} are needed"
        )
    if recipe.side_min is not None and min(master.width, master.height) < recipe.side_min:
        return (
            f"{master.relative}: the short side has {min(master.width, master.height)} pixels; "
            f"at least {recipe.side_min} are needed"
        )
    return ""


def _fits(size: tuple[int, int], recipe: Recipe) -> bool:
    pixels = (recipe.megapixels_min or 0.0) * 1_000_000
    return min(size) >= (recipe.side_min or 0) and size[0] * size[1] >= pixels


def key_clashes(listings: Iterable[Listing]) -> dict[tuple[str, str], str]:
    """Pairs whose natural key another item of the same account has already, with that item.

    File names are compared without case, as some servers do.
    """
    taken: dict[tuple[str, str], str] = {}
    clashes: dict[tuple[str, str], str] = {}
    for listing in listings:
        key = (listing.account, listing.key.casefold())
        if key in taken:
            clashes[listing.item, listing.account] = taken[key]
        else:
            taken[key] = listing.item
    return clashes
