"""Memory that several jobs share: each takes what it is expected to need, and waits while there is not enough.

The figures are bytes. Nothing here measures memory; the workers' own limits see to it that a job keeps to
what it took.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class MemoryBudget:
    """``total`` bytes for all jobs together. Thread-safe; first come, first served."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._queue: list[object] = []
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, need: int) -> Iterator[int]:
        """Wait for ``need`` bytes, or for all there are when that is less; gives how many were taken."""
        granted = min(need, self.total)
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            # In turn, so that a large job is not passed by small ones for ever.
            self._changed.wait_for(lambda: self._queue[0] is ticket and self._free >= granted)
            self._queue.pop(0)
            self._free -= granted
            self._changed.notify_all()
        try:
            yield granted
        finally:
            with self._changed:
                self._free += granted
                self._changed.notify_all()
