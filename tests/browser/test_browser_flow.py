"""Forms in a real Chromium: every verb, verified by the site's own books."""

from __future__ import annotations

from publisher.listing import Staged, Status
from tests.browser.conftest import PICTURE, Opener, work
from tests.browser.shop_site import Shop


def test_a_whole_form_is_filled_submitted_and_proved(
    shop: Shop, opened: Opener, picture: Staged
) -> None:
    session = opened(default="T-Shirt", scale="75", colour="#203040", shelf="Art > Nature")
    receipt = session.create(work(products=("stickers", "mugs")), [picture], "Frozen glass dunes")
    (made,) = shop.works
    assert receipt.remote.id == str(made.id) and receipt.remote.status is Status.LIVE
    assert receipt.remote.url.endswith(f"/works/{made.id}") and receipt.note == ""
    assert made.fields == {
        "title": "Frozen glass dunes",
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
    assert shop.submits == 1 and session.sent == [0]
