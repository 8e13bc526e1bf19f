"""Bundles as ZIP files: stored, sorted, the same bytes for the same members, known before the first is written.

Sizes and CRC-32 of members come from where they were made, so the whole archive is planned first: its
size is exact and any stretch of it can be read, by several threads and in any order. It can then be copied to
a disk or sent straight to a server, and taken up again in the middle. Memory does not grow with the members.
"""

from __future__ import annotations

import bisect
import contextlib
import errno
import hashlib
import os
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from publisher.errors import Rejected, Transient
from publisher.media.zip_format import (
    Entry,
    central_header,
    checked_name,
    end_records,
    local_header,
    refuse_doubles,
)

ARCHIVE_VERSION = 1
"""Raise it when the same members give other bytes."""

Progress = Callable[[int, int], None]
"""Called with the bytes of members packed so far and their total."""

_BUFFER = 1024 * 1024
_STRETCH = 16 * 1024 * 1024
_RING = 4


@dataclass(frozen=True, slots=True)
class Packed:
    """One member: the name inside, the file on disk, and its CRC-32 when it is known already."""

    name: str
    path: Path
    crc32: int | None = None


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A piece of the archive: bytes of its own, or a member's file as it was when the archive was planned."""

    start: int
    size: int
    data: bytes = b""
    path: Path | None = None
    mark: tuple[int, int] = (0, 0)
    name: str = ""
    crc32: int | None = None
    """To be found again while copying: set when nobody vouched for the file before it was planned."""


class Archive:
    """A planned ZIP file. Thread-safe: it holds no file open. Make it with ``plan_archive``."""

    def __init__(self, stretches: Sequence[_Stretch]) -> None:
        self._stretches = stretches
        self._starts = [s.start for s in stretches]
        self.size = stretches[-1].start + stretches[-1].size
        """Bytes of the whole archive."""

    def read_at(self, start: int, count: int) -> bytes:
        """``count`` bytes from ``start`` on, fewer only at the end.

        Raises ``Rejected`` when a member is not what it was when the archive was planned.
        """
        found: list[bytes] = []
        end = min(start + count, self.size)
        place = bisect.bisect_right(self._starts, start) - 1
        while start < end:
            stretch = self._stretches[place]
            within, most = start - stretch.start, min(end, stretch.start + stretch.size) - start
            data = stretch.data[within : within + most]
            if stretch.path is not None and most:
                with _opened(stretch) as file:
                    data = os.pread(file.fileno(), most, within)
                if len(data) < most:
                    raise _changed(stretch)
            found.append(data)
            start += len(data)
            place += 1
        return b"".join(found)

    def write(self, file: BinaryIO, progress: Progress | None = None) -> str:
        """Write all to ``file`` (unbuffered); returns its SHA-256. Raises like ``read_at``, and ``OSError``."""
        for buffer in (digest := _Digest()).buffers(self._pieces(progress)):
            _put(file, buffer)
        return digest.hexdigest()

    def copy(self, file: BinaryIO, progress: Progress | None = None) -> None:
        """Like ``write`` without a digest, which takes as long again: the system moves the bytes itself."""
        work = memoryview(bytearray(_BUFFER))
        for piece in self._pieces(progress):
            if isinstance(piece, bytes):
                _put(file, memoryview(piece))
            elif piece.checked or not piece.move(file):
                _put(file, piece.fill(work))

    def sha256(self) -> str:
        """The SHA-256 of the whole, read once and written nowhere. Raises like ``read_at``."""
        for _ in (digest := _Digest()).buffers(self._pieces(None)):
            pass
        return digest.hexdigest()

    def _pieces(self, progress: Progress | None) -> Iterator[bytes | _Piece]:
        total = sum(s.size for s in self._stretches if s.path is not None)
        done = 0
        for stretch in self._stretches:
            if stretch.path is None:
                yield stretch.data
                continue
            with _opened(stretch) as file:
                piece = _Piece(file, stretch.size, checked=stretch.crc32 is not None)
                while piece.left:
                    before = piece.left
                    yield piece
                    done += before - piece.left
                    if progress is not None:
                        progress(done, total)
                if _mark(file) != stretch.mark or (piece.checked and piece.crc != stretch.crc32):
                    raise _changed(stretch)


@dataclass(slots=True)
class _Piece:
    """An open file of which ``left`` bytes are wanted, as many at a time as the buffer holds."""

    file: BinaryIO
    left: int
    checked: bool
    crc: int = 0

    def move(self, target: BinaryIO) -> bool:
        """Let the system copy a stretch; False when it cannot between these two files."""
        try:
            got = os.copy_file_range(self.file.fileno(), target.fileno(), min(self.left, _STRETCH))
        except (OSError, AttributeError) as error:
            # A full disk is for the caller to hear of; everything else the other way can do.
            if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            return False
        if not got:
            raise Rejected("A member of the bundle became shorter while it was packed.")
        self.left -= got
        return True

    def fill(self, buffer: memoryview) -> memoryview:
        wanted = min(self.left, len(buffer))
        got = self.file.readinto(buffer[:wanted])  # type: ignore[attr-defined]
        if not got:
            raise Rejected("A member of the bundle became shorter while it was packed.")
        self.left -= got
        if self.checked:
            self.crc = zlib.crc32(buffer[:got], self.crc)
        return buffer[:got]


