"""Which fields of a listing are prices, and how the end of a sale is told to a channel. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from publisher.listing import FieldValue, Listing

STRUCK = "compare_at."
PRICE_FIELDS = ("price.", STRUCK, "royalty.")
"""How the names of price fields begin: price, struck price, royalty of a class of product."""


def is_price(field: str) -> bool:
    """Whether a field of a listing is one that a price sync writes."""
    return field.startswith(PRICE_FIELDS)


def with_sales_ended(listing: Listing, bound: Mapping[str, FieldValue]) -> Listing:
    """The listing, with None for each struck price that is there and that it does not have any more.

    A field that a listing does not name is left alone there; the struck price of a sale must not be.
    """
    over = {
        name: None
        for name, value in bound.items()
        if name.startswith(STRUCK)
        and value is not None
        and name not in listing.fields
        and f"price.{name.removeprefix(STRUCK)}" in listing.fields
    }
    return replace(listing, fields={**listing.fields, **over}) if over else listing
