"""Level 5: the line breaks at every place, and still nothing is there twice and nothing is lost.

For every call of a session, at every answer and every request in turn: the line is refused, cut before the server
hears of it, cut after the server did it, or garbled. An error that promises "nothing was written" must be right by
the other side's own books; where nobody can tell, the error says so. Then the faults of the sandbox strike a whole
push: the neighbour is not disturbed, and the next run ends settled with everything there once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from handmade import SMALL
from world import SETTLED, Watcher, World, renamed

from publisher.errors import (
    AuthFailed,
    NeedsHuman,
    OutcomeUnknown,
    PublisherError,
    Rejected,
    SiteChanged,
    Throttled,
    Transient,
)
from publisher.listing import Change, Listing, Receipt, Staged
from publisher.plan import Done, Word
from publisher.row import Verb
from tests.outcomes import ended

FIRST = {Done.PUBLISHED, Done.PREPARED}
READS = (Verb.CHECK, Verb.FIND, Verb.LIST, Verb.STATUS)
MOST = 60
"""No call takes more answers than this; a sweep that gets so far is a mistake of the test."""

FAULTS: dict[str, tuple[type[PublisherError] | None, dict[str, Any]]] = {
    "wrong_password": (AuthFailed, {}),
    "wrong_credentials": (AuthFailed, {}),
    "no_bucket": (NeedsHuman, {}),
    "too_many": (Throttled, {"connections": 0}),
    "refuse_503": (Throttled, {}),
    "refuse_450": (Transient, {}),
    "refuse_550": (Rejected, {}),
    "refuse_permission": (Rejected, {}),
    "disk_full": (Rejected, {"after": 100_000}),
    "drop_mid_file": (None, {"after": 100_000}),  # each try brings a further part over
    "drop_after_commit": (None, {}),
    "vanish": (None, {}),
}
"""Fault of a sandbox → the class that a push must end in while it lasts (None: it may even succeed)."""

PASSING = ("too_many", "refuse_503", "refuse_450", "drop_mid_file", "drop_after_commit")
"""Faults that, when they are over after the first pause, must not cost the item more than that."""


@dataclass
class Scene:
    """A session's calls on one world, and something that was made before the trouble began."""

    world: World
    made: Listing
    receipt: Receipt

    def call(self, verb: Verb, fresh: Listing, session: Any) -> Any:
        """One call of a logged-in session; ``fresh`` is what a create may make."""
        world, made, there = self.world, self.made, self.receipt.remote
        files = world.files(made)
        if verb is Verb.CHECK:
            return session.check()
        if verb is Verb.FIND:
            return session.find(made.key, files)
        if verb is Verb.LIST:
            return [r for page in session.list() for r in page]
        if verb is Verb.STATUS:
            return session.status(there)
        if verb is Verb.STAGE:
            return session.stage(world.files(fresh)[0])
        if verb is Verb.CREATE:
            return world.create(session, fresh)
        if verb is Verb.UPDATE:
            staged = [session.stage(f) if Verb.STAGE in world.row.can else Staged(f) for f in files]
            return session.update(there, made, [Change("title", "x", "y")], staged)
        if verb is Verb.WITHDRAW:
            return session.withdraw(there)
        return session.submit([(made, there)], "0123456789abcdef" * 2)


def _scene(world: World) -> Scene:
    if world.proxy is None:
        pytest.skip(f"{world.row.title} is a folder on this machine: there is no line to break")
    world.studio.size = SMALL
    made = world.listings(1)[0]
    return Scene(world, made, world.create(world.session_in(), made))


def _remote_verbs(world: World) -> Iterator[Verb]:
    """The verbs that talk to the other side."""
    sheet = world.row.csv
    for verb in Verb:
        if verb not in world.row.can:
            continue
        if verb is Verb.SUBMIT and (sheet is None or sheet.delivery != "upload"):
            continue
        yield verb


def test_27_nobody_listens(world: World, name: str) -> None:
    scene = _scene(world)
    assert world.proxy is not None
    fresh = world.listings(2)[1]
    world.proxy.refuse()
    for verb in _remote_verbs(world):
        with world.session() as session:
            error = ended(lambda v=verb, s=session: scene.call(v, fresh, s))
        assert type(error) is Transient, f"{verb.value}: {error!r}"
    world.proxy.heal()
    names = {f.name for f in world.files(fresh)} - {f.name for f in world.files(scene.made)}
    assert names & set(world.goods()) == set()


