"""One master, opened for one or more pictures of a worker's job: decoded once when that pays.

A picture comes out with the same bytes, however many others are made beside it: pixels are shared only where
the decoder would give the very same ones. Small masters are shared in memory, large ones in a plain file, so
that memory does not grow with the picture.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from publisher.manifest.item import Master

IN_MEMORY = 112 * 1024 * 1024
"""Bytes of decoded pixels that are shared in memory; what is larger is shared on disk."""

_OWN_LOAD = 0
"""The decoder makes a smaller picture of its own for each size, so that there is nothing to share."""

Box = tuple[int, int]
"""Width and height in pixels."""


class Source:
    """Gives the pixels of ``master`` at any size, upright. Thread-safe.

    ``work`` is a folder for what does not fit into memory; the caller removes it. ``boxes`` are all sizes
    that will be asked for. Every method raises the library's error.
    """

    def __init__(self, library: Any, master: Master, work: Path, boxes: Sequence[Box] = ()) -> None:
        self._library = library
        self._work = work
        self._users = Counter(self._level(box, master) for box in boxes)
        self._shared: dict[int, Any] = {}
        self._locks = {level: threading.Lock() for level in self._users}
        self.master = master
        self.header: Any = library.Image.new_from_file(str(master.path), access="sequential")
        """The master's header; no pixel is read through it."""

    def thumbnail(self, box: Box, **convert: Any) -> Any:
        """The lazy picture of exactly ``box``, which has the master's shape; ``convert`` names profiles."""
        level = self._level(box, self.master)
        # Fitting it in would make a side a pixel shorter where the other one was rounded down.
        convert["size"] = "force"
        if level > 1 or (self._users[level] > 1 and level != _OWN_LOAD):
            decoded = self._decoded(level)
            if not isinstance(decoded, Path):
                return decoded.thumbnail_image(box[0], height=box[1], **convert)
            path = decoded
        else:
            path = self.master.path
        return self._library.Image.thumbnail(
            str(path), box[0], height=box[1], fail_on="error", **convert
        )

    def full(self) -> Any:
        """All pixels, upright, as deep as they are. They are decoded to memory or disk first."""
        path = str(self.master.path)
        return self._library.Image.new_from_file(path, fail_on="error").autorot()

    def _decoded(self, level: int) -> Any:
        """The pixels of a level: an image in memory or a path when they are shared, else a lazy image."""
        if self._users[level] < 2:
            return self._lazy(level)
        # Whoever comes first decodes; the others of this level wait, those of another one do not.
        with self._locks[level]:
            if level not in self._shared:
                self._shared[level] = self._kept(self._lazy(level), level)
            return self._shared[level]

    def _kept(self, image: Any, level: int) -> Any:
        wide = 2 if image.format == "ushort" else 1
        if image.width * image.height * image.bands * wide <= IN_MEMORY:
            return image.copy_memory()
        place = self._work / f"decoded-{level}.tif"
        image.tiffsave(str(place), keep="icc", bigtiff=True)
        return place

    def _lazy(self, level: int) -> Any:
        options: dict[str, Any] = {"shrink": level} if level > 1 else {}
        return self._library.Image.new_from_file(
            str(self.master.path), access="sequential", fail_on="error", **options
        )

    @staticmethod
    def _level(box: Box, master: Master) -> int:
        """How many times smaller the decoder makes each side before anything else is done."""
        if master.format == "webp":
            return 1 if box[0] >= master.width and box[1] >= master.height else _OWN_LOAD
        if master.format != "jpeg":
            return 1
        shrink = min(master.width / max(box[0], 1), master.height / max(box[1], 1))
        # JPEG decoders halve for half the work. From 4 on the library does so unasked, from a figure that
        # is rounded otherwise than ours.
        return _OWN_LOAD if shrink >= 3.9 else 2 if shrink >= 2 else 1
