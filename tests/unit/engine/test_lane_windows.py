"""Windows of a pace over restarts, clocks and accounts: every attempted submit counts, for its own account alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from stage import MemoryChannel, Stage, row_of

from publisher.engine.desk import Desk, Silent
from publisher.engine.lane import Lane
from publisher.errors import OutcomeUnknown, Rejected
from publisher.ledger.store import Ledger
from publisher.observe import Account
from publisher.pacing import Schedule, quota_windows
from publisher.plan import Plan, Word
from publisher.row import Pace, Verb

BERLIN = ZoneInfo("Europe/Berlin")
DAY = dt.timedelta(days=1)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(
        tmp_path, row_of(pace={"per_day": 3}, transport={"kind": "folder", "connections": 1})
    )
    yield made
    made.ledger.close()


def _killed(stage: Stage, name: str, *, sent: bool) -> None:
    """The ledger as a killed run leaves it, before or behind the point of no return."""
    now = stage.clock.now()
    run = stage.ledger.begin_run("push", "x", now)
    intent = stage.ledger.open_intent(
        run=run, account="memory", item=name, verb=Verb.CREATE, key=f"{name}.jpg", fields={}, files=(),
        tags=(), release="r", at=now,
    )  # fmt: skip
    if sent:
        stage.ledger.sending(intent.id, now)


def test_what_a_killed_run_sent_counts_after_the_restart(stage: Stage, tmp_path: Path) -> None:
    for name in ("k1", "k2"):
        _killed(stage, name, sent=True)
    _killed(stage, "k3", sent=False)
    stage.ledger.close()
    stage.ledger = Ledger.open(tmp_path / "ledger.sqlite")
    stage.clock.sleep(3600)
    # What stopped before its point of no return holds its place until it is settled, and no longer.
    first = stage.lane(stage.plan(2))
    assert set(stage.words(first).values()) == {"waiting"}
    second = stage.lane(stage.plan(2))
    assert sorted(stage.words(second).values()) == ["published", "waiting"]
    (until,) = [o.until for o in second.outcomes.values() if o.until is not None]
    assert until == stage.clock.now() - dt.timedelta(seconds=3600) + DAY


def test_refused_and_unclear_submits_count_like_those_that_went_through(stage: Stage) -> None:
    stage.agency.after = [Rejected("no"), OutcomeUnknown("no answer came"), None]
    stage.agency.hidden = {"i01.jpg"}
    lane = stage.lane(stage.plan(4))
    assert stage.words(lane) == {
        "i00": "failed", "i01": "unknown", "i02": "published", "i03": "waiting",
    }  # fmt: skip
    assert len(stage.agency.created) == 3


def _other(stage: Stage, name: str) -> Account:
    return Account(name, MemoryChannel(stage.account.row, stage.agency), {})


def _plan_for(stage: Stage, account: Account, count: int) -> Plan:
    plan = stage.plan(count)
    pairs = tuple(replace(p, account=account.name) for p in plan.items)
    listings = {
        (n, account.name): replace(v, account=account.name) for (n, _), v in plan.listings.items()
    }
    accounts = tuple(replace(a, account=account.name) for a in plan.accounts)
    return replace(plan, items=pairs, listings=listings, accounts=accounts)


def test_two_accounts_of_one_site_share_no_window(stage: Stage) -> None:
    assert list(stage.words(stage.lane(stage.plan(4))).values()).count("published") == 3
    second = _other(stage, "second")
    plan = _plan_for(stage, second, 4)
    run = stage.ledger.begin_run("push", plan.digest, stage.clock.now())
    lane = Lane(Desk(plan, run, stage.ledger, stage.studio, stage.door, Silent()), second)
    lane.run()
    assert list(stage.words(lane).values()).count("published") == 3
    assert len(stage.ledger.bindings("memory")) == len(stage.ledger.bindings("second")) == 3


def test_a_clock_that_was_put_back_neither_opens_nor_closes_a_window_for_longer(
    stage: Stage,
) -> None:
    assert list(stage.words(stage.lane(stage.plan(4))).values()).count("published") == 3
    stage.clock.sleep(-7 * 86400)
    waiting = stage.lane(stage.plan(4, Word.CREATE))
    until = [o.until for o in waiting.outcomes.values() if o.until is not None]
    assert until and max(until) <= stage.clock.now() + DAY


@pytest.mark.parametrize(
    "evening",
    [
        dt.datetime(2026, 3, 28, 23, 30, tzinfo=BERLIN),  # the night that is an hour shorter
        dt.datetime(2026, 10, 24, 23, 30, tzinfo=BERLIN),  # the one that is an hour longer
        dt.datetime(2026, 12, 31, 23, 59, 59, tzinfo=BERLIN),
    ],
)
def test_a_day_is_24_hours_whatever_the_calendar_says(evening: dt.datetime) -> None:
    sent = evening.astimezone(dt.UTC)
    schedule = Schedule(quota_windows(Pace(per_day=1), (), {}), [(sent, ())])
    after_midnight = (evening + dt.timedelta(hours=1)).astimezone(dt.UTC)
    start, why = schedule.peek(after_midnight, ())
    assert start == sent + DAY and "day" in why
    assert schedule.peek(sent + DAY, ())[0] == sent + DAY
    assert (start - sent).total_seconds() == 86400


@pytest.mark.parametrize(
    "jump", [-7200.0, 7200.0, 43200.0], ids=["back", "over-midnight", "half-a-day"]
)
def test_a_clock_that_jumps_during_a_run_opens_no_window(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    stage.clock.sleep(
        (dt.datetime(2026, 10, 24, 23, 30, tzinfo=BERLIN) - stage.clock.now()).total_seconds()
    )
    take = stage.agency.take

    def jumping(troubles: Any) -> None:
        if troubles is stage.agency.after and len(stage.agency.created) == 1:
            stage.clock.sleep(jump)
        take(troubles)

    monkeypatch.setattr(stage.agency, "take", jumping)
    lane = stage.lane(stage.plan(5))
    assert sorted(stage.words(lane).values()) == ["published"] * 3 + ["waiting"] * 2
    assert len(stage.agency.created) == 3
