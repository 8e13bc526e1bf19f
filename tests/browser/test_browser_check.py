"""What a check, a sign-in and a person see: matched candidates, drift, evidence without secrets, assisted mode."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest

from publisher.errors import AuthFailed, ConfigError, OutcomeUnknown
from publisher.listing import Staged, Status
from tests.browser.conftest import Opener, work
from tests.browser.shop_site import Shop

DUNES = "Frozen glass dunes"


def test_a_check_names_the_broken_locator_first_and_writes_nothing(
    shop: Shop, opened: Opener
) -> None:
    session = opened()
    whole = session.examine()
    assert whole.problem is None and not whole.broken and whole.kept == ()
    by_name = {p.name: p for p in whole.probes}
    assert by_name["title"].how == "testid=title-field" and not by_name["title"].drift
    assert by_name["image"].found is None and "after the upload" in by_name["image"].note
    shop.faults["rename"] = {"id=default": "id=standard", "data-testid=title-field": ""}
    found = session.examine()
    assert [p.name for p in found.broken] == ["default"] and found.probes[0].name == "default"
    title = next(p for p in found.probes if p.name == "title")
    assert title.drift and title.how == "name=work[title]"
    assert shop.uploads == shop.submits == 0
    assert [p.suffix for p in found.kept] == [".png", ".html", ".zip"]


@pytest.mark.rare
@pytest.mark.rare
def test_a_redesigned_form_is_repaired_by_the_profile_alone(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    renamed = {"id=save ": "id=go ", "Save work": "Store it", "#save": "#go"}
    shop.faults["rename"] = renamed
    session = opened()
    assert [p.name for p in session.examine().broken] == ["save"]
    receipt = session.create(work(), [picture], DUNES)
    assert receipt.remote.status is Status.PREPARED and shop.submits == 0
    place = session.context.project / "channels" / "browser"
    repaired = opened(changes={"save: {any: [{id: save}": "save: {any: [{id: go}"})
    assert (place / "shop.profile.yaml").is_file()
    assert not repaired.examine().broken
    assert repaired.create(work("two"), [picture], "two").remote.status is Status.LIVE


def test_a_fallback_that_was_used_is_told_as_drift(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    shop.faults["rename"] = {
        "data-testid=title-field": "",
        "name=mature id=safe": "name=mature id=ok",
    }
    receipt = opened().create(work(), [picture], DUNES)
    assert receipt.remote.status is Status.LIVE
    assert "title was found by its fallback name=work[title]" in receipt.note
    assert "safe was found by its fallback label=Safe" in receipt.note


def test_evidence_holds_no_secret_and_is_for_its_owner(shop: Shop, opened: Opener) -> None:
    session = opened()
    session.check()
    assert session._browser is not None
    secret = "s3cr3t-cookie-value"
    session._browser.context.add_cookies([{"name": "sid", "value": secret, "url": shop.url}])
    leak = (
        "<p>ana@example.com signed in</p><input type=hidden name=csrf_token value=tok-123456789>"
        f"<script>var session_key = 'abc-987654321'; document.cookie</script><i>{secret}</i>"
    )
    shop.faults["rename"] = {"<!--help-->": leak, "id=default": "id=standard"}
    found = session.examine()
    assert len(found.kept) == 3
    for file in found.kept:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        for content in _contents(file):
            for word in (secret, "ana@example.com", "tok-123456789", "abc-987654321"):
                assert word.encode() not in content, (file.name, word)
    assert stat.S_IMODE(found.kept[0].parent.stat().st_mode) == 0o700


def _contents(file: Path) -> list[bytes]:
    if file.suffix != ".zip":
        return [file.read_bytes()]
    with zipfile.ZipFile(file) as trace:
        assert any(n.endswith(".trace") for n in trace.namelist())
        return [trace.read(n) for n in trace.namelist()]


def test_a_person_presses_and_the_proof_is_the_same(
    shop: Shop, opened: Opener, picture: Staged, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.faults["press-after"] = "press"
    session = opened(unattended=None, terms_acknowledged=None)
    receipt = session.create(work(), [picture], DUNES)
    assert receipt.remote.id == str(shop.works[0].id) and receipt.remote.status is Status.LIVE
    assert opened.sent == [0] and shop.submits == 1
    told = capsys.readouterr().err
    assert "title: Frozen glass dunes" in told and "press Save work" in told


@pytest.mark.rare
def test_a_person_who_leaves_has_not_failed(shop: Shop, opened: Opener, picture: Staged) -> None:
    shop.faults["press-after"] = "leave"
    session = opened(unattended=None, terms_acknowledged=None)
    receipt = session.create(work(), [picture], DUNES)
    assert receipt.remote.status is Status.PREPARED and "left before" in receipt.note
    shop.faults |= {"press-after": "press", "lost-response": 1}
    with pytest.raises(OutcomeUnknown):
        session.create(work("two"), [picture], "two")
    found = session.find("two")
    assert found is not None and found.id == str(shop.works[0].id)


def test_nobody_presses_for_an_account_that_did_not_ask_for_it(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    for options, words in (
        ({"terms_acknowledged": None}, "needs terms_acknowledged"),
        ({"terms_acknowledged": "2027-01-01"}, "lies in the future"),
        ({"terms_acknowledged": "soon"}, "is no day"),
        ({"unattended": "yes"}, "true or false"),
    ):
        session = opened(**options)
        with pytest.raises(ConfigError, match=words):
            session.check()
        with pytest.raises(ConfigError, match=words):
            session.create(work(), [picture], DUNES)
    assert shop.visits == [] and shop.submits == 0


def test_a_sign_in_is_kept_for_the_next_browser(shop: Shop, opened: Opener) -> None:
    shop.faults["signed-out"] = True
    session = opened(person_seconds=0.5)
    with pytest.raises(AuthFailed, match="nobody is signed in"):
        session.check()
    with pytest.raises(AuthFailed, match="nobody signed in"):
        session.sign_in()
    shop.faults["cookie-signs-in"] = True  # the page of the sign-in lets everybody in
    shop.faults["sign-in-leads-to"] = "/list"
    session = opened(person_seconds=5.0)
    health = session.sign_in()
    assert "signed in" in health.notes[0]
    saved = session.folder / "session.json"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert stat.S_IMODE(session.folder.stat().st_mode) == 0o700
    assert "member" in {c["name"] for c in json.loads(saved.read_text())["cookies"]}
    again = opened(fresh=True, person_seconds=5.0)
    assert again.check().notes[0].startswith("signed in to Shop; unattended")


def test_two_runs_never_share_a_profile(shop: Shop, opened: Opener) -> None:
    from channels.browser.browser import Browser
    from publisher.errors import Busy

    session = opened()
    session.check()
    assert session._browser is not None
    from dataclasses import replace

    with (
        pytest.raises(Busy, match="another run"),
        Browser(replace(session._browser.launch, lock_wait=0.1)),
    ):
        pass
