"""The offer of an item at one account, with final prices, or the finding that says why there is none. Pure.

What the manifest states for one account is final: no rule touches it. Everything else is a base price. A rate
that is missing or over is never replaced by an older one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal, localcontext

from publisher.listing import Finding, Level
from publisher.manifest.currencies import DECIMALS
from publisher.manifest.item import Item
from publisher.manifest.model import Asset, Offer, Sale, Variant
from publisher.manifest.prices import PriceRules, RateTable
from publisher.pricing.money import PRECISION, lowered, usual
from publisher.pricing.rates import rate_between, what_to_add

_PLAIN = PriceRules()


def price_moment(day: dt.date, now: dt.datetime) -> dt.datetime:
    """The moment whose sales and rates count: now, or the first moment (UTC) of another day asked for."""
    return now if day == now.date() else dt.datetime.combine(day, dt.time(), dt.UTC)


@dataclass(frozen=True, slots=True)
class Priced:
    """The final offer, None when there is none, and what is to be said about it."""

    offer: Offer | None
    findings: tuple[Finding, ...] = ()


class _Unpriced(Exception):
    """There is no price, for a reason that the seller can put right."""

    def __init__(self, code: str, text: str, remedy: str) -> None:
        super().__init__(text)
        self.finding = Finding(Level.ERROR, text, remedy, code=code)


@dataclass(frozen=True)
class Pricing:
    """One account's rules with the rates of the project."""

    rules: PriceRules = _PLAIN
    rates: tuple[RateTable, ...] = ()

    def __post_init__(self) -> None:
        if self.rules == _PLAIN:
            # One object stands for "no rules", so that a hundred thousand offers pass without a comparison.
            object.__setattr__(self, "rules", _PLAIN)

    def offer(self, item: Item, account: str, at: dt.datetime) -> Priced:
        """The item's offer at the account, at the moment. Findings carry a ``price-…`` code."""
        told: list[Finding] = []
        made: Offer | None
        try:
            own = item.override(account).offer
            if own is not None:
                made = self._final(own, at, told)
            elif item.offer is not None:
                made = self._ruled(item.offer, at, told)
            else:
                made = self._together(item, account, at, told)
        except _Unpriced as why:
            return Priced(None, (*told, why.finding))
        return Priced(self._with_royalties(made), tuple(told))

    def _final(self, offer: Offer, at: dt.datetime, told: list[Finding]) -> Offer:
        """What the manifest says for this account: its own sale, and no rule."""
        wanted = self.rules.currency
        if wanted is not None and offer.variants and offer.currency != wanted:
            raise _Unpriced(
                "price-currency",
                f"the account sells in {wanted}, and the offer for it alone is in {offer.currency}",
                f"write that offer in {wanted}, or leave it out so that the rules apply",
            )
        return _variants(offer, offer.currency, Decimal(1), _PLAIN, offer.sale, at, told)

    def _ruled(self, offer: Offer, at: dt.datetime, told: list[Finding]) -> Offer:
        target = self._target(offer.currency)
        rate = self._rate(offer.currency, target, at) if offer.variants else Decimal(1)
        return _variants(offer, target, rate, self.rules, self._sale(offer.sale, rate), at, told)

    def _sale(self, own: Sale | None, rate: Decimal) -> Sale | None:
        """The sale that counts, its amount in the account's currency. An offer's own wins, also when it is over."""
        if own is None or own.amount is None:
            return own or self.rules.sale
        with localcontext(prec=PRECISION):
            return own.model_copy(update={"amount": own.amount * rate})

    def _together(
        self, item: Item, account: str, at: dt.datetime, told: list[Finding]
    ) -> Offer | None:
        """A bundle without an offer: for each variant that all members have, their sum less the discount."""
        stated = item.bundle.discount if item.bundle is not None else None
        discount = stated or self.rules.bundle_discount
        if item.bundle is None or discount is None:
            return None
        offers = [_members_offer(m, account, item) for m in item.members]
        target = self._target(offers[0].currency)
        rates = [self._rate(o.currency, target, at) for o in offers]
        tables = [{v.id: v for v in o.variants} for o in offers]
        shared = [v for v in offers[0].variants if all(v.id in t for t in tables)]
        if not shared:
            raise _Unpriced(
                "price-members",
                f"the assets of {item.id} have no variant in common, so their prices do not add up",
                f"give {item.id} an offer of its own",
            )
        with localcontext(prec=PRECISION):
            sums = [
                sum((t[v.id].price * r for t, r in zip(tables, rates, strict=True)), Decimal(0))
                * (1 - discount / 100)
                for v in shared
            ]
        variants = tuple(
            v.model_copy(update={"price": s, "compare_at": None})
            for v, s in zip(shared, sums, strict=True)
        )
        products = {o.product for o in offers}
        made = Offer.model_construct(
            royalties={},
            variants=variants,
            currency=target,
            product=products.pop() if len(products) == 1 else None,
            sale=None,
        )
        return _variants(made, target, Decimal(1), self.rules, self.rules.sale, at, told)

    def _target(self, currency: str) -> str:
        return self.rules.currency or currency

    def _rate(self, source: str, target: str, at: dt.datetime) -> Decimal:
        rate = rate_between(self.rates, source, target, at.date())
        if rate is None:
            raise _Unpriced("price-rate", *what_to_add(self.rates, source, target, at.date()))
        return rate

    def _with_royalties(self, offer: Offer | None) -> Offer | None:
        """The account's royalties by class of product, unless the item says other."""
        if not self.rules.royalties:
            return offer
        if offer is None:
            return Offer(royalties=self.rules.royalties)
        both = {**self.rules.royalties, **offer.royalties}
        return offer.model_copy(update={"royalties": both})


