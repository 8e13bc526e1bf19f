"""A stretch of some bytes as the body of a request: read in small pieces, never held in memory.

Small pieces matter for more than memory: the socket's timeout then holds for each piece, not for a
whole part, so that a slow uplink is not taken for a dead one. The bytes are those of a file, or are put
together while they are read. It never changes them.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from publisher.errors import Rejected
from publisher.listing import Content

PIECE = 256 * 1024


class FileContent:
    """The bytes of a file that stays open until ``close``; a context manager.

    Raises Rejected when the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name
        try:
            self._file = os.open(path, os.O_RDONLY)
            self.size = os.fstat(self._file).st_size
        except OSError as error:
            raise Rejected(f"{path.name} cannot be read: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def read_at(self, start: int, count: int) -> bytes:
        """``count`` bytes from ``start`` on, fewer at the end. Raises Rejected when the disk fails."""
        try:
            return os.pread(self._file, count, start)
        except OSError as error:
            raise Rejected(f"{self._name} cannot be read: {error.strerror}") from error


class Stretch:
    """``length`` bytes from ``start`` of a source; seekable, as signing reads it before sending."""

    def __init__(self, source: Content, start: int, length: int, name: str) -> None:
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
        data = self._source.read_at(self._start + self._at, count) if count else b""
        if count and not data:
            raise Rejected(
                f"{self._name} became shorter while it was being sent",
                remedy="Let nothing write to the file during an upload.",
            )
        self._at += len(data)
        return data
