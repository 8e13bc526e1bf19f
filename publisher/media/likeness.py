"""Measures the hashes of one master on a preview of 512 pixels. It runs in a worker process.

A picture with transparency is laid over white, as a buyer would see it.
"""

from __future__ import annotations

from pathlib import Path

from publisher.errors import Rejected
from publisher.manifest.item import Master
from publisher.media import vips
from publisher.media.hashing import PREVIEW, WHITE, hashes_of
from publisher.media.pixels import pipeline
from publisher.media.rendition import undecodable


def measure_likeness(master: Master, target: Path) -> tuple[int, int]:
    """Write the packed likeness of ``master`` to ``target``; returns the preview's width and height.

    Raises ``Rejected`` when the picture cannot be decoded.
    """
    name = Path(master.relative).name
    if master.problem:
        raise Rejected(master.problem, remedy="Replace the master.")
    library = vips.load()
    try:
        image = pipeline(library, master.path, (PREVIEW, PREVIEW), background=WHITE)
        grey = image.colourspace("b-w").copy_memory()
        likeness = hashes_of(grey)
    except library.Error as error:
        raise undecodable(name, master, str(error)) from None
    target.write_bytes(likeness.packed())
    return int(grey.width), int(grey.height)
