"""From a master to the sized sRGB picture of a recipe: how large it becomes, and the pipeline that makes it.

Pictures are only ever made smaller. The pipeline is lazy: pixels flow when the encoder pulls them, in
memory that does not grow with the picture.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from publisher.errors import Rejected
from publisher.listing import Recipe
from publisher.manifest.item import Master

_ADVICE = "images are never upsampled"


def planned_size(master: Master, recipe: Recipe) -> tuple[int, int]:
    """Width and height in pixels of the box that the rendition must fit in."""
    width, height = master.width, master.height
    long_side = max(width, height)
    if recipe.long_side_max is not None:
        long_side = min(long_side, recipe.long_side_max)
    if recipe.megapixels_max is not None:
        long_side = min(long_side, _long_side_within(width, height, recipe.megapixels_max))
    scale = long_side / max(width, height, 1)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _long_side_within(width: int, height: int, megapixels: float) -> int:
    """The longest side for which even a rounded-up short side keeps within ``megapixels``."""
    longer, shorter = max(width, height), max(min(width, height), 1)
    limit = megapixels * 1_000_000
    if longer * shorter <= limit:
        return longer
    side = int(math.sqrt(limit * longer / shorter))
    while side > 1 and side * math.ceil(side * shorter / longer) > limit:
        side -= 1
    return max(side, 1)


def check_size(name: str, width: int, height: int, recipe: Recipe) -> None:
    """Raises ``Rejected`` with the figures when ``width`` x ``height`` pixels break a bound of ``recipe``."""
    megapixels = width * height / 1_000_000
    if recipe.megapixels_min is not None and megapixels < recipe.megapixels_min:
        raise Rejected(
            f"{name}: {_figure(megapixels, recipe.megapixels_min)} megapixels, the channel needs "
            f"{recipe.megapixels_min:.1f}; {_ADVICE}.",
            remedy="Supply a larger master, or leave this channel out for the image.",
        )
    if recipe.side_min is not None and min(width, height) < recipe.side_min:
        raise Rejected(
            f"{name}: the shorter side has {min(width, height):,} pixels, the channel needs "
            f"{recipe.side_min:,}; {_ADVICE}.",
            remedy="Supply a larger master, or leave this channel out for the image.",
        )
    if recipe.megapixels_max is not None and megapixels > recipe.megapixels_max:
        raise Rejected(
            f"{name}: {megapixels:.2f} megapixels, the channel takes at most "
            f"{recipe.megapixels_max:.1f}."
        )
    if recipe.long_side_max is not None and max(width, height) > recipe.long_side_max:
        raise Rejected(
            f"{name}: the longer side has {max(width, height):,} pixels, the channel takes at most "
            f"{recipe.long_side_max:,}."
        )


def _figure(value: float, bound: float) -> str:
    """``value`` with as many digits as it takes to see that it is not ``bound``."""
    return next(
        (t for n in (1, 2, 3) if (t := f"{value:.{n}f}") != f"{bound:.{n}f}"), f"{value:.6f}"
    )


def pipeline(
    library: Any,
    path: Path,
    size: tuple[int, int],
    *,
    background: tuple[int, int, int] | None,
) -> Any:
    """The lazy sRGB picture of ``path``, upright, at most ``size`` pixels, 8 bits, three bands plus alpha.

    ``background`` removes the alpha channel over that colour; None keeps it. Raises the library's error.
    """
    header = library.Image.new_from_file(str(path), access="sequential")
    convert: dict[str, Any] = {}
    if header.get_typeof("icc-profile-data") or header.interpretation == "cmyk":
        convert["output_profile"] = "srgb"
    # Untagged RGB and grey are sRGB by convention. Asking for a conversion all the same would take ten times
    # as long and change nothing.
    image = library.Image.thumbnail(
        str(path), size[0], height=size[1], size="down", fail_on="error", **convert
    )
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    if image.format != "uchar":
        image = image.cast("uchar", shift=True)
    if image.hasalpha() and background is not None:
        image = image.flatten(background=list(background))
    return image
