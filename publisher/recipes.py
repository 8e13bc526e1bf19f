"""What every adapter needs to ask for a rendition: the recipe of a row, its size, and an asset's metadata.

Pure data; nothing here opens a file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields

from publisher.listing import Metadata, Recipe, fingerprint
from publisher.manifest.item import Master
from publisher.manifest.model import Asset, ProvenanceClass
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.rights import cleared_by, rights_of
from publisher.row import FileRules, Preservation

EXTENSIONS: Mapping[str, str] = {"jpeg": "jpg", "png": "png", "tiff": "tif", "webp": "webp"}
"""Format → file name extension, without a dot."""


UPSAMPLE_MAX = 4.0
"""No side is enlarged more than so many times, whoever asks for it."""


def recipe_for(
    rules: FileRules, *, upsample: bool = False, marks: Preservation | None = None
) -> Recipe:
    """The pixels that a row's file rules ask for. ``upsample`` is the seller's word; the row has the other.

    ``marks`` is what the row says of marks inside the file: whether a signature comes last.
    """
    return Recipe(
        format=rules.convert_to,
        quality=rules.quality,
        quality_floor=rules.quality_floor,
        long_side_max=rules.side_max,
        megapixels_min=rules.megapixels_min,
        megapixels_max=rules.megapixels_max,
        side_min=rules.side_min,
        bytes_min=rules.bytes_min,
        bytes_max=rules.bytes_max,
        dpi=rules.dpi,
        color_space=rules.color_space,
        # A JPEG has no transparency to keep.
        alpha="flatten" if rules.alpha == "flatten" and rules.convert_to != "jpeg" else "keep",
        bit_depth=rules.bit_depth,
        background=rules.background,
        upsample=upsample and rules.upsample,
        signed=takes_signature(marks),
    )


def planned_size(master: Master, recipe: Recipe) -> tuple[int, int]:
    """Width and height in pixels of the box that the rendition must fit in; larger than the master's own
    only when the recipe allows it and a lower bound needs it. A bound that cannot be kept is broken here.
    """
    width, height = master.width, master.height
    longer, shorter = max(width, height, 1), max(min(width, height), 1)
    side = longer
    if recipe.upsample:
        side = max(side, min(_side_over(longer, shorter, recipe), int(longer * UPSAMPLE_MAX)))
    if recipe.long_side_max is not None:
        side = min(side, recipe.long_side_max)
    if recipe.megapixels_max is not None:
        side = min(side, _side_within(longer, shorter, recipe.megapixels_max, side))
    scale = side / longer
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _side_over(longer: int, shorter: int, recipe: Recipe) -> int:
    """The least longer side with which the lower bounds are kept, rounding included."""
    pixels = (recipe.megapixels_min or 0.0) * 1_000_000
    least = recipe.side_min or 0
    side = max(longer, math.ceil(math.sqrt(pixels * longer / shorter)) - 1)
    side = max(side, math.ceil(least * longer / shorter) - 1)
    # One more pixel at most for what the rounding of the shorter side takes away, unless that is tiny.
    for _ in range(math.ceil(longer / shorter) + 1):
        short = round(side * shorter / longer)
        if short >= least and side * short >= pixels:
            break
        side += 1
    return side


def _side_within(longer: int, shorter: int, megapixels: float, side: int) -> int:
    """The longest side up to ``side`` for which even a rounded-up short side keeps within ``megapixels``."""
    limit = megapixels * 1_000_000
    if side * math.ceil(side * shorter / longer) <= limit:
        return side
    found = min(side, int(math.sqrt(limit * longer / shorter)))
    while found > 1 and found * math.ceil(found * shorter / longer) > limit:
        found -= 1
    return max(found, 1)


def takes_signature(marks: Preservation | None) -> bool:
    """Whether the channel passes content credentials on, so that they are worth writing."""
    return marks is not None and marks.c2pa == "last"


def preview_recipe(side: int = 1600, watermark: str = "") -> Recipe:
    """A JPEG for looking at, at most ``side`` pixels long, with ``watermark`` across it."""
    return Recipe(quality=85, quality_floor=60, long_side_max=side, dpi=72, watermark=watermark)


def scene_recipe(scene: str, side: int = 1600) -> Recipe:
    """A JPEG that shows the work in one of SCENES, ``side`` pixels long; "mug:#203040" chooses a colour."""
    return Recipe(quality=88, quality_floor=70, long_side_max=side, dpi=72, scene=scene)


SCENES = ("framed-print", "t-shirt", "mug", "phone-case")
"""The mock-ups that the program brings. A project's own ones are templates in ``templates/mockups``."""


def recipe_mark(recipe: Recipe) -> str:
    """A fingerprint of a recipe: two recipes with one mark make the same pixels, signed or not."""
    # What came later counts only where it is used, so that nothing published before looks changed.
    used = (
        f
        for f in fields(recipe)
        if f.name != "signed" and (f.name not in _LATER or getattr(recipe, f.name) != f.default)
    )
    return fingerprint({f.name: getattr(recipe, f.name) for f in used})


_LATER = frozenset(
    {"scene", "watermark", "color_space", "alpha", "bit_depth", "upsample"}
)  # fields of Recipe


def metadata_for(asset: Asset) -> Metadata:
    """What is embedded into a member of a bundle: the asset's own words and its origin, without a prompt."""
    origin = asset.provenance
    return Metadata(
        title=asset.title or "",
        description=asset.description or "",
        keywords=asset.keywords,
        creator=asset.creator or "",
        copyright=asset.copyright or "",
        credit=asset.credit or "",
        date_created=asset.created.isoformat() if asset.created else "",
        country=asset.country or "",
        provenance=origin.class_ if origin else None,
        digital_source_type=DIGITAL_SOURCE_TYPE.get(origin.class_, "") if origin else "",
        ai_system=(origin.system or "") if origin else "",
        ai_system_version=(origin.version or "") if origin else "",
        cleared=cleared_by([asset]),
        **rights_of([asset]),
    )


def metadata_for_all(assets: Sequence[Asset], title: str) -> Metadata:
    """What is embedded into one picture that shows several works, such as a contact sheet.

    It is marked as made with AI as soon as one of them is: that is the honest mark of the whole.
    """
    each = [metadata_for(asset) for asset in assets]
    marks = {m.digital_source_type for m in each if m.digital_source_type}
    if len(marks) > 1 or (marks and not all(m.digital_source_type for m in each)):
        marks = {DIGITAL_SOURCE_TYPE[ProvenanceClass.AI_EDITED]}
    human = all(m.provenance is ProvenanceClass.HUMAN for m in each)
    creators = {m.creator for m in each}
    rights = {m.copyright for m in each}
    return Metadata(
        title=title,
        creator=creators.pop() if len(creators) == 1 else "",
        copyright=rights.pop() if len(rights) == 1 else "",
        provenance=ProvenanceClass.HUMAN if human else None,
        digital_source_type=next(iter(marks), ""),
    )
