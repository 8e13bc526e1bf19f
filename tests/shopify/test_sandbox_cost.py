"""The sandbox shop's points: what requests cost, the bucket that pays, and THROTTLED as an ordinary answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shopify_client import KEY, SET, Client, field, options, product, variant

from channels.shopify.sandbox_store.cost import Bucket, mutation_cost
from channels.shopify.sandbox_store.terms import Terms

PLAIN_SET = """
mutation ($identifier: ProductSetIdentifiers, $input: ProductSetInput!) {
  productSet(identifier: $identifier, input: $input) { product { id } userErrors { code } }
}
"""


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(tmp_path: Path, clock: Clock) -> Iterator[Client]:
    client = Client(tmp_path)
    client.define()
    client.box.terms.clock = clock
    client.box.terms.rate, client.box.terms.bucket = 100.0, 2000.0
    yield client
    client.close()


def cost(shop: Client, text: str, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = shop.post(text, variables)[2]["extensions"]["cost"]
    return found


def test_product_set_costs_what_its_lists_are_long(shop: Client) -> None:
    pictures = [{"originalSource": shop.uploaded(), "filename": f"{n}.jpg"} for n in range(2)]
    three = [variant(n) for n in ("a", "b", "c")]
    fields = [field(KEY, "k1", "id"), field("item", "x"), field("made", "y")]
    wanted = product(
        "k1",
        files=pictures,
        productOptions=options("a", "b", "c"),
        variants=three,
        metafields=fields,
    )
    found = cost(shop, PLAIN_SET, **wanted)
    assert found["requestedQueryCost"] == found["actualQueryCost"] == 15.6
    for entry, picture in zip(wanted["input"]["variants"], pictures, strict=False):
        entry["file"] = {"originalSource": picture["originalSource"]}
    assert mutation_cost("productSet", wanted) == pytest.approx(15.6 + 2 * 0.6)


def test_lists_in_an_answer_are_asked_whole_and_paid_as_they_came(shop: Client) -> None:
    found = cost(shop, SET, **product("k1"))
    base = 10 + 2 * 0.2 + 2 * 0.4
    assert found["requestedQueryCost"] == pytest.approx(base + 2 + 50 + 2 + 50)
    assert found["actualQueryCost"] == pytest.approx(base + 2 + 2 + 2)


def test_reads_by_the_published_rule(shop: Client) -> None:
    assert cost(shop, "{ shop { name } }")["requestedQueryCost"] == 1
    text = "query ($n: Int!) { products(first: $n) { nodes { id variants(first: 10) { nodes { id } } } } }"
    shop.set("k1")
    found = cost(shop, text, n=20)
    assert found["requestedQueryCost"] == 2 + 20 * (1 + 2 + 10)
    assert found["actualQueryCost"] == 2 + 1 + 2 + 2
    edges = "{ products(first: 20) { edges { node { id } } pageInfo { hasNextPage } } }"
    assert cost(shop, edges)["requestedQueryCost"] == pytest.approx(2 + 20 * 1)


def test_a_query_beyond_the_limit_is_refused_and_costs_nothing(shop: Client) -> None:
    text = "{ products(first: 250) { nodes { id variants(first: 10) { nodes { id } } } } }"
    status, _, body = shop.post(text)
    assert status == 200 and "data" not in body
    assert body["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert cost(shop, "{ shop { name } }")["throttleStatus"]["currentlyAvailable"] == 1999


def test_the_bucket_runs_dry_and_fills_again(shop: Client, clock: Clock) -> None:
    shop.box.terms.bucket = 120.0
    clock.now += 1000
    taken = [shop.post(PLAIN_SET, product(f"k{n}")) for n in range(11)]
    *served, (status, _, body) = taken
    assert all("errors" not in b for _, _, b in served)
    assert status == 200 and "data" not in body
    assert body["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert body["extensions"]["cost"]["actualQueryCost"] is None
    left = body["extensions"]["cost"]["throttleStatus"]
    assert left == {"maximumAvailable": 120.0, "currentlyAvailable": 8.0, "restoreRate": 100.0}
    clock.now += 0.04
    assert shop.post(PLAIN_SET, product("k10"))[2]["data"]["productSet"]["userErrors"] == []
    outcomes = [a.outcome for a in shop.box.requests() if a.name == "productSet"]
    assert outcomes == ["ok"] * 10 + ["throttle", "ok"]


def test_what_was_not_used_comes_back(shop: Client, clock: Clock) -> None:
    found = cost(shop, "{ products(first: 250) { nodes { id } } }")
    assert (found["requestedQueryCost"], found["actualQueryCost"]) == (252, 2)
    assert found["throttleStatus"]["currentlyAvailable"] == 1998


def test_the_books_count_requests_and_points(shop: Client) -> None:
    shop.box.forget_requests()
    for n in range(3):
        shop.post(PLAIN_SET, product(f"k{n}"))
    shop.post("{ shop { name } }")
    shop.post("{ shop { nam } }")
    assert shop.box.counts() == {"productSet": 3, "shop": 2}
    assert shop.box.points() == {"productSet": pytest.approx(33.6), "shop": 1.0}
    assert [a.outcome for a in shop.box.requests()] == ["ok"] * 4 + ["refused"]


def test_how_much_a_page_costs_can_be_set(shop: Client) -> None:
    shop.box.terms.page_cost = lambda size: size / 10
    assert cost(shop, "{ products(first: 250) { nodes { id } } }")["requestedQueryCost"] == 27


@given(
    steps=st.lists(st.tuples(st.floats(0, 50), st.floats(0, 300)), max_size=30),
    rate=st.floats(1, 500),
    size=st.floats(10, 2000),
)
def test_the_bucket_never_holds_more_than_it_can_nor_less_than_nothing(
    steps: list[tuple[float, float]], rate: float, size: float
) -> None:
    clock = Clock()
    bucket = Bucket(Terms(rate=rate, bucket=size, clock=clock))
    for seconds, points in steps:
        clock.now += seconds
        before = bucket.available()
        assert bucket.take(points) is (before >= points)
        assert 0 <= bucket.available() <= size
        bucket.refund(points / 2)
        assert bucket.available() <= size
