"""Metadata in JPEG: APP1 (EXIF, XMP), APP13 (IIM), and the JFIF density.

Source: ITU-T T.81 annex B, JFIF 1.02, XMP part 3. Only the segments that decoding needs are carried over
(JFIF, ICC profile, Adobe marker, tables); comments, thumbnails, vendor segments and bytes after the end of
the picture are left behind.
"""

from __future__ import annotations

import re
import struct
from typing import BinaryIO

from publisher.errors import Rejected
from publisher.media.metadata import exif, iim
from publisher.media.metadata.packets import Found, Packets, copy_span, exactly, length_of

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_ICC = b"ICC_PROFILE\0"
XMP_MAX = 65_502
"""Bytes of the largest packet in one segment (XMP part 3, 1.1.3.1)."""
_SEGMENTS_MAX, _SEGMENTS_BYTES = 4096, 64 * 1024 * 1024
_JUNK_MAX = 64 * 1024
"""Bytes between two segments that are stepped over; decoders do so without an end."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Inside scans 0xFF is followed by 0 (a stuffed byte), a restart marker, or more fill bytes.
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
_WINDOW, _SMALL = 1024 * 1024, 64 * 1024

Segment = tuple[int, int, bytes]
"""Marker, offset in the file, payload."""


def _segments(file: BinaryIO) -> tuple[list[Segment], int]:
    """All segments before the first scan, and the offset of that scan's marker."""
    file.seek(0)
    if file.read(2) != b"\xff\xd8":
        raise ValueError("no JPEG header")
    found: list[Segment] = []
    while len(found) < _SEGMENTS_MAX and file.tell() < _SEGMENTS_BYTES:
        offset, marker = _next_marker(file)
        if marker == 0xDA:
            return found, offset
        if marker in (0x01, *range(0xD0, 0xD9)):
            continue
        if marker == 0xD9:
            raise ValueError("the JPEG ends before its picture")
        (length,) = struct.unpack(">H", exactly(file, 2))
        if length < 2:
            raise ValueError("a JPEG segment has no length")
        found.append((marker, offset, exactly(file, length - 2)))
    raise ValueError("too many JPEG segments")


def _next_marker(file: BinaryIO) -> tuple[int, int]:
    """Offset and code of the next marker; what stands in front of it is stepped over, as decoders do."""
    start = at = file.tell()
    while at - start <= _JUNK_MAX:
        first, marker = exactly(file, 2)
        while marker == 0xFF and at - start <= _JUNK_MAX:
            at, first, marker = at + 1, 0xFF, exactly(file, 1)[0]
        if first == 0xFF and marker not in (0x00, 0xFF):
            return at, marker
        at += 2 if first == 0xFF else 1
        file.seek(at)
    raise ValueError("a JPEG segment is missing")


def read(file: BinaryIO) -> Found:
    """The packets of a JPEG; extended XMP is joined. Raises ``ValueError`` on damage before the picture."""
    segments, _ = _segments(file)
    packet, photoshop, values = b"", list[bytes](), exif.ExifValues()
    extended: dict[bytes, dict[int, bytes]] = {}
    texts: dict[str, str] = {}
    for marker, _, payload in segments:
        if marker == 0xE1 and payload.startswith(_XMP):
            packet = packet or payload[len(_XMP) :]
        elif marker == 0xE1 and payload.startswith(_EXTENDED) and len(payload) > 75:
            identifier = payload[35:67]
            (at,) = struct.unpack_from(">I", payload, 71)
            extended.setdefault(identifier, {})[at] = payload[75:]
        elif marker == 0xE1 and payload.startswith(b"Exif\0"):
            try:
                values = exif.parse(payload[6:])
            except (ValueError, OverflowError, struct.error):
                continue
        elif marker == 0xED and payload.startswith(iim.PHOTOSHOP_HEADER):
            photoshop.append(payload[len(iim.PHOTOSHOP_HEADER) :])
        elif marker == 0xFE:
            texts.setdefault("comment", payload.decode("utf-8", "replace").strip("\0"))
    block = iim.resources(b"".join(photoshop)).get(iim.IIM_RESOURCE, b"")
    for identifier, parts in extended.items():
        if identifier in packet:
            packet = _joined(packet, b"".join(parts[at] for at in sorted(parts)))
    return Found(packet, block, values, texts)


