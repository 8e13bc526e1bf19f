"""Promises, exclusive channels and aggregators, as data."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.exclusivity import (
    BROKEN,
    ROUTE,
    Graph,
    Piece,
    Place,
    Reach,
    Severity,
    Vow,
    settle,
)

DAY = dt.date(2026, 11, 20)
OPEN = Place("open", "open-stock", "Open Stock")
OTHER = Place("other", "other-stock", "Other Stock")
COVERS = Place("covers", "covers", "Fine Covers", Reach.IMAGE, prints_excepted=True)
STAR = Place("star", "star-stock", "Star Stock", Reach.PORTFOLIO)
PRINTS = Place("prints", "prints", "Print House", prints=True)
HUB = Place("hub", "hub", "The Hub", forwards_to=("open-stock", "third-stock"))
HUB_2 = Place("hub-2", "hub-2", "Second Hub", forwards_to=("third-stock",))


def piece(item: str = "dunes", *vows: Vow, makers: tuple[str, ...] = ()) -> Piece:
    return Piece(item, frozenset({item}), frozenset(makers), vows)


def graph(*pieces: Piece) -> Graph:
    made = Graph(DAY)
    made.know(pieces)
    return made


def text(conflict) -> str:
    assert conflict is not None
    return conflict.because.text


def test_a_promise_names_who_what_until_when_and_where_it_is_written() -> None:
    vow = Vow("Fine Covers", until=dt.date(2027, 1, 31), origin="release.yaml:12")
    work = piece("dunes", vow)
    found = graph(work).conflict(work, OPEN)
    assert found is not None and found.severity is Severity.DENY
    assert found.because.rule == BROKEN
    assert found.because.text == (
        "the picture is promised to Fine Covers alone until 2027-01-31 (release.yaml:12)"
    )


@pytest.mark.parametrize("name", ["covers", "Fine Covers", "fine-covers", "FINE COVERS"])
def test_the_one_who_was_promised_it_may_have_it(name: str) -> None:
    work = piece("dunes", Vow(name))
    assert graph(work).conflict(work, COVERS) is None
    assert graph(work).conflict(work, OPEN) is not None


@pytest.mark.parametrize(
    ("since", "until", "binds"),
    [
        (None, None, True),
        (None, DAY, True),
        (None, DAY - dt.timedelta(1), False),
        (DAY, None, True),
        (DAY + dt.timedelta(1), None, False),
    ],
)
def test_a_promise_binds_from_its_first_to_its_last_day(since, until, binds) -> None:
    work = piece("dunes", Vow("somebody", since=since, until=until))
    assert (graph(work).conflict(work, OPEN) is not None) is binds


def test_prints_are_excepted_where_the_promise_says_so() -> None:
    spared = piece("dunes", Vow("covers", prints_excepted=True))
    strict = piece("dunes", Vow("covers"))
    assert graph(spared).conflict(spared, PRINTS) is None
    assert graph(spared).conflict(spared, OPEN) is not None
    assert "prints" not in text(graph(strict).conflict(strict, PRINTS))


def test_what_was_delivered_to_a_buyer_goes_to_nobody_else_not_even_there() -> None:
    work = piece("dunes", Vow("Open Stock", delivery=True))
    assert "delivered to Open Stock alone" in text(graph(work).conflict(work, OPEN))


def test_a_portfolio_promise_reaches_other_works_of_the_same_maker() -> None:
    first = piece("one", Vow("star-stock", Reach.PORTFOLIO), makers=("ana",))
    second, foreign = piece("two", makers=("ana",)), piece("three", makers=("bo",))
    made = graph(first, second, foreign)
    assert "everything by this maker is promised to star-stock" in text(made.conflict(second, OPEN))
    assert made.conflict(second, STAR) is None
    assert made.conflict(foreign, OPEN) is None
    assert made.conflict(piece("nameless"), OPEN) is not None


def test_what_stands_at_an_exclusive_channel_goes_nowhere_else_but_to_prints() -> None:
    made = graph()
    made.stand(piece(), COVERS, "is there as C-77 since 2026-10-01")
    assert text(made.conflict(piece(), OPEN)) == (
        "Fine Covers has the picture exclusively: dunes is there as C-77 since 2026-10-01"
    )
    assert made.conflict(piece(), PRINTS) is None
    assert made.conflict(piece(), COVERS) is None
    assert made.conflict(piece("another"), OPEN) is None


def test_an_exclusive_channel_refuses_what_stands_elsewhere() -> None:
    made = graph()
    made.stand(piece(), OPEN, "is at Open Stock as X1 since 2026-10-01")
    assert "Fine Covers wants the picture exclusively, but dunes is at Open Stock as X1" in text(
        made.conflict(piece(), COVERS)
    )
    made = graph()
    made.stand(piece(), PRINTS, "is there")
    assert made.conflict(piece(), COVERS) is None


def test_one_picture_under_two_names_is_one_work() -> None:
    made = graph()
    made.stand(Piece("dunes", frozenset({"dunes", "sha"})), COVERS, "is there")
    assert made.conflict(Piece("copy", frozenset({"copy", "sha"})), OPEN) is not None


def test_an_exclusive_maker_has_everything_in_one_place() -> None:
    made = graph()
    made.stand(piece("one", makers=("ana",)), STAR, "is there as 9")
    assert "Star Stock has everything by this maker" in text(
        made.conflict(piece("two", makers=("ana",)), OPEN)
    )
    assert made.conflict(piece("two", makers=("bo",)), OPEN) is None
    other = graph()
    other.stand(piece("one", makers=("ana",)), OPEN, "is there as 9")
    assert "Star Stock wants everything by this maker" in text(
        other.conflict(piece("two", makers=("ana",)), STAR)
    )


def test_two_routes_to_one_channel_are_held_with_the_reason() -> None:
    made = graph()
    made.stand(piece(), HUB, "is there as H1")
    for place, words in ((OPEN, "The Hub forwards it to Open Stock"), (HUB_2, "third-stock")):
        found = made.conflict(piece(), place)
        assert found is not None and found.severity is Severity.HOLD
        assert found.because.rule == ROUTE and words in found.because.text
    assert made.conflict(piece(), OTHER) is None
    other = graph()
    other.stand(piece(), OPEN, "is there as O1")
    assert "The Hub would forward it to Open Stock" in text(other.conflict(piece(), HUB))


def test_within_a_batch_the_first_account_wins() -> None:
    one, two = piece("one"), piece("two")
    wanted = [(work, place) for place in (COVERS, OPEN, PRINTS) for work in (one, two)]
    found = settle(graph(), wanted, {})
    assert set(found) == {("open", "one"), ("open", "two")}
    assert "Fine Covers has the picture exclusively: one goes to Fine Covers" in text(
        found["open", "one"]
    )
    turned = settle(graph(), wanted[::-1], {})
    assert set(turned) == {("covers", "one"), ("covers", "two")}
    assert "goes to Open Stock with this plan" in text(turned["covers", "one"])


def test_what_is_there_already_is_not_asked_about_itself() -> None:
    made = graph()
    made.stand(piece(), COVERS, "is there")
    assert settle(made, [(piece(), COVERS)], {("covers", "dunes"): True}) == {}


PLACES = (OPEN, OTHER, COVERS, STAR, PRINTS, HUB, HUB_2)


@given(st.permutations(PLACES), st.sets(st.sampled_from(PLACES)), st.booleans())
def test_what_a_batch_lets_through_breaks_nothing(order, there, makers) -> None:
    """Whatever stood before: of the newly allowed, no two conflict, and all that conflict are told."""
    work = piece("dunes", makers=("ana",) if makers else ())
    made = graph(work)
    for place in there:
        made.stand(work, place, "is there")
    asked = [(work, place) for place in order if place not in there]
    found = settle(made, asked, {})
    allowed = [place for _, place in asked if (place.account, "dunes") not in found]
    for place in allowed:
        again = graph(work)
        for other in (*there, *allowed):
            if other is not place:
                again.stand(work, other, "is there")
        assert again.conflict(work, place) is None
    assert all(c.because.text for c in found.values())
