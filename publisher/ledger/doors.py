"""Files that are locked by the kernel, so that a killed process never leaves a lock behind.

The files stay where they are and stay empty: removing one would let two processes in.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Taken(Exception):
    """Somebody else holds it; never leaves the ledger."""


@contextmanager
def alone_at(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock ``name`` of ``folder``. Raises Taken at once when another thread or process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{quote(name, safe='=')}.lock"
    handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _take(handle)
        except (BlockingIOError, PermissionError) as error:
            raise Taken(name) from error
        yield
    finally:
        os.close(handle)


@contextmanager
def waiting_for(folder: Path, name: str, seconds: float = 60.0) -> Iterator[None]:
    """As ``alone_at``, but waits. Raises TimeoutError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with alone_at(folder, name):
                yield
                return
        except Taken:
            if time.monotonic() > deadline:
                raise TimeoutError(0, "another process is opening it and does not finish") from None
            time.sleep(0.02)
