"""A clock that stands still until somebody sleeps: two hours of pacing pass in no time, and are counted."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable


class VirtualClock:
    """``now`` moves by ``sleep`` and ``jump`` alone. Thread-safe; ``slept`` is the sum of all sleeps in seconds."""

    def __init__(self, start: dt.datetime) -> None:
        self._now = start
        self._lock = threading.Lock()
        self.slept = 0.0
        self.longest = 0.0
        self.on_sleep: Callable[[], None] = lambda: None
        """Called at the end of every pause, such as to end the trouble that it was made for."""

    def now(self) -> dt.datetime:
        """The virtual moment."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass at once. A negative pause is a mistake of the caller."""
        if seconds < 0:
            raise ValueError(f"nobody can sleep {seconds} seconds")
        with self._lock:
            self._now += dt.timedelta(seconds=seconds)
            self.slept += seconds
            self.longest = max(self.longest, seconds)
        self.on_sleep()

    def jump(self, step: dt.timedelta) -> None:
        """What a wrong time server, or a laptop that was closed, does to a clock."""
        with self._lock:
            self._now += step
