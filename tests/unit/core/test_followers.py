"""Accounts that follow others: their order, what waits, what goes with its source, what a push may do anew."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import ConfigError
from publisher.followers import (
    after_followers,
    after_sources,
    check_followers,
    source_of,
    stages,
    waits_for_source,
    with_sources,
)
from publisher.ledger.records import Binding
from publisher.listing import Status
from publisher.manifest.item import Item, ItemKind
from publisher.observe import Account
from publisher.outcome import Outcome
from publisher.plan import AccountPlan, Confidence, Done, Plan, PlanItem, Word
from publisher.row import Row, Verb

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


class _Channel:
    def __init__(self, row: Row) -> None:
        self.row = row


def account(name: str, source: str = "none", follows: str = "", **row: Any) -> Account:
    data: dict[str, Any] = {
        "name": name,
        "title": name.title(),
        "mode": "api",
        "can": ["check", "find", "create", "update", "withdraw"],
        "cannot": dict.fromkeys(("list", "status", "stage", "submit"), "not here"),
        "transport": {"kind": "https"},
        "source": source,
        "rule": [],
    }
    channel: Any = _Channel(Row.model_validate(data | row))
    return Account(name, channel, {"follows": follows} if follows else {})


def item(name: str, kind: ItemKind = ItemKind.ASSET) -> Item:
    return Item(name, kind, "r", name, "", (), (), ())


def bound(account: str, item: str, status: Status = Status.LIVE, prepared: bool = False) -> Binding:
    fields = {"remote.download": f"https://files.example/{item}.zip"}
    return Binding(
        account, item, item, f"id-{item}", f"https://{account}.example/{item}", status, "r",
        fields, (), (), prepared, "", NOON,
    )  # fmt: skip


def pair(account: str, item: str, word: Word, remote: str = "") -> PlanItem:
    verb = {Word.CREATE: Verb.CREATE, Word.UPDATE: Verb.UPDATE}.get(word)
    return PlanItem(item, account, word, remote=remote, key=item, verb=verb)


SHOP = account("shop")
FEED = account("feed", "items", "shop")
PACKS = account("packs")
STORE = account("store", "bundles", "packs")


def test_followed_accounts_come_first_whatever_their_order() -> None:
    second = account("second", "items", "feed")
    found = [[a.name for a in stage] for stage in stages([second, FEED, SHOP, PACKS])]
    assert found == [["shop", "packs"], ["feed"], ["second"]]


def test_accounts_without_followers_are_one_stage() -> None:
    assert [len(s) for s in stages([SHOP, PACKS])] == [2]


def test_a_circle_is_named() -> None:
    one, two = account("one", "items", "two"), account("two", "items", "one")
    with pytest.raises(ConfigError, match="one -> two -> one"):
        stages([one, two])


def test_every_mistake_of_following_is_told_at_once() -> None:
    lost = account("lost", "items", "nobody")
    none = account("none", "items")
    vain = account("vain", "none", "shop")
    with pytest.raises(ConfigError) as error:
        check_followers([SHOP, lost, none, vain], {"shop": 1, "lost": 1, "none": 1, "vain": 1})
    text = "\n".join(error.value.problems)
    assert "follows 'nobody'" in text
    assert "accounts.none" in text
    assert "Vain has no use" in text
    check_followers([SHOP, FEED], {"shop": 1, "feed": 1})


def test_a_source_is_what_the_ledger_has_live() -> None:
    thing = item("a")
    assert source_of(FEED, thing, {}) is None
    live = {("shop", "a"): bound("shop", "a")}
    found = source_of(FEED, thing, live)
    assert found is not None
    assert found.url == "https://shop.example/a"
    assert found.fields["remote.download"] == "https://files.example/a.zip"
    for unfit in (bound("shop", "a", Status.UPLOADED), bound("shop", "a", prepared=True)):
        assert source_of(FEED, thing, {("shop", "a"): unfit}) is None


def test_only_bundles_need_an_archive() -> None:
    there = {("packs", "p"): bound("packs", "p")}
    assert source_of(STORE, item("p", ItemKind.BUNDLE), there) is not None
    assert source_of(STORE, item("p"), there) is None
    kept, _ = with_sources([PACKS, STORE], {"a": item("a")}, [pair("store", "a", Word.CREATE)], {})
    assert kept[0].word is Word.CREATE


@pytest.mark.parametrize(
    ("at_source", "expected"),
    [
        (Word.CREATE, Word.WAITING),
        (Word.UNKNOWN, Word.WAITING),
        (Word.WAITING, Word.WAITING),
        (Word.PREPARE, Word.WAITING),
        (Word.HELD, Word.HELD),
        (Word.DENIED, Word.HELD),
        (None, Word.WAITING),
    ],
)
def test_a_pair_waits_for_its_source_or_is_held_with_it(
    at_source: Word | None, expected: Word
) -> None:
    pairs = [pair("feed", "a", Word.CREATE)]
    if at_source is not None:
        pairs.insert(0, pair("shop", "a", at_source))
    kept, findings = with_sources([SHOP, FEED], {"a": item("a")}, pairs, {})
    assert kept[-1].word is expected
    assert kept[-1].verb is None
    assert "has to be live at shop first" in kept[-1].because[0].text
    assert findings == []


def test_an_entry_goes_when_its_source_went() -> None:
    pairs = [pair("feed", "a", Word.UNCHANGED, "id-a")]
    kept, findings = with_sources([SHOP, FEED], {"a": item("a")}, pairs, {})
    assert (kept[0].word, kept[0].verb) == (Word.WITHDRAW, Verb.WITHDRAW)
    assert findings[0].code == "source-gone"


def test_what_is_denied_or_held_is_left_alone() -> None:
    pairs = [pair("feed", "a", Word.DENIED), pair("feed", "b", Word.HELD)]
    kept, _ = with_sources([SHOP, FEED], {n: item(n) for n in "ab"}, pairs, {})
    assert kept == pairs


def _plan(*pairs: PlanItem) -> Plan:
    names = dict.fromkeys(p.account for p in pairs)
    accounts = tuple(AccountPlan(n, n, n, "api", Confidence.OFFLINE) for n in names)
    return Plan("r", pairs, accounts)


def test_a_push_does_anew_only_what_was_foreseen() -> None:
    (waiting,), _ = with_sources(
        [SHOP, FEED], {"a": item("a")}, [pair("feed", "a", Word.CREATE)], {}
    )
    assert waits_for_source(waiting)
    first = _plan(
        pair("shop", "a", Word.CREATE),
        pair("shop", "b", Word.UPDATE, "id-b"),
        pair("shop", "c", Word.UNCHANGED, "id-c"),
        waiting,
        pair("feed", "b", Word.UNCHANGED, "id-b"),
        pair("feed", "c", Word.UNCHANGED, "id-c"),
        pair("feed", "d", Word.HELD),
    )
    fresh = _plan(
        pair("feed", "a", Word.CREATE),
        pair("feed", "b", Word.UPDATE, "id-b"),
        pair("feed", "c", Word.UPDATE, "id-c"),
        pair("feed", "d", Word.CREATE),
        pair("feed", "e", Word.CREATE),
    )
    found = after_sources(first, fresh, [FEED])
    words = {p.item: p.word for p in found.items}
    assert words == {
        "a": Word.CREATE,
        "b": Word.UPDATE,
        "c": Word.UNCHANGED,
        "d": Word.HELD,
    }


@given(st.permutations(["shop", "feed", "packs", "store"]))
def test_no_account_is_lost_or_served_before_what_it_follows(order: list[str]) -> None:
    every = {a.name: a for a in (SHOP, FEED, PACKS, STORE)}
    found = [a.name for stage in stages([every[n] for n in order]) for a in stage]
    assert sorted(found) == sorted(order)
    assert found.index("shop") < found.index("feed")
    assert found.index("packs") < found.index("store")


def test_a_pack_for_a_person_follows_nobody() -> None:
    by_hand = account("by-hand", "items", "shop", mode="handoff")
    assert source_of(by_hand, item("a"), {("shop", "a"): bound("shop", "a")}) is None
    kept, _ = with_sources(
        [SHOP, by_hand], {"a": item("a")}, [pair("by-hand", "a", Word.PREPARE)], {}
    )
    assert kept[0] == replace(pair("by-hand", "a", Word.PREPARE))


def test_nothing_goes_while_somebody_points_to_it() -> None:
    gone = PlanItem("a", "packs", Word.WITHDRAW, key="a", verb=Verb.WITHDRAW)
    also = PlanItem("b", "packs", Word.WITHDRAW, key="b", verb=Verb.WITHDRAW)
    at_store = [
        Outcome(PlanItem(n, "store", Word.WITHDRAW, key=n, verb=Verb.WITHDRAW), done)
        for n, done in (("a", Done.FAILED), ("b", Done.WITHDRAWN))
    ]
    found = after_followers(_plan(gone, also), [PACKS, STORE], at_store)
    assert [p.word for p in found.items] == [Word.HELD, Word.WITHDRAW]
    assert "store still points to a at packs" in found.items[0].because[0].text
