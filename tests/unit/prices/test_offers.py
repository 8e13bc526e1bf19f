"""From an item and an account's rules to its final offer: rates by day, sales, overrides, bundles, royalties."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from publisher.listing import Level, Listing
from publisher.manifest.item import Item, ItemKind
from publisher.manifest.model import Asset, Bundle
from publisher.manifest.prices import PriceRules, RateTable
from publisher.pricing import Priced, Pricing, is_price, price_moment, with_sales_ended

NOON = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
SALE = {"from": "2026-11-26T00:00+01:00", "until": "2026-12-01T00:00+01:00", "percent": 20}
NOVEMBER = RateTable.model_validate(
    {"base": "EUR", "from": "2026-11-01", "until": "2026-11-30", "to": {"USD": "1.1", "JPY": "160"}}
)


def offer(*prices: str, currency: str = "EUR", **more: Any) -> dict[str, Any]:
    names = ("standard", "extended", "print")
    variants = [
        {"id": n, "title": n.title(), "price": p} for n, p in zip(names, prices, strict=False)
    ]
    return {"currency": currency, "variants": variants, **more}


def asset(name: str = "a", **more: Any) -> Asset:
    return Asset.model_validate({"id": name, "file": f"{name}.png", **more})


def item(**more: Any) -> Item:
    one = asset(**more)
    return Item("a", ItemKind.ASSET, "r", "t", "", (), (one,), (), asset=one)


def bundle(*members: Asset, **more: Any) -> Item:
    made = Bundle.model_validate(
        {"id": "b", "title": "B", "assets": [m.id for m in members], **more}
    )
    return Item("b", ItemKind.BUNDLE, "r", "t", "", (), members, (), bundle=made)


def rules(**more: Any) -> Pricing:
    return Pricing(PriceRules.model_validate(more), (NOVEMBER,))


def prices(priced: Priced) -> dict[str, str]:
    assert priced.offer is not None, priced.findings
    return {v.id: f"{v.price} {priced.offer.currency}" for v in priced.offer.variants}


def codes(priced: Priced) -> list[tuple[Level, str]]:
    return [(f.level, f.code) for f in priced.findings]


def test_without_rules_an_offer_is_what_was_written() -> None:
    what = item(offer=offer("19.00", "79.00"))
    priced = Pricing().offer(what, "shop", NOON)
    assert priced.offer is what.offer
    assert priced.findings == ()
    assert prices(Pricing().offer(item(offer=offer("19")), "shop", NOON)) == {
        "standard": "19.00 EUR"
    }
    assert Pricing().offer(item(), "shop", NOON) == Priced(None)


def test_a_price_that_the_currency_has_not_is_rounded_and_said() -> None:
    priced = Pricing().offer(item(offer=offer("19.125")), "shop", NOON)
    assert prices(priced) == {"standard": "19.13 EUR"}
    assert codes(priced) == [(Level.WARNING, "price-rounded")]
    yen = Pricing().offer(item(offer=offer("3100.5", currency="JPY")), "shop", NOON)
    assert prices(yen) == {"standard": "3101 JPY"}


def test_converted_marked_up_and_rounded() -> None:
    pricing = rules(currency="USD", markup="10 %", markup_amount="1", round=".99")
    priced = pricing.offer(item(offer=offer("19.00", "79.00")), "shop", NOON)
    assert prices(priced) == {"standard": "23.99 USD", "extended": "96.99 USD"}
    assert prices(rules(currency="JPY").offer(item(offer=offer("19.00")), "s", NOON)) == {
        "standard": "3040 JPY"
    }
    crossed = rules(currency="JPY").offer(item(offer=offer("11.00", currency="USD")), "s", NOON)
    assert prices(crossed) == {"standard": "1600 JPY"}


def test_a_rate_that_is_over_is_an_error_that_says_what_to_add() -> None:
    december = NOON + dt.timedelta(days=30)
    for what, said in (
        (rules(currency="USD"), "ended on 2026-11-30"),
        (rules(currency="CHF"), "there is no rate from EUR to CHF for 2026-12-26"),
    ):
        priced = what.offer(item(offer=offer("19.00")), "shop", december)
        assert priced.offer is None
        (finding,) = priced.findings
        assert (finding.level, finding.code) == (Level.ERROR, "price-rate")
        assert said in finding.text
        assert "[[prices.rates]]" in finding.remedy and "2026-12-26" in finding.remedy
    early = rules(currency="USD").offer(item(offer=offer("9")), "s", NOON - dt.timedelta(days=90))
    assert "begins on 2026-11-01 only" in early.findings[0].text


def test_the_table_that_began_last_counts() -> None:
    late = RateTable.model_validate(
        {"base": "EUR", "from": "2026-11-20", "until": "2026-12-31", "to": {"USD": "2"}}
    )
    pricing = Pricing(PriceRules(currency="USD"), (late, NOVEMBER))
    what = item(offer=offer("10.00"))
    assert prices(pricing.offer(what, "s", NOON)) == {"standard": "20.00 USD"}
    assert prices(pricing.offer(what, "s", NOON - dt.timedelta(days=10))) == {
        "standard": "11.00 USD"
    }


def test_a_sale_lowers_the_price_and_strikes_the_usual_one() -> None:
    what = item(offer=offer("19.00", sale=SALE))
    during = Pricing().offer(what, "shop", NOON).offer
    after = Pricing().offer(what, "shop", NOON + dt.timedelta(days=9)).offer
    assert during is not None and after is not None
    assert (str(during.variants[0].price), str(during.variants[0].compare_at)) == ("15.20", "19.00")
    assert (str(after.variants[0].price), after.variants[0].compare_at) == ("19.00", None)


def test_an_offers_own_sale_wins_over_the_accounts() -> None:
    off = {**SALE, "percent": None, "amount": "10"}
    own = rules(currency="USD", sale={**SALE, "percent": 50})
    taken = own.offer(item(offer=offer("19.00", sale=off)), "shop", NOON)
    assert prices(taken) == {"standard": "9.90 USD"}, "10 EUR are 11 USD"
    assert prices(own.offer(item(offer=offer("19.00")), "shop", NOON)) == {"standard": "10.45 USD"}


def test_a_floor_leaves_no_room_and_a_sale_takes_everything() -> None:
    floored = rules(currency="EUR", floor="19.00", sale=SALE)
    priced = floored.offer(item(offer=offer("10.00")), "shop", NOON)
    assert prices(priced) == {"standard": "19.00 EUR"}
    assert codes(priced) == [(Level.WARNING, "price-sale")]
    everything = offer("9.00", sale={**SALE, "percent": None, "amount": "9"})
    priced = Pricing().offer(item(offer=everything), "shop", NOON)
    assert (priced.offer, codes(priced)) == (None, [(Level.ERROR, "price-nothing")])


def test_what_is_written_for_one_account_is_final() -> None:
    own = {"shop": {"offer": offer("18.50", currency="USD")}}
    pricing = rules(currency="USD", markup=50, round=".99", sale=SALE)
    what = item(offer=offer("19.00"), channels=own)
    assert prices(pricing.offer(what, "shop", NOON)) == {"standard": "18.50 USD"}
    wrong = rules(currency="JPY").offer(what, "shop", NOON)
    assert (wrong.offer, codes(wrong)) == (None, [(Level.ERROR, "price-currency")])


def test_a_struck_price_is_priced_like_the_price() -> None:
    written = offer("10.00")
    written["variants"][0]["compare_at"] = "12.00"
    made = rules(currency="USD", round=".99").offer(item(offer=written), "shop", NOON).offer
    assert made is not None
    assert (str(made.variants[0].price), str(made.variants[0].compare_at)) == ("11.99", "13.99")
    high = rules(currency="EUR", ceiling="9").offer(item(offer=written), "shop", NOON).offer
    assert high is not None
    assert (str(high.variants[0].price), high.variants[0].compare_at) == ("9.00", None)


def test_a_bundle_costs_its_members_less_a_discount() -> None:
    members = (
        asset("a", offer=offer("19.00", "79.00")),
        asset("c", offer=offer("10.00", "20.00", "50.00")),
        asset("d", offer=offer("11.00", "22.00", currency="USD")),
    )
    priced = rules(currency="EUR").offer(bundle(*members, discount="25 %"), "shop", NOON)
    assert prices(priced) == {"standard": "29.25 EUR", "extended": "89.25 EUR"}
    by_rule = rules(currency="EUR", bundle_discount=50, round=".99")
    assert prices(by_rule.offer(bundle(*members), "shop", NOON))["standard"] == "19.99 EUR"
    own = bundle(*members, offer=offer("49.00"))
    assert prices(by_rule.offer(own, "shop", NOON)) == {"standard": "49.99 EUR"}
    assert Pricing().offer(bundle(*members), "shop", NOON).offer is None, "nobody asked for a price"


def test_a_bundle_whose_members_do_not_add_up_is_an_error() -> None:
    without = rules().offer(bundle(asset("a", offer=offer("9")), asset("c"), discount=5), "s", NOON)
    assert codes(without) == [(Level.ERROR, "price-members")]
    assert without.findings[0].text.startswith("c has no price")
    other = offer("9")
    other["variants"][0]["id"] = "other"
    apart = bundle(asset("a", offer=offer("9")), asset("c", offer=other), discount=5)
    assert codes(rules().offer(apart, "s", NOON)) == [(Level.ERROR, "price-members")]


def test_royalties_are_per_cent_and_the_items_own_win() -> None:
    pricing = rules(royalties={"art-print": 20, "mug": "15 %"})
    alone = pricing.offer(item(), "prints", NOON).offer
    assert alone is not None
    assert (dict(alone.royalties), alone.variants) == (
        {"art-print": Decimal(20), "mug": Decimal(15)}, ())  # fmt: skip
    own = pricing.offer(item(offer={"royalties": {"mug": 30}}), "prints", NOON).offer
    assert own is not None
    assert dict(own.royalties) == {"art-print": Decimal(20), "mug": Decimal(30)}


def test_tiny_prices_and_free_ones() -> None:
    tiny = Pricing().offer(item(offer=offer("0.004")), "s", NOON)
    assert codes(tiny) == [(Level.ERROR, "price-nothing")]
    free = rules(currency="USD", markup_amount="3", round=".99", sale=SALE)
    assert prices(free.offer(item(offer=offer("0")), "s", NOON)) == {"standard": "0.00 USD"}


@given(st.decimals("0.01", "99999", places=2), st.decimals("-50", "300", places=1))
def test_pricing_the_same_twice_says_the_same(base: Decimal, markup: Decimal) -> None:
    pricing = rules(currency="USD", markup=markup, round=".95", floor="2")
    what = item(offer=offer(str(base)))
    assert pricing.offer(what, "s", NOON) == pricing.offer(what, "s", NOON)


def test_a_day_asked_for_counts_from_its_first_moment() -> None:
    assert price_moment(NOON.date(), NOON) == NOON
    other = price_moment(dt.date(2026, 12, 1), NOON)
    assert other == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


def test_the_end_of_a_sale_clears_the_struck_price() -> None:
    listing = Listing("a", "s", "a", {"title": "t", "price.x": "19.00 EUR"})
    there = {"compare_at.x": "24.00 EUR", "compare_at.gone": "9.00 EUR", "price.x": "19.00 EUR"}
    assert with_sales_ended(listing, there).fields == {**listing.fields, "compare_at.x": None}
    assert with_sales_ended(listing, {}) is listing
    assert [is_price(n) for n in ("price.a", "compare_at.a", "royalty.a", "pricelist")] == [
        True, True, True, False]  # fmt: skip
