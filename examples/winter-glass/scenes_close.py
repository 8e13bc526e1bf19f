"""The example's close subjects: crystals, mugs, a window, waves and a ball of glass. Each function draws one
picture of the given size from a seeded generator and returns RGB (or RGBA) in 0 to 1. Nothing here opens
a file.
"""

from __future__ import annotations

import numpy as np
from brush import (
    Array,
    add,
    blur,
    fbm,
    finish,
    glow,
    grid,
    line,
    over,
    paste,
    ramp,
    rgb,
    shape,
    smooth,
)


def _bokeh(rng: np.random.Generator, base: Array, hues: list[str], count: int, size: float) -> None:
    height, width = base.shape[:2]
    aspect = width / height
    for _ in range(count):
        cy, cx = rng.uniform(0, 1), rng.uniform(0, aspect)
        radius = size * rng.uniform(0.4, 1.2)
        top, low = int(max(0, (cy - radius) * height)), int(min(height, (cy + radius) * height))
        left, right = int(max(0, (cx - radius) * height)), int(min(width, (cx + radius) * height))
        if low - top < 3 or right - left < 3:
            continue
        y, x = grid(height, width)
        gap = np.hypot(y[top:low] - cy, x[:, left:right] - cx) / radius
        disc = smooth(1.0, 0.93, gap) * (0.55 + 0.45 * gap**4) * rng.uniform(0.1, 0.5)
        add(base[top:low, left:right], rgb(hues[rng.integers(len(hues))]), disc.astype(np.float32))


def _flake(rng: np.random.Generator, gap: Array, angle: Array) -> Array:
    """How much ice a six-armed crystal of radius 1 has at the polar coordinates."""
    sector = np.abs((angle + np.pi / 6) % (np.pi / 3) - np.pi / 6)
    along, aside = gap * np.cos(sector), gap * np.sin(sector)
    ice = smooth(0.030, 0.018, aside - 0.012 * (1 - along)) * smooth(1.0, 0.98, along)
    for at in np.sort(rng.uniform(0.2, 0.92, 6)):
        reach = (1 - at) * rng.uniform(0.45, 0.75) + 0.06
        out = (along - at) * 0.5 + aside * 0.866
        off = np.abs(aside * 0.5 - (along - at) * 0.866)
        ice = np.maximum(
            ice, smooth(0.020, 0.009, off) * (out > 0) * smooth(reach, reach - 0.02, out)
        )
    core = rng.uniform(0.13, 0.22)
    plate = smooth(core, core - 0.02, along)
    rings = 0.55 + 0.45 * np.cos(along * 130)
    return np.maximum(ice, plate * (0.5 + 0.4 * rings)).astype(np.float32)


def crystals(rng: np.random.Generator, height: int, width: int) -> Array:
    """Snow crystals, some in focus, over deep blue with soft lights."""
    y, x = grid(height, width)
    aspect = width / height
    base = ramp(
        y * 0.7 + x * 0.25, [(0, "061633"), (0.4, "0f3a6e"), (0.75, "1b5b93"), (1, "2c7aa8")]
    )
    _bokeh(rng, base, ["2f7fbe", "5fa8d0", "4a5cb0"], 60, 0.06)
    places = [(0.45, 0.52, 0.36, 0.0), (0.68, 1.18, 0.24, 0.0), (0.2, 1.2, 0.15, 5.0)]
    places += [(rng.uniform(0, 1), rng.uniform(0, aspect), 0.09, 9.0) for _ in range(7)]
    for cy, cx, size, soft in reversed(places):
        turn = rng.uniform(0, 1)
        top, low = max(0, int((cy - size * 1.1) * height)), int((cy + size * 1.1) * height)
        left, right = max(0, int((cx - size * 1.1) * height)), int((cx + size * 1.1) * height)
        part = base[top:low, left:right]
        py, px = y[top:low] - cy, x[:, left:right] - cx
        if min(part.shape[:2]) < 16:
            continue
        ice = _flake(rng, np.hypot(py, px) / size, np.arctan2(py, px) + turn)
        if soft:
            ice = blur(ice, soft * height / 1000) * 0.8
        rim_y, rim_x = np.gradient(blur(ice, height / 900))
        rim = np.clip((rim_y + rim_x) * height / 160, -1, 1)
        over(part, (0.66, 0.86, 0.97), 0.68 * ice)
        add(part, (0.35, 0.35, 0.33), np.clip(rim, 0, 1))
        add(part, (-0.25, -0.20, -0.12), np.clip(-rim, 0, 1))
        add(part, (0.25, 0.45, 0.6), 0.35 * blur(ice, height / 60))
    return finish(base)


