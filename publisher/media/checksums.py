"""The checksums of a file in one pass over its bytes: the one that names it, and the one that a ZIP wants."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

_BUFFER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Checksums:
    """Size in bytes, SHA-256 in hexadecimal and CRC-32 (PKWARE APPNOTE 4.4.7) of one file."""

    size: int
    sha256: str
    crc32: int


def checksums(path: Path) -> Checksums:
    """Read ``path`` once. Raises ``OSError``."""
    digest, crc, size = hashlib.sha256(), 0, 0
    buffer = memoryview(bytearray(_BUFFER))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            piece = buffer[:count]
            digest.update(piece)
            crc = zlib.crc32(piece, crc)
            size += count
    return Checksums(size, digest.hexdigest(), crc)
