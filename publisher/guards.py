"""The brakes on mass damage: what trips them, with figures. Pure; who may override one decides elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum

from publisher.plan import Plan, PlanItem, Word


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
        for name, old, new in _priced(plan, item):
            if new <= 0:
                text = f"{item.item}: {name} would be {new}"
                trips.append(Trip(Guard.PRICE_ZERO, account, text))
            elif old and abs(new - old) / old > MAX_PRICE_STEP:
                text = f"{item.item}: {name} would go from {old} to {new}, more than 40 %"
                trips.append(Trip(Guard.PRICE_CHANGE, account, text))
    return trips


def _priced(plan: Plan, item: PlanItem) -> Iterator[tuple[str, Decimal | None, Decimal]]:
    """The prices that the item would get: (field, old amount, new amount)."""
    listing = plan.listings.get((item.item, item.account))
    fresh = item.word is Word.CREATE and listing is not None
    told = [(c.field, c.old, c.new) for c in item.changes]
    if fresh and listing is not None:
        told += [(name, None, value) for name, value in listing.fields.items()]
    for name, old, new in told:
        amount = _amount(new) if name.startswith("price") else None
        if amount is not None:
            yield name, _amount(old), amount


def _amount(value: object) -> Decimal | None:
    try:
        return Decimal(str(value).split()[0])
    except (InvalidOperation, IndexError):
        return None
