"""Level 3: reads tell the truth, all of it, and leave no trace.

``check`` logs in and looks round. ``list`` walks every page to the end or raises. ``find`` sees what was made, and
what was only begun is told apart. ``status`` knows what is there, and says so when it does not know.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

import pytest
from world import World

import channels
from publisher.errors import PublisherError
from publisher.listing import File, Remote, Status
from publisher.readonly import ReadOnlySession
from publisher.row import Verb

PAGE = 2
THERE = {
    Status.PREPARED,
    Status.UPLOADED,
    Status.SUBMITTED,
    Status.IN_REVIEW,
    Status.LIVE,
}


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> int:
    """Every client pages after two entries, so that a page's end is near."""
    for module in pkgutil.walk_packages(channels.__path__, "channels."):
        if module.name.endswith(("_handlers", "_server")):
            continue
        loaded = importlib.import_module(module.name)
        if isinstance(getattr(loaded, "PAGE", None), int):
            monkeypatch.setattr(loaded, "PAGE", PAGE)
    return PAGE


def _need(world: World, *verbs: Verb) -> None:
    for verb in verbs:
        if verb not in world.row.can:
            pytest.skip(f"{world.row.title}: {world.row.cannot[verb]}")


def _keys(pages: Iterable[Iterable[Remote]]) -> list[str]:
    return sorted(remote.key for page in pages for remote in page)


def test_13_check_writes_nothing(world: World, name: str) -> None:
    world.create(world.session(), world.listings(1)[0])
    before, landed = world.tree(), list(world.landed())
    health = ReadOnlySession(world.session()).check()
    assert health.account == name and health.notes
    assert world.tree() == before
    assert list(world.landed()) == landed
    assert world.told.sending == 1, "only the create may pass a point of no return"


@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 2 * PAGE + 1])
def test_14_list_goes_to_the_end(world: World, name: str, small_pages: int, count: int) -> None:
    _need(world, Verb.LIST)
    session = world.session()
    listings = world.listings(count)
    for listing in listings:
        world.create(session, listing)
    assert _keys(world.session_in().list()) == sorted(x.key for x in listings)


def test_15_a_list_that_is_cut_short_raises(world: World, name: str, small_pages: int) -> None:
    _need(world, Verb.LIST)
    if world.proxy is None:
        pytest.skip(f"{world.row.title} is a folder on this machine: there is no line to cut")
    maker = world.session()
    listings = world.listings(PAGE + 1)
    for listing in listings:
        world.create(maker, listing)
    place = complete = 0
    while not complete:
        place += 1
        session = world.session_in()
        world.proxy.arm("answer", place)
        try:
            found = _keys(session.list())
        except PublisherError:
            found = None
        assert found is None or found == sorted(x.key for x in listings), f"cut at answer {place}"
        complete = not world.proxy.struck
        world.proxy.heal()
        session.close()
    assert place > 1, "the line was never cut"


def test_16_find_sees_what_was_made_and_nothing_else(world: World, name: str) -> None:
    _need(world, Verb.FIND)
    one, two = world.listings(2)
    session = world.session_in()
    assert session.find(one.key, world.files(one)) is None
    receipt = world.create(session, one)
    for looking in (session, world.session_in()):
        found = looking.find(one.key, world.files(one))
        assert found is not None and found.key == one.key == receipt.remote.key
        assert found.id == receipt.remote.id and found.status in THERE
        assert looking.find(two.key, world.files(two)) is None
    world.clock.sleep(world.row.pace.settle_seconds + 3600)
    assert world.session_in().find(one.key, world.files(one)) is not None


def test_16_a_part_is_not_taken_for_the_whole(world: World, name: str) -> None:
    _need(world, Verb.FIND)
    listing = world.listings(1)[0]
    files = world.files(listing)
    world.create(world.session(), listing)
    more = [File(f.role, f.name, f.path, f.size + 1, "0" * 64) for f in files]
    if world.row.transport.kind == "folder":
        pytest.skip(f"{world.row.title} moves a pack in as one step: there is no part of one")
    found = world.session_in().find(listing.key, more)
    assert found is not None and found.status is Status.PARTIAL


def test_17_status_knows_what_is_there(world: World, name: str) -> None:
    _need(world, Verb.STATUS)
    one, two = world.listings(2)
    session = world.session_in()
    receipt = world.create(session, one)
    assert session.status(receipt.remote) in THERE
    assert session.status(receipt.remote) == receipt.remote.status
    # What is not there is gone or unknown, by the row's own word for what absence proves.
    proof = world.row.transport.absence == "proof"
    absent = session.status(Remote(two.key, two.key))
    assert absent is (Status.GONE if proof else Status.UNKNOWN)


def test_17_status_of_what_the_site_took_away(world: World, name: str) -> None:
    _need(world, Verb.STATUS)
    if world.sandbox is None or "vanish" not in world.sandbox.faults:
        pytest.skip(f"{world.row.title}: the sandbox keeps what it took in")
    world.sandbox.fault("vanish")
    listing = world.listings(1)[0]
    session = world.session_in()
    receipt = world.create(session, listing)
    assert world.goods()[listing.key][1] == 1
    assert session.status(receipt.remote) is Status.UNKNOWN
