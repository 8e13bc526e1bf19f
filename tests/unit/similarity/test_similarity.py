"""Likeness, motifs and the choice among them, as data; the array search against the plain one."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.media.columns import Columns, links_of
from publisher.similarity import (
    CLOSE_MAX,
    CLOSE_WIDE_MAX,
    SMALL_MAX,
    WIDE_MAX,
    Candidate,
    Likeness,
    Work,
    alike,
    choose,
    links,
    motifs,
)

WORDS = st.integers(0, (1 << 64) - 1)
WIDE = st.integers(0, (1 << 256) - 1)
LIKENESSES = st.builds(Likeness, WORDS, WORDS, WIDE, WIDE)


def noisy(seed: int) -> Likeness:
    chance = random.Random(seed)
    return Likeness(*(chance.getrandbits(n) for n in (64, 64, 256, 256)))


def moved(one: Likeness, small: int, wide: int, seed: int = 0) -> Likeness:
    """The same with so many bits flipped."""
    chance = random.Random(seed)
    a, b = one.small, one.wide
    for bit in chance.sample(range(64), small):
        a ^= 1 << bit
    for bit in chance.sample(range(256), wide):
        b ^= 1 << bit
    return Likeness(a, one.small_mirrored, b, one.wide_mirrored)


@given(LIKENESSES)
def test_a_likeness_survives_being_stored(one: Likeness) -> None:
    assert Likeness.unpacked(one.packed()) == one


@pytest.mark.parametrize("data", [b"", b"x" * 79, b"x" * 81])
def test_what_is_no_likeness_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="80 bytes"):
        Likeness.unpacked(data)


@given(LIKENESSES, LIKENESSES)
def test_being_alike_is_symmetric(one: Likeness, other: Likeness) -> None:
    assert alike(one, one)
    assert alike(one, other) is alike(other, one)


def test_the_thresholds_are_inclusive() -> None:
    one = noisy(1)
    assert alike(one, moved(one, SMALL_MAX, WIDE_MAX))
    assert not alike(one, moved(one, SMALL_MAX + 1, 0))
    assert not alike(one, moved(one, SMALL_MAX, WIDE_MAX + 1))
    assert alike(one, moved(one, CLOSE_MAX, CLOSE_WIDE_MAX))
    assert not alike(one, moved(one, CLOSE_MAX + 1, CLOSE_WIDE_MAX))
    assert not alike(one, moved(one, 0, CLOSE_WIDE_MAX + 1))


def test_a_mirror_image_is_alike_and_an_empty_picture_is_not_everything() -> None:
    one = noisy(2)
    mirrored = Likeness(one.small_mirrored, one.small, one.wide_mirrored, one.wide)
    assert alike(one, mirrored) and alike(mirrored, one)
    left = Likeness(0b1111, 0, 0b1111_1111, 0)
    right = Likeness(0b1111_0000, 0, 0b1111_1111_0000_0000, 0)
    assert not alike(left, right)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12), st.integers(0, 50)), max_size=14))
def test_the_array_search_finds_what_the_plain_one_finds(recipe) -> None:
    pictures = [
        (str(n), moved(noisy(base), small, wide, n)) for n, (base, small, wide) in enumerate(recipe)
    ]
    half = len(pictures) // 2
    fresh, known = pictures[:half], pictures[half:]
    packed = [(key, one.packed()) for key, one in known]
    assert sorted(links_of(fresh, packed)) == sorted(links(fresh, known))


def test_a_query_finds_the_planted_ones() -> None:
    crowd = [noisy(n) for n in range(3000)]
    crowd[1234] = moved(noisy(7), 5, 20)
    columns = Columns([one.packed() for one in crowd])
    assert columns.alike(noisy(7)) == [7, 1234]
    assert len(columns) == 3000


def test_motifs_follow_likeness_and_series() -> None:
    works = [
        Work("a", "1"), Work("b", "2", "dunes"), Work("c", "3", "dunes"), Work("d", "4"),
        Work("e", "1"), Work("f", "", ""), Work("g", "", "alone"),
    ]  # fmt: skip
    assert motifs(works, [("1", "2")]) == dict.fromkeys("abce", "a")
    assert motifs(works, [("4", "9")]) == {"a": "a", "e": "a", "b": "b", "c": "b"}
    linked_through_another = [Work("x", "1"), Work("y", "3")]
    assert motifs(linked_through_another, [("1", "2"), ("2", "3")]) == {"x": "x", "y": "x"}


PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20)


@given(PAIRS)
def test_motifs_are_the_connected_parts(pairs) -> None:
    """Against the slow way: colours that spread until nothing changes."""
    works = [Work(str(n), str(n)) for n in range(10)]
    colour = {str(n): n for n in range(10)}
    for _ in range(10):
        for a, b in pairs:
            colour[str(a)] = colour[str(b)] = min(colour[str(a)], colour[str(b)])
    groups: dict[int, list[str]] = {}
    for name, shade in colour.items():
        groups.setdefault(shade, []).append(name)
    wanted = {n: g[0] for g in groups.values() if len(g) > 1 for n in g}
    assert motifs(works, [(str(a), str(b)) for a, b in pairs]) == wanted


def test_the_best_is_there_already_then_larger_then_first() -> None:
    motif = dict.fromkeys("abcde", "a")
    asked = [
        Candidate("a", megapixels=6.0), Candidate("b", megapixels=24.0), Candidate("c", there=True),
        Candidate("d", megapixels=24.01), Candidate("e", megapixels=1.0), Candidate("z"),
    ]  # fmt: skip
    (only,) = choose(asked, motif, 3)
    assert only.chosen == ("c", "b", "d")
    assert only.held == ("a", "e")
    assert choose(asked, motif, 5) == []


CANDIDATES = st.lists(
    st.builds(Candidate, st.integers(0, 30).map(str), st.booleans(), st.floats(0, 100)),
    unique_by=lambda c: c.item,
    max_size=20,
)


@given(CANDIDATES, st.integers(1, 6))
def test_a_budget_is_kept_and_nobody_is_lost(asked, most) -> None:
    motif = {c.item: str(int(c.item) % 3) for c in asked}
    for choice in choose(asked, motif, most):
        there = {c.item for c in asked if c.there}
        assert there.isdisjoint(choice.held)
        assert len(choice.chosen) <= max(most, len(there & set(choice.chosen)))
        members = [c.item for c in asked if motif[c.item] == motif[choice.held[0]]]
        assert sorted((*choice.chosen, *choice.held)) == sorted(members)
    assert choose(asked, motif, most) == choose(asked, motif, most)
