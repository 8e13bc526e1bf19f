"""Arithmetic of prices: endings, smallest units, bounds and sales hold for every price that can be written."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.manifest.currencies import DECIMALS
from publisher.manifest.offer import Sale
from publisher.manifest.prices import Ending, PriceRules, Rounding
from publisher.pricing.money import booked, lowered, smallest, usual

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "CLF"])
AMOUNTS = st.decimals("0.0001", "99999999", places=4)
FROM = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
UNTIL = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


@st.composite
def rules(draw: st.DrawFn) -> PriceRules:
    bounds = sorted(draw(st.lists(st.integers(1, 10**7), min_size=2, max_size=2)))
    return PriceRules(
        markup=draw(st.decimals("-99", "1000", places=2)),
        markup_amount=draw(st.decimals("0", "500", places=2)),
        round=draw(st.sampled_from(Ending)),
        rounding=draw(st.sampled_from(Rounding)),
        floor=draw(st.sampled_from([None, Decimal(bounds[0])])),
        ceiling=draw(st.sampled_from([None, Decimal(bounds[1])])),
    )


def ending_only(given: PriceRules) -> PriceRules:
    return PriceRules(round=given.round, rounding=given.rounding)


@given(AMOUNTS, rules(), CURRENCIES)
def test_a_price_is_within_its_bounds_and_an_amount_of_its_currency(
    amount: Decimal, given_rules: PriceRules, currency: str
) -> None:
    price = usual(amount, given_rules, currency)
    assert price >= 0
    assert price.as_tuple().exponent == -DECIMALS[currency]
    if given_rules.floor is not None:
        assert price >= given_rules.floor
    if given_rules.ceiling is not None:
        assert price <= given_rules.ceiling


@given(AMOUNTS, rules(), CURRENCIES)
def test_what_is_worth_a_smallest_unit_never_comes_to_nothing(
    amount: Decimal, given_rules: PriceRules, currency: str
) -> None:
    raised = booked(amount * (1 + given_rules.markup / 100) + given_rules.markup_amount, currency)
    if raised > 0:
        assert usual(amount, given_rules, currency) > 0


@given(AMOUNTS, AMOUNTS, rules(), CURRENCIES)
def test_a_higher_base_price_never_makes_a_lower_price(
    one: Decimal, two: Decimal, given_rules: PriceRules, currency: str
) -> None:
    low, high = sorted((one, two))
    assert usual(low, given_rules, currency) <= usual(high, given_rules, currency)


@given(AMOUNTS, rules(), CURRENCIES)
def test_an_ending_is_kept_when_it_is_asked_for_again(
    amount: Decimal, given_rules: PriceRules, currency: str
) -> None:
    only = ending_only(given_rules)
    once = usual(amount, only, currency)
    assert usual(once, only, currency) == once
    if only.rounding is Rounding.UP:
        assert once >= booked(amount, currency)


@given(AMOUNTS, st.sampled_from(Ending), st.sampled_from(Rounding))
def test_prices_end_as_they_should(amount: Decimal, ending: Ending, rounding: Rounding) -> None:
    price = usual(amount, PriceRules(round=ending, rounding=rounding), "EUR")
    if price == 0:
        assert amount < smallest("EUR") / 2
    elif ending is Ending.FIVE:
        assert price % 5 == 0
    elif ending is not Ending.NONE:
        assert f"{price:f}".endswith(ending.value)


@given(AMOUNTS, rules(), CURRENCIES, st.decimals("0.01", "99.99", places=2), st.booleans(), AMOUNTS)
def test_a_sale_never_raises_a_price_and_takes_off_what_it_says(
    amount: Decimal,
    given_rules: PriceRules,
    currency: str,
    percent: Decimal,
    in_percent: bool,
    off: Decimal,
) -> None:
    price = usual(amount, given_rules, currency)
    how = {"percent": percent} if in_percent else {"amount": off}
    sale = Sale.model_validate({"from": FROM, "until": UNTIL, **how})
    low = lowered(price, sale, given_rules, currency)
    promised = price * (1 - percent / 100) if in_percent else price - off
    floor = given_rules.floor
    assert low <= promised or low == floor or low <= 0 or promised < 0
    if low > 0 and floor is not None:
        assert low >= min(floor, price)
    assert low.as_tuple().exponent == -DECIMALS[currency]


@pytest.mark.parametrize(
    ("amount", "ending", "rounding", "currency", "price"),
    [
        ("19.00", ".99", "up", "EUR", "19.99"),
        ("19.99", ".99", "up", "EUR", "19.99"),
        ("20.00", ".99", "up", "EUR", "20.99"),
        ("20.00", ".99", "nearest", "EUR", "19.99"),
        ("0.40", ".99", "nearest", "EUR", "0.99"),
        ("19.40", ".95", "nearest", "EUR", "18.95"),
        ("19.45", ".95", "nearest", "EUR", "19.95"),
        ("19.01", ".00", "up", "EUR", "20.00"),
        ("21", "5", "up", "EUR", "25.00"),
        ("25", "5", "up", "EUR", "25.00"),
        ("22.4", "5", "nearest", "EUR", "20.00"),
        ("3101.5", "none", "up", "JPY", "3102"),
        ("3101.5", ".99", "up", "JPY", "3102"),
        ("5.6785", "none", "up", "KWD", "5.679"),
        ("5.2", ".95", "up", "KWD", "5.950"),
        ("0", ".99", "up", "EUR", "0.00"),
    ],
)
def test_by_hand(amount: str, ending: str, rounding: str, currency: str, price: str) -> None:
    made = usual(
        Decimal(amount), PriceRules(round=Ending(ending), rounding=Rounding(rounding)), currency
    )
    assert str(made) == price


def test_markup_then_amount_then_ending_then_bounds() -> None:
    given_rules = PriceRules.model_validate(
        {"currency": "USD", "markup": "25 %", "markup_amount": "1.50", "round": 0.99, "ceiling": 30}
    )
    assert usual(Decimal("19.00"), given_rules, "USD") == Decimal("25.99")
    assert usual(Decimal("40.00"), given_rules, "USD") == Decimal("30.00")


def test_a_sale_goes_down_to_the_ending() -> None:
    sale = Sale.model_validate({"from": FROM, "until": UNTIL, "percent": 20})
    nines = PriceRules(round=Ending.NINETY_NINE)
    assert lowered(Decimal("24.99"), sale, nines, "EUR") == Decimal("19.99")
    assert lowered(Decimal("23.99"), sale, nines, "EUR") == Decimal("18.99")
    assert lowered(Decimal("0.99"), sale, nines, "EUR") == Decimal("0.79")
    assert lowered(Decimal("24.99"), sale, PriceRules(), "JPY") == Decimal("19")
    assert not sale.in_force(UNTIL)
    assert sale.in_force(FROM)


def test_the_table_of_currencies() -> None:
    assert (DECIMALS["EUR"], DECIMALS["JPY"], DECIMALS["KWD"], DECIMALS["CLF"]) == (2, 0, 3, 4)
    assert len(DECIMALS) == 165
    assert "XAU" not in DECIMALS
    assert smallest("KWD") == Decimal("0.001")
