"""The few EXIF tags that carry a seller's text, and the picture's own facts (size, resolution, colour space).

Source: CIPA DC-008 (Exif 2.32). Text is UTF-8, which every reader we know shows. Of the camera only make and
model are ever copied, where a channel wants to see them; comments and maker notes never are.
"""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass
from typing import BinaryIO

from publisher.media.metadata import ifd
from publisher.media.metadata.ifd import LITTLE, Entry, Tag, build_directory
from publisher.media.metadata.iim import cut

DESCRIPTION, MAKE, MODEL, ORIENTATION = 0x010E, 0x010F, 0x0110, 0x0112
X_RESOLUTION, Y_RESOLUTION = 0x011A, 0x011B
RESOLUTION_UNIT, SOFTWARE, ARTIST, YCBCR_POSITIONING = 0x0128, 0x0131, 0x013B, 0x0213
COPYRIGHT = 0x8298
EXIF_POINTER, GPS_POINTER = 0x8769, 0x8825
VERSION, DATE_ORIGINAL, OFFSET_ORIGINAL, COMPONENTS = 0x9000, 0x9003, 0x9011, 0x9101
USER_COMMENT, FLASHPIX, COLOR_SPACE, PIXEL_X, PIXEL_Y = 0x9286, 0xA000, 0xA001, 0xA002, 0xA003

# One JPEG segment holds the whole block, so that the three texts share 64 KB. XMP has them in full.
_DESCRIPTION_MAX, _NAME_MAX, _CAMERA_MAX = 32_000, 8_000, 200
_TEXT_MAX = 1024 * 1024
"""Bytes of the longest text that is read."""
_PRIVATE = {
    GPS_POINTER: "GPS position",
    0x927C: "maker note",
    0xA430: "camera owner",
    0xA431: "camera serial number",
    0xA435: "lens serial number",
}
"""Entries that tell of the owner more than of the picture, in either directory."""
_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?(Z|[+-]\d\d:\d\d)?\Z"
)


@dataclass(frozen=True, slots=True)
class ExifValues:
    """The values that are written or were found. ``orientation`` is 1 to 8; 1 is upright."""

    description: str = ""
    artist: str = ""
    copyright: str = ""
    date_created: str = ""
    user_comment: str = ""
    software: str = ""
    orientation: int = 1
    make: str = ""
    model: str = ""
    private: tuple[str, ...] = ()
    """What was found that is never written: names for a person, such as ``GPS position``."""


def ascii_tag(number: int, data: bytes) -> Tag:
    """A text entry with its closing NUL."""
    data = data.replace(b"\0", b"") + b"\0"
    return (number, 2, len(data), data)


def texts(values: ExifValues) -> tuple[str, str, str]:
    """Description, artist and copyright as far as EXIF holds them; never cut inside a character."""
    limits = (
        (values.description, _DESCRIPTION_MAX),
        (values.artist, _NAME_MAX),
        (values.copyright, _NAME_MAX),
    )
    description, artist, notice = (cut(text, limit).decode() for text, limit in limits)
    return description, artist, notice


def camera_name(text: str) -> str:
    """A maker's or a model's name in one printable line of sensible length, as it is written."""
    line = "".join(c for c in text if c.isprintable())
    return cut(line, _CAMERA_MAX).decode().strip()


def main_tags(values: ExifValues) -> list[Tag]:
    """The entries of the first directory that carry text."""
    numbers = (DESCRIPTION, ARTIST, COPYRIGHT, MAKE, MODEL)
    pairs = zip(numbers, (*texts(values), values.make, values.model), strict=True)
    return sorted(ascii_tag(number, text.encode()) for number, text in pairs if text)


def photo_tags(
    values: ExifValues, size: tuple[int, int] | None, *, jpeg: bool, srgb: bool
) -> list[Tag]:
    """The entries of the EXIF directory: version, date with a time, and what the picture is.

    ``size`` in pixels is None where the container has tags of its own for it; ``srgb`` says that the colours
    are known to be sRGB.
    """
    tags: list[Tag] = [(VERSION, 7, 4, b"0232")]
    match = _DATE_TIME.match(values.date_created)
    if match is not None:
        year, month, day, hour, minute, second, zone = match.groups()
        stamp = f"{year}:{month}:{day} {hour}:{minute}:{second or '00'}"
        tags.append(ascii_tag(DATE_ORIGINAL, stamp.encode()))
        if zone is not None:
            tags.append(ascii_tag(OFFSET_ORIGINAL, ("+00:00" if zone == "Z" else zone).encode()))
    tags.append((FLASHPIX, 7, 4, b"0100"))
    if jpeg:
        tags.append((COMPONENTS, 7, 4, b"\1\2\3\0"))
    if srgb:
        tags.append((COLOR_SPACE, 3, 1, struct.pack("<H", 1)))
    if size is not None:
        tags.append((PIXEL_X, 4, 1, struct.pack("<I", size[0])))
        tags.append((PIXEL_Y, 4, 1, struct.pack("<I", size[1])))
    return sorted(tags)


