"""A core for each worker while all of them are busy, and every core for those that have the machine to themselves.

With as many workers as cores, threads that wander only wait for each other; a worker without company is quicker
with all cores. Nothing here ever fails: on a system without such calls, threads simply run where they like.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Set
from pathlib import Path


class Threads:
    """All threads of one process of ours, and the core that they are kept to, if any."""

    def __init__(self, process: int) -> None:
        self._process = process
        self.core: int | None = None

    def keep_to(self, core: int | None, allowed: Set[int]) -> None:
        """Keep them to ``core``, or let them run on every one of ``allowed``; so will those that they begin."""
        if core == self.core:
            return
        self.core = core
        done: set[int] = set()
        with contextlib.suppress(AttributeError, OSError):
            # A thread that began meanwhile was begun by one that was not kept yet.
            while new := self._now() - done:
                for thread in new:
                    with contextlib.suppress(ProcessLookupError):
                        os.sched_setaffinity(thread, allowed if core is None else {core})
                done |= new

    def _now(self) -> set[int]:
        return {int(each.name) for each in Path("/proc", str(self._process), "task").iterdir()}


class Cores:
    """Divides the cores that this process may use among up to ``workers`` busy processes. Thread-safe."""

    def __init__(self, workers: int) -> None:
        self._allowed = allowed()
        # Fewer workers leave cores idle, and more would crowd on one.
        self._free = sorted(self._allowed) if len(self._allowed) == workers > 1 else []
        self._busy: dict[Threads, int] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def used_by(self, threads: Threads) -> Iterator[None]:
        """While a job of the process with ``threads`` runs."""
        with self._lock:
            core = self._taken(threads)
            if core is not None:
                self._busy[threads] = core
                self._divide(threads)
        try:
            yield
        finally:
            with self._lock:
                if core is not None:
                    self._free.append(self._busy.pop(threads))

    def _taken(self, threads: Threads) -> int | None:
        """A free core, the one that it had where that is free; None when cores are not divided."""
        if not self._free:
            return None
        core = threads.core if threads.core in self._free else self._free[-1]
        self._free.remove(core)
        return core

    def _divide(self, begun: Threads) -> None:
        if self._free:
            begun.keep_to(None, self._allowed)
            return
        for threads, core in self._busy.items():
            threads.keep_to(core, self._allowed)


def allowed() -> frozenset[int]:
    """The numbers of the cores that this process may use; empty where nobody can tell."""
    try:
        return frozenset(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return frozenset()
