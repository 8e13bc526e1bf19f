"""Made files on disk, found by the content that they were made from, bounded by least recent use.

A file counts only together with its note (checksum and sizes), which is written last; both get their names by
a rename, so that two processes that make the same file do no harm to each other.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
import uuid
from dataclasses import asdict
from pathlib import Path

from publisher.media.checksums import checksums
from publisher.media.pool import Made

_STALE_SECONDS = 24 * 3600.0


class ContentCache:
    """The cache in ``folder``, at most about ``limit`` bytes. Files used by this object are never removed."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._used: set[Path] = set()
        self._sound: set[Path] = set()
        self._grown = 0
        self._lock = threading.Lock()

    def place(self, key: str, suffix: str) -> Path:
        """Where the file of ``key`` is or will be; ``suffix`` with its dot."""
        return self._folder / key[:2] / f"{key}{suffix}"

    def find(self, key: str, suffix: str) -> tuple[Path, Made] | None:
        """The file of ``key`` and what is known of it; None when it must be made."""
        path = self.place(key, suffix)
        # Marked first, so that an eviction in another thread leaves it alone.
        with self._lock:
            self._used.add(path)
        note = _note(path)
        try:
            made = Made(**json.loads(note.read_text("utf-8")))
            if path.stat().st_size != made.size or not self._is_sound(path, made):
                return None
        except (OSError, ValueError, TypeError):
            return None
        with contextlib.suppress(OSError):
            os.utime(note)
        return path, made

    def add(self, path: Path, made: Made) -> None:
        """Note that ``path`` is complete, and make room when the cache has grown a lot."""
        note = _note(path)
        part = note.with_name(f".{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
        part.write_text(json.dumps(asdict(made)), "utf-8")
        part.replace(note)
        with self._lock:
            self._used.add(path)
            self._sound.add(path)
            self._grown += made.size
            due = self._grown > self._limit // 20
            if due:
                self._grown = 0
        if due:
            self.shrink()

    def _is_sound(self, path: Path, made: Made) -> bool:
        """Whether the bytes are those that were made: read once by each process, as disks lose power."""
        with self._lock:
            if path in self._sound:
                return True
        if made.sha256 and checksums(path).sha256 != made.sha256:
            return False
        with self._lock:
            self._sound.add(path)
        return True

    def shrink(self) -> int:
        """Remove the least recently used files down to the limit, and return the bytes that are left."""
        entries: list[tuple[float, int, Path]] = []
        now = time.time()
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                if path.suffix == ".part":
                    if now - status.st_mtime > _STALE_SECONDS:
                        _remove(path)
                elif path.suffix != ".note":
                    note = _note(path)
                    used = note.stat().st_mtime if note.exists() else status.st_mtime
                    entries.append((used, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self._limit:
                break
            with self._lock:
                if path in self._used:
                    continue
                # The note goes first: a file without one is not found by anybody.
                _note(path).unlink(missing_ok=True)
                path.unlink(missing_ok=True)
            total -= size
        return total


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".note")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
