"""How much a plan asks of a shop: points, requests, time. Pure, by Shopify's own figures.

Nobody was asked yet, so it speaks of a shop on the Standard plan and names what a larger plan changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from channels.shopify import cost, inputs
from publisher.channel import Write
from publisher.listing import Listing
from publisher.row import Row, Verb

RATES = {"Standard": 100, "Plus": 1000}
"""Points that come back per second (shopify.dev, rate limits, 2026)."""

RATIONED = 50_000
PER_DAY = 1_000
"""A shop with so many variants takes so many new ones a day, unless it is on Plus."""


def forecast(row: Row, writes: Sequence[Write]) -> str:
    """One sentence; empty when there is nothing to write."""
    if not writes:
        return ""
    parts = [_bulk(row, writes) if _in_bulk(row, writes) else _single(writes)]
    new = sum(_variants(w.listing) for w in writes if w.verb is Verb.CREATE and w.listing)
    if new > RATIONED:
        days = math.ceil((new - RATIONED) / PER_DAY)
        parts.append(
            f"{new:,} new variants are more than the {RATIONED:,} that a shop takes at once: the rest "
            f"follows at {PER_DAY:,} a day, in {days} days, unless the shop is on Plus"
        )
    return "; ".join(parts)


def points(write: Write) -> Decimal:
    """What one write costs by itself."""
    listing = write.listing
    if listing is None or write.verb is Verb.WITHDRAW:
        return cost.SET_PRODUCT
    meta = 2 + sum(n.startswith("meta.") for n in listing.fields) + 3
    if write.verb is Verb.CREATE:
        return cost.of_product(
            variants=_variants(listing), files=len(listing.files), metafields=meta
        )
    parts = inputs.parts_of(write.changes)
    if parts.prices_only:
        return cost.of_product(variants=len({c.field.partition(".")[2] for c in write.changes}))
    return cost.of_product(
        variants=_variants(listing) if parts.variants or parts.prices else 0,
        files=len(listing.files) if parts.pictures or parts.alts else 0,
    ) + (cost.SIMPLE if parts.meta else 0)


def _in_bulk(row: Row, writes: Sequence[Write]) -> bool:
    return row.batch is not None and len(writes) >= row.batch.min


def _single(writes: Sequence[Write]) -> str:
    total = sum((points(w) for w in writes), Decimal(0))
    times = ", ".join(f"{_time(total / rate)} on {plan}" for plan, rate in RATES.items())
    return f"{len(writes):,} requests and {math.ceil(total):,} points: {times}"


def _bulk(row: Row, writes: Sequence[Write]) -> str:
    assert row.batch is not None
    runs = math.ceil(len(writes) / row.batch.max)
    return (
        f"{len(writes):,} writes in {runs} bulk {'run' if runs == 1 else 'runs'}, which costs a "
        "handful of requests and no points for each product"
    )


def _time(seconds: Decimal) -> str:
    if seconds < 60:
        return "under a minute"
    minutes = math.ceil(seconds / 60)
    return f"about {minutes} min" if minutes < 120 else f"about {math.ceil(minutes / 60)} h"


def _variants(listing: Listing) -> int:
    names = listing.fields.get("variants")
    return len(names) if isinstance(names, tuple) else 0
