"""The example's landscapes: dunes, lakes, mountains, woods. Each function draws one picture of the given size
from a seeded generator and returns RGB in 0 to 1. Nothing here opens a file.
"""

from __future__ import annotations

import math

import numpy as np
from brush import (
    Array,
    add,
    blur,
    cells,
    fbm,
    finish,
    glow,
    grid,
    halo,
    line,
    over,
    ramp,
    shape,
    smooth,
)


def glass_dunes(rng: np.random.Generator, height: int, width: int) -> Array:
    """Translucent dunes of blue glass under a low winter sun."""
    y, x = grid(height, width)
    sky = y + 0 * x
    base = ramp(
        sky, [(0, "1d3461"), (0.25, "5c6fa8"), (0.42, "f2b8a2"), (0.5, "ffe3c2"), (1, "ffffff")]
    )
    add(base, (1.0, 0.72, 0.4), 0.55 * glow(y, x, 0.4, 1.08, 0.13))
    over(base, (2.0, 1.9, 1.7), smooth(0.042, 0.036, np.hypot(y - 0.395, x - 1.08)))
    strata = fbm(rng, height, width, 3, 5, stretch=2.5)
    for layer in range(7):
        near = layer / 6
        crest = 0.44 + 0.42 * near**1.4 + (0.035 + 0.05 * near) * line(rng, width, 2.2, 4, 0.35)
        depth = (y - crest[None, :]).astype(np.float32)
        lean = np.gradient(crest) * width / 3
        lit = np.clip(0.55 - 1.3 * lean, 0, 1.2)[None, :].astype(np.float32)
        tone = np.clip(depth / (0.16 + 0.25 * near) + 0.10 * strata, 0, 1)
        glass = ramp(tone, [(0, "d9f4fb"), (0.12, "7cc6e6"), (0.5, "2b74b8"), (1, "123a78")])
        bands = np.sin((depth * (90 - 45 * near) + 3.2 * strata + 1.5 * x) * 2.2).astype(np.float32)
        glass *= (0.74 + 0.34 * lit + 0.10 * bands * np.exp(-depth * 9))[..., None]
        add(glass, (0.95, 0.62, 0.42), 0.34 * np.exp(-np.abs(depth) * 38) * lit)
        add(glass, (1.0, 0.95, 0.86), 0.85 * np.exp(-np.clip(depth, 0, 1) * 420) * lit)
        haze = 0.62 * (1 - near) ** 2
        glass += (np.array([0.93, 0.76, 0.68], np.float32) - glass) * np.float32(haze)
        over(base, glass, smooth(0, 1.6 / height, depth))
    return finish(base)


def _stars(rng: np.random.Generator, base: Array, count: int, low: float) -> None:
    height, width = base.shape[:2]
    dots = np.zeros((height, width), np.float32)
    rows = rng.integers(0, int(height * low), count)
    columns = rng.integers(0, width, count)
    dots[rows, columns] = rng.power(0.22, count).astype(np.float32)
    add(base, (0.9, 0.95, 1.0), np.clip(blur(dots, 0.8) * 3 + blur(dots, 2.0) * 2, 0, 1))


