"""From a master to the sized picture of a recipe: the bounds of its size, and the pipeline that makes it.

Pictures become larger only when the recipe says so. The pipeline is lazy: pixels flow when the encoder
pulls them, in memory that does not grow with the picture.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from publisher.errors import Rejected
from publisher.listing import Recipe
from publisher.media.profiles import BUILT_IN, icc_profile
from publisher.media.source import Box, Source
from publisher.recipes import UPSAMPLE_MAX, planned_size

_ADVICE = "images are never upsampled"
_FARTHEST = f"no picture is enlarged more than {UPSAMPLE_MAX:g} times"


def check_size(name: str, width: int, height: int, recipe: Recipe) -> None:
    """Raises ``Rejected`` with the figures when ``width`` x ``height`` pixels break a bound of ``recipe``."""
    megapixels = width * height / 1_000_000
    advice = _FARTHEST if recipe.upsample else _ADVICE
    if recipe.megapixels_min is not None and megapixels < recipe.megapixels_min:
        raise Rejected(
            f"{name}: {_figure(megapixels, recipe.megapixels_min)} megapixels, the channel needs "
            f"{recipe.megapixels_min:.1f}; {advice}.",
            remedy="Supply a larger master, or leave this channel out for the image.",
        )
    if recipe.side_min is not None and min(width, height) < recipe.side_min:
        raise Rejected(
            f"{name}: the shorter side has {min(width, height):,} pixels, the channel needs "
            f"{recipe.side_min:,}; {advice}.",
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


def flattened(recipe: Recipe) -> bool:
    """Whether transparency is laid over the background of ``recipe``."""
    return recipe.format == "jpeg" or recipe.alpha == "flatten"


def deep(recipe: Recipe) -> bool:
    """Whether 16 bits a sample may come out."""
    return recipe.bit_depth == 16 and recipe.format in ("png", "tiff")


def holds_grey(recipe: Recipe) -> bool:
    """Whether a grey picture is stored as grey; WebP has three colours always."""
    return recipe.color_space == "grey" and recipe.format != "webp"


def picture(library: Any, source: Source, recipe: Recipe, box: Box, work: Path) -> Any:
    """The lazy picture of ``recipe``: upright, within ``box``, in its colour space with the profile attached.

    ``box`` is that of ``planned_size``. ``work`` is a folder for a profile. Raises the library's error.
    """
    header = source.header
    tagged = bool(header.get_typeof("icc-profile-data"))
    target = _target_profile(recipe.color_space, work)
    convert: dict[str, Any] = {}
    if tagged or header.interpretation == "cmyk" or target != "srgb":
        # What carries no profile is sRGB by convention, or ordinary offset print. Asking for a conversion
        # where there is nothing to convert would take ten times as long and change nothing.
        convert["output_profile"] = target
    if "output_profile" in convert and not tagged:
        convert["import_profile"] = "cmyk" if header.interpretation == "cmyk" else "srgb"
    if deep(recipe) and header.format == "ushort":
        image = _deep(source, box, convert, target)
    else:
        image = _eight_bits(source.thumbnail(box, **convert))
    if image.hasalpha() and flattened(recipe):
        top = 257 if image.format == "ushort" else 1
        image = image.flatten(background=[value * top for value in recipe.background])
    if recipe.color_space == "grey":
        image = image.colourspace("grey16" if image.format == "ushort" else "b-w").copy()
        if not holds_grey(recipe):
            return image.colourspace("srgb")
        image.set_type(library.GValue.blob_type, "icc-profile-data", icc_profile("grey"))
    return image


def _target_profile(color_space: str, work: Path) -> str:
    """The profile's name inside the library, or the path of a file that it can read."""
    if color_space == "grey":
        return "srgb"
    if color_space in BUILT_IN:
        return BUILT_IN[color_space]
    try:
        profile = icc_profile(color_space)
    except KeyError:
        raise Rejected(
            f"Renditions are made in sRGB, Display P3, Adobe RGB or grey, not in {color_space!r}.",
            remedy="Correct the colour space in the channel's row.",
        ) from None
    # One file for each thread, so that none reads what another has half written.
    place = work / f"{color_space}-{threading.get_ident()}.icc"
    place.write_bytes(profile)
    return str(place)


def _eight_bits(image: Any) -> Any:
    if image.interpretation not in ("srgb", "rgb"):
        image = image.colourspace("srgb")
    return image if image.format == "uchar" else image.cast("uchar", shift=True)


def _deep(source: Source, box: Box, convert: dict[str, Any], target: str) -> Any:
    """16 bits a sample from end to end; transparency is multiplied in while the size changes."""
    image = source.full()
    if "output_profile" in convert:
        image = image.icc_transform(
            target, embedded=True, input_profile=convert.get("import_profile", "srgb"), depth=16
        )
    elif image.interpretation != "rgb16":
        image = image.colourspace("rgb16")
    across, down = box[0] / image.width, box[1] / image.height
    if (image.width, image.height) != box:
        alpha = image.hasalpha()
        kept = image.interpretation
        if alpha:
            image = image.premultiply(max_alpha=65535)
        image = image.resize(across, vscale=down)
        if alpha:
            image = image.unpremultiply(max_alpha=65535)
        image = image.cast("ushort").copy(interpretation=kept)
    return image


__all__ = ["check_size", "deep", "flattened", "holds_grey", "picture", "pipeline", "planned_size"]
