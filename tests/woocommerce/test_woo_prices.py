"""Prices: what is no price never leaves, what is one arrives as it was meant, and a wrong echo is never believed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shopfront import Shopfront, changes, listing, repriced

from channels.woocommerce.prices import (
    amount,
    check_echo,
    is_price,
    product_prices,
    same,
    told_prices,
)
from channels.woocommerce.shop_words import price as stored_price
from publisher.errors import Rejected

MONEY = st.decimals(
    min_value=0, max_value=999_999_999, places=4, allow_nan=False, allow_infinity=False
)


@given(MONEY, st.integers(0, 4))
def test_every_price_of_an_offer_comes_back_as_it_was(value: Decimal, places: int) -> None:
    text = f"{round(value, places)}"
    sent = amount("price.a", f"{text} EUR", "EUR")
    assert sent == text and Decimal(stored_price(sent, "regular_price")) == Decimal(text)
    assert same(sent, stored_price(sent, "regular_price"))
    told = {"regular_price": stored_price(sent, "regular_price"), "sale_price": ""}
    check_echo("a", {"regular_price": sent}, told)
    assert told_prices({"price.a": f"{text} EUR"}, "a", told, "EUR") == {"price.a": f"{text} EUR"}


@given(st.text(max_size=20))
def test_nothing_else_leaves(text: str) -> None:
    for wanted in (text, f"{text} EUR", f"{text}.00 EUR", None, 19, True):
        try:
            sent = amount("price.a", wanted, "EUR")
        except Rejected as error:
            assert error.remedy
            continue
        assert sent.isascii() and Decimal(sent) >= 0
        assert stored_price(sent, "regular_price") == sent, "the shop would empty it"


@pytest.mark.parametrize(
    "text",
    ["abc EUR", "-1.00 EUR", "1,50 EUR", "1e3 EUR", "NaN EUR", "19.90", " 19.90 EUR", "١٩ EUR",
     "19.90 eur", "19.90  EUR", "19. EUR", ".5 EUR", "1.23456 EUR", "1234567890 EUR", "19.90 EUR\n"],
)  # fmt: skip
def test_odd_spellings_are_refused(text: str) -> None:
    with pytest.raises(Rejected):
        amount("price.a", text, "EUR")


@given(MONEY, MONEY)
def test_a_sale_is_below_the_price_that_is_struck_through(now: Decimal, usual: Decimal) -> None:
    fields = {"price.a": f"{now} EUR", "compare_at.a": f"{usual} EUR"}
    if now >= usual:
        with pytest.raises(Rejected):
            product_prices(fields, "a", "EUR")
        return
    sent = product_prices(fields, "a", "EUR")
    assert (Decimal(sent["sale_price"]), Decimal(sent["regular_price"])) == (now, usual)
    assert told_prices(fields, "a", sent, "EUR") == fields


def test_another_currency_is_never_sold_one_to_one(front: Shopfront) -> None:
    made = repriced(listing("d1"), price__standard="19.90 USD")
    with pytest.raises(Rejected, match=r"USD.*EUR"):
        front.created(made)
    assert front.products() == [] and front.sendings == 0 and front.uploads() == 0


@given(MONEY, st.sampled_from(["", "abc", None, "0.01"]))
def test_an_echo_that_differs_names_both(value: Decimal, told: str | None) -> None:
    if told == "0.01" and value == Decimal("0.01"):
        return
    with pytest.raises(Rejected) as caught:
        check_echo("a", {"regular_price": f"{value}"}, {"regular_price": told})
    assert str(value) in caught.value.sentence and repr(told) in caught.value.sentence


def test_which_fields_are_money() -> None:
    assert [n for n in ("price.a", "compare_at.a", "title", "royalty.a") if is_price(n)] == [
        "price.a",
        "compare_at.a",
    ]


def test_a_product_whose_price_came_out_wrong_is_hidden_and_not_published(front: Shopfront) -> None:
    front.box.fault("wrong_price", times=1)
    made = listing("w1")
    with pytest.raises(Rejected, match=r"'19\.90'.*'0\.01'"):
        front.created(made)
    assert front.product("w1")["status"] == "draft"
    front.box.clear_faults()
    again = front.created(made)
    assert (
        front.product("w1")["status"] == "publish" and again.fields["price.standard"] == "19.90 EUR"
    )


def test_a_wrong_echo_of_a_price_change_is_never_reported_as_done(front: Shopfront) -> None:
    made = listing("w2")
    remote = front.created(made)
    dearer = repriced(made, price__standard="21.00 EUR")
    front.box.fault("wrong_price", times=1)
    with pytest.raises(Rejected, match=r"21\.00.*0\.01"):
        front.session().update(remote, dearer, changes(made, dearer), ())


def test_a_price_change_is_one_request_and_touches_nothing_else(front: Shopfront) -> None:
    made = listing("p1")
    remote = front.created(made)
    before = front.product("p1")
    dearer = repriced(made, price__standard="21.00 EUR")
    front.forget()
    receipt = front.session().update(remote, dearer, changes(made, dearer), ())
    assert front.writes() == [("PUT", f"/wc/v3/products/{remote.id}")]
    (sent,) = [s.body for s in front.box.seen() if s.method == "PUT"]
    assert sent == {"regular_price": "21.00", "sale_price": ""}
    after = front.product("p1")
    moved = {k for k in after if after[k] != before[k]}
    assert moved == {"regular_price", "price"}
    assert receipt.remote.fields["price.standard"] == "21.00 EUR"
    found = front.session().find("p1")
    assert found is not None and found.fields["price.standard"] == "21.00 EUR"


def test_a_sale_begins_and_ends_with_one_request_each(front: Shopfront) -> None:
    made = listing("p2")
    remote = front.created(made)
    sale = repriced(made, price__standard="15.00 EUR", compare_at__standard="19.90 EUR")
    front.session().update(remote, sale, changes(made, sale), ())
    there = front.product("p2")
    assert (there["regular_price"], there["sale_price"], there["price"]) == (
        "19.90",
        "15.00",
        "15.00",
    )
    found = front.session().find("p2")
    assert found is not None and found.fields["compare_at.standard"] == "19.90 EUR"
    front.session().update(remote, made, changes(sale, made), ())
    there = front.product("p2")
    assert (there["regular_price"], there["sale_price"]) == ("19.90", "")
    found = front.session().find("p2")
    assert found is not None and found.fields.get("compare_at.standard") is None


def test_one_variation_s_price_is_one_change_of_one_variation(front: Shopfront) -> None:
    made = listing("p3", {"standard": "19.00", "extended": "79.00", "poster": "120.00"})
    remote = front.created(made)
    dearer = repriced(made, price__extended="89.00 EUR")
    before = {v["sku"]: v for v in front.box.shop.books.all("variation")}
    front.forget()
    front.session().update(remote, dearer, changes(made, dearer), ())
    assert front.writes() == [("POST", f"/wc/v3/products/{remote.id}/variations/batch")]
    after = {v["sku"]: v for v in front.box.shop.books.all("variation")}
    assert {s for s in after if after[s] != before[s]} == {"p3-extended"}
    assert after["p3-extended"]["regular_price"] == "89.00"
