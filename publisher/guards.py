"""The brakes on mass damage: what trips them, with figures. Pure; who may override one decides elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum

from publisher.plan import ACTIVE, Plan, PlanItem, Word


class Guard(str, Enum):
    """A brake on mass damage. Each has one narrow override, valid for one digest."""

    WITHDRAWALS = "withdrawals"
    UPDATES = "updates"
    PRICE_CHANGE = "price-change"
    PRICE_ZERO = "price-zero"
    INCOMPLETE_SNAPSHOT = "incomplete-snapshot"


@dataclass(frozen=True, slots=True)
class Trip:
    """A guard that tripped for an account, with a sentence that has the figures."""

    guard: Guard
    account: str
    text: str


MIN_BOUND = 10
MAX_WITHDRAWN = 0.10
MAX_UPDATED = 0.30
MAX_PRICE_STEP = Decimal("0.40")


def guards(plan: Plan, bound: Mapping[str, int]) -> list[Trip]:
    """The guards that trip. ``bound`` is how many items each account has live or prepared."""
    trips: list[Trip] = []
    for account in sorted({i.account for i in plan.items}):
        items = [i for i in plan.items if i.account == account]
        total = bound.get(account, 0)
        if total >= MIN_BOUND:
            trips += _share(items, account, total, Word.WITHDRAW, MAX_WITHDRAWN, Guard.WITHDRAWALS)
            trips += _share(items, account, total, Word.UPDATE, MAX_UPDATED, Guard.UPDATES)
        trips += _prices(plan, items, account)
    return trips


def _share(
    items: Sequence[PlanItem], account: str, total: int, word: Word, limit: float, guard: Guard
) -> list[Trip]:
    count = sum(i.word is word for i in items)
    if count <= total * limit:
        return []
    text = f"{count} of {total} items would be {guard.value[:-1]}s, more than {limit:.0%}"
    if word is Word.WITHDRAW:
        text = f"{count} of {total} items would be withdrawn, more than {limit:.0%}"
    elif word is Word.UPDATE:
        text = f"{count} of {total} items would be changed, more than {limit:.0%}"
    return [Trip(guard, account, text)]


def _prices(plan: Plan, items: Sequence[PlanItem], account: str) -> list[Trip]:
    trips = []
    for item in items:
        for name, old, (amount, unit) in _priced(plan, item):
            shown = f"{amount} {unit}".rstrip()
            if amount <= 0:
                text = f"{item.item}: {name} would be {shown}"
                trips.append(Trip(Guard.PRICE_ZERO, account, text))
            elif old is None or not old[0]:
                continue
            elif old[1] != unit:
                text = f"{item.item}: {name} would go from {old[0]} {old[1]} to {shown}, another currency"
                trips.append(Trip(Guard.PRICE_CHANGE, account, text))
            elif abs(amount - old[0]) / old[0] > MAX_PRICE_STEP:
                text = f"{item.item}: {name} would go from {old[0]} to {shown}, more than 40 %"
                trips.append(Trip(Guard.PRICE_CHANGE, account, text))
    return trips


Money = tuple[Decimal, str]
"""An amount and its unit, "" when none is stated."""


def _priced(plan: Plan, item: PlanItem) -> Iterator[tuple[str, Money | None, Money]]:
    """The prices that the item would get, variant by variant: (field, old, new)."""
    if item.word not in ACTIVE:
        return
    listing = plan.listings.get((item.item, item.account))
    told = [(c.field, c.old, c.new) for c in item.changes]
    if item.word in (Word.CREATE, Word.PREPARE) and listing is not None:
        told += [(name, None, value) for name, value in listing.fields.items()]
    for name, old, new in told:
        money = amount_of(new) if name.startswith("price") else None
        if money is not None:
            yield name, amount_of(old), money


def amount_of(value: object) -> Money | None:
    """The amount and the unit of a price as a listing states it, "19.00 EUR"; None for what is no price."""
    amount, _, unit = str(value).strip().partition(" ")
    try:
        return Decimal(amount), unit.strip()
    except InvalidOperation:
        return None
