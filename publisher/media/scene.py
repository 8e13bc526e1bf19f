"""Shows a picture in a drawn scene: a frame on a wall, a shirt, a mug. The drawings are SVG templates.

A scene is laid in three layers: what is behind the work, the work itself, and what light and shade do in
front of it. The work is bent and fitted as the drawing says, and never altered otherwise. Drawings
come from the program or the seller's own project; nothing is loaded from elsewhere.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from publisher.errors import ConfigError
from publisher.media import vips

_SVG = "{http://www.w3.org/2000/svg}"
_LAYERS = ("back", "mask", "front")
_CANVAS_MAX = 8000

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scene:
    """A drawing, read. ``quad`` is where the work's corners come to lie, in the drawing's own pixels."""

    width: int
    height: int
    quad: tuple[Point, Point, Point, Point]
    cover: bool
    top: bool
    arc: float
    bend: float
    layers: dict[str, bytes]


def read_scene(text: str, name: str) -> Scene:
    """The scene of an SVG drawing. Raises ``ConfigError`` that says what is wrong with the template ``name``."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _wrong(name, "it may not declare a document type or entities")
    try:
        root = ET.fromstring(text)  # noqa: S314  (no entities, and a template of the program or the seller)
        numbers = [float(n) for n in root.get("data-quad", "").split()]
        width, height = int(root.get("width", "0")), int(root.get("height", "0"))
        arc, bend = float(root.get("data-arc", "0")), float(root.get("data-bend", "0"))
    except (ET.ParseError, ValueError) as error:
        raise _wrong(name, str(error)) from None
    if len(numbers) != 8 or not all(map(math.isfinite, numbers)):
        raise _wrong(name, "data-quad must hold eight numbers")
    if not (0 < width <= _CANVAS_MAX and 0 < height <= _CANVAS_MAX):
        raise _wrong(name, f"its sides must be 1 to {_CANVAS_MAX} pixels")
    cylinder = root.get("data-surface", "flat") == "cylinder"
    if cylinder and not 0 < arc < 180:
        raise _wrong(name, "a cylinder's data-arc must be between 0 and 180 degrees")
    return Scene(
        width=width,
        height=height,
        quad=(_point(numbers, 0), _point(numbers, 1), _point(numbers, 2), _point(numbers, 3)),
        cover=root.get("data-fit", "contain") == "cover",
        top=root.get("data-align", "centre") == "top",
        arc=arc if cylinder else 0.0,
        bend=bend,
        layers=_layers(root),
    )


def area(scene: Scene, scale: float) -> tuple[int, int]:
    """Width and height in pixels of the work's place at ``scale``: the means of opposite sides."""
    a, b, c, d = scene.quad
    width = (math.dist(a, b) + math.dist(d, c)) / 2
    height = (math.dist(b, c) + math.dist(a, d)) / 2
    return max(round(width * scale), 1), max(round(height * scale), 1)


def compose(library: Any, scene: Scene, work: Any, scale: float) -> Any:
    """The finished picture without transparency; ``work`` is sRGB. Raises the library's error."""
    if not work.hasalpha():
        work = work.addalpha()
    placed, left, top = _placed(library, scene, _filled(library, scene, work, scale), scale)
    back = vips.drawing(library, scene.layers["back"], scale)
    if "mask" in scene.layers:
        mask = vips.drawing(library, scene.layers["mask"], scale)
        cut = mask.crop(left, top, placed.width, placed.height)[3]
        alpha = (placed[3] * (cut / 255)).cast("uchar")
        placed = placed.extract_band(0, n=3).bandjoin(alpha)
    image = back.composite2(placed, "over", x=left, y=top)
    if "front" in scene.layers:
        image = image.composite2(vips.drawing(library, scene.layers["front"], scale), "over")
    return image.flatten(background=[255, 255, 255]).cast("uchar").copy(interpretation="srgb")


def _filled(library: Any, scene: Scene, work: Any, scale: float) -> Any:
    """The work at the size of its place: whole with clear space beside it, or cut at two sides."""
    width, height = area(scene, scale)
    if scene.cover:
        return work.thumbnail_image(width, height=height, size="both", crop="centre")
    fitted = work.thumbnail_image(width, height=height, size="both")
    place = "north" if scene.top else "centre"
    return fitted.gravity(place, width, height, extend="background", background=[0, 0, 0, 0])


