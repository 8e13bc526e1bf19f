"""The difference hashes of pixels, and an onlooker who measures them on a JPEG while it is being written.

Difference hashes are the ones that survive small crops best; the mirrored ones cost nothing beside the
decoding. Nothing here decides what is alike.
"""

from __future__ import annotations

import itertools
import threading
from typing import Any

from publisher.listing import Recipe
from publisher.manifest.item import Master
from publisher.media import vips
from publisher.similarity import Likeness

WHITE = (255, 255, 255)
"""What transparent pictures are laid over, as a buyer would see them."""
_SMALLEST = 480
"""Pixels of the longer side that the decoder leaves at least where it shrinks."""
PREVIEW = 512
"""Longer side in pixels of the preview that hashes are measured on."""

_PATIENCE = 10.0
"""Seconds after the last byte; it takes some thousandths."""


def hashes_of(grey: Any) -> Likeness:
    """The hashes of a grey image of the library, which is held in memory. Raises the library's error."""
    small, wide = _pixels(grey, 9, 8), _pixels(grey, 17, 16)
    return Likeness(_bits(small), _bits(_flipped(small)), _bits(wide), _bits(_flipped(wide)))


def shows_likeness(master: Master, recipe: Recipe) -> bool:
    """Whether the hashes of ``master`` can be measured on its picture by ``recipe``.

    It takes a JPEG in sRGB; what is transparent must have been laid over white.
    """
    if recipe.format != "jpeg" or recipe.color_space != "srgb":
        return False
    return not master.alpha or recipe.background == WHITE


class Onlooker:
    """Measures the hashes of a JPEG of ``width`` x ``height`` pixels that is being written."""

    def __init__(self, width: int, height: int) -> None:
        longest = max(width, height)
        self._shrink = next((n for n in (8, 4, 2) if longest >= n * _SMALLEST), 1)
        # Hashes lean a little on the size of the preview they are measured on, so that it is always the same.
        scale = min(PREVIEW / longest, 1)
        self._preview = max(round(width * scale), 1), max(round(height * scale), 1)
        self._likeness: Likeness | None = None
        self._done = threading.Event()

    def __call__(self, reading: int) -> None:
        """Measure the JPEG that can be read from the descriptor. Raises the library's error."""
        try:
            library = vips.load()
            source = library.Source.new_from_descriptor(reading)
            # Eighths come straight from the mean values that the format stores for blocks of eight pixels.
            image = library.Image.jpegload_source(
                source, shrink=self._shrink, access="sequential", fail_on="error"
            )
            wide, high = self._preview
            # One band is resized in a third of the time of three.
            grey = image.colourspace("b-w").thumbnail_image(wide, height=high, size="force")
            self._likeness = hashes_of(grey.copy_memory())
        finally:
            self._done.set()

    def likeness(self) -> Likeness | None:
        """What was measured, after the last byte was seen; None when it could not be measured.

        Ask only when the JPEG was begun.
        """
        self._done.wait(_PATIENCE)
        return self._likeness


def _pixels(grey: Any, width: int, height: int) -> list[bytes]:
    """The picture squeezed into ``width`` x ``height`` grey values, row by row."""
    shrunk = grey.thumbnail_image(width, height=height, size="force")
    data = bytes(shrunk.cast("uchar").write_to_memory())
    return [data[row * width : (row + 1) * width] for row in range(height)]


def _flipped(rows: list[bytes]) -> list[bytes]:
    return [row[::-1] for row in rows]


def _bits(rows: list[bytes]) -> int:
    """One bit per pair of neighbours in a row: whether it becomes brighter."""
    value = 0
    for row in rows:
        for left, right in itertools.pairwise(row):
            value = value << 1 | (left < right)
    return value
