"""A listing is an item in one channel's words; a receipt is what the channel answered to one write.

Frozen data with a canonical JSON form and one fingerprint per field, so that a plan, an update, drift and
undo know exactly what changed. Nothing here talks to a channel.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from publisher.manifest.item import Item, Master
from publisher.manifest.model import ProvenanceClass

FieldValue = str | int | bool | None | tuple[str, ...]
"""A field of a listing: absent means not ours to manage, None means clear it, a value means make it so."""


class Level(str, Enum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem or notice with the manifest file and line; ``before``/``after`` when a text was fitted."""

    level: Level
    text: str
    remedy: str = ""
    file: str = ""
    line: int = 0
    item: str = ""
    account: str = ""
    code: str = ""
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Because:
    """One link of the chain behind a verdict or a word: rule, sentence, source, grade, date seen (ISO).

    ``facts`` are those that the rule looked at, as ``name=value``.
    """

    rule: str
    text: str
    source: str = ""
    grade: str = ""
    seen: str = ""
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is embedded into a rendition. Text is full length; the writer cuts only where a format must.

    An empty text leaves to the master what it says of itself; a name in ``cleared`` is a field that must be
    empty all the same. ``date_created`` is ISO 8601; the statuses are those of the PLUS vocabulary, as in
    ``MR-NAP``; ``data_mining`` is one of its ``DMI-`` codes.
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


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration about the image and the mechanism by which this channel is told."""

    name: str
    mechanism: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """An item as one account will show it. ``key`` is our natural key there (file name, SKU, bundle id)."""

    item: str
    account: str
    key: str
    fields: Mapping[str, FieldValue]
    files: tuple[FileRequest, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    tasks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def fingerprints(self) -> dict[str, str]:
        """A short hash per managed field. Equal fingerprints mean that there is nothing to send."""
        return {name: fingerprint(value) for name, value in sorted(self.fields.items())}


@dataclass(frozen=True, slots=True)
class Copy:
    """The words an account gets for an item: fitted text, resolved categories, and what the rules asked for."""

    account: str
    title: str
    description: str
    keywords: tuple[str, ...]
    categories: tuple[str, ...] = ()
    fields: Mapping[str, str | None] = field(default_factory=dict)
    declarations: tuple[Declaration, ...] = ()
    tasks: tuple[str, ...] = ()
    metadata: Metadata = Metadata()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs. Values are in their display form; None means absent or cleared."""

    field: str
    old: FieldValue
    new: FieldValue


class Status(str, Enum):
    """Where an item is in its life at the channel; never mixed with the outcome of the last try."""

    PREPARED = "prepared"
    PARTIAL = "partial"
    UPLOADED = "uploaded"
    SUBMITTED = "submitted"
    IN_REVIEW = "in-review"
    LIVE = "live"
    REJECTED = "rejected"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Remote:
    """What the channel shows for one of our keys."""

    id: str
    key: str
    status: Status = Status.UNKNOWN
    url: str = ""
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    size: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes that are ready at the remote side, or (``location`` empty) ready to be sent by ``create``."""

    file: File
    location: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the channel answered to one write. ``tasks`` is what a person still has to do there."""

    remote: Remote
    tasks: tuple[str, ...] = ()
    sent: tuple[File, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """The answer of ``check``: reachable, logged in, room left. ``notes`` are for the preflight table."""

    account: str
    notes: tuple[str, ...] = ()
    quota_left: int | None = None


def plain(value: Any) -> Any:
    """The JSON form of a field value: tuples become lists, enums their values."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [plain(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, Path):
        return value.as_posix()
    return value


def canonical_json(value: Any) -> str:
    """One spelling per value: sorted keys, no spaces, UTF-8. Digests are taken over it."""
    return json.dumps(plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def fingerprint(value: Any) -> str:
    """A 128-bit hash of the canonical JSON, as 32 hexadecimal digits."""
    return hashlib.blake2b(canonical_json(value).encode(), digest_size=16).hexdigest()


__all__ = [
    "Because",
    "BundleRequest",
    "Change",
    "Content",
    "Copy",
    "Declaration",
    "FieldValue",
    "File",
    "FileRequest",
    "Finding",
    "Health",
    "Item",
    "Level",
    "Listing",
    "Metadata",
    "Receipt",
    "Recipe",
    "Remote",
    "RenditionRequest",
    "SheetRequest",
    "Staged",
    "Status",
    "TextRequest",
    "canonical_json",
    "fingerprint",
    "plain",
]
