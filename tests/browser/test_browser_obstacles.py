"""Each class of thing that may stand in the way ends as the profile says; what only looks like one does not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from channels.browser.look import View, view
from publisher.errors import AuthFailed, NeedsHuman, QuotaExhausted, Transient
from publisher.listing import Staged, Status
from tests.browser.conftest import NOW, Opener, some, work
from tests.browser.shop_site import Shop, Work

DUNES = "Frozen glass dunes"

CLEARED: dict[str, dict[str, Any]] = {
    "a consent banner": {"banner": True},
    "an advertisement": {"promo": True},
    "a survey in a frame": {"survey": True},
    "all three": {"banner": True, "promo": True, "survey": True},
    "a challenge that clears by itself": {"challenge": 1},
    "two challenges in a row": {"challenge": 2},
    "a challenge that lands on the home page": {"challenge-home": 1},
    "a passing error of the site": {"error-pages": "500 Oops", "errors": 1},
    "a page that reloads in the middle": {"reload-once": True},
}


@pytest.mark.parametrize(
    "kind",
    some(CLEARED, "all three", "two challenges in a row"),
)
def test_what_goes_away_is_no_reason_to_stop(
    shop: Shop, opened: Opener, picture: Staged, kind: str
) -> None:
    opened().check()
    shop.faults |= CLEARED[kind]
    receipt = opened().create(work(), [picture], DUNES)
    assert [str(w.id) for w in shop.works] == [receipt.remote.id] and shop.submits == 1


STOPPED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "limit": ({"limit": True}, QuotaExhausted, "limit of uploads is reached"),
    "locked": ({"locked": True}, NeedsHuman, "locked or restricted"),
    "two factors": ({"twofactor": True}, NeedsHuman, "second factor"),
    "a challenge that stays": ({"challenge": 99, "challenge-ms": 9000}, NeedsHuman, "see a person"),
    "challenges without end": ({"challenge": 99, "challenge-ms": 50}, NeedsHuman, "see a person"),
    "maintenance": (
        {"error-pages": "503 Maintenance", "errors": 99},
        Transient,
        "error of its own",
    ),
    "signed out": ({"signed-out": True}, AuthFailed, "nobody is signed in"),
}


@pytest.mark.parametrize("kind", some(STOPPED, "limit", "a challenge that stays", "signed out"))
def test_what_stays_stops_the_account_in_its_own_way(
    shop: Shop, opened: Opener, picture: Staged, kind: str
) -> None:
    faults, error, words = STOPPED[kind]
    session = opened(changes={"seconds: 3}": "seconds: 0.6}"})
    session.check()
    session._newest, session._asked_newest = 0, True
    shop.faults |= faults
    with pytest.raises(error, match=words) as caught:
        session.create(work(), [picture], DUNES)
    assert shop.submits == 0 and opened.sent == []
    if isinstance(caught.value, QuotaExhausted):
        assert caught.value.until == NOW + dt.timedelta(hours=12)
    if kind == "signed out":
        assert "publisher login shop-one" in caught.value.remedy


def test_a_page_that_is_replaced_under_a_look_is_asked_for_again(
    shop: Shop, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.works.append(Work(7, {"title": DUNES}))
    left = ["() => new Promise(() => location.reload())"]

    def replaced(page: Any, *given: Any, **more: Any) -> View:
        if left:
            page.evaluate(left.pop())
        return view(page, *given, **more)

    session = opened()
    monkeypatch.setattr("channels.browser.watch.view", replaced)
    assert [r.id for page in session.list() for r in page] == ["7"]
    assert left == [] and shop.visits.count("/list") == 3  # as it was, replaced, and asked for


def test_help_texts_and_hidden_placeholders_stop_nothing(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    shop.faults |= {"help": True, "hidden-error": True}
    receipt = opened().create(work(), [picture], DUNES)
    assert receipt.remote.status is Status.LIVE and shop.submits == 1


def test_a_page_that_is_gone_or_covered_becomes_a_pack_and_the_rest_does_not_try_again(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    session = opened(changes={'"http://HOST/new"': '"http://HOST/gone"'})
    for item in ("one", "two"):
        receipt = session.create(work(item), [picture], item)
        assert receipt.remote.status is Status.PREPARED and "does not exist" in receipt.note
    assert shop.visits.count("/gone") == 1 and shop.submits == 0
    pack = session.context.outbox / "one"
    assert (pack / picture.file.name).is_file() and (pack / "checklist.html").is_file()
    found = session.find("one")
    assert found is not None and found.status is Status.PREPARED


def test_without_the_pack_the_reason_is_raised(shop: Shop, opened: Opener, picture: Staged) -> None:
    from publisher.errors import SiteChanged

    session = opened(changes={'"http://HOST/new"': '"http://HOST/gone"'}, fallback="stop")
    with pytest.raises(SiteChanged, match="does not exist"):
        session.create(work(), [picture], DUNES)


def test_a_redirect_to_a_stranger_is_not_followed_any_further(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    shop.faults["rename"] = {
        "<button id=choose": f"<script>if (location.hostname !== 'localhost') location='http://localhost:{shop.port}/new'"
        "</script><button id=x"
    }
    receipt = opened().create(work(), [picture], DUNES)
    assert receipt.remote.status is Status.PREPARED and "does not list" in receipt.note
    assert shop.submits == 0


def test_a_page_that_does_not_come_is_passing_and_no_change_of_the_site(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    shop.faults["rename"] = {"<button id=choose": "<script>location = '/lost'</script><button id=x"}
    with pytest.raises(Transient, match="a page did not come"):
        opened().create(work(), [picture], DUNES)
    assert "/lost" in shop.visits and shop.submits == 0
    shop.faults.clear()
    receipt = opened().create(work(), [picture], DUNES)
    assert receipt.remote.status is Status.LIVE and shop.submits == 1
