"""The pure half: words there and back, amounts, sums of points, and what an answer means."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from shop_floor import Floor, open_project

from channels.shopify import cost, documents, inputs
from channels.shopify.answers import TooDear, data_of, of_status, refusal
from channels.shopify.client import Reply
from channels.shopify.echo import echoed
from channels.shopify.forecast import forecast
from channels.shopify.product import product_key
from channels.shopify.settings import ShopifySettings
from channels.shopify.shown import pictures
from channels.shopify.words import amount, money, same_amount, shortened, tags, to_html, to_text
from publisher.channel import Write
from publisher.errors import (
    AuthFailed,
    Conflict,
    OutcomeUnknown,
    QuotaExhausted,
    Rejected,
    SiteChanged,
    Throttled,
    Transient,
)
from publisher.listing import Change, File, Listing, Staged
from publisher.row import Verb

NOW = dt.datetime(2026, 11, 26, 9, tzinfo=dt.UTC)
PLAIN = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"), max_size=300
)


@given(PLAIN)
def test_text_comes_back_from_html_as_it_went(text: str) -> None:
    assert to_text(to_html(text)) == text


@given(PLAIN)
def test_no_text_becomes_markup(text: str) -> None:
    markup = to_html(text)
    for tag in ("<p>", "</p>", "<br>"):
        markup = markup.replace(tag, "")
    assert "<" not in markup and ">" not in markup


def test_html_of_the_editor_is_read_as_text() -> None:
    written = "<div><b>Blue</b> glass</div>\n<ul><li>one</li><li>two &amp; three</li></ul>"
    assert to_text(written) == "Blue glass\n\n\n\none\n\ntwo & three"
    assert to_text("plain") == "plain" and to_text("") == ""


@given(st.decimals(0, 10**8, places=2), st.sampled_from(["EUR", "USD", "JPY", "KWD"]))
def test_an_amount_keeps_its_worth(value: Decimal, currency: str) -> None:
    told = money(value, currency)
    assert told.endswith(f" {currency}") and Decimal(amount(told)) == value
    assert same_amount(amount(told), value) and "E" not in amount(told)


def test_amounts_have_one_form() -> None:
    assert money("19", "EUR") == money("19.0", "EUR") == "19.00 EUR"
    assert money("1900.00", "JPY") == "1900 JPY" and money("1.5", "KWD") == "1.500 KWD"
    for odd in ("-1.00 EUR", "NaN EUR", "much", ""):
        with pytest.raises(ValueError, match="no price"):
            amount(odd)


@given(st.lists(st.text(max_size=12), max_size=8))
def test_tags_have_one_order_and_no_commas(words: list[str]) -> None:
    found = tags(tuple(words))
    assert found == tags(tuple(reversed(found))) == tuple(sorted(found, key=str.casefold))
    assert all("," not in t and t.strip() == t for t in found)


@given(st.text(max_size=120), st.integers(1, 80))
def test_shortened_is_a_beginning(text: str, longest: int) -> None:
    found = shortened(text, longest)
    assert len(found) <= longest and " ".join(text.split()).startswith(found)


@given(st.text("aA0-_.", min_size=1, max_size=20), st.text("aA0-_.", min_size=1, max_size=20))
def test_two_items_never_share_a_key(one: str, other: str) -> None:
    assert (product_key(one) == product_key(other)) == (one == other)
    assert product_key(one).strip("abcdefghijklmnopqrstuvwxyz0123456789-") == ""


@given(*[st.integers(0, 50)] * 4)
def test_points_are_those_of_the_published_formula(v: int, f: int, m: int, vf: int) -> None:
    found = cost.of_product(variants=v, files=f, metafields=m, variant_files=vf)
    assert found == 10 + v * Decimal("0.2") + vf * Decimal("0.6") + m * Decimal("0.4") + f * (
        Decimal("1.9")
    )


def test_the_worked_example_of_the_formula() -> None:
    assert cost.of_product(variants=3, files=2, metafields=3) == Decimal("15.6")


def test_points_under_way_are_not_spent_twice() -> None:
    budget = cost.Budget()
    assert budget.pause(500, NOW) == 0.0
    budget.learn({"currentlyAvailable": 100, "maximumAvailable": 2000, "restoreRate": 100}, NOW)
    assert budget.pause(80, NOW) == 0.0
    budget.begin(80)
    assert budget.pause(80, NOW) == pytest.approx(0.6)
    assert budget.pause(80, NOW + dt.timedelta(seconds=1)) == 0.0
    assert budget.pause(80, NOW - dt.timedelta(hours=1)) == pytest.approx(0.6)
    budget.end(80)
    assert budget.pause(80, NOW) == 0.0
    assert budget.pause(10**6, NOW) == pytest.approx(19.0)


def _reply(**body: Any) -> tuple[Reply, dict[str, Any]]:
    return Reply(200, json.dumps(body)), body


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("THROTTLED", Throttled),
        ("VARIANT_THROTTLE_EXCEEDED", QuotaExhausted),
        ("MAX_COST_EXCEEDED", TooDear),
        ("ACCESS_DENIED", AuthFailed),
        ("INTERNAL_SERVER_ERROR", OutcomeUnknown),
        ("undefinedField", SiteChanged),
        ("INVALID_VARIABLE", Rejected),
    ],
)
def test_errors_at_the_top_have_their_class(code: str, kind: type[Exception]) -> None:
    error = {"message": "why", "extensions": {"code": code}}
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": 20.0, "restoreRate": 100.0}
    costs = {"cost": {"requestedQueryCost": 120, "throttleStatus": status}}
    reply, body = _reply(data=None, errors=[error], extensions=costs)
    with pytest.raises(kind) as caught:
        data_of(reply, body, write=True, now=NOW)
    if isinstance(caught.value, Throttled):
        assert caught.value.after == pytest.approx(1.0)
    if isinstance(caught.value, QuotaExhausted):
        assert caught.value.until == dt.datetime(2026, 11, 27, tzinfo=dt.UTC)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_error_is_unclear_for_a_write_only(status: int) -> None:
    assert isinstance(of_status(Reply(status, ""), write=True), OutcomeUnknown)
    assert type(of_status(Reply(status, ""), write=False)) is Transient


def test_an_answer_that_is_none_is_unclear() -> None:
    for text in ("", "<html>Welcome to the hotel</html>", "[]", "{}", '{"data": null}'):
        from channels.shopify.answers import body_of

        reply = Reply(200, text)
        with pytest.raises(OutcomeUnknown):
            data_of(reply, body_of(reply), write=True, now=NOW)


def test_user_errors_are_told_in_words() -> None:
    error = refusal(
        "w001",
        [{"field": ["input", "variants", "0", "price"], "message": "is odd.", "code": "INVALID"}],
    )
    assert type(error) is Rejected
    assert error.sentence == "Shopify refused w001: variants 1 price: is odd (INVALID)"
    assert isinstance(refusal("w001", [{"code": "HANDLE_NOT_UNIQUE", "message": "x"}]), Conflict)
    assert isinstance(refusal("w001", [{"code": "JOB_ERROR", "message": "x"}]), OutcomeUnknown)
    assert refusal("w001", []) is None


def test_a_price_that_came_out_otherwise_is_told_with_both_values() -> None:
    asked = {"title": "Dunes", "variants": [{"sku": "w-std", "price": "19.00"}]}
    node = {"title": "Dunes", "variants": {"nodes": [{"id": "1", "sku": "w-std", "price": "19.0"}]}}
    echoed("w", asked, node)
    node["variants"] = {"nodes": [{"id": "1", "sku": "w-std", "price": "91.00"}]}
    with pytest.raises(Conflict, match=r"91\.00 instead of 19\.00"):
        echoed("w", asked, node)
    with pytest.raises(Conflict, match="missing"):
        echoed("w", asked, {"title": "Dunes", "variants": {"nodes": []}})


def test_pictures_are_known_by_their_mark_and_else_by_their_place() -> None:
    shas = ["a" * 64, "b" * 64]
    name = f"https://cdn.example/files/w001-{'b' * 16}.jpg?v=1"
    again = f"https://cdn.example/files/w001-{'a' * 16}_0b1c2d3e-0000-4000-8000-000000000000.jpg"
    media = [
        {"id": "1", "image": {"url": "https://cdn.example/files/room.jpg"}},
        {"id": "2", "image": {"url": name}},
        {"id": "3", "image": None},
    ]
    assert [m.sha256 for m in pictures(media, shas)] == ["", shas[1], shas[0]]
    media[2] = {"id": "3", "image": {"url": again}}
    assert [m.sha256 for m in pictures(media, shas)] == ["", shas[1], shas[0]]


def test_only_prices_take_the_price_path() -> None:
    prices = [Change("price.a", "1.00 EUR", "2.00 EUR"), Change("compare_at.a", None, "3.00 EUR")]
    assert inputs.parts_of(prices).prices_only
    for more in ("title", "variants", "variant.a", "file", "alt", "meta.download", "published"):
        assert not inputs.parts_of([*prices, Change(more, "a", "b")]).prices_only, more
    (entry,) = inputs.repriced(prices, {"a": "gid://1"})
    assert entry == {"id": "gid://1", "price": "2.00", "compareAtPrice": "3.00"}
    (entry,) = inputs.repriced([Change("compare_at.a", "3.00 EUR", None)], {"a": "gid://1"})
    assert entry == {"id": "gid://1", "compareAtPrice": None}
    with pytest.raises(Rejected):
        inputs.repriced([Change("price.b", None, "1.00 EUR")], {"a": "gid://1"})


LISTS = ("variants", "productOptions", "files", "metafields", "collections")


@given(st.sets(st.sampled_from(sorted(inputs.WORDS)), min_size=1))
def test_words_alone_never_name_a_list(names: set[str]) -> None:
    listing = Listing("w", "shop", "w", {"title": "t", "keywords": ("a",), "status": "active"})
    product = inputs.words(listing, frozenset(names), "")
    assert not set(product) & set(LISTS)


def _settings(**given: str) -> ShopifySettings:
    return ShopifySettings(**{"shop": "glass", "token": "t", **given})  # type: ignore[arg-type]


def test_settings_are_held_against_what_can_be() -> None:
    assert _settings(shop="https://Glass.myshopify.com/").shop == "glass"
    assert _settings().address() == "https://glass.myshopify.com"
    assert _settings(base_url="http://127.0.0.1:8/").address() == "http://127.0.0.1:8"
    assert _settings(publications=" A, B ,").publication_names() == ("A", "B")
    for odd in (
        {"shop": "glass.example.com"},
        {"api_version": "2025-10"},
        {"api_version": "latest"},
        {"base_url": "127.0.0.1"},
    ):
        with pytest.raises(ValidationError):
            _settings(**odd)
    for missing in ({}, {"client_id": "a"}, {"client_secret": "b"}):
        with pytest.raises(ValidationError):
            ShopifySettings(shop="glass", **missing)  # type: ignore[arg-type]
    assert _settings(api_version="unstable").api_version == "unstable"


def test_every_document_says_what_it_is() -> None:
    names = [text.split("(")[0].split("{")[0].strip() for text in documents.ALL.values()]
    assert len(documents.ALL) > 20 and len({*names}) >= len(names) - 1
    named = documents.bulk_mutation(documents.SET_MANY, "ab12")
    assert named.startswith("mutation SetProduct_ab12(")


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Listing]:
    from clock import VirtualClock
    from shop_floor import blank_ledger

    folder = tmp_path_factory.mktemp("pure")
    ws = open_project(folder / "project")
    floor = Floor(ws, folder / "floor", VirtualClock(NOW), blank_ledger(folder))
    found = floor.listing(floor.ws.items[0])
    floor.ledger.close()
    return floor.row, found


def test_the_forecast_speaks_of_points_minutes_and_days(listing: tuple[Any, Listing]) -> None:
    row, one = listing
    assert forecast(row, []) == ""
    few = forecast(row, [Write(Verb.CREATE, "w", one)] * 100)
    assert "100 requests" in few and "points" in few and "under a minute on Standard" in few
    many = forecast(row, [Write(Verb.CREATE, "w", one)] * 25_000)
    # 75,000 variants: the first 50,000 at once, the rest at 1,000 a day.
    assert "3 bulk runs" in many and "in 25 days" in many
    prices = [Write(Verb.UPDATE, "w", one, changes=(Change("price.std", "1", "2"),))] * 10
    assert "102 points" in forecast(row, prices)


def test_ai_is_declared_in_words_and_metafields(listing: tuple[Any, Listing]) -> None:
    _, one = listing
    assert "Made with generative AI." in str(one.fields["description"])
    staged = [Staged(File("image", "w.jpg", None, 1, "a" * 64), "gid://1")]  # type: ignore[arg-type]
    product = inputs.created(one, staged, "gid://shopify/TaxonomyCategory/so-2-3")
    meta = {m["key"]: m["value"] for m in product["metafields"]}
    assert meta["provenance"] == "ai-generated" and "trainedAlgorithmicMedia" in meta["source_type"]
    assert json.loads(meta["declarations"]) and meta["key"] == one.key
    assert all(not v["inventoryItem"]["requiresShipping"] for v in product["variants"])
    request: Any = one.files[0]
    assert "trainedAlgorithmicMedia" in request.metadata.digital_source_type
