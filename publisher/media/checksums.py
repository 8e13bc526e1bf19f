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


class Tally:
    """The checksums of bytes that pass by."""

    def __init__(self) -> None:
        self._digest, self._crc, self._size = hashlib.sha256(), 0, 0

    def add(self, piece: memoryview) -> None:
        """Count ``piece`` in."""
        self._digest.update(piece)
        self._crc = zlib.crc32(piece, self._crc)
        self._size += len(piece)

    def checksums(self) -> Checksums:
        """Those of all that was counted in so far."""
        return Checksums(self._size, self._digest.hexdigest(), self._crc)


def checksums(path: Path) -> Checksums:
    """Read ``path`` once. Raises ``OSError``."""
    tally = Tally()
    buffer = memoryview(bytearray(_BUFFER))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            tally.add(buffer[:count])
    return tally.checksums()
