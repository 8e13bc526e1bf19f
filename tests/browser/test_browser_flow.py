"""Forms in a real Chromium: every verb, verified by the site's own books."""

from __future__ import annotations

from typing import Any

import pytest

from publisher.errors import Rejected, Transient
from publisher.listing import Staged, Status
from tests.browser.conftest import PICTURE, Opener, some, work
from tests.browser.shop_site import Shop

DUNES = "Frozen glass dunes"


def test_a_whole_form_is_filled_submitted_and_proved(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    shop.faults |= {"confirm": True, "suggest": True, "old-chips": True, "percent": True}
    session = opened(default="T-Shirt", scale="75", colour="#203040", shelf="Art > Nature")
    receipt = session.create(work(products=("stickers", "mugs")), [picture], DUNES)
    (made,) = shop.works
    assert receipt.remote.id == str(made.id) and receipt.remote.status is Status.LIVE
    assert receipt.remote.url.endswith(f"/works/{made.id}") and receipt.note == ""
    assert made.fields == {
        "title": DUNES,
        "about": "Dunes of glass\nin low sun",
        "size": len(PICTURE),
        "file": picture.file.name,
        "tags": ["glass", "blue ice", "dunes"],
        "products": ["sticker", "mug"],
        "mature": "no",
        "ai": True,
        "rights": True,
        "default": "tee",
        "scale": "75",
        "colour": "#203040",
        "shelf": ["Art", "Nature"],
    }
    assert shop.submits == 1 and opened.sent == [0]


HOSTILE = {
    "quotes and markup": "\"Ice\" <b>&amp;</b> <script>alert(1)</script> 'x'",
    "right to left": "\u05e9\u05dc\u05d5\u05dd dunes \u0643\u062b\u0628\u0627\u0646",
    "four bytes": "Ice \U0001f9ca dunes \U0001f3dc\ufe0f",
    "long": "glass dunes at dawn " * 15 + "end",
    "like a message": "Your work could not be saved. You have reached your limit. Just a moment...",
    "like a success": "Share your work /done/999",
    "selector": "a[b='c'] >> text=x {title} %41",
}


@pytest.mark.parametrize("kind", some(HOSTILE, "quotes and markup", "like a message"))
def test_a_hostile_title_is_only_a_title(
    shop: Shop, opened: Opener, picture: Staged, kind: str
) -> None:
    shop.faults |= {"help": True, "hidden-error": True}
    receipt = opened().create(work(HOSTILE[kind]), [picture], HOSTILE[kind])
    (made,) = shop.works
    assert made.fields["title"] == HOSTILE[kind] and receipt.remote.id == str(made.id)
    found = opened().find(HOSTILE[kind])
    assert found is not None and found.id == str(made.id)


@pytest.mark.parametrize(
    "fault", some(("react-title", "late-enable", "no-chooser", "beforeunload"), "react-title")
)
def test_a_page_with_its_own_ways_is_filled_all_the_same(
    shop: Shop, opened: Opener, picture: Staged, fault: str
) -> None:
    shop.faults[fault] = 300
    opened().create(work(), [picture], DUNES)
    (made,) = shop.works
    assert made.fields["title"] == DUNES and made.fields["size"] == len(PICTURE)


def test_what_a_page_holds_by_itself_is_made_exactly_as_wanted(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    shop.faults |= {"old-chips": True, "products": "sticker,cap,print"}
    listing = work(ai=False, mature=True, products=("stickers", "old"))
    receipt = opened().create(listing, [picture], DUNES)
    (made,) = shop.works
    assert made.fields["tags"] == ["glass", "blue ice", "dunes"]
    assert made.fields["products"] == ["sticker"]  # the cap was on by default
    assert (made.fields["mature"], made.fields["ai"]) == ("yes", False)
    assert "does not offer typewriter" in receipt.note


def test_a_dropped_tag_is_a_warning_and_too_few_are_a_refusal(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    shop.faults["dropped-tags"] = "glass"
    receipt = opened().create(work(), [picture], DUNES)
    assert "dropped the tags glass" in receipt.note
    assert shop.works[0].fields["tags"] == ["blue ice", "dunes"]
    shop.faults["dropped-tags"] = "glass,dunes"
    with pytest.raises(Rejected, match="took 1 of 3 tags"):
        opened().create(work("two"), [picture], "two")
    assert shop.submits == 1


def test_a_button_that_is_never_where_it_was_is_not_pressed(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    # Between two steps it stands long enough for a click to begin, and is elsewhere when it comes.
    moving = (
        "<style>@keyframes s { to { margin-left: 160px } }"
        " #save { animation: s 1s steps(8) infinite }</style><button type=button id=save"
    )
    shop.faults["rename"] = {"<button type=button id=save": moving}
    session = opened(changes={"on: save, seconds: 5,": "on: save, seconds: 2,"})
    receipt = session.create(work(), [picture], DUNES)
    assert receipt.remote.status is Status.PREPARED and "does not hold still" in receipt.note
    assert shop.submits == 0


UPLOADS: dict[str, tuple[Any, str]] = {
    "inert-input": (Transient, "nothing happened"),
    "stall": (Transient, "did not come to its end"),
    "upload-refused": (Rejected, "The picture is too small"),
}


@pytest.mark.parametrize("fault", UPLOADS)
def test_an_upload_is_believed_only_when_the_page_says_so(
    shop: Shop, opened: Opener, picture: Staged, fault: str
) -> None:
    shop.faults[fault] = True
    kind, words = UPLOADS[fault]
    session = opened(changes={"seconds: 20\n    begins: 3": "seconds: 1.5\n    begins: 0.8"})
    with pytest.raises(kind, match=words):
        session.create(work(), [picture], DUNES)
    assert shop.submits == 0 and opened.sent == []


def test_a_line_that_breaks_under_an_upload_is_passing_whatever_the_page_says(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    sent = "fetch('/upload', {method: 'POST', body: file})"
    told = ".catch(() => ({text: () => 'The picture is no good'}))"
    shop.faults |= {"upload-lost": True, "rename": {sent: sent + told}}
    with pytest.raises(Transient, match=r"the line broke .* while the file was sent"):
        opened().create(work(), [picture], DUNES)
    assert shop.uploads and shop.submits == 0 and opened.sent == []


def test_a_page_that_takes_a_value_back_is_not_submitted(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    shop.faults["reverting-title"] = True
    receipt = opened().create(work(), [picture], DUNES)
    assert receipt.remote.status is Status.PREPARED and "changed title" in receipt.note
    assert shop.submits == 0
    shop.faults = {"later-revert": True}  # once; what is written again stays
    receipt = opened().create(work("again"), [picture], "again")
    assert receipt.remote.status is Status.LIVE and shop.works[0].fields["title"] == "again"


def test_a_declaration_that_cannot_be_verified_is_never_published_without(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    shop.faults["dom-only-tick"] = True
    receipt = opened().create(work(), [picture], DUNES)
    assert receipt.remote.status is Status.PREPARED and shop.submits == 0
    assert "ai" in receipt.note
    shop.faults = {"rename": {"id=ai ": "id=ai2 "}}
    receipt = opened().create(work("again"), [picture], "again")
    assert receipt.remote.status is Status.PREPARED and shop.submits == 0


@pytest.mark.rare
def test_a_value_that_the_site_has_no_entry_for_is_the_sellers_to_correct(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    for options, words in (
        ({"default": "Sofa"}, "no entries for 'Sofa'; choose one of none, Poster"),
        ({"shelf": "Art > Cars"}, "no entries 'Cars'"),
    ):
        with pytest.raises(Rejected) as caught:
            opened(**options).create(work(), [picture], DUNES)
        assert words.partition(";")[0] in caught.value.sentence
    with pytest.raises(Rejected, match="no product class sofa"):
        opened().create(work(products=("sofa",)), [picture], DUNES)
    assert shop.submits == 0