def _joined(packet: bytes, more: bytes) -> bytes:
    """Both packets as one: the descriptions of the extension are put before the end of the main one."""
    start, end = more.find(b"<rdf:Description"), more.rfind(b"</rdf:RDF>")
    close = packet.rfind(b"</rdf:RDF>")
    if min(start, end, close) < 0:
        return packet
    return packet[:close] + more[start:end] + packet[close:]


def write(source: BinaryIO, target: BinaryIO, packets: Packets) -> None:
    """``source`` with ``packets`` in place of its metadata, appended to ``target``.

    Raises ``ValueError`` on a damaged file and ``Rejected`` when a packet is over what a segment holds.
    """
    segments, scan = _segments(source)
    width, height = _size(segments)
    jfif = next((p for m, _, p in segments if m == 0xE0 and p.startswith(b"JFIF\0")), b"")
    if packets.dpi is not None:
        jfif = b"JFIF\0" + struct.pack(">BBBHHBB", 1, 2, 1, packets.dpi, packets.dpi, 0, 0)
    target.write(b"\xff\xd8")
    if jfif:
        # A thumbnail inside JFIF would still show what was removed from the picture.
        target.write(_segment(0xE0, jfif[:12] + b"\0\0"))
    block = exif.build(packets.exif, width, height, dpi=packets.dpi, jpeg=True)
    target.write(_segment(0xE1, b"Exif\0\0" + block))
    if len(packets.xmp) > XMP_MAX:
        raise Rejected(
            f"The text to embed needs {len(packets.xmp):,} bytes, a JPEG file can hold {XMP_MAX:,}.",
            remedy="Shorten the prompt or the description.",
        )
    if packets.xmp:
        target.write(_segment(0xE1, _XMP + packets.xmp))
    if packets.iim:
        target.write(_segment(0xED, iim.segment(packets.iim)))
    for marker, _, payload in segments:
        profile = marker == 0xE2 and payload.startswith(_ICC)
        adobe = marker == 0xEE and payload.startswith(b"Adobe")
        if profile or adobe or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            target.write(_segment(marker, payload))
    total = length_of(source)
    if packets.dpi is not None:
        # Nothing stands behind a picture that we made.
        copy_span(source, target, scan, total - scan)
    elif not _copied_to_its_end(source, target, scan):
        copy_span(source, target, scan, _picture_end(source, scan, total) - scan)


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def _size(segments: list[Segment]) -> tuple[int, int]:
    for marker, _, payload in segments:
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", payload, 1)
            return width, height
    raise ValueError("the JPEG has no frame")


def _copied_to_its_end(source: BinaryIO, target: BinaryIO, scan: int) -> bool:
    """Copy everything from ``scan`` on, if its only end-of-image bytes are the last two; else copy nothing.

    Where these bytes stand nowhere else, which is nearly always, they are the end of the picture.
    """
    import numpy as np

    start = target.tell()
    source.seek(scan)
    # One byte of the last window stays in front, and nothing is allocated on the way: that is half the time.
    window = np.zeros(_SMALL + 1, dtype=np.uint8)
    first, second = np.empty(_SMALL, dtype=bool), np.empty(_SMALL, dtype=bool)
    data = window.data[1:]
    while count := source.readinto(data):  # type: ignore[attr-defined]
        target.write(data[:count])
        np.equal(window[:count], 0xFF, out=first[:count])
        np.equal(window[1 : count + 1], 0xD9, out=second[:count])
        first[:count] &= second[:count]
        if first[:count].any():
            if int(first[:count].argmax()) + 1 == count and not source.read(1):
                return True
            break
        window[0] = window[count]
    target.seek(start)
    target.truncate()
    return False


def _picture_end(file: BinaryIO, scan: int, total: int) -> int:
    """The offset behind the end-of-image marker; scans and the tables between them are stepped over."""
    at = scan
    while at < total:
        file.seek(at)
        window = file.read(_WINDOW)
        match = _MARKER.search(window)
        if match is None:
            # A marker may straddle two windows.
            at += max(len(window) - 1, 1)
            continue
        at += match.start()
        marker = match.group(1)[0]
        if marker == 0xD9:
            return at + 2
        if marker in (0x01, 0xD8):
            at += 2
            continue
        file.seek(at + 2)
        (length,) = struct.unpack(">H", exactly(file, 2))
        at += 2 + max(length, 2)
    raise ValueError("the JPEG has no end")