def _members_offer(member: Asset, account: str, bundle: Item) -> Offer:
    override = member.channels.get(account)
    offer = (override.offer if override is not None else None) or member.offer
    if offer is None or not offer.variants:
        raise _Unpriced(
            "price-members",
            f"{member.id} has no price, so the price of {bundle.id} cannot be added up",
            f"give {member.id} an offer, or {bundle.id} one of its own",
        )
    return offer


def _variants(
    offer: Offer,
    currency: str,
    rate: Decimal,
    rules: PriceRules,
    sale: Sale | None,
    at: dt.datetime,
    told: list[Finding],
) -> Offer:
    """The offer with final variants. ``sale`` is in the account's currency; only one in force counts."""
    current = sale if sale is not None and sale.in_force(at) else None
    if rules is _PLAIN and current is None and _as_booked(offer):
        return offer
    variants = tuple(
        _variant(v, offer, currency, rate, rules, current, told) for v in offer.variants
    )
    return offer.model_copy(update={"variants": variants, "currency": currency, "sale": None})


def _as_booked(offer: Offer) -> bool:
    digits = DECIMALS.get(offer.currency, 0)
    return offer.sale is None and all(
        v.compare_at is None and v.price.as_tuple().exponent == -digits for v in offer.variants
    )


def _variant(
    variant: Variant,
    offer: Offer,
    currency: str,
    rate: Decimal,
    rules: PriceRules,
    sale: Sale | None,
    told: list[Finding],
) -> Variant:
    with localcontext(prec=PRECISION):
        amounts = [None if a is None else a * rate for a in (variant.price, variant.compare_at)]
    price = usual(amounts[0] or Decimal(0), rules, currency)
    if variant.price > 0 and price <= 0:
        raise _Unpriced(
            "price-nothing",
            f"the price of {variant.id}, {variant.price} {offer.currency}, comes to nothing in {currency}",
            "raise the price, or give the rules a floor",
        )
    struck = usual(amounts[1], rules, currency) if amounts[1] is not None else None
    if rules is _PLAIN and price != variant.price:
        told.append(_rounded(variant, price, currency))
    if sale is not None and price > 0:
        price, struck = _on_sale(variant, price, struck, sale, rules, currency, told)
    elif struck is not None and struck <= price:
        struck = None
    return variant.model_copy(update={"price": price, "compare_at": struck})


def _on_sale(
    variant: Variant,
    price: Decimal,
    struck: Decimal | None,
    sale: Sale,
    rules: PriceRules,
    currency: str,
    told: list[Finding],
) -> tuple[Decimal, Decimal | None]:
    low = lowered(price, sale, rules, currency)
    if low <= 0:
        raise _Unpriced(
            "price-nothing",
            f"the sale leaves nothing of the price of {variant.id}, {price} {currency}",
            "take off less",
        )
    if low < price:
        return low, price
    text = f"the floor leaves no room for the sale: {variant.id} stays at {price} {currency}"
    told.append(Finding(Level.WARNING, text, "lower the floor, or end the sale", code="price-sale"))
    return price, struck if struck is not None and struck > price else None


def _rounded(variant: Variant, price: Decimal, currency: str) -> Finding:
    text = f"{variant.price} {currency} is not an amount that {currency} has; {variant.id} costs {price}"
    return Finding(
        Level.WARNING,
        text,
        f"write the price with {DECIMALS[currency]} decimals",
        code="price-rounded",
        before=str(variant.price),
        after=str(price),
    )
