"""Finds all pairs of 64-bit hashes that differ in few bits, without comparing each with each. Exact.

Multi-index hashing: two hashes within eight bits of each other differ, in at least one of four parts, in
no more bits than that part's radius, because the radii and one for each part add up to nine. It confirms
nothing: what it yields are the candidates. It knows no picture and touches no disk.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from publisher.similarity import SMALL_MAX

Column = NDArray[np.uint64]
Places = NDArray[np.int32]

_PARTS, _PART_BITS = 4, 16
_RADII = (2, 1, 1, 1)
_BLOCK = 1 << 21
"""Candidates that are expanded at a time: about 50 MB of work space."""

if sum(r + 1 for r in _RADII) != SMALL_MAX + 1:
    raise AssertionError("the radii of the parts do not cover the distance")


def close_pairs(left: Column, right: Column) -> Iterator[tuple[Places, Places]]:
    """Blocks of places (in ``left``, in ``right``) within SMALL_MAX bits; a pair may come repeatedly.

    When both are the same column, a pair comes in one order at least, not in both.
    """
    if not left.size or not right.size:
        return
    indexes = [_Index(right, part) for part in range(_PARTS)]
    keys = [_part(left, part) for part in range(_PARTS)]
    steps = [(p, mask) for p, radius in enumerate(_RADII) for mask in _masks(radius)]
    expected = sum(indexes[part].size(keys[part] ^ np.int32(mask)) for part, mask in steps)
    if expected > left.size * right.size // 2:
        # Hashes that are bunched together, as those of nearly empty pictures: a scan is cheaper.
        yield from _scan(left, right)
        return
    same = left is right
    for part, mask in steps:
        wanted = keys[part] ^ np.int32(mask)
        # In one column, whoever has the smaller key asks for the larger one.
        asking = np.flatnonzero(keys[part] <= wanted).astype(np.int32) if same else None
        for one, other in indexes[part].matches(wanted, asking):
            near = np.bitwise_count(left[one] ^ right[other]) <= SMALL_MAX
            yield one[near], other[near]


class _Index:
    """The places of a column by the value of one part of its hashes."""

    def __init__(self, column: Column, part: int) -> None:
        keys = _part(column, part)
        self._order = np.argsort(keys, kind="stable").astype(np.int32)
        self._counts = np.bincount(keys, minlength=1 << _PART_BITS).astype(np.int32)
        self._starts = np.cumsum(self._counts, dtype=np.int32) - self._counts

    def size(self, keys: Places) -> int:
        return int(self._counts[keys].sum())

    def matches(self, keys: Places, asking: Places | None) -> Iterator[tuple[Places, Places]]:
        """Blocks of (place of the key, place in the column) with equal parts; None is every key."""
        counts = self._counts[keys]
        asked = np.flatnonzero(counts).astype(np.int32)
        if asking is not None:
            asked = asking[counts[asking] > 0]
        ends = np.cumsum(counts[asked])
        start = 0
        while start < asked.size:
            before = ends[start - 1] if start else 0
            stop = max(int(np.searchsorted(ends, before + _BLOCK, side="right")), start + 1)
            yield self._expanded(asked[start:stop], counts, keys)
            start = stop

    def _expanded(self, asked: Places, counts: Places, keys: Places) -> tuple[Places, Places]:
        repeated = counts[asked]
        total = int(repeated.sum())
        # Where each bucket begins, less what stands before it in the answer: one repeat does for both.
        before = np.cumsum(repeated, dtype=np.int32) - repeated
        places = np.repeat(self._starts[keys[asked]] - before, repeated)
        places += np.arange(total, dtype=np.int32)
        return np.repeat(asked, repeated), self._order[places]


def _part(column: Column, part: int) -> Places:
    """Sixteen bits of each hash, taken from all over it: neighbouring bits go together in real pictures."""
    found: Any = np.zeros(column.size, dtype=np.int32)
    for bit in range(_PART_BITS):
        taken = (column >> np.uint64(part + bit * _PARTS)) & np.uint64(1)
        found |= taken.astype(np.int32) << bit
    return found  # type: ignore[no-any-return]


def _masks(radius: int) -> list[int]:
    return [
        sum(1 << bit for bit in bits)
        for size in range(radius + 1)
        for bits in itertools.combinations(range(_PART_BITS), size)
    ]


def _scan(left: Column, right: Column) -> Iterator[tuple[Places, Places]]:
    for place, value in enumerate(left):
        found = np.flatnonzero(np.bitwise_count(right ^ value) <= SMALL_MAX)
        yield np.full(found.size, place, dtype=np.int32), found.astype(np.int32)