def aurora_lake(rng: np.random.Generator, height: int, width: int) -> Array:
    """Green aurora over dark hills, mirrored in cracked ice."""
    y, x = grid(height, width)
    base = ramp(y + 0 * x, [(0, "050b1e"), (0.35, "0b2140"), (0.6, "17415a"), (1, "17415a")])
    _stars(rng, base, 2600, 0.58)
    for curtain in range(4):
        foot = 0.40 - 0.055 * curtain + 0.10 * line(rng, width, 2.0, 3)
        rays = 0.55 + 0.45 * line(rng, width, 60, 3)
        reach = 0.13 + 0.10 * (0.5 + 0.5 * line(rng, width, 7, 3))
        up = (foot[None, :] - y).astype(np.float32)
        light = np.exp(-np.clip(up, 0, None) / reach[None, :]) * smooth(-0.018, 0.012, up)
        light *= np.clip(rays, 0.1, 1.4)[None, :] * (0.75 - 0.12 * curtain)
        add(base, (0.20, 0.95, 0.55), light.astype(np.float32))
        add(base, (0.60, 0.18, 0.75), light * smooth(0.04, 0.3, up) * 0.9)
    crest = 0.545 - 0.055 * np.abs(line(rng, width, 3, 7)) - 0.02 * line(rng, width, 2, 2)
    over(base, (0.018, 0.045, 0.075), smooth(0, 1.5 / height, y - crest[None, :]))
    shore = round(0.6 * height)
    mirror = base[shore - (height - shore) - 1 : shore - 1][::-1]
    ice = np.stack([blur(np.ascontiguousarray(mirror[..., b]), 9) for b in range(3)], axis=-1)
    yy = (y[shore:] - 0.6) / 0.4
    far = 1 / (yy + 0.10)
    u, v = (x - 0.75) * far * 2.2, far * 4.0
    bend = fbm(rng, height - shore, width, 5, 4, stretch=3)
    first, second, tone = cells(u + 0.16 * bend, v + 0.10 * bend, rng)
    crack = np.exp(-(((second - first) / (0.012 + 0.004 * far)) ** 2)).astype(np.float32)
    ice *= (0.55 + 0.25 * tone + 0.12 * bend)[..., None]
    add(ice, (0.45, 0.85, 0.85), crack * (0.16 + 0.30 * smooth(0, 1, yy)))
    base[shore:] = ice
    add(base, (0.3, 0.8, 0.7), 0.22 * np.exp(-(((y - 0.6) / 0.006) ** 2)) + 0 * x)
    return finish(base)


def mountains(rng: np.random.Generator, height: int, width: int) -> Array:
    """Snow ranges behind one another at sunrise."""
    y, x = grid(height, width)
    base = ramp(
        y + 0 * x,
        [(0, "3b6ea8"), (0.28, "a9c4de"), (0.42, "ffd9b8"), (0.55, "ffeeda"), (1, "ffffff")],
    )
    cloud = fbm(rng, height, width, 3, 6, stretch=3.5)
    over(base, (1.0, 0.93, 0.88), 0.75 * smooth(0.1, 0.8, cloud) * smooth(0.45, 0.1, y))
    add(base, (1.0, 0.7, 0.4), 0.28 * glow(y, x, 0.42, 0.35, 0.18))
    for layer in range(5):
        near = layer / 4
        peaks = 1 - np.abs(line(rng, width, 2.2 + 1.1 * layer, 7, 0.46)) * 1.3
        crest = 0.52 + 0.42 * near - (0.27 - 0.09 * near) * peaks
        depth = (y - crest[None, :]).astype(np.float32)
        rock = 1 - 2 * np.abs(fbm(rng, height, width, 4 + 0.6 * layer, 6, stretch=0.55))
        bulk = blur(rock, height / 500)
        steep = np.gradient(bulk, axis=1) / 26 - np.gradient(bulk, axis=0) / 70
        slope = steep * height * (1 - 0.5 * near)
        lit = np.clip(0.55 + slope, 0, 1).astype(np.float32)
        face = ramp(
            lit, [(0, "3f5684"), (0.3, "7f9ac6"), (0.55, "c9d3e6"), (0.8, "fbeadd"), (1, "fff6ea")]
        )
        bare = smooth(0.10, -0.25, slope) * smooth(0.2, 0.9, 0.6 + 0.6 * rock)
        over(face, (0.22, 0.26, 0.38), 0.55 * bare)
        haze = 0.80 * (1 - near) ** 1.3
        face += (np.array([0.80, 0.83, 0.91], np.float32) - face) * np.float32(haze)
        over(face, (0.95, 0.92, 0.92), smooth(0.03, 0.24, depth) * (0.85 - 0.55 * near))
        over(base, face, smooth(0, 1.6 / height, depth))
    return finish(base)


