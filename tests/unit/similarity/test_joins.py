"""All pairs by joining columns: exactly what comparing each with each gives, also for awkward crowds."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.media.columns import Columns
from publisher.media.joins import close_pairs
from publisher.similarity import SMALL_MAX, Likeness, links


def crowd(seed: int, count: int, *, bunched: bool = False) -> list[Likeness]:
    """Noise, and variants of some of it: near the border of the distance, upright and mirrored."""
    chance = random.Random(seed)

    def value(bits: int) -> int:
        # Bunched hashes are those of nearly empty pictures: a few bits set, and often the same ones.
        return (
            sum(1 << b for b in chance.sample(range(0, bits, 4), 3))
            if bunched
            else chance.getrandbits(bits)
        )

    found = [Likeness(value(64), value(64), value(256), value(256)) for _ in range(count)]
    for place in range(0, count - 1, 5):
        one = found[place]
        small = one.small
        for bit in chance.sample(range(64), chance.choice((0, 4, 5, 7, 8, 9))):
            small ^= 1 << bit
        wide = one.wide
        for bit in chance.sample(range(256), chance.choice((0, 39, 41, 60, 61))):
            wide ^= 1 << bit
        turned = chance.random() < 0.5
        found[place + 1] = (
            Likeness(one.small_mirrored, small, one.wide_mirrored, wide)
            if turned
            else Likeness(small, one.small_mirrored, wide, one.wide_mirrored)
        )
    return found


@pytest.mark.parametrize("bunched", [False, True])
@pytest.mark.parametrize("fresh", [1, 130, 400])
def test_joined_pairs_are_those_of_the_plain_search(fresh: int, bunched: bool) -> None:
    works = list(enumerate(crowd(3, 400, bunched=bunched)))
    columns = Columns([w.packed() for _, w in works])
    wanted = {tuple(sorted(p)) for p in links(works[:fresh], works[fresh:])}
    found = columns.pairs(fresh)
    assert len(found) == len(set(found))
    assert set(found) == wanted
    assert fresh == 1 or found, "nothing is alike, so the test shows nothing"


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, (1 << 64) - 1), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.sets(st.integers(0, 63), max_size=10)), max_size=12),
)
def test_no_pair_within_the_distance_is_missed(
    base: list[int], moves: list[tuple[int, set[int]]]
) -> None:
    moved = [base[n % len(base)] ^ sum(1 << b for b in bits) for n, bits in moves] or [0]
    # Filler makes the index worth using; without it everything is scanned.
    chance = random.Random(1)
    filler = [chance.getrandbits(64) for _ in range(3000)]
    left, right = np.array(base, dtype=np.uint64), np.array([*moved, *filler], dtype=np.uint64)
    found = {
        (int(a), int(b))
        for one, other in close_pairs(left, right)
        for a, b in zip(one, other, strict=True)
    }
    wanted = {
        (a, b)
        for a, x in enumerate(base)
        for b, y in enumerate([*moved, *filler])
        if (x ^ y).bit_count() <= SMALL_MAX
    }
    assert found == wanted


def test_nothing_among_nothing() -> None:
    empty = np.array([], dtype=np.uint64)
    assert list(close_pairs(empty, empty)) == []
