"""Lists, obstacles and breakdowns beyond the ordinary: each ends as its profile says, by the replica's own books."""

from __future__ import annotations

import datetime as dt
import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.browser import attempts, evidence
from channels.browser.replicas.faults import ReplicaFaults
from channels.browser.replicas.ledger import EPOCH, Picture
from channels.browser.replicas.portal import Portal
from channels.browser.replicas.wire import Asked
from publisher.errors import (
    OutcomeUnknown,
    PublisherError,
    QuotaExhausted,
    SiteChanged,
    Transient,
)
from publisher.listing import Status

rare = pytest.mark.rare


def _lost(stage: Any, **faults: Any) -> tuple[str, list[str]]:
    """A submit whose answer is lost: its key, and the ids of the works that it made."""
    session = stage.session()
    before = {w.id for w in stage.works()}
    listing, picture = stage.work()
    stage.sandbox.fault("lost_response", times=1)
    for name, options in faults.items():
        stage.sandbox.fault(name, **options)
    with pytest.raises(OutcomeUnknown):
        session.create(listing, [picture], listing.key)
    return listing.key, [w.id for w in stage.works() if w.id not in before]


@rare
def test_a_lost_work_that_was_renamed_by_hand_is_not_taken_for_none(staged: Any) -> None:
    stage = staged("redbubble")
    key, made = _lost(stage)
    stage.sandbox.fault("edited_title", times=1)
    assert (
        stage.session().find(key) is None
    )  # nobody can tell: a person is asked, nothing is sent again
    assert len(made) == 1 and stage.sent == 1
    assert stage.works(f"Renamed by hand {made[0]}")


def test_a_proven_work_is_known_by_its_id_whatever_it_is_called(staged: Any) -> None:
    stage = staged("redbubble")
    receipt = stage.create()
    stage.sandbox.fault("edited_title", times=1)
    found = stage.session().find(receipt.remote.key)
    assert found is not None and found.id == receipt.remote.id
    assert str(found.fields["title"]).startswith("Renamed by hand")
    stage.sandbox.fault("deleted", times=1)
    seat = stage.session()
    # The list may be behind for as long as the profile says; after that the work is gone.
    assert seat.do(lambda s: s.status(receipt.remote)) is Status.UNKNOWN
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    seat.session.context = replace(seat.session.context, now=lambda: tomorrow)
    assert seat.do(lambda s: s.status(receipt.remote)) is Status.GONE
    stage.close()


@pytest.mark.rare
def test_a_work_that_is_shown_late_is_found_when_it_is_shown(staged: Any) -> None:
    stage = staged("redbubble")
    key, made = _lost(stage, delayed={"seconds": 3600})
    assert stage.session().find(key) is None and len(made) == 1
    stage.sandbox.site.books.works[made[0]].shown_from = EPOCH
    found = stage.session().find(key)
    assert found is not None and found.id == made[0] and stage.sent == 1


def test_a_list_that_moves_while_it_is_read_is_no_answer(staged: Any) -> None:
    stage = staged("redbubble")
    books = stage.sandbox.site.books
    for number in range(12 - len(books.shown())):
        picture = books.upload(f"old_{number}.jpg", b"%d" % number)
        books.create(f"Old work {number}", picture, "", {})
    stage.sandbox.fault("moving_list", times=1)
    with pytest.raises(Transient, match="the list shows"):
        stage.session().list()
    stage.sandbox.clear_faults()
    assert {r.id for r in stage.session().list()} == {w.id for w in books.shown()}


@pytest.mark.parametrize(
    ("site", "fault", "options"),
    [
        ("stock-portal", "survey", {"times": 2}),
        pytest.param("zazzle", "one_tap", {"times": 3}, marks=rare),
        pytest.param("zazzle", "old_ids", {}, marks=rare),
        pytest.param("zazzle", "resize", {}, marks=rare),
    ],
)
def test_what_only_one_site_has_does_not_stop_its_form(
    staged: Any, site: str, fault: str, options: dict[str, Any]
) -> None:
    stage = staged(site)
    stage.sandbox.fault(fault, **options)
    listing, picture = stage.work()
    receipt = stage.session().create(listing, [picture], listing.key)
    (work,) = [w for w in stage.works() if w.picture.sha256 == picture.file.sha256]
    assert work.id == receipt.remote.id and stage.sent == 1


@rare
def test_leftovers_of_an_earlier_attempt_are_for_a_person(staged: Any) -> None:
    stage = staged("society6")
    stage.sandbox.fault("leftovers")
    listing, picture = stage.work()
    with pytest.raises(PublisherError, match="works of an earlier attempt lie on the upload page"):
        stage.session().create(listing, [picture], listing.key)
    assert stage.works() == [] and stage.sent == 0
    assert stage.sandbox.site.books.attempts == 0
    stage.sandbox.clear_faults()
    receipt = stage.session().create(listing, [picture], listing.key)
    (work,) = stage.works()
    assert work.id == receipt.remote.id and stage.sent == 1


