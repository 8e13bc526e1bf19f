"""The sandbox's shop behaves as WooCommerce 11.0.1 was measured: one test for each row of the table of facts.

These requests go past the adapter, so that the adapter is judged by something that was not made for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from shopfront import Shopfront

PRODUCTS = "wc/v3/products"
Asked = Callable[..., tuple[int, Any]]


def _simple(sku: str, **more: Any) -> dict[str, Any]:
    return {"name": "Glass", "type": "simple", "sku": sku, "regular_price": "19.90", **more}


def test_signed_requests_are_let_in_over_http_and_basic_is_not(front: Shopfront) -> None:
    assert front.asked("GET", PRODUCTS) == (200, [])
    login = (front.settings["CONSUMER_KEY"], front.settings["CONSUMER_SECRET"])
    refused = httpx.get(f"{front.settings['URL']}/wp-json/{PRODUCTS}", auth=login)
    assert (refused.status_code, refused.json()["code"]) == (401, "woocommerce_rest_cannot_view")


def test_basic_is_let_in_over_https(secure: Shopfront) -> None:
    login = (secure.settings["CONSUMER_KEY"], secure.settings["CONSUMER_SECRET"])
    address = f"{secure.settings['URL']}/wp-json/{PRODUCTS}"
    assert httpx.get(address, auth=login, verify=False).json() == []
    assert httpx.get(address, auth=(login[0], "wrong"), verify=False).status_code == 401


def test_a_signature_is_good_once_and_for_its_own_address(front: Shopfront) -> None:
    first = front.answered("GET", PRODUCTS, sku="a,b", per_page="5")
    assert first.status_code == 200
    address = str(first.request.url)
    assert "oauth" not in address, "the client knows the address without its signature"
    wrong = front.configured(consumer_secret="cs_other")
    front.settings["CONSUMER_SECRET"] = wrong.consumer_secret.get_secret_value()
    assert front.asked("GET", PRODUCTS)[0] == 401


def test_a_download_gets_an_id_that_stays_when_it_is_sent_back(asked: Asked) -> None:
    downloads = [{"name": "Pack", "file": "https://cdn.example/a.zip"}]
    status, made = asked(
        "POST", PRODUCTS, _simple("d", virtual=True, downloadable=True, downloads=downloads)
    )
    assert status == 201
    (first,) = made["downloads"]
    assert len(first["id"]) == 36
    moved = {**first, "file": "https://cdn.example/b.zip"}
    _, kept = asked("PUT", f"{PRODUCTS}/{made['id']}", {"downloads": [moved]})
    assert kept["downloads"] == [moved]
    _, renewed = asked("PUT", f"{PRODUCTS}/{made['id']}", {"downloads": downloads})
    assert renewed["downloads"][0]["id"] != first["id"]


def test_the_same_sku_again_names_the_product_that_has_it(asked: Asked) -> None:
    _, first = asked("POST", PRODUCTS, _simple("s1"))
    status, told = asked("POST", PRODUCTS, _simple("s1"))
    assert (status, told["code"]) == (400, "product_invalid_sku")
    assert told["data"]["resource_id"] == first["id"] and told["data"]["unique_sku"] == "s1-1"


def test_of_four_creates_at_once_one_wins(front: Shopfront) -> None:
    answers: list[tuple[int, Any]] = []
    start = threading.Barrier(4)

    def create() -> None:
        start.wait()
        answers.append(front.asked("POST", PRODUCTS, _simple("race")))

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [201, 400, 400, 400]
    assert {told["code"] for status, told in answers if status == 400} == {"product_invalid_sku"}
    assert len(front.products()) == 1


def test_a_sku_in_the_trash_blocks_and_is_seen_there_only(asked: Asked) -> None:
    _, made = asked("POST", PRODUCTS, _simple("t1"))
    assert asked("DELETE", f"{PRODUCTS}/{made['id']}")[0] == 200
    assert asked("GET", PRODUCTS, sku="t1") == (200, [])
    status, told = asked("POST", PRODUCTS, _simple("t1"))
    assert (status, told["code"]) == (400, "woocommerce_rest_product_not_created")
    assert "resource_id" not in told["data"]
    _, trashed = asked("GET", PRODUCTS, sku="t1", status="trash", _fields="id,sku")
    assert trashed == [{"id": made["id"], "sku": "t1"}]
    assert asked("DELETE", f"{PRODUCTS}/{made['id']}", force="true")[0] == 200
    assert asked("POST", PRODUCTS, _simple("t1"))[0] == 201


def test_a_slug_that_is_taken_gets_a_number(asked: Asked) -> None:
    slugs = [asked("POST", PRODUCTS, _simple(f"g{n}", slug="my-slug"))[1]["slug"] for n in range(3)]
    assert slugs == ["my-slug", "my-slug-2", "my-slug-3"]


def test_skus_are_asked_for_in_a_list_and_answered_in_part(asked: Asked) -> None:
    for sku in ("a", "b", "ab"):
        asked("POST", PRODUCTS, _simple(sku))
    _, found = asked("GET", PRODUCTS, sku="a,b,c", _fields="id,sku")
    assert sorted(p["sku"] for p in found) == ["a", "b"]
    assert {tuple(p) for p in found} == {("id", "sku")}


def test_a_batch_of_101_is_too_large(asked: Asked) -> None:
    status, told = asked(
        "POST", f"{PRODUCTS}/batch", {"create": [_simple(f"n{n}") for n in range(101)]}
    )
    assert (status, told["code"]) == (413, "woocommerce_rest_request_entity_too_large")
    assert asked("GET", PRODUCTS) == (200, [])


def test_a_mixed_batch_is_a_200_with_an_answer_each_in_order(asked: Asked) -> None:
    _, old = asked("POST", PRODUCTS, _simple("old"))
    batch = {
        "create": [_simple("x1"), _simple("old"), _simple("x2")],
        "update": [{"id": old["id"], "name": "New"}, {"id": 999_999, "name": "Nothing"}],
    }
    status, told = asked("POST", f"{PRODUCTS}/batch", batch)
    assert status == 200
    assert [p.get("sku") for p in told["create"]] == ["x1", None, "x2"]
    assert told["create"][1]["error"]["code"] == "product_invalid_sku"
    assert told["update"][0]["name"] == "New"
    assert told["update"][1]["error"]["code"] == "woocommerce_rest_product_invalid_id"
    assert told["update"][1]["id"] == 999_999


def test_a_price_that_is_none_is_emptied_in_silence(asked: Asked) -> None:
    _, made = asked("POST", PRODUCTS, _simple("p1"))
    assert made["purchasable"]
    status, told = asked("PUT", f"{PRODUCTS}/{made['id']}", {"regular_price": "abc"})
    assert (status, told["regular_price"], told["purchasable"]) == (200, "", False)


def test_a_price_that_is_a_number_is_refused(asked: Asked) -> None:
    status, told = asked("POST", PRODUCTS, _simple("p2") | {"regular_price": 12.5})
    assert (status, told["code"]) == (400, "rest_invalid_param")
    assert asked("GET", PRODUCTS) == (200, [])


@pytest.mark.parametrize("status", ["draft", "private", "pending", "publish"])
def test_a_product_is_shown_and_hidden_by_its_status(asked: Asked, status: str) -> None:
    _, made = asked("POST", PRODUCTS, _simple("v1"))
    assert asked("PUT", f"{PRODUCTS}/{made['id']}", {"status": status})[1]["status"] == status
    _, hidden = asked("PUT", f"{PRODUCTS}/{made['id']}", {"catalog_visibility": "hidden"})
    assert (hidden["catalog_visibility"], hidden["status"]) == ("hidden", status)


def test_a_picture_by_address_is_a_new_attachment_every_time(
    asked: Asked, front: Shopfront
) -> None:
    images = [{"src": "https://cdn.example/a.jpg"}]
    _, made = asked("POST", PRODUCTS, _simple("i1", images=images))
    first = made["images"][0]["id"]
    _, again = asked("PUT", f"{PRODUCTS}/{made['id']}", {"images": images})
    assert again["images"][0]["id"] != first and front.uploads() == 2
    _, kept = asked("PUT", f"{PRODUCTS}/{made['id']}", {"images": [{"id": first}]})
    assert [i["id"] for i in kept["images"]] == [first]
    _, same = asked("PUT", f"{PRODUCTS}/{made['id']}", {"name": "Other"})
    assert [i["id"] for i in same["images"]] == [first]
    assert asked("PUT", f"{PRODUCTS}/{made['id']}", {"images": []})[1]["images"] == []
    assert front.uploads() == 2


@pytest.mark.parametrize(
    "address", ["https://cdn.example/404.jpg", "http://127.0.0.1/a.jpg", "http://10.0.0.1/a.jpg"]
)
def test_a_picture_that_cannot_be_fetched_leaves_no_product(asked: Asked, address: str) -> None:
    status, told = asked("POST", PRODUCTS, _simple("i2", images=[{"src": address}]))
    assert (status, told["code"]) == (400, "woocommerce_product_image_upload_error")
    assert asked("GET", PRODUCTS, sku="i2") == (200, [])
    assert asked("POST", PRODUCTS, _simple("i2"))[0] == 201


def test_a_signed_address_is_stored_as_it_is(asked: Asked) -> None:
    address = "https://s3.example/a.zip?X-Amz-Expires=60&X-Amz-Signature=abc"
    _, made = asked("POST", PRODUCTS, _simple("u1", downloads=[{"name": "A", "file": address}]))
    assert made["downloads"][0]["file"] == address


def test_a_group_has_no_price_of_its_own(asked: Asked) -> None:
    _, part = asked("POST", PRODUCTS, _simple("part"))
    body = {
        "type": "grouped",
        "sku": "group",
        "grouped_products": [part["id"]],
        "regular_price": "5",
    }
    _, made = asked("POST", PRODUCTS, body)
    assert (made["grouped_products"], made["regular_price"]) == ([part["id"]], "")


def test_an_unknown_type_is_a_simple_product(asked: Asked) -> None:
    assert asked("POST", PRODUCTS, _simple("y1") | {"type": "odd"})[1]["type"] == "simple"


def test_pages_have_totals_and_an_end(front: Shopfront) -> None:
    for number in range(5):
        front.asked("POST", PRODUCTS, _simple(f"n{number}"))
    answer = front.answered("GET", PRODUCTS, per_page="2", page="3")
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("5", "3")
    assert len(answer.json()) == 1
    assert front.asked("GET", PRODUCTS, per_page="101")[1]["code"] == "rest_invalid_param"


def test_the_link_header_repeats_the_key_and_the_signature(front: Shopfront) -> None:
    link = front.answered("GET", PRODUCTS).headers["Link"]
    assert front.settings["CONSUMER_KEY"] in link and "oauth_signature=" in link


def test_meta_data_are_stored_replaced_and_removed(asked: Asked) -> None:
    meta = [{"key": "publisher_item", "value": "m1"}, {"key": "more", "value": {"a": [1, None]}}]
    _, made = asked("POST", PRODUCTS, _simple("m1", meta_data=meta))
    assert {m["key"]: m["value"] for m in made["meta_data"]} == {
        "publisher_item": "m1",
        "more": {"a": [1, None]},
    }
    path = f"{PRODUCTS}/{made['id']}"
    _, after = asked("PUT", path, {"meta_data": [{"key": "more", "value": None}]})
    assert [m["key"] for m in after["meta_data"]] == ["publisher_item"]


def test_variations_have_skus_and_prices_of_their_own(asked: Asked) -> None:
    _, made = asked("POST", PRODUCTS, {"name": "V", "type": "variable", "sku": "v"})
    path = f"{PRODUCTS}/{made['id']}/variations"
    batch = {"create": [{"sku": "v-a", "regular_price": "5"}, {"sku": "v", "regular_price": "6"}]}
    _, told = asked("POST", f"{path}/batch", batch)
    assert told["create"][0]["regular_price"] == "5"
    assert told["create"][1]["error"]["code"] == "product_invalid_sku"
    assert [v["sku"] for v in asked("GET", path)[1]] == ["v-a"]


def test_what_was_taken_in_is_there_after_a_restart(front: Shopfront, asked: Asked) -> None:
    _, made = asked("POST", PRODUCTS, _simple("keep", tags=[{"name": "glass"}]))
    from channels.woocommerce.shop_books import ShopBooks

    again = ShopBooks(front.box.folder)
    assert again.one("product", made["id"]) == front.product("keep")
    assert again.with_sku("KEEP") == front.product("keep")
    assert again.number() > made["id"]