@pytest.mark.parametrize("direction", ["request", "answer"])
def test_27_the_line_is_cut_at_every_place_of_every_call(
    world: World, name: str, direction: str
) -> None:
    scene = _scene(world)
    first, numbers = world.items(1)[0], itertools.count()
    # Creates come last, so that no other call has to look at all that they leave.
    for verb in sorted(_remote_verbs(world), key=lambda v: v is Verb.CREATE):
        for place in range(1, MOST):
            fresh = world.listing(renamed(first, f"c{next(numbers):03d}"))
            if not _cut_call(scene, verb, direction, place, fresh):
                break
        else:
            pytest.fail(f"{verb.value} was still cut at {direction} {MOST}")


def _cut_call(scene: Scene, verb: Verb, direction: str, place: int, fresh: Listing) -> bool:
    """One call with one cut; returns whether the cut came to pass."""
    world = scene.world
    assert world.proxy is not None
    where = f"{verb.value} cut at {direction} {place}"
    with world.session() as session:
        if verb is not Verb.CHECK:
            session.check()
        world.proxy.arm(direction, place)
        error = ended(lambda: scene.call(verb, fresh, session))
    struck = world.proxy.struck
    world.proxy.heal()
    if verb in READS or verb is Verb.STAGE:
        assert error is None or type(error) is Transient, f"{where}: {error!r}"
    else:
        assert error is None or type(error) in (Transient, OutcomeUnknown), f"{where}: {error!r}"
    if verb is Verb.CREATE:
        _check_create(scene, fresh, error, where)
    return struck


def _check_create(scene: Scene, fresh: Listing, error: PublisherError | None, where: str) -> None:
    world = scene.world
    files = world.files(fresh)
    with world.session_in() as session:
        whole = world.there(session, fresh)
        assert error is not None or whole, f"{where}: no error, and it is not there"
        assert not (type(error) is Transient and whole), f"{where}: said not there, but it is"
        if not whole:
            world.create(session, fresh)
    # What it shares with the first one may have gone and come again with that one's withdrawal.
    shared = {f.name for f in world.files(scene.made)}
    expected = {f.name: (f.sha256, 1) for f in files if f.name not in shared}
    goods = world.arrived({f.name: f.sha256 for f in files})
    assert {n: goods.get(n) for n in expected} == expected, where


def test_27_the_answer_is_a_page_of_a_hotel_network(world: World, name: str) -> None:
    scene = _scene(world)
    assert world.proxy is not None
    fresh = world.listings(2)[1]
    # A server that waits for a greeting it understands is left after a second.
    world.settings |= {k: "1" for k in world.settings if k.endswith("_TIMEOUT")}
    world.proxy.garble()
    for verb in _remote_verbs(world):
        with world.session() as session:
            error = ended(lambda v=verb, s=session: scene.call(v, fresh, s))
        expected = (Transient, NeedsHuman, SiteChanged, AuthFailed)
        assert isinstance(error, expected), f"{verb.value}: {error!r}"
    world.proxy.heal()
    assert not set(world.goods()) & {f.name for f in world.files(fresh)} - {
        f.name for f in world.files(scene.made)
    }
    if Verb.FIND in world.row.can:
        assert world.session_in().find(fresh.key, world.files(fresh)) is None


def _switch_on(world: World, fault: str) -> None:
    if world.sandbox is None:
        pytest.skip(f"{world.row.title} is a folder on this machine: it has no sandbox")
    try:
        world.sandbox.fault(fault, **FAULTS[fault][1])
    except ValueError as error:
        pytest.skip(f"{world.row.title}: {str(error).partition(';')[0]}")


def _errors(world: World, result: Any) -> list[PublisherError]:
    found = [o.error for o in world.ours(result) if o.error is not None]
    return [*found, *(e for a, e in result.problems.items() if a == world.name)]


def _settle_down(world: World) -> None:
    """Trouble is over: one more run must finish, and the books must agree."""
    if world.sandbox is not None:
        world.sandbox.clear_faults()
    if world.proxy is not None:
        world.proxy.heal()
    world.clock.sleep(SETTLED)
    world.reopen_ledger()
    world.person_looks()
    result = world.push()
    assert _errors(world, result) == []
    assert world.ledger.unsettled() == []
    assert world.plan().nothing_to_do, world.plan().counts()
    world.check_books()


