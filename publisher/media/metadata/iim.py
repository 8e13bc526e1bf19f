"""IPTC-IIM datasets and the Photoshop resources that carry them in JPEG and TIFF.

Source: IPTC-NAA Information Interchange Model 4.2 (dataset numbers and limits in bytes), Adobe Photoshop File
Formats (8BIM resources 0x0404 and 0x0425). Text is UTF-8 and says so in dataset 1:90. The digest resource is
always written: a reader that finds a stale one prefers these short texts over the full ones in XMP.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Mapping
from types import MappingProxyType

from publisher.errors import Rejected

PHOTOSHOP_HEADER = b"Photoshop 3.0\0"
IIM_RESOURCE = 0x0404
DIGEST_RESOURCE = 0x0425
UTF8_MARK = b"\x1b%G"
SEGMENT_MAX = 65_533
"""Bytes that one JPEG segment can hold."""

DATASETS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "dc:title": (5, 64),
        "dc:subject": (25, 64),
        "photoshop:Instructions": (40, 256),
        "dc:creator": (80, 32),
        "photoshop:AuthorsPosition": (85, 32),
        "photoshop:City": (90, 32),
        "photoshop:Country": (101, 64),
        "photoshop:TransmissionReference": (103, 32),
        "photoshop:Headline": (105, 256),
        "photoshop:Credit": (110, 32),
        "photoshop:Source": (115, 32),
        "dc:rights": (116, 128),
        "dc:description": (120, 2000),
        "photoshop:CaptionWriter": (122, 32),
    }
)
"""Record 2 dataset number and limit in bytes, by XMP property."""

_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?.*?(Z|[+-]\d\d:\d\d)?)?\Z"
)


def cut(text: str, limit: int) -> bytes:
    """``text`` in UTF-8, at most ``limit`` bytes, never ending inside a character."""
    data = text.encode()
    if len(data) <= limit:
        return data
    end = limit
    while end > 0 and data[end] & 0xC0 == 0x80:
        end -= 1
    return data[:end]


def build(properties: Mapping[str, tuple[str, ...]]) -> bytes:
    """The IIM block for XMP ``properties``, sorted by dataset; empty bytes when there is nothing to say."""
    entries: list[tuple[int, bytes]] = []
    for name, (number, limit) in DATASETS.items():
        entries += [(number, cut(v, limit)) for v in properties.get(name, ())]
    for value in properties.get("photoshop:DateCreated", ()):
        entries += _date(value)
    entries = [(number, data) for number, data in entries if data]
    if not entries:
        return b""
    entries.append((0, b"\0\4"))
    # A stable sort keeps the order of the keywords.
    entries.sort(key=lambda entry: entry[0])
    return _dataset(1, 90, UTF8_MARK) + b"".join(_dataset(2, n, data) for n, data in entries)


def _dataset(record: int, number: int, data: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(data)) + data


def _date(value: str) -> list[tuple[int, bytes]]:
    match = _DATE.match(value)
    if match is None:
        return []
    year, month, day, hour, minute, second, zone = match.groups()
    entries = [(55, f"{year}{month}{day}".encode())]
    if hour is not None and zone is not None:
        offset = "+0000" if zone == "Z" else zone.replace(":", "")
        entries.append((60, f"{hour}{minute}{second or '00'}{offset}".encode()))
    return entries


def resource(identifier: int, data: bytes) -> bytes:
    """One 8BIM resource without a name, padded to an even length."""
    return b"8BIM" + struct.pack(">HHI", identifier, 0, len(data)) + data + b"\0" * (len(data) & 1)


def digest_resource(iim: bytes) -> bytes:
    """The resource that tells readers which IIM block the XMP packet was written together with."""
    return resource(DIGEST_RESOURCE, hashlib.md5(iim, usedforsecurity=False).digest())


def segment(iim: bytes) -> bytes:
    """The payload of the JPEG APP13 segment. Raises ``Rejected`` when it is over the 64 KB of a segment."""
    payload = PHOTOSHOP_HEADER + resource(IIM_RESOURCE, iim) + digest_resource(iim)
    if len(payload) > SEGMENT_MAX:
        raise Rejected(
            f"The keywords need {len(payload):,} bytes, a JPEG file can hold {SEGMENT_MAX:,}.",
            remedy="Use fewer keywords.",
        )
    return payload


def resources(data: bytes) -> dict[int, bytes]:
    """The 8BIM resources in ``data`` by identifier; the first of a kind wins. Reading stops at damage."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 12 <= len(data) and data[at : at + 4] == b"8BIM":
        identifier, name_length = struct.unpack_from(">HB", data, at + 4)
        at += 6 + 1 + name_length + ((name_length + 1) & 1)
        if at + 4 > len(data):
            break
        (length,) = struct.unpack_from(">I", data, at)
        at += 4
        found.setdefault(identifier, data[at : at + length])
        at += length + (length & 1)
    return found


def parse(iim: bytes) -> dict[str, tuple[str, ...]]:
    """The values of an IIM block by XMP property. Reading stops at damage; text is UTF-8 or Latin-1."""
    found: dict[tuple[int, int], list[bytes]] = {}
    at = 0
    while at + 5 <= len(iim) and iim[at] == 0x1C:
        _, record, number, length = struct.unpack_from(">BBBH", iim, at)
        at += 5
        if length & 0x8000 or at + length > len(iim):
            break
        found.setdefault((record, number), []).append(iim[at : at + length])
        at += length
    names = {number: name for name, (number, _) in DATASETS.items()}
    values = {
        names[number]: tuple(_text(v) for v in data)
        for (record, number), data in found.items()
        if record == 2 and number in names
    }
    dates = [_text(v) for v in found.get((2, 55), ())]
    if dates and re.fullmatch(r"\d{8}", dates[0]):
        day = dates[0]
        values["photoshop:DateCreated"] = (f"{day[:4]}-{day[4:6]}-{day[6:]}",)
    return values


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
