"""Lanes: waves, breaker, throttling, unknown outcomes and pace, on a virtual clock."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stage import NOON, Stage, row_of

from publisher.errors import (
    AuthFailed,
    OutcomeUnknown,
    QuotaExhausted,
    Rejected,
    Throttled,
    Transient,
)
from publisher.ledger.records import IntentState
from publisher.listing import Missing
from publisher.plan import Word
from publisher.row import Verb

Make = Callable[..., Stage]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Stage] = []

    def build(**more: Any) -> Stage:
        options = more.pop("options", {})
        made.append(Stage(tmp_path, row_of(**more), **options))
        return made[-1]

    yield build
    for stage in made:
        stage.ledger.close()


def test_everything_goes_once_and_is_bound(make: Make) -> None:
    stage = make()
    lane = stage.lane(stage.plan(25))
    assert Counter(stage.words(lane).values()) == {"published": 25}
    assert set(stage.agency.there.values()) == {1}
    assert len(stage.ledger.bindings("memory")) == 25
    assert stage.agency.closed == stage.agency.sessions


def test_the_first_goes_alone_and_is_verified_before_the_rest(make: Make) -> None:
    stage = make(
        transport={"kind": "folder", "connections": 3, "absence": "proof"},
    )
    stage.agency.hidden = {"i00.jpg"}
    lane = stage.lane(stage.plan(25))
    assert len(stage.agency.created) == 1, "one item, not twenty-five"
    assert lane.problem is not None
    assert "not there as a whole" in lane.problem.sentence
    assert Counter(stage.words(lane).values()) == {"published": 1, "failed": 24}


def test_a_passing_fault_gets_a_new_intent_and_no_duplicate(make: Make) -> None:
    stage = make()
    stage.agency.before = [Transient("the line dropped"), Transient("again")]
    lane = stage.lane(stage.plan(1))
    assert stage.words(lane) == {"i00": "published"}
    assert stage.agency.there == {"i00.jpg": 1}
    kinds = [e.kind.value for e in stage.ledger.events(item="i00")]
    assert kinds.count("intent") == 3
    assert kinds.count("failure") == 2
    assert stage.clock.now() - NOON >= dt.timedelta(seconds=1.5)


def test_an_unclear_write_that_landed_is_found_and_not_repeated(make: Make) -> None:
    stage = make()
    stage.agency.after = [OutcomeUnknown("no answer came")]
    lane = stage.lane(stage.plan(3))
    assert set(stage.words(lane).values()) == {"published"}
    assert set(stage.agency.there.values()) == {1}


def test_an_unclear_write_that_cannot_be_seen_waits_for_a_person(make: Make) -> None:
    stage = make()
    stage.agency.after = [OutcomeUnknown("no answer came")]
    stage.agency.hidden = {"i00.jpg"}
    lane = stage.lane(stage.plan(1))
    assert stage.words(lane) == {"i00": "unknown"}
    outcome = lane.outcomes["i00"]
    assert outcome.error is not None
    assert outcome.error.exit_code == 6
    assert "publisher resolve i00 memory" in outcome.error.remedy
    again = stage.lane(stage.plan(1, Word.UNKNOWN))
    assert stage.words(again) == {"i00": "unknown"}, "it stays so until somebody answers"
    assert stage.agency.there == {"i00.jpg": 1}


def test_where_absence_is_examined_the_session_says_what_it_proves(make: Make) -> None:
    stage = make(transport={"kind": "folder", "absence": "examined"})
    stage.agency.before = [OutcomeUnknown("no answer came")]
    lane = stage.lane(stage.plan(1))
    assert stage.words(lane) == {"i00": "unknown"}
    for _ in range(2):
        again = stage.lane(stage.plan(1, Word.UNKNOWN))
        error = again.outcomes["i00"].error
        assert error is not None and error.sentence.endswith("arrived: the list moved")
        assert error.remedy.startswith("push again; or look there, then say: publisher resolve")
    stage.agency.proof = Missing(True, "it is not among them")
    final = stage.lane(stage.plan(1))
    assert stage.words(final) == {"i00": "published"}
    assert stage.agency.there == {"i00.jpg": 1} and stage.ledger.unsettled() == []


def test_a_list_that_cannot_be_read_leaves_it_unknown_and_says_why(make: Make) -> None:
    stage = make()
    stage.agency.after = [OutcomeUnknown("no answer came")]
    stage.agency.hidden = {"i00.jpg"}
    stage.lane(stage.plan(1))
    stage.agency.opening = [AuthFailed("nobody is signed in", remedy="sign in")]
    lane = stage.lane(stage.plan(2, Word.UNKNOWN))
    assert stage.words(lane) == {"i00": "unknown", "i01": "failed"}
    error = lane.outcomes["i00"].error
    assert error is not None and error.sentence.endswith("arrived: nobody is signed in")
    assert error.remedy.startswith("sign in; or look there")
    assert isinstance(lane.problem, AuthFailed) and stage.agency.there == {"i00.jpg": 1}


def test_a_bug_in_an_adapter_is_an_unknown_outcome(make: Make) -> None:
    stage = make()
    stage.agency.after = [KeyError("surprise")]
    stage.agency.hidden = {"i00.jpg"}
    lane = stage.lane(stage.plan(1))
    assert stage.words(lane) == {"i00": "unknown"}
    assert stage.ledger.unsettled("memory")[0].state is IntentState.UNKNOWN


def test_a_run_that_died_before_the_point_of_no_return_starts_over(make: Make) -> None:
    stage = make()
    plan = stage.plan(1)
    stage.ledger.open_intent(
        run=1, account="memory", item="i00", verb=Verb.CREATE, key="i00.jpg", fields={},
        files=(), tags=(), release="r", at=NOON,
    )  # fmt: skip
    lane = stage.lane(stage.plan(1, Word.UNKNOWN))
    assert stage.words(lane) == {"i00": "published"}
    assert stage.agency.there == {"i00.jpg": 1}
    assert plan.digest


@pytest.mark.parametrize("landed", [True, False])
def test_a_run_that_died_after_it_is_looked_up(make: Make, landed: bool) -> None:
    stage = make(transport={"kind": "folder", "absence": "proof"}, pace={"settle_seconds": 30})
    intent = stage.ledger.open_intent(
        run=1, account="memory", item="i00", verb=Verb.CREATE, key="i00.jpg",
        fields={"title": "i00"}, files=(), tags=(), release="r", at=NOON,
    )  # fmt: skip
    stage.ledger.sending(intent.id, NOON)
    if landed:
        stage.agency.there["i00.jpg"] = 1
    lane = stage.lane(stage.plan(1, Word.UNKNOWN))
    assert stage.words(lane) == {"i00": "published"}
    assert stage.agency.there == {"i00.jpg": 1}
    assert len(stage.agency.created) == (0 if landed else 1)
    assert stage.clock.now() >= NOON + dt.timedelta(seconds=30), "the settle time has passed"


def test_a_refused_item_does_not_stop_the_others(make: Make) -> None:
    stage = make()
    stage.agency.before = [None, Rejected("the title is too long"), None, Rejected("no")]
    lane = stage.lane(stage.plan(12))
    assert Counter(stage.words(lane).values()) == {"published": 10, "failed": 2}


def test_three_failures_of_one_kind_pause_the_account(make: Make) -> None:
    stage = make(transport={"kind": "folder", "connections": 1})
    stage.agency.before = [None, *[Rejected("the disk is full") for _ in range(30)]]
    lane = stage.lane(stage.plan(20))
    words = Counter(stage.words(lane).values())
    assert words == {"published": 1, "failed": 19}
    assert lane.problem is not None
    assert "paused after 3 failures" in lane.problem.sentence
    assert len(stage.agency.before) == 27, "only three were tried"


def test_a_wrong_password_stops_the_account_with_its_setup_notes(make: Make) -> None:
    stage = make(setup=["The password comes from the portal."])
    stage.agency.opening = [AuthFailed("the login was refused")]
    lane = stage.lane(stage.plan(4))
    assert set(stage.words(lane).values()) == {"failed"}
    assert lane.problem is not None
    assert lane.problem.exit_code == 7
    assert "comes from the portal" in lane.problem.remedy
    assert stage.agency.created == []


def test_too_many_connections_go_on_with_fewer(make: Make) -> None:
    stage = make()
    stage.agency.opening = [None, Throttled("too many connections", after=5)]
    lane = stage.lane(stage.plan(25))
    assert Counter(stage.words(lane).values()) == {"published": 25}
    assert set(stage.agency.there.values()) == {1}


def test_a_throttle_that_does_not_end_stops_the_account(make: Make) -> None:
    stage = make(transport={"kind": "folder", "connections": 1})
    stage.agency.before = [Throttled("slow down", after=5) for _ in range(50)]
    lane = stage.lane(stage.plan(2))
    assert set(stage.words(lane).values()) == {"failed"}
    assert isinstance(lane.problem, Throttled)


def test_pace_is_never_exceeded(make: Make) -> None:
    # One connection: the sleep of another thread would move the virtual clock between place and write.
    stage = make(pace={"per_minute": 4}, transport={"kind": "folder", "connections": 1})
    lane = stage.lane(stage.plan(13))
    assert Counter(stage.words(lane).values()) == {"published": 13}
    starts = sorted(moment for _, moment in stage.agency.created)
    for first in starts:
        inside = [s for s in starts if first <= s < first + dt.timedelta(minutes=1)]
        assert len(inside) <= 4


def test_what_is_over_quota_waits_with_a_date(make: Make) -> None:
    stage = make(pace={"per_day": 5})
    lane = stage.lane(stage.plan(8))
    assert Counter(stage.words(lane).values()) == {"published": 5, "waiting": 3}
    waiting = [o for o in lane.outcomes.values() if o.done.value == "waiting"]
    assert all(o.until == NOON + dt.timedelta(days=1) for o in waiting)
    assert lane.problem is None


def test_a_quota_that_the_site_reports_waits_as_well(make: Make) -> None:
    stage = make()
    until = NOON + dt.timedelta(days=2)
    stage.agency.before = [QuotaExhausted("enough for today", until=until)]
    lane = stage.lane(stage.plan(1))
    assert lane.outcomes["i00"].done.value == "waiting"
    assert lane.outcomes["i00"].until == until


def test_withdrawing_is_bound_to_nothing_afterwards(make: Make) -> None:
    stage = make()
    stage.lane(stage.plan(2))
    lane = stage.lane(stage.plan(2, Word.WITHDRAW, Verb.WITHDRAW))
    assert set(stage.words(lane).values()) == {"withdrawn"}
    assert stage.agency.there == {}
    assert stage.ledger.bindings("memory") == {}


def test_a_second_writer_is_turned_away(make: Make) -> None:
    stage = make()
    with stage.ledger.lock("memory", NOON):
        lane = stage.lane(stage.plan(2))
    assert set(stage.words(lane).values()) == {"failed"}
    assert type(lane.problem).__name__ == "Busy"
    assert stage.agency.created == []


BATCHES = {
    "can": ["check", "find", "list", "status", "stage", "create", "withdraw", "submit"],
    "cannot": {"update": "texts stay"},
}


def test_a_batch_is_handed_in_once(make: Make) -> None:
    stage = make(**BATCHES)
    lane = stage.lane(stage.plan(3))
    assert len(stage.agency.batches) == 1
    assert lane.tasks == ("send the CSV in",)
    assert stage.ledger.unsubmitted("memory") == []
    stage.lane(stage.plan(0))
    assert len(stage.agency.batches) == 1


@pytest.mark.parametrize("trouble", [OutcomeUnknown("no answer"), KeyError("surprise")])
def test_a_batch_that_went_wrong_is_made_again_by_the_next_run(
    make: Make, trouble: Exception
) -> None:
    stage = make(**BATCHES)
    stage.agency.batch_troubles = [trouble]
    first = stage.lane(stage.plan(3))
    assert first.problem is not None
    assert set(stage.words(first).values()) == {"published"}, "the files are there all the same"
    second = stage.lane(stage.plan(0))
    assert second.problem is None
    assert len(stage.agency.batches) == 1
    assert stage.ledger.unsubmitted("memory") == []


def test_a_plan_that_another_run_overtook_sends_nothing_twice(make: Make) -> None:
    stage = make()
    plan = stage.plan(3)
    stage.lane(plan)
    late = stage.lane(plan)
    assert set(stage.words(late).values()) == {"published"}
    assert set(stage.agency.there.values()) == {1}
    other = stage.plan(3)
    listing = other.listings["i00", "memory"]
    changed = {**other.listings, ("i00", "memory"): replace(listing, fields={"title": "new"})}
    later = stage.lane(replace(other, listings=changed))
    assert stage.words(later)["i00"] == "failed"
    assert set(stage.agency.there.values()) == {1}
