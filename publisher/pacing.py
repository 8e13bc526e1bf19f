"""Pace, quotas and retries, read from row data and error classes only. The clock is always an argument.

Retries belong to reads and to staged bytes; nothing in here ever repeats a write.
"""

from __future__ import annotations

import datetime as dt
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import tenacity

from publisher.errors import PublisherError, Retry, Throttled
from publisher.row import Pace, Quota, Row

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
    """At most ``limit`` writes in any stretch of ``length``. ``tag`` restricts it to marked writes.

    With ``month`` it is a calendar month (UTC) instead of a rolling stretch.
    """

    limit: int
    length: dt.timedelta
    name: str
    tag: str = ""
    month: bool = False

    def free(self, times: Sequence[dt.datetime], moment: dt.datetime) -> dt.datetime:
        """The earliest moment from ``moment`` on for one more write after those at ``times`` (ascending)."""
        if not self.month:
            full = len(times) >= self.limit
            return max(moment, times[-self.limit] + self.length) if full else moment
        while True:
            first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            following = (first + dt.timedelta(days=32)).replace(day=1)
            if bisect_left(times, following) - bisect_left(times, first) < self.limit:
                return moment
            moment = following


@dataclass(frozen=True, slots=True)
class Burst:
    """At most ``limit`` writes in a row; a row ends with a stretch of ``rest`` without any."""

    limit: int
    rest: dt.timedelta
    name: str
    tag: str = ""

    def free(self, times: Sequence[dt.datetime], moment: dt.datetime) -> dt.datetime:
        """The earliest moment from ``moment`` on for one more write after those at ``times`` (ascending)."""
        if not times or moment - times[-1] >= self.rest:
            return moment
        row = 1
        for later, earlier in zip(reversed(times), reversed(times[:-1]), strict=False):
            if later - earlier >= self.rest or row >= self.limit:
                break
            row += 1
        return max(moment, times[-1] + self.rest) if row >= self.limit else moment


Limit = Window | Burst

MINUTE = dt.timedelta(minutes=1)


def pace_windows(pace: Pace) -> list[Limit]:
    """The windows that a run waits out by itself. Attempts count, whatever became of them."""
    found: list[Limit] = []
    if pace.per_minute is not None:
        found.append(Window(pace.per_minute, MINUTE, f"{pace.per_minute} a minute"))
    if pace.gap_seconds:
        gap = dt.timedelta(seconds=pace.gap_seconds)
        found.append(Window(1, gap, f"one in {pace.gap_seconds:g} seconds"))
    if pace.burst is not None:
        rest = dt.timedelta(seconds=pace.rest_seconds)
        name = f"{pace.burst} in a row, then {pace.rest_seconds / 60:g} minutes of rest"
        found.append(Burst(pace.burst, rest, name))
    return found


def quota_windows(
    pace: Pace, quotas: Iterable[Quota] = (), options: Mapping[str, Any] = MappingProxyType({})
) -> list[Window]:
    """The windows that put items off to a later run.

    ``options`` are the account's: ``quotas = { ID = LIMIT }`` replaces a quota of the row by the seller's own
    figure, such as the one that a site shows to this contributor only.
    """
    found = []
    for limit, length, name in (
        (pace.per_hour, dt.timedelta(hours=1), "an hour"),
        (pace.per_day, dt.timedelta(days=1), "a day"),
        (pace.per_week, dt.timedelta(weeks=1), "a week"),
    ):
        if limit is not None:
            found.append(Window(limit, length, f"{limit} {name}"))
    for quota in quotas:
        if quota.window not in ("rolling", "month"):
            continue
        limit = quota_limit(quota, options)
        days = dt.timedelta(days=quota.days)
        month = quota.window == "month"
        calls = " calls" if quota.counts == "calls" else ""
        name = f"{limit}{calls} a month" if month else f"{limit}{calls} in {quota.days} days"
        found.append(Window(limit, days, name, quota.id, month))
    return found


def quotas_in_use(row: Row, options: Mapping[str, Any]) -> tuple[Quota, ...]:
    """The quotas that count for an account: of its mode, and not those of a test that it has passed."""
    return tuple(
        quota
        for quota in row.quota
        if (not quota.modes or row.mode.value in quota.modes)
        and (not quota.trial or options.get(quota.trial) is False)
        and not (
            quota.unstated == "pass"
            and quota.scale_by is not None
            and _FACTS[quota.scale_by] not in options
            and quota.id not in options.get("quotas", {})
        )
    )


_FACTS = {"approval": "approval_ratio", "level": "level"}
"""What a quota scales with -> the account's option that states it."""


def quota_limit(quota: Quota, options: Mapping[str, Any] = MappingProxyType({})) -> int:
    """The limit that counts for this account: the seller's own figure, else the row's, scaled; at least 1.

    A fact that is not stated, or that reaches no step, gives the limit of the lowest step.
    """
    own = options.get("quotas", {}).get(quota.id)
    if own is not None:
        return max(1, int(own))
    if quota.scale_by is None:
        return quota.limit
    stated = options.get(_FACTS[quota.scale_by])
    value = float(stated) if isinstance(stated, (int, float)) else float("-inf")
    steps = sorted(quota.scale, key=lambda step: step.at_least)
    step = next((s for s in reversed(steps) if value >= s.at_least), steps[0])
    scaled = quota.limit if step.share is None else int(quota.limit * step.share)
    return max(1, step.limit if step.limit is not None else scaled)


def unstated_scale(quotas: Iterable[Quota], options: Mapping[str, Any]) -> list[tuple[Quota, str]]:
    """The quotas that scale with an option which the account does not state, each with its name."""
    own = options.get("quotas", {})
    return [
        (quota, _FACTS[quota.scale_by])
        for quota in quotas
        if quota.scale_by is not None
        and quota.id not in own
        and _FACTS[quota.scale_by] not in options
    ]


class Schedule:
    """When the next write may start, given the writes so far. Pure arithmetic on moments."""

    def __init__(
        self,
        limits: Sequence[Limit],
        history: Iterable[tuple[dt.datetime, tuple[str, ...]]] = (),
        calls: Iterable[tuple[dt.datetime, tuple[str, ...]]] = (),
    ) -> None:
        """``history`` counts for all limits; ``calls`` only for those whose tag they carry."""
        self._limits = list(limits)
        self._times: dict[str, list[dt.datetime]] = {w.tag: [] for w in self._limits}
        for moment, tags in history:
            self._note(moment, tags)
        for moment, tags in calls:
            for tag in tags:
                self._times.get(tag, []).append(moment)
        for times in self._times.values():
            times.sort()

    def _note(self, moment: dt.datetime, tags: Sequence[str]) -> None:
        for tag, times in self._times.items():
            if not tag or tag in tags:
                times.append(moment)

    def peek(self, now: dt.datetime, tags: Sequence[str] = ()) -> tuple[dt.datetime, str]:
        """The earliest moment for one more write with these tags, and the limit that decides it."""
        moment, why = now, ""
        for window in self._limits:
            times = self._times[window.tag]
            if window.tag and window.tag not in tags:
                continue
            free = window.free(times, moment)
            if free > moment:
                moment, why = free, window.name
        return moment, why

    def take(self, now: dt.datetime, tags: Sequence[str] = ()) -> tuple[dt.datetime, str]:
        """Book one write at the earliest moment and return it with the limit that decided it."""
        moment, why = self.peek(now, tags)
        self._note(moment, tags)
        return moment, why


LOOK_BACK = dt.timedelta(days=32)
"""How far back the ledger is read for windows; no row has a longer one."""