@pytest.mark.parametrize("fault", FAULTS)
def test_27_to_30_a_fault_that_lasts(world: World, name: str, fault: str) -> None:
    expected, _ = FAULTS[fault]
    _switch_on(world, fault)
    result = world.push()
    errors = _errors(world, result)
    if expected is not None:
        assert errors and all(isinstance(e, expected) for e in errors), errors
        assert not any(isinstance(e, OutcomeUnknown) for e in errors), errors
        assert {o.done for o in world.ours(result)} <= {Done.FAILED, Done.WAITING}
    assert all(e.sentence and "Traceback" not in e.sentence for e in errors)
    others = [o.done for o in result.outcomes if o.planned.account != name]
    assert set(others) == {Done.PREPARED}, "the neighbour was disturbed"
    assert all(count == 1 for _, count in world.goods().values())
    if fault == "vanish":
        assert world.plan().nothing_to_do
        return
    _settle_down(world)


@pytest.mark.parametrize("fault", PASSING)
def test_29_a_fault_that_is_over_soon_costs_a_pause(world: World, name: str, fault: str) -> None:
    _switch_on(world, fault)
    assert world.sandbox is not None
    world.clock.on_sleep = world.sandbox.clear_faults
    result = world.push()
    assert {o.done for o in world.ours(result)} == {Done.PUBLISHED}, _errors(world, result)
    world.check_books()
    assert world.plan().nothing_to_do


def test_28_taken_in_unconfirmed_and_out_of_sight_is_never_sent_again(
    world: World, name: str
) -> None:
    world.ws = replace(world.ws, items=world.items(1), accounts=(world.account,))
    if world.row.transport.absence == "proof":
        pytest.skip(f"{world.row.title}: what was taken in stays in sight")
    _switch_on(world, "vanish")
    _switch_on(world, "drop_after_commit")
    (outcome,) = world.push().outcomes
    assert outcome.done is Done.UNKNOWN and isinstance(outcome.error, OutcomeUnknown)
    assert "publisher resolve" in outcome.error.remedy
    for _ in range(2):
        world.clock.sleep(3600)
        world.reopen_ledger()
        assert [p.word for p in world.plan().items] == [Word.UNKNOWN]
        assert [o.done for o in world.push().outcomes] == [Done.UNKNOWN]
    assert [count for _, count in world.goods().values()] == [1]


def test_27_the_password_changes_in_mid_batch(world: World, name: str) -> None:
    fault = next((f for f in ("wrong_password", "wrong_credentials") if _has(world, f)), None)
    if fault is None or world.sandbox is None or world.proxy is None:
        pytest.skip(f"{world.row.title} has no login")
    if world.row.batch is not None and world.row.batch.min == 1:
        pytest.skip(f"{world.row.title} takes all in one write: there is no middle of a batch")
    sandbox, proxy = world.sandbox, world.proxy
    ended: list[str] = []

    def lock_out(item: str) -> None:
        ended.append(item)
        if len(ended) == 1:
            sandbox.fault(fault)
            proxy.cut()

    result = world.push(reporter=Watcher(name, lock_out))
    first, *rest = world.ours(result)
    assert first.done is Done.PUBLISHED
    assert {o.done for o in rest} == {Done.FAILED}
    assert isinstance(result.problems[name], AuthFailed)
    assert all(isinstance(o.error, AuthFailed) for o in rest)
    assert result.exit_code == AuthFailed.exit_code
    _settle_down(world)


def _has(world: World, fault: str) -> bool:
    return world.sandbox is not None and fault in world.sandbox.faults


@pytest.mark.parametrize("direction", [pytest.param("request", marks=pytest.mark.rare), "answer"])
def test_28_a_push_is_cut_at_every_place(world: World, kind: str, direction: str) -> None:
    if world.proxy is None:
        pytest.skip(f"{world.row.title} is a folder on this machine: there is no line to cut")
    world.studio.size = SMALL
    first = world.items(1)[0]
    for place in range(1, 200):
        item = renamed(first, f"c{place:03d}")
        world.ws = replace(world.ws, items=(item,), accounts=(world.account,))
        world.proxy.arm(direction, place)
        (outcome,) = world.push().outcomes
        struck = world.proxy.struck
        world.proxy.heal()
        allowed = (Transient, OutcomeUnknown)
        assert outcome.error is None or isinstance(outcome.error, allowed), (place, outcome.error)
        _settle_down(world)
        if not struck:
            return
    pytest.fail("the push was still cut at place 200")
