"""Encoders: one picture to one file, and the search for the quality that meets a bound in bytes.

Encoders keep the colour profile and nothing else of the master: prompts, camera data and comments end here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from publisher.errors import Rejected
from publisher.listing import Recipe
from publisher.media import vips
from publisher.media.checksums import Checksums, checksums
from publisher.media.shown import Look, save_shown

LOSSY = frozenset({"jpeg", "webp"})
SIDE_MAX = {"jpeg": 65_500, "webp": 16_383}
"""Pixels of the longest side that a format can hold."""
_MILLIMETRES = 25.4
_SAVERS = {"jpeg": "jpegsave", "webp": "webpsave", "png": "pngsave", "tiff": "tiffsave"}


def save(image: Any, target: Path, recipe: Recipe, quality: int) -> None:
    """Encode ``image`` into the file ``target``. Raises the library's error."""
    _check_side(image, recipe)
    options = _options(recipe, quality)
    sized = _sized(image, recipe)
    getattr(sized, _SAVERS[recipe.format])(str(target), **options)


def save_counted(
    image: Any, target: Path, recipe: Recipe, quality: int, look: Look | None = None
) -> Checksums:
    """Like ``save``, and tells the checksums of the file.

    ``look`` sees the bytes of a JPEG while they are written; of other formats it sees none.
    """
    if recipe.format != "jpeg":
        save(image, target, recipe, quality)
        return checksums(target)
    _check_side(image, recipe)
    options = _options(recipe, quality)
    library = vips.load()
    return save_shown(library, target, lambda to: image.jpegsave_target(to, **options), look)


def _check_side(image: Any, recipe: Recipe) -> None:
    if recipe.format not in _SAVERS:
        raise Rejected(
            f"Renditions are made as JPEG, PNG, TIFF or WebP, not as {recipe.format!r}.",
            remedy="Correct the format in the channel's row.",
        )
    longest = SIDE_MAX.get(recipe.format)
    if longest is not None and max(image.width, image.height) > longest:
        raise Rejected(
            f"The longer side has {max(image.width, image.height):,} pixels, "
            f"{recipe.format.upper()} can hold {longest:,}.",
            remedy="Use another format or a smaller picture for this channel.",
        )


def _sized(image: Any, recipe: Recipe) -> Any:
    """``image`` with its resolution, where the encoder is the one who writes it."""
    resolution = recipe.dpi / _MILLIMETRES
    return image.copy(xres=resolution, yres=resolution) if recipe.format == "png" else image


def _options(recipe: Recipe, quality: int) -> dict[str, Any]:
    common: dict[str, Any] = {"keep": "icc"}
    if recipe.color_space == "srgb" or (recipe.color_space, recipe.format) == ("grey", "webp"):
        # Also where the master had none; the profiles of other colour spaces are attached to the picture.
        common["profile"] = "srgb"
    resolution = recipe.dpi / _MILLIMETRES
    own: dict[str, dict[str, Any]] = {
        "jpeg": {"Q": quality, "subsample_mode": "off"},
        "webp": {"Q": quality, "smart_subsample": True},
        "png": {"filter": "all"},
        "tiff": {
            "compression": "lzw",
            "predictor": "horizontal",
            "resunit": "inch",
            "xres": resolution,
            "yres": resolution,
        },
    }
    return own[recipe.format] | common


def within(size: int, recipe: Recipe) -> bool:
    """Whether a file of ``size`` bytes keeps the bounds of ``recipe``."""
    low, high = recipe.bytes_min or 0, recipe.bytes_max
    return size >= low and (high is None or size <= high)


def find_quality(name: str, recipe: Recipe, first: int, measure: Callable[[int], int]) -> int:
    """The highest quality at which the file keeps within the bytes of ``recipe``.

    ``first`` is the size in bytes at ``recipe.quality``; ``measure`` encodes at a quality and tells the size.
    The last file that was encoded is the one of the returned quality.
    Raises ``Rejected`` with the figures when no quality from the floor to 100 does.
    """
    low, high = recipe.bytes_min or 0, recipe.bytes_max
    if within(first, recipe):
        return recipe.quality
    if recipe.format not in LOSSY:
        check_bytes(name, first, recipe, f"as {recipe.format.upper()}")
    if high is not None and first > high:
        best = _highest(recipe.quality_floor, recipe.quality - 1, high, measure)
        if best is None:
            size = measure(recipe.quality_floor)
            check_bytes(name, size, recipe, f"at the lowest allowed quality {recipe.quality_floor}")
    else:
        largest = measure(100)
        if largest < low:
            check_bytes(name, largest, recipe, "even at quality 100")
        best = 100
        if high is not None and largest > high:
            best = _highest(recipe.quality + 1, 99, high, measure) or recipe.quality
    quality = best or recipe.quality
    check_bytes(name, measure(quality), recipe, f"at quality {quality}")
    return quality


def check_bytes(name: str, size: int, recipe: Recipe, reason: str) -> None:
    """Raises ``Rejected`` with the figures when ``size`` bytes break a bound of ``recipe``."""
    if recipe.bytes_max is not None and size > recipe.bytes_max:
        raise Rejected(
            f"{name}: {size:,} bytes {reason}, the channel takes at most {recipe.bytes_max:,}.",
            remedy="Supply a smaller master, or leave this channel out for the image.",
        )
    if recipe.bytes_min is not None and size < recipe.bytes_min:
        raise Rejected(
            f"{name}: {size:,} bytes {reason}, the channel needs at least {recipe.bytes_min:,}.",
            remedy="Supply a larger master, or leave this channel out for the image.",
        )


def _highest(floor: int, top: int, limit: int, measure: Callable[[int], int]) -> int | None:
    best: int | None = None
    while floor <= top:
        middle = (floor + top + 1) // 2
        if measure(middle) <= limit:
            best, floor = middle, middle + 1
        else:
            top = middle - 1
    return best
