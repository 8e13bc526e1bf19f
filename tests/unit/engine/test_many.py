"""Writes that go together: one call, one intent each, and a word for every pair whatever happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stage import Stage, row_of

from publisher.errors import AuthFailed, OutcomeUnknown, Throttled, Transient
from publisher.ledger.records import IntentState
from publisher.plan import Word
from publisher.row import Verb

Make = Callable[..., Stage]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Stage] = []

    def build(**batch: int) -> Stage:
        made.append(Stage(tmp_path, row_of(batch=batch or {"min": 2, "max": 10})))
        return made[-1]

    yield build
    for stage in made:
        stage.ledger.close()


def test_the_first_goes_alone_and_the_rest_in_portions(make: Make) -> None:
    stage = make()
    lane = stage.lane(stage.plan(25))
    assert Counter(stage.words(lane).values()) == {"published": 25}
    assert [key for key, _ in stage.agency.created] == ["i00.jpg"]
    assert [len(c) for c in stage.agency.calls] == [10, 10, 4]
    assert set(stage.agency.there.values()) == {1}
    assert len(stage.ledger.bindings("memory")) == 25
    assert stage.ledger.unsettled() == []


def test_fewer_than_the_minimum_go_one_by_one(make: Make) -> None:
    stage = make(min=30, max=100)
    stage.lane(stage.plan(25))
    assert stage.agency.calls == []
    assert len(stage.agency.created) == 25


def test_a_channel_that_always_takes_all_at_once_gets_one_call(make: Make) -> None:
    stage = make(min=1, max=100)
    stage.lane(stage.plan(25))
    assert [len(c) for c in stage.agency.calls] == [25]
    assert stage.agency.created == []


def test_a_refused_write_ends_its_own_pair_only(make: Make) -> None:
    stage = make(min=1, max=100)
    stage.agency.refused = {"i03.jpg", "i07.jpg"}
    lane = stage.lane(stage.plan(10))
    words = stage.words(lane)
    assert Counter(words.values()) == {"published": 8, "failed": 2}
    assert {words["i03"], words["i07"]} == {"failed"}


def test_a_cut_line_in_the_middle_is_asked_for_in_one_look(make: Make) -> None:
    stage = make(min=1, max=100)
    stage.agency.many_lost = 4
    lane = stage.lane(stage.plan(20))
    assert Counter(stage.words(lane).values()) == {"published": 20}
    assert set(stage.agency.there.values()) == {1}, "nothing was sent again"
    assert len(stage.agency.calls) == 1
    assert stage.agency.asked == [16]


def test_what_surely_did_not_land_gets_a_new_intent(make: Make) -> None:
    stage = make(min=1, max=100)
    stage.agency.many_before = [Transient("no line"), Throttled("slow down", after=7.0)]
    lane = stage.lane(stage.plan(5))
    assert Counter(stage.words(lane).values()) == {"published": 5}
    assert set(stage.agency.there.values()) == {1}
    kinds = [e.kind.value for e in stage.ledger.events(item="i00")]
    assert kinds.count("intent") == 3
    assert kinds.count("failure") == 2


def test_lost_and_not_to_be_told_stays_unknown(make: Make) -> None:
    stage = make(min=1, max=100)
    stage.agency.many_lost = 2
    stage.agency.hidden = {"i00.jpg"}
    lane = stage.lane(stage.plan(6))
    words = stage.words(lane)
    assert words["i00"] == "unknown", "absence proves nothing at this channel"
    assert Counter(words.values()) == {"published": 5, "unknown": 1}
    (left,) = stage.ledger.unsettled()
    assert left.state is IntentState.UNKNOWN
    stage.agency.hidden = set()
    again = stage.lane(stage.plan(6))
    assert set(stage.agency.there.values()) == {1}
    assert set(stage.words(again).values()) == {"published"}


def test_an_account_that_is_shut_out_stops_and_every_pair_has_a_word(make: Make) -> None:
    stage = make(min=1, max=10)
    stage.agency.many_before = [None, AuthFailed("the key was taken back")]
    lane = stage.lane(stage.plan(25))
    assert Counter(stage.words(lane).values()) == {"published": 10, "failed": 15}
    assert isinstance(lane.problem, AuthFailed)
    assert stage.ledger.unsettled() == []


def test_a_bug_in_an_adapter_says_nothing_about_the_other_side(make: Make) -> None:
    stage = make(min=1, max=100)
    stage.agency.many_before = [ZeroDivisionError("a bug")]
    lane = stage.lane(stage.plan(3))
    assert set(stage.words(lane).values()) == {"unknown"}
    assert [i.state for i in stage.ledger.unsettled()] == [IntentState.UNKNOWN] * 3


def test_a_killed_batch_is_settled_with_one_look_at_the_next_run(make: Make) -> None:
    stage = make(min=1, max=100)

    class Killed(BaseException):
        pass

    stage.agency.many_before = [Killed()]  # type: ignore[list-item]
    with pytest.raises(Killed):
        stage.lane(stage.plan(8))
    opened = stage.ledger.unsettled()
    assert len(opened) == 8
    for intent in opened[:5]:
        stage.ledger.sending(intent.id, stage.clock.now())
        stage.agency.there[intent.key] = 1
    lane = stage.lane(stage.plan(8))
    assert Counter(stage.words(lane).values()) == {"published": 8}
    assert set(stage.agency.there.values()) == {1}
    assert stage.agency.asked == [5], "what was never sent needs no question"
    assert [len(c) for c in stage.agency.calls] == [3]


def test_what_lies_there_is_known_to_the_next_session(make: Make) -> None:
    stage = make(min=1, max=100)
    lane = stage.lane(stage.plan(2))
    assert lane.problem is None
    binding = stage.ledger.binding("memory", "i01")
    assert binding is not None
    assert binding.fields["remote.held"] == (f"{'0' * 64}=place-of-i01.jpg",)
    seen = []

    def look(fresh: object) -> None:
        seen.append(fresh._holdings.place("0" * 64))  # type: ignore[attr-defined]

    stage.lane(stage.plan(0), look)
    assert seen == ["place-of-i01.jpg"]


def test_withdrawals_go_together_too(make: Make) -> None:
    stage = make(min=1, max=100)
    stage.lane(stage.plan(4))
    lane = stage.lane(stage.plan(4, Word.WITHDRAW, Verb.WITHDRAW))
    assert set(stage.words(lane).values()) == {"withdrawn"}
    assert stage.agency.there == {}
    assert stage.ledger.bindings("memory") == {}


def test_a_stop_before_the_call_writes_nothing(make: Make) -> None:
    stage = make(min=1, max=100)

    def stopped(lane: object) -> None:
        lane.desk.stop.set()  # type: ignore[attr-defined]

    lane = stage.lane(stage.plan(4), stopped)
    assert set(stage.words(lane).values()) == {"failed"}
    assert stage.agency.calls == []


def test_unknown_of_a_whole_batch_is_asked_for(make: Make) -> None:
    stage = make(min=1, max=100)
    stage.agency.many_before = [OutcomeUnknown("no answer at all")]
    lane = stage.lane(stage.plan(3))
    assert set(stage.words(lane).values()) == {"unknown"}
    assert stage.agency.asked == [3]
