"""Makes renditions: the pixels of a recipe, the metadata of a listing, every bound checked on the result.

It runs inside a worker process, because decoders meet files that nobody can vouch for. It never upsamples
unasked, never lowers the quality under the floor, and never leaves half a file behind.
"""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from publisher.errors import PublisherError, Rejected, Transient
from publisher.listing import Metadata, Recipe, RenditionRequest
from publisher.manifest.item import Master
from publisher.media import encode, vips
from publisher.media.checksums import Checksums
from publisher.media.hashing import PREVIEW, Onlooker, shows_likeness
from publisher.media.marks import undisturbed
from publisher.media.metadata.embed import embed
from publisher.media.metadata.keep import Said
from publisher.media.metadata.read import statements
from publisher.media.pixels import check_size, picture, planned_size
from publisher.media.readback import check_written
from publisher.media.source import IN_MEMORY, Source

# As libvips, libjpeg and libpng put it; "unable to copy to memory" is a sentence about broken pixels.
_NO_MEMORY = re.compile("out of memory|insufficient memory|cannot allocate", re.IGNORECASE)
_EXPORT = "Open the master, look at it, and export it again."

Size = tuple[int, int]
"""Width and height in pixels."""


def render_image(request: RenditionRequest, target: Path) -> Size:
    """Make ``request`` as ``target`` (renamed into place) and return width and height in pixels.

    Raises ``Rejected`` with the figures when the recipe cannot be met or the master is unusable,
    ``Transient`` when the disk does not take the file.
    """
    master, recipe = request.master, request.recipe
    name = _usable(master)
    check_size(name, *planned_size(master, recipe), recipe)
    metadata, said = request.metadata, statements(master.path)
    library = vips.load()
    with _guarded(library, name, master), _workspace(target) as work:
        with undisturbed(master):
            if recipe.keep_original and recipe.format == master.format:
                size = _original(library, name, master, recipe, metadata, work)
            else:
                size = _rendered(library, name, master, recipe, (metadata, said), work)
                check_written(library, name, work / "done", recipe, size)
        # Only a complete and checked file gets the name that others look for.
        (work / "done").replace(target)
    return size


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was made, without metadata."""

    size: Size
    checksums: Checksums


@dataclass(frozen=True, slots=True)
class Pictures:
    """Each picture, or why it cannot be made; and the master's hashes when asked for."""

    each: list[Picture | PublisherError]
    onlooker: Onlooker | None = None
    """Who measures the hashes, perhaps still at it."""


def render_pictures(
    master: Master, wanted: Sequence[tuple[Recipe, Path]], *, hashed: bool = False
) -> Pictures:
    """Make the picture of each recipe at its own quality, without metadata and whatever its size in bytes.

    The master is decoded once where that gives the same pixels. Several renditions differ in nothing but
    words and bounds; they share one such file. ``hashed`` measures the master's perceptual hashes on the
    smallest picture that shows them, while it is written. Raises like ``render_image`` when no picture can
    be made.
    """
    name = _usable(master)
    library = vips.load()
    with _guarded(library, name, master), _workspace(wanted[0][1]) as work:
        with undisturbed(master):
            boxes = [planned_size(master, recipe) for recipe, _ in wanted]
            source = Source(library, master, work, boxes)
            looked_at = _showing(master, wanted, boxes) if hashed else None
            onlooker = Onlooker(*boxes[looked_at]) if looked_at is not None else None

            def make(number: int) -> Picture | PublisherError:
                recipe = wanted[number][0]
                try:
                    with _guarded(library, name, master):
                        look = onlooker if number == looked_at else None
                        return _encoded(library, name, source, recipe, work / str(number), look)
                except PublisherError as error:
                    return error

            with ThreadPoolExecutor(min(len(wanted), os.cpu_count() or 1)) as threads:
                each = list(threads.map(make, range(len(wanted))))
        for number, (_, target) in enumerate(wanted):
            if not isinstance(each[number], PublisherError):
                (work / str(number)).replace(target)
    begun = looked_at is not None and not isinstance(each[looked_at], PublisherError)
    return Pictures(each, onlooker if begun else None)


def _showing(
    master: Master, wanted: Sequence[tuple[Recipe, Path]], boxes: Sequence[Size]
) -> int | None:
    """Which picture the hashes are measured on: the smallest that is large enough; None when there is none."""
    fit = [n for n, (recipe, _) in enumerate(wanted) if shows_likeness(master, recipe)]
    enough = [n for n in fit if max(boxes[n]) >= PREVIEW] or fit
    return min(enough, key=lambda n: max(boxes[n]), default=None)


def finish_image(request: RenditionRequest, pixels: Path, size: Size, target: Path) -> Size:
    """Make ``request`` from the shared picture; when its bytes are out of bounds, from the master.

    ``size`` is that of the picture in pixels. Raises like ``render_image``.
    """
    master, recipe = request.master, request.recipe
    name = Path(master.relative).name
    check_size(name, *size, recipe)
    metadata, said = request.metadata, statements(master.path)
    library = vips.load()
    with _guarded(library, name, master), _workspace(target) as work:
        done = work / "done"
        embed(pixels, done, metadata, dpi=recipe.dpi, name=name, master=said)
        if encode.within(done.stat().st_size, recipe):
            check_written(library, name, done, recipe, size)
            done.replace(target)
            return size
    return render_image(request, target)