def ice_floes(rng: np.random.Generator, height: int, width: int) -> Array:
    """A pastel winter sky over sheets of pack ice."""
    y, x = grid(height, width)
    base = ramp(
        y + 0 * x,
        [(0, "8fb4dd"), (0.25, "cfc3e0"), (0.4, "f7cfc9"), (0.46, "ffe6c9"), (1, "ffffff")],
    )
    veil = fbm(rng, height, width, 2.5, 5, stretch=5)
    over(base, (1.0, 0.86, 0.84), 0.55 * smooth(0.0, 0.9, veil) * smooth(0.46, 0.2, y))
    add(base, (1.0, 0.85, 0.55), 0.40 * glow(y, x, 0.43, 0.95, 0.09))
    over(base, (2.0, 1.9, 1.7), smooth(0.030, 0.026, np.hypot(y - 0.425, x - 0.95)))
    horizon = round(0.46 * height)
    yy = (y[horizon:] - 0.46) / 0.54
    far = 1 / (yy + 0.045)
    bend = fbm(rng, height - horizon, width, 6, 5, stretch=2)
    u = (x - 0.75) * far * 1.6 + 0.14 * bend
    first, second, tone = cells(u, far * 3.4 + 0.12 * bend, rng)
    gap = second - first
    water = ramp(yy + 0 * x, [(0, "f4d4c4"), (0.25, "9db4d4"), (1, "2f5f8f")])
    sheet = ramp(tone * 0.5 + 0.25 + 0.2 * bend, [(0, "b9cfe6"), (0.5, "e9eef6"), (1, "fff6ee")])
    sheet *= (0.86 + 0.14 * smooth(0.0, 0.5, gap))[..., None]
    over(water, sheet, smooth(0.07, 0.10, gap) * smooth(0.04, 0.12, tone))
    add(water, (0.25, 0.35, 0.45), 0.5 * np.exp(-(((gap - 0.085) / 0.012) ** 2)))
    path = glow(yy, x, 0.0, 0.95, 1.0) * np.exp(-(((x - 0.95) / (0.05 + 0.22 * yy)) ** 2))
    add(water, (0.9, 0.6, 0.35), (0.45 * path).astype(np.float32))
    over(water, (1.0, 0.90, 0.82), 0.8 * smooth(0.10, 0.0, yy + 0 * x))
    base[horizon:] = water
    return finish(base, edge=0.15)


def birches(rng: np.random.Generator, height: int, width: int) -> Array:
    """Birch trunks that fade into fog, upright."""
    y, x = grid(height, width)
    aspect = width / height
    base = ramp(y + 0 * x, [(0, "b9c9d6"), (0.5, "dfe6ea"), (0.72, "eef1f3"), (1, "f7f8fa")])
    add(base, (1.0, 0.86, 0.66), 0.30 * glow(y, x, 0.30, aspect * 0.62, 0.22))
    drift = fbm(rng, height, width, 4, 6, stretch=2.5)
    bark = fbm(rng, height, width, 70, 4, stretch=7)
    patch = fbm(rng, height, width, 16, 5, stretch=1.6)
    for layer in range(6):
        near = (layer + 1) / 6
        ground = 0.66 + 0.22 * near**1.5
        bumps = 0.014 * line(rng, width, 3, 4)
        below = y - ground - bumps[None, :]
        snow = ramp(0.5 + 0.35 * drift + 0 * y, [(0, "c3d0de"), (0.5, "e8edf3"), (1, "fdfcfa")])
        over(base, snow, smooth(0, 0.05, below.astype(np.float32)) * 0.85)
        for _ in range(9 - layer):
            foot, lean = rng.uniform(0, aspect), rng.normal(0, 0.018)
            half = (0.003 + 0.021 * near**2.1) * rng.uniform(0.75, 1.25)
            sway = 0.006 * near * np.sin(y * rng.uniform(3, 7) + rng.uniform(0, 6))
            across = (x - foot - lean * (y - 0.5) - sway) / (half * (0.72 + 0.34 * y))
            lo = int(max(0, (foot - 0.08) * height))
            hi = int(min(width, (foot + 0.08) * height))
            if hi - lo < 4:
                continue
            a = across[:, lo:hi]
            edge = smooth(1.0, 1.0 - 2 / (half * height), np.abs(a))
            edge *= smooth(ground + 0.012, ground, y + 0 * a)
            shade = 0.62 + 0.36 * np.sqrt(np.clip(1 - (a + 0.35) ** 2 / 1.9, 0, 1))
            tone = np.stack([shade * c for c in (0.97, 0.95, 0.92)], axis=-1).astype(np.float32)
            scar = smooth(0.42, 0.60, bark[:, lo:hi]) + smooth(0.62, 0.75, patch[:, lo:hi])
            over(tone, (0.10, 0.09, 0.10), 0.9 * np.clip(scar, 0, 1))
            tone += (np.array([0.86, 0.90, 0.92], np.float32) - tone) * np.float32(0.9 * (1 - near))
            over(base[:, lo:hi], tone, edge)
    fog = smooth(0.0, 0.9, fbm(rng, height, width, 2, 4, stretch=3)) * smooth(0.95, 0.6, y)
    over(base, (0.93, 0.95, 0.96), 0.4 * fog)
    return finish(base, edge=0.2)


