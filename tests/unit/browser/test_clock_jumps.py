"""A clock that jumps in the middle of a run: over midnight, over an hour that is there twice, and back by a week.

What a submit is measured by is an instant and never a date or a time of day; in doubt nothing is proved.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from channels.browser import stage
from channels.browser.absence import too_early
from channels.browser.attempts import Attempt, Attempts
from channels.browser.profile import load_profile
from channels.browser.signs import InterstitialClass
from channels.browser.watch import ending
from publisher.errors import QuotaExhausted

BERLIN = ZoneInfo("Europe/Berlin")
PROFILE = load_profile("redbubble")
MINUTE = dt.timedelta(minutes=1)
NIGHTS = [
    dt.datetime(2026, 3, 29, 1, 50, tzinfo=BERLIN),  # ten minutes before an hour that there is not
    dt.datetime(2026, 10, 25, 2, 50, tzinfo=BERLIN),  # ten minutes before an hour that comes again
    dt.datetime(2026, 11, 26, 23, 50, tzinfo=BERLIN),
    dt.datetime(2026, 12, 31, 23, 50, tzinfo=BERLIN),
]


def _later(moment: dt.datetime, minutes: int) -> dt.datetime:
    """So many minutes later, as a clock on the wall there shows it."""
    return (moment.astimezone(dt.UTC) + minutes * MINUTE).astimezone(BERLIN)


def _noted(folder: Path, at: dt.datetime, ended: dt.datetime) -> Attempt:
    notes = Attempts(folder)
    notes.write(
        Attempt("k", "Title", "a.jpg", at.isoformat(), "redbubble 1", "", newest=7, person=False)
    )
    notes.ended("k", ended)
    found = notes.read("k")
    assert found is not None
    return found


@pytest.mark.parametrize("evening", NIGHTS, ids=str)
def test_what_a_site_may_take_is_counted_in_minutes_and_not_by_the_wall(
    tmp_path: Path, evening: dt.datetime
) -> None:
    attempt = _noted(tmp_path, evening, _later(evening, 2))
    # The profile gives the list half an hour, from the last moment at which anything was sent.
    early = too_early(attempt, PROFILE, _later(evening, 31))
    assert early is not None and not early.proved and "may take until" in early.why
    assert too_early(attempt, PROFILE, _later(evening, 32)) is None


@pytest.mark.parametrize("back", [dt.timedelta(hours=1), dt.timedelta(days=7)], ids=str)
def test_a_clock_that_was_put_back_proves_nothing(tmp_path: Path, back: dt.timedelta) -> None:
    evening = NIGHTS[0]
    attempt = _noted(tmp_path, evening, _later(evening, 2))
    told = too_early(attempt, PROFILE, evening.astimezone(dt.UTC) - back)
    assert told is not None and not told.proved


def test_a_clock_that_was_put_back_between_submit_and_end_proves_nothing_early(
    tmp_path: Path,
) -> None:
    evening = NIGHTS[0].astimezone(dt.UTC)
    attempt = _noted(tmp_path, evening, evening - dt.timedelta(days=7))
    told = too_early(attempt, PROFILE, evening + 29 * MINUTE)
    assert told is not None and not told.proved


@pytest.mark.parametrize("evening", NIGHTS, ids=str)
def test_a_limit_of_a_day_ends_24_hours_later(evening: dt.datetime) -> None:
    (limit,) = [i for i in PROFILE.interstitials if i.key == "limit"]
    assert limit.kind is InterstitialClass.LIMIT
    error = ending(limit, PROFILE, "one", evening.astimezone(dt.UTC))
    assert isinstance(error, QuotaExhausted) and error.until is not None
    assert error.until - evening.astimezone(dt.UTC) == dt.timedelta(days=1)


def test_a_wait_in_a_page_does_not_look_at_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(stage.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(stage.time, "time", lambda: pytest.fail("the wall clock was asked"))
    over = stage.deadline(30.0)
    now[0] += 29.9
    assert not over()
    now[0] += 0.1
    assert over()
