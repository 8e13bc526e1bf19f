"""Bursts and rests: so many attempts in a row, then a stretch without one. On a virtual clock."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from publisher.pacing import Burst, Schedule, pace_windows
from publisher.row import Pace

NOON = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
PACE = Pace(gap_seconds=60, burst=3, rest_seconds=1800)


def run(schedule: Schedule, count: int) -> list[float]:
    """The moments of so many writes, in seconds after noon, each asked for when the one before is out."""
    now, found = NOON, []
    for _ in range(count):
        now, _ = schedule.take(now)
        found.append((now - NOON).total_seconds())
    return found


def test_three_in_a_row_then_a_rest_and_never_closer_than_the_gap() -> None:
    assert run(Schedule(pace_windows(PACE)), 7) == [0, 60, 120, 1920, 1980, 2040, 3840]


def test_attempts_of_an_earlier_run_count() -> None:
    earlier = [(NOON - dt.timedelta(seconds=s), ()) for s in (150, 80, 10)]
    assert run(Schedule(pace_windows(PACE), earlier), 1) == [1790]
    assert Schedule(pace_windows(PACE), earlier).peek(NOON)[1].startswith("3 in a row")


def test_a_rest_that_was_taken_by_itself_ends_the_row() -> None:
    earlier = [(NOON - dt.timedelta(minutes=m), ()) for m in (50, 49, 48)]
    assert run(Schedule(pace_windows(PACE), earlier), 2) == [0, 60]


@given(
    st.lists(st.integers(0, 4000), max_size=30),
    st.integers(1, 5),
    st.integers(100, 3000),
)
def test_no_row_is_ever_longer_than_the_burst(offsets: list[int], limit: int, rest: int) -> None:
    burst = Burst(limit, dt.timedelta(seconds=rest), "row")
    times: list[dt.datetime] = []
    now = NOON
    for offset in offsets:
        now = max(now, burst.free(times, now + dt.timedelta(seconds=offset)))
        times.append(now)
    row = 0
    for at, moment in enumerate(times):
        apart = at and (moment - times[at - 1]).total_seconds() >= rest
        row = 1 if apart or not at else row + 1
        assert row <= limit


def test_a_burst_and_its_rest_go_together() -> None:
    for wrong in (
        {"burst": 3},
        {"rest_seconds": 60},
        {"burst": 3, "rest_seconds": 5, "gap_seconds": 9},
    ):
        with pytest.raises(ValidationError, match="rest_seconds"):
            Pace(**wrong)
