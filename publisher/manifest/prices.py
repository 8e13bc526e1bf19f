"""Price rules of a project: ``[prices]`` of ``publisher.toml`` with dated rates and named rule sets, and the
``prices`` of an account, which name one of them or state their own.

It checks what is written and merges it. It prices nothing: that is the work of ``publisher.pricing``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from itertools import combinations
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from publisher.manifest.currencies import DECIMALS, Currency
from publisher.manifest.offer import Amount, Part, Price, ProductClass, Sale, Share
from publisher.manifest.shape import nearest
from publisher.manifest.spellings import day, exact, percent

Path = tuple[str | int, ...]
Problem = tuple[Path, str]
"""Where something is wrong, as keys from the top of the file, and a sentence."""


class Ending(str, Enum):
    """How a price ends. ``FIVE`` is a multiple of five; ``NONE`` only has the decimals of its currency."""

    NONE = "none"
    NINETY_NINE = ".99"
    NINETY_FIVE = ".95"
    WHOLE = ".00"
    FIVE = "5"


class Rounding(str, Enum):
    """Which price with that ending is taken: never a lower one, or the nearest (the higher of two)."""

    UP = "up"
    NEAREST = "nearest"


def _ending(value: Any) -> Any:
    if isinstance(value, Ending):
        return value
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    return text.strip().removeprefix("0")


Markup = Annotated[
    Decimal, Field(gt=-100, le=1000, max_digits=8, decimal_places=4), BeforeValidator(percent)
]
Rate = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=9), BeforeValidator(exact)]
Day = Annotated[dt.date, BeforeValidator(day)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, populate_by_name=True
    )


class PriceRules(_Model):
    """How an account's prices are made of base prices. Nothing is changed that is not stated."""

    currency: Currency | None = Field(None, description="The currency that the account sells in.")
    markup: Markup = Field(Decimal(0), description="Per cent added; below zero it is taken off.")
    markup_amount: Price = Field(Decimal(0), description="Amount added after that.")
    round: Annotated[Ending, BeforeValidator(_ending)] = Ending.NONE
    rounding: Rounding = Rounding.UP
    floor: Amount | None = Field(None, description="No price is below it.")
    ceiling: Amount | None = Field(None, description="No price is above it.")
    sale: Sale | None = Field(None, description="For all that has no sale of its own.")
    bundle_discount: Part | None = Field(
        None, description="Per cent off the sum of members, for bundles that state no price."
    )
    royalties: dict[ProductClass, Share] = Field(
        default_factory=dict, description="Per cent by class of product, unless an item says other."
    )


class AccountRules(PriceRules):
    """``[accounts.NAME.prices]``: a named set, and what is different for this account."""

    rules: Name | None = Field(None, description="Name of the set under [prices.rules].")


class RateTable(_Model):
    """What one unit of ``base`` is worth in other currencies, from a day until another, both included."""

    base: Currency
    from_: Annotated[Day, Field(alias="from")]
    until: Day
    to: Annotated[dict[Currency, Rate], Field(min_length=1)]
    source: str = Field("", description="Where the rates were read.")

    def in_force(self, on: dt.date) -> bool:
        """Whether the rates count on that day."""
        return self.from_ <= on <= self.until


class Prices(_Model):
    """``[prices]``: what the whole project knows about money."""

    rates: tuple[RateTable, ...] = ()
    rules: dict[Name, PriceRules] = Field(default_factory=dict)


def short_form(value: Any) -> Any:
    """``prices = "NAME"`` of an account means that named set and nothing else."""
    return {"rules": value} if isinstance(value, str) else value


AccountPrices = Annotated[AccountRules, BeforeValidator(short_form)]


def merged(own: AccountRules | None, prices: Prices) -> PriceRules:
    """The rules of an account: the named set, with what the account states itself laid over it."""
    if own is None:
        return PriceRules()
    base = prices.rules.get(own.rules or "", PriceRules())
    stated = {n: getattr(own, n) for n in own.model_fields_set if n != "rules"}
    return base.model_copy(update=stated)


def mistakes_of(prices: Prices, accounts: Mapping[str, AccountRules | None]) -> list[Problem]:
    """What no single value shows: unknown sets, bounds that cross, decimals of the currency, double rates."""
    found: list[Problem] = list(_rates(prices.rates))
    for name, rules in prices.rules.items():
        found += _rules(rules, ("prices", "rules", name))
    for account, own in accounts.items():
        if own is None:
            continue
        place: Path = ("accounts", account, "prices")
        if own.rules is not None and own.rules not in prices.rules:
            known = ", ".join(sorted(prices.rules)) or "none"
            hint = nearest(own.rules, prices.rules) or f", known sets: {known}"
            found.append((place, f"there is no set of price rules '{own.rules}'{hint}"))
        elif own.model_fields_set - {"rules"}:
            found += _rules(merged(own, prices), place)
    return found


def _rules(rules: PriceRules, place: Path) -> Iterator[Problem]:
    label = ".".join(str(p) for p in place)
    if rules.floor is not None and rules.ceiling is not None and rules.floor > rules.ceiling:
        yield (*place, "floor"), f"{label}: the floor is above the ceiling"
    amounts = {
        "markup_amount": rules.markup_amount or None,
        "floor": rules.floor,
        "ceiling": rules.ceiling,
    }
    stated = [name for name, value in amounts.items() if value is not None]
    if rules.currency is None:
        for name in stated:
            text = f"{label}.{name}: an amount needs to know its currency"
            yield (*place, name), f'{text} (write currency = "EUR" beside it)'
        return
    digits = DECIMALS.get(rules.currency, 2)
    for name in stated:
        value = amounts[name]
        if value is not None and value != round(value, digits):
            yield (*place, name), f"{label}.{name}: {rules.currency} has {digits} decimals"


def _rates(tables: tuple[RateTable, ...]) -> Iterator[Problem]:
    for at, table in enumerate(tables):
        if table.from_ > table.until:
            yield ("prices", "rates", at, "from"), f"prices.rates[{at}]: 'from' is after 'until'"
        if table.base in table.to:
            text = f"prices.rates[{at}]: {table.base} in {table.base} is always 1"
            yield ("prices", "rates", at, "to"), text
    for (first, one), (second, two) in combinations(enumerate(tables), 2):
        if one.base == two.base and one.from_ == two.from_:
            text = f"prices.rates[{second}]: the same base and first day as prices.rates[{first}]"
            yield ("prices", "rates", second, "from"), text
