"""Search for pictures that are alike among very many: columns of 64-bit numbers, scanned as a whole.

The answer is exactly that of ``publisher.similarity.links``; only the way is another. It is imported when
there is enough to search that the array library pays for its start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from publisher.media.joins import Column, Places, close_pairs
from publisher.similarity import (
    CLOSE_MAX,
    CLOSE_SHARE,
    CLOSE_WIDE_MAX,
    SMALL_MAX,
    SPARSE_SHARE,
    WIDE_MAX,
    Likeness,
)

_ONES = (1 << 64) - 1
_SCANS_AT_MOST = 300
"""Fresh pictures up to which a scan for each of them is faster than joining the columns."""


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

    def pairs(self, fresh: int) -> list[tuple[int, int]]:
        """All alike pairs of one of the first ``fresh`` places with a place after it; ascending."""
        up, over = self._upright, self._mirrored
        new_up, new_over = up.first(fresh), over.first(fresh)
        joins = [(new_up, up), (new_up, over)]
        if fresh < self._count:
            # When everything is fresh, the join before has seen these from the other side.
            joins.append((new_over, up))
        found = [
            np.stack((np.minimum(one, other), np.maximum(one, other)), axis=1)
            for left, right in joins
            for one, other in left.joined(right)
        ]
        if not found:
            return []
        places = np.concatenate(found)
        places = np.unique(places[places[:, 0] != places[:, 1]], axis=0)
        return [(int(one), int(other)) for one, other in places]


class _Side:
    """One column of 64-bit hashes, and four of the 256-bit ones."""

    def __init__(self, small: Column, wide: NDArray[np.uint64]) -> None:
        self._small = small
        self._wide = wide

    def first(self, count: int) -> _Side:
        if count == self._small.size:
            return self
        return _Side(self._small[:count], self._wide[:, :count])

    def close(self, small: int, wide: int, start: int) -> list[int]:
        distance = np.bitwise_count(self._small[start:] ^ np.uint64(small))
        near = np.flatnonzero(distance <= SMALL_MAX)
        if not near.size:
            return []
        near = near + start
        asked = [np.uint64(wide >> (64 * (3 - part)) & _ONES) for part in range(4)]
        apart = distance[near - start]
        sure = _confirmed(apart, [(self._wide[part][near], asked[part]) for part in range(4)])
        return [int(place) for place in near[sure]]

    def joined(self, other: _Side) -> Iterator[tuple[Places, Places]]:
        """Blocks of places (here, in ``other``) that are close, confirmed."""
        for here, there in close_pairs(self._small, other._small):
            apart = np.bitwise_count(self._small[here] ^ other._small[there])
            words = [(self._wide[p][here], other._wide[p][there]) for p in range(4)]
            sure = _confirmed(apart, words)
            yield here[sure], there[sure]


def _confirmed(apart: Any, words: Sequence[tuple[Any, Any]]) -> Any:
    """Which of the candidates, ``apart`` by so many bits of 64, the 256-bit hashes confirm."""
    differing: Any = 0
    shown: Any = 0
    for one, other in words:
        # A count is a byte, and four of them can be 256.
        differing = differing + np.bitwise_count(one ^ other).astype(np.int64)
        shown = shown + np.bitwise_count(one | other).astype(np.int64)
    close = apart <= CLOSE_MAX
    most = np.where(close, CLOSE_WIDE_MAX, WIDE_MAX)
    share = np.where(close, CLOSE_SHARE, SPARSE_SHARE)
    return (differing <= most) & (differing <= share * shown)


def links_of(
    fresh: Sequence[tuple[str, Likeness]], known: Sequence[tuple[str, bytes]]
) -> list[tuple[str, str]]:
    """What ``publisher.similarity.links`` gives, for many; the known ones are packed."""
    names = [key for key, _ in (*fresh, *known)]
    columns = Columns([*(x.packed() for _, x in fresh), *(data for _, data in known)])
    if len(fresh) > _SCANS_AT_MOST:
        return [(names[one], names[other]) for one, other in columns.pairs(len(fresh))]
    found = []
    for place, (key, likeness) in enumerate(fresh):
        found += [(key, names[other]) for other in columns.alike(likeness, place + 1)]
    return found
