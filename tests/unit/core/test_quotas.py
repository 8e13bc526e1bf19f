"""Quotas of all kinds: months, batches, first batches, budgets of calls, and limits that scale."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.calendar import release_calendar
from publisher.neighbours import within_quotas
from publisher.pacing import Schedule, quota_limit, quota_windows, unstated_scale
from publisher.plan import PlanItem, Word
from publisher.row import Grade, Pace, Quota, Verb

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SAID: dict[str, Any] = {"source": "s", "grade": Grade.OFFICIAL, "seen": NOON.date()}


def quota(**more: Any) -> Quota:
    return Quota.model_validate({"id": "q", "limit": 10, **SAID, **more})


STEPS = [
    {"at_least": 0.0, "share": 0.25},
    {"at_least": 0.5, "share": 0.5},
    {"at_least": 0.6, "share": 1},
]


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        ({"approval_ratio": 0.7}, 10),
        ({"approval_ratio": 0.6}, 10),
        ({"approval_ratio": 0.59}, 5),
        ({"approval_ratio": 0.1}, 2),
        ({}, 2),
        ({"approval_ratio": 0.9, "quotas": {"q": 77}}, 77),
    ],
)
def test_a_limit_scales_with_what_the_seller_states(options: dict, limit: int) -> None:
    assert quota_limit(quota(scale_by="approval", scale=STEPS), options) == limit


def test_levels_may_name_limits_and_an_unstated_fact_is_told() -> None:
    levels = quota(
        scale_by="level", scale=[{"at_least": 1, "limit": 20}, {"at_least": 5, "limit": 1000}]
    )
    assert quota_limit(levels, {"level": 6}) == 1000
    assert unstated_scale([levels, quota()], {}) == [(levels, "level")]
    assert unstated_scale([levels], {"level": 1}) == []


@given(st.integers(1, 9), st.integers(1, 60), st.integers(0, 27))
def test_no_month_holds_more_than_its_limit(limit: int, count: int, day: int) -> None:
    start = NOON.replace(day=1) + dt.timedelta(days=day)
    windows = quota_windows(Pace(), [quota(window="month", limit=limit)], {})
    schedule = Schedule(windows)
    moments, last = [], start
    for _ in range(count):
        last, _ = schedule.take(max(start, last), ("q",))
        moments.append(last)
    months = [(m.year, m.month) for m in moments]
    assert max(months.count(m) for m in months) <= limit
    assert moments == sorted(moments)
    # Every month but the last one is full: nothing waits longer than it must.
    assert all(months.count(m) == limit for m in set(months) - {months[-1]})


def test_calls_of_other_kinds_use_up_a_budget_but_no_pace() -> None:
    windows = quota_windows(Pace(per_day=3), [quota(counts="calls", days=30, limit=2)], {})
    assert "2 calls in 30 days" in [w.name for w in windows]
    other = [(NOON - dt.timedelta(hours=1), ("q",))] * 2
    assert Schedule(windows, [], other).peek(NOON, ("q",))[0] > NOON + dt.timedelta(days=29)
    assert Schedule(windows, [], other).peek(NOON)[0] == NOON


class Books:
    """As much of a ledger as quotas read."""

    def __init__(self, unsubmitted: int = 0, submitted: int = 0) -> None:
        self._waiting = [SimpleNamespace(submitted="")] * unsubmitted
        self._done = [SimpleNamespace(submitted="d")] * submitted

    def unsubmitted(self, account: str) -> list[Any]:
        return self._waiting

    def bindings(self, account: str) -> dict[int, Any]:
        return dict(enumerate([*self._waiting, *self._done]))

    def writes_since(self, account: str, since: dt.datetime, verbs: Any) -> list[Any]:
        return []


def planned(
    quotas: list[Quota], count: int, books: Books | None = None, **options: Any
) -> tuple[list[PlanItem], str]:
    row = SimpleNamespace(
        name="n", title="North", pace=Pace(), quota=tuple(quotas), can=(Verb.CREATE, Verb.SUBMIT)
    )
    account: Any = SimpleNamespace(name="north", row=row, options=options)
    tags = tuple(q.id for q in quotas)
    pairs = [
        PlanItem(f"i{n}", "north", Word.CREATE, verb=Verb.CREATE, tags=tags) for n in range(count)
    ]
    found, forecast, _ = within_quotas(account, pairs, books or Books(), NOON)  # type: ignore[arg-type]
    return found, forecast


def test_batches_follow_each_other_by_a_day() -> None:
    found, forecast = planned([quota(window="batch", limit=3)], 7, Books(unsubmitted=1))
    dates = [(e.date.day, e.count) for e in release_calendar(found, NOON.date())]
    assert dates == [(20, 2), (21, 3), (22, 2)]
    assert "3 in a batch" in found[-1].because[0].text
    assert "2026-11-22" in forecast


def test_a_first_batch_has_its_own_size() -> None:
    first = quota(window="first-batch", minimum=4, limit=6)
    small, _ = planned([first], 3)
    assert {p.word for p in small} == {Word.HELD}
    assert "needs 4 to 6 works, this release has 3" in small[0].because[0].text
    large, _ = planned([first], 8)
    assert [p.word for p in large] == [Word.CREATE] * 6 + [Word.HELD] * 2
    done, _ = planned([first], 3, first_batch_done=True)
    later, _ = planned([first], 3, Books(submitted=5))
    assert {p.word for p in [*done, *later]} == {Word.CREATE}


@given(st.integers(0, 30), st.integers(1, 5), st.integers(1, 5))
def test_no_pair_is_lost_and_the_calendar_adds_up(count: int, batch: int, weekly: int) -> None:
    found, _ = planned(
        [quota(window="batch", limit=batch), quota(id="w", days=7, limit=weekly)], count
    )
    assert len(found) == count
    entries = release_calendar(found, NOON.date())
    assert sum(e.count for e in entries) == count
    assert [e.date for e in entries] == sorted(e.date for e in entries)
    assert all(e.count <= batch for e in entries)
