"""IPTC-IIM datasets and the Photoshop resources that carry them in JPEG and TIFF.

Source: IPTC-NAA Information Interchange Model 4.2 (dataset numbers and limits in bytes), Adobe Photoshop File
Formats (8BIM resources 0x0404 and 0x0425). Text is UTF-8 and says so in dataset 1:90. The digest resource is
always written: a reader that finds a stale one prefers these short texts over the full ones in XMP.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
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
        "Iptc4xmpCore:Location": (92, 32),
        "photoshop:State": (95, 32),
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

OTHERS = frozenset({7, 10, 12, 15, 20, 22, 30, 35, 37, 38, 75, 118, 130, 131, 135})
"""Datasets of record 2 that are taken over from a master although no property of ours stands for them."""
_OTHERS_MAX, _OTHER_BYTES = 16, 256
_DATASETS_MAX = 10_000
"""Datasets of one block that are read."""

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


def build(
    properties: Mapping[str, tuple[str, ...]], others: Sequence[tuple[int, str]] = ()
) -> bytes:
    """The IIM block for XMP ``properties``, sorted by dataset; empty bytes when there is nothing to say.

    ``others`` are further values of record 2 by number, as ``others_in`` finds them.
    """
    entries = [(number, cut(v, _OTHER_BYTES)) for number, v in others[:_OTHERS_MAX]]
    for name, (number, limit) in DATASETS.items():
        entries += [(number, cut(v, limit)) for v in properties.get(name, ())]
    code = properties.get("Iptc4xmpCore:CountryCode", ("",))[-1]
    if len(code.encode()) == 3:
        entries.append((100, code.encode()))
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


def _datasets(iim: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Record, number and value of each dataset. Reading stops at damage."""
    at = 0
    for _ in range(_DATASETS_MAX):
        if at + 5 > len(iim) or iim[at] != 0x1C:
            return
        _, record, number, length = struct.unpack_from(">BBBH", iim, at)
        at += 5
        if length & 0x8000 or at + length > len(iim):
            return
        yield record, number, iim[at : at + length]
        at += length


def others_in(iim: bytes) -> tuple[tuple[int, str], ...]:
    """The values of record 2 that no property stands for and that may be taken over, by number."""
    pairs = [
        (n, xml_text(_text(v))) for record, n, v in _datasets(iim) if record == 2 and n in OTHERS
    ]
    return tuple((n, text) for n, text in pairs if text)[:_OTHERS_MAX]


def xml_text(text: str) -> str:
    """``text`` without control characters other than line ends and tabs."""
    return "".join(c for c in text if c >= " " or c in "\n\r\t")


def parse(iim: bytes) -> dict[str, tuple[str, ...]]:
    """The values of an IIM block by XMP property. Reading stops at damage; text is UTF-8 or Latin-1."""
    found: dict[tuple[int, int], list[bytes]] = {}
    for record, number, value in _datasets(iim):
        found.setdefault((record, number), []).append(value)
    names = {number: name for name, (number, _) in DATASETS.items()}
    values = {
        names[number]: tuple(_text(v) for v in data)
        for (record, number), data in found.items()
        if record == 2 and number in names
    }
    dates = [_text(v) for v in found.get((2, 55), ())]
    if dates and re.fullmatch(r"\d{8}", dates[0]):
        times = [_text(v) for v in found.get((2, 60), ())]
        values["photoshop:DateCreated"] = (_joined(dates[0], times[0] if times else ""),)
    codes = [_text(v) for v in found.get((2, 100), ())]
    if codes and re.fullmatch(r"[A-Z]{3}", codes[0]):
        values["Iptc4xmpCore:CountryCode"] = (codes[0],)
    return values


def _joined(day: str, time: str) -> str:
    """The IIM date and time in ISO 8601; a time that is none is left out."""
    date = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    match = re.fullmatch(r"(\d\d)(\d\d)(\d\d)([+-]\d\d)(\d\d)", time)
    if match is None:
        return date
    hour, minute, second, zone, minutes = match.groups()
    return f"{date}T{hour}:{minute}:{second}{zone}:{minutes}"


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
