"""Makes each file once: of several callers that want the same one, one makes it and the others wait for it.

What is made goes into the cache. Nothing here knows what a file holds.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

from publisher.errors import PublisherError, Transient
from publisher.media.cache import ContentCache
from publisher.media.pool import Made

Making = Callable[[Path], Made]
"""Makes a file under the given path and tells what it is."""

MakingSeveral = Callable[[Mapping[str, Path]], Mapping[str, Made | PublisherError]]
"""Makes files under the given paths and tells of each key what it is, or why it could not be made."""

Promise = Future[tuple[Path, Made]]
"""The outcome that others wait for."""


class Once:
    """Files of ``cache`` by key. Thread-safe. Files with the suffix ``between`` are steps that nobody counts."""

    def __init__(self, cache: ContentCache, between: str) -> None:
        self.cache = cache
        self._between = between
        self._lock = threading.Lock()
        self._claiming = threading.Lock()
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
            self._let_go(key, future, error)
            raise
        self._let_go(key, future, found)
        return found

    def several(
        self, key: str, others: Callable[[], Iterable[str]], suffix: str, making: MakingSeveral
    ) -> tuple[Path, Made]:
        """The file of ``key``, and in the same go those of ``others`` that nobody has made or is making.

        ``others`` is asked once, and only when the file of ``key`` must be made here.
        """
        # Nobody may come in between and make one of the others apart.
        with self._claiming:
            promises = {}
            if (own := self._claimed(key, suffix)) is not None:
                promises[key] = own
                for other in others():
                    if other != key and (found := self._claimed(other, suffix)) is not None:
                        promises[other] = found
        if own is None:
            return self.file(key, suffix, lambda target: _only(making({key: target})))
        places = {k: self.cache.place(k, suffix) for k in promises}
        try:
            with _on_disk():
                for place in places.values():
                    place.parent.mkdir(parents=True, exist_ok=True)
                made = making(places)
                for k, promise in promises.items():
                    self._let_go(k, promise, self._added(places[k], made[k]))
        except BaseException as error:
            for k, promise in promises.items():
                self._let_go(k, promise, error)
            raise
        return own.result()

    def _added(
        self, place: Path, made: Made | PublisherError
    ) -> tuple[Path, Made] | PublisherError:
        if isinstance(made, PublisherError):
            return made
        self.cache.add(place, made)
        return place, made

    def _claimed(self, key: str, suffix: str) -> Promise | None:
        """A promise to make the file of ``key`` here; None when it is there or somebody else makes it."""
        with self._lock:
            if key in self._making:
                return None
            future: Promise = Future()
            self._making[key] = future
        found = self.cache.find(key, suffix)
        if found is None:
            return future
        self._let_go(key, future, found)
        return None

    def _let_go(
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
        with _on_disk():
            target.parent.mkdir(parents=True, exist_ok=True)
            made = making(target)
            self.cache.add(target, made)
        with self._lock:
            self.made += suffix != self._between
        return target, made


@contextlib.contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Transient(
            f"A file cannot be written to the cache: {(error.strerror or 'disk error').lower()}.",
            remedy="Make room on the disk that holds the cache.",
            detail=repr(error),
        ) from error


def _only(made: Mapping[str, Made | PublisherError]) -> Made:
    (found,) = made.values()
    if isinstance(found, PublisherError):
        raise found
    return found
