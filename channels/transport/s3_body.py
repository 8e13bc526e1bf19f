"""A stretch of a file as the body of a request: read in small pieces, never held in memory.

Small pieces matter for more than memory: the socket's timeout then holds for each piece, not for a
whole part, so that a slow uplink is not taken for a dead one. It never changes the file.
"""

from __future__ import annotations

import os

from publisher.errors import Rejected

PIECE = 256 * 1024


class Stretch:
    """``length`` bytes from ``start`` of an open file; seekable, as signing reads it before sending."""

    def __init__(self, source: int, start: int, length: int, name: str) -> None:
        self._source, self._start, self._length, self._name = source, start, length, name
        self._at = 0

    def __len__(self) -> int:
        return self._length

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        self._at = max(0, min(self._length, origin + offset))
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes. More than asked for: HTTP clients ask for 16 KB, which is slow.

        Raises Rejected when the file has become shorter.
        """
        left = self._length - self._at
        count = left if size is None or size < 0 else min(left, max(size, PIECE))
        data = os.pread(self._source, count, self._start + self._at) if count else b""
        if count and not data:
            raise Rejected(
                f"{self._name} became shorter while it was being sent",
                remedy="Let nothing write to the file during an upload.",
            )
        self._at += len(data)
        return data
