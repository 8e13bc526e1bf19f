"""Drawing primitives of the example's pictures: noise, ramps, masks, light. Everything takes a seeded
generator, so that the same versions of numpy and libvips give the same bytes. Colours are sRGB in 0 to 1;
coordinates are in units of the picture's height. Nothing here opens a file.
"""

from __future__ import annotations

import numpy as np
import pyvips
from numpy.typing import NDArray

Array = NDArray[np.float32]
Colour = tuple[float, float, float]


def rgb(code: str) -> Colour:
    """The colour of six hexadecimal digits."""
    return (int(code[0:2], 16) / 255, int(code[2:4], 16) / 255, int(code[4:6], 16) / 255)


def to_vips(field: Array) -> pyvips.Image:
    """A float image of the array, without a copy of its values where numpy allows it."""
    return pyvips.Image.new_from_array(np.ascontiguousarray(field, dtype=np.float32))


def to_array(image: pyvips.Image) -> Array:
    """The values of an image as float32; one band gives a plane."""
    return np.asarray(image.cast("float").numpy(), dtype=np.float32)


def grid(height: int, width: int) -> tuple[Array, Array]:
    """Row and column coordinates: y from 0 to 1, x from 0 to the aspect ratio."""
    y = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]
    x = ((np.arange(width, dtype=np.float32) + 0.5) / height)[None, :]
    return y, x


