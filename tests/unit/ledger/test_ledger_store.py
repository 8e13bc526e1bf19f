"""What each method of the ledger does to intents, bindings and events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.errors import Conflict
from publisher.ledger import Event, EventKind, Intent, IntentState, Ledger, SentFile, fold
from publisher.listing import Remote, Status
from publisher.row import Verb

Opener = Callable[..., Intent]
LATER = dt.timedelta(minutes=5)


def remote(status: Status = Status.UPLOADED, id: str = "r-1") -> Remote:
    return Remote(id, "glass-001.jpg", status, f"https://stock.example/{id}" if id else "")


def kinds(events: list[Event]) -> list[EventKind]:
    return [event.kind for event in events]


def confirm(ledger: Ledger, intent: Intent, noon: dt.datetime, **more: object) -> object:
    given: dict[str, object] = {"remote": remote(), "tasks": (), "prepared": False, "at": noon}
    return ledger.confirm(intent.id, **{**given, **more})  # type: ignore[arg-type]


def test_a_create_is_recorded_from_intent_to_binding(
    ledger: Ledger, intend: Opener, place: Path, noon: dt.datetime
) -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    intent = intend(at=noon.astimezone(zone))
    assert (intent.attempt, intent.state, intent.at) == (1, IntentState.INTENT, noon)
    assert intent.at.tzinfo is dt.UTC
    ledger.sending(intent.id, noon + LATER)
    ledger.sending(intent.id, noon + LATER)
    binding = confirm(ledger, intent, noon, tasks=["Upload the CSV", "Upload the CSV"])
    assert kinds(ledger.events()) == [EventKind.INTENT, EventKind.SENT, EventKind.RECEIPT]
    with Ledger.open(place) as again:
        assert again.binding("stock", "glass-001") == binding
        assert again.bindings("stock") == fold(again.events())
        assert again.unsettled() == []
        known = again.binding("stock", "glass-001")
    assert known is not None
    assert known.fields == {"title": "Dunes", "keywords": ("a", "b"), "ai": True, "category": 8}
    assert known.fields["ai"] is True
    assert known.files == (SentFile("glass-001.jpg", "ab" * 32, 1234),)
    assert (known.tasks, known.submitted, known.at) == (("Upload the CSV",), "", noon)


def test_a_pair_has_one_open_intent(ledger: Ledger, intend: Opener, noon: dt.datetime) -> None:
    first = intend()
    with pytest.raises(Conflict, match="glass-001 on stock"):
        intend(verb=Verb.UPDATE)
    intend("glass-002")
    intend(account="other")
    ledger.unknown(first.id, "line broke", noon)
    with pytest.raises(Conflict):
        intend()
    assert [i.state for i in ledger.unsettled("stock")] == [
        IntentState.UNKNOWN,
        IntentState.INTENT,
    ]
    ledger.settle(first.id, found=None, at=noon, by="find")
    second = intend()
    assert second.attempt == 2
    assert intend("glass-009").attempt == 1


def test_a_settled_intent_stays_settled(ledger: Ledger, intend: Opener, noon: dt.datetime) -> None:
    intent = intend()
    ledger.fail(intent.id, "refused", noon)
    head = ledger.head()
    for again in (
        lambda: confirm(ledger, intent, noon),
        lambda: ledger.fail(intent.id, "", noon),
        lambda: ledger.unknown(intent.id, "", noon),
        lambda: ledger.sending(intent.id, noon),
        lambda: ledger.settle(intent.id, found=remote(), at=noon, by="find"),
    ):
        with pytest.raises(Conflict, match="settled already: failed"):
            again()
    assert (ledger.head(), ledger.bindings()) == (head, {})


def test_an_update_lays_its_fields_over_the_old_ones(
    ledger: Ledger, intend: Opener, noon: dt.datetime
) -> None:
    confirm(ledger, intend(), noon, remote=remote(Status.LIVE), tasks=["Attach the release"])
    update = intend(verb=Verb.UPDATE, fields={"title": None, "price": "19.00"}, release="spring")
    confirm(ledger, update, noon + LATER, remote=Remote("", "glass-001.jpg"))
    now = ledger.binding("stock", "glass-001")
    assert now is not None
    assert now.fields == {
        "title": None,
        "price": "19.00",
        "keywords": ("a", "b"),
        "ai": True,
        "category": 8,
    }
    assert (now.remote_id, now.url, now.status) == ("r-1", "https://stock.example/r-1", Status.LIVE)
    assert (now.release, now.at) == ("spring", noon + LATER)
    assert now.tasks == ("Attach the release",)
    assert now.files[0].size == 1234
    old = ledger.events()[-1].data["old"]
    assert old["fields"]["title"] == "Dunes"
    swap = intend(verb=Verb.UPDATE, fields={}, files=[SentFile("b.jpg", "cd" * 32, 9)])
    confirm(ledger, swap, noon)
    replaced = ledger.binding("stock", "glass-001")
    assert replaced is not None
    assert [f.name for f in replaced.files] == ["b.jpg"]


def test_a_withdrawal_removes_the_binding_and_keeps_it_in_the_event(
    ledger: Ledger, intend: Opener, noon: dt.datetime
) -> None:
    confirm(ledger, intend(), noon)
    ask = intend(verb=Verb.WITHDRAW)
    waiting = confirm(ledger, ask, noon, prepared=True, tasks=["Delete r-1 there"])
    assert waiting is not None
    known = ledger.binding("stock", "glass-001")
    assert known is not None
    assert (known.prepared, known.tasks) == (True, ("Delete r-1 there",))
    assert confirm(ledger, intend(verb=Verb.WITHDRAW), noon) is None
    assert ledger.bindings() == fold(ledger.events()) == {}
    last = ledger.events(item="glass-001", limit=1)[0]
    assert (last.data["binding"], last.data["old"]["remote_id"]) == (None, "r-1")


def test_a_submission_marks_its_items(ledger: Ledger, intend: Opener, noon: dt.datetime) -> None:
    for name in ("a", "b", "c"):
        confirm(ledger, intend(name), noon, tasks=["Tick the AI box"])
    batch = intend("", Verb.SUBMIT, key="d1", fields={"items": ("a", "b", "nobody")})
    with pytest.raises(ValueError, match="confirm_submit"):
        confirm(ledger, batch, noon)
    ledger.confirm_submit(
        batch.id,
        items=("a", "b", "nobody"),
        digest="d1",
        tasks=["Upload the CSV"],
        at=noon,
        status=Status.SUBMITTED,
    )
    assert [b.item for b in ledger.unsubmitted("stock")] == ["c"]
    done = ledger.bindings()["stock", "a"]
    assert (done.submitted, done.status) == ("d1", Status.SUBMITTED)
    assert done.tasks == ("Tick the AI box", "Upload the CSV")
    assert ledger.bindings() == fold(ledger.events())
    assert kinds(ledger.events(item="a"))[-1] is EventKind.SUBMITTED
    confirm(ledger, intend("a", Verb.UPDATE, fields={}), noon)
    assert [b.item for b in ledger.unsubmitted("stock")] == ["a", "c"]


def test_settling_is_a_confirmation_or_a_failure(
    ledger: Ledger, intend: Opener, noon: dt.datetime
) -> None:
    lost = intend()
    ledger.sending(lost.id, noon)
    ledger.unknown(lost.id, "timeout", noon)
    binding = ledger.settle(lost.id, found=remote(), at=noon, by="find", note="found there")
    assert binding == ledger.binding("stock", "glass-001")
    assert ledger.events()[-1].data["by"] == "find"
    gone = intend("glass-002")
    assert ledger.settle(gone.id, found=None, at=noon, by="ana") is None
    assert kinds(ledger.events())[-1] is EventKind.RESOLVED
    assert ledger.bindings() == fold(ledger.events())
    settled = ledger.intent(gone.id)
    assert settled is not None
    assert settled.state is IntentState.FAILED


def test_adopt_observe_amend_and_release(ledger: Ledger, intend: Opener, noon: dt.datetime) -> None:
    there = {"run": 1, "account": "stock", "item": "old", "key": "old.jpg", "fields": {"t": "x"}}
    more = {"release": "winter", "at": noon}
    live = ledger.adopt(remote=remote(Status.LIVE), **there, **more)  # type: ignore[arg-type]
    assert (live.submitted, ledger.unsubmitted("stock")) == ("adopted", [])
    head = ledger.head()
    ledger.observe("stock", "old", Status.LIVE, noon)
    ledger.observe("stock", "nobody", Status.LIVE, noon)
    assert ledger.head() == head
    ledger.observe("stock", "old", Status.REJECTED, noon + LATER, "noise")
    said = ledger.events()[-1]
    assert (said.kind, said.data["reason"], said.data["was"]) == (
        EventKind.OBSERVED,
        "noise",
        "live",
    )
    ledger.amend("stock", "old", {"t": "y", "u": ("1",)}, noon, "ana")
    known = ledger.binding("stock", "old")
    assert known is not None
    assert (known.fields, known.status) == ({"t": "y", "u": ("1",)}, Status.REJECTED)
    assert ledger.bindings() == fold(ledger.events())
    ledger.release("stock", "old", noon, "ana looked")
    assert ledger.bindings() == fold(ledger.events()) == {}
    with pytest.raises(Conflict, match="Nothing is known"):
        ledger.release("stock", "old", noon, "")
    with pytest.raises(Conflict):
        ledger.amend("stock", "old", {}, noon, "ana")
    intend("old")
    with pytest.raises(Conflict, match="not settled"):
        ledger.adopt(remote=remote(Status.LIVE), **there, **more)  # type: ignore[arg-type]


def test_what_counts_for_pace_and_quotas(ledger: Ledger, intend: Opener, noon: dt.datetime) -> None:
    sent, failed, unsent, open_ = (intend(n, tags=(n,)) for n in ("a", "b", "c", "d"))
    ledger.sending(sent.id, noon + 3 * LATER)
    ledger.sending(failed.id, noon + LATER)
    ledger.fail(failed.id, "refused", noon + LATER)
    ledger.fail(unsent.id, "no such file", noon)
    intend("e", Verb.UPDATE)
    counted = ledger.writes_since("stock", noon, [Verb.CREATE])
    assert counted == [(noon, ("d",)), (noon + LATER, ("b",)), (noon + 3 * LATER, ("a",))]
    later = noon + dt.timedelta(microseconds=1)
    assert len(ledger.writes_since("stock", later, [Verb.CREATE, Verb.UPDATE])) == 2
    assert ledger.writes_since("other", noon, list(Verb)) == []
    assert open_.tags == ("d",)


def test_files_that_were_begun_are_remembered(
    ledger: Ledger, intend: Opener, noon: dt.datetime
) -> None:
    first = intend(files=[SentFile("x.jpg", "11" * 32, 5)])
    assert not ledger.began("stock", "x.jpg", "11" * 32, before=first.id)
    ledger.fail(first.id, "line broke", noon)
    second = intend(files=[SentFile("x.jpg", "22" * 32, 5)])
    assert ledger.began("stock", "x.jpg", "11" * 32)
    assert not ledger.began("other", "x.jpg", "11" * 32)
    assert not ledger.began("stock", "x.jpg", "33" * 32)
    assert ledger.last_sent("stock", "x.jpg") == "22" * 32
    assert ledger.last_sent("stock", "x.jpg", before=second.id) == "11" * 32
    assert ledger.last_sent("stock", "y.jpg") is None


def test_runs(ledger: Ledger, noon: dt.datetime) -> None:
    assert ledger.head() == 0
    assert not ledger.had_run("d1")
    run = ledger.begin_run("push", "d1", noon)
    assert ledger.had_run("d1")
    ledger.end_run(run, "done", noon + LATER)
    begun = ledger.begin_run("push", "d2", noon)
    first, second = ledger.runs()
    assert (first.outcome, first.ended_at, second.ended_at) == ("done", noon + LATER, None)
    assert kinds(ledger.events(run=run)) == [EventKind.RUN, EventKind.RUN]
    assert (ledger.head(), begun) == (3, 2)


def test_texts_are_redacted_and_cleaned(place: Path, intend: Opener, noon: dt.datetime) -> None:
    with Ledger.open(place, redact=lambda text: text.replace("hunter2", "***")) as filtered:
        fields = {"title": "hunter2", "keywords": ("a", "hunter2"), "none": None}
        intent = intend(fields=fields)
        filtered.unknown(intent.id, "530 hunter2 \udcff\0", noon)
        kept = filtered.unsettled()[0]
        assert kept.note == "530 *** \\udcff"
        filtered.settle(
            intent.id, found=Remote("1", "k", url="https://hunter2@x"), at=noon, by="find"
        )
        intent = filtered.open_intent(
            run=1, account="s", item="i", verb=Verb.CREATE, key="k", fields=fields, files=(),
            tags=(), release="", at=noon,
        )  # fmt: skip
        assert intent.fields == {"title": "***", "keywords": ("a", "***"), "none": None}
        assert filtered.bindings()["stock", "glass-001"].url == "https://***@x"


def test_naive_times_are_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="aware"):
        ledger.begin_run("push", "d", dt.datetime(2026, 1, 1))
    assert ledger.runs() == []


def test_writes_together_are_one_transaction(ledger: Ledger, noon: dt.datetime) -> None:
    def opened(item: str) -> Intent:
        return ledger.open_intent(
            run=1, account="shop", item=item, verb=Verb.CREATE, key=item, fields={}, files=(),
            tags=(), release="r", at=noon,
        )  # fmt: skip

    with ledger.together("shop"):
        opened("a")
        with pytest.raises(Conflict):
            opened("a")
        opened("b")
        assert ledger.unsettled() == [], "nobody else sees a part of it"
    assert [i.item for i in ledger.unsettled()] == ["a", "b"]

    with pytest.raises(ZeroDivisionError), ledger.together("shop"):
        opened("c")
        raise ZeroDivisionError
    assert [i.item for i in ledger.unsettled()] == ["a", "b"], "all of it or nothing"


def test_bindings_come_by_key_in_portions(
    ledger: Ledger, noon: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.ledger.reads.PORTION", 2)
    for number in (3, 1, 2, 5, 4):
        ledger.adopt(
            run=1, account="shop", item=f"i{number}", key=f"k{9 - number}",
            remote=Remote(f"r{number}", f"k{9 - number}"), fields={}, release="r", at=noon,
        )  # fmt: skip
    assert [b.key for b in ledger.bound_by_key("shop")] == ["k4", "k5", "k6", "k7", "k8"]
    assert list(ledger.bound_by_key("other")) == []
