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
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from publisher.errors import Rejected, Transient
from publisher.listing import (
    BundleRequest,
    File,
    FileRequest,
    RenditionRequest,
    TextRequest,
    canonical_json,
)
from publisher.manifest.item import Master
from publisher.media import bundling, vips
from publisher.media.archive import checked_name
from publisher.media.cache import ContentCache
from publisher.media.limits import RENDER_VERSION, SUFFIXES
from publisher.media.metadata.embed import WRITER_VERSION
from publisher.media.pixels import planned_size
from publisher.media.pool import DecoderPool, Made

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
_SECONDS_PER_100_MEGAPIXELS = 60.0
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
    ) -> None:
        self._render_text = render_text
        self._workers = workers or os.cpu_count() or 1
        self._cache = ContentCache(folder, cache_bytes)
        self._pool: DecoderPool | None = None
        self._lock = threading.Lock()
        self._making: dict[str, Future[tuple[Path, Made]]] = {}
        self.made = 0
        """How many files were made, not found in the cache."""
        self.decoded = 0
        """How many pictures were decoded and encoded for renditions to share."""

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
        key = _key("thumbnail", [master.sha256, side, _versions()])
        try:
            path, _ = self._once(
                key,
                ".jpg",
                lambda target: self._decode("thumbnail", (master, side), master, target),
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
        key = _key("rendition", [request.master.sha256, *parts, _versions()])
        suffix = SUFFIXES.get(request.recipe.format, ".bin")
        path, made = self._once(key, suffix, lambda target: self._render(request, suffix, target))
        return _file(request.role, request.name, path, made, suffix)

    def _render(self, request: RenditionRequest, suffix: str, target: Path) -> Made:
        """One rendition; the decoding and encoding is shared with those that differ in words and bounds only."""
        recipe, master = request.recipe, request.master
        if recipe.keep_original and recipe.format == master.format:
            return self._decode("render", (request,), master, target)
        dpi = recipe.dpi if recipe.format in ("png", "tiff") else 0
        background = recipe.background if recipe.format == "jpeg" else ()
        box = planned_size(master, recipe)
        parts = [master.sha256, recipe.format, recipe.quality, box, dpi, background, _versions()]
        pixels, shared = self._once(
            _key("pixels", parts),
            _PIXELS,
            lambda place: self._decode("pixels", (request,), master, place),
        )
        size = (shared.width, shared.height)
        return self._decode("finish", (request, pixels, size), master, target)

    def _text(self, request: TextRequest) -> File:
        data = self._render_text(request.template, request.variables).encode("utf-8", "replace")
        suffix = Path(request.name).suffix.lower()
        suffix = suffix if suffix in _MEDIA_TYPES else ".txt"
        checksum = hashlib.sha256(data).hexdigest()

        def write(target: Path) -> Made:
            _written(target, data)
            return Made(0, 0, len(data), checksum)

        path, made = self._once(_key("text", [checksum]), suffix, write)
        return _file(request.role, request.name, path, made, suffix)

    def _bundle(self, request: BundleRequest) -> File:
        for member in request.members:
            checked_name(member.name)
        with ThreadPoolExecutor(self._workers) as threads:
            files = list(threads.map(self.make, request.members))
        if not request.streamed:
            key = _key("bundle", bundling.content_of(files))
            path, made = self._once(key, ".zip", lambda target: bundling.pack(files, target))
            return _file(request.role, request.name, path, made, ".zip")
        archive = bundling.plan(files)
        key = _key("streamed", bundling.content_of(files))
        path, _ = self._once(key, bundling.NOTE, lambda target: bundling.note(archive, target))
        checksum, kind = bundling.noted(path, archive), _MEDIA_TYPES[".zip"]
        return File(request.role, request.name, path, archive.size, checksum, kind, content=archive)

    def _once(self, key: str, suffix: str, making: Making) -> tuple[Path, Made]:
        """The file of ``key``; of several callers one makes it and the others wait for the same outcome."""
        with self._lock:
            future = self._making.get(key)
            mine = future is None
            if future is None:
                future = self._making[key] = Future()
        if not mine:
            return future.result()
        try:
            found = self._cache.find(key, suffix) or self._made(key, suffix, making)
            future.set_result(found)
            return found
        except BaseException as error:
            future.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._making[key]

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
            if suffix == _PIXELS:
                self.decoded += 1
            else:
                self.made += 1
        return target, made

    def _decode(self, kind: str, what: tuple[Any, ...], master: Master, target: Path) -> Made:
        with self._lock:
            if self._pool is None:
                self._pool = DecoderPool(self._workers)
            pool = self._pool
        seconds = _SECONDS_PER_100_MEGAPIXELS * max(1, math.ceil(master.megapixels / 100))
        seconds += master.size / _BYTES_PER_SECOND
        name = Path(master.relative).name
        return pool.run(kind, (*what, target), name=name, seconds=seconds)


def _versions() -> list[str | int]:
    return [vips.version(), RENDER_VERSION, WRITER_VERSION]


def _key(kind: str, parts: list[Any]) -> str:
    return hashlib.sha256(
        canonical_json([kind, *parts]).encode("utf-8", "surrogatepass")
    ).hexdigest()


def _written(target: Path, data: bytes) -> None:
    part = target.with_name(f".{os.getpid()}-{threading.get_ident()}.part")
    part.write_bytes(data)
    part.replace(target)


def _file(role: str, name: str, path: Path, made: Made, suffix: str) -> File:
    media_type = _MEDIA_TYPES.get(suffix, "application/octet-stream")
    shape = (made.width, made.height)
    return File(role, name, path, made.size, made.sha256, media_type, *shape, crc32=made.crc32)