_MUGS = """
<defs>
 <linearGradient id="a"><stop offset="0" stop-color="#6d1f1c"/><stop offset=".3" stop-color="#c8473a"/>
 <stop offset=".45" stop-color="#e06a58"/><stop offset="1" stop-color="#6a1a18"/></linearGradient>
 <linearGradient id="b"><stop offset="0" stop-color="#9a9389"/><stop offset=".3" stop-color="#f3ece0"/>
 <stop offset=".5" stop-color="#fffaf0"/><stop offset="1" stop-color="#8a8074"/></linearGradient>
 <radialGradient id="c"><stop offset="0" stop-color="#7a4a26"/><stop offset="1" stop-color="#2d170b"/>
 </radialGradient></defs>
<g transform="translate(420 380)">
 <path d="M300 110 C420 80 430 300 285 300 L290 255 C360 255 360 140 300 160Z" fill="#8a2a24"/>
 <path d="M0 60 L18 400 C40 450 265 450 287 400 L305 60Z" fill="url(#a)"/>
 <ellipse cx="152" cy="60" rx="153" ry="42" fill="#d95f4f"/><ellipse cx="152" cy="62" rx="139" ry="34"
 fill="#57140f"/><ellipse cx="152" cy="72" rx="128" ry="26" fill="url(#c)"/>
 <path d="M24 190 C110 215 195 215 281 190" stroke="#f6e7d8" stroke-width="9" fill="none" opacity=".85"/>
 <path d="M26 222 C110 247 195 247 280 222" stroke="#f6e7d8" stroke-width="4" fill="none" opacity=".85"/></g>
<g transform="translate(860 430)">
 <path d="M4 110 C-110 90 -110 290 16 280 L12 240 C-55 245 -55 140 6 155Z" fill="#b9afa2"/>
 <path d="M0 56 L14 370 C36 420 250 420 272 370 L290 56Z" fill="url(#b)"/>
 <ellipse cx="145" cy="56" rx="145" ry="39" fill="#fff8ec"/><ellipse cx="145" cy="58" rx="131" ry="31"
 fill="#8b8177"/><ellipse cx="145" cy="67" rx="121" ry="24" fill="url(#c)"/></g>
"""


def mugs(rng: np.random.Generator, height: int, width: int) -> Array:
    """Two steaming mugs on a wooden table before a winter window."""
    y, x = grid(height, width)
    base = ramp(y + 0 * x, [(0, "5d6f86"), (0.35, "8b97a3"), (0.65, "6b5a4c"), (1, "3a2c22")])
    _bokeh(rng, base, ["ffb25e", "ffd9a0", "c9dcf2"], 42, 0.075)
    over(base, (0.24, 0.19, 0.17), smooth(0.012, 0.006, np.abs(x - 0.31)) + 0 * y)
    base = np.stack([blur(np.ascontiguousarray(base[..., b]), height / 160) for b in range(3)], -1)
    yy = np.clip((y - 0.62) / 0.38, 0.001, 1)
    grainy = fbm(rng, height, width, 45, 5, stretch=18)
    rings = np.sin((yy**0.55 * 40) + 3 * fbm(rng, height, width, 5, 4, stretch=6)).astype(
        np.float32
    )
    wood = ramp(
        np.clip(0.5 + 0.32 * grainy + 0.16 * rings, 0, 1),
        [(0, "4a2a17"), (0.5, "8a5832"), (1, "c08a57")],
    )
    plank = np.abs(((x - 0.75) / (0.35 + 0.65 * yy) * 2.6 + 20) % 1 - 0.5)
    wood *= (0.72 + 0.5 * yy - 0.55 * smooth(0.012, 0.0, 0.5 - plank + 0 * yy))[..., None]
    over(base, wood, smooth(0.618, 0.624, y + 0 * x))
    for cx, foot, half in ((0.60, 0.80, 0.20), (1.03, 0.825, 0.19)):
        away = np.hypot((y - foot) / 0.045, (x - cx) / half)
        over(base, (0.08, 0.05, 0.03), 0.75 * smooth(1.3, 0.4, away))
    paint = shape(height, width, _MUGS)
    glaze = fbm(rng, height, width, 60, 3)
    paint[..., :3] *= (1 + 0.035 * glaze)[..., None]
    paste(base, paint)
    swirl = fbm(rng, height, width, 4, 5, stretch=0.5)
    for cx, foot in ((0.572, 0.44), (1.005, 0.49)):
        up = (foot - y).astype(np.float32)
        sway = cx + 0.07 * swirl * np.clip(up * 3, 0, 1)
        wisp = np.exp(-(((x - sway) / (0.035 + 0.10 * np.clip(up, 0, 1))) ** 2))
        add(
            base,
            (0.9, 0.92, 0.95),
            (0.38 * wisp * smooth(0, 0.05, up) * smooth(0.42, 0.1, up)).astype(np.float32),
        )
    return finish(base, edge=0.5)


