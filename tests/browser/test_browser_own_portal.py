"""A portal that a user describes: the documented profile publishes as it stands, and a slip is told by its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from channels.browser.session import BrowserSession
from publisher.errors import ConfigError, Rejected
from publisher.listing import Staged, Status
from tests.browser.conftest import Opener, work
from tests.browser.shop_site import Shop

DOCS = Path(__file__).parents[2] / "docs" / "browser.md"


@pytest.fixture
def portal(shop: Shop, opened: Opener) -> Any:
    """Opens a session on the documented profile, of which some words may be replaced."""
    made: list[BrowserSession] = []
    opened.close()

    def start(**changes: str) -> BrowserSession:
        context = opened.context({}, profile="my-portal", fallback="stop")
        text = re.search(
            r"```yaml\n(schema: 1\nname: my-portal.*?)```", DOCS.read_text("utf-8"), re.S
        )
        assert text is not None
        profile = text[1].replace("https://portal.example.com", shop.url)
        profile = profile.replace("portal.example.com", shop.url.removeprefix("http://"))
        for old, new in changes.items():
            assert old in profile
            profile = profile.replace(old, new)
        place = opened.folder / "channels" / "browser" / "my-portal.profile.yaml"
        place.write_text(profile, encoding="utf-8")
        made.append(BrowserSession(context))
        return made[-1]

    yield start
    for session in made:
        session.close()


def test_the_documented_profile_publishes_as_it_stands(
    shop: Shop, portal: Any, picture: Staged
) -> None:
    session = portal()
    assert session.check().notes[0].startswith("signed in to My Portal")
    found = session.examine()
    assert found.problem is None and not found.broken and shop.uploads == shop.submits == 0
    receipt = session.create(work(), [picture], "Frozen glass dunes")
    (made,) = shop.works
    assert receipt.remote.id == str(made.id) and receipt.remote.status is Status.LIVE
    assert made.fields == {
        "title": "Frozen glass dunes", "description": "Dunes of glass\nin low sun",
        "keywords": "glass, blue ice, dunes", "ai": True,
    }  # fmt: skip
    shop.faults["refuse"] = True
    with pytest.raises(Rejected, match="Your work could not be saved"):
        session.create(work("two"), [picture], "two")
    assert len(shop.works) == 1


def test_every_slip_is_told_at_once_with_its_file_and_line(shop: Shop, portal: Any) -> None:
    session = portal(**{
        "do: goto,": "do: visit,", "on: thumbnail}]": "on: thumbnial}]",
        "action: dismiss, press": "action: dismis, press",
        "{any: [{label: Title},": "{any: [{lable: Title},",
    })  # fmt: skip
    with pytest.raises(ConfigError, match="mistakes in the profile") as caught:
        session.check()
    place = session.context.project / "channels" / "browser" / "my-portal.profile.yaml"
    lines = place.read_text(encoding="utf-8").splitlines()
    told = caught.value.problems
    for wrong in ("visit", "dismis,", "lable"):
        (number,) = [n for n, line in enumerate(lines, 1) if wrong in line]
        assert any(p.startswith(f"my-portal.profile.yaml:{number}: ") for p in told), (wrong, told)
    assert str(place) in caught.value.remedy
    assert shop.visits == []


def test_an_address_of_another_host_is_told_with_its_line(shop: Shop, portal: Any) -> None:
    session = portal(**{f"url: {shop.url}/upload,": "url: https://elsewhere.example/upload,"})
    with pytest.raises(
        ConfigError, match=r"elsewhere.example/upload is not an address of"
    ) as caught:
        session.check()
    place = session.context.project / "channels" / "browser" / "my-portal.profile.yaml"
    lines = place.read_text(encoding="utf-8").splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if "elsewhere.example" in line]
    assert caught.value.problems[0].startswith(f"my-portal.profile.yaml:{number}: open: ")
    assert shop.visits == []
