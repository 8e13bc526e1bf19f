"""Items as the pure core sees them: an asset or a bundle with its members and the facts of its masters.

Frozen data only. Nothing here opens a file: the facts are measured by ``publisher.media`` and handed in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from publisher.manifest.model import Asset, Bundle, Offer, Override, ProvenanceClass


class ItemKind(str, Enum):
    """What can be listed."""

    ASSET = "asset"
    BUNDLE = "bundle"


@dataclass(frozen=True, slots=True)
class Master:
    """Facts of one master file. Sizes are in pixels and bytes; ``problem`` is a sentence when it is unusable."""

    path: Path
    relative: str
    sha256: str
    size: int
    format: str
    width: int
    height: int
    alpha: bool = False
    color: str = "srgb"
    pages: int = 1
    problem: str | None = None
    exif: tuple[str, ...] | None = None
    """Names of telling EXIF entries that are there and not empty (Make, Model); None when nobody looked."""
    credentials: bool = False
    """Whether content credentials (C2PA) are embedded in it."""
    mark: tuple[int, int, int] | None = field(default=None, compare=False, repr=False)
    """Size, modification time (ns) and inode when the checksum was taken; the same mark means the same bytes."""

    @property
    def megapixels(self) -> float:
        """Width times height in millions of pixels."""
        return self.width * self.height / 1_000_000


_NOTHING = Override()


@dataclass(frozen=True, slots=True)
class Item:
    """An asset or a bundle of one release, with everything that the pure core may need to know of it."""

    id: str
    kind: ItemKind
    release: str
    title: str
    description: str
    keywords: tuple[str, ...]
    members: tuple[Asset, ...]
    masters: tuple[Master, ...]
    asset: Asset | None = None
    bundle: Bundle | None = None
    file: str = ""
    line: int = 0

    @property
    def offer(self) -> Offer | None:
        """How the item is sold in shops."""
        source = self.asset if self.asset is not None else self.bundle
        return source.offer if source is not None else None

    def override(self, account: str) -> Override:
        """What the manifest says for one account; empty when it says nothing."""
        source = self.asset if self.asset is not None else self.bundle
        return source.channels.get(account, _NOTHING) if source is not None else _NOTHING

    @property
    def provenance_classes(self) -> frozenset[ProvenanceClass]:
        """The provenance classes of the members; a member that declares none is left out."""
        return frozenset(m.provenance.class_ for m in self.members if m.provenance is not None)