def frost(rng: np.random.Generator, height: int, width: int) -> Array:
    """Frost ferns on a window with warm lights behind it."""
    y, x = grid(height, width)
    aspect = width / height
    base = ramp(y + 0.25 * x, [(0, "0d1d3a"), (0.6, "2b3660"), (1, "5b4358"), (1.3, "8a5a48")])
    _bokeh(rng, base, ["ff9d3c", "ffcf7a", "ff6f4a", "ffe6b0"], 60, 0.085)
    warp = fbm(rng, height, width, 3, 5)
    away = np.minimum(np.minimum(y, 1 - y), np.minimum(x, aspect - x)).astype(np.float32)
    cover = smooth(0.40, 0.02, away + 0.13 * warp)
    fern = np.zeros((height, width), np.float32)
    for scale, weight in ((5, 1.0), (11, 0.8), (24, 0.6)):
        vein = np.abs(fbm(rng, height, width, scale, 5, stretch=0.7))
        fern += weight * smooth(0.11, 0.0, vein)
    rime = fbm(rng, height, width, 160, 3)
    ice = np.clip(cover * (0.30 + 0.55 * fern + 0.18 * rime), 0, 1)
    lit = np.clip(0.5 + np.gradient(blur(ice, 1.5), axis=0) * height / 60, 0, 1)
    over(base, ramp(lit, [(0, "6f8fc0"), (0.5, "c4d9ee"), (1, "ffffff")]), 0.85 * ice)
    return finish(base)


def glass_waves(rng: np.random.Generator, height: int, width: int) -> Array:
    """Folded sheets of clear glass that split the light."""
    y, x = grid(height, width)
    warp = fbm(rng, height, width, 1.2, 2, stretch=2.4)
    base = np.zeros((height, width, 3), np.float32)
    fold = 5.2 * y + 1.6 * x + 1.5 * warp
    tone = 0.5 + 0.5 * np.sin(fold * 1.7)
    base += ramp(
        tone.astype(np.float32), [(0, "0a1c44"), (0.4, "2a64a8"), (0.75, "8fd0e8"), (1, "f4fbff")]
    )
    for band, shift in enumerate((0.0, 0.09, 0.18)):
        edge = np.abs(np.sin(fold * 3.1 + shift)) ** 26
        thin = np.abs(np.sin(fold * 9.3 + 2 * warp + shift * 3)) ** 60
        base[..., band] += (0.55 * edge + 0.28 * thin).astype(np.float32)
    shade = 0.85 + 0.25 * np.cos(fold * 3.1 + 0.9)
    base *= shade.astype(np.float32)[..., None]
    return finish(base)


def orb(rng: np.random.Generator, height: int, width: int) -> Array:
    """A glass ball with a winter sky in it, on a transparent ground (RGBA)."""
    y, x = grid(height, width)
    cx, radius = width / height / 2, 0.40
    ny, nx = (y - 0.47) / radius, (x - cx) / radius
    gap = np.hypot(ny, nx).astype(np.float32)
    nz = np.sqrt(np.clip(1 - gap**2, 0, 1))
    bend = fbm(rng, height, width, 3, 5)
    sight = -ny * (0.35 + 0.65 * gap**3) + 0.18 * bend * nz
    base = ramp(
        sight.astype(np.float32),
        [(-1, "dff3fb"), (-0.35, "7fbfe0"), (0.0, "f7cfae"), (0.15, "5f7fb8"), (0.9, "0d1f4c")],
    )
    snow = smooth(0.55, 0.75, np.hypot((ny - 0.75) * 0.8, nx).astype(np.float32) + 0.1 * bend)
    over(base, (0.90, 0.96, 1.0), 0.8 * (1 - snow) * nz)
    peaks = 0.08 - 0.30 * np.abs(line(rng, width, 7, 6))
    over(
        base,
        (0.30, 0.42, 0.66),
        0.85 * smooth(0, 0.01, ny - peaks[None, :]) * smooth(0.30, 0.1, ny + 0 * x),
    )
    add(base, (0.9, 0.97, 1.0), 0.75 * smooth(0.80, 1.0, gap) ** 2)
    add(base, (1.0, 0.8, 0.6), 0.55 * glow(ny, nx, 0.62, 0.35, 0.20))
    add(base, (1.0, 1.0, 1.0), 1.1 * glow(ny * 1.3, nx, -0.66, -0.42, 0.13))
    base *= (0.72 + 0.28 * nz)[..., None]
    base = finish(base, edge=0)
    ball = smooth(1.0, 1.0 - 2 / (radius * height), gap)
    shadow = 0.55 * smooth(1.25, 0.2, np.hypot((y - 0.90) / 0.055, (x - cx) / 0.42))
    over(base, (0.03, 0.06, 0.14), 1 - ball)
    alpha = np.clip(ball + shadow * (1 - ball), 0, 1)
    return np.concatenate([base, alpha[..., None]], axis=-1).astype(np.float32)
