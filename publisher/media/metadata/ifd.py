"""Image file directories, the shape that TIFF and EXIF share: reading either byte order, classic or BigTIFF.

Source: TIFF 6.0 section 2 and the BigTIFF design. Only directories and small values are read, never strips.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
TYPE_SIZES |= {16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I", 7: "B", 13: "I", 16: "Q", 18: "Q"}
VALUE_MAX = 64 * 1024 * 1024
"""Bytes of the largest single value that is read."""
_ENTRIES_MAX = 4096
_COUNT_MAX = 4_000_000
"""Numbers of one value; a picture has not as many strips or tiles."""
_OFFSET_MAX = 1 << 48


@dataclass(frozen=True, slots=True)
class Layout:
    """Byte order (``<`` or ``>``) and whether offsets have eight bytes."""

    order: str
    big: bool

    @property
    def word(self) -> str:
        """The struct code of an offset."""
        return "Q" if self.big else "I"

    @property
    def word_size(self) -> int:
        """Bytes of an offset, which is also what fits inside an entry."""
        return 8 if self.big else 4

    @property
    def count(self) -> str:
        """The struct code of the number of entries."""
        return "Q" if self.big else "H"

    @property
    def entry_size(self) -> int:
        """Bytes of one entry."""
        return 20 if self.big else 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag: ``raw`` is the value field as stored, an inline value or an offset."""

    tag: int
    type: int
    count: int
    raw: bytes

    @property
    def length(self) -> int:
        """Bytes of the value; 0 for an unknown type."""
        return TYPE_SIZES.get(self.type, 0) * self.count


@dataclass(frozen=True, slots=True)
class Directory:
    """The entries of one directory, where it is, and the offset of the next one."""

    offset: int
    entries: tuple[Entry, ...]
    following: int

    def find(self, tag: int) -> Entry | None:
        """The entry of ``tag``."""
        return next((e for e in self.entries if e.tag == tag), None)


def read_header(file: BinaryIO) -> tuple[Layout, int]:
    """Layout and offset of the first directory. Raises ``ValueError`` when this is no TIFF structure."""
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        raise ValueError("no TIFF header")
    (magic,) = struct.unpack_from(order + "H", head, 2)
    if magic == 42:
        return Layout(order, False), struct.unpack_from(order + "I", head, 4)[0]
    if magic == 43 and len(head) == 16 and struct.unpack_from(order + "HH", head, 4) == (8, 0):
        return Layout(order, True), struct.unpack_from(order + "Q", head, 8)[0]
    raise ValueError("no TIFF header")


def read_directory(file: BinaryIO, layout: Layout, offset: int) -> Directory:
    """The directory at ``offset``. Raises ``ValueError`` when it is cut short or absurdly long."""
    _go(file, offset)
    (count,) = struct.unpack(layout.order + layout.count, _exactly(file, 8 if layout.big else 2))
    if count > _ENTRIES_MAX:
        raise ValueError("too many entries in a directory")
    body = _exactly(file, count * layout.entry_size)
    shape = f"{layout.order}HH{layout.word}{layout.word_size}s"
    entries = tuple(Entry(*fields) for fields in struct.iter_unpack(shape, body))
    tail = file.read(layout.word_size)
    # Some writers leave the pointer to the next directory out when there is none.
    whole = len(tail) == layout.word_size
    following = struct.unpack(layout.order + layout.word, tail)[0] if whole else 0
    return Directory(offset, entries, following)


def value_offset(layout: Layout, entry: Entry) -> int | None:
    """Where the value of ``entry`` is in the file; None when it is inside the entry."""
    if entry.length <= layout.word_size:
        return None
    return int(struct.unpack(layout.order + layout.word, entry.raw)[0])


def value(file: BinaryIO, layout: Layout, entry: Entry) -> bytes:
    """The bytes of a value. Raises ``ValueError`` when they are missing or over 64 MiB."""
    if entry.length > VALUE_MAX:
        raise ValueError("a value is too long")
    offset = value_offset(layout, entry)
    if offset is None:
        return entry.raw[: entry.length]
    _go(file, offset)
    return _exactly(file, entry.length)


def integers(file: BinaryIO, layout: Layout, entry: Entry | None) -> tuple[int, ...]:
    """The whole numbers of a value; empty when the tag is absent or holds something else."""
    if entry is None or entry.type not in _INTEGERS:
        return ()
    if entry.count > _COUNT_MAX:
        raise ValueError("a list of numbers is too long")
    shape = f"{layout.order}{entry.count}{_INTEGERS[entry.type]}"
    return struct.unpack(shape, value(file, layout, entry))


def _go(file: BinaryIO, offset: int) -> None:
    # A file system refuses what no file can reach with an error of its own, which would look like a bad disk.
    if offset > _OFFSET_MAX:
        raise ValueError("an offset lies outside of any file")
    file.seek(offset)


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise ValueError("the file ends early")
    return data


Tag = tuple[int, int, int, bytes]
"""Number, type, count and value bytes of one entry to write. Values are given little-endian."""

LITTLE = Layout("<", False)


def build_directory(
    layout: Layout, tags: list[Tag | Entry], offset: int, following: int = 0
) -> bytes:
    """A directory that will stand at ``offset``, followed by the long values of its tags.

    An ``Entry`` is written as it was read: its value stays where it is.
    """
    ordered = sorted(tags, key=lambda t: t.tag if isinstance(t, Entry) else t[0])
    head = 8 if layout.big else 2
    at = offset + head + layout.entry_size * len(ordered) + layout.word_size
    entries, values = [], []
    shape = f"{layout.order}HH{layout.word}"
    for tag in ordered:
        if isinstance(tag, Entry):
            entries.append(struct.pack(shape, tag.tag, tag.type, tag.count) + tag.raw)
            continue
        number, kind, count, data = tag
        data = _in_order(layout, kind, data)
        if len(data) <= layout.word_size:
            field = data.ljust(layout.word_size, b"\0")
        else:
            field = struct.pack(layout.order + layout.word, at)
            data += b"\0" * (len(data) & 1)
            values.append(data)
            at += len(data)
        entries.append(struct.pack(shape, number, kind, count) + field)
    total = struct.pack(layout.order + layout.count, len(ordered))
    link = struct.pack(layout.order + layout.word, following)
    return total + b"".join(entries) + link + b"".join(values)


def _in_order(layout: Layout, kind: int, data: bytes) -> bytes:
    """Little-endian value bytes in the byte order of the file."""
    width = {3: 2, 4: 4, 5: 4, 13: 4, 16: 8}.get(kind, 1)
    if layout.order == "<" or width == 1:
        return data
    return b"".join(data[i : i + width][::-1] for i in range(0, len(data), width))
