"""The release calendar: on which day how many items go to which account. Pure arithmetic on a plan.

It only counts what a plan has decided; the dates of what waits come from the quotas.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from publisher.plan import Entry, PlanItem, Word


def release_calendar(items: Iterable[PlanItem], today: dt.date) -> tuple[Entry, ...]:
    """New items by day and account: what goes now goes ``today``, what waits goes on its date.

    Ordered by date, then as the accounts first come.
    """
    found: Counter[tuple[dt.date, str]] = Counter()
    order: dict[str, int] = {}
    for item in items:
        order.setdefault(item.account, len(order))
        if item.word in (Word.CREATE, Word.PREPARE):
            found[today, item.account] += 1
        elif item.word is Word.WAITING and item.until is not None:
            found[item.until.astimezone(dt.UTC).date(), item.account] += 1
    entries = [Entry(date, account, count) for (date, account), count in found.items()]
    return tuple(sorted(entries, key=lambda e: (e.date, order[e.account])))
