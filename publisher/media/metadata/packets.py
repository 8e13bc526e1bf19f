"""What goes between the metadata formats and the containers: packets to write, packets found, byte copies.

A container is JPEG, PNG, TIFF or WebP. Nothing here knows one of them.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import struct
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from publisher.media.metadata.exif import ExifValues

BLOCK_MAX = 16 * 1024 * 1024
"""Bytes of the largest metadata block that is read into memory."""
_BUFFER = 512 * 1024
_PAGE = 4096
_THREAD = threading.local()

DAMAGE = (
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What a container parser may raise on a damaged file; the border turns all of it into one sentence."""


@dataclass(frozen=True, slots=True)
class Packets:
    """What a container writes. ``dpi`` None leaves the resolution of the source as it is."""

    xmp: bytes
    iim: bytes
    exif: ExifValues
    dpi: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a container holds: raw packets, and text chunks by their name."""

    xmp: bytes = b""
    iim: bytes = b""
    exif: ExifValues = field(default_factory=ExifValues)
    texts: Mapping[str, str] = field(default_factory=dict)


def exactly(file: BinaryIO, count: int) -> bytes:
    """``count`` bytes, at most 16 MiB. Raises ``ValueError`` when the file ends before."""
    if count > BLOCK_MAX:
        raise ValueError("a metadata block is too long")
    data = file.read(count)
    if len(data) != count:
        raise ValueError("the file ends early")
    return data


def peeker(file: BinaryIO) -> Callable[[int, int], bytes]:
    """Reads a few bytes at an offset, ``peek(count, offset)``, without the buffer that a far jump would waste.

    It gives fewer bytes only at the end. What was written before is seen, what is written later may not be.
    """
    try:
        number = file.fileno()
    except (OSError, AttributeError):
        number = -1
    if number >= 0 and hasattr(os, "pread"):
        file.flush()
        return functools.partial(os.pread, number)

    def peek(count: int, offset: int) -> bytes:
        file.seek(offset)
        return file.read(count)

    return peek


def length_of(file: BinaryIO) -> int:
    """Bytes in ``file``; the position is left at the end."""
    return file.seek(0, io.SEEK_END)


def copy_span(source: BinaryIO, target: BinaryIO, offset: int, count: int) -> None:
    """Append ``count`` bytes of ``source`` from ``offset`` to ``target``.

    Raises ``ValueError`` when the source ends before, ``OSError`` when the target cannot be written.
    """
    # One buffer for good: fresh memory costs as much as the copy.
    if not hasattr(_THREAD, "buffer"):
        _THREAD.buffer = memoryview(bytearray(_BUFFER))
    buffer = _THREAD.buffer
    done = 0
    if count > _BUFFER and hasattr(os, "preadv"):
        done = _unbuffered(source, target, buffer, offset, count)
    source.seek(offset + done)
    count -= done
    while count > 0:
        got = source.readinto(buffer[: min(_BUFFER, count)])  # type: ignore[attr-defined]
        if not got:
            raise ValueError("the file ends early")
        target.write(buffer[:got])
        count -= got


def _unbuffered(
    source: BinaryIO, target: BinaryIO, buffer: memoryview, offset: int, count: int
) -> int:
    """The same for files of the system, past the buffers of both; returns how much was there."""
    try:
        reading, writing = source.fileno(), target.fileno()
    except (OSError, AttributeError):
        return 0
    target.flush()
    start, done = target.tell(), 0
    if (offset - start) % _PAGE == 0:
        done = _by_the_kernel(reading, writing, offset, start, count)
    while done < count:
        piece = buffer[: min(_BUFFER, count - done)]
        if not (got := os.preadv(reading, [piece], offset + done)):
            break
        written = 0
        while written < got:
            written += os.pwrite(writing, piece[written:got], start + done + written)
        done += got
    target.seek(start + done)
    return done


def _by_the_kernel(reading: int, writing: int, offset: int, start: int, count: int) -> int:
    """The same without a buffer, which is quicker where pages go to pages; returns how much it could do."""
    done = 0
    # Not every system has such a call, nor can it copy between any two files.
    with contextlib.suppress(AttributeError, OSError):
        while done < count:
            got = os.copy_file_range(reading, writing, count - done, offset + done, start + done)
            if not got:
                break
            done += got
    return done
