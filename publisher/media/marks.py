"""Whether a master is still the file that was measured: by its mark, and by its bytes where the mark moved.

The mark is what git's index looks at: size, modification time and inode. Nothing here decodes a picture.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from publisher.errors import Rejected
from publisher.manifest.item import Master

Mark = tuple[int, int, int]
"""Size in bytes, modification time in nanoseconds, inode."""


def mark_of(path: Path) -> Mark | None:
    """The mark of ``path``; None when there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


@contextlib.contextmanager
def undisturbed(master: Master) -> Iterator[None]:
    """Around the use of ``master``: raises ``Rejected`` at the end when it is not what was measured.

    Bytes are read only when the mark says nothing, beside the work that is going on.
    """
    before = mark_of(master.path)
    if before is not None and before == master.mark:
        yield
        if mark_of(master.path) != before:
            raise _changed(master)
        return
    with ThreadPoolExecutor(1) as thread:
        checksum = thread.submit(_checksum, master.path)
        yield
        if checksum.result() != master.sha256 or mark_of(master.path) != before:
            raise _changed(master)


def _changed(master: Master) -> Rejected:
    return Rejected(f"{master.relative} changed after it was measured.", remedy="Make a new plan.")


def _checksum(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
