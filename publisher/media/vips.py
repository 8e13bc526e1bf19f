"""The one door to libvips: loaded when first needed, with one thread and only the four trusted decoders.

libvips guesses formats by content, so that every other decoder (SVG, GIF, PDF, ...) is blocked for the
whole process before the first file is opened.
"""

from __future__ import annotations

import functools
import importlib.metadata
import logging
import os
import threading
from typing import Any

from publisher.errors import ConfigError

LOADERS = ("Jpeg", "Png", "Tiff", "Webp")


_LOCK = threading.Lock()


def load() -> Any:
    """The ``pyvips`` module. Loading takes about a tenth of a second, once per process. Thread-safe.

    Raises ``ConfigError`` when the library is not there.
    """
    # Without the lock a second thread would block the decoders again under the first one's feet.
    with _LOCK:
        return _loaded()


@functools.cache
def _loaded() -> Any:
    # libvips reads this once; scaling comes from workers, which is faster than threads inside one image.
    os.environ.setdefault("VIPS_CONCURRENCY", "1")
    try:
        import pyvips
    except (ImportError, OSError) as error:
        raise ConfigError(
            "The image library libvips cannot be loaded.",
            remedy="Install the package pyvips-binary, or libvips 8.16 or later of the system.",
            detail=repr(error),
        ) from error

    # Its warnings ("bad ICC profile, using the default") would reach the terminal of a seller.
    logging.getLogger("pyvips").setLevel(logging.CRITICAL)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for name in LOADERS:
        pyvips.operation_block_set(f"VipsForeignLoad{name}", False)
    pyvips.cache_set_max(0)
    return pyvips


def drawing(library: Any, svg: bytes, scale: float) -> Any:
    """A drawing of our own as pixels with transparency, held in memory; ``scale`` 1 is its own size.

    The decoder for drawings is let in for this one call: a master that pretends to be something else must not
    meet it. Raises the library's error.
    """
    with _LOCK:
        library.operation_block_set("VipsForeignLoadSvg", False)
        try:
            image = library.Image.svgload_buffer(svg, scale=scale).copy_memory()
        finally:
            library.operation_block_set("VipsForeignLoadSvg", True)
    return image if image.hasalpha() else image.addalpha()


@functools.cache
def version() -> str:
    """The version of libvips, part of every cache key. Answered without loading the library when possible."""
    try:
        return importlib.metadata.version("pyvips-binary")
    except importlib.metadata.PackageNotFoundError:
        library = load()
        return ".".join(str(library.version(part)) for part in range(3))