class _Digest:
    """Hashes buffers in a thread beside whoever consumes them; a ring, so that nothing is allocated anew."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()

    def hexdigest(self) -> str:
        return self._sum.hexdigest()

    def buffers(self, pieces: Iterator[bytes | _Piece]) -> Iterator[memoryview]:
        """The bytes of ``pieces``, each valid until the next one is asked for."""
        ring = [memoryview(bytearray(_BUFFER)) for _ in range(_RING)]
        hashed: list[Future[None] | None] = [None] * _RING
        with ThreadPoolExecutor(1, thread_name_prefix="bundle-sum") as thread:
            for turn, piece in enumerate(pieces):
                slot = turn % _RING
                if (earlier := hashed[slot]) is not None:
                    earlier.result()
                buffer = memoryview(piece) if isinstance(piece, bytes) else piece.fill(ring[slot])
                hashed[slot] = thread.submit(self._sum.update, buffer)
                yield buffer


def plan_archive(members: Sequence[Packed]) -> Archive:
    """The archive of ``members``, sorted by name. Members without a CRC-32 are read once, here.

    Raises ``Rejected`` for an unsafe or doubled name and for a member that cannot be read.
    """
    names = [checked_name(member.name) for member in members]
    refuse_doubles(names)
    # The order of the names in Unicode, which is that of their bytes and the same everywhere.
    ordered = sorted(members, key=lambda member: member.name)
    buffer = memoryview(bytearray(_BUFFER))
    stretches: list[_Stretch] = []
    directory: list[bytes] = []
    at = 0
    for member in ordered:
        mark, crc = _measured(member, buffer)
        entry = Entry(member.name.encode(), mark[0], crc)
        directory.append(central_header(entry, at))
        header = local_header(entry)
        stretches.append(_Stretch(at, len(header), header))
        at += len(header)
        again = crc if member.crc32 is None else None
        file = _Stretch(at, mark[0], path=member.path, mark=mark, name=member.name, crc32=again)
        stretches.append(file)
        at += mark[0]
    listed = b"".join(directory)
    tail = listed + end_records(len(ordered), at, len(listed))
    return Archive([*stretches, _Stretch(at, len(tail), tail)])


def write_zip(
    members: Sequence[tuple[str, Path] | Packed],
    target: Path,
    progress: Progress | None = None,
    *,
    digest: bool = True,
) -> tuple[int, str]:
    """Write ``target`` with ``members`` (name inside, file on disk), stored, by a rename at the end.

    Returns its size in bytes and its SHA-256, "" without ``digest``, which is most of the work. Every byte is
    read once when the CRC-32 are known. Raises ``Rejected`` for an unsafe or doubled name, a missing
    member, or one that changes meanwhile; ``Transient`` when the disk does not take the file.
    """
    archive = plan_archive([m if isinstance(m, Packed) else Packed(*m) for m in members])
    part = target.with_name(f".{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb", buffering=0) as file:
            checksum = archive.write(file, progress) if digest else ""
            if not digest:
                archive.copy(file, progress)
        part.replace(target)
    except OSError as error:
        raise Transient(
            f"The bundle {target.name} cannot be written: "
            f"{(error.strerror or 'disk error').lower()}.",
            detail=repr(error),
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return archive.size, checksum


def _measured(member: Packed, buffer: memoryview) -> tuple[tuple[int, int], int]:
    """Size in bytes and modification time of a member, and its CRC-32."""
    try:
        with member.path.open("rb", buffering=0) as file:
            mark = _mark(file)
            if member.crc32 is not None:
                return mark, member.crc32
            crc = 0
            while count := file.readinto(buffer):
                crc = zlib.crc32(buffer[:count], crc)
            if _mark(file) != mark or file.tell() != mark[0]:
                raise Rejected(f"{member.name} changed while it was packed.")
            return mark, crc
    except OSError as error:
        reason = (error.strerror or "input error").lower()
        raise Rejected(
            f"{member.name} cannot be read for the bundle: {reason}.", detail=repr(error)
        ) from error


def _put(file: BinaryIO, buffer: memoryview) -> None:
    """All of ``buffer``: an unbuffered file may take less than it is given, as when the disk is nearly full."""
    while buffer:
        buffer = buffer[file.write(buffer) :]


def _mark(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


@contextlib.contextmanager
def _opened(stretch: _Stretch) -> Iterator[BinaryIO]:
    assert stretch.path is not None
    try:
        file = stretch.path.open("rb", buffering=0)
    except OSError as error:
        raise _changed(stretch) from error
    with file:
        if _mark(file) != stretch.mark:
            raise _changed(stretch)
        yield file


def _changed(stretch: _Stretch) -> Rejected:
    return Rejected(f"{stretch.name} changed while it was packed.")


__all__ = ["ARCHIVE_VERSION", "Archive", "Packed", "checked_name", "plan_archive", "write_zip"]
