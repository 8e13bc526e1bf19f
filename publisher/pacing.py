"""Pace, quotas and retries, read from row data and error classes only. The clock is always an argument.

Retries belong to reads and to staged bytes; nothing in here ever repeats a write.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import tenacity

from publisher.errors import PublisherError, Retry, Throttled
from publisher.row import Pace, Quota

T = TypeVar("T")

ATTEMPTS = 4
"""How often a read or a staged upload is tried, and how many intents one push opens for a pair."""

LONGEST_PAUSE = dt.timedelta(seconds=90)
"""A pair that must wait longer than this ends as waiting instead of keeping the run open."""


class Clock(Protocol):
    """The time and the only way to let it pass."""

    def now(self) -> dt.datetime:
        """An aware moment."""

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass."""


class SystemClock:
    """The real clock, in UTC."""

    def now(self) -> dt.datetime:
        """The present moment in UTC."""
        return dt.datetime.now(dt.UTC)

    def sleep(self, seconds: float) -> None:
        """Block the thread for ``seconds``."""
        time.sleep(max(0.0, seconds))


def pause_before(attempt: int, error: PublisherError) -> float:
    """Seconds before attempt number ``attempt`` (2 is the first repeat) after ``error``."""
    if isinstance(error, Throttled) and error.after > 0:
        return error.after
    return float(min(0.5 * 2 ** (attempt - 2), 30.0))


def retried(clock: Clock, action: Callable[[], T]) -> T:
    """Run a read or an idempotent staging step, again on errors whose class says so."""

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, PublisherError):
            return pause_before(state.attempt_number + 1, error)
        return 0.5

    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        retry=tenacity.retry_if_exception(
            lambda e: isinstance(e, PublisherError) and e.retry in (Retry.YES, Retry.AFTER)
        ),
        wait=wait,
        sleep=clock.sleep,
        reraise=True,
    )
    return retrying(action)


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``limit`` writes in any stretch of ``length``. ``tag`` restricts it to marked writes."""

    limit: int
    length: dt.timedelta
    name: str
    tag: str = ""


MINUTE = dt.timedelta(minutes=1)


def pace_windows(pace: Pace) -> list[Window]:
    """The windows that a run waits out by itself."""
    if pace.per_minute is None:
        return []
    return [Window(pace.per_minute, MINUTE, f"{pace.per_minute} a minute")]


def quota_windows(
    pace: Pace, quotas: Iterable[Quota] = (), options: Mapping[str, Any] = MappingProxyType({})
) -> list[Window]:
    """The windows that put items off to a later run.

    ``options`` are the account's: ``quotas = { ID = LIMIT }`` replaces a quota of the row by the seller's own
    figure, such as the one that a site shows to this contributor only.
    """
    own = options.get("quotas", {})
    found = []
    for limit, length, name in (
        (pace.per_hour, dt.timedelta(hours=1), "an hour"),
        (pace.per_day, dt.timedelta(days=1), "a day"),
        (pace.per_week, dt.timedelta(weeks=1), "a week"),
    ):
        if limit is not None:
            found.append(Window(limit, length, f"{limit} {name}"))
    for quota in quotas:
        limit = max(1, int(own.get(quota.id, quota.limit)))
        days = dt.timedelta(days=quota.days)
        found.append(Window(limit, days, f"{limit} in {quota.days} days", quota.id))
    return found


class Schedule:
    """When the next write may start, given the writes so far. Pure arithmetic on moments."""

    def __init__(
        self,
        limits: Sequence[Window],
        history: Iterable[tuple[dt.datetime, tuple[str, ...]]] = (),
    ) -> None:
        self._limits = list(limits)
        self._times: dict[str, list[dt.datetime]] = {w.tag: [] for w in self._limits}
        for moment, tags in history:
            self._note(moment, tags)

    def _note(self, moment: dt.datetime, tags: Sequence[str]) -> None:
        for tag, times in self._times.items():
            if not tag or tag in tags:
                times.append(moment)

    def peek(self, now: dt.datetime, tags: Sequence[str] = ()) -> tuple[dt.datetime, str]:
        """The earliest moment for one more write with these tags, and the limit that decides it."""
        moment, why = now, ""
        for window in self._limits:
            times = self._times[window.tag]
            if (window.tag and window.tag not in tags) or len(times) < window.limit:
                continue
            free = times[-window.limit] + window.length
            if free > moment:
                moment, why = free, window.name
        return moment, why

    def take(self, now: dt.datetime, tags: Sequence[str] = ()) -> tuple[dt.datetime, str]:
        """Book one write at the earliest moment and return it with the limit that decided it."""
        moment, why = self.peek(now, tags)
        self._note(moment, tags)
        return moment, why


LOOK_BACK = dt.timedelta(days=31)
"""How far back the ledger is read for windows; no row has a longer one."""
