"""Figures that several modules of the media layer share. Constants only, so that importing them is free."""

from __future__ import annotations

PROBE_VERSION = 4
"""Raise it when the same file gives other facts: remembered ones are then measured again."""

MEGAPIXELS_MAX = 400.0
"""Masters over this many millions of pixels are refused."""

RENDER_VERSION = 2
"""Raise it when the same master and recipe give other bytes: cached renditions are then made again."""

LIKENESS_VERSION = 1
"""Raise it when the same picture gives other hashes: remembered ones are then measured again."""

SUFFIXES = {"jpeg": ".jpg", "png": ".png", "tiff": ".tif", "webp": ".webp"}
"""File name endings by format, for files of our own."""