@pytest.mark.parametrize(
    ("fault", "options", "end", "sent"),
    [
        ("limit_429", {"after": 60}, QuotaExhausted, 0),
        pytest.param("limit_429", {}, QuotaExhausted, 0, marks=rare),
        pytest.param("stale_token", {"times": 1}, OutcomeUnknown, 1, marks=rare),
        pytest.param("closed", {}, SiteChanged, 0, marks=rare),
    ],
)
def test_what_ends_a_flow_makes_no_work(
    staged: Any, fault: str, options: dict[str, Any], end: type[PublisherError], sent: int
) -> None:
    stage = staged("redbubble")
    session = stage.session()
    session.check()
    before = len(stage.works())
    listing, picture = stage.work()
    stage.sandbox.fault(fault, **options)
    with pytest.raises(end):
        session.create(listing, [picture], listing.key)
    assert len(stage.works()) == before and stage.sent == sent
    stage.sandbox.clear_faults()
    assert stage.session().find(listing.key) is None


def _closes(session: Any) -> None:
    session._watcher.stage.page.close()


def _crashes(session: Any) -> None:
    with suppress(Exception):
        session._watcher.stage.page.goto("chrome://crash", timeout=3000)


@pytest.mark.parametrize("breaks", [_closes, pytest.param(_crashes, marks=rare)])
def test_a_page_that_goes_at_the_point_of_no_return_is_looked_up(
    staged: Any, monkeypatch: pytest.MonkeyPatch, breaks: Callable[[Any], None]
) -> None:
    stage = staged("redbubble")
    seat = stage.session()
    before = len(stage.works())
    listing, picture = stage.work()
    announce = stage._sending

    def sending() -> None:
        announce()
        breaks(seat.session)

    monkeypatch.setattr(seat.session, "context", _with(seat.session.context, sending))
    with pytest.raises(OutcomeUnknown):
        seat.create(listing, [picture], listing.key)
    monkeypatch.undo()
    assert stage.session().find(listing.key) is None
    assert len(stage.works()) == before and stage.sent == 1
    stage.close()


def _with(context: Any, sending: Callable[[], None]) -> Any:
    from dataclasses import replace

    return replace(context, sending=sending)


@rare
def test_a_full_disk_takes_the_evidence_and_not_the_reason(
    staged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged("redbubble")
    session = stage.session()

    def full(place: Path, _content: bytes) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place))

    monkeypatch.setattr(evidence, "_write", full)
    stage.sandbox.fault("limit_before")
    with pytest.raises(QuotaExhausted):
        session.create(*_args(stage))
    assert stage.sent == 0


@pytest.mark.rare
def test_a_note_that_cannot_be_written_ends_it_before_the_submit(
    staged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged("redbubble")
    session = stage.session()
    session.check()
    submits = stage.sandbox.site.books.submits

    class Full:
        """The system's calls as the notes see them, on a disk with no room."""

        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def fsync(self, _handle: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(attempts, "os", Full())
    with pytest.raises(Transient, match="No space left on device"):
        session.create(*_args(stage))
    assert stage.sent == 0 and stage.sandbox.site.books.submits == submits


def _args(stage: Any) -> tuple[Any, list[Any], str]:
    listing, picture = stage.work()
    return listing, [picture], listing.key


def test_a_seed_draws_the_same_occasion_again() -> None:
    def drawn(seed: int) -> int:
        faults = ReplicaFaults()
        faults.switch_on("created_500", seed=seed, within=4, times=1)
        struck = [n for n in range(1, 9) if faults.strike("created_500") is not None]
        assert len(struck) == 1 and faults.options("created_500") is None
        return struck[0]

    first = [drawn(seed) for seed in range(30)]
    assert first == [drawn(seed) for seed in range(30)]
    assert set(first) == {1, 2, 3, 4}


def test_what_lies_in_a_batch_is_there_after_the_portal_was_killed(tmp_path: Path) -> None:
    def grid(portal: Portal, batch: int) -> str:
        reply = portal.reply(
            Asked("GET", portal.hosts[0], f"/contribute/batches/{batch}", {}, b"", {})
        )
        return str(reply.body)

    portal = Portal(tmp_path)
    ask = Asked("POST", portal.hosts[0], "/api/upload/7001", {"name": "a.jpg"}, b"abc", {})
    portal.reply(ask)
    portal.reply(Asked("POST", portal.hosts[0], "/api/save/u1", {}, b'{"title": "One"}', {}))
    again = Portal(tmp_path)
    assert '{"name": "a.jpg", "status": "pending"' in grid(again, 7001)
    assert again.books.words["u1"] == {"title": "One"}
    assert isinstance(again.books.pictures["u1"], Picture)
    assert '"a.jpg"' not in grid(again, 7002)
