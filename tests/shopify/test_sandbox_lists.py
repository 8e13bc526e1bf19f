"""Pages and search words of the sandbox shop: every item once, in any page size, up to the end that is set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st
from shopify_client import Client

from channels.shopify.sandbox_store.lists import connection, cursor, place, read_page
from channels.shopify.sandbox_store.search import parse

PAGE = """query ($first: Int!, $after: String, $query: String) {
  products(first: $first, after: $after, query: $query, sortKey: ID) {
    nodes { handle } pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Client]:
    client = Client(tmp_path)
    client.define()
    yield client
    client.close()


def walk(shop: Client, size: int, query: str | None = None) -> list[str]:
    """All handles, page by page."""
    found: list[str] = []
    after = None
    while True:
        page = shop.ask(PAGE, first=size, after=after, query=query)["products"]
        found += [n["handle"] for n in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


def test_pages_of_products(shop: Client) -> None:
    handles = [f"k{n}" for n in range(11)]
    for handle in handles:
        shop.set(handle)
    for size in (1, 4, 11, 250):
        assert walk(shop, size) == handles
    shop.box.terms.list_end = 7
    for size in (1, 4, 250):
        assert walk(shop, size) == handles[:7]
    assert "errors" in shop.post(PAGE, {"first": 251})[2]
    assert "errors" in shop.post(PAGE, {"first": 5, "after": "nonsense"})[2]


def test_words_that_a_shop_is_searched_with(shop: Client) -> None:
    shop.set("sea", title="Deep sea", tags=["blue", "calm"])
    shop.set("ice", title="Old ice", status="DRAFT", tags=["blue"])
    shop.set("sun", title="Low sun", vendor="Me", tags=[])
    for words, expected in (
        ("handle:sea", ["sea"]),
        ("handle:sea OR handle:sun", ["sea", "sun"]),
        ("tag:blue status:active", ["sea"]),
        ("tag:blue AND -status:active", ["ice"]),
        ("title:'Low sun'", ["sun"]),
        ("title:low*", ["sun"]),
        ("vendor:me", ["sun"]),
        ("metafields.publisher.key:ice", ["ice"]),
        ("deep", ["sea"]),
        ("handle:nothing", []),
        ("created_at:>2100-01-01", []),
    ):
        assert walk(shop, 2, words) == expected, words


def test_an_unknown_search_field_is_ignored_with_a_warning(shop: Client) -> None:
    shop.set("k1")
    body = shop.post(PAGE, {"first": 5, "query": "colour:red"})[2]
    assert [n["handle"] for n in body["data"]["products"]["nodes"]] == ["k1"]
    assert body["extensions"]["search"][0]["warnings"][0]["field"] == "colour"


@given(items=st.lists(st.integers(), max_size=40), size=st.integers(1, 15), back=st.booleans())
def test_pages_of_a_list_at_hand(items: list[int], size: int, back: bool) -> None:
    found: list[int] = []
    mark: str | None = None
    while True:
        args: dict[str, Any] = (
            {"last": size, "before": mark} if back else {"first": size, "after": mark}
        )
        page = connection(items, args)
        found = [*page["nodes"], *found] if back else [*found, *page["nodes"]]
        info = page["pageInfo"](None)
        if not info["hasPreviousPage" if back else "hasNextPage"]:
            break
        mark = info["startCursor" if back else "endCursor"]
    assert found == items


@given(count=st.integers(0, 40), size=st.integers(1, 15), end=st.integers(1, 50))
def test_pages_of_a_long_list(count: int, size: int, end: int) -> None:
    rows = [(n * 3, n) for n in range(1, count + 1)]

    def read(after: int, most: int) -> list[tuple[int, int]]:
        return [r for r in rows if r[0] > after][:most]

    found: list[int] = []
    mark: str | None = None
    while True:
        page = read_page(read, {"first": size, "after": mark}, end)
        found += page["nodes"]
        assert [e["node"] for e in page["edges"]] == page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        mark = page["pageInfo"]["endCursor"]
    assert found == [n for _, n in rows][:end]


@given(number=st.integers(0, 10**12), seen=st.integers(0, 25_000))
def test_cursors_come_back(number: int, seen: int) -> None:
    assert place(cursor(number, seen)) == (number, seen)


@pytest.mark.parametrize("args", [{}, {"first": 0}, {"last": 251}, {"first": 1, "after": "?"}])
def test_pages_that_nobody_can_show(args: dict[str, Any]) -> None:
    with pytest.raises(GraphQLError):
        connection([1, 2, 3], args)


@given(value=st.text(min_size=1).filter(lambda v: not v.endswith("*")))
def test_a_quoted_value_is_found_as_it_is(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    search = parse(f'handle:"{quoted}"', ["handle"])
    assert search.only("handle") == [value]
    assert search.fits(lambda _field: [value])
    assert not search.fits(lambda _field: [value + "x"])
