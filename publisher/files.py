"""What may be asked for as a file, and what a made file is: renditions, texts, bundles, contact sheets.

Frozen data only. Nothing here makes or opens a file; ``publisher.listing`` hands all of it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from publisher.manifest.item import Master
from publisher.manifest.model import ProvenanceClass


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is embedded into a rendition. Text is full length; the writer cuts only where a format must.

    An empty text leaves to the master what it says of itself; a name in ``cleared`` is a field that must be
    empty all the same. ``date_created`` is ISO 8601; the statuses are those of the PLUS vocabulary, as in
    ``MR-NAP``; ``data_mining`` is one of its ``DMI-`` codes. With ``camera`` the master's EXIF entries Make and
    Model go along, which are left out otherwise.
    """

    title: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()
    creator: str = ""
    copyright: str = ""
    credit: str = ""
    date_created: str = ""
    country: str = ""
    provenance: ProvenanceClass | None = None
    digital_source_type: str = ""
    ai_system: str = ""
    ai_system_version: str = ""
    ai_prompt: str = ""
    ai_prompt_writer: str = ""
    extra_xmp: tuple[tuple[str, str], ...] = ()
    city: str = ""
    state: str = ""
    sublocation: str = ""
    licensor_name: str = ""
    licensor_url: str = ""
    licensor_email: str = ""
    rights_url: str = ""
    usage_terms: str = ""
    model_release: str = ""
    property_release: str = ""
    data_mining: str = ""
    cleared: tuple[str, ...] = ()
    camera: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """The pixels that a channel wants: format, sides in pixels, quality 1 to 100, sizes in bytes.

    The rendition must satisfy every bound or it is refused. It is enlarged to the lower bounds with
    ``upsample`` only, which takes the word of the row and of the seller.
    """

    format: str = "jpeg"
    quality: int = 95
    quality_floor: int = 85
    long_side_max: int | None = None
    megapixels_min: float | None = None
    megapixels_max: float | None = None
    side_min: int | None = None
    bytes_min: int | None = None
    bytes_max: int | None = None
    dpi: int = 300
    background: tuple[int, int, int] = (255, 255, 255)
    keep_original: bool = False
    color_space: str = "srgb"
    """srgb, display-p3, adobe-rgb or grey; its profile is embedded."""
    alpha: str = "keep"
    """"keep" where the format can hold transparency, or "flatten" onto ``background``."""
    bit_depth: int = 8
    """Most bits a sample: 16 keeps the depth of a deep master in PNG and TIFF."""
    upsample: bool = False
    scene: str = ""
    """Name of a mock-up template to show the picture in, as in "framed-print"; bounds are those of the scene."""
    watermark: str = ""
    """Words that are drawn across the picture, for a preview that nobody should use instead of it."""
    signed: bool = False
    """Whether content credentials are written last, in a project that has a certificate for them."""


@dataclass(frozen=True, slots=True)
class RenditionRequest:
    """One file to be made from one master, named as the channel will see it."""

    role: str
    name: str
    master: Master
    recipe: Recipe
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class TextRequest:
    """A text file made from a template of the project; ``variables`` must be plain JSON values."""

    role: str
    name: str
    template: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BundleRequest:
    """A deterministic ZIP of renditions or masters and texts.

    With ``streamed`` it is put together while it is read: the file has ``content`` and no bytes on the disk.
    """

    role: str
    name: str
    members: tuple[RenditionRequest | TextRequest, ...]
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class SheetRequest:
    """A contact sheet: many masters in rows and columns on one picture of the recipe's format and long side.

    ``metadata`` speaks for all of them, so it must carry the AI mark when one of them needs it.
    """

    role: str
    name: str
    masters: tuple[Master, ...]
    recipe: Recipe
    metadata: Metadata


FileRequest = RenditionRequest | TextRequest | BundleRequest | SheetRequest


class Content(Protocol):
    """Bytes that are put together while they are read. Thread-safe."""

    size: int
    """How many there are."""

    def read_at(self, start: int, count: int) -> bytes:
        """``count`` bytes from ``start`` on, fewer only at the end. Raises ``Rejected`` when they changed."""


@dataclass(frozen=True, slots=True)
class File:
    """A made file, ready to be sent. ``size`` in bytes.

    It is on the local disk at ``path``, unless it has ``content``, which only streamed bundles have.
    """

    role: str
    name: str
    path: Path
    size: int
    sha256: str
    media_type: str = "application/octet-stream"
    width: int = 0
    height: int = 0
    crc32: int | None = None
    content: Content | None = field(default=None, compare=False, repr=False)
