"""Makes each file once: of several callers that want the same one, one makes it and the others wait for it.

What is made goes into the cache. Nothing here knows what a file holds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from publisher.errors import Transient
from publisher.media.cache import ContentCache
from publisher.media.pool import Made

Making = Callable[[Path], Made]
"""Makes a file under the given path and tells what it is."""

Promise = Future[tuple[Path, Made]]
"""The outcome that others wait for."""


class Once:
    """Files of ``cache`` by key. Thread-safe. Files with the suffix ``between`` are steps that nobody counts."""

    def __init__(self, cache: ContentCache, between: str) -> None:
        self.cache = cache
        self._between = between
        self._lock = threading.Lock()
        self._making: dict[str, Promise] = {}
        self.made = 0
        """How many files were made, not found in the cache."""

    def file(self, key: str, suffix: str, making: Making) -> tuple[Path, Made]:
        """The file of ``key``; of several callers one makes it and the others wait for the same outcome."""
        with self._lock:
            running = self._making.get(key)
            future = running or self._making.setdefault(key, Future())
        if running is not None:
            return running.result()
        try:
            found = self.cache.find(key, suffix) or self._made(key, suffix, making)
        except BaseException as error:
            self.let_go(key, future, error)
            raise
        self.let_go(key, future, found)
        return found

    def claimed(self, key: str, suffix: str) -> Promise | None:
        """A promise to make the file of ``key`` here; None when it is there or somebody else makes it."""
        with self._lock:
            if key in self._making:
                return None
            future: Promise = Future()
            self._making[key] = future
        found = self.cache.find(key, suffix)
        if found is None:
            return future
        self.let_go(key, future, found)
        return None

    def let_go(
        self,
        key: str,
        future: Promise,
        outcome: tuple[Path, Made] | BaseException,
    ) -> None:
        """Give those who wait for ``future`` what came of it."""
        with self._lock:
            if self._making.get(key) is future:
                del self._making[key]
        if future.done():
            return
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    def _made(self, key: str, suffix: str, making: Making) -> tuple[Path, Made]:
        target = self.cache.place(key, suffix)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            made = making(target)
            self.cache.add(target, made)
        except OSError as error:
            raise Transient(
                f"A file cannot be written to the cache: {(error.strerror or 'disk error').lower()}.",
                remedy="Make room on the disk that holds the cache.",
                detail=repr(error),
            ) from error
        with self._lock:
            self.made += suffix != self._between
        return target, made
