"""Makes the files of listings: renditions, texts and bundles, each once, cached by what it is made from.

Accounts that need the same bytes share one file. Pictures are decoded in worker processes, which start when
the first one must really be made; a run whose files are all cached starts none.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from publisher.errors import PublisherError, Rejected
from publisher.listing import (
    BundleRequest,
    File,
    FileRequest,
    Recipe,
    RenditionRequest,
    SheetRequest,
    TextRequest,
)
from publisher.manifest.item import Master
from publisher.media import bundling
from publisher.media.archive import checked_name
from publisher.media.cache import ContentCache
from publisher.media.claims import claim_for, unsigned
from publisher.media.encode import check_bytes
from publisher.media.limits import SUFFIXES
from publisher.media.made_files import MEDIA_TYPES, file_of, seconds_for, written
from publisher.media.once import Once
from publisher.media.pool import NEED, Answer, DecoderPool, Made, made_of, outcome_of
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
from publisher.similarity import Likeness

if TYPE_CHECKING:
    from publisher.media.motif_index import MotifIndex
    from publisher.media.signing import Signatory

CACHE_BYTES = 20 * 1024**3
MOCKUPS = "mockups"
"""Folder of the drawings of scenes among the templates."""

_NEEDS = {"drawn": 3 * NEED, "sheet": 2 * NEED, "sign": 2 * NEED}
"""Bytes of memory of the jobs that hold a picture or a file as a whole."""

_PIXELS = ".pixels"
"""Suffix of a picture without words, whatever its format."""


class Studio:
    """Makes files under ``folder``. Thread-safe; close it when the run is over.

    ``motifs`` gets the perceptual hashes of masters that it does not know; they are measured while the first
    picture of a master is written.
    """

    def __init__(
        self,
        folder: Path,
        render_text: Callable[[str, Mapping[str, Any]], str],
        *,
        cache_bytes: int = CACHE_BYTES,
        workers: int | None = None,
        memory: int | None = None,
        signatory: Signatory | None = None,
        motifs: MotifIndex | None = None,
    ) -> None:
        self._render_text = render_text
        self._memory = memory
        self._signatory = signatory
        self._workers = workers or os.cpu_count() or 1
        self._motifs = motifs
        self._hashes: dict[str, Likeness] = {}
        self._once = Once(ContentCache(folder, cache_bytes), between=_PIXELS)
        self._pool: DecoderPool | None = None
        self._lock = threading.Lock()
        self._expected = Expected()
        self.decoded = 0
        """How many masters were decoded for the pictures that renditions share."""

    @property
    def made(self) -> int:
        """How many files were made, not found in the cache."""
        return self._once.made

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
        if isinstance(request, SheetRequest):
            return self._sheet(request)
        return self._bundle(request)

    def thumbnail(self, master: Master, side: int = 320) -> Path | None:
        """A JPEG of at most ``side`` pixels; None when the master cannot be shown."""
        if master.problem:
            return None
        key = cache_key("thumbnail", [master.sha256, side, versions()])
        try:
            path, _ = self._once.file(
                key,
                ".jpg",
                lambda target: self._decode("thumbnail", (master, side, target), master),
            )
        except Rejected:
            return None
        return path

    def close(self) -> None:
        """Stop the workers, keep the hashes that they measured, bring the cache within its limit.

        Safe to call twice.
        """
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()
        if self._motifs is not None and self._hashes:
            self._motifs.learn(self._hashes)
            self._hashes = {}
        self._once.cache.shrink()

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
        if request.recipe.signed:
            return self._signed(request) if self._signatory else self._rendition(_plain(request))
        # The name and the role are not part of the bytes: accounts share what differs in them only.
        parts = [dataclasses.asdict(request.recipe), dataclasses.asdict(request.metadata)]
        drawing = self._drawing(request)
        key = cache_key("rendition", [request.master.sha256, *parts, drawing, versions()])
        suffix = SUFFIXES.get(request.recipe.format, ".bin")
        path, made = self._once.file(
            key, suffix, lambda target: self._render(request, drawing, target)
        )
        # Whoever made it and whenever: what a channel must be told inside the file is inside the file.
        check_mark(request, path)
        return file_of(request.role, request.name, path, made, suffix)

    def _drawing(self, request: RenditionRequest) -> str:
        """The SVG of the recipe's scene; "" without one. Raises ``ConfigError`` when there is no such scene."""
        name, _, colour = request.recipe.scene.partition(":")
        if not name:
            return ""
        shape = {"width": request.master.width, "height": request.master.height}
        return self._render_text(f"{MOCKUPS}/{name}.svg.j2", {**shape, "colour": colour})

    def _signed(self, request: RenditionRequest) -> File:
        """The rendition with content credentials, signed once and kept: signing never gives the same bytes."""
        assert self._signatory is not None
        from publisher.media.signing import SIGN_VERSION

        plain, claim, master = (
            self._rendition(unsigned(request)),
            claim_for(request),
            request.master,
        )
        parts = [
            plain.sha256,
            master.sha256 if master.credentials else "",
            dataclasses.asdict(claim),
        ]
        key = cache_key("signed", [*parts, self._signatory.mark, SIGN_VERSION])
        suffix = SUFFIXES.get(request.recipe.format, ".bin")
        what = (master, self._signatory, claim, (plain.path, plain.width, plain.height))
        path, made = self._once.file(
            key, suffix, lambda target: self._decode("sign", (*what, target), master)
        )
        check_mark(request, path)
        check_bytes(Path(master.relative).name, made.size, request.recipe, "with its credentials")
        return file_of(request.role, request.name, path, made, suffix)

    def _sheet(self, request: SheetRequest) -> File:
        parts = [dataclasses.asdict(request.recipe), dataclasses.asdict(request.metadata)]
        shown = [master.sha256 for master in request.masters]
        key, suffix = (
            cache_key("sheet", [*parts, shown, versions()]),
            SUFFIXES[request.recipe.format],
        )
        most = max(request.masters, key=lambda m: (m.megapixels, m.size))
        path, made = self._once.file(
            key,
            suffix,
            lambda target: made_of(self._ask("sheet", (request, target), most, len(shown))),
        )
        return file_of(request.role, request.name, path, made, suffix)

    def _render(self, request: RenditionRequest, drawing: str, target: Path) -> Made:
        """One rendition; the picture is shared with those that differ in words and bounds only."""
        master, recipe = request.master, request.recipe
        if recipe.scene or recipe.watermark:
            return self._decode("drawn", (request, drawing, target), master)
        if not shares_picture(request):
            return self._decode("render", (request, target), master)
        pixels, shared = self._picture(master, recipe)
        size = (shared.width, shared.height)
        return self._decode("finish", (request, pixels, size, target), master)

    def _picture(self, master: Master, recipe: Recipe) -> tuple[Path, Made]:
        """The picture of ``recipe``, and in the same job those that are expected of the master."""
        key = picture_key(master, recipe)
        recipes = {key: recipe}

        def others() -> list[str]:
            recipes.update(self._expected.take(master))
            return list(recipes)

        def make(places: Mapping[str, Path]) -> dict[str, Made | PublisherError]:
            wanted = [(recipes[k], place) for k, place in places.items()]
            return dict(zip(places, self._pictures(master, wanted), strict=True))

        return self._once.several(key, others, _PIXELS, make)

    def _pictures(
        self, master: Master, wanted: list[tuple[Recipe, Path]]
    ) -> list[Made | PublisherError]:
        made: list[Made | PublisherError] = []
        for start in range(0, len(wanted), TOGETHER_MAX):
            together = wanted[start : start + TOGETHER_MAX]
            hashed = start == 0 and self._unhashed(master)
            answer = self._ask("pictures", (master, together, hashed), master, len(together))
            made += [outcome_of(each) for each in answer["each"]]
            with self._lock:
                self.decoded += 1
                if answer.get("likeness"):
                    packed = bytes.fromhex(answer["likeness"])
                    self._hashes[master.sha256] = Likeness.unpacked(packed)
        return made

    def _unhashed(self, master: Master) -> bool:
        """Whether somebody wants to know the hashes of ``master`` and nobody has measured them yet."""
        return self._motifs is not None and not self._motifs.knows(master.sha256)

    def _text(self, request: TextRequest) -> File:
        data = self._render_text(request.template, request.variables).encode("utf-8", "replace")
        suffix = Path(request.name).suffix.lower()
        suffix = suffix if suffix in MEDIA_TYPES else ".txt"
        checksum = hashlib.sha256(data).hexdigest()

        def write(target: Path) -> Made:
            written(target, data)
            return Made(0, 0, len(data), checksum)

        path, made = self._once.file(cache_key("text", [checksum]), suffix, write)
        return file_of(request.role, request.name, path, made, suffix)

    def _bundle(self, request: BundleRequest) -> File:
        for member in request.members:
            checked_name(member.name)
        with ThreadPoolExecutor(self._workers) as threads:
            files = list(threads.map(self.make, request.members))
        if not request.streamed:
            key = cache_key("bundle", bundling.content_of(files))
            path, made = self._once.file(key, ".zip", lambda target: bundling.pack(files, target))
            return file_of(request.role, request.name, path, made, ".zip")
        archive = bundling.plan(files)
        key = cache_key("streamed", bundling.content_of(files))
        path, _ = self._once.file(key, bundling.NOTE, lambda target: bundling.note(archive, target))
        checksum, kind = bundling.noted(path, archive), MEDIA_TYPES[".zip"]
        return File(request.role, request.name, path, archive.size, checksum, kind, content=archive)

    def _decode(self, kind: str, what: tuple[Any, ...], master: Master) -> Made:
        return made_of(self._ask(kind, what, master))

    def _ask(self, kind: str, what: tuple[Any, ...], master: Master, pictures: int = 1) -> Answer:
        """One job of a worker; its time and memory are measured by the master and the number of pictures."""
        with self._lock:
            if self._pool is None:
                self._pool = DecoderPool(self._workers, memory=self._memory)
            pool = self._pool
        need = _NEEDS.get(kind, NEED) + (IN_MEMORY if pictures > 1 else 0)
        name = Path(master.relative).name
        return pool.ask(kind, what, name=name, seconds=seconds_for(master, pictures), need=need)


def _plain(request: RenditionRequest) -> RenditionRequest:
    return dataclasses.replace(request, recipe=dataclasses.replace(request.recipe, signed=False))
