"""Makes the files of listings: renditions, texts and bundles, each once, cached by what it is made from.

Accounts that need the same bytes share one file. Pictures are decoded in worker processes, which start when
the first one must really be made; a run whose files are all cached starts none.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from publisher.errors import PublisherError, Rejected, Transient
from publisher.listing import (
    BundleRequest,
    File,
    FileRequest,
    Recipe,
    RenditionRequest,
    TextRequest,
)
from publisher.manifest.item import Master
from publisher.media import bundling
from publisher.media.archive import checked_name
from publisher.media.cache import ContentCache
from publisher.media.limits import SUFFIXES
from publisher.media.pool import NEED, Answer, DecoderPool, Made, made_of
from publisher.media.readback import check_mark
from publisher.media.sharing import (
    TOGETHER_MAX,
    Expected,
    cache_key,
    picture_key,
    shares_picture,
    versions,
)
from publisher.media.source import IN_MEMORY

CACHE_BYTES = 20 * 1024**3
_MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".webp": "image/webp",
    ".zip": "application/zip",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
}
_SECONDS = 8.0
_SECONDS_PER_MEGAPIXEL = 1.0
_BYTES_PER_SECOND = 50_000_000

_PIXELS = ".pixels"
"""Suffix of a picture without words, whatever its format."""

Making = Callable[[Path], Made]
"""Makes a file under the given path and tells what it is."""


class Studio:
    """Makes files under ``folder``. Thread-safe; close it when the run is over."""

    def __init__(
        self,
        folder: Path,
        render_text: Callable[[str, Mapping[str, Any]], str],
        *,
        cache_bytes: int = CACHE_BYTES,
        workers: int | None = None,
        memory: int | None = None,
    ) -> None:
        self._render_text = render_text
        self._memory = memory
        self._workers = workers or os.cpu_count() or 1
        self._cache = ContentCache(folder, cache_bytes)
        self._pool: DecoderPool | None = None
        self._lock = threading.Lock()
        self._making: dict[str, Future[tuple[Path, Made]]] = {}
        self._expected = Expected()
        self.made = 0
        """How many files were made, not found in the cache."""
        self.decoded = 0
        """How many masters were decoded for the pictures that renditions share."""

    def expect(self, requests: Iterable[FileRequest]) -> None:
        """Announce what will be asked for, so that the pictures of one master are made in one go."""
        self._expected.add(requests)

    def make(self, request: FileRequest) -> File:
        """The file of ``request``, made or found. ``File.name`` is the name that the channel will see.

        Raises ``Rejected`` when it cannot be made as asked, ``Transient`` when the disk does not take it.
        """
        if isinstance(request, RenditionRequest):
            return self._rendition(request)
        if isinstance(request, TextRequest):
            return self._text(request)
        return self._bundle(request)

    def thumbnail(self, master: Master, side: int = 320) -> Path | None:
        """A JPEG of at most ``side`` pixels; None when the master cannot be shown."""
        if master.problem:
            return None
        key = cache_key("thumbnail", [master.sha256, side, versions()])
        try:
            path, _ = self._once(
                key,
                ".jpg",
                lambda target: self._decode("thumbnail", (master, side, target), master),
            )
        except Rejected:
            return None
        return path

    def close(self) -> None:
        """Stop the workers and bring the cache within its limit. Safe to call twice."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()
        self._cache.shrink()

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _rendition(self, request: RenditionRequest) -> File:
        if request.master.problem:
            raise Rejected(request.master.problem, remedy="Replace the master.")
        # The name and the role are not part of the bytes: accounts share what differs in them only.
        parts = [dataclasses.asdict(request.recipe), dataclasses.asdict(request.metadata)]
        key = cache_key("rendition", [request.master.sha256, *parts, versions()])
        suffix = SUFFIXES.get(request.recipe.format, ".bin")
        path, made = self._once(key, suffix, lambda target: self._render(request, target))
        # Whoever made it and whenever: what a channel must be told inside the file is inside the file.
        check_mark(request, path)
        return _file(request.role, request.name, path, made, suffix)

    def _render(self, request: RenditionRequest, target: Path) -> Made:
        """One rendition; the picture is shared with those that differ in words and bounds only."""
        master = request.master
        if not shares_picture(request):
            return self._decode("render", (request, target), master)
        pixels, shared = self._picture(master, request.recipe)
        size = (shared.width, shared.height)
        return self._decode("finish", (request, pixels, size, target), master)

    def _picture(self, master: Master, recipe: Recipe) -> tuple[Path, Made]:
        """The picture of ``recipe``, and in the same job those that are expected of the master."""
        key = picture_key(master, recipe)
        return self._once(key, _PIXELS, lambda target: self._pictures(master, key, recipe, target))

    def _pictures(self, master: Master, key: str, recipe: Recipe, target: Path) -> Made:
        expected = {k: r for k, r in self._expected.take(master).items() if k != key}
        beside = {k: f for k in expected if (f := self._claimed(k, _PIXELS)) is not None}
        places = {k: self._cache.place(k, _PIXELS) for k in beside}
        try:
            for place in places.values():
                place.parent.mkdir(parents=True, exist_ok=True)
            wanted = [(recipe, target), *((expected[k], place) for k, place in places.items())]
            answers: list[Answer] = []
            for start in range(0, len(wanted), TOGETHER_MAX):
                together = wanted[start : start + TOGETHER_MAX]
                answers += self._ask("pictures", (master, together), master, len(together))["each"]
                with self._lock:
                    self.decoded += 1
            for (k, place), answer in zip(places.items(), answers[1:], strict=True):
                self._settle(k, beside[k], place, answer)
            return made_of(answers[0])
        except BaseException as error:
            for k, future in beside.items():
                self._let_go(k, future, error)
            raise

    def _settle(
        self, key: str, future: Future[tuple[Path, Made]], place: Path, answer: Answer
    ) -> None:
        """Give those who wait for a picture that was made beside another one what came of it."""
        try:
            made = made_of(answer)
            self._cache.add(place, made)
        except (PublisherError, OSError) as error:
            self._let_go(key, future, error)
        else:
            self._let_go(key, future, (place, made))

    def _text(self, request: TextRequest) -> File:
        data = self._render_text(request.template, request.variables).encode("utf-8", "replace")
        suffix = Path(request.name).suffix.lower()
        suffix = suffix if suffix in _MEDIA_TYPES else ".txt"
        checksum = hashlib.sha256(data).hexdigest()

        def write(target: Path) -> Made:
            _written(target, data)
            return Made(0, 0, len(data), checksum)

        path, made = self._once(cache_key("text", [checksum]), suffix, write)
        return _file(request.role, request.name, path, made, suffix)

    def _bundle(self, request: BundleRequest) -> File:
        for member in request.members:
            checked_name(member.name)
        with ThreadPoolExecutor(self._workers) as threads:
            files = list(threads.map(self.make, request.members))
        if not request.streamed:
            key = cache_key("bundle", bundling.content_of(files))
            path, made = self._once(key, ".zip", lambda target: bundling.pack(files, target))
            return _file(request.role, request.name, path, made, ".zip")
        archive = bundling.plan(files)
        key = cache_key("streamed", bundling.content_of(files))
        path, _ = self._once(key, bundling.NOTE, lambda target: bundling.note(archive, target))
        checksum, kind = bundling.noted(path, archive), _MEDIA_TYPES[".zip"]
        return File(request.role, request.name, path, archive.size, checksum, kind, content=archive)

    def _once(self, key: str, suffix: str, making: Making) -> tuple[Path, Made]:
        """The file of ``key``; of several callers one makes it and the others wait for the same outcome."""
        with self._lock:
            running = self._making.get(key)
            future = running or self._making.setdefault(key, Future())
        if running is not None:
            return running.result()
        try:
            found = self._cache.find(key, suffix) or self._made(key, suffix, making)
        except BaseException as error:
            self._let_go(key, future, error)
            raise
        self._let_go(key, future, found)
        return found

    def _claimed(self, key: str, suffix: str) -> Future[tuple[Path, Made]] | None:
        """A promise to make the file of ``key`` here; None when it is there or somebody else makes it."""
        with self._lock:
            if key in self._making:
                return None
            future: Future[tuple[Path, Made]] = Future()
            self._making[key] = future
        found = self._cache.find(key, suffix)
        if found is None:
            return future
        self._let_go(key, future, found)
        return None

    def _let_go(
        self,
        key: str,
        future: Future[tuple[Path, Made]],
        outcome: tuple[Path, Made] | BaseException,
    ) -> None:
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
        target = self._cache.place(key, suffix)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            made = making(target)
            self._cache.add(target, made)
        except OSError as error:
            raise Transient(
                f"A file cannot be written to the cache: {(error.strerror or 'disk error').lower()}.",
                remedy="Make room on the disk that holds the cache.",
                detail=repr(error),
            ) from error
        with self._lock:
            self.made += suffix != _PIXELS
        return target, made

    def _decode(self, kind: str, what: tuple[Any, ...], master: Master) -> Made:
        return made_of(self._ask(kind, what, master))

    def _ask(self, kind: str, what: tuple[Any, ...], master: Master, pictures: int = 1) -> Answer:
        """One job of a worker; its time and memory are measured by the master and the number of pictures."""
        with self._lock:
            if self._pool is None:
                self._pool = DecoderPool(self._workers, memory=self._memory)
            pool = self._pool
        need = NEED if pictures == 1 else NEED + IN_MEMORY
        name = Path(master.relative).name
        return pool.ask(kind, what, name=name, seconds=seconds_for(master, pictures), need=need)


def seconds_for(master: Master, pictures: int = 1) -> float:
    """The most wall seconds that making ``pictures`` of ``master`` may take."""
    seconds = _SECONDS + _SECONDS_PER_MEGAPIXEL * pictures * math.ceil(master.megapixels)
    return seconds + master.size / _BYTES_PER_SECOND


def _written(target: Path, data: bytes) -> None:
    part = target.with_name(f".{os.getpid()}-{threading.get_ident()}.part")
    part.write_bytes(data)
    part.replace(target)


def _file(role: str, name: str, path: Path, made: Made, suffix: str) -> File:
    media_type = _MEDIA_TYPES.get(suffix, "application/octet-stream")
    shape = (made.width, made.height)
    return File(role, name, path, made.size, made.sha256, media_type, *shape, crc32=made.crc32)
