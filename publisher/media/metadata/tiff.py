"""Metadata in TIFF: a new first directory behind the copied file, with XMP, IIM, digest and EXIF.

Source: TIFF 6.0, XMP part 3 (tag 700), Adobe TIFF technical notes (33723, 34377). Both byte orders and
BigTIFF. Picture data is copied, never read; the values of tags that are left behind are overwritten with
zeros in the copy, so that a removed text cannot be found in the file.
"""

from __future__ import annotations

import bisect
import struct
from typing import BinaryIO

from publisher.media.metadata import exif, iim
from publisher.media.metadata.ifd import (
    Directory,
    Entry,
    Layout,
    Tag,
    build_directory,
    integers,
    read_directory,
    read_header,
    value,
    value_offset,
)
from publisher.media.metadata.packets import Found, Packets, copy_span, length_of

XMP_TAG, IIM_TAG, PHOTOSHOP_TAG = 700, 33723, 34377
WIDTH, HEIGHT, PHOTOMETRIC = 256, 257, 262
_INTEROPERABILITY = 0xA005
_DATA = ((273, 279), (324, 325))
_KEPT = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281}
    | {282, 283, 284, 290, 291, 292, 293, 296, 301, 317, 318, 319, 320, 322, 323, 324, 325}
    | {330, 332, 333, 334, 336, 338, 339, 340, 341, 342, 347, 512, 513, 514, 515, 517, 518}
    | {519, 520, 521, 529, 530, 531, 532, 34675}
)
_CLASSIC_MAX = 0xFFFFFFFF
_ZEROS = bytes(1024 * 1024)

Span = tuple[int, int]
"""First byte and the byte behind the last one."""


def read(file: BinaryIO) -> Found:
    """The packets of a TIFF's first page. Raises ``ValueError`` on damage."""
    layout, offset = read_header(file)
    main = read_directory(file, layout, offset)

    def block(tag: int) -> bytes:
        entry = main.find(tag)
        return value(file, layout, entry) if entry is not None else b""

    found = block(IIM_TAG).rstrip(b"\0")
    if not found:
        found = iim.resources(block(PHOTOSHOP_TAG)).get(iim.IIM_RESOURCE, b"")
    return Found(block(XMP_TAG), found, exif.from_directory(file, layout, main))


def write(source: BinaryIO, target: BinaryIO, packets: Packets) -> None:
    """``source`` with ``packets`` in place of its metadata, appended to the empty ``target``.

    The resolution of the source stays. Raises ``ValueError`` on a damaged file, and when a classic file
    would pass 4 GiB.
    """
    layout, offset = read_header(source)
    main = read_directory(source, layout, offset)
    if not main.find(WIDTH) or not main.find(HEIGHT):
        raise ValueError("the TIFF has no size")
    total = length_of(source)
    dropped = _dropped(source, layout, main, total)
    copy_span(source, target, 0, total)
    for first, last in dropped:
        _blank(target, first, last)
    at = target.seek(0, 2)
    at += target.write(b"\0" * (-at % 8))
    tags = _texts(packets)
    inner = exif.photo_tags(packets.exif, None, jpeg=False, srgb=packets.dpi is not None)
    photo = build_directory(layout, [*inner], at)
    photo += b"\0" * (-len(photo) % 8)
    target.write(photo)
    pointer: Tag = (exif.EXIF_POINTER, 4, 1, struct.pack("<I", at))
    if at > _CLASSIC_MAX:
        pointer = (exif.EXIF_POINTER, 16, 1, struct.pack("<Q", at))
    start = at + len(photo)
    kept = [entry for entry in main.entries if entry.tag in _KEPT]
    target.write(build_directory(layout, [*kept, *tags, pointer], start, main.following))
    if not layout.big and target.tell() > _CLASSIC_MAX:
        raise ValueError("a classic TIFF cannot pass 4 GiB")
    target.seek(8 if layout.big else 4)
    target.write(struct.pack(layout.order + layout.word, start))
    target.seek(0, 2)


def _texts(packets: Packets) -> list[Tag]:
    tags: list[Tag] = list(exif.main_tags(packets.exif))
    if packets.xmp:
        tags.append((XMP_TAG, 1, len(packets.xmp), packets.xmp))
    if packets.iim:
        digest = iim.digest_resource(packets.iim)
        tags.append((IIM_TAG, 1, len(packets.iim), packets.iim))
        tags.append((PHOTOSHOP_TAG, 1, len(digest), digest))
    return tags


def _dropped(file: BinaryIO, layout: Layout, main: Directory, total: int) -> list[Span]:
    """What must not stay readable in the copy. Raises ``ValueError`` when it overlaps what is kept."""
    spans: list[Span] = []
    for entry in main.entries:
        if entry.tag not in _KEPT:
            spans += _spans(file, layout, entry, 0)
    spans.append(_directory_span(layout, main))
    kept = sorted(_kept_spans(file, layout, main))
    ends = [end for _, end in kept]
    for first, last in spans:
        near = bisect.bisect_right(ends, first)
        if last > total or (near < len(kept) and kept[near][0] < last):
            raise ValueError("the values of the TIFF overlap")
    return spans


def _spans(file: BinaryIO, layout: Layout, entry: Entry, depth: int) -> list[Span]:
    offset = value_offset(layout, entry)
    if offset is not None:
        return [(offset, offset + entry.length)]
    pointers = (exif.EXIF_POINTER, exif.GPS_POINTER, _INTEROPERABILITY)
    if entry.tag not in pointers or depth > 2:
        return []
    where = integers(file, layout, entry)
    try:
        inner = read_directory(file, layout, where[0]) if where else None
    except (ValueError, OverflowError):
        inner = None
    if inner is None:
        return []
    spans = [_directory_span(layout, inner)]
    for child in inner.entries:
        spans += _spans(file, layout, child, depth + 1)
    return spans


def _directory_span(layout: Layout, directory: Directory) -> Span:
    head = 8 if layout.big else 2
    length = head + layout.entry_size * len(directory.entries) + layout.word_size
    return directory.offset, directory.offset + length


def _kept_spans(file: BinaryIO, layout: Layout, main: Directory) -> list[Span]:
    spans: list[Span] = [(0, 16 if layout.big else 8)]
    for entry in main.entries:
        offset = value_offset(layout, entry)
        if entry.tag in _KEPT and offset is not None:
            spans.append((offset, offset + entry.length))
    for offsets, lengths in _DATA:
        starts = integers(file, layout, main.find(offsets))
        sizes = integers(file, layout, main.find(lengths))
        spans += [(s, s + n) for s, n in zip(starts, sizes, strict=False) if n]
    return spans


def _blank(target: BinaryIO, first: int, last: int) -> None:
    target.seek(first)
    while first < last:
        first += target.write(_ZEROS[: last - first])
