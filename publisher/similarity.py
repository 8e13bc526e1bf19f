"""Which pictures show the same motif, and which of them an account gets when it takes only a few. Pure.

Two pictures are alike when their difference hashes are close, also when one is mirrored; a declared series
counts like a likeness. Thresholds come from measurements on crops, blur, recompression and watermarks.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

_K = TypeVar("_K", bound=Hashable)

SMALL_MAX = 8
"""Differing bits of 64 up to which two pictures are candidates: survives a crop of 3 per cent."""

WIDE_MAX = 40
"""Differing bits of 256 that confirm a candidate; unrelated pictures differ in 76 and more."""

SPARSE_SHARE = 0.35
"""Pictures that are nearly empty may differ in this share of what little they show."""

CLOSE_MAX, CLOSE_WIDE_MAX, CLOSE_SHARE = 4, 60, 0.42
"""Up to so many differing bits of 64 the other two bounds are these: a watermark all over a picture moves few
large shapes and many small ones. Unrelated pictures are 16 bits of 64 and more apart."""

ALIKE_VERSION = 2
"""Raise it when the bounds change: what was found to be alike is then searched again."""

_BYTES = (8, 8, 32, 32)


@dataclass(frozen=True, slots=True)
class Likeness:
    """The difference hashes of one picture and of its mirror image, 64 and 256 bits each."""

    small: int
    small_mirrored: int
    wide: int
    wide_mirrored: int

    def packed(self) -> bytes:
        """80 bytes, as a cache or a ledger stores it."""
        values = (self.small, self.small_mirrored, self.wide, self.wide_mirrored)
        return b"".join(v.to_bytes(n, "big") for v, n in zip(values, _BYTES, strict=True))

    @classmethod
    def unpacked(cls, data: bytes) -> Likeness:
        """The likeness of 80 bytes. Raises ValueError when there are more or fewer."""
        if len(data) != sum(_BYTES):
            raise ValueError(f"a likeness has {sum(_BYTES)} bytes, not {len(data)}")
        values, start = [], 0
        for size in _BYTES:
            values.append(int.from_bytes(data[start : start + size], "big"))
            start += size
        return cls(*values)


def alike(one: Likeness, other: Likeness) -> bool:
    """Whether the pictures show the same, upright or mirrored. Symmetric."""
    return _close(one.small, one.wide, other.small, other.wide) or _close(
        one.small_mirrored, one.wide_mirrored, other.small, other.wide
    ) or _close(one.small, one.wide, other.small_mirrored, other.wide_mirrored)  # fmt: skip


def _close(small: int, wide: int, other_small: int, other_wide: int) -> bool:
    apart = (small ^ other_small).bit_count()
    if apart > SMALL_MAX:
        return False
    differing = (wide ^ other_wide).bit_count()
    shown = (wide | other_wide).bit_count()
    if apart <= CLOSE_MAX:
        return differing <= CLOSE_WIDE_MAX and differing <= CLOSE_SHARE * shown
    return differing <= WIDE_MAX and differing <= SPARSE_SHARE * shown


def links(
    fresh: Sequence[tuple[_K, Likeness]], known: Sequence[tuple[_K, Likeness]]
) -> list[tuple[_K, _K]]:
    """The pairs that are alike: each fresh one with the fresh ones after it and with all known ones."""
    found = []
    for place, (key, one) in enumerate(fresh):
        found += [(key, k) for k, other in fresh[place + 1 :] if alike(one, other)]
        found += [(key, k) for k, other in known if alike(one, other)]
    return found


@dataclass(frozen=True, slots=True)
class Work:
    """One picture as the choice sees it: ``picture`` is the SHA-256 of its master, "" when unknown."""

    item: str
    picture: str = ""
    series: str = ""


def motifs(works: Sequence[Work], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Item -> the first item of its motif, in the order of ``works``; who stands alone is left out.

    ``pairs`` are pictures that are alike. Likeness and series are followed from work to work.
    """
    parents: dict[str, str] = {}

    def root(key: str) -> str:
        while (up := parents.setdefault(key, key)) != key:
            parents[key] = parents.get(up, up)
            key = parents[key]
        return key

    for one, other in pairs:
        parents[root(f"p{one}")] = root(f"p{other}")
    for work in works:
        node = root(f"i{work.item}")
        for key in (work.picture and f"p{work.picture}", work.series and f"s{work.series}"):
            if key:
                parents[node] = root(key)
                node = root(key)
    groups: dict[str, list[str]] = {}
    for work in works:
        groups.setdefault(root(f"i{work.item}"), []).append(work.item)
    return {item: g[0] for g in groups.values() if len(g) > 1 for item in dict.fromkeys(g)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One pair that asks for a place: whether it is there already, and its size in megapixels."""

    item: str
    there: bool = False
    megapixels: float = 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """Of one motif: who goes (or is there), and who is held."""

    chosen: tuple[str, ...]
    held: tuple[str, ...]


def choose(candidates: Sequence[Candidate], motif_of: Mapping[str, str], most: int) -> list[Choice]:
    """At most ``most`` of each motif: what is there already, then the larger ones, then manifest order.

    ``candidates`` come in manifest order. What is there stays, also when that is more than ``most``. Only
    motifs with somebody to hold are returned.
    """
    groups: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        motif = motif_of.get(candidate.item)
        if motif is not None:
            groups.setdefault(motif, []).append(candidate)
    found = []
    for group in groups.values():
        ranked = sorted(group, key=lambda c: (not c.there, -round(c.megapixels, 1)))
        chosen = [c for n, c in enumerate(ranked) if c.there or n < most]
        held = [c for c in group if c not in chosen]
        if held:
            found.append(Choice(tuple(c.item for c in chosen), tuple(c.item for c in held)))
    return found
