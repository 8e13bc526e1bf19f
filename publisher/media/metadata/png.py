"""Metadata in PNG: ``eXIf`` and the XMP text chunk, both in front of the picture data.

Source: PNG third edition, XMP part 3; the "raw profile" chunks of ImageMagick, in which IIM and older EXIF and
XMP blocks are found, as its coders/png.c writes them. Only chunks that say how to show the picture are carried
over: text chunks (where generators leave prompts and workflows), time and private chunks are left behind.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import BinaryIO

from publisher.media.metadata import exif, iim
from publisher.media.metadata.packets import (
    BLOCK_MAX,
    Found,
    Packets,
    copy_span,
    exactly,
    length_of,
    peeker,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP_KEYWORD = b"XML:com.adobe.xmp"
_RAW_PROFILE = "Raw profile type "
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_TEXT_MAX, _TEXTS_MAX = 1024 * 1024, 4 * 1024 * 1024
"""Characters of one text chunk that are read, and of all of them together."""
_TEXT_COST, _CHUNKS_MAX, _OTHERS_MAX = 64, 500_000, 20_000
"""What a text counts for at least; chunks in a file, and those of them that are no picture data."""
_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV mDCv cLLI cLLi sBIT bKGD hIST pHYs"
    b" acTL fcTL fdAT".split()
)

Chunk = tuple[bytes, int, int]
"""Name, offset of the chunk, bytes of its data."""


def _chunks(file: BinaryIO) -> list[Chunk]:
    """All chunks up to IEND. Neighbouring IDAT chunks are listed one by one."""
    total = length_of(file)
    file.seek(0)
    if file.read(8) != SIGNATURE:
        raise ValueError("no PNG header")
    found: list[Chunk] = []
    at = 8
    peek = peeker(file)
    others = 0
    # A large picture has thousands of chunks, and this is all that reading its metadata costs.
    while at + 12 <= total and len(found) < _CHUNKS_MAX:
        head = peek(8, at)
        name, after = head[4:], at + 12 + int.from_bytes(head[:4], "big")
        if after > total:
            raise ValueError("a PNG chunk ends early")
        others += name != b"IDAT"
        if others > _OTHERS_MAX:
            raise ValueError("too many PNG chunks")
        found.append((name, at, after - at - 12))
        at = after
        if name == b"IEND":
            if found[0][0] != b"IHDR" or found[0][2] != 13:
                raise ValueError("the PNG has no header chunk")
            return found
    raise ValueError("the PNG has no end")


def read(file: BinaryIO) -> Found:
    """The packets and text chunks of a PNG. Raises ``ValueError`` on damage."""
    packet, values = b"", exif.ExifValues()
    texts: dict[str, str] = {}
    profiles: dict[str, bytes] = {}
    room = _TEXTS_MAX
    for name, at, length in _chunks(file):
        if name not in (b"tEXt", b"zTXt", b"iTXt", b"eXIf") or length > BLOCK_MAX:
            continue
        file.seek(at + 8)
        data = exactly(file, length)
        if name == b"eXIf":
            try:
                values = exif.parse(data)
            except (ValueError, OverflowError, struct.error):
                continue
        elif data.startswith(_XMP_KEYWORD + b"\0"):
            packet = packet or _international(data)
        elif room > 0:
            keyword, text = _text(name, data)
            text = text[:_TEXT_MAX]
            room -= len(text) + _TEXT_COST
            profile = _profile(text) if keyword.startswith(_RAW_PROFILE) else b""
            if profile:
                profiles.setdefault(keyword.removeprefix(_RAW_PROFILE).casefold(), profile)
            else:
                texts.setdefault(keyword, text)
    return _with_profiles(Found(packet, b"", values, texts), profiles)


def _profile(text: str) -> bytes:
    """The bytes of a raw profile: its name, its length in decimal digits, then hexadecimal lines."""
    _, length, *lines = [*text.strip().split("\n"), ""]
    try:
        data = bytes.fromhex("".join(lines))
    except ValueError:
        return b""
    return data if length.strip().isdigit() else b""


def _with_profiles(found: Found, profiles: Mapping[str, bytes]) -> Found:
    """``found``, and where it is silent what the raw profiles say. A profile that is damaged says nothing."""
    app = profiles.get("app1", b"")
    packet = found.xmp or profiles.get("xmp", b"")
    if not packet and app.startswith(_XMP_HEADER):
        packet = app.removeprefix(_XMP_HEADER)
    values = found.exif
    block = profiles.get("exif") or app
    if values == exif.ExifValues() and block.startswith(b"Exif\0"):
        try:
            # No decoder turns a picture for the sake of such a chunk.
            values = replace(exif.parse(block), orientation=1)
        except (ValueError, OverflowError, struct.error):
            values = found.exif
    return Found(packet, _iim(profiles), values, found.texts)


def _iim(profiles: Mapping[str, bytes]) -> bytes:
    data = profiles.get("iptc") or profiles.get("8bim") or b""
    if data.startswith(b"\x1c"):
        return data
    return iim.resources(data.removeprefix(iim.PHOTOSHOP_HEADER)).get(iim.IIM_RESOURCE, b"")


def _text(name: bytes, data: bytes) -> tuple[str, str]:
    keyword, _, rest = data.partition(b"\0")
    if name == b"iTXt":
        return keyword.decode("latin-1"), _international(data).decode("utf-8", "replace")
    if name == b"zTXt":
        rest = _inflated(rest[1:])
    return keyword.decode("latin-1"), rest.decode("latin-1")


def _international(data: bytes) -> bytes:
    _, _, rest = data.partition(b"\0")
    compressed = rest[:1] == b"\1"
    _, _, rest = rest[2:].partition(b"\0")
    _, _, text = rest.partition(b"\0")
    return _inflated(text) if compressed else text


def _inflated(data: bytes) -> bytes:
    """At most 1 MiB of an inflated text: the rest of a larger one cannot be a seller's words."""
    try:
        return zlib.decompressobj().decompress(data, _TEXT_MAX)
    except zlib.error:
        return b""


def write(source: BinaryIO, target: BinaryIO, packets: Packets) -> None:
    """``source`` with ``packets`` in place of its metadata, appended to ``target``.

    Raises ``ValueError`` on a damaged file.
    """
    chunks = _chunks(source)
    source.seek(16)
    width, height = struct.unpack(">II", exactly(source, 8))
    target.write(SIGNATURE)
    span_start = span_end = 8
    inserted = False
    for name, at, length in chunks:
        first_data = name == b"IDAT" and not inserted
        if name not in _KEPT or first_data:
            copy_span(source, target, span_start, span_end - span_start)
            span_start = at if name in _KEPT else at + 12 + length
        if first_data:
            inserted = True
            block = exif.build(packets.exif, width, height, dpi=packets.dpi)
            target.write(_chunk(b"eXIf", block))
            if packets.xmp:
                target.write(_chunk(b"iTXt", _XMP_KEYWORD + b"\0\0\0\0\0" + packets.xmp))
        span_end = at + 12 + length if name in _KEPT else span_start
    if not inserted:
        raise ValueError("the PNG has no picture data")
    copy_span(source, target, span_start, span_end - span_start)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
