"""The rows under test: whatever discovery finds, and the day on which they are judged."""

from __future__ import annotations

import datetime as dt

from publisher.discovery import known_rows, load_row
from publisher.row import Mode, Row

NAMES = sorted(known_rows())
ROWS = {name: load_row(name) for name in NAMES}
FOLDER_ROW = next(n for n, r in ROWS.items() if r.mode is Mode.HANDOFF and n == r.adapter)
DAY = max(rule.seen for row in ROWS.values() for rule in row.rule) + dt.timedelta(days=1)
"""The day of all tests: every row was read by then, and no rule is stale."""


def _way(row: Row) -> str:
    """How bytes are moved, and whether everything goes there together, always."""
    together = row.batch is not None and row.batch.min == 1
    return f"{row.transport.kind}-together" if together else row.transport.kind


KINDS = {_way(row): name for name, row in reversed(ROWS.items())}
"""One representative row per way of moving bytes."""
