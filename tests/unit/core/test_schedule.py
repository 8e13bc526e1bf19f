"""Pace and quotas: rolling windows over a history, with the clock as an argument."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import Rejected, Throttled, Transient
from publisher.pacing import (
    ATTEMPTS,
    Schedule,
    Window,
    pace_windows,
    pause_before,
    quota_windows,
    retried,
)
from publisher.row import Grade, Pace, Quota

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


class VirtualClock:
    """Time passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.moment = NOON
        self.slept: list[float] = []

    def now(self) -> dt.datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += dt.timedelta(seconds=seconds)


@given(
    limit=st.integers(1, 6),
    minutes=st.integers(1, 90),
    gaps=st.lists(st.integers(0, 3600), max_size=40),
)
def test_no_stretch_of_a_window_ever_holds_more_than_its_limit(
    limit: int, minutes: int, gaps: list[int]
) -> None:
    length = dt.timedelta(minutes=minutes)
    schedule = Schedule([Window(limit, length, "w")])
    now, starts = NOON, []
    for gap in gaps:
        now += dt.timedelta(seconds=gap)
        moment, _ = schedule.take(now)
        assert moment >= now
        starts.append(moment)
        now = max(now, moment)
    for first in starts:
        assert sum(first <= s < first + length for s in starts) <= limit


@given(limit=st.integers(1, 5), count=st.integers(0, 30))
def test_nothing_waits_longer_than_it_must(limit: int, count: int) -> None:
    hour = dt.timedelta(hours=1)
    schedule = Schedule([Window(limit, hour, "w")])
    starts = [schedule.take(NOON)[0] for _ in range(count)]
    assert starts == [NOON + hour * (place // limit) for place in range(count)]


def test_a_tagged_window_counts_tagged_writes_only() -> None:
    week = dt.timedelta(days=7)
    history = [(NOON - dt.timedelta(days=1), ("ai",)), (NOON - dt.timedelta(days=2), ())]
    schedule = Schedule([Window(1, week, "1 in 7 days", "ai")], history)
    assert schedule.peek(NOON, ())[0] == NOON
    moment, why = schedule.peek(NOON, ("ai",))
    assert moment == NOON + dt.timedelta(days=6)
    assert why == "1 in 7 days"


def test_a_seller_s_own_figure_replaces_the_row_s_quota() -> None:
    quota = Quota(
        id="weekly", limit=100, days=7, source="s", grade=Grade.INFERRED, seen=NOON.date()
    )
    windows = quota_windows(Pace(per_day=5), [quota], {"quotas": {"weekly": 3}})
    assert [(w.limit, w.tag) for w in windows] == [(5, ""), (3, "weekly")]
    assert pace_windows(Pace(per_minute=7))[0].limit == 7
    assert pace_windows(Pace()) == []


def test_reads_are_tried_again_and_refusals_are_not() -> None:
    clock = VirtualClock()
    calls: list[int] = []

    def failing() -> None:
        calls.append(1)
        raise Transient("the line dropped")

    with pytest.raises(Transient):
        retried(clock, failing)
    assert len(calls) == ATTEMPTS
    assert clock.slept == [0.5, 1.0, 2.0]

    def refused() -> None:
        calls.append(1)
        raise Rejected("no")

    calls.clear()
    with pytest.raises(Rejected):
        retried(clock, refused)
    assert len(calls) == 1


def test_the_server_s_own_delay_wins() -> None:
    assert pause_before(2, Throttled("slow down", after=42.0)) == 42.0
    assert pause_before(9, Transient("x")) == 30.0
