"""Puts ``Metadata`` into a finished JPEG, PNG, TIFF or WebP without touching a pixel, and checks the result.

Whatever metadata the file had is replaced, except the colour profile and the orientation. The text is
written in full where the format can hold it; nothing is shortened in XMP, ever.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import BinaryIO

from publisher.errors import Rejected
from publisher.listing import Metadata
from publisher.media.metadata import exif, iim, jpeg, png, tiff, webp, xmp
from publisher.media.metadata.packets import DAMAGE, Packets
from publisher.media.metadata.read import read_stream, sniff

WRITER_VERSION = "1"
"""Part of every cache key: raise it when the same metadata gives other bytes."""

_CONTAINERS: Mapping[str, ModuleType] = MappingProxyType(
    {"jpeg": jpeg, "png": png, "tiff": tiff, "webp": webp}
)


def embed(
    source: Path, target: Path, metadata: Metadata, *, dpi: int | None = None, name: str = ""
) -> None:
    """Write ``target`` (created or truncated): the picture of ``source`` with ``metadata``.

    ``dpi`` sets the resolution in JPEG and EXIF, for a picture that we made in sRGB; None leaves it alone.
    Sentences speak of ``name``, by default the name of ``source``. Raises ``Rejected`` when the file is
    damaged, a text does not fit, or the written file does not read back; ``OSError`` from the disk.
    """
    with source.open("rb") as reading, target.open("w+b") as writing:
        _embed(reading, writing, metadata, dpi, name or source.name)


def embed_bytes(data: bytes, metadata: Metadata, *, dpi: int | None = None) -> bytes:
    """Like ``embed``, for a small picture in memory."""
    writing = io.BytesIO()
    _embed(io.BytesIO(data), writing, metadata, dpi, "the image")
    return writing.getvalue()


def packets_for(metadata: Metadata, *, dpi: int | None = None, orientation: int = 1) -> Packets:
    """The packets for ``metadata``. Raises ``Rejected`` for a property in an unknown namespace."""
    properties = xmp.properties(metadata)

    def first(name: str) -> str:
        return properties.get(name, ("",))[-1]

    values = exif.ExifValues(
        description=first("dc:description"),
        artist="; ".join(properties.get("dc:creator", ())),
        copyright=first("dc:rights"),
        date_created=first("photoshop:DateCreated"),
        orientation=orientation,
    )
    return Packets(xmp.build_packet(properties), iim.build(properties), values, dpi)


def _embed(
    reading: BinaryIO, writing: BinaryIO, metadata: Metadata, dpi: int | None, name: str
) -> None:
    container = sniff(reading)
    if container not in _CONTAINERS:
        raise Rejected(f"{name}: metadata can be written into JPEG, PNG, TIFF and WebP only.")
    module = _CONTAINERS[container]
    try:
        orientation = module.read(reading).exif.orientation
        packets = packets_for(metadata, dpi=dpi, orientation=orientation)
        if container == "tiff":
            # The orientation stays in the directory of the picture.
            packets = dataclasses.replace(
                packets, exif=dataclasses.replace(packets.exif, orientation=1)
            )
        module.write(reading, writing, packets)
    except Rejected as error:
        raise Rejected(
            f"{name}: {error.sentence}", remedy=error.remedy, detail=error.detail
        ) from None
    except DAMAGE as error:
        raise Rejected(
            f"{name}: the {container.upper()} file is damaged, metadata cannot be written.",
            remedy="Export the master again.",
            detail=f"{type(error).__name__}: {error}",
        ) from error
    _verify(writing, metadata, name)


def _verify(written: BinaryIO, metadata: Metadata, name: str) -> None:
    """A reader of its own must find what a buyer and an agency look for."""
    expected = xmp.properties(metadata)
    try:
        found = read_stream(written).xmp
    except DAMAGE as error:
        raise Rejected(
            f"{name}: the written metadata cannot be read back.",
            detail=f"{type(error).__name__}: {error}",
        ) from error
    for label, key in (
        ("title", "dc:title"),
        ("keywords", "dc:subject"),
        ("AI mark", xmp.DIGITAL_SOURCE_TYPE_PROPERTY),
    ):
        wanted = expected.get(key, ())
        if tuple(found.get(key, ())) != (wanted[-1:] if key == "dc:title" else wanted):
            raise Rejected(f"{name}: the {label} was written but cannot be read back.")


__all__ = ["WRITER_VERSION", "embed", "embed_bytes", "packets_for"]
