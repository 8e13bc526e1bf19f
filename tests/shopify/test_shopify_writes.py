"""What a push asks of a shop: no more than the change needs, and never a list that would take something away."""

from __future__ import annotations

from typing import Any

import pytest
from shop_floor import Floor, done

from channels.shopify import documents, inputs
from publisher.listing import Remote
from publisher.plan import Word


def test_a_release_is_there_as_a_whole_and_a_second_plan_has_nothing_to_do(floor: Floor) -> None:
    assert done(floor.push()) == {"published": 3}
    floor.right()
    floor.reopen_ledger()
    assert floor.plan().nothing_to_do
    product = floor.products()["w00000"]
    assert product["status"] == "ACTIVE" and product["publications"]
    assert "&lt;at dawn&gt;" in product["descriptionHtml"]
    meta = {m["key"]: m["value"] for m in product["metafields"]}
    assert meta["provenance"] == "ai-generated" and meta["ai_system"] == "Midjourney"
    assert meta["source_type"].endswith("trainedAlgorithmicMedia")


def test_one_price_is_one_variant_update_and_nothing_else(floor: Floor) -> None:
    floor.push()
    floor.forget()
    floor.reprice(1, "ext", "59.00")
    (pair,) = floor.plan().active("shopify")
    assert [(c.field, c.old, c.new) for c in pair.changes] == [
        ("price.ext", "49.00 EUR", "59.00 EUR")
    ]
    assert done(floor.push())["updated"] == 1
    assert floor.asked() == {"productVariantsBulkUpdate": 1}
    floor.right()
    assert floor.plan().nothing_to_do


def test_a_price_change_does_not_look_at_the_product(floor: Floor) -> None:
    floor.push()
    floor.forget()
    floor.reprice(0, "std", "21.00")
    floor.push()
    assert floor.shop.counts()["nodes"] == 0 and floor.shop.counts()["productByIdentifier"] == 0


def test_one_picture_is_one_upload(floor: Floor) -> None:
    floor.push()
    before = floor.goods()
    floor.forget()
    floor.repaint(2)
    assert done(floor.push())["updated"] == 1
    asked = floor.asked()
    assert asked["upload"] == 1 and asked["productSet"] == 1
    assert asked["productVariantsBulkUpdate"] == 0
    assert len(set(floor.goods().values()) - set(before.values())) == 1
    media = floor.products()["w00002"]["media"]
    assert len(media) == 1, "the old picture is still shown"
    floor.right()
    assert floor.plan().nothing_to_do


def test_other_words_send_no_picture(floor: Floor) -> None:
    floor.push()
    floor.forget()
    floor.change(0, title="Another title of these dunes")
    assert done(floor.push())["updated"] == 1
    assert floor.asked()["upload"] == 0
    floor.right()


def _by_hand(floor: Floor, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    """What a merchant does in the shop's admin."""
    session: Any = floor.session()
    return dict(session.shop.tell(document, variables, first=False))


def _add_by_hand(floor: Floor, key: str) -> None:
    """A variant, a picture and another app's metafield."""
    session: Any = floor.session()
    there = session.looks.product(key)
    kept = [
        {"id": v.id, "optionValues": [{"optionName": "Licence", "name": v.title}]}
        for v in there.variants
    ]
    value = [{"optionName": "Licence", "name": "By arrangement"}]
    values = [{"name": v["optionValues"][0]["name"]} for v in kept]
    product = {
        "productOptions": [
            {"name": "Licence", "values": [*values, {"name": "By arrangement"}], "position": 1}
        ],
        "variants": [*kept, {"optionValues": value, "price": "500.00"}],
        "files": [
            *({"id": m.id} for m in there.media),
            {"originalSource": "https://pictures.example/room.jpg", "contentType": "IMAGE"},
        ],
    }
    _by_hand(floor, documents.SET_PRODUCT, inputs.command({"id": there.id}, product))
    foreign = {
        "ownerId": there.id,
        "namespace": "reviews",
        "key": "stars",
        "type": "single_line_text_field",
        "value": "5",
    }
    _by_hand(floor, documents.SET_METAFIELDS, {"metafields": [foreign]})


@pytest.mark.parametrize("change", ["title", "price", "title and price", "variant", "picture"])
def test_what_a_merchant_added_is_never_taken_away(floor: Floor, change: str) -> None:
    floor.push()
    _add_by_hand(floor, "w00000")
    if "title" in change:
        floor.change(0, title="Another title of these dunes")
    if "price" in change:
        floor.reprice(0, "std", "21.00")
    if change == "variant":
        offer = floor.ws.items[0].offer
        assert offer is not None
        floor.change(0, offer=offer.model_copy(update={"variants": offer.variants[:2]}))
    if change == "picture":
        floor.repaint(0)
    assert done(floor.push())["updated"] == 1
    looks: Any = floor.session()
    there = looks.looks.product("w00000")
    prices = [v.price for v in there.variants]
    assert prices.count("500.00") == 1 and len(prices) == (3 if change == "variant" else 4)
    assert [bool(m.sha256) for m in there.media] == [True, False]
    namespaces = {m["namespace"] for m in floor.products()["w00000"]["metafields"]}
    assert "reviews" in namespaces


def test_a_removed_variant_is_shown_in_the_plan(floor: Floor) -> None:
    floor.push()
    offer = floor.ws.items[0].offer
    assert offer is not None
    floor.change(0, offer=offer.model_copy(update={"variants": offer.variants[:1]}))
    (pair,) = floor.plan().active("shopify")
    assert pair.word is Word.UPDATE
    shown = {c.field: (c.old, c.new) for c in pair.changes}
    assert shown["variants"] == (("std", "ext", "big"), ("std",))
    floor.push()
    floor.right()


def test_a_withdrawn_product_comes_back_as_itself(floor: Floor) -> None:
    floor.push()
    binding = floor.ledger.binding("shopify", "w00001")
    assert binding is not None
    _add_by_hand(floor, "w00001")
    floor.session().withdraw(Remote(binding.remote_id, binding.key))
    assert floor.products()["w00001"]["status"] == "ARCHIVED"
    listing = floor.listing(floor.ws.items[1])
    receipt = floor.create(floor.session(), listing)
    assert receipt.remote.id == binding.remote_id
    product = floor.products()["w00001"]
    assert product["status"] == "ACTIVE"
    assert len(product["media"]) == 2 and len(product["variants"]) == 4
    assert "reviews" in {m["namespace"] for m in product["metafields"]}
