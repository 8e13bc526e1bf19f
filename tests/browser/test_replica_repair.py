"""A redesigned replica: the check names the broken control first, and the user's overlay alone repairs it."""

from __future__ import annotations

from typing import Any

import pytest

from publisher.errors import PublisherError, SiteChanged
from tests.browser.replica_fixtures import overlaid

REDESIGN = {
    "work_title_en": "heading_en",
    "work[title_en]": "heading",
    "Title (required)": "Heading",
}
"""Every candidate of the title's locator is gone: its id, its name and its label."""


def test_a_redesign_is_named_by_the_check_and_repaired_in_the_overlay(staged: Any) -> None:
    stage = staged("redbubble")
    stage.sandbox.fault("renamed", map=REDESIGN)
    found = stage.session().examine()
    assert found.probes[0].name == "title" and found.probes[0].found is False
    assert [p.name for p in found.broken] == ["title"]
    assert found.probes[0].tried[0].startswith("id=work_title_")
    before = len(stage.works())
    with pytest.raises(SiteChanged, match="title"):
        stage.create()
    assert len(stage.works()) == before and stage.sent == 0
    repair = {"locators": {"title": {"any": [{"id": "heading_en", "tag": "input"}]}}}
    stage.overlay(overlaid("redbubble", **repair))
    try:
        session = stage.session(fresh=True)
        assert session.examine().broken == ()
        receipt = stage.create("Repaired by a list", session)
    finally:
        stage.overlay(overlaid("redbubble"))
        stage.close()
    (work,) = [w for w in stage.works() if w.id == receipt.remote.id]
    assert work.title == "Repaired by a list"


OTHERS = {
    "zazzle": (
        {"MediaBrowserExplorer-subViews": "LibraryCounter"},
        "library_count",
        {"any": [{"css": ".LibraryCounter > button"}]},
    ),
    "stock-portal": (
        {"Upload from device": "Add your files"},
        "from_device",
        {"any": [{"text": "Add your files"}]},
    ),
}
"""What is called otherwise now, the locator that it breaks, and its repair."""


@pytest.mark.rare
@pytest.mark.parametrize("site", OTHERS)
def test_the_other_sites_are_repaired_alike(staged: Any, site: str) -> None:
    renamed, broken, repair = OTHERS[site]
    stage = staged(site)
    before = len(stage.works())
    assert stage.session().examine().broken == ()
    stage.sandbox.fault("renamed", map=renamed)
    found = stage.session(fresh=True).examine()
    assert found.probes[0].name == broken and found.probes[0].found is False
    assert [p.name for p in found.broken] == [broken]
    with pytest.raises(PublisherError):
        stage.create()
    assert len(stage.works()) == before and stage.sent == 0
    stage.overlay(overlaid(site, locators={broken: repair}))
    try:
        session = stage.session(fresh=True)
        repaired = session.examine()
        assert repaired.problem is None and repaired.broken == (), repaired
        listing, picture = stage.work()
        receipt = session.create(listing, [picture], listing.key)
    finally:
        stage.overlay(overlaid(site))
        stage.close()
    (work,) = [w for w in stage.works() if w.picture.sha256 == picture.file.sha256]
    assert work.id == receipt.remote.id


@pytest.mark.rare
def test_hostile_titles_are_titles(staged: Any) -> None:
    stage = staged("redbubble")
    for title in (
        'Quotes "and" <b>markup</b> & more',
        "Share your work: Your account has been suspended",
        "Computer says 'no'",
        "\u05d2\u05dc \u05d6\u05db\u05d5\u05db\u05d9\u05ea \U0001f9ca \U00020b9f",
        "Glass " * 33,
    ):
        receipt = stage.create(title.strip())
        (work,) = [w for w in stage.works() if w.id == receipt.remote.id]
        assert work.title == title.strip()
        found = stage.session().find(title.strip())
        assert found is not None and found.id == work.id


@pytest.mark.rare
@pytest.mark.parametrize("site", ["redbubble", "zazzle", "stock-portal", "society6"])
def test_hostile_file_names_are_names(staged: Any, site: str) -> None:
    stage = staged(site)
    # Longer than the fifty characters that a grid shows, with all that an address or a page could trip over.
    name = f"#1 glas \u00fc \u4e16 100% 'dunes' & <b>more %41 {'x' * 40}.jpg"
    listing, picture = stage.work(name=name)
    receipt = stage.session().create(listing, [picture], listing.key)
    (work,) = [w for w in stage.works() if w.picture.sha256 == picture.file.sha256]
    # A library that knows pictures by their names gets them with a mark of their contents.
    mark = f"{picture.file.sha256[:8]}_" if site == "zazzle" else ""
    assert work.id == receipt.remote.id and work.picture.name == mark + name
