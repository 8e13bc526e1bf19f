"""Which rate is in force on a day. Pure: the tables are those of ``publisher.toml``; nothing is looked up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal, localcontext

from publisher.manifest.prices import RateTable
from publisher.pricing.money import PRECISION


def rate_between(
    tables: Sequence[RateTable], source: str, target: str, on: dt.date
) -> Decimal | None:
    """What one ``source`` is worth in ``target`` on the day; None when no table says so.

    Of the tables in force that know both currencies the one that began last counts. A table may be read
    backwards, and across: two currencies of one table are worth each other what it says of both.
    """
    if source == target:
        return Decimal(1)
    known = [t for t in tables if t.in_force(on) and {source, target} <= {t.base, *t.to}]
    if not known:
        return None
    table = max(known, key=lambda t: t.from_)
    worth = {**table.to, table.base: Decimal(1)}
    with localcontext(prec=PRECISION):
        return worth[target] / worth[source]


def what_to_add(
    tables: Sequence[RateTable], source: str, target: str, on: dt.date
) -> tuple[str, str]:
    """What is wrong with the rate from ``source`` to ``target``, and the lines that put it right."""
    known = [t for t in tables if {source, target} <= {t.base, *t.to}]
    over = [t.until for t in known if t.until < on]
    later = [t.from_ for t in known if t.from_ > on]
    text = f"there is no rate from {source} to {target} for {on}"
    if over:
        text = f"the rate from {source} to {target} ended on {max(over)}"
    elif later:
        text = f"the rate from {source} to {target} begins on {min(later)} only"
    lines = f'[[prices.rates]] base = "{source}", from = {on}, until = its last day, to = {{{target} = "..."}}'
    return text, f"add to publisher.toml: {lines}"
