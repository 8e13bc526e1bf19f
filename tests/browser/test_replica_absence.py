"""A submit that made nothing is made again by itself; one that is only late is not, as long as the site keeps its word.

What happens when a work appears later than the profile says is the documented limit: it is there twice, and said so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from publisher.errors import Conflict, OutcomeUnknown, PublisherError, SiteChanged, Transient
from publisher.listing import Listing, Missing, Staged, Status
from tests.browser.replica_stage import Seat, Stage

DAY = dt.timedelta(days=1)


@dataclass
class Desk:
    """A seller at a replica, with a clock of his own."""

    stage: Stage
    seat: Seat
    now: dt.datetime

    def lose(self, fault: str, **options: Any) -> tuple[Listing, Staged]:
        """A submit without an answer."""
        listing, picture = self.stage.work()
        self.stage.sandbox.fault(fault, times=1, **options)
        with pytest.raises(OutcomeUnknown):
            self.seat.create(listing, [picture], listing.key)
        return listing, picture

    def missing(self, listing: Listing) -> Missing:
        """What the session says of it."""
        self.seat.session._read_twice = None
        return self.seat.do(lambda s: s.missing(listing.key))

    def hide(self, title: str, *, until: dt.datetime) -> None:
        """Have the site show its newest work of a title from then on only."""
        self.stage.works(title)[-1].shown_from = until


@pytest.fixture
def desk(staged: Any, request: pytest.FixtureRequest) -> Iterator[Desk]:
    stage: Stage = staged(getattr(request, "param", "redbubble"))
    stage.close()
    made = Desk(stage, Seat(stage.context()), dt.datetime.now(dt.UTC))
    made.seat.session.context = replace(stage.context(), now=lambda: made.now)
    if not stage.works():
        stage._open = made.seat
        stage.create()
    stage._open = made.seat
    yield made
    stage.close()


@pytest.mark.rare
def test_what_was_not_made_is_missing_once_the_time_is_over(desk: Desk) -> None:
    listing, picture = desk.lose("submit_ignored")
    early = desk.missing(listing)
    assert not early.proved and "may take until" in early.why and "push again" in early.remedy
    desk.now += DAY
    assert desk.missing(listing).proved
    receipt = desk.seat.create(listing, [picture], listing.key)
    assert [w.id for w in desk.stage.works(listing.fields["title"])] == [receipt.remote.id]  # type: ignore[arg-type]
    assert not any("twice" in n for n in desk.seat.check().notes)


@pytest.mark.rare
def test_what_was_made_is_never_missing(desk: Desk) -> None:
    listing, _ = desk.lose("lost_response")
    desk.now += DAY
    told = desk.missing(listing)
    assert not told.proved and "may be" in told.why
    found = desk.seat.find(listing.key)
    assert found is not None and found.status is Status.LIVE


@pytest.mark.rare
@pytest.mark.parametrize(
    ("fault", "error"),
    [("wrong_total", Transient), ("empty_401", SiteChanged)],
)
def test_a_list_that_is_not_whole_proves_nothing(
    desk: Desk, fault: str, error: type[PublisherError]
) -> None:
    listing, _ = desk.lose("submit_ignored")
    desk.now += DAY
    desk.stage.sandbox.fault(fault)
    with pytest.raises(error):
        desk.missing(listing)
    desk.stage.sandbox.clear_faults()
    assert desk.missing(listing).proved


@pytest.mark.rare
def test_what_comes_before_it_is_made_again_is_taken(desk: Desk) -> None:
    listing, picture = desk.lose("lost_response")
    title = str(listing.fields["title"])
    desk.hide(title, until=dt.datetime.max.replace(tzinfo=dt.UTC))
    desk.now += DAY
    assert desk.missing(listing).proved
    desk.hide(title, until=desk.now - DAY * 2)
    receipt = desk.seat.create(listing, [picture], listing.key)
    assert receipt.note == "it was there already" and len(desk.stage.works(title)) == 1


@pytest.mark.rare
def test_what_comes_later_than_the_profile_says_is_there_twice_and_said_so(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    listing, picture = desk.lose("lost_response")
    title = str(listing.fields["title"])
    late = desk.stage.works(title)[-1]
    desk.hide(title, until=dt.datetime.max.replace(tzinfo=dt.UTC))
    desk.now += DAY
    assert desk.missing(listing).proved
    receipt = desk.seat.create(listing, [picture], listing.key)
    assert receipt.remote.id != late.id
    assert not any("twice" in n for n in desk.seat.check().notes)
    late.shown_from = desk.now - DAY * 2
    (note,) = [n for n in desk.seat.check().notes if "twice" in n]
    assert f"take {late.id} off by hand" in note and note in capsys.readouterr().err


@pytest.mark.rare
def test_two_open_submits_of_one_title_are_left_to_a_person(desk: Desk) -> None:
    first, _ = desk.lose("lost_response")
    second, picture = desk.stage.work(title=str(first.fields["title"]))
    second = replace(second, key=f"{second.key} again")
    desk.stage.sandbox.fault("submit_ignored", times=1)
    with pytest.raises(OutcomeUnknown):
        desk.seat.create(second, [picture], second.key)
    desk.now += DAY
    for listing in (first, second):
        assert desk.seat.find(listing.key) is None
        told = desk.missing(listing)
        assert not told.proved and "same title" in told.why


@pytest.mark.rare
def test_a_key_that_is_there_with_another_picture_is_not_made_twice(desk: Desk) -> None:
    listing, picture = desk.stage.work()
    desk.seat.create(listing, [picture], listing.key)
    _, other = desk.stage.work()
    with pytest.raises(Conflict, match="with another title or picture"):
        desk.seat.create(listing, [other], listing.key)


@pytest.mark.rare
@pytest.mark.parametrize(
    ("desk", "fault"),
    # The portal's list proves at once what was made.
    [("stock-portal", "submit_ignored"), ("zazzle", "submit_ignored"), ("zazzle", "lost_response")],
    indirect=["desk"],
)
def test_a_batch_and_a_feed_tell_it_too(desk: Desk, fault: str) -> None:
    listing, picture = desk.lose(fault)
    assert not desk.missing(listing).proved
    desk.now += DAY * 3
    made = fault == "lost_response"
    assert desk.missing(listing).proved is not made
    receipt = desk.seat.create(listing, [picture], listing.key)
    assert (receipt.note == "it was there already") is made
