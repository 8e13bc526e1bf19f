"""What a stand-in states for an account, and what the sandbox of a site tells the rehearsal about this machine."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from channels.browser.replicas.portal import BATCHES
from channels.browser.sandbox import AdapterSandbox
from channels.browser.session import BrowserSession
from channels.browser.settings import BrowserSettings
from publisher.channel import Context
from publisher.discovery import load_row

RULES = "MAP www.zazzle.com 127.0.0.1:1,MAP * ~NOTFOUND,EXCLUDE 127.0.0.1"


def settings(**facts: object) -> BrowserSettings:
    return BrowserSettings(stand_in=json.dumps(facts), resolver_rules=RULES)


def session(project: Path, given: BrowserSettings, **options: str) -> BrowserSession:
    """A session of an account with these options, which opens nothing."""
    context = Context(
        account="zazzle",
        row=load_row("zazzle"),
        settings=given,
        release="r",
        project=project,
        outbox=project / "outbox",
        now=lambda: dt.datetime(2026, 11, 26, tzinfo=dt.UTC),
        render=lambda name, variables: name,
        options=options,
    )
    return BrowserSession(context)


def test_what_a_stand_in_states_is_told_apart() -> None:
    given = settings(store="winterglass", usual={"product": "poster"}, packs="no browser")
    assert given.facts == {"store": "winterglass"}
    assert given.usual == {"product": "poster"}
    assert given.packs == "no browser"
    assert BrowserSettings().facts == BrowserSettings().usual == {}
    assert BrowserSettings().packs == ""


@pytest.mark.parametrize(
    ("stated", "batch"),
    [
        ({}, "7001"),
        ({"type": "creative"}, "7001"),
        ({"type": "illustration"}, "7005"),
        ({"type": "editorial", "batch": "123"}, "7002"),
    ],
)
def test_the_portals_batch_is_of_the_type_that_the_account_states(
    tmp_path: Path, stated: dict[str, str], batch: str
) -> None:
    place = AdapterSandbox(load_row("stock-portal"), "portal", tmp_path)
    assert settings(**place._facts).facts_for(stated) == {"batch": batch}
    assert BATCHES[batch] == stated.get("type", "creative")


def test_a_stand_in_leaves_no_way_to_a_real_site() -> None:
    with pytest.raises(ValueError, match="every other name nowhere"):
        BrowserSettings(stand_in="{}", resolver_rules="MAP www.zazzle.com 127.0.0.1:1")


@pytest.mark.parametrize("at_once", [True, False])
def test_only_a_stand_in_that_lists_at_once_needs_no_waiting(tmp_path: Path, at_once: bool) -> None:
    given = settings(store="winterglass", at_once=at_once)
    assert given.facts == {"store": "winterglass"}
    spec = session(tmp_path, given, product="mug").profile.reconcile
    assert spec is not None
    assert spec.appears_within == (0 if at_once else 172_800)


@pytest.mark.parametrize(("stated", "product"), [({}, "poster"), ({"product": "mug"}, "mug")])
def test_an_account_chooses_its_product_and_the_site_its_store(
    tmp_path: Path, stated: dict[str, str], product: str
) -> None:
    given = settings(store="winterglass", usual={"product": "poster"})
    terms = session(tmp_path, given, store="winter_glass", **stated).terms
    assert terms.options["product"] == product
    assert terms.options["store"] == "winterglass"
    assert terms.unattended and terms.acknowledged is None


def test_without_a_browser_the_sandbox_says_what_helps(tmp_path: Path) -> None:
    box = AdapterSandbox(load_row("zazzle"), "zazzle", tmp_path)
    more, lack = box.rehearsing(BrowserSettings(executable=str(tmp_path / "none")))
    assert "there is no browser" in lack and "install Debian's package chromium" in lack
    assert json.loads(more["STAND_IN"])["packs"]
