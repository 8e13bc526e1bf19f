"""What every adapter needs to ask for a rendition: the recipe of a row, and the metadata of one asset.

Pure data; nothing here opens a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from publisher.listing import Metadata, Recipe, fingerprint
from publisher.manifest.model import Asset
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.row import FileRules

EXTENSIONS: Mapping[str, str] = {"jpeg": "jpg", "png": "png", "tiff": "tif", "webp": "webp"}
"""Format → file name extension, without a dot."""


def recipe_for(rules: FileRules) -> Recipe:
    """The pixels that a row's file rules ask for."""
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
    )


def recipe_mark(recipe: Recipe) -> str:
    """A fingerprint of a recipe: two recipes with one mark make the same pixels."""
    return fingerprint({f.name: getattr(recipe, f.name) for f in fields(recipe)})


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
    )
