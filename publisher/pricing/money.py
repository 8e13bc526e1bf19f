"""Arithmetic of prices: smallest units, endings, bounds and sales. Decimal only; nothing here converts.

A usual price is rounded so that the seller never gets less than the rules say, a lowered one so that the buyer
never gets less off than the sale says.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext

from publisher.manifest.currencies import DECIMALS
from publisher.manifest.offer import Sale
from publisher.manifest.prices import Ending, PriceRules, Rounding

PRECISION = 60
"""Digits that are kept on the way: a price, a rate and a markup multiplied are exact."""

_ENDINGS = {
    Ending.NINETY_NINE: (Decimal(1), Decimal("0.99")),
    Ending.NINETY_FIVE: (Decimal(1), Decimal("0.95")),
    Ending.WHOLE: (Decimal(1), Decimal(0)),
    Ending.FIVE: (Decimal(5), Decimal(0)),
}
"""Ending → distance between two such prices, and where the first one lies."""


def smallest(currency: str) -> Decimal:
    """The smallest unit of a currency: 0.01 of EUR, 1 of JPY. Raises KeyError for what is no currency."""
    return Decimal(1).scaleb(-DECIMALS[currency])


def booked(amount: Decimal, currency: str, rounding: str = ROUND_HALF_UP) -> Decimal:
    """The amount in smallest units, halves up unless ``rounding`` (of ``decimal``) says other."""
    with localcontext(prec=PRECISION):
        return amount.quantize(smallest(currency), rounding)


def ended(amount: Decimal, rules: PriceRules, currency: str) -> Decimal:
    """The price that ends as the rules want: the next one that is not lower, or the nearest above zero."""
    if (grid := _grid(rules.round, currency)) is None:
        return amount
    step, first = grid
    with localcontext(prec=PRECISION):
        upper = ((amount - first) / step).to_integral_value(ROUND_CEILING) * step + first
        lower = upper - step
        nearer = amount - lower < upper - amount
    if rules.rounding is Rounding.NEAREST and lower > 0 and nearer:
        return booked(lower, currency)
    return booked(upper, currency)


def usual(amount: Decimal, rules: PriceRules, currency: str) -> Decimal:
    """The usual price of an amount in ``currency``: markup, amount added, ending, then floor and ceiling.

    What is free stays free. A positive amount may come to 0 when it is less than half a smallest unit.
    """
    if amount == 0:
        return booked(amount, currency)
    with localcontext(prec=PRECISION):
        raised = amount * (1 + rules.markup / 100) + rules.markup_amount
    price = booked(raised, currency)
    if price > 0:
        price = ended(price, rules, currency)
    return bounded(price, rules, currency)


def bounded(price: Decimal, rules: PriceRules, currency: str) -> Decimal:
    """The price between floor and ceiling, which win over an ending."""
    if rules.floor is not None:
        price = max(price, booked(rules.floor, currency, ROUND_CEILING))
    if rules.ceiling is not None:
        price = min(price, booked(rules.ceiling, currency, ROUND_FLOOR))
    return price


def lowered(
    price: Decimal, sale: Sale, rules: PriceRules, currency: str, rate: Decimal = Decimal(1)
) -> Decimal:
    """The price during a sale: what is taken off, then the next lower price with the ending, then the floor.

    ``rate`` turns the sale's amount into ``currency``. The result is not above ``price`` unless the floor is;
    it may be 0 or less when the sale takes off everything.
    """
    with localcontext(prec=PRECISION):
        if sale.percent is not None:
            left = price * (1 - sale.percent / 100)
        else:
            left = price - (sale.amount or Decimal(0)) * rate
        left = booked(left, currency, ROUND_FLOOR)
        if left > 0 and (grid := _grid(rules.round, currency)) is not None:
            step, first = grid
            below = ((left - first) / step).to_integral_value(ROUND_FLOOR) * step + first
            left = booked(below, currency) if below > 0 else left
    if left > 0 and rules.floor is not None:
        left = max(left, booked(rules.floor, currency, ROUND_CEILING))
    return left


def _grid(ending: Ending, currency: str) -> tuple[Decimal, Decimal] | None:
    """The prices with that ending; a currency without decimals has whole prices only."""
    if ending is Ending.NONE:
        return None
    step, first = _ENDINGS[ending]
    return (step, first) if DECIMALS[currency] or first == 0 else (Decimal(1), Decimal(0))
