"""Prices as the shop wants them: plain decimal strings, checked before they are sent and compared after.

WooCommerce takes a price that is no number with HTTP 200 and empties it, so nothing is sent unchecked and no
answer is believed unread. Nothing in here talks to a shop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from publisher.errors import Rejected
from publisher.listing import FieldValue

PRICE = "price."
COMPARE_AT = "compare_at."
_MONEY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,4})?) ([A-Z]{3})")


def is_price(field: str) -> bool:
    """Whether a listing's field is money."""
    return field.startswith((PRICE, COMPARE_AT))


def amount(field: str, value: FieldValue, currency: str) -> str:
    """The number of ``"19.00 EUR"`` as the shop takes it. Raises Rejected: no price, or another currency.

    A shop has one currency and its products have none, so that a foreign price would be sold one to one.
    """
    found = _MONEY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Rejected(
            f"{field} is {value!r}, which is no price",
            remedy='a price is a number with a currency, as in "19.00 EUR"',
        )
    if found[2] != currency:
        raise Rejected(
            f"{field} is in {found[2]}, and the shop sells in {currency}",
            remedy=f"set the currency of the account to {currency}, or change that of the shop",
        )
    return found[1]


def product_prices(fields: Mapping[str, FieldValue], variant: str, currency: str) -> dict[str, str]:
    """``regular_price`` and ``sale_price`` of one variant; a sale shows ``compare_at`` struck through.

    Raises Rejected as ``amount`` does, and for a sale that is dearer than the usual price.
    """
    now = amount(f"{PRICE}{variant}", fields.get(f"{PRICE}{variant}"), currency)
    usual = fields.get(f"{COMPARE_AT}{variant}")
    if usual is None:
        return {"regular_price": now, "sale_price": ""}
    before = amount(f"{COMPARE_AT}{variant}", usual, currency)
    if Decimal(before) <= Decimal(now):
        raise Rejected(
            f"{variant}: the sale price {now} is not below the usual price {before}",
            remedy="a sale is cheaper than the price that is struck through",
        )
    return {"regular_price": before, "sale_price": now}


def same(sent: str, told: object) -> bool:
    """Whether two spellings are one price; empty is the same as empty only."""
    if not isinstance(told, str) or not sent or not told:
        return sent == (told or "")
    try:
        return Decimal(sent) == Decimal(told)
    except InvalidOperation:
        return False


def check_echo(key: str, sent: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    """Compare the shop's answer with what was asked. Raises Rejected with both values."""
    wrong = [
        f"{name} was sent as {sent[name]!r}, and the shop made it {told.get(name)!r}"
        for name in ("regular_price", "sale_price")
        if name in sent and not same(str(sent[name]), told.get(name))
    ]
    if wrong:
        raise Rejected(
            f"{key}: {'; '.join(wrong)}",
            remedy="look at the product there; a plug-in may change prices when they are saved",
        )


def told_prices(
    stored: Mapping[str, FieldValue], variant: str, told: Mapping[str, Any], currency: str
) -> dict[str, FieldValue]:
    """The price fields of one variant as they are there, in the listing's own spelling where they agree."""
    regular, sale = str(told.get("regular_price") or ""), str(told.get("sale_price") or "")
    pairs = {PRICE: sale or regular, COMPARE_AT: regular if sale else ""}
    found: dict[str, FieldValue] = {}
    for prefix, number in pairs.items():
        name = f"{prefix}{variant}"
        ours = stored.get(name)
        plain = str(ours).partition(" ")[0] if ours is not None else ""
        if number:
            found[name] = ours if same(number, plain) else f"{number} {currency}"
        elif name in stored or prefix == PRICE:
            found[name] = None
    return found


def variants_of(fields: Mapping[str, FieldValue]) -> Sequence[str]:
    """The ids of the variants in their order."""
    order = fields.get("variants")
    return order if isinstance(order, tuple) else ()
