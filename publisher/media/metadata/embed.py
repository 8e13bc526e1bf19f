"""Puts ``Metadata`` into a finished JPEG, PNG, TIFF or WebP without touching a pixel, and checks the result.

Metadata of the file is written anew: what the listing says, and what the master says where the listing is
silent (``keep`` tells what that may be). Nothing else stays, except the colour profile and the orientation.
The text is written in full where the format can hold it; nothing is shortened in XMP, ever.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import BinaryIO

from publisher.errors import Rejected
from publisher.listing import Metadata
from publisher.media.metadata import exif, iim, jpeg, png, tiff, webp, xmp
from publisher.media.metadata.keep import (
    AI_MARKS,
    NOTHING,
    Said,
    Statement,
    statement,
    without_texts,
)
from publisher.media.metadata.packets import DAMAGE, Packets
from publisher.media.metadata.read import said_in, sniff
from publisher.media.metadata.xmp_reader import parse_packet

WRITER_VERSION = "3"
"""Part of every cache key: raise it when the same metadata gives other bytes."""

_CONTAINERS: Mapping[str, ModuleType] = MappingProxyType(
    {"jpeg": jpeg, "png": png, "tiff": tiff, "webp": webp}
)
_WITHOUT_IIM = (png, webp)


def embed(
    source: Path,
    target: Path,
    metadata: Metadata,
    *,
    dpi: int | None = None,
    name: str = "",
    master: Said | None = None,
) -> None:
    """Write ``target`` (created or truncated): the picture of ``source`` with ``metadata``.

    ``master`` is what goes along where ``metadata`` is silent; by default what ``source`` itself says.
    ``dpi`` sets the resolution in JPEG and EXIF, for a picture that we made in sRGB; None leaves it alone.
    Sentences speak of ``name``, by default the name of ``source``. Raises ``Rejected`` when the file is
    damaged, a text does not fit, or the written file does not read back; ``OSError`` from the disk.
    """
    with source.open("rb") as reading, target.open("w+b") as writing:
        _embed(reading, writing, metadata, dpi, name or source.name, master)


def embed_bytes(
    data: bytes, metadata: Metadata, *, dpi: int | None = None, master: Said | None = None
) -> bytes:
    """Like ``embed``, for a small picture in memory."""
    writing = io.BytesIO()
    _embed(io.BytesIO(data), writing, metadata, dpi, "the image", master)
    return writing.getvalue()


def packets_for(
    metadata: Metadata,
    *,
    dpi: int | None = None,
    orientation: int = 1,
    master: Said = NOTHING,
    container: str = "",
) -> Packets:
    """The packets for ``metadata``, with what ``master`` says where it is silent.

    Raises ``Rejected`` for a property in an unknown namespace and for more than a file of the ``container``
    can carry. What the master would add beyond that is left out, except its AI marks.
    """
    limit = jpeg.XMP_MAX if container == "jpeg" else xmp.PACKET_MAX
    said = statement(metadata, master)
    _check_keywords(said)
    packet = _packet(said)
    if len(packet) > limit and master is not NOTHING:
        said = statement(metadata, without_texts(master))
        packet = _packet(said)
    if len(packet) > limit:
        raise Rejected(
            f"The text to embed needs {len(packet):,} bytes, "
            f"a {container.upper() or 'picture'} file can hold {limit:,}.",
            remedy="Shorten the prompt or the description.",
        )
    properties = said.properties

    def first(name: str) -> str:
        return properties.get(name, ("",))[-1]

    values = exif.ExifValues(
        description=first("dc:description"),
        artist="; ".join(properties.get("dc:creator", ())),
        copyright=first("dc:rights"),
        date_created=first("photoshop:DateCreated"),
        orientation=orientation,
        make=exif.camera_name(master.camera[0]) if metadata.camera else "",
        model=exif.camera_name(master.camera[1]) if metadata.camera else "",
    )
    without = _CONTAINERS.get(container) in _WITHOUT_IIM
    block = b"" if without else iim.build(properties, said.datasets)
    return Packets(packet, block, values, dpi)


def _packet(said: Statement) -> bytes:
    plain = {name: values for name, values in said.properties.items() if name not in said.elements}
    return xmp.build_packet(plain, said.elements)


def _check_keywords(said: Statement) -> None:
    count = len(said.properties.get("dc:subject", ()))
    if count > xmp.KEYWORDS_MAX:
        raise Rejected(
            f"There are {count:,} keywords, a file can carry {xmp.KEYWORDS_MAX:,}.",
            remedy="Keep the most important ones.",
        )


def _embed(
    reading: BinaryIO,
    writing: BinaryIO,
    metadata: Metadata,
    dpi: int | None,
    name: str,
    master: Said | None,
) -> None:
    container = sniff(reading)
    if container not in _CONTAINERS:
        raise Rejected(f"{name}: metadata can be written into JPEG, PNG, TIFF and WebP only.")
    module = _CONTAINERS[container]
    try:
        found = module.read(reading)
        packets = packets_for(
            metadata,
            dpi=dpi,
            # In a TIFF the orientation stays in the directory of the picture.
            orientation=1 if container == "tiff" else found.exif.orientation,
            master=said_in(found) if master is None else master,
            container=container,
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
    _verify(writing, packets, metadata, name, module)


def _verify(
    written: BinaryIO, packets: Packets, metadata: Metadata, name: str, module: ModuleType
) -> None:
    """A reader of its own must find every byte that was meant to be written, and in it what was said."""
    try:
        found = module.read(written)
        told = parse_packet(found.xmp) if found.xmp else {}
    except DAMAGE as error:
        raise Rejected(
            f"{name}: the written metadata cannot be read back.",
            detail=f"{type(error).__name__}: {error}",
        ) from error
    parts = {"XMP": (found.xmp, packets.xmp), "EXIF": _exif_pair(found.exif, packets.exif)}
    if module not in _WITHOUT_IIM:
        parts["IPTC"] = (found.iim, packets.iim)
    lost = [label for label, (there, wanted) in parts.items() if there != wanted]
    lost += [
        key
        for key, wanted in xmp.properties(metadata).items()
        if told.get(key, ())[: len(wanted)] != wanted
        and not (key == xmp.DIGITAL_SOURCE_TYPE_PROPERTY and set(told.get(key, ())) & AI_MARKS)
    ]
    if lost:
        raise Rejected(
            f"{name}: the metadata was written but cannot be read back: {', '.join(lost)}."
        )


def _exif_pair(there: exif.ExifValues, wanted: exif.ExifValues) -> tuple[str, str]:
    """The three texts and the camera as they are and as they should be, as far as EXIF holds them."""
    shown = exif.texts(wanted)
    return (
        "\0".join((there.description, there.artist, there.copyright, there.make, there.model)),
        "\0".join(text.rstrip("\0").strip() for text in (*shown, wanted.make, wanted.model)),
    )


__all__ = ["WRITER_VERSION", "embed", "embed_bytes", "packets_for"]
