"""Level 4: what was published is there, once, and a second plan has nothing to do.

The story of a release on one channel. It is published with real pictures; planning again finds nothing. The same
thing created twice is one thing there. An update touches what it names. Taking off what is gone does no harm. What
somebody else put there is never touched. A bad item does not spoil the batch. Whatever happens, the line is closed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from world import World, managed, renamed, reworded, rowed

from publisher.discovery import adapter
from publisher.errors import Conflict, PublisherError
from publisher.ledger.records import IntentState
from publisher.listing import Remote, Status
from publisher.media.studio import Studio
from publisher.observe import Account
from publisher.plan import Done, Word
from publisher.row import Mode, Verb
from publisher.standing import withdrawal_plan

FIRST = {Done.PUBLISHED, Done.PREPARED}


def _need(world: World, *verbs: Verb) -> None:
    for verb in verbs:
        if verb not in world.row.can:
            pytest.skip(f"{world.row.title}: {world.row.cannot[verb]}")


def test_18_what_was_created_is_found_again(world: World, name: str) -> None:
    _need(world, Verb.FIND)
    listing = world.listings(1)[0]
    receipt = world.create(world.session_in(), listing)
    found = world.session_in().find(listing.key, world.files(listing))
    assert found is not None
    assert (found.id, found.key) == (receipt.remote.id, listing.key)
    if found.fields and Verb.UPDATE not in world.row.can:
        # Nothing is compared with what cannot be changed: a list may show a part of it.
        assert managed(found).items() <= dict(listing.fields).items()
    elif found.fields:
        assert managed(found) == dict(listing.fields)
    else:
        assert found.size == sum(f.size for f in world.files(listing))


def test_19_after_a_push_a_second_plan_is_empty(world: World, name: str, studio: Studio) -> None:
    world.studio = studio
    world.ws = replace(world.ws, items=world.items(2))
    result = world.push()
    assert {o.done for o in world.ours(result)} <= FIRST
    assert not result.problems and result.exit_code == 0
    assert sum(result.counts().values()) == len(world.ws.items) * len(world.ws.accounts)
    world.check_books()
    assert world.ledger.unsettled() == []
    world.reopen_ledger()
    again = world.plan()
    assert again.nothing_to_do, again.counts()
    # What goes to one buyer alone is denied to everybody else, before and after.
    denied = {(o.planned.account, o.planned.item) for o in result.outcomes if o.done is Done.DENIED}
    assert name not in {account for account, _ in denied}
    for pair in again.items:
        expected = Word.DENIED if (pair.account, pair.item) in denied else Word.UNCHANGED
        assert pair.word is expected, pair
    before = world.tree()
    assert world.push(again).counts() == again.counts()
    assert world.tree() == before


def test_19_the_same_as_a_pack_for_a_person(world: World, name: str) -> None:
    if world.row.mode is Mode.HANDOFF:
        pytest.skip(f"{world.row.title} is a pack for a person already")
    pack = Account(name, adapter(world.row, Mode.HANDOFF), world.account.options)
    world.ws = replace(world.ws, accounts=(pack, world.neighbour))
    world.account = pack
    result = world.push()
    assert {o.done for o in world.ours(result)} == {Done.PREPARED}
    assert world.sandbox is not None and list(world.sandbox.landed()) == []
    assert world.plan().nothing_to_do


def test_20_created_twice_it_is_there_once(world: World, name: str) -> None:
    # Where no session can look, only the ledger knows, and never asks for the same twice (19, 26, 29).
    _need(world, Verb.FIND)
    listing = world.listings(1)[0]
    session = world.session_in()
    first = world.create(session, listing)
    for again in (session, world.session_in()):
        receipt = world.create(again, listing)
        assert receipt.remote.id == first.remote.id
    files = {f.name: (f.sha256, 1) for f in world.files(listing)}
    assert world.goods() == files
    if Verb.LIST in world.row.can:
        listed = [r.key for page in world.session_in().list() for r in page]
        assert len(listed) == len(set(listed)) == (len(files) if listing.key in files else 1)


def test_21_an_update_changes_what_it_names(world: World, name: str) -> None:
    _need(world, Verb.UPDATE, Verb.FIND)
    world.push()
    goods = world.goods()
    items = world.ws.items
    changed = reworded(items[0], title="Another title, which is long enough for every agency")
    world.ws = replace(world.ws, items=(changed, *items[1:]))
    plan = world.plan()
    (planned,) = plan.active(name)
    assert planned.word is Word.UPDATE and "title" in {c.field for c in planned.changes}
    before = world.session_in().find(world.listing(items[1]).key)
    result = world.push(plan)
    (outcome,) = [o for o in world.ours(result) if o.planned.item == changed.id]
    assert outcome.done in (Done.UPDATED, Done.PREPARED)
    after = world.session_in().find(planned.key)
    assert after is not None
    assert managed(after) == dict(plan.listings[changed.id, name].fields)
    assert world.session_in().find(world.listing(items[1]).key) == before
    kept = {n: v for n, v in world.goods().items() if n in goods and v[0] == goods[n][0]}
    assert all(count == 1 for _, count in kept.values())
    assert world.plan().nothing_to_do


def test_21_a_change_that_cannot_be_made_is_held_with_the_reason(world: World, name: str) -> None:
    if Verb.UPDATE in world.row.can:
        pytest.skip(f"{world.row.title} can update: see above")
    world.push()
    before = world.tree()
    items = world.ws.items
    changed = reworded(items[0], title="Another title, which is long enough for every agency")
    world.ws = replace(world.ws, items=(changed, *items[1:]))
    (pair,) = [p for p in world.plan().items if (p.item, p.account) == (changed.id, name)]
    assert pair.word is Word.HELD
    assert world.row.cannot[Verb.UPDATE] in {b.text for b in pair.because}
    world.ws = replace(world.ws, accounts=(world.account,))
    world.push()
    assert world.tree() == before


def test_22_withdrawn_twice_is_no_error(world: World, name: str) -> None:
    _need(world, Verb.WITHDRAW)
    listing, other = world.listings(2)
    session = world.session_in()
    receipt = world.create(session, listing)
    world.create(session, other)
    for _ in range(2):
        gone = world.session_in().withdraw(receipt.remote)
        assert gone.remote.status is Status.GONE
    assert world.session_in().withdraw(Remote("never", "never")).remote.status is Status.GONE
    found = world.session_in().find(listing.key)
    assert found is None or found.status is Status.GONE
    kept = world.session_in().find(other.key, world.files(other))
    assert kept is not None and kept.status in (Status.LIVE, Status.PREPARED, Status.UPLOADED)


def test_22_a_withdrawal_goes_through_the_ledger(world: World, name: str) -> None:
    world.push()
    item = world.ws.items[0].id
    narrow = replace(world.ws, accounts=(world.account,))
    plan = withdrawal_plan(narrow, world.ledger, [item])
    (pair,) = plan.items
    if Verb.WITHDRAW not in world.row.can:
        assert pair.word is Word.HELD
        assert world.row.cannot[Verb.WITHDRAW] in pair.because[0].text
        pytest.skip(f"{world.row.title}: {world.row.cannot[Verb.WITHDRAW]}")
    result = world.push(plan)
    assert [o.done for o in result.outcomes] == [Done.WITHDRAWN]
    assert world.ledger.binding(name, item) is None
    assert withdrawal_plan(narrow, world.ledger, [world.ws.items[1].id]).active()


def _foreign(world: World) -> dict[str, str]:
    """Another seller, or we before we lost the ledger, put something in the place."""
    own = world.items(1)[0]
    theirs = world.listing(reworded(own, title="Somebody else's title, which is a long one"))
    world.create(world.session_in(), theirs)
    world.told.began.clear()
    return dict(world.tree())


def test_23_what_is_not_ours_is_not_touched(world: World, name: str) -> None:
    before = _foreign(world)
    world.ws = replace(world.ws, accounts=(world.account,))
    listing = world.listing(world.items(1)[0])
    if Verb.FIND not in world.row.can:
        theirs = {(e.key, e.sha256, e.count) for e in world.landed() if e.fields}
        assert {o.done for o in world.ours(world.push())} <= FIRST
        assert theirs < {(e.key, e.sha256, e.count) for e in world.landed() if e.fields}
        pytest.skip(f"{world.row.title}: {world.row.cannot[Verb.FIND]}")
    with pytest.raises(Conflict) as caught:
        world.create(world.session_in(), listing)
    assert caught.value.remedy
    assert world.tree() == before
    result = world.push()
    first, *others = world.ours(result)
    assert first.done is Done.FAILED and isinstance(first.error, Conflict)
    assert {o.done for o in others} <= FIRST
    after = world.tree()
    assert {p: after.get(p) for p in before if "books" not in p} == {
        p: d for p, d in before.items() if "books" not in p
    }


def test_24_adopting_writes_nothing_there(world: World, name: str) -> None:
    _need(world, Verb.FIND)
    before = _foreign(world)
    landed = list(world.landed())
    listing = world.listing(world.items(1)[0])
    found = world.session_in().find(listing.key)
    assert found is not None
    world.ledger.adopt(
        run=0,
        account=name,
        item=listing.item,
        key=listing.key,
        remote=found,
        fields=dict(listing.fields),
        release=world.ws.release,
        at=world.clock.now(),
    )
    world.ws = replace(world.ws, items=world.items(1), accounts=(world.account,))
    assert [p.word for p in world.plan().items] == [Word.UNCHANGED]
    assert world.tree() == before
    assert list(world.landed()) == landed


def test_25_a_bad_item_does_not_spoil_the_batch(world: World, name: str) -> None:
    bad = world.ws.items[1]
    shared = {r.name for i in world.ws.items if i != bad for r in world.listing(i).files}
    own = {r.name for r in world.listing(bad).files} - shared
    world.studio.broken = {n.partition(".")[0] for n in own}
    result = world.push()
    by_item = {o.planned.item: o for o in world.ours(result)}
    failed = by_item.pop(bad.id)
    assert failed.done is Done.FAILED and failed.error is not None and failed.error.sentence
    assert {o.done for o in by_item.values()} <= FIRST
    assert all(o.remote for o in by_item.values())
    assert {i for _, i in world.ledger.bindings(name)} == set(by_item)
    world.check_books()
    world.studio.broken = set()
    assert [p.item for p in world.plan().active(name)] == [bad.id]
    world.push()
    assert world.plan().nothing_to_do
    world.check_books()


def _eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def test_26_the_line_is_closed_after_a_push(world: World, name: str) -> None:
    if world.proxy is None:
        pytest.skip(f"{world.row.title} is a folder on this machine: there is no line to close")
    proxy = world.proxy
    world.push()
    assert proxy.accepted > 0
    assert _eventually(lambda: proxy.open_lines == 0)


def test_26_the_line_is_closed_after_an_error(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = world.channel.SessionType
    opened: list[Any] = []
    closed: list[Any] = []
    begin, end = kind.__init__, kind.close

    def opening(self: Any, *given: Any) -> None:
        opened.append(self)
        begin(self, *given)

    def closing(self: Any) -> None:
        closed.append(self)
        end(self)

    def failing(self: Any, *_: Any, **__: Any) -> None:
        raise RuntimeError("a mistake in the adapter")

    monkeypatch.setattr(kind, "__init__", opening)
    monkeypatch.setattr(kind, "close", closing)
    for write in ("create", "write_many"):
        monkeypatch.setattr(kind, write, failing)
    world.ws = replace(world.ws, accounts=(world.account,))
    result = world.push()
    assert Done.PUBLISHED not in {o.done for o in result.outcomes}
    assert all(o.error is None or isinstance(o.error, PublisherError) for o in result.outcomes)
    assert {id(s) for s in opened} == {id(s) for s in closed} != set()
    for session in opened:
        session.close()
    if world.proxy is not None:
        proxy = world.proxy
        assert _eventually(lambda: proxy.open_lines == 0)


def test_26_a_mistake_in_the_adapter_is_never_taken_for_a_refusal(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = world.channel.SessionType
    create = kind.create

    def created_and_stumbled(self: Any, *given: Any) -> Any:
        create(self, *given)
        raise RuntimeError("a mistake in the adapter, after the write")

    def many_and_stumbled(self: Any, *given: Any) -> Any:
        list(many(self, *given))
        raise RuntimeError("a mistake in the adapter, after the writes")

    many = kind.write_many
    world.ws = replace(world.ws, items=world.items(1), accounts=(world.account,))
    monkeypatch.setattr(kind, "create", created_and_stumbled)
    monkeypatch.setattr(kind, "write_many", many_and_stumbled)
    (outcome,) = world.push().outcomes
    assert outcome.done in {*FIRST, Done.UNKNOWN}
    states = [i.state for i in world.ledger.unsettled(name)]
    assert states in ([], [IntentState.UNKNOWN])
    monkeypatch.setattr(kind, "create", create)
    monkeypatch.setattr(kind, "write_many", many)
    world.clock.sleep(3600)
    world.push()
    world.person_looks()
    world.check_books()
    assert world.plan().nothing_to_do


def test_every_name_is_one_item(world: World, name: str) -> None:
    first = world.items(1)[0]
    clashing = (renamed(first, "Same"), renamed(first, "same"))
    world.account = rowed(world.account)
    world.ws = replace(world.ws, items=clashing, accounts=(world.account,))
    words = [p.word for p in world.plan().items]
    keys = {p.key.casefold() for p in world.plan().items}
    assert len(keys) == 2 or words.count(Word.HELD) == 1
