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
from typing import Any

from publisher.files import (
    BundleRequest,
    Content,
    File,
    FileRequest,
    Metadata,
    Recipe,
    RenditionRequest,
    SheetRequest,
    TextRequest,
)
from publisher.manifest.item import Item

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


REMOTE = "remote."
"""Names of fields that only the channel decides: links, ids. A listing never has them, a binding may."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The words an account gets for an item: fitted text, resolved categories, and what the rules asked for.

    ``source`` is the item as the account that this one follows has it live (its ``fields`` are those of the
    ledger, ``remote.`` ones included); None when it follows none, or not for this kind of item.
    """

    account: str
    title: str
    description: str
    keywords: tuple[str, ...]
    categories: tuple[str, ...] = ()
    fields: Mapping[str, str | None] = field(default_factory=dict)
    declarations: tuple[Declaration, ...] = ()
    tasks: tuple[str, ...] = ()
    metadata: Metadata = field(default_factory=Metadata)
    findings: tuple[Finding, ...] = ()
    source: Remote | None = None


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
    """What the channel shows for one of our keys.

    ``fields`` has our fields as they are there now, in the form in which a listing states them. Fields named
    ``remote.…`` are the channel's own facts (``remote.download``, ``remote.image``); the ledger keeps them with
    the binding. ``remote.held`` lists bytes that lie there as ``SHA256=LOCATION``. ``picture`` is the address of
    a picture of it, for comparing looks.
    """

    id: str
    key: str
    status: Status = Status.UNKNOWN
    url: str = ""
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    size: int | None = None
    reason: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """What it proves that a key was not found: with ``proved`` the write surely did not land and never will.

    ``why`` is a clause for the seller; ``remedy`` says what to do where nothing is proved.
    """

    proved: bool
    why: str
    remedy: str = ""


UNPROVED = Missing(False, "it is not in the listing, which proves nothing at this channel")
"""What most channels can say: that nothing was found."""


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
    "REMOTE",
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
