"""What became of a submit: proved, refused, or unknown and then settled by the site's list. Never a second one."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any

import psutil
import pytest

from channels.browser.session import BrowserSession
from publisher.errors import AuthFailed, OutcomeUnknown, Rejected, Transient
from publisher.listing import Remote, Staged, Status
from tests.browser.conftest import Opener, some, work
from tests.browser.shop_site import Shop, Work

DUNES = "Frozen glass dunes"

UNCLEAR: dict[str, tuple[dict[str, Any], int]] = {
    "the answer is lost": ({"lost-response": 1}, 1),
    "an error, and it was made": ({"500-made": 1}, 1),
    "an error, and it was not made": ({"500-not-made": 1}, 0),
    "the line is cut before": ({"drop-before": 1}, 0),
    "the page reloads blank": ({"blank-reload": True}, 0),
    "success without an id": ({"no-id": True}, 1),
}


@pytest.mark.parametrize(
    "kind",
    some(UNCLEAR, "the answer is lost", "an error, and it was made", "the page reloads blank"),
)
def test_an_unclear_end_is_unknown_and_the_list_settles_it(
    shop: Shop, opened: Opener, picture: Staged, kind: str
) -> None:
    faults, made = UNCLEAR[kind]
    shop.works.append(Work(7, {"title": DUNES}))  # the seller's own, from before
    session = opened(changes={"seconds: 4\n": "seconds: 1.5\n"})
    shop.faults |= faults
    with pytest.raises(OutcomeUnknown):
        session.create(work(), [picture], DUNES)
    assert opened.sent == [0] and len(shop.works) == 1 + made
    shop.faults.clear()
    found = session.find(DUNES)
    if made:
        assert found is not None and found.id == str(shop.works[-1].id)
        assert found.status is Status.LIVE
    else:
        assert found is None  # and not the seller's own of the same title


def test_a_refusal_in_the_sites_words_is_no_mystery(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    shop.faults["refuse"] = True
    with pytest.raises(Rejected, match="could not be saved"):
        opened().create(work(), [picture], DUNES)
    assert shop.works == []


@pytest.mark.parametrize(
    ("fault", "place", "why"),
    [
        ("lost-response", "document.title = 'offline';", "the line broke"),
        ("500-made", "document.body.innerHTML = '<h1>Computer says no</h1>';", "failed .500."),
    ],
)
def test_a_page_that_speaks_of_a_refusal_without_an_answer_is_only_guessing(
    shop: Shop, opened: Opener, picture: Staged, fault: str, place: str, why: str
) -> None:
    guess = "$('#error').textContent = 'Your work could not be saved';"
    shop.faults |= {fault: 1, "rename": {place: guess}}
    session = opened()
    with pytest.raises(OutcomeUnknown, match=f"{why}.* the page said: .*could not be saved"):
        session.create(work(), [picture], DUNES)
    shop.faults.clear()
    found = session.find(DUNES)
    assert found is not None and [str(w.id) for w in shop.works] == [found.id]


def test_two_of_one_title_are_nobodys_guess(shop: Shop, opened: Opener, picture: Staged) -> None:
    shop.faults["lost-response"] = 1
    session = opened(changes={"seconds: 4\n": "seconds: 1.5\n"})
    with pytest.raises(OutcomeUnknown):
        session.create(work(), [picture], DUNES)
    shop.works.append(Work(shop.next_id, {"title": "FROZEN  glass dunes"}))
    assert session.find(DUNES) is None
    opened.bound.append(Remote(str(shop.next_id), "another"))
    found = session.find(DUNES)
    assert found is not None and found.id == str(shop.works[0].id)


def test_a_list_is_whole_or_no_answer(shop: Shop, opened: Opener) -> None:
    session = opened()
    shop.works += [Work(n, {"title": f"work {n}"}) for n in range(1, 8)]
    shop.faults["page-size"] = 3
    pages = list(session.list())
    assert [len(p) for p in pages] == [3, 3, 1]
    assert {r.id for p in pages for r in p} == {str(n) for n in range(1, 8)}
    shop.faults["wrong-total"] = 2
    with pytest.raises(Transient, match="shows 7 works and says that there are 9"):
        list(session.list())
    shop.faults = {"signed-out": True}
    with pytest.raises(AuthFailed):
        list(session.list())
    shop.clear()
    assert [list(p) for p in session.list()] == [[]]


FEED = {
    "kind: pages\n  url": "kind: feed\n  url",
    "/list?page={page}": "/feed?pg={page}",
    'id: {attribute: data-id, pattern: "(?P<id>\\\\d+)"}': 'id: {css: link, pattern: "w-(?P<id>\\\\d+)"}',
    "title: {css: .title,": "title: {css: title,",
    'total: {css: "#total"': "total: {css: totalResults",
}
JSON = {
    "kind: pages\n  url": "kind: json\n  url",
    "/list?page={page}": "/api?pg={page}",
    "row: li.work": "row: data.items",
    'id: {attribute: data-id, pattern: "(?P<id>\\\\d+)"}': 'id: {css: id, pattern: "(?P<id>\\\\d+)"}',
    "title: {css: .title,": "title: {css: name,",
    'total: {css: "#total"': "total: {css: data.total",
    "empty: [{css: p.none}]": "state: {css: state, pattern: '.+'}\n  status: {ok: in-review}",
}


def test_feeds_and_read_endpoints_are_lists_too(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    for changes, status in ((FEED, Status.LIVE), (JSON, Status.IN_REVIEW)):
        session = opened(changes=changes)
        receipt = session.create(work(), [picture], DUNES)
        found = session.find(DUNES)
        assert found is not None and (found.id, found.status) == (receipt.remote.id, status)
        shop.clear()
    shop.faults["signed-out-api"] = True
    with pytest.raises(AuthFailed, match="closed to whom it does not know"):
        list(opened(changes=JSON).list())


def _children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _kill(session: BrowserSession, what: str) -> None:
    """Kill the browser or the driver of this process by its id, as a crash would."""
    wanted = {"browser": "chromium", "driver": "node"}[what]
    for child in _children():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if wanted in child.name() and (
                what == "driver" or "--type=" not in " ".join(child.cmdline())
            ):
                os.kill(child.pid, signal.SIGKILL)


@pytest.mark.rare
@pytest.mark.parametrize("what", ["browser", "driver"])
def test_a_kill_before_the_submit_leaves_nothing_and_after_it_is_asked_for(
    shop: Shop, opened: Opener, picture: Staged, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels.browser import flow as flows

    session = opened(fresh=True, changes={"seconds: 4\n": "seconds: 1.5\n"})
    ready = flows.Flow.ready

    def killed_before(flow: flows.Flow, step: Any) -> None:
        _kill(session, what)
        ready(flow, step)

    with monkeypatch.context() as patch:
        patch.setattr(flows.Flow, "ready", killed_before)
        with pytest.raises(Transient, match="stopped in the middle"):
            session.create(work(), [picture], DUNES)
    assert shop.submits == 0 and opened.sent == []

    press = flows.Flow.press

    def killed_after(flow: flows.Flow, step: Any) -> None:
        press(flow, step)
        while not shop.submits:
            flow.stage.pause()
        _kill(session, what)

    with monkeypatch.context() as patch:
        patch.setattr(flows.Flow, "press", killed_after)
        with pytest.raises(OutcomeUnknown):
            session.create(work(), [picture], DUNES)
    assert shop.submits == 1 and opened.sent == [0]
    found = session.find(DUNES)  # with a new browser, on the same profile
    assert found is not None and found.id == str(shop.works[0].id)