def build(
    values: ExifValues, width: int, height: int, *, dpi: int | None, jpeg: bool = False
) -> bytes:
    """A little-endian TIFF structure with both directories, as JPEG, PNG and WebP carry it.

    ``dpi`` None says that the picture is somebody else's: neither resolution nor colour space are stated.
    """
    tags: list[Tag | Entry] = [*main_tags(values)]
    if values.orientation != 1:
        tags.append((ORIENTATION, 3, 1, struct.pack("<H", values.orientation)))
    if dpi is not None:
        ratio = struct.pack("<II", dpi, 1)
        tags += [(X_RESOLUTION, 5, 1, ratio), (Y_RESOLUTION, 5, 1, ratio)]
        tags.append((RESOLUTION_UNIT, 3, 1, struct.pack("<H", 2)))
    if jpeg:
        tags.append((YCBCR_POSITIONING, 3, 1, struct.pack("<H", 1)))
    pointer: Tag = (EXIF_POINTER, 4, 1, b"\0\0\0\0")
    length = len(build_directory(LITTLE, [*tags, pointer], 8))
    pointer = (EXIF_POINTER, 4, 1, struct.pack("<I", 8 + length))
    main = build_directory(LITTLE, [*tags, pointer], 8)
    inner = photo_tags(values, (width, height), jpeg=jpeg, srgb=dpi is not None)
    photo = build_directory(LITTLE, [*inner], 8 + length)
    return b"II*\0" + struct.pack("<I", 8) + main + photo


def parse(block: bytes) -> ExifValues:
    """The values in an EXIF block, with or without the JPEG prefix. Raises ``ValueError`` on damage."""
    file = io.BytesIO(block.removeprefix(b"Exif\0\0"))
    layout, offset = ifd.read_header(file)
    return from_directory(file, layout, ifd.read_directory(file, layout, offset))


def from_directory(file: BinaryIO, layout: ifd.Layout, main: ifd.Directory) -> ExifValues:
    """The values in a first directory; an unreadable EXIF directory is left out."""
    photo: ifd.Directory | None = None
    pointer = ifd.integers(file, layout, main.find(EXIF_POINTER))
    if pointer:
        try:
            photo = ifd.read_directory(file, layout, pointer[0])
        except (ValueError, OverflowError):
            photo = None

    def text(where: ifd.Directory | None, tag: int) -> str:
        entry = where.find(tag) if where is not None else None
        if entry is None or entry.type not in (1, 2, 7) or entry.length > _TEXT_MAX:
            return ""
        return _decoded(ifd.value(file, layout, entry))

    turned = ifd.integers(file, layout, main.find(ORIENTATION))
    stamp = text(photo, DATE_ORIGINAL)
    date = stamp[:10].replace(":", "-") + "T" + stamp[11:] + text(photo, OFFSET_ORIGINAL)
    return ExifValues(
        description=text(main, DESCRIPTION),
        artist=text(main, ARTIST),
        copyright=text(main, COPYRIGHT),
        date_created=date if _DATE_TIME.match(date) else "",
        user_comment=text(photo, USER_COMMENT),
        software=text(main, SOFTWARE),
        orientation=turned[0] if turned and 1 <= turned[0] <= 8 else 1,
        make=text(main, MAKE),
        model=text(main, MODEL),
        private=tuple(
            name
            for tag, name in _PRIVATE.items()
            if any(d is not None and d.find(tag) is not None for d in (main, photo))
        ),
    )


def _decoded(data: bytes) -> str:
    """Text of an entry: UserComment has an eight-byte code in front, everything else is UTF-8 or Latin-1."""
    if data[:8] == b"UNICODE\0":
        # Without a byte order mark both orders are seen in the wild; ASCII text shows which one it is.
        order = "utf-16-be" if data[8:9] == b"\0" else "utf-16-le"
        return data[8:].decode(order, "replace").strip("\0")
    data = data.removeprefix(b"ASCII\0\0\0").rstrip(b"\0").strip()
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