def _pines(rng: np.random.Generator, count: int, aspect: float, foot: float, tall: float) -> str:
    body = []
    for _ in range(count):
        cx, size = rng.uniform(-20, 1000 * aspect + 20), tall * rng.uniform(0.55, 1.15)
        top = foot - size
        points = [f"{cx:.1f},{top:.1f}"]
        left = []
        for step in range(1, 9):
            wide = size * 0.022 * step * rng.uniform(0.85, 1.2) + 1
            level = top + size * step / 8
            points += [f"{cx + wide:.1f},{level:.1f}", f"{cx + wide * 0.55:.1f},{level - 2:.1f}"]
            left += [f"{cx - wide:.1f},{level:.1f}", f"{cx - wide * 0.55:.1f},{level - 2:.1f}"]
        body.append(f'<polygon points="{" ".join(points + left[::-1])}"/>')
    return "".join(body)


def cabin(rng: np.random.Generator, height: int, width: int) -> Array:
    """A cabin with lit windows on the far shore of a lake, at blue hour."""
    y, x = grid(height, width)
    aspect = width / height
    base = ramp(
        y + 0 * x,
        [(0, "0c1c3d"), (0.3, "2a4a7d"), (0.52, "8a8fb5"), (0.62, "d9a99b"), (1, "ffffff")],
    )
    _stars(rng, base, 900, 0.4)
    for layer, colour in enumerate(((0.37, 0.42, 0.58), (0.24, 0.31, 0.47))):
        crest = 0.50 + 0.05 * layer - 0.10 * np.abs(line(rng, width, 3 + layer, 6))
        depth = (y - crest[None, :]).astype(np.float32)
        over(base, colour, smooth(0, 1.6 / height, depth))
        rough = smooth(0.0, 0.5, fbm(rng, height, width, 22, 4))
        over(base, (0.72, 0.78, 0.90), 0.55 * rough * smooth(0.10, 0.0, depth) * (depth > 0))
    for foot, tall, fill in ((612, 110, "#16263f"), (622, 150, "#0d1a2e")):
        trees = _pines(rng, 60, aspect, foot, tall)
        paint = shape(height, width, f'<g fill="{fill}">{trees}</g>')
        over(base, paint[..., :3], paint[..., 3])
    house = shape(
        height,
        width,
        '<g transform="translate(830 520)"><polygon points="0,100 0,40 75,-8 150,40 150,100" '
        'fill="#2a1c1a"/><polygon points="-14,44 75,-16 164,44 150,47 75,-2 0,47" fill="#e6edf7"/>'
        '<rect x="112" y="-24" width="14" height="34" fill="#241816"/>'
        '<g fill="#ffc766"><rect x="20" y="54" width="26" height="26"/><rect x="104" y="54" width="26" '
        'height="26"/><rect x="62" y="52" width="24" height="48" fill="#ffb347"/></g></g>',
    )
    over(base, house[..., :3], house[..., 3])
    for cx in (0.863, 0.904, 0.947):
        add(base, (1.0, 0.62, 0.25), 0.28 * glow(y, x, 0.588, cx, 0.035))
    bank = 0.615 + 0.008 * line(rng, width, 5, 4)
    snow = 0.5 + 0.5 * fbm(rng, height, width, 14, 5, stretch=3)
    over(base, ramp(snow, [(0, "5c74a6"), (1, "c9d6ee")]), smooth(0, 0.006, y - bank[None, :]))
    add(base, (0.9, 0.5, 0.2), 0.35 * glow(y, x, 0.63, 0.905, 0.05))
    shore = round(0.645 * height)
    rows = np.arange(shore, height)
    wave = fbm(rng, height - shore, width, 40, 4, stretch=9)
    back = np.clip(2 * shore - rows - 1, 0, shore - 1)[:, None] + (wave * 14).astype(np.intp)
    water = base[np.clip(back, 0, shore - 1), np.arange(width)[None, :]]
    water = water * np.array([0.62, 0.70, 0.82], np.float32) + np.float32(0.02)
    add(water, (0.5, 0.6, 0.8), 0.10 * smooth(0.2, 0.8, wave))
    base[shore:] = water
    return finish(base)


