"""What a made file is called and how long making it may take; the small change of the studio."""

from __future__ import annotations

import math
import os
import threading
from pathlib import Path

from publisher.files import File
from publisher.manifest.item import Master
from publisher.media.pool import Made

MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".webp": "image/webp",
    ".zip": "application/zip",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
}
_SECONDS = 8.0
_SECONDS_PER_MEGAPIXEL = 1.0
_BYTES_PER_SECOND = 50_000_000


def seconds_for(master: Master, pictures: int = 1) -> float:
    """The most wall seconds that making ``pictures`` of ``master`` may take."""
    seconds = _SECONDS + _SECONDS_PER_MEGAPIXEL * pictures * math.ceil(master.megapixels)
    return seconds + master.size / _BYTES_PER_SECOND


def written(target: Path, data: bytes) -> None:
    """Write ``target`` by a rename, so that nobody sees half of it. Raises ``OSError``."""
    part = target.with_name(f".{os.getpid()}-{threading.get_ident()}.part")
    part.write_bytes(data)
    part.replace(target)


def file_of(role: str, name: str, path: Path, made: Made, suffix: str) -> File:
    """The file at ``path`` under the name that a channel will see."""
    media_type = MEDIA_TYPES.get(suffix, "application/octet-stream")
    shape = (made.width, made.height)
    return File(role, name, path, made.size, made.sha256, media_type, *shape, crc32=made.crc32)
