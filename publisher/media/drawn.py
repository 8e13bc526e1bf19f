"""Pictures for looking at: watermarked previews, mock-ups and contact sheets, with the words of their listing.

They run in a worker process like every rendition. Bounds of the recipe hold for the finished picture; nothing
is made larger than its master but in a scene, where a small work fills its place.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from publisher.errors import Rejected, Transient
from publisher.files import Metadata, Recipe, RenditionRequest, SheetRequest
from publisher.manifest.item import Master
from publisher.media import encode, vips
from publisher.media.marks import undisturbed
from publisher.media.metadata.embed import embed
from publisher.media.metadata.keep import Said, marks_of_all
from publisher.media.metadata.read import statements
from publisher.media.pixels import pipeline
from publisher.media.scene import area, compose, read_scene

SHEET_SIDE = 2400
"""Longer side of a contact sheet in pixels where the recipe names none."""
TILES_MAX = 400
_SHAPE = 4 / 3
_SHADE = (255, 255, 255)


def render_drawn(request: RenditionRequest, drawing: str, target: Path) -> tuple[int, int]:
    """Make the preview or mock-up of ``request`` as ``target``; returns its size in pixels.

    ``drawing`` is the SVG of the recipe's scene, "" without one. Raises ``Rejected`` when the recipe cannot be met,
    ``ConfigError`` for a drawing that cannot be used, ``Transient`` when the disk does not take the file.
    """
    master, recipe = request.master, request.recipe
    library, name = vips.load(), Path(master.relative).name
    if master.problem:
        raise Rejected(master.problem, remedy="Replace the master.")
    said = statements(master.path)
    with _guarded(library, name), _place(target) as work:
        with undisturbed(master):
            if drawing:
                image = _in_scene(library, request, drawing)
            else:
                side = recipe.long_side_max or max(master.width, master.height)
                image = _picture(library, master, (side, side), recipe)
            if recipe.watermark:
                image = watermarked(library, image, recipe.watermark)
            size = _written(library, image, request.recipe, (request.metadata, said), name, work)
        (work / "done").replace(target)
    return size


def render_sheet(request: SheetRequest, target: Path) -> tuple[int, int]:
    """Make a contact sheet as ``target``; returns its size in pixels. Raises like ``render_drawn``."""
    if not 1 <= len(request.masters) <= TILES_MAX:
        raise Rejected(
            f"A contact sheet shows 1 to {TILES_MAX} pictures, not {len(request.masters)}.",
            remedy="Divide the pictures among several sheets.",
        )
    broken = next((m.problem for m in request.masters if m.problem), None)
    if broken:
        raise Rejected(broken, remedy="Replace the master.")
    library = vips.load()
    side = request.recipe.long_side_max or SHEET_SIDE
    columns = min(max(round(math.sqrt(len(request.masters) * _SHAPE)), 1), len(request.masters))
    cell = max(side // max(columns, math.ceil(len(request.masters) / columns)), 8)
    with _place(target) as work:
        tiles = [_tile(library, master, cell) for master in request.masters]
        with _guarded(library, request.name):
            image = library.Image.arrayjoin(tiles, across=columns, background=list(_SHADE))
            said = marks_of_all([statements(master.path) for master in request.masters])
            size = _written(
                library, image, request.recipe, (request.metadata, said), request.name, work
            )
        (work / "done").replace(target)
    return size


def watermarked(library: Any, image: Any, words: str) -> Any:
    """``image`` under a lattice with ``words`` in its fields, light and dark, so that it shows on any ground.

    The lattice is drawn without letters, so a system without fonts still leaves no unmarked corner.
    """
    svg = _lattice(image.width, image.height, words).encode()
    return _flat(image.composite2(vips.drawing(library, svg, 1), "over"), alpha=image.hasalpha())


def _lattice(width: int, height: int, words: str) -> str:
    side = max(width, height)
    step, stroke, letters = max(side / 4, 24), max(side / 700, 1), max(side / 26, 9)
    printable = "".join(c for c in words if c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF)
    text = escape(printable[:60].strip())
    line = (
        f'<path d="M0 0 L{step} {step} M{step} 0 L0 {step}" fill="none" stroke="{{0}}" '
        f'stroke-opacity="{{1}}" stroke-width="{{2}}"/>'
    )
    word = (
        f'<text x="{step / 2}" y="{step / 2}" font-family="sans-serif" font-weight="bold" '
        f'font-size="{letters}" text-anchor="middle" dominant-baseline="middle" '
        f'transform="rotate(-30 {step / 2} {step / 2})" textLength="{{0}}" '
        f'lengthAdjust="spacingAndGlyphs" fill="#fff" fill-opacity=".55" stroke="#000" '
        f'stroke-opacity=".35" stroke-width="{stroke / 2}">{text}</text>'
    ).format(min(len(text) * letters * 0.62, step * 0.92))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><defs>'
        f'<pattern id="mark" width="{step}" height="{step}" patternUnits="userSpaceOnUse">'
        f"{line.format('#000', '.25', stroke * 2)}{line.format('#fff', '.4', stroke)}"
        f"{word if text else ''}</pattern></defs>"
        f'<rect width="{width}" height="{height}" fill="url(#mark)"/></svg>'
    )


def _in_scene(library: Any, request: RenditionRequest, drawing: str) -> Any:
    recipe = request.recipe
    scene = read_scene(drawing, recipe.scene)
    own = max(scene.width, scene.height)
    scale = (recipe.long_side_max or own) / own
    wanted = area(scene, scale)
    # Twice the place at most: what covers it is cut at two sides, the rest is only made smaller.
    box = (wanted[0] * 2, wanted[1] * 2) if scene.cover else wanted
    work = _picture(library, request.master, box, dataclasses.replace(recipe, format="png"))
    return compose(library, scene, work.copy_memory(), scale)


def _picture(library: Any, master: Master, box: tuple[int, int], recipe: Recipe) -> Any:
    flat = recipe.format == "jpeg" or recipe.alpha == "flatten"
    return pipeline(library, master.path, box, background=recipe.background if flat else None)


def _tile(library: Any, master: Master, cell: int) -> Any:
    """One picture in the middle of its field, held in memory: many open files would cost more."""
    inner = max(cell - max(cell // 16, 2), 1)
    name = Path(master.relative).name
    with _guarded(library, name), undisturbed(master):
        image = pipeline(library, master.path, (inner, inner), background=_SHADE).copy_memory()
    return image.gravity("centre", cell, cell, extend="background", background=list(_SHADE))


def _flat(image: Any, *, alpha: bool) -> Any:
    if image.hasalpha() and not alpha:
        image = image.flatten(background=list(_SHADE))
    return image.cast("uchar").copy(interpretation="srgb")


def _written(
    library: Any,
    image: Any,
    recipe: Recipe,
    words: tuple[Metadata, Said],
    name: str,
    work: Path,
) -> tuple[int, int]:
    """Encode ``image`` within the bytes of ``recipe``, with its words; the file is ``work / "done"``."""
    pixels = image.copy_memory()
    encoded, done = work / "encoded", work / "done"

    def measure(quality: int) -> int:
        encode.save(pixels, encoded, recipe, quality)
        embed(encoded, done, words[0], dpi=recipe.dpi, name=name, master=words[1])
        return done.stat().st_size

    encode.find_quality(name, recipe, measure(recipe.quality), measure)
    return int(pixels.width), int(pixels.height)


@contextlib.contextmanager
def _guarded(library: Any, name: str) -> Iterator[None]:
    try:
        yield
    except library.Error as error:
        if "memory" in str(error) or "malloc" in str(error):
            # The pool gives such a job more, once.
            raise MemoryError(str(error)[-200:]) from None
        raise Rejected(
            f"{name}: the preview cannot be drawn.",
            remedy="Open the master, look at it, and export it again.",
            detail=str(error)[-500:],
        ) from None
    except OSError as error:
        raise Transient(
            f"{name}: the preview cannot be written: {(error.strerror or 'disk error').lower()}.",
            remedy="Make room on the disk that holds the cache.",
            detail=repr(error),
        ) from error


@contextlib.contextmanager
def _place(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` for what is not complete yet."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.parent / f".{os.getpid()}-{uuid.uuid4().hex[:8]}.part"
    folder.mkdir()
    try:
        yield folder
    finally:
        for leftover in folder.iterdir():
            leftover.unlink(missing_ok=True)
        folder.rmdir()
