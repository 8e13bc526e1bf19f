"""Search for pictures that are alike among very many: columns of 64-bit numbers, scanned as a whole.

The answer is exactly that of ``publisher.similarity.links``; only the way is another. It is imported when
there is enough to search that the array library pays for its start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from publisher.similarity import SMALL_MAX, SPARSE_SHARE, WIDE_MAX, Likeness

_Column = NDArray[np.uint64]
_ONES = (1 << 64) - 1


class Columns:
    """The hashes of many pictures. A query scans one column and confirms the few that are close."""

    def __init__(self, packed: Sequence[bytes]) -> None:
        # Ten numbers a picture, as ``Likeness.packed`` lays them down.
        table = np.frombuffer(b"".join(packed), dtype=">u8").astype(np.uint64).reshape(-1, 10)
        columns = np.ascontiguousarray(table.T)
        self._upright = _Side(columns[0], columns[2:6])
        self._mirrored = _Side(columns[1], columns[6:10])
        self._count = len(packed)

    def __len__(self) -> int:
        return self._count

    def alike(self, one: Likeness, start: int = 0) -> list[int]:
        """Places from ``start`` on whose pictures are alike, upright or mirrored; ascending."""
        found = set(self._upright.close(one.small, one.wide, start))
        found.update(self._upright.close(one.small_mirrored, one.wide_mirrored, start))
        found.update(self._mirrored.close(one.small, one.wide, start))
        return sorted(found)


class _Side:
    """One column of 64-bit hashes, and four of the 256-bit ones."""

    def __init__(self, small: _Column, wide: _Column) -> None:
        self._small = small
        self._wide = wide

    def close(self, small: int, wide: int, start: int) -> list[int]:
        distance = np.bitwise_count(self._small[start:] ^ np.uint64(small))
        near = np.flatnonzero(distance <= SMALL_MAX)
        if not near.size:
            return []
        near = near + start
        differing: Any = np.zeros(near.size, dtype=np.int64)
        shown: Any = np.zeros(near.size, dtype=np.int64)
        for part in range(4):
            value = np.uint64(wide >> (64 * (3 - part)) & _ONES)
            column = self._wide[part][near]
            differing += np.bitwise_count(column ^ value)
            shown += np.bitwise_count(column | value)
        sure = (differing <= WIDE_MAX) & (differing <= SPARSE_SHARE * shown)
        return [int(place) for place in near[sure]]


def links_of(
    fresh: Sequence[tuple[str, Likeness]], known: Sequence[tuple[str, bytes]]
) -> list[tuple[str, str]]:
    """What ``publisher.similarity.links`` gives, for many; the known ones are packed."""
    names = [key for key, _ in (*fresh, *known)]
    columns = Columns([*(x.packed() for _, x in fresh), *(data for _, data in known)])
    found = []
    for place, (key, likeness) in enumerate(fresh):
        found += [(key, names[other]) for other in columns.alike(likeness, place + 1)]
    return found
