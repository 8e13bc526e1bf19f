"""A site that shows each visit one of several layouts: the probe chooses, and an unknown one is no success."""

from __future__ import annotations

from typing import Any

import pytest

from channels.browser.replicas.visitors import VISIT, drawn
from channels.browser.replicas.wire import Asked
from publisher.errors import NeedsHuman, QuotaExhausted, Rejected, SiteChanged
from publisher.listing import Status

rare = pytest.mark.rare


def _visit(stage: Any) -> None:
    """Begin another visit, as somebody whose cookie of it has gone."""
    stage.session().do(lambda s: s.watcher().stage.page.context.clear_cookies(name=VISIT))


def _layouts(stage: Any, visits: int) -> list[tuple[str, str]]:
    """Works of so many visits, two of each: the visit's layout by the engine's own probe."""
    found = []
    for _ in range(visits):
        _visit(stage)
        of_this = set()
        for _ in range(2):
            listing, picture = stage.work()
            receipt = stage.session().create(listing, [picture], listing.key)
            (work,) = stage.works(str(listing.fields["title"]))
            assert work.id == receipt.remote.id
            of_this.add(stage.session().do(lambda s: s._watcher.stage.layout))
            if stage.row.name == "redbubble":
                assert work.fields["keywords"] == ["glass", "blue ice", "dunes"]
        assert len(of_this) == 1, "the layout changed within a visit"
        found += of_this
    return found


@pytest.mark.rare
def test_both_layouts_of_a_site_that_tries_two_come_to_a_work(staged: Any) -> None:
    stage = staged("redbubble")
    # Visits are numbered, so that a seed is found that gives the next two different layouts.
    next_ = stage.sandbox.site.visitors._visits
    among = ["", "old_tags"]

    def shown(seed: int, visit: int) -> str:
        asked = Asked("GET", "", "", {}, b"", {VISIT: f"v{visit}"})
        return drawn(("", "old_tags", "other_tags"), {"seed": seed, "among": among}, asked)

    stage.session().check()
    _visit(stage)
    coming = range(next_ + 1, next_ + 7)
    seed = next(
        s
        for s in range(10_000)
        if all(shown(s, n) != shown(s, n + 1) for n in coming)  # one after the other
    )
    stage.sandbox.fault("ab_layout", seed=seed, among=among)
    seen: set[str] = set()
    while len(seen) < 2 and stage.sent < 8:
        seen |= {*_layouts(stage, 1)}
    assert seen == {"chips", "textarea"}


@rare
@pytest.mark.parametrize(
    ("site", "among"), [("zazzle", ["", "old_ids"]), ("society6", ["", "old_studio"])]
)
def test_the_other_sites_try_two_as_well(staged: Any, site: str, among: list[str]) -> None:
    stage = staged(site)
    for layout in among:
        stage.sandbox.fault("ab_layout", among=[layout])
        _layouts(stage, 1)
    assert stage.sent == 4


@rare
def test_an_unknown_layout_is_named_and_makes_nothing(staged: Any) -> None:
    stage = staged("redbubble")
    stage.sandbox.fault("ab_layout", among=["other_tags"])
    before = len(stage.works())
    with pytest.raises(SiteChanged, match="none of the layouts chips, textarea") as caught:
        stage.create()
    assert "correct layouts in channels/browser/redbubble.profile.yaml" in caught.value.remedy
    assert len(stage.works()) == before and stage.sent == 0


@rare
def test_an_unknown_layout_becomes_a_pack_for_a_person(staged: Any) -> None:
    from dataclasses import replace

    stage = staged("redbubble")
    stage.sandbox.fault("ab_layout", among=["other_tags"])
    seat = stage.session(fresh=True)
    seat.session.context = replace(stage.context(), options={"fallback": "pack"})
    before = len(stage.works())
    receipt = stage.create()
    assert receipt.remote.status is Status.PREPARED and "none of the layouts" in receipt.note
    assert len(stage.works()) == before
    stage.close()


@rare
def test_a_layout_with_another_id_is_drift_and_comes_to_a_work(staged: Any) -> None:
    stage = staged("redbubble")
    stage.sandbox.fault("ab_layout", among=["old_tags"])
    stage.sandbox.fault("renamed", map={"work_tag_field_en": "work_tag_field_all"})
    receipt = stage.create()
    assert "tags was found by its fallback" in receipt.note


@rare
def test_a_limit_that_only_a_chosen_product_shows_stops_the_account(staged: Any) -> None:
    stage = staged("redbubble")
    before = len(stage.works())
    stage.sandbox.fault("limit_products")
    # It is not on the page until then: whoever looks earlier finds the way open.
    assert stage.session().examine().problem is None
    with pytest.raises(QuotaExhausted, match="limit of uploads"):
        stage.create()
    assert len(stage.works()) == before and stage.sent == 0


def test_the_old_studio_comes_to_one_work(staged: Any) -> None:
    stage = staged("society6")
    stage.sandbox.fault("old_studio")
    listing, picture = stage.work()
    receipt = stage.session().create(listing, [picture], listing.key)
    (work,) = stage.works(str(listing.fields["title"]))
    assert work.id == receipt.remote.id and work.picture.sha256 == picture.file.sha256
    assert work.fields["tags"] == ["glass", "blue ice", "dunes"] and work.fields["mature"] == "no"
    assert not receipt.note and stage.sent == 1


@rare
def test_a_draft_that_was_left_in_the_old_studio_is_a_person_s(staged: Any) -> None:
    stage = staged("society6")
    stage.sandbox.fault("old_studio")
    stage.sandbox.fault("filtered", words=["dunes"])
    with pytest.raises(Rejected, match="refuses the tags dunes"):
        stage.create()
    stage.sandbox.clear_faults()
    stage.sandbox.fault("old_studio")
    books = stage.sandbox.site.books
    before = len(books.words), len(books.works)
    with pytest.raises(NeedsHuman, match="lies in the studio as a draft"):
        stage.create()
    assert (len(books.words), len(books.works)) == before and stage.sent == 0


@rare
def test_the_old_studio_is_looked_at_without_a_draft(staged: Any) -> None:
    stage = staged("society6")
    stage.sandbox.fault("old_studio")
    drafts = len(stage.sandbox.site.books.words)
    found = stage.session().examine()
    assert "layout classic" in found.notes and found.problem is None
    assert len(stage.sandbox.site.books.words) == drafts
