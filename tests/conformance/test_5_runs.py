"""Level 5, continued: what happens to whole runs: pace, clocks that jump, full disks, and kill -9.

The pace of a row is kept under a virtual clock, so that minutes cost nothing. A process is killed at every point of
a write; the next one asks, finishes and finds nothing more to do.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from forked import forking
from killed import POINTS, Order
from world import SETTLED, World, renamed, rowed

from publisher.errors import OutcomeUnknown, PublisherError, Rejected, Transient
from publisher.ledger.records import SentFile
from publisher.listing import File
from publisher.outcome import PushResult
from publisher.pacing import Schedule, pace_windows
from publisher.plan import Done
from publisher.row import Verb

FIRST = {Done.PUBLISHED, Done.PREPARED}
MINUTE = dt.timedelta(minutes=1)
HERE = Path(__file__).parent


def _busiest_minute(times: list[dt.datetime]) -> int:
    return max(sum(t <= other < t + MINUTE for other in times) for t in times)


def test_31_the_pace_is_kept_by_a_run(world: World, name: str) -> None:
    pace = world.row.pace.model_copy(update={"per_minute": 2})
    # One connection: sleeps of several threads would add up on a clock that only moves by them.
    options = {**world.account.options, "connections": 1}
    # What goes together is one write to the channel; here they go one by one.
    alone = rowed(world.account, pace=pace, batch=None)
    world.account = replace(alone, options=options)
    first = world.items(1)[0]
    items = tuple(renamed(first, f"n{n:02d}") for n in range(5))
    world.ws = replace(world.ws, items=items, accounts=(world.account,))
    start = world.clock.now()
    assert {o.done for o in world.push().outcomes} <= FIRST
    writes = world.ledger.writes_since(name, start, (Verb.CREATE,))
    times = [moment for moment, _ in writes]
    assert len(times) == 5 and _busiest_minute(times) <= 2
    assert world.clock.slept >= 119
    world.check_books()


def test_31_the_figure_of_the_row_is_kept(name: str, paper: World) -> None:
    limit = paper.row.pace.per_minute
    if limit is None:
        pytest.skip(f"{paper.row.title} names no figure a minute (seen {paper.row.pace.evidence})")
    schedule = Schedule(pace_windows(paper.row.pace))
    now = paper.clock.now()
    times = [now]
    for _ in range(3 * limit):
        times.append(schedule.take(times[-1])[0])
    assert _busiest_minute(times[1:]) <= limit


def _left_behind(world: World, *, landed: bool) -> None:
    """The ledger as a killed process leaves it: past the point of no return, without an answer."""
    item = world.ws.items[0]
    listing = world.listing(item)
    if landed:
        world.create(world.session_in(), listing)
    at = world.clock.now()
    run = world.ledger.begin_run("push", "x", at)
    intent = world.ledger.open_intent(
        run=run, account=world.name, item=item.id, verb=Verb.CREATE, key=listing.key,
        fields=dict(listing.fields), tags=(), release=world.ws.release, at=at,
        files=[SentFile(f.name, f.sha256, f.size) for f in world.files(listing)],
    )  # fmt: skip
    world.ledger.sending(intent.id, at)


@pytest.mark.parametrize("days", [-1, 40])
def test_29_the_clock_jumps_between_two_runs(world: World, name: str, days: int) -> None:
    world.ws = replace(world.ws, items=world.items(2), accounts=(world.account,))
    _left_behind(world, landed=True)
    world.clock.jump(dt.timedelta(days=days))
    result = world.push()
    if Verb.FIND not in world.row.can:
        # Nobody but a person can say what became of the first one, and so it is not sent again.
        first, second = result.outcomes
        assert first.done is Done.UNKNOWN and isinstance(first.error, OutcomeUnknown)
        assert "publisher resolve" in first.error.remedy and second.done in FIRST
        world.person_looks()
        result = world.push()
    assert {o.done for o in result.outcomes} <= {*FIRST, Done.UNCHANGED}, result.outcomes
    assert world.clock.longest <= 120, "a clock that went back must not stop the run for a day"
    assert world.plan().nothing_to_do
    world.check_books()


@contextmanager
def _full_disk() -> Iterator[None]:
    """No file of this process may grow over 50 kB: what a full disk does, without filling one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_27_our_own_disk_is_full(world: World, name: str) -> None:
    if world.row.transport.kind != "folder":
        pytest.skip(f"{world.row.title} keeps its files there; disk_full is a fault of its sandbox")
    listing = world.listings(1)[0]
    files: list[File] = world.files(listing)
    assert files
    with _full_disk(), pytest.raises(PublisherError) as caught:
        world.create(world.session_in(), listing)
    assert type(caught.value) in (Rejected, Transient)
    assert world.session_in().find(listing.key) is None
    assert world.create(world.session_in(), listing).remote.key == listing.key


@pytest.fixture(scope="module")
def doomed() -> Iterator[subprocess.Popen[str]]:
    """The process whose children are killed."""
    with forking(HERE / "killed.py", [HERE]) as process:
        yield process


def _publish_and_die(world: World, doomed: subprocess.Popen[str], point: str) -> int:
    order = Order(
        project=str(world.ws.folder),
        folder=str(world.folder),
        account=world.name,
        items=[i.id for i in world.ws.items],
        overrides=world.settings,
        now=world.clock.now().isoformat(),
        point=point,
    )
    assert doomed.stdin is not None and doomed.stdout is not None
    doomed.stdin.write(json.dumps(asdict(order)) + "\n")
    doomed.stdin.flush()
    answer = doomed.stdout.readline()
    assert answer, "the process that forks is gone"
    return int(answer)


def _after_the_kill(world: World) -> PushResult:
    world.clock.sleep(SETTLED)
    world.reopen_ledger()
    return world.push()


@pytest.mark.parametrize("point", POINTS)
def test_29_killed_at_any_point_the_next_run_ends_settled(
    world: World, kind: str, point: str, doomed: subprocess.Popen[str]
) -> None:
    world.ws = replace(world.ws, items=world.items(2), accounts=(world.account,))
    needed = {"staged": Verb.STAGE, "submitting": Verb.SUBMIT, "submitted": Verb.SUBMIT}.get(point)
    if needed is not None and needed not in world.row.can:
        pytest.skip(f"{world.row.title}: {world.row.cannot[needed]}")
    world.offer_sources()
    world.ledger.close()
    status = _publish_and_die(world, doomed, point)
    assert status == signal.SIGKILL, f"the run came to its end: {status}"
    result = _after_the_kill(world)
    assert {o.done for o in result.outcomes} <= {*FIRST, Done.UNCHANGED}, result.outcomes
    assert result.problems == {}
    assert world.ledger.unsettled() == []
    assert world.plan().nothing_to_do
    world.check_books()
