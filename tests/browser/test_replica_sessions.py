"""Sessions that end: another login, an expiry at each step, a page that only looks signed in, a cookie of one day.

The account stops and asks for a sign-in. Nothing is lost by it, and nothing is there twice.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.browser.sandbox import AdapterSandbox
from publisher.discovery import load_row
from publisher.errors import AuthFailed, NeedsHuman, OutcomeUnknown, PublisherError, SiteChanged
from publisher.ledger.store import Ledger
from tests.browser.conftest import some
from tests.browser.replica_fixtures import overlaid
from tests.browser.replica_project import write_project
from tests.browser.replica_victim import Order, publish
from tests.outcomes import ended

rare = pytest.mark.rare
PROBED = {"redbubble": "list"}
"""What the private page of a site is to its replica, where it is not just a page before a submit."""
NOW = dt.datetime(2026, 11, 26, 9, tzinfo=dt.UTC)
LATER = dt.timedelta(days=3)


MOMENTS: dict[str, tuple[type[PublisherError], int, int]] = {
    "before": (AuthFailed, 0, 0),
    "upload": (AuthFailed, 0, 0),
    "during": (OutcomeUnknown, 1, 0),
    "after": (OutcomeUnknown, 1, 1),
}
"""When the session goes -> the end, how often it was pressed, and the works that it made."""


@rare
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("fault", ["signed_out", "displaced"])
def test_a_session_that_goes_costs_a_sign_in_and_nothing_else(
    staged: Any, fault: str, moment: str
) -> None:
    stage = staged("redbubble")
    end, pressed, works = MOMENTS[moment]
    session = stage.session()
    session.check()
    before = {w.id for w in stage.works()}
    listing, picture = stage.work()
    stage.sandbox.fault(fault, at=moment, times=1)
    error = ended(lambda: session.create(listing, [picture], listing.key))
    assert isinstance(error, end), repr(error)
    made = [w.id for w in stage.works() if w.id not in before]
    assert (stage.sent, len(made)) == (pressed, works)
    # As long as nobody signs in, the account says so, and does nothing.
    told = ended(lambda: stage.session().check())
    assert isinstance(told, AuthFailed) and "publisher login redbubble" in told.remedy
    assert isinstance(ended(lambda: stage.create()), AuthFailed)
    stage.sandbox.clear_faults()
    found = stage.session().find(listing.key)
    assert (found.id if found is not None else None) == (made[0] if made else None)
    assert [w.id for w in stage.works() if w.id not in before] == made


@pytest.mark.parametrize("site", some(["redbubble", "zazzle", "stock-portal"], "redbubble"))
def test_a_public_page_that_looks_signed_in_proves_nothing(staged: Any, site: str) -> None:
    stage = staged(site)
    stage.session().check()
    stage.sandbox.fault("signed_out")
    stage.sandbox.fault("looks_signed_in")
    front = f"https://{stage.sandbox.site.hosts[0]}{stage.sandbox.site.front}"

    def greeted(session: Any) -> bool:
        page = session.watcher().stage.page
        page.goto(front)
        return stage.sandbox.site.menu in page.content()

    assert stage.session().do(greeted)
    with pytest.raises(AuthFailed, match="nobody is signed in"):
        stage.session().check()
    with pytest.raises(AuthFailed):
        stage.create()
    assert stage.sent == 0
    # Without the fault the same page tells the truth.
    stage.sandbox.clear_faults()
    stage.sandbox.fault("signed_out")
    assert not stage.session().do(greeted)


@rare
@pytest.mark.parametrize("site", ["redbubble", "zazzle", "stock-portal"])
def test_a_private_page_that_leads_to_such_a_one_is_no_session(staged: Any, site: str) -> None:
    stage = staged(site)
    stage.session().check()
    stage.sandbox.fault("signed_out", at=PROBED.get(site, "before"))
    stage.sandbox.fault("looks_signed_in", leads=True)
    with pytest.raises((AuthFailed, SiteChanged)):
        stage.session().check()
    with pytest.raises(PublisherError):
        stage.create()
    assert stage.sent == 0


@rare
def test_a_probe_of_a_public_page_would_be_deceived(staged: Any) -> None:
    # The opposite of what the shipped profile does: it shows that a wrong one would be seen.
    stage = staged("redbubble")
    public = {
        "url": "https://www.redbubble.com/",
        "positive": [{"css": 'div[aria-label="User account menu"]'}],
    }
    stage.close()
    stage.overlay(overlaid("redbubble", session=public))
    try:
        stage.sandbox.fault("signed_out")
        stage.sandbox.fault("looks_signed_in")
        assert stage.session().check().notes
    finally:
        stage.close()
        stage.overlay(overlaid("redbubble"))


def _person(stage: Any, *, solves: bool = True) -> Any:
    """A session at which somebody signs in as soon as the page that asks for it is there."""
    seat = stage.session()
    seat.session.context = stage.context(person_seconds=8.0)
    page = seat.do(lambda s: s.watcher().stage.page)
    script = "document.querySelector('#human').click();" if solves else ""
    script += "document.querySelector('#page_signin').click();"
    seat.do(
        lambda _: page.add_init_script(
            "if (/sign-?in|login/.test(location.pathname))"
            f" addEventListener('load', () => setTimeout(() => {{ {script} }}, 200));"
        )
    )
    return seat


@rare
@pytest.mark.parametrize("site", ["redbubble", "zazzle", "stock-portal", "society6"])
def test_a_person_signs_in_again_and_the_other_login_is_out(staged: Any, site: str) -> None:
    stage = staged(site)
    stage.session().check()
    stage.sandbox.fault("displaced", at=PROBED.get(site, "before"), times=1)
    with pytest.raises(AuthFailed):
        stage.session().check()
    seat = _person(stage)
    # Where the sign-in leads is a public page at some sites: only the private one says who we are.
    assert seat.do(lambda s: s.sign_in()).notes
    stage.create()
    assert stage.sent == 1
    stage.close()


@rare
@pytest.mark.parametrize("solves", [True, False], ids=["solved", "not"])
def test_a_captcha_at_the_sign_in_is_a_person_s(staged: Any, solves: bool) -> None:
    stage = staged("zazzle")
    stage.close()
    stage.sandbox.fault("signed_out")
    stage.sandbox.fault("captcha")
    seat = stage.session()
    requests = stage.sandbox.server.requests
    requests.clear()
    with pytest.raises(AuthFailed):
        seat.check()
    assert ("POST", "www.zazzle.com/lgn/signin") not in requests  # nothing is pressed for him
    _person(stage, solves=solves)
    if solves:
        assert seat.do(lambda s: s.sign_in()).notes
    else:
        with pytest.raises(AuthFailed, match="nobody signed in"):
            seat.do(lambda s: s.sign_in())
    assert (("POST", "www.zazzle.com/lgn/signin") in requests) is solves
    stage.close()


@rare
@pytest.mark.parametrize(
    ("remembered", "copy", "knows"),
    [(True, False, True), (False, True, True), (False, False, False)],
    ids=["remembered", "of-the-session-and-saved", "of-the-session-and-lost"],
)
def test_a_cookie_of_the_session_outlives_the_browser_by_its_copy(
    staged: Any, remembered: bool, copy: bool, knows: bool
) -> None:
    stage = staged("redbubble")
    stage.close()
    stage.sandbox.fault("signed_out", at="list")
    if remembered:
        stage.sandbox.fault("remembered")
    seat = _person(stage)
    seat.do(lambda s: s.sign_in())
    saved = seat.do(lambda s: s.folder / "session.json")
    stage.close()
    if not copy:
        saved.unlink()
    error = ended(lambda: stage.session(fresh=True).check())
    assert (error is None) is knows, repr(error)
    stage.close()


@rare
def test_a_challenge_that_needs_a_click_is_nobody_s_but_a_person_s(staged: Any) -> None:
    stage = staged("redbubble")
    stage.overlay(overlaid("redbubble", interstitials=[{"key": "challenge", "seconds": 1}]))
    stage.close()
    try:
        stage.sandbox.fault("challenge", seconds=0)
        with pytest.raises(NeedsHuman, match="wants to see a person"):
            stage.create()
        assert stage.sent == 0
    finally:
        stage.close()
        stage.overlay(overlaid("redbubble"))


@rare
@pytest.mark.parametrize("moment", ["upload", "during"])
def test_a_push_that_was_displaced_pauses_and_goes_on_after_a_sign_in(
    tmp_path: Path, moment: str
) -> None:
    project = write_project(tmp_path / "project", "redbubble", works=3)
    (tmp_path / "sandbox").mkdir()
    sandbox = AdapterSandbox(load_row("redbubble"), "redbubble", tmp_path / "sandbox")
    settings = {**sandbox.start(), "PROOF_SECONDS": "2"}
    order = Order(str(project), str(tmp_path), "redbubble", settings, NOW.isoformat())
    works = sandbox.site.books.works

    def bound() -> set[str]:
        with Ledger.open(tmp_path / "state" / "ledger.sqlite") as ledger:
            return {b.remote_id for b in ledger.bindings("redbubble").values()}

    try:
        # The second work's session is taken by another login.
        sandbox.fault("displaced", at=moment, nth=2, times=1)
        publish(order)
        assert len(works) == 1 and bound() == set(works)
        submits = sandbox.site.books.submits
        publish(order)
        assert (sandbox.site.books.submits, len(works)) == (submits, 1)
        sandbox.clear_faults()
        publish(replace(order, now=(NOW + LATER).isoformat()))
        assert len(works) == 3 and bound() == set(works)
        assert all(landed.count == 1 for landed in sandbox.landed())
    finally:
        sandbox.stop()
