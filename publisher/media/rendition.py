"""Makes one rendition: the pixels of a recipe, the metadata of a listing, every bound checked on the result.

It runs inside a worker process, because decoders meet files that nobody can vouch for. It never upsamples,
never lowers the quality under the floor, and never leaves half a file behind.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from publisher.errors import Rejected, Transient
from publisher.listing import Metadata, Recipe, RenditionRequest
from publisher.manifest.item import Master
from publisher.media import encode, vips
from publisher.media.metadata import xmp
from publisher.media.metadata.embed import embed
from publisher.media.metadata.read import read_metadata
from publisher.media.pixels import check_size, pipeline, planned_size

_EXPORT = "Open the master, look at it, and export it again."


def render_image(request: RenditionRequest, target: Path) -> tuple[int, int]:
    """Make ``request`` as ``target`` (renamed into place) and return width and height in pixels.

    Raises ``Rejected`` with the figures when the recipe cannot be met or the master is unusable,
    ``Transient`` when the disk does not take the file.
    """
    master, recipe = request.master, request.recipe
    name = Path(master.relative).name
    if master.problem:
        raise Rejected(master.problem, remedy="Replace the master.")
    check_size(name, *planned_size(master, recipe), recipe)
    library = vips.load()
    metadata = marked(request.metadata, master)
    try:
        with _workspace(target) as work:
            if recipe.keep_original and recipe.format == master.format:
                size = _original(library, name, master, recipe, metadata, work)
            else:
                size = _rendered(library, name, master, recipe, metadata, work)
            _unchanged(master)
            # Only a complete and checked file gets the name that others look for.
            (work / "done").replace(target)
    except library.Error as error:
        raise _undecodable(name, master, str(error)) from None
    except OSError as error:
        raise _unwritable(name, error) from error
    return size


def render_pixels(request: RenditionRequest, target: Path) -> tuple[int, int]:
    """Make the picture of ``request`` at its own quality, without metadata and whatever its size in bytes.

    Several renditions differ in nothing but words and bounds; they share this one file. Raises like
    ``render_image``.
    """
    master, recipe = request.master, request.recipe
    name = Path(master.relative).name
    box = planned_size(master, recipe)
    check_size(name, *box, recipe)
    library = vips.load()
    try:
        with _workspace(target) as work:
            background = recipe.background if recipe.format == "jpeg" else None
            image = pipeline(library, master.path, box, background=background)
            encode.save(image, work / "done", recipe, recipe.quality)
            _unchanged(master)
            (work / "done").replace(target)
            return int(image.width), int(image.height)
    except library.Error as error:
        raise _undecodable(name, master, str(error)) from None
    except OSError as error:
        raise _unwritable(name, error) from error


def finish_image(
    request: RenditionRequest, pixels: Path, size: tuple[int, int], target: Path
) -> tuple[int, int]:
    """Make ``request`` from the shared picture; when its bytes are out of bounds, from the master.

    ``size`` is that of the picture in pixels. Raises like ``render_image``.
    """
    master, recipe = request.master, request.recipe
    name = Path(master.relative).name
    check_size(name, *size, recipe)
    metadata = marked(request.metadata, master)
    try:
        with _workspace(target) as work:
            done = work / "done"
            embed(pixels, done, metadata, dpi=recipe.dpi, name=name)
            if encode.within(done.stat().st_size, recipe):
                done.replace(target)
                return size
    except OSError as error:
        raise _unwritable(name, error) from error
    return render_image(request, target)


def _unwritable(name: str, error: OSError) -> Transient:
    return Transient(
        f"{name}: the rendition cannot be written: {(error.strerror or 'disk error').lower()}.",
        remedy="Make room on the disk that holds the cache.",
        detail=repr(error),
    )


def _undecodable(name: str, master: Master, text: str) -> Rejected:
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


def render_thumbnail(master: Master, side: int, target: Path) -> tuple[int, int]:
    """A JPEG of at most ``side`` pixels without metadata, for previews. Raises like ``render_image``."""
    recipe = Recipe(quality=85, quality_floor=85, long_side_max=side, dpi=72)
    return render_image(RenditionRequest("thumbnail", "", master, recipe, Metadata()), target)


def marked(metadata: Metadata, master: Master) -> Metadata:
    """``metadata``, with the AI mark of the master when it has none of its own.

    Raises ``Rejected`` when the master's own metadata cannot be read.
    """
    if xmp.digital_source_type(metadata):
        return metadata
    if any(
        name == xmp.DIGITAL_SOURCE_TYPE_PROPERTY and value for name, value in metadata.extra_xmp
    ):
        return metadata
    try:
        found = read_metadata(master.path).digital_source_type
    except Rejected:
        # A damaged block is no statement; whether the picture is usable is the decoder's to say.
        found = ""
    return dataclasses.replace(metadata, digital_source_type=found) if found else metadata


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


def _rendered(
    library: Any, name: str, master: Master, recipe: Recipe, metadata: Metadata, work: Path
) -> tuple[int, int]:
    background = recipe.background if recipe.format == "jpeg" else None
    box = planned_size(master, recipe)
    image = pipeline(library, master.path, box, background=background)
    size = (int(image.width), int(image.height))
    check_size(name, *size, recipe)
    encoded, done = work / "encoded", work / "done"
    bounded = recipe.bytes_min is not None or recipe.bytes_max is not None
    if bounded and recipe.format in encode.LOSSY:
        # Several encodes may follow: pixels are kept on disk, so that memory does not grow with them.
        image.tiffsave(str(work / "pixels.tif"), keep="icc", bigtiff=True)
        image = None
    opened, sizes = image, [(0, 0)]

    def measure(quality: int) -> int:
        if sizes[-1][0] == quality:
            return sizes[-1][1]
        source = opened
        if source is None:
            pixels = str(work / "pixels.tif")
            source = library.Image.new_from_file(pixels, access="sequential", fail_on="error")
        encode.save(source, encoded, recipe, quality)
        embed(encoded, done, metadata, dpi=recipe.dpi, name=name)
        sizes.append((quality, done.stat().st_size))
        return sizes[-1][1]

    encode.find_quality(name, recipe, measure(recipe.quality), measure)
    return size


def _original(
    library: Any, name: str, master: Master, recipe: Recipe, metadata: Metadata, work: Path
) -> tuple[int, int]:
    """The master's own bytes with our metadata, after every pixel was decoded once."""
    size = (master.width, master.height)
    check_size(name, *size, recipe)
    picture = library.Image.new_from_file(str(master.path), access="sequential", fail_on="error")
    picture.avg()
    done = work / "done"
    embed(master.path, done, metadata, name=name)
    encode.check_bytes(name, done.stat().st_size, recipe, "as it is")
    return size


def _unchanged(master: Master) -> None:
    with master.path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    if checksum != master.sha256:
        raise Rejected(
            f"{master.relative} changed after it was measured.", remedy="Make a new plan."
        )
