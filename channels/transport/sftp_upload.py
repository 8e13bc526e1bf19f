"""One file on its way over an SFTP line: all but the last block, the caller's word, the last block, the check.

It closes nothing when it fails: a handle that is closed makes some sites take the part for the whole,
so the connection is cut instead.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from channels.transport.sftp_line import LARGEST_BLOCK, Line, Refused, RemoteHandle
from publisher.errors import Conflict, Rejected, Transient

IN_FLIGHT = 8 * LARGEST_BLOCK
"""Bytes on the way per connection: about the channel window of OpenSSH, and the bound of our memory.

Also how far a resume steps back: whatever lies further below the end of a partial file was acknowledged
before its last bytes were sent, so that a server which writes out of order, or failed a single block, leaves
no hole behind.
"""


_COPIED = 64 * 1024
"""Bytes copied at a time where pages cannot be handed over."""


class LocalFile:
    """The file to send, read by position. A context manager; opening raises Rejected."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise Rejected(
                f"{path.name} cannot be read: {error.strerror}", remedy="Check the file."
            ) from error
        self.size = os.fstat(self._descriptor).st_size
        self._splices = hasattr(os, "splice")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def copy(self, offset: int, count: int) -> bytes:
        """A copy of ``count`` bytes from ``offset``. Raises Rejected when they are not there."""
        try:
            data = os.pread(self._descriptor, count, offset)
        except OSError as error:
            raise self._unreadable(error) from error
        if len(data) != count:
            raise self._shorter()
        return data

    def move(self, pipe: int, offset: int, count: int) -> int:
        """Put up to ``count`` bytes from ``offset`` into a non-blocking pipe; how many went.

        The kernel hands its pages over where the file system can do that, which costs no copy. Raises
        Rejected, BlockingIOError when the pipe is full, BrokenPipeError when nobody reads it.
        """
        try:
            moved = self._splice(pipe, offset, count)
            if moved is None:
                data = os.pread(self._descriptor, min(count, _COPIED), offset)
                moved = os.write(pipe, data) if data else 0
        except (BlockingIOError, BrokenPipeError):
            raise
        except OSError as error:
            raise self._unreadable(error) from error
        if not moved:
            raise self._shorter()
        return moved

    def _splice(self, pipe: int, offset: int, count: int) -> int | None:
        if not self._splices:
            return None
        try:
            return os.splice(
                self._descriptor, pipe, count, offset_src=offset, flags=os.SPLICE_F_NONBLOCK
            )
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EPERM):
                raise
            self._splices = False
            return None

    def _unreadable(self, error: OSError) -> Rejected:
        return Rejected(f"{self.name} cannot be read: {error.strerror}", remedy="Check the disk.")

    def _shorter(self) -> Rejected:
        return Rejected(
            f"{self.name} became shorter while it was being sent",
            remedy="Let nothing write to the file during an upload.",
        )


@dataclass(slots=True)
class Upload:
    """One run from ``start`` to the end of ``source``. ``sent`` says that the last block may have gone."""

    line: Line
    source: LocalFile
    path: str
    name: str
    start: int
    progress: Callable[[str, int], None]
    sent: bool = False

    def run(self, sending: Callable[[], None] | None) -> None:
        """Send and verify. Raises Refused, LineLost, Rejected, Transient, Conflict; all cut the line."""
        finished = False
        try:
            block, total = self.line.block, self.source.size
            last = max(self.start, (total - 1) // block * block)
            handle = self.line.open(self.path, truncate=not self.start)
            self._stream(handle, block, last)
            if sending is not None:
                sending()
            self.sent = True
            if total > last:
                handle.write(self.source, last, total - last)
                handle.acknowledged()
            handle.close()
            self.progress(self.name, total - last)
            self._verify()
            finished = True
        finally:
            if not finished:
                self.line.hang_up()

    def _stream(self, handle: RemoteHandle, block: int, end: int) -> None:
        window, in_flight = IN_FLIGHT // block, 0
        for offset in range(self.start, end, block):
            if in_flight >= window:
                self.progress(self.name, handle.acknowledged())
                in_flight -= 1
            handle.write(self.source, offset, min(block, end - offset))
            in_flight += 1
        for _ in range(in_flight):
            self.progress(self.name, handle.acknowledged())

    def _verify(self) -> None:
        try:
            there = self.line.stat(self.path).size
        except Refused:
            # Gone: taken in already. Not allowed to look: every block and the close were acknowledged.
            return
        total = self.source.size
        if there is None or there == total:
            return
        said = f"{self.name} has {there} bytes on the server and {total} here"
        if there < total:
            raise Transient(said)
        raise Conflict(said, remedy="Something else wrote to this name; look at it there.")
