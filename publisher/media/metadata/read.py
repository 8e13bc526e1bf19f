"""Reads what a file says about itself: XMP first, then IIM, then EXIF, then the text chunks of generators.

Everything found is a suggestion with its origin; nothing is trusted, expanded or followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from publisher.errors import Rejected
from publisher.media.metadata import iim, jpeg, png, tiff, webp, xmp
from publisher.media.metadata.exif import ExifValues
from publisher.media.metadata.packets import DAMAGE, Found
from publisher.media.metadata.xmp_reader import parse_packet

_READERS = MappingProxyType(
    {"jpeg": jpeg.read, "png": png.read, "tiff": tiff.read, "webp": webp.read}
)


@dataclass(frozen=True, slots=True)
class Embedded:
    """What was found. ``origin`` says for each field where: ``xmp``, ``iim``, ``exif`` or ``png``.

    ``xmp`` holds every XMP property; ``texts`` the PNG text chunks, JPEG comments and the EXIF user comment.
    """

    title: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()
    creator: str = ""
    copyright: str = ""
    credit: str = ""
    date_created: str = ""
    country: str = ""
    digital_source_type: str = ""
    ai_system: str = ""
    ai_system_version: str = ""
    ai_prompt: str = ""
    ai_prompt_writer: str = ""
    origin: Mapping[str, str] = field(default_factory=dict)
    xmp: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


def sniff(file: BinaryIO) -> str:
    """The container by its first bytes: ``jpeg``, ``png``, ``tiff``, ``webp``, or "" for anything else."""
    file.seek(0)
    head = file.read(16)
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(png.SIGNATURE):
        return "png"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "tiff"
    return "webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else ""


def read_metadata(path: Path) -> Embedded:
    """What ``path`` says about itself; empty for a file that is no image.

    Raises ``Rejected`` when the file cannot be opened or its structure is damaged.
    """
    try:
        with path.open("rb") as file:
            return read_stream(file)
    except OSError as error:
        raise Rejected(
            f"{path.name} cannot be opened: {error.strerror or 'input error'}.", detail=repr(error)
        ) from error
    except DAMAGE as error:
        raise Rejected(
            f"{path.name}: the file is damaged, its metadata cannot be read.",
            remedy="Export the master again.",
            detail=f"{type(error).__name__}: {error}",
        ) from error


def read_stream(file: BinaryIO) -> Embedded:
    """Like ``read_metadata`` for an open file. Raises ``ValueError`` and its kin on damage."""
    reader = _READERS.get(sniff(file))
    return _merged(reader(file)) if reader is not None else Embedded()


def _merged(found: Found) -> Embedded:
    try:
        properties = parse_packet(found.xmp) if found.xmp else {}
    except ValueError:
        properties = {}
    layers = (("xmp", properties), ("iim", iim.parse(found.iim)), ("exif", _from_exif(found.exif)))
    origin: dict[str, str] = {}

    def pick(label: str, name: str) -> tuple[str, ...]:
        for layer, values in layers:
            if any(values.get(name, ())):
                origin[label] = layer
                return tuple(values[name])
        return ()

    def one(label: str, name: str) -> str:
        return next(iter(pick(label, name)), "")

    texts = dict(found.texts)
    if found.exif.user_comment:
        texts["UserComment"] = found.exif.user_comment
    description = one("description", "dc:description")
    if not description and texts.get("Description"):
        description, origin["description"] = texts["Description"], "png"
    return Embedded(
        title=one("title", "dc:title"),
        description=description,
        keywords=pick("keywords", "dc:subject"),
        creator="; ".join(pick("creator", "dc:creator")),
        copyright=one("copyright", "dc:rights"),
        credit=one("credit", "photoshop:Credit"),
        date_created=one("date_created", "photoshop:DateCreated"),
        country=one("country", "photoshop:Country"),
        digital_source_type=one("digital_source_type", xmp.DIGITAL_SOURCE_TYPE_PROPERTY),
        ai_system=one("ai_system", "Iptc4xmpExt:AISystemUsed"),
        ai_system_version=one("ai_system_version", "Iptc4xmpExt:AISystemVersionUsed"),
        ai_prompt=one("ai_prompt", "Iptc4xmpExt:AIPromptInformation"),
        ai_prompt_writer=one("ai_prompt_writer", "Iptc4xmpExt:AIPromptWriterName"),
        origin=origin,
        xmp=properties,
        texts=texts,
    )


def _from_exif(values: ExifValues) -> dict[str, tuple[str, ...]]:
    pairs = {
        "dc:description": values.description,
        "dc:creator": values.artist,
        "dc:rights": values.copyright,
        "photoshop:DateCreated": values.date_created,
    }
    return {name: (text,) for name, text in pairs.items() if text}
