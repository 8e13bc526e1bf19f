"""The sandbox shop's productSet: lists replace, identifiers must agree, refusals write nothing, types are strict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shopify_client import (
    DEFINE,
    DELETE_FIELDS,
    KEY,
    PRICES,
    PUBLISH,
    SET,
    SET_FIELDS,
    SPACE,
    UNPUBLISH,
    Client,
    field,
    options,
    product,
    variant,
)

BOTH = pytest.mark.parametrize("shop", ["contract", "real"], indirect=True)


@pytest.fixture
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Client]:
    client = Client(tmp_path, real=getattr(request, "param", "contract") == "real")
    client.define()
    yield client
    client.close()


def counts(shop: Client) -> dict[str, int]:
    return {e.key: e.count for e in shop.box.landed()}


@BOTH
def test_a_key_makes_one_product_however_often_it_is_set(shop: Client) -> None:
    first = shop.set("k1")
    again = shop.set("k1", title="Other title")
    assert first["userErrors"] == again["userErrors"] == []
    assert again["product"]["id"] == first["product"]["id"]
    found = shop.there("k1")
    assert found is not None and found["title"] == "Other title"
    assert [v["price"] for v in found["variants"]["nodes"]] == ["19.00", "79.00"]
    assert [v["id"] for v in found["variants"]["nodes"]] == [
        v["id"] for v in first["product"]["variants"]["nodes"]
    ]
    assert counts(shop) == {"products/k1.json": 1}


def test_without_an_identifier_every_call_makes_another(shop: Client) -> None:
    given = product("k1", handle=None, metafields=[field("item", "k1")])["input"]
    made = [shop.ask(SET, input=given)["productSet"]["product"] for _ in range(2)]
    assert [m["handle"] for m in made] == ["title-of-k1", "title-of-k1-1"]
    assert counts(shop) == {"products/title-of-k1.json": 1, "products/title-of-k1-1.json": 1}


def test_the_books_show_two_products_of_one_key_as_a_duplicate(shop: Client) -> None:
    shop.box.server.shop.books.set_fact("loose publisher.key", "single_line_text_field")
    shop.set("k1")
    other = [field("key", "k1", "id")]
    doc = shop.box.server.shop.product_by({"handle": "k1"})
    assert doc is not None and other
    number = shop.box.server.shop.books.next_number()
    with shop.box.server.shop.books.change():
        shop.box.server.shop.put_product(
            number, doc | {"id": "gid://shopify/Product/99", "handle": "x"}
        )
    assert counts(shop) == {"products/k1.json": 2}


def test_a_list_that_is_sent_replaces_and_one_that_is_left_out_stays(shop: Client) -> None:
    picture = {"originalSource": shop.uploaded(), "filename": "a.jpg", "alt": "A"}
    shop.set("k1", files=[picture], tags=["b", "a"])
    shop.set("k1", variants=None, productOptions=None, metafields=None)
    kept = shop.there("k1")
    assert kept is not None
    assert kept["tags"] == ["a", "b"] and len(kept["media"]["nodes"]) == 1
    assert {m["key"] for m in kept["metafields"]["nodes"]} == {KEY, "item"}
    assert len(kept["variants"]["nodes"]) == 2
    shop.set(
        "k1",
        files=[],
        tags=[],
        metafields=[field(KEY, "k1", "id")],
        productOptions=options("Standard"),
        variants=[variant("Standard")],
    )
    cut = shop.there("k1")
    assert cut is not None
    assert cut["tags"] == [] and cut["media"]["nodes"] == []
    assert [m["key"] for m in cut["metafields"]["nodes"]] == [KEY]
    assert [v["selectedOptions"][0]["value"] for v in cut["variants"]["nodes"]] == ["Standard"]


CUSTOM = {"customId": {"namespace": SPACE, "key": KEY, "value": "k1"}}
REFUSALS: dict[str, tuple[str, dict[str, Any]]] = {
    "another handle": ("INPUT_MISMATCH", product("k1", {"handle": "other"})),
    "no handle": ("MISSING_FIELD_REQUIRED", product("k1", {"handle": "k1"}, handle=None)),
    "no such id": ("NOT_FOUND", product("k1", {"id": "gid://shopify/Product/424242"})),
    "an id beside": ("ID_NOT_ALLOWED", product("k1", id="gid://shopify/Product/1")),
    "another key": ("METAFIELD_MISMATCH", product("k1", metafields=[field("item", "k1")])),
    "no options": ("PRODUCT_OPTIONS_INPUT_MISSING", product("k1", productOptions=None)),
    "no variants": ("VARIANTS_INPUT_MISSING", product("k1", variants=None)),
    "no title": ("INVALID_PRODUCT", product("k1", title=" ")),
    "a handle that is taken": ("HANDLE_NOT_UNIQUE", product("k1", handle="taken")),
    "an unknown value": ("OPTION_VALUE_DOES_NOT_EXIST", product("k1", variants=[variant("Gold")])),
    "an unknown option": (
        "OPTION_DOES_NOT_EXIST",
        product("k1", variants=[variant("x", optionValues=[{"optionName": "Size", "name": "x"}])]),
    ),
    "a value too few": ("INVALID_VARIANT", product("k1", variants=[variant("x", optionValues=[])])),
    "twice the same": ("INVALID_VARIANT", product("k1", variants=[variant("Standard")] * 2)),
    "a negative price": ("INVALID_VARIANT", product("k1", variants=[variant("Standard", "-1")])),
    "a value that is empty": (
        "INVALID_METAFIELD",
        product("k1", metafields=[field(KEY, "k1", "id"), field("x1", "")]),
    ),
    "a wrong number": (
        "INVALID_METAFIELD",
        product(
            "k1", metafields=[field(KEY, "k1", "id"), field("count", "many", "number_integer")]
        ),
    ),
    "another type": ("INVALID_METAFIELD", product("k1", metafields=[field(KEY, "k1")])),
    "no such file": ("INVALID_INPUT", product("k1", files=[{"id": "gid://shopify/MediaImage/1"}])),
    "a file without a source": ("INVALID_INPUT", product("k1", files=[{"alt": "x"}])),
    "a variant's own file": (
        "INVALID_VARIANT",
        product(
            "k1", variants=[variant("Standard", file={"originalSource": "https://x.invalid/a.jpg"})]
        ),
    ),
    "options without values": (
        "OPTION_VALUES_MISSING",
        product("k1", productOptions=[{"name": "Licence", "values": []}]),
    ),
    "four options": (
        "OPTIONS_OVER_LIMIT",
        product(
            "k1", productOptions=[{"name": f"o{n}", "values": [{"name": "v"}]} for n in range(4)]
        ),
    ),
    "too many variants": (
        "VARIANTS_OVER_LIMIT",
        product("k1", productOptions=options(*"abcdef"), variants=[variant(n) for n in "abcdef"]),
    ),
    "an unknown definition": (
        "INVALID_INPUT",
        product(
            "k1",
            {"customId": {"namespace": SPACE, "key": "nothing", "value": "k1"}},
            metafields=None,
        ),
    ),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_what_is_refused_writes_nothing(shop: Client, reason: str) -> None:
    shop.set("taken")
    shop.box.terms.max_variants = 5
    before = list(shop.box.landed())
    code, variables = REFUSALS[reason]
    answer = shop.ask(SET, **variables)["productSet"]
    assert [e["code"] for e in answer["userErrors"]] == [code], answer
    assert answer["product"] is None
    assert list(shop.box.landed()) == before


def test_a_key_that_another_product_has_is_refused(shop: Client) -> None:
    shop.set("k1")
    answer = shop.set("k2", metafields=[field(KEY, "k2", "id"), field("item", "x")])
    assert answer["userErrors"] == []
    stolen = {
        "identifier": {"handle": "k2"},
        "input": {"handle": "k2", "metafields": [field(KEY, "k1", "id")]},
    }
    refused = shop.ask(SET, **stolen)["productSet"]
    assert [e["code"] for e in refused["userErrors"]] == ["CAPABILITY_VIOLATION"]


@BOTH
def test_the_types_refuse_what_they_do_not_know(shop: Client) -> None:
    assert shop.codes(SET, **product("k1", titel="x")) == ["INVALID_VARIABLE"]
    assert shop.codes(SET, **product("k1", status="LIVE")) == ["INVALID_VARIABLE"]
    bad = product("k1", variants=[variant("Standard", "nineteen")])
    assert shop.codes(SET, **bad) == ["INVALID_VARIABLE"]
    two = product("k1", {"handle": "k1", "id": "gid://shopify/Product/1"})
    assert shop.codes(SET, **two) == ["INVALID_VARIABLE"]
    assert shop.codes("{ shop { nam } }") == ["undefinedField"]
    assert counts(shop) == {}


def test_what_the_sandbox_does_not_play_is_said_by_name(tmp_path: Path) -> None:
    client = Client(tmp_path, real=True)
    body = client.post("{ customersCount { count } }")[2]
    assert body["errors"][0]["message"] == "the sandbox does not play customersCount"
    client.close()


def test_an_input_list_ends_at_250(shop: Client) -> None:
    many = product("k1", tags=[f"t{n}" for n in range(251)])
    assert shop.codes(SET, **many) == ["MAX_INPUT_SIZE_EXCEEDED"]
    assert shop.set("k1", tags=[f"t{n}" for n in range(250)])["userErrors"] == []


def test_an_asynchronous_set_is_complete_without_being_a_success(shop: Client) -> None:
    text = SET.replace("synchronous: true", "synchronous: false").replace(
        "userErrors", "productSetOperation { id status } userErrors", 1
    )
    look = """query ($id: ID!) { productOperation(id: $id) {
        status product { id } ... on ProductSetOperation { userErrors { code } } } }"""
    for given, errors in ((product("k1"), []), (product("k2", title=""), ["INVALID_PRODUCT"])):
        answer = shop.ask(text, **given)["productSet"]
        assert answer["product"] is None and answer["userErrors"] == []
        assert answer["productSetOperation"]["status"] == "CREATED"
        identity = answer["productSetOperation"]["id"]
        assert shop.ask(look, id=identity)["productOperation"]["status"] == "ACTIVE"
        done = shop.ask(look, id=identity)["productOperation"]
        assert done["status"] == "COMPLETE"
        assert [e["code"] for e in done["userErrors"]] == errors
        assert (done["product"] is None) is bool(errors)


def test_prices_change_all_or_none(shop: Client) -> None:
    made = shop.set("k1")["product"]
    one, two = (v["id"] for v in made["variants"]["nodes"])

    def reprice(*variants: dict[str, Any]) -> list[str]:
        given = {"productId": made["id"], "variants": list(variants)}
        answer = shop.ask(PRICES, **given)["productVariantsBulkUpdate"]
        return [e["code"] for e in answer["userErrors"]]

    def prices() -> list[tuple[str, str | None]]:
        found = shop.there("k1")
        assert found is not None
        return [(v["price"], v["compareAtPrice"]) for v in found["variants"]["nodes"]]

    bad = {"id": "gid://shopify/ProductVariant/1", "price": "1.00"}
    assert reprice({"id": one, "price": "20.5"}, bad) == ["PRODUCT_VARIANT_DOES_NOT_EXIST"]
    assert reprice({"id": one, "price": "20.5"}, {"id": two, "price": "-1"}) == [
        "NEGATIVE_PRICE_VALUE"
    ]
    assert reprice({"price": "20.5"}) == ["PRODUCT_VARIANT_ID_MISSING"]
    assert prices() == [("19.00", None), ("79.00", None)]
    assert reprice({"id": one, "price": "20.5", "compareAtPrice": "25"}) == []
    assert prices() == [("20.50", "25.00"), ("79.00", None)]
    assert reprice({"id": one, "compareAtPrice": None}) == []
    assert prices() == [("20.50", None), ("79.00", None)]


def test_published_products_have_an_address(shop: Client) -> None:
    made = shop.set("k1")["product"]
    assert made["onlineStoreUrl"] is None
    channels = {
        p["name"]: p["id"]
        for p in shop.ask("{ publications(first: 10) { nodes { id name } } }")["publications"][
            "nodes"
        ]
    }
    place = [{"publicationId": channels["Online Store"]}]
    for _ in range(2):
        answer = shop.ask(PUBLISH, id=made["id"], input=place)
        assert answer["publishablePublish"]["userErrors"] == []
    found = shop.there("k1")
    assert found is not None
    assert found["onlineStoreUrl"] == "https://sandbox-shop.myshopify.com/products/k1"
    assert len(found["resourcePublicationsV2"]["nodes"]) == 1
    shop.ask(UNPUBLISH, id=made["id"], input=place)
    gone = shop.there("k1")
    assert gone is not None and gone["onlineStoreUrl"] is None
    wrong = [{"publicationId": "gid://shopify/Publication/99"}]
    answer = shop.ask(PUBLISH, id=made["id"], input=wrong)["publishablePublish"]
    assert answer["userErrors"][0]["field"] == ["input", "0", "publicationId"]


def test_metafields_compare_and_set(shop: Client) -> None:
    made = shop.set("k1")["product"]

    def set_fields(*given: dict[str, Any]) -> list[str]:
        answer = shop.ask(SET_FIELDS, metafields=list(given))["metafieldsSet"]
        return [e["code"] for e in answer["userErrors"]]

    def entry(key: str, value: str, **more: Any) -> dict[str, Any]:
        return {"ownerId": made["id"], **field(key, value), **more}

    assert set_fields(entry("colour", "red"), entry("mood", "calm", compareDigest=None)) == []
    assert set_fields(entry("colour", "blue", compareDigest="0" * 64)) == ["STALE_OBJECT"]
    assert set_fields(entry("mood", "x"), entry("x1", "y", type="number_integer")) == [
        "INVALID_VALUE"
    ]
    assert set_fields(*[entry(f"k{n:02d}", "v") for n in range(26)]) == ["LESS_THAN_OR_EQUAL_TO"]
    found = shop.there("k1")
    assert found is not None
    values = {m["key"]: m["value"] for m in found["metafields"]["nodes"]}
    assert values == {KEY: "k1", "item": "k1", "colour": "red", "mood": "calm"}
    gone = [{"ownerId": made["id"], "namespace": SPACE, "key": k} for k in ("mood", "never")]
    answer = shop.ask(DELETE_FIELDS, metafields=gone)["metafieldsDelete"]
    assert answer["deletedMetafields"] == [{"key": "mood"}, None]


def test_a_definition_cannot_be_made_twice_nor_over_loose_values(shop: Client) -> None:
    given = {"name": "K", "namespace": SPACE, "key": KEY, "type": "id", "ownerType": "PRODUCT"}
    answer = shop.ask(DEFINE, definition=given)["metafieldDefinitionCreate"]
    assert [e["code"] for e in answer["userErrors"]] == ["TAKEN"]
    shop.set("k1")
    loose = shop.ask(DEFINE, definition=given | {"key": "item"})["metafieldDefinitionCreate"]
    assert [e["code"] for e in loose["userErrors"]] == ["UNSTRUCTURED_ALREADY_EXISTS"]


def test_the_day_ration_of_variants(shop: Client) -> None:
    shop.box.terms.variant_floor, shop.box.terms.variants_per_day = 2, 3
    shop.set("k1")
    shop.set("k2")
    status, _, body = shop.post(SET, product("k3"))
    assert status == 200 and body["data"] == {"productSet": None}
    assert body["errors"][0]["extensions"]["code"] == "VARIANT_THROTTLE_EXCEEDED"
    assert shop.set("k1", title="Updates do not count")["userErrors"] == []
    assert shop.there("k3") is None
    shop.box.terms.plus = True
    assert shop.set("k3")["userErrors"] == []
    assert shop.ask("{ productVariantsCount(limit: null) { count } }")["productVariantsCount"] == {
        "count": 6
    }