def _placed(library: Any, scene: Scene, work: Any, scale: float) -> tuple[Any, int, int]:
    """The work bent into its place, with the place's left and top edge."""
    quad = [(x * scale, y * scale) for x, y in scene.quad]
    left, top = math.floor(min(x for x, _ in quad)), math.floor(min(y for _, y in quad))
    if not scene.arc and _upright(quad):
        return work, round(quad[0][0]), round(quad[0][1])
    right, bottom = math.ceil(max(x for x, _ in quad)), math.ceil(max(y for _, y in quad))
    bend = scene.bend * scale if scene.arc else 0.0
    shape = (right - left, math.ceil(bottom - top + bend))
    local = [(x - left, y - top) for x, y in quad]
    if scene.arc:
        index = _round(shape, local, (work.width, work.height), scene.arc, bend)
    else:
        index = _projected(shape, local, (work.width, work.height))
    # One clear pixel all round makes the edges smooth.
    framed = work.embed(1, 1, work.width + 2, work.height + 2, background=[0, 0, 0, 0])
    data = np.ascontiguousarray(index + 1, dtype=np.float32)
    lookup = library.Image.new_from_memory(data.tobytes(), *shape, 2, "float")
    bent = framed.premultiply().mapim(
        lookup, interpolate=library.Interpolate.new("bicubic"), background=[0, 0, 0, 0]
    )
    return bent.unpremultiply().cast("uchar").copy(interpretation="srgb"), left, top


def _upright(quad: list[Point]) -> bool:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
    return (ay, by, ax, dx) == (by, ay, dx, ax) and bx == cx and cy == dy


def _grid(shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.mgrid[0 : shape[1], 0 : shape[0]]
    return x + 0.5, y + 0.5


def _projected(
    shape: tuple[int, int], quad: list[Point], size: tuple[int, int]
) -> NDArray[np.float64]:
    """For each pixel of ``shape`` where it comes from: the projection that brings ``quad`` to a rectangle."""
    corners = [(0.0, 0.0), (size[0], 0.0), (size[0], size[1]), (0.0, size[1])]
    rows, values = [], []
    for (x, y), (u, v) in zip(quad, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    try:
        a, b, c, d, e, f, g, h = np.linalg.solve(np.array(rows), np.array(values))
    except np.linalg.LinAlgError:
        raise _wrong("of the scene", "three corners of data-quad lie on one line") from None
    across, down = _grid(shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = g * across + h * down + 1
        u, v = a * across + b * down + c, d * across + e * down + f
        index = np.stack((u / depth, v / depth), axis=-1) - 0.5
    return np.nan_to_num(index, nan=-9.0, posinf=-9.0, neginf=-9.0)


def _round(
    shape: tuple[int, int], quad: list[Point], size: tuple[int, int], arc: float, bend: float
) -> NDArray[np.float64]:
    """The same for a cylinder that is seen a little from above: its middle is wider and hangs lower."""
    half = math.radians(arc) / 2
    x, y = _grid(shape)
    left, right = quad[0][0], quad[1][0]
    top, bottom = quad[0][1], quad[3][1]
    across = np.clip((x - left) / (right - left) * 2 - 1, -1, 1)
    angle = np.arcsin(across * math.sin(half))
    hanging = bend * (np.cos(angle) - math.cos(half)) / (1 - math.cos(half))
    u = (angle / half + 1) / 2 * size[0]
    v = (y - top - hanging) / (bottom - top) * size[1]
    return np.stack((u, v), axis=-1) - 0.5


def _layers(root: ET.Element) -> dict[str, bytes]:
    """The drawing once for each of its layers, with the others taken out."""
    ET.register_namespace("", _SVG[1:-1])
    found = {}
    names = {g.get("id", "") for g in root.findall(f"{_SVG}g")} & set(_LAYERS)
    for name in sorted(names | {"back"}):
        drawing = ET.fromstring(ET.tostring(root))  # noqa: S314  (our own text)
        for group in drawing.findall(f"{_SVG}g"):
            if group.get("id") in _LAYERS and group.get("id") != name:
                drawing.remove(group)
        found[name] = ET.tostring(drawing)
    return found


def _point(numbers: list[float], place: int) -> Point:
    return numbers[2 * place], numbers[2 * place + 1]


def _wrong(name: str, reason: str) -> ConfigError:
    return ConfigError(
        f"The mock-up template {name} cannot be used: {reason}.",
        remedy="Correct the template; framed-print shows what one must have.",
    )
