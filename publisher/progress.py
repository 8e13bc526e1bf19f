"""A progress display on stderr: one bar per account and a total, items and bytes. Quiet without a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from publisher.engine.desk import Reporter, Silent
from publisher.plan import Done, Plan

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bars:
    """Follows a run with Rich. Called from the lanes' threads."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._guard = threading.Lock()
        self._items: dict[str, TaskID] = {}
        self._counts: dict[str, int] = {}
        self._bytes = progress.add_task("bytes", total=0, items="")
        self._sizes: dict[tuple[str, str], int] = {}

    def started(self, account: str, items: int) -> None:
        """Add the account's bar."""
        with self._guard:
            label = f"0/{items} items"
            self._items[account] = self._progress.add_task(account, total=0, items=label)
            self._counts[account] = 0
            self._totals = {**getattr(self, "_totals", {}), account: items}

    def sized(self, account: str, name: str, size: int) -> None:
        """Count a file's bytes once, however often it is tried."""
        with self._guard:
            known = self._sizes.get((account, name))
            self._sizes[account, name] = size
            grown = size - (known or 0)
            for task in (self._items[account], self._bytes):
                total = (self._progress.tasks[task].total or 0) + grown
                self._progress.update(task, total=total)

    def sent(self, account: str, name: str, count: int) -> None:
        """Move the account's bar and the total."""
        self._progress.advance(self._items[account], count)
        self._progress.advance(self._bytes, count)

    def finished(self, account: str, item: str, done: Done) -> None:
        """Count an item."""
        with self._guard:
            self._counts[account] += 1
            label = f"{self._counts[account]}/{self._totals[account]} items"
        self._progress.update(self._items[account], items=label)

    def note(self, account: str, text: str) -> None:
        """Print a line above the bars."""
        from rich.text import Text

        self._progress.console.print(Text(f"{account}: {text}"))


@contextmanager
def reporter(plan: Plan, *, quiet: bool) -> Iterator[Reporter]:
    """Bars on a terminal, nothing elsewhere or when there is nothing to do."""
    if quiet or not sys.stderr.isatty() or plan.nothing_to_do:
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[items]}", markup=False),
        DownloadColumn(binary_units=False),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True, highlight=False)) as progress:
        yield Bars(progress)
