"""What is kept of a failure: a screenshot, the page and a trace for every verb, and no secret in any of them."""

from __future__ import annotations

import base64
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from channels.browser.trace import Redactor
from publisher.errors import AuthFailed, OutcomeUnknown
from publisher.listing import Staged, Status
from tests.browser.conftest import Opener, work
from tests.browser.shop_site import Shop

COOKIE = "Kanarie+vogel/9 geel=ja"
PIN = "84712-unknown-to-us"
MAIL = "ana.vidal@example.com"
CODED = base64.b64encode(COOKIE.encode("utf-16-le")).decode()
LEAK = f"""<p>{MAIL} signed in, {COOKIE}</p><input type=password value="{PIN}"><script>
const canary = {COOKIE!r};
document.body.append(encodeURIComponent(canary), btoa('x' + canary), '{CODED}');
fetch('/api', {{headers: {{Authorization: 'Basic ' + btoa('ana:' + canary)}}}});
fetch('/upload', {{method: 'POST', body: 'pin=' + document.querySelector('[type=password]').value}});
console.log(canary);
</script>"""


def _parts(file: Path) -> Iterator[bytes]:
    if file.suffix != ".zip":
        yield file.read_bytes()
        return
    with zipfile.ZipFile(file) as trace:
        assert any(n.endswith(".trace") for n in trace.namelist())
        yield from (trace.read(n) for n in trace.namelist())
        yield "\n".join(trace.namelist()).encode()


def _forms(secret: str) -> Iterator[bytes]:
    """The secret as it may be written: two encodings, and base64 at each of its three beginnings."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        data = secret.encode(encoding)
        yield data
        for shift in range(3):
            yield base64.b64encode(b"\0" * shift + data)[4 * bool(shift) :][:16]


def _kept(session: Any) -> list[Path]:
    return sorted((session.folder / "evidence").glob("*"))


def _clean(files: list[Path]) -> None:
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        for content in _parts(file):
            for secret in (COOKIE, PIN, MAIL):
                for form in _forms(secret):
                    assert form not in content, (file.name, secret, form)


@pytest.fixture
def leaking(shop: Shop, opened: Opener) -> Any:
    """A session whose site shows and asks for secrets everywhere, with no evidence yet."""
    session = opened()
    session.check()
    for file in _kept(session):
        file.unlink()
    assert session._browser is not None
    cookie = {"name": "sid", "value": COOKIE.replace(" ", "%20"), "url": shop.url}
    session._browser.context.add_cookies([cookie])
    session._browser.context.add_cookies([{"name": "raw", "value": COOKIE, "url": shop.url}])
    shop.faults["rename"] = {"<!--help-->": LEAK}
    return session


def test_a_push_that_cannot_fill_the_form_leaves_all_three(
    shop: Shop, leaking: Any, picture: Staged
) -> None:
    shop.faults["rename"] |= {"id=save ": "id=go ", "Save work": "Store it", "#save": "#go"}
    receipt = leaking.create(work(), [picture], "Frozen glass dunes")
    assert receipt.remote.status is Status.PREPARED and shop.submits == 0
    found = _kept(leaking)
    assert [p.suffix for p in found] == [".zip", ".html", ".png"]
    _clean(found)


@pytest.mark.rare
def test_an_unproven_submit_leaves_all_three(shop: Shop, leaking: Any, picture: Staged) -> None:
    shop.faults["500-made"] = 1
    with pytest.raises(OutcomeUnknown):
        leaking.create(work("odd"), [picture], "odd")
    assert shop.submits == 1
    found = _kept(leaking)
    assert [p.suffix for p in found] == [".zip", ".html", ".png"]
    _clean(found)
    with zipfile.ZipFile(found[0]) as trace:
        told = b"".join(trace.read(n) for n in trace.namelist() if n.endswith(".trace"))
    assert b"#save" in told or b'id=\\"save' in told  # the press is told


def test_a_check_and_a_sign_in_that_fail_leave_theirs(shop: Shop, opened: Opener) -> None:
    shop.faults["signed-out"] = True
    session = opened(person_seconds=0.5)
    for file in _kept(session):
        file.unlink()
    for verb, name in ((session.check, "check"), (session.sign_in, "login")):
        with pytest.raises(AuthFailed):
            verb()
        assert {p.suffix for p in _kept(session) if name in p.name} == {".zip", ".html", ".png"}
    _clean(_kept(session))


def test_what_went_well_leaves_nothing(shop: Shop, leaking: Any, picture: Staged) -> None:
    receipt = leaking.create(work("well"), [picture], "well")
    assert receipt.remote.status is Status.LIVE and leaking.find("well") is not None
    assert _kept(leaking) == []
    assert not [p for p in leaking.folder.rglob("*trace*") if p.is_file()]


def test_a_secret_is_known_however_it_is_written() -> None:
    secret = "a+b<c>/geheim"
    redact = Redactor([secret]).text
    for form in (secret, "a%2Bb%3Cc%3E%2Fgeheim", "a+b&lt;c&gt;/geheim"):
        assert form not in redact(f"x {form} y")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        for before in (b"", b"z", b"zz"):
            coded = base64.b64encode(before + secret.encode(encoding) + b"after it").decode()
            assert coded[4:16] not in redact(f"x {coded} y")
