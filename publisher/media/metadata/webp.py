"""Metadata in WebP: the ``EXIF`` and ``XMP `` chunks of the extended file format.

Source: WebP container specification. A simple file gets the extended header; chunks that are not part of
the picture or its colours are left behind.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from publisher.media.metadata import exif
from publisher.media.metadata.packets import (
    BLOCK_MAX,
    Found,
    Packets,
    copy_span,
    exactly,
    length_of,
)

_ICC, _ALPHA, _EXIF, _XMP, _ANIMATION = 0x20, 0x10, 0x08, 0x04, 0x02
_KEPT = frozenset({b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"})
_CHUNKS_MAX = 100_000

Chunk = tuple[bytes, int, int]
"""Name, offset of the chunk, bytes of its data."""


def _chunks(file: BinaryIO) -> list[Chunk]:
    total = length_of(file)
    file.seek(0)
    head = exactly(file, 12)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        raise ValueError("no WebP header")
    end = min(total, 8 + struct.unpack_from("<I", head, 4)[0])
    found: list[Chunk] = []
    at = 12
    while at + 8 <= end and len(found) < _CHUNKS_MAX:
        file.seek(at)
        name, length = struct.unpack("<4sI", exactly(file, 8))
        if at + 8 + length > total:
            raise ValueError("a WebP chunk ends early")
        found.append((name, at, length))
        at += 8 + length + (length & 1)
    return found


def read(file: BinaryIO) -> Found:
    """The packets of a WebP. Raises ``ValueError`` on damage."""
    packet, values = b"", exif.ExifValues()
    for name, at, length in _chunks(file):
        if name not in (b"EXIF", b"XMP ") or length > BLOCK_MAX:
            continue
        file.seek(at + 8)
        data = exactly(file, length)
        if name == b"XMP ":
            packet = packet or data
            continue
        try:
            values = exif.parse(data)
        except (ValueError, OverflowError, struct.error):
            continue
    return Found(packet, b"", values)


def write(source: BinaryIO, target: BinaryIO, packets: Packets) -> None:
    """``source`` with ``packets`` in place of its metadata, appended to ``target``.

    Raises ``ValueError`` on a damaged file.
    """
    chunks = _chunks(source)
    flags, width, height = _canvas(source, chunks)
    kept = [chunk for chunk in chunks if chunk[0] in _KEPT]
    exif_block = exif.build(packets.exif, width, height, dpi=packets.dpi)
    tail = _chunk(b"EXIF", exif_block) + (_chunk(b"XMP ", packets.xmp) if packets.xmp else b"")
    flags |= _EXIF | (_XMP if packets.xmp else 0)
    header = struct.pack("<I", flags) + _three(width - 1) + _three(height - 1)
    body = sum(8 + length + (length & 1) for _, _, length in kept)
    size = 4 + 18 + body + len(tail)
    target.write(b"RIFF" + struct.pack("<I", size) + b"WEBP" + _chunk(b"VP8X", header))
    for _, at, length in kept:
        copy_span(source, target, at, 8 + length)
        if length & 1:
            target.write(b"\0")
    target.write(tail)


def _canvas(file: BinaryIO, chunks: list[Chunk]) -> tuple[int, int, int]:
    """Flags that stay, width and height in pixels."""
    if not chunks:
        raise ValueError("the WebP is empty")
    name, at, _ = chunks[0]
    file.seek(at + 8)
    data = exactly(file, 10)
    if name == b"VP8X":
        width = int.from_bytes(data[4:7], "little") + 1
        height = int.from_bytes(data[7:10], "little") + 1
        return data[0] & (_ICC | _ALPHA | _ANIMATION), width, height
    if name == b"VP8L" and data[0] == 0x2F:
        bits = int.from_bytes(data[1:5], "little")
        alpha = _ALPHA if bits >> 28 & 1 else 0
        return alpha, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 6)
        return 0, width & 0x3FFF, height & 0x3FFF
    raise ValueError("the WebP has no picture")


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