def smooth(low: float, high: float, value: Array) -> Array:
    """Smoothstep: 0 at ``low``, 1 at ``high``; the two may be in either order."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0).astype(np.float32)
    return t * t * (3 - 2 * t)


def ramp(value: Array, stops: list[tuple[float, str]]) -> Array:
    """Colours along a scale, interpolated between the stops in 8192 steps."""
    at = np.array([s[0] for s in stops])
    colours = np.array([rgb(s[1]) for s in stops])
    steps = np.linspace(at[0], at[-1], 8192)
    table = np.stack([np.interp(steps, at, colours[:, b]) for b in range(3)], axis=-1)
    place = (np.asarray(value, np.float32) - np.float32(at[0])) * np.float32(
        8191 / (at[-1] - at[0])
    )
    return table.astype(np.float32)[np.clip(place, 0, 8191).astype(np.int16)]


def _spread(count: int, length: int) -> Array:
    """Catmull-Rom weights that spread ``count`` + 4 knots over ``length`` pixels, as a matrix."""
    at = (np.arange(length) + 0.5) * count / length + 1
    knot = np.floor(at).astype(np.intp)
    t = at - knot
    taps = (
        (-t + 2 * t**2 - t**3) / 2,
        (2 - 5 * t**2 + 3 * t**3) / 2,
        (t + 4 * t**2 - 3 * t**3) / 2,
        (-(t**2) + t**3) / 2,
    )
    out = np.zeros((length, count + 4), dtype=np.float32)
    for offset, tap in zip((-1, 0, 1, 2), taps, strict=True):
        out[np.arange(length), knot + offset] = tap
    return out


def _grow(lattice: Array, height: int, width: int) -> Array:
    rows, columns = lattice.shape[0] - 4, lattice.shape[1] - 4
    if rows <= 200:
        return _spread(rows, height) @ lattice @ _spread(columns, width).T
    # Fine lattices: libvips is faster, and its 1/64 pixel steps do not show.
    sx, sy = width / columns, height / rows
    grown = to_vips(lattice).affine(
        [sx, 0, 0, sy],
        interpolate=pyvips.Interpolate.new("bicubic"),
        oarea=[int(1.5 * sx), int(1.5 * sy), width, height],
    )
    return to_array(grown)[:height, :width]


def fbm(
    rng: np.random.Generator,
    height: int,
    width: int,
    cells: float,
    octaves: int,
    stretch: float = 1.0,
) -> Array:
    """Fractal noise of about -1 to 1: ``cells`` lumps along the height, ``stretch`` times longer in x."""
    total = np.zeros((height, width), dtype=np.float32)
    weight, norm = 1.0, 0.0
    for octave in range(octaves):
        rows = max(2, round(cells * 2**octave))
        columns = max(2, round(rows * width / height / stretch))
        lattice = rng.uniform(-1, 1, (rows + 4, columns + 4)).astype(np.float32)
        total += weight * _grow(lattice, height, width)
        norm += weight
        weight *= 0.5
    return total * (1.6 / norm)


def line(
    rng: np.random.Generator, width: int, cells: float, octaves: int, gain: float = 0.5
) -> Array:
    """A rolling line of about -1 to 1, one value per column."""
    total = np.zeros(width, dtype=np.float32)
    weight, norm = 1.0, 0.0
    for octave in range(octaves):
        count = max(2, round(cells * 2**octave))
        knots = rng.uniform(-1, 1, count + 2)
        at = np.linspace(0, count, width)
        left = np.floor(at).astype(np.intp)
        t = at - left
        t = t * t * (3 - 2 * t)
        total += (weight * (knots[left] * (1 - t) + knots[left + 1] * t)).astype(np.float32)
        norm += weight
        weight *= gain
    return total / np.float32(norm) * np.float32(1.5)


def over(base: Array, colour: Array | Colour, mask: Array) -> None:
    """Lay a colour over the picture, in place."""
    top = np.asarray(colour, dtype=np.float32)
    base += (top - base) * mask[..., None]


def add(base: Array, colour: Colour, light: Array) -> None:
    """Add light to the picture, in place."""
    for band in range(3):
        base[..., band] += light * np.float32(colour[band])


def glow(y: Array, x: Array, cy: float, cx: float, radius: float) -> Array:
    """A round soft light of height 1; ``radius`` is its standard deviation."""
    gy = np.exp(-(((y - cy) / radius) ** 2) / 2)
    gx = np.exp(-(((x - cx) / radius) ** 2) / 2)
    return (gy * gx).astype(np.float32)


def halo(base: Array, colour: Colour, cy: float, cx: float, radius: float) -> None:
    """Add a round soft light to the part of the picture that it reaches, in place."""
    height, width = base.shape[:2]
    top, low = int(max(0, (cy - 4 * radius) * height)), int((cy + 4 * radius) * height) + 1
    left, right = int(max(0, (cx - 4 * radius) * height)), int((cx + 4 * radius) * height) + 1
    y, x = grid(height, width)
    part = base[top:low, left:right]
    if part.size:
        add(part, colour, glow(y[top:low], x[:, left:right], cy, cx, radius))


def blur(field: Array, sigma: float) -> Array:
    """Gaussian blur; ``sigma`` in pixels. Wide ones are done on a smaller picture."""
    shrink = max(1, int(sigma // 6))
    image = to_vips(field)
    if shrink == 1:
        return to_array(image.gaussblur(sigma))
    small = image.resize(1 / shrink, kernel="linear").gaussblur(sigma / shrink)
    grown = small.resize(image.width / small.width, vscale=image.height / small.height)
    return to_array(grown)[: field.shape[0], : field.shape[1]]


def shape(height: int, width: int, body: str) -> Array:
    """RGBA of an SVG body drawn on a square-unit page: y from 0 to 1000, x to 1000 times the aspect."""
    across = 1000 * width / height
    page = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {across:.3f} 1000">{body}</svg>'
    )
    image = pyvips.Image.svgload_buffer(page.encode(), unlimited=True)
    return to_array(image)[:height, :width] / np.float32(255)


def paste(base: Array, picture: Array) -> None:
    """Lay an RGBA picture over the base, in place."""
    over(base, picture[..., :3], picture[..., 3])


def cells(u: Array, v: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Voronoi cells on the unit lattice of (u, v): nearest distance, second nearest, a random tone each."""
    size = 128
    jitter = rng.uniform(0.05, 0.95, (2, size, size)).astype(np.float32)
    tone = rng.uniform(0, 1, (size, size)).astype(np.float32)
    iu, iv = np.floor(u).astype(np.int32), np.floor(v).astype(np.int32)
    first = np.full(np.broadcast(u, v).shape, 9.0, dtype=np.float32)
    second = first.copy()
    colour = np.zeros_like(first)
    for dv in (-1, 0, 1):
        for du in (-1, 0, 1):
            cu, cv = iu + du, iv + dv
            at = (cv % size, cu % size)
            gap = np.hypot(cu + jitter[0][at] - u, cv + jitter[1][at] - v).astype(np.float32)
            nearer = gap < first
            second = np.where(nearer, first, np.minimum(second, gap))
            colour = np.where(nearer, tone[at], colour)
            first = np.minimum(first, gap)
    return first, second, colour


def finish(base: Array, edge: float = 0.25) -> Array:
    """Darken the corners by ``edge`` and bring everything into 0 to 1."""
    height, width = base.shape[:2]
    y, x = grid(height, width)
    aspect = width / height
    away = ((y - 0.5) / 0.5) ** 2 + ((x - aspect / 2) / (aspect / 2)) ** 2
    base *= (1 - edge * 0.5 * np.clip(away - 0.3, 0, None) / 1.7)[..., None]
    return np.clip(base, 0, 1, out=base)


def grain(base: Array, rng: np.random.Generator, amount: float) -> None:
    """Lay film grain over the picture, in place; ``amount`` is its standard deviation."""
    plane = base.shape[:2]
    speck = rng.standard_normal(plane, dtype=np.float32) * np.float32(amount)
    tint = rng.standard_normal(plane, dtype=np.float32) * np.float32(amount * 0.4)
    base[..., 0] += speck + tint
    base[..., 1] += speck
    base[..., 2] += speck - tint
    np.clip(base, 0, 1, out=base)