def render_thumbnail(master: Master, side: int, target: Path) -> Size:
    """A JPEG of at most ``side`` pixels without metadata, for previews. Raises like ``render_image``."""
    recipe = Recipe(quality=85, quality_floor=85, long_side_max=side, dpi=72)
    return render_image(RenditionRequest("thumbnail", "", master, recipe, Metadata()), target)


def _usable(master: Master) -> str:
    """The file's name for sentences. Raises ``Rejected`` when the master was found to be unusable."""
    if master.problem:
        raise Rejected(master.problem, remedy="Replace the master.")
    return Path(master.relative).name


@contextlib.contextmanager
def _guarded(library: Any, name: str, master: Master) -> Iterator[None]:
    """Turns what the image library and the disk complain about into sentences."""
    try:
        yield
    except library.Error as error:
        text = str(error)
        if _NO_MEMORY.search(text):
            raise MemoryError(text[-500:]) from None
        raise undecodable(name, master, text) from None
    except OSError as error:
        raise Transient(
            f"{name}: the rendition cannot be written: {(error.strerror or 'disk error').lower()}.",
            remedy="Make room on the disk that holds the cache.",
            detail=repr(error),
        ) from error


def undecodable(name: str, master: Master, text: str) -> Rejected:
    """What the image library's ``text`` says of ``master``, in a sentence that speaks of ``name``."""
    if "not supported" in text or "not configured" in text:
        return Rejected(
            f"{name}: this kind of {master.format.upper()} file cannot be read.",
            remedy="Export it again with ordinary settings: LZW or no compression, interleaved, no tiles.",
            detail=text[-500:],
        )
    return Rejected(
        f"{name}: the file is damaged or cut short, it cannot be decoded completely.",
        remedy=_EXPORT,
        detail=text[-500:],
    )


@contextlib.contextmanager
def _workspace(target: Path) -> Iterator[Path]:
    """A folder beside ``target``, so that the last rename stays inside one file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.parent / f".{os.getpid()}-{uuid.uuid4().hex[:8]}.part"
    folder.mkdir()
    try:
        yield folder
    finally:
        for leftover in folder.iterdir():
            leftover.unlink(missing_ok=True)
        folder.rmdir()


def _encoded(
    library: Any, name: str, source: Source, recipe: Recipe, place: Path, look: Onlooker | None
) -> Picture:
    box = planned_size(source.master, recipe)
    check_size(name, *box, recipe)
    image = picture(library, source, recipe, box, place.parent)
    counted = encode.save_counted(image, place, recipe, recipe.quality, look)
    return Picture((int(image.width), int(image.height)), counted)


def _rendered(
    library: Any,
    name: str,
    master: Master,
    recipe: Recipe,
    words: tuple[Metadata, Said],
    work: Path,
) -> Size:
    metadata, said = words
    source = Source(library, master, work)
    image = picture(library, source, recipe, planned_size(master, recipe), work)
    size = (int(image.width), int(image.height))
    check_size(name, *size, recipe)
    encoded, done = work / "encoded", work / "done"
    bounded = recipe.bytes_min is not None or recipe.bytes_max is not None
    # Several encodes may follow.
    again = _kept(library, image, work) if bounded and recipe.format in encode.LOSSY else image
    sizes = [(0, 0)]

    def measure(quality: int) -> int:
        if sizes[-1][0] == quality:
            return sizes[-1][1]
        opened = again
        if isinstance(again, Path):
            opened = library.Image.new_from_file(str(again), access="sequential", fail_on="error")
        encode.save(opened, encoded, recipe, quality)
        embed(encoded, done, metadata, dpi=recipe.dpi, name=name, master=said)
        sizes.append((quality, done.stat().st_size))
        return sizes[-1][1]

    encode.find_quality(name, recipe, measure(recipe.quality), measure)
    return size


def _kept(library: Any, image: Any, work: Path) -> Any:
    """Finished pixels that can be read again: in memory, or on disk when they are many."""
    if image.width * image.height * image.bands <= IN_MEMORY:
        return image.copy_memory()
    place = work / "pixels.tif"
    image.tiffsave(str(place), keep="icc", bigtiff=True)
    return place


def _original(
    library: Any, name: str, master: Master, recipe: Recipe, metadata: Metadata, work: Path
) -> Size:
    """The master's own bytes with our metadata, after every pixel was decoded once."""
    size = (master.width, master.height)
    check_size(name, *size, recipe)
    image = library.Image.new_from_file(str(master.path), access="sequential", fail_on="error")
    image.avg()
    done = work / "done"
    embed(master.path, done, metadata, name=name)
    encode.check_bytes(name, done.stat().st_size, recipe, "as it is")
    return size