def lantern_path(rng: np.random.Generator, height: int, width: int) -> Array:
    """Lanterns along a winding path through a snow valley."""
    y, x = grid(height, width)
    aspect = width / height
    base = ramp(y + 0 * x, [(0, "101c46"), (0.3, "34508f"), (0.45, "8795c4"), (1, "ffffff")])
    _stars(rng, base, 1500, 0.4)
    lumps = fbm(rng, height, width, 8, 6, stretch=2)
    for layer in range(5):
        near = layer / 4
        crest = 0.40 + 0.33 * near**1.3 - (0.10 - 0.05 * near) * line(rng, width, 2.5, 4, 0.4)
        depth = (y - crest[None, :]).astype(np.float32)
        tone = np.clip(0.62 - 1.2 * depth + 0.16 * lumps - 0.1 * near, 0, 1)
        hill = ramp(tone, [(0, "22386f"), (0.4, "5674b4"), (0.75, "a8bce6"), (1, "e8effd")])
        over(base, hill, smooth(0, 2 / height, depth))
        if layer < 3:
            trees = _pines(rng, 26, aspect, 1000 * (0.44 + 0.30 * near**1.3), 46 + 60 * near)
            paint = shape(height, width, f'<g fill="#14244a">{trees}</g>')
            over(base, paint[..., :3], paint[..., 3] * (0.55 + 0.4 * near))
    for step in range(15):
        t = step / 14
        cy = 0.985 - 0.40 * (1 - (1 - t) ** 1.9)
        cx = 0.75 + 0.30 * math.sin(3.4 * t + 0.4) * (1.05 - t)
        size = 0.017 * (1 - t) ** 1.4 + 0.0022
        pool = np.exp(-(((y - cy - size) / size) ** 2) / 2 - (((x - cx) / (3.2 * size)) ** 2) / 2)
        add(base, (0.85, 0.42, 0.12), 0.50 * pool.astype(np.float32))
        halo(base, (0.32, 0.18, 0.07), cy, cx, size * 2.2)
        top, low = int((cy - size) * height), int((cy + size) * height) + 2
        left, right = int((cx - size) * height), int((cx + size) * height) + 2
        spot = np.hypot((y[top:low] - cy) * 0.8, x[:, left:right] - cx)
        flame = smooth(size * 0.62, size * 0.45, spot)
        over(base[top:low, left:right], (1.0, 0.84, 0.50), flame)
        halo(base, (0.36, 0.3, 0.24), cy, cx, size * 0.3)
    return finish(base)
