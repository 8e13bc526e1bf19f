"""One master, opened for one or more pictures of a worker's job: decoded once when that pays.

A picture comes out with the same bytes, however many others are made beside it: pixels are shared only where
the decoder would give the very same ones. Small masters are shared in memory, large ones in a plain file, so
that memory does not grow with the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from publisher.manifest.item import Master

IN_MEMORY = 112 * 1024 * 1024
"""Bytes of decoded pixels that are shared in memory; what is larger is shared on disk."""

_REDUCED_LOAD = 3.9
"""From 4 on, the JPEG decoder is asked for a smaller picture, which is other pixels and less work."""

Box = tuple[int, int]
"""Width and height in pixels."""


class Source:
    """Gives the pixels of ``master`` at any size, upright. Thread-safe after ``share``.

    ``work`` is a folder for what does not fit into memory; the caller removes it.
    """

    def __init__(self, library: Any, master: Master, work: Path) -> None:
        self._library = library
        self.width, self.height = master.width, master.height
        self._path = master.path
        self._place = work / "decoded.tif"
        self.master = master
        self._pixels: Any = None
        self._shared: Path | None = None
        self.header: Any = library.Image.new_from_file(str(master.path), access="sequential")
        """The master's header; no pixel is read through it."""

    def share(self, boxes: Sequence[Box]) -> None:
        """Decode now, when more than one of ``boxes`` needs every pixel. Raises the library's error."""
        if sum(self._whole(box) for box in boxes) < 2 or self._pixels is not None:
            return
        image = self._sequential()
        wide = 2 if image.format == "ushort" else 1
        if image.width * image.height * image.bands * wide <= IN_MEMORY:
            self._pixels = image.copy_memory()
        else:
            image.tiffsave(str(self._place), keep="icc", bigtiff=True)
            self._shared = self._place

    def thumbnail(self, box: Box, *, enlarge: bool = False, **convert: Any) -> Any:
        """The lazy picture that fits ``box``, exactly so with ``enlarge``; ``convert`` names profiles."""
        size = "force" if enlarge else "down"
        whole = self._whole(box)
        if whole and self._pixels is not None:
            return self._pixels.thumbnail_image(box[0], height=box[1], size=size, **convert)
        path = self._shared if whole and self._shared is not None else self._path
        return self._library.Image.thumbnail(
            str(path), box[0], height=box[1], size=size, fail_on="error", **convert
        )

    def full(self) -> Any:
        """All pixels, upright, as deep as they are. They are decoded to memory or disk first."""
        path = self._shared or self._path
        image = self._library.Image.new_from_file(str(path), fail_on="error")
        return image.autorot()

    def _sequential(self) -> Any:
        return self._library.Image.new_from_file(
            str(self._path), access="sequential", fail_on="error"
        )

    def _whole(self, box: Box) -> bool:
        """Whether the decoder gives every pixel for a picture of ``box``, and not a smaller picture."""
        master = self.master
        if master.format == "webp":
            return box[0] >= master.width and box[1] >= master.height
        shrink = min(master.width / max(box[0], 1), master.height / max(box[1], 1))
        return master.format != "jpeg" or shrink < _REDUCED_LOAD
