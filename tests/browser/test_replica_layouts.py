"""A site that shows each visit one of several layouts: the probe chooses, and an unknown one is no success."""

from __future__ import annotations

from typing import Any

import pytest

from channels.browser.replicas.visitors import VISIT, drawn
from channels.browser.replicas.wire import Asked
from publisher.errors import QuotaExhausted, SiteChanged
from publisher.listing import Status
from tests.browser.replica_fixtures import overlaid

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
    seed = next(s for s in range(99) if shown(s, next_ + 1) != shown(s, next_ + 2))
    assert {shown(seed, n) for n in range(200)} == set(among)
    stage.sandbox.fault("ab_layout", seed=seed, among=among)
    assert {*_layouts(stage, 3)} <= {"chips", "textarea"}
    assert stage.sent == 6


@rare
@pytest.mark.parametrize(("site", "among"), [("zazzle", ["", "old_ids"]), ("society6", ["", "old_studio"])])  # fmt: skip
def test_the_other_sites_try_two_as_well(staged: Any, site: str, among: list[str]) -> None:
    stage = staged(site)
    for layout in among:
        stage.sandbox.fault("ab_layout", among=[layout])
        _layouts(stage, 1)
    assert stage.sent == 4


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
    assert len(stage.works()) == before and stage.sent == 0
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


@rare
def test_the_old_studio_is_passed_once(staged: Any) -> None:
    stage = staged("society6")
    stage.overlay(overlaid("society6"))
    stage.sandbox.fault("old_studio")
    assert _layouts(stage, 1) == ["classic"]
