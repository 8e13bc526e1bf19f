"""Reads what a file says about itself: XMP first, then IIM, then EXIF, then the text chunks of generators.

Everything found is a suggestion with its origin; nothing is trusted, expanded or followed.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from publisher.errors import Rejected
from publisher.media.metadata import iim, jpeg, png, tiff, webp, xmp
from publisher.media.metadata.exif import ExifValues
from publisher.media.metadata.keep import NOTHING, Said, elements_of, marks_in, normal_source
from publisher.media.metadata.packets import DAMAGE, Found
from publisher.media.metadata.traces import (
    AIGC_PROPERTY,
    Generator,
    generator_of,
    label_of,
    secrets_of,
)
from publisher.media.metadata.xmp_reader import open_packet, properties_in

_READERS = MappingProxyType(
    {"jpeg": jpeg.read, "png": png.read, "tiff": tiff.read, "webp": webp.read}
)


@dataclass(frozen=True, slots=True)
class Embedded:
    """What was found, by the fields of ``Metadata``. ``origin`` says for each where: ``xmp``, ``iim``, ``exif`` or
    ``png``.

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
    state: str = ""
    city: str = ""
    sublocation: str = ""
    rights_url: str = ""
    usage_terms: str = ""
    licensor_name: str = ""
    licensor_url: str = ""
    licensor_email: str = ""
    model_release: str = ""
    property_release: str = ""
    data_mining: str = ""
    digital_source_type: str = ""
    ai_system: str = ""
    ai_system_version: str = ""
    ai_prompt: str = ""
    ai_prompt_writer: str = ""
    origin: Mapping[str, str] = field(default_factory=dict)
    xmp: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    private: tuple[str, ...] = ()
    """Entries of EXIF that are never passed on, by names for a person."""
    generator: Generator | None = None
    said: Said = NOTHING
    """The same in the form that goes along into a rendition."""


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


def digital_source_type(data: bytes) -> str:
    """The IPTC digital source type in the XMP of a picture's bytes, as a full URI; "" when there is none.

    A packet that is damaged states nothing: whoever else reads it would not see a mark in there either.
    """
    file = io.BytesIO(data)
    reader = _READERS.get(sniff(file))
    if reader is None:
        return ""
    try:
        properties = properties_in(open_packet(reader(file).xmp))
    except (Rejected, *DAMAGE):
        return ""
    stated = properties.get(xmp.DIGITAL_SOURCE_TYPE_PROPERTY, ())
    return normal_source(stated[0]) if stated else ""


def statements(path: Path) -> Said:
    """What a master says of itself; never raises for its content.

    Where nothing else can be read, an AI mark is still found by its spelling: a damaged block is no statement,
    but a mark that is there must not get lost.
    """
    try:
        return read_metadata(path).said
    except Rejected:
        mark = _scan(path)
        return Said({xmp.DIGITAL_SOURCE_TYPE_PROPERTY: (mark,)}) if mark else NOTHING


def said_in(found: Found) -> Said:
    """What the packets of a file say, in the form that goes along."""
    return _merged(found).said


def _scan(path: Path) -> str:
    try:
        with path.open("rb") as file:
            rest = b""
            while window := file.read(_WINDOW):
                if mark := marks_in(rest + window):
                    return mark
                rest = window[-_OVERLAP:]
    except OSError:
        return ""
    return ""


_WINDOW, _OVERLAP = 1024 * 1024, 256


def _packet(found: Found) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Properties and whole elements of the XMP packet; of a broken one the AI mark, if it has one."""
    name = xmp.DIGITAL_SOURCE_TYPE_PROPERTY
    try:
        root = open_packet(found.xmp)
        properties = properties_in(root)
    except ValueError:
        mark = marks_in(found.xmp)
        return ({name: (mark,)} if mark else {}), {}
    if name in properties:
        properties[name] = tuple(normal_source(v) for v in properties[name])
    return properties, elements_of(root)


def _merged(found: Found) -> Embedded:
    properties, elements = _packet(found) if found.xmp else ({}, {})
    texts = dict(found.texts)
    if found.exif.user_comment:
        texts["UserComment"] = found.exif.user_comment
    if found.exif.software:
        texts.setdefault("Software", found.exif.software)
    label = label_of(texts)
    if label:
        properties.setdefault(AIGC_PROPERTY, (label,))
    generator = generator_of(texts, properties)
    layers = (
        ("xmp", properties),
        ("iim", iim.parse(found.iim)),
        ("exif", _from_exif(found.exif)),
        ("png", _from_texts(texts)),
    )
    every: dict[str, tuple[str, ...]] = {}
    whence: dict[str, str] = {}
    for layer, values in layers:
        for name, value in values.items():
            if name not in every and (kept := tuple(t for v in value if (t := xmp.clean(v)))):
                every[name], whence[name] = kept, layer
    prompts = properties.get("Iptc4xmpExt:AIPromptInformation", ())
    secrets = secrets_of(texts, generator, prompts)
    chunks = {name for name, layer in whence.items() if layer == "png" and generator is not None}
    camera = (found.exif.make, found.exif.model)
    others = iim.others_in(found.iim)
    said = Said(every, elements, others, generator, secrets, frozenset(chunks), camera)
    return replace(_told(said, whence, properties, texts), private=found.exif.private)


def _told(
    said: Said,
    whence: Mapping[str, str],
    properties: Mapping[str, tuple[str, ...]],
    texts: Mapping[str, str],
) -> Embedded:
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for label, name in xmp.FIELDS.items():
        found = said.properties.get(name, ())
        if found:
            origin[label] = whence[name]
        if label == "keywords":
            values[label] = found
        else:
            values[label] = "; ".join(found) if label == "creator" else next(iter(found), "")
    return Embedded(
        **values,
        origin=origin,
        xmp=properties,
        texts=texts,
        generator=said.generator,
        said=said,
    )


_CHUNKS = MappingProxyType(
    {
        "Title": "dc:title",
        "Description": "dc:description",
        "Author": "dc:creator",
        "Copyright": "dc:rights",
    }
)


def _from_texts(texts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: (texts[key],) for key, name in _CHUNKS.items() if texts.get(key)}


def _from_exif(values: ExifValues) -> dict[str, tuple[str, ...]]:
    pairs = {
        "dc:description": values.description,
        "dc:creator": values.artist,
        "dc:rights": values.copyright,
        "photoshop:DateCreated": values.date_created,
    }
    return {name: (text,) for name, text in pairs.items() if text}
