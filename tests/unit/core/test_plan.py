"""The plan: words, digest, diff and guards."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.diff import changes
from publisher.documents import plan_document
from publisher.guards import Guard, guards
from publisher.listing import Because, Change, Finding, Level, canonical_json
from publisher.plan import AccountPlan, Confidence, Plan, PlanItem, Submission, Word
from publisher.row import Verb

names = st.text("abcdefgh-0123456789", min_size=1, max_size=8)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.text(max_size=12),
    st.tuples(st.text(max_size=4)),
)
fields = st.dictionaries(names, values, max_size=6)
words = st.sampled_from(list(Word))
items = st.builds(
    PlanItem,
    item=names,
    account=st.sampled_from(["a", "b", "c"]),
    word=words,
    changes=st.lists(st.builds(Change, names, values, values), max_size=3).map(tuple),
    remote=names,
    key=names,
    mark=names,
)


def plan_of(*pairs: PlanItem, release: str = "r") -> Plan:
    accounts = tuple(
        AccountPlan(a, a, a, "transfer", Confidence.OFFLINE)
        for a in sorted({p.account for p in pairs})
    )
    return Plan(release, tuple(pairs), accounts)


@given(fields, fields)
def test_applying_the_changes_leaves_nothing_to_change(wanted: dict, applied: dict) -> None:
    found = changes(wanted, applied)
    after = {**applied, **{c.field: c.new for c in found}}
    assert changes(wanted, after) == []
    assert {c.field for c in found} <= set(wanted)


@given(fields)
def test_absent_is_not_ours_and_null_clears(applied: dict) -> None:
    assert changes({}, applied) == []
    cleared = changes(dict.fromkeys(applied), applied)
    assert {c.field for c in cleared} == {k for k, v in applied.items() if v is not None}
    assert all(c.new is None for c in cleared)


def test_true_and_one_and_the_text_are_three_values() -> None:
    assert changes({"f": True}, {"f": 1})
    assert changes({"f": "1"}, {"f": 1})
    assert changes({"f": ("a",)}, {"f": "a"})


@given(st.lists(items, max_size=12, unique_by=lambda i: (i.item, i.account)), st.randoms())
def test_the_digest_does_not_depend_on_the_order(pairs: list[PlanItem], chance) -> None:
    mixed = list(pairs)
    chance.shuffle(mixed)
    assert plan_of(*pairs).digest == plan_of(*mixed).digest


@given(items, st.sampled_from(["word", "key", "mark", "remote"]))
def test_the_digest_covers_what_a_push_would_do(pair: PlanItem, field: str) -> None:
    before = plan_of(pair).digest
    if field == "word":
        other = replace(pair, word=next(w for w in Word if w is not pair.word))
    else:
        other = replace(pair, **{field: getattr(pair, field) + "x"})
    assert plan_of(other).digest != before


def test_the_digest_leaves_out_what_merely_passes() -> None:
    pair = PlanItem("i", "a", Word.WAITING, until=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    later = replace(pair, until=dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    noted = Plan("r", (later,), (), (Finding(Level.NOTICE, "n"),))
    assert Plan("r", (pair,), ()).digest == noted.digest


@given(st.lists(items, max_size=20, unique_by=lambda i: (i.item, i.account)))
def test_the_document_adds_up(pairs: list[PlanItem]) -> None:
    document = plan_document(plan_of(*pairs))
    assert sum(document["counts"].values()) == document["pairs"] == len(pairs)
    assert sum(sum(a["counts"].values()) for a in document["accounts"]) == len(pairs)
    assert json.loads(json.dumps(document)) == document


@given(fields)
def test_canonical_json_is_one_spelling(value: dict) -> None:
    backwards = dict(reversed(list(value.items())))
    assert canonical_json(value) == canonical_json(backwards)


def test_a_submission_is_something_to_do() -> None:
    plan = replace(
        plan_of(PlanItem("i", "a", Word.UNCHANGED)), submissions=(Submission("a", ("i",), "d"),)
    )
    assert not plan.nothing_to_do
    assert plan_of(PlanItem("i", "a", Word.HELD)).nothing_to_do


def many(word: Word, count: int) -> list[PlanItem]:
    return [PlanItem(f"i{n}", "shop", word, verb=Verb.UPDATE) for n in range(count)]


@pytest.mark.parametrize(
    ("word", "count", "bound", "trips"),
    [
        (Word.WITHDRAW, 1, 10, []),
        (Word.WITHDRAW, 2, 10, [Guard.WITHDRAWALS]),
        (Word.WITHDRAW, 9, 9, []),
        (Word.UPDATE, 3, 10, []),
        (Word.UPDATE, 4, 10, [Guard.UPDATES]),
        (Word.CREATE, 100, 10, []),
    ],
)
def test_guards_on_shares(word: Word, count: int, bound: int, trips: list[Guard]) -> None:
    assert [t.guard for t in guards(plan_of(*many(word, count)), {"shop": bound})] == trips


@pytest.mark.parametrize(
    ("old", "new", "trips"),
    [
        ("10.00 EUR", "14.00 EUR", []),
        ("10.00 EUR", "14.01 EUR", [Guard.PRICE_CHANGE]),
        ("10.00 EUR", "5.99 EUR", [Guard.PRICE_CHANGE]),
        ("10.00 EUR", "0 EUR", [Guard.PRICE_ZERO]),
        (None, "9.00 EUR", []),
        (None, "-1 EUR", [Guard.PRICE_ZERO]),
    ],
)
def test_guards_on_prices(old: str | None, new: str, trips: list[Guard]) -> None:
    change = Change("price.standard", old, new)
    pair = PlanItem("i", "shop", Word.UPDATE, (Because("r", "t"),), (change,))
    assert [t.guard for t in guards(plan_of(pair), {"shop": 1})] == trips
