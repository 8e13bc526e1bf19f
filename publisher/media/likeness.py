"""The difference hashes of one picture, measured on a preview of 512 pixels. It runs in a worker process.

Difference hashes are the ones that survive small crops best; the mirrored ones cost nothing beside the
decoding. A picture with transparency is laid over white, as a buyer would see it.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from publisher.errors import Rejected
from publisher.manifest.item import Master
from publisher.media import vips
from publisher.media.pixels import pipeline
from publisher.media.rendition import undecodable
from publisher.similarity import Likeness

PREVIEW = 512
"""Longer side of the preview in pixels: decoders shrink while they load, which is most of the work."""


def measure_likeness(master: Master, target: Path) -> tuple[int, int]:
    """Write the packed likeness of ``master`` to ``target``; returns the preview's width and height.

    Raises ``Rejected`` when the picture cannot be decoded.
    """
    name = Path(master.relative).name
    if master.problem:
        raise Rejected(master.problem, remedy="Replace the master.")
    library = vips.load()
    try:
        image = pipeline(library, master.path, (PREVIEW, PREVIEW), background=(255, 255, 255))
        grey = image.colourspace("b-w").copy_memory()
        small = _pixels(grey, 9, 8)
        wide = _pixels(grey, 17, 16)
    except library.Error as error:
        raise undecodable(name, master, str(error)) from None
    likeness = Likeness(_bits(small), _bits(_flipped(small)), _bits(wide), _bits(_flipped(wide)))
    target.write_bytes(likeness.packed())
    return int(grey.width), int(grey.height)


def _pixels(grey: object, width: int, height: int) -> list[bytes]:
    """The picture squeezed into ``width`` x ``height`` grey values, row by row."""
    shrunk = grey.thumbnail_image(width, height=height, size="force")  # type: ignore[attr-defined]
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
