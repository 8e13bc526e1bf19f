"""Reads a finished rendition back and holds it against its recipe: size, colours, profile, resolution, mark.

Its metadata was read back by the writer already; here it is the picture's own header, as a decoder that has
not seen the master understands it. Nothing here changes a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from publisher.errors import Rejected
from publisher.listing import Metadata, Recipe, RenditionRequest
from publisher.media.metadata import xmp
from publisher.media.metadata.read import read_metadata
from publisher.media.pixels import deep, flattened, holds_grey

_INCH = 25.4
_DPI_TOLERANCE = 1.0


def check_written(
    library: Any, name: str, path: Path, recipe: Recipe, size: tuple[int, int]
) -> None:
    """Raises ``Rejected`` when the file at ``path`` is not what was made. ``size`` in pixels."""
    try:
        image = library.Image.new_from_file(str(path), access="sequential")
        wrong = next(_differences(image, recipe, size), "")
    except library.Error as error:
        wrong = f"it cannot be opened ({str(error).strip()[-200:]})"
    if wrong:
        raise Rejected(
            f"{name}: the rendition does not read back as it was made: {wrong}.",
            remedy="Push again; when it happens again, export the master in another format.",
        )


def _differences(image: Any, recipe: Recipe, size: tuple[int, int]) -> Iterator[str]:
    if (image.width, image.height) != size:
        yield f"{image.width} x {image.height} pixels instead of {size[0]} x {size[1]}"
    if image.get_typeof("orientation") and image.get("orientation") != 1:
        yield "it is turned"
    if not image.get_typeof("icc-profile-data"):
        yield "the colour profile is missing"
    grey = image.interpretation in ("b-w", "grey16")
    if grey != holds_grey(recipe):
        yield f"its colours are {image.interpretation}"
    if image.format not in (("uchar", "ushort") if deep(recipe) else ("uchar",)):
        yield f"its samples are {image.format}"
    if image.hasalpha() and flattened(recipe):
        yield "it is transparent"
    # WebP keeps its resolution in the metadata only.
    if recipe.format != "webp" and abs(image.xres * _INCH - recipe.dpi) > _DPI_TOLERANCE:
        yield f"{image.xres * _INCH:.0f} dots per inch instead of {recipe.dpi}"


def wanted_mark(metadata: Metadata) -> str:
    """The digital source type that a rendition with ``metadata`` must carry; "" when none is asked for."""
    extra = dict(metadata.extra_xmp).get(xmp.DIGITAL_SOURCE_TYPE_PROPERTY, "")
    return extra or xmp.digital_source_type(metadata)


def check_mark(request: RenditionRequest, path: Path) -> None:
    """Raises ``Rejected`` when ``request`` asks for an AI mark that the file at ``path`` does not carry."""
    wanted = wanted_mark(request.metadata)
    if wanted and read_metadata(path).digital_source_type != wanted:
        raise Rejected(
            f"{Path(request.master.relative).name}: the AI mark is missing from the rendition; "
            "it is not sent.",
            remedy="Push again: the rendition is made anew.",
        )
