"""The example's scenes with people and places: a street, a harbour, a skater, a silhouette. Each function
draws one picture of the given size from a seeded generator and returns RGB in 0 to 1. Nothing here opens
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
    halo,
    line,
    over,
    paste,
    ramp,
    shape,
    smooth,
)

_FACE = (
    "M700 1000 C700 900 690 880 640 868 C585 872 560 850 566 806 C572 792 556 782 562 764 "
    "C548 752 566 738 560 724 C548 708 512 706 518 684 C528 650 560 620 566 578 "
    "C568 540 552 520 566 470 C590 360 680 296 800 300 C940 304 1016 400 1010 520 "
    "C1006 620 960 680 950 740 C944 800 980 850 1100 880 C1200 905 1260 950 1280 1000 Z"
)


def silhouette(rng: np.random.Generator, height: int, width: int) -> Array:
    """An invented face in profile, filled with northern lights."""
    y, x = grid(height, width)
    base = ramp(
        0.55 * y + 0.35 * x, [(0, "f6e7e4"), (0.35, "d5dcec"), (0.7, "9fb4d8"), (1, "6f86b8")]
    )
    shard = fbm(rng, height, width, 1, 1)
    streak = np.abs(np.sin(6 * (x * 0.8 + y * 0.6) + 0.5 * shard)) ** 8
    add(base, (0.16, 0.15, 0.16), streak.astype(np.float32))
    mask = shape(height, width, f'<path d="{_FACE}" fill="#000"/>')[..., 3]
    add(base, (-0.35, -0.30, -0.20), blur(mask, height / 40) * (1 - mask))
    warp = fbm(rng, height, width, 1.6, 3, stretch=0.7)
    inner = ramp(
        y + 0.10 * warp, [(0.2, "061026"), (0.5, "0e2f5c"), (0.8, "2a3f86"), (1, "0a1230")]
    )
    for turn, colour in (
        (0.0, (0.15, 0.9, 0.6)),
        (1.3, (0.45, 0.3, 0.95)),
        (2.4, (0.95, 0.35, 0.6)),
    ):
        veil = np.exp(-((np.sin(4.5 * x - 2.6 * y + 2.6 * warp + turn) / 0.30) ** 2))
        add(inner, colour, (0.55 * veil).astype(np.float32))
    dots = (rng.uniform(0, 1, (height, width)) > 0.9997).astype(np.float32)
    add(inner, (1.0, 1.0, 1.0), np.clip(blur(dots, 1.1) * 6, 0, 1))
    rim = np.clip(blur(1 - mask, height / 110), 0, 1) * mask
    add(inner, (0.9, 0.75, 0.7), 0.75 * rim)
    over(base, inner, mask)
    return finish(base, edge=0.35)


def _walls(rng: np.random.Generator, base: Array, y: Array, x: Array, vy: float, vx: float) -> None:
    table = rng.uniform(0, 1, (64, 64, 64)).astype(np.float32)
    rough = fbm(rng, *base.shape[:2], 40, 4)
    for side in (-1, 1):
        gap = np.clip((x - vx) * side, 0.004, None)
        far = 0.55 / gap
        block = np.floor(far * 0.62 + (0.3 if side > 0 else 0)).astype(np.intp) % 64
        level = (vy - y) * far
        tall = 0.55 + 0.75 * table[7 + side, 3, block]
        wall = (
            smooth(0, 0.012, tall - level)
            * smooth(-0.175, -0.165, level)
            * ((x - vx) * side > 0.004)
        )
        across, up = far * 7.0, level * 9.0
        iu, iv = np.floor(across).astype(np.intp) % 64, np.floor(up).astype(np.intp) % 64
        pane_x, pane_y = across % 1, up % 1
        pane = smooth(0.22, 0.28, pane_x) * smooth(0.80, 0.74, pane_x)
        pane = pane * smooth(0.22, 0.28, pane_y) * smooth(0.86, 0.80, pane_y) * (level > 0.02)
        lamp = table[iu, iv, block]
        hue = table[2, 5, block]
        face = ramp(hue + 0 * level, [(0, "2b2538"), (0.5, "3d3040"), (1, "4a3a3c")])
        face *= (0.95 + 0.18 * rough + 0.35 * smooth(0.35, -0.15, level))[..., None]
        glass = ramp(
            lamp,
            [(0, "1a2036"), (0.52, "28304a"), (0.56, "ffb45e"), (0.8, "ffd28a"), (1, "fff0c8")],
        )
        over(face, glass, pane.astype(np.float32))
        shop = smooth(-0.15, -0.13, level) * smooth(0.0, -0.02, level) * (pane_x > 0.12)
        over(face, (1.0, 0.74, 0.42), 0.75 * shop.astype(np.float32) * (table[iu, 1, block] > 0.35))
        mist = np.clip(far / 14, 0, 0.85)
        over(face, (0.86, 0.58, 0.48), mist.astype(np.float32))
        over(base, face, wall.astype(np.float32))


def street(rng: np.random.Generator, height: int, width: int) -> Array:
    """A wet city street at dusk with lit windows, lamps and walkers."""
    y, x = grid(height, width)
    vy, vx = 0.56, 0.78
    base = ramp(
        y + 0 * x,
        [(0, "1b2450"), (0.25, "4a4a80"), (0.45, "c9747a"), (0.56, "ffb98a"), (1, "ffb98a")],
    )
    cloud = fbm(rng, height, width, 3, 5, stretch=3)
    over(base, (0.95, 0.55, 0.50), 0.5 * smooth(0.1, 0.8, cloud) * smooth(0.0, 0.5, y))
    add(base, (1.0, 0.6, 0.35), 0.45 * glow(y, x, vy, vx, 0.14))
    _walls(rng, base, y, x, vy, vx)
    for step in range(1, 8):
        near = 0.85 / step
        for side in (-1, 1):
            cx, top, foot = vx + side * 0.46 * near, vy - 0.30 * near, vy + 0.155 * near
            half = 0.0032 * near
            post = smooth(half + 1 / height, half, np.abs(x - cx)) * smooth(top, top + 0.002, y)
            over(base, (0.07, 0.06, 0.09), post * smooth(foot + 0.002, foot, y))
            halo(base, (0.85, 0.60, 0.32), top, cx, 0.020 * near + 0.002)
            halo(base, (0.24, 0.135, 0.06), top, cx, 0.085 * near)
    crowd = []
    for _ in range(26):
        near = rng.uniform(0.12, 0.62)
        cx, foot = (
            1000 * (vx + rng.choice([-1, 1]) * rng.uniform(0.20, 0.42) * near),
            1000 * (vy + 0.165 * near),
        )
        tall = 175 * near * rng.uniform(0.9, 1.1)
        crowd.append(
            f'<g transform="translate({cx:.1f} {foot:.1f}) scale({tall / 100:.3f})"><circle cy="-92" r="7"/>'
            '<path d="M-11 -80 Q0 -88 11 -80 L13 -40 L8 -40 L7 0 L2 0 L0 -36 '
            'L-4 0 L-9 0 L-8 -40 L-13 -42Z"/></g>'
        )
    paste(base, shape(height, width, f'<g fill="#15121d">{"".join(crowd)}</g>'))
    yy = np.clip(y - vy, 0.002, None)
    inside = smooth(0.0, 0.010, 0.30 * yy / 0.115 - np.abs(x - vx)) * (y > vy + 0.004)
    rows = np.clip((2 * vy - y[:, 0] + 0.01) * height, 0, height - 1).astype(np.intp)
    ripple = (fbm(rng, height, width, 60, 4, stretch=4) * 16 * np.clip(yy * 4, 0.1, 1)).astype(
        np.intp
    )
    columns = np.clip(np.arange(width)[None, :] + ripple, 0, width - 1)
    wet = base[rows[:, None], columns]
    wet = np.stack([blur(np.ascontiguousarray(wet[..., b]), height / 260) for b in range(3)], -1)
    stone = fbm(rng, height, width, 110, 3, stretch=2.2)
    road = wet * np.float32(0.66) * (0.85 + 0.25 * stone)[..., None] + np.float32(0.02)
    over(base, road, inside.astype(np.float32))
    return finish(base, edge=0.4)


def harbour(rng: np.random.Generator, height: int, width: int) -> Array:
    """Painted wooden houses with snowy roofs on a quay, mirrored in still water."""
    y, x = grid(height, width)
    base = ramp(y + 0 * x, [(0, "9db8cf"), (0.35, "cfd8df"), (0.6, "efe3d6"), (1, "ffffff")])
    cloud = fbm(rng, height, width, 2.5, 6, stretch=3)
    over(base, (0.97, 0.96, 0.96), 0.7 * smooth(-0.1, 0.8, cloud) * smooth(0.55, 0.2, y))
    hill = 0.36 - 0.10 * line(rng, width, 2, 6)
    over(base, (0.66, 0.72, 0.79), smooth(0, 0.004, y - hill[None, :]))
    woods = smooth(0.0, 0.4, fbm(rng, height, width, 30, 5)) * smooth(0.02, 0.2, y - hill[None, :])
    over(base, (0.40, 0.48, 0.54), 0.5 * woods.astype(np.float32))
    parts, left = [], -30.0
    paints = [
        "a5382f",
        "d9a441",
        "e9e2d2",
        "3f6b7d",
        "b5562f",
        "6d7f5a",
        "8c2f2a",
        "c9c3b5",
        "d98c4a",
    ]
    while left < 1530:
        wide, tall = rng.uniform(105, 165), rng.uniform(150, 235)
        top, paint = 620 - tall, paints[len(parts) % len(paints)]
        mid, peak = left + wide / 2, 620 - tall - wide * 0.52
        parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="#{paint}"/>'
            f'<polygon points="{left:.1f},{top:.1f} {mid:.1f},{peak:.1f} {left + wide:.1f},{top:.1f}" '
            f'fill="#{paint}"/><path d="M{left - 7:.1f} {top + 3:.1f} L{mid:.1f} {peak - 6:.1f} '
            f'L{left + wide + 7:.1f} {top + 3:.1f}" stroke="#f3f6fa" stroke-width="15" fill="none"/>'
        )
        for row in range(int(tall // 62)):
            for column in range(3):
                wx, wy = left + wide * (0.14 + 0.28 * column), top + 16 + 58 * row
                pane = "#ffd58a" if rng.uniform() > 0.62 else "#2c3a48"
                parts.append(
                    f'<rect x="{wx:.1f}" y="{wy:.1f}" width="{wide * 0.17:.1f}" height="33" fill="{pane}" '
                    'stroke="#f4f1ea" stroke-width="4"/>'
                )
        left += wide + rng.uniform(0, 10)
    paint = shape(height, width, "".join(parts))
    planks = np.sin(y * height / 7.0) * 0.03 + 0.05 * fbm(rng, height, width, 50, 4, stretch=4)
    paint[..., :3] *= (1 + planks)[..., None].astype(np.float32)
    paste(base, paint)
    over(base, (0.93, 0.95, 0.97), smooth(0.612, 0.618, y + 0.004 * cloud))
    over(base, (0.27, 0.23, 0.21), smooth(0.634, 0.637, y + 0 * x))
    shore = round(0.665 * height)
    wave = fbm(rng, height - shore, width, 34, 5, stretch=8)
    rows = (2 * shore - np.arange(shore, height) - 1)[:, None] + (wave * 0.011 * height).astype(
        np.intp
    )
    water = base[np.clip(rows, 0, shore - 1), np.arange(width)[None, :]]
    water = water * np.array([0.62, 0.68, 0.74], np.float32) + np.array(
        [0.03, 0.06, 0.08], np.float32
    )
    add(water, (0.6, 0.65, 0.7), 0.14 * smooth(0.25, 0.8, wave))
    base[shore:] = water
    return finish(base)


_SKATER = (
    '<g fill="#1a1326" stroke="#1a1326" stroke-linecap="round" stroke-linejoin="round">'
    '<circle cx="672" cy="392" r="25"/><path d="M652 430 Q700 415 712 455 L716 545 L668 552 L640 480 Z"/>'
    '<path d="M655 450 L590 492 L528 470" stroke-width="20" fill="none"/>'
    '<path d="M705 450 L770 420 L826 438" stroke-width="20" fill="none"/>'
    '<path d="M682 545 L652 625 L668 716" stroke-width="30" fill="none"/>'
    '<path d="M700 545 L778 590 L872 566" stroke-width="28" fill="none"/>'
    '<path d="M640 732 L704 732 M878 548 L902 596" stroke-width="9" fill="none"/>'
    '<path d="M650 398 Q610 402 570 384 Q606 420 652 418Z"/></g>'
)


def skater(rng: np.random.Generator, height: int, width: int) -> Array:
    """A skater on a frozen lake against the evening sun."""
    y, x = grid(height, width)
    base = ramp(
        y + 0 * x,
        [(0, "2d2a5e"), (0.25, "8c4a7c"), (0.45, "ef8a6a"), (0.58, "ffd08a"), (1, "ffd08a")],
    )
    cloud = fbm(rng, height, width, 3, 6, stretch=5)
    over(base, (0.98, 0.55, 0.45), 0.6 * smooth(0.05, 0.8, cloud) * smooth(0.6, 0.1, y))
    add(base, (1.0, 0.75, 0.4), 0.45 * glow(y, x, 0.50, 0.78, 0.16))
    over(base, (2.0, 1.9, 1.5), smooth(0.085, 0.080, np.hypot(y - 0.50, x - 0.78)))
    crest = 0.585 - 0.035 * np.abs(line(rng, width, 4, 7))
    over(base, (0.30, 0.16, 0.28), smooth(0, 2 / height, y - crest[None, :]))
    shore = round(0.6 * height)
    yy = (y[shore:] - 0.6) / 0.4
    rough = fbm(rng, height - shore, width, 30, 5, stretch=6)
    ice = ramp(yy + 0.05 * rough, [(0, "f9b27c"), (0.3, "c77a86"), (0.7, "6b5590"), (1, "3a3a74")])
    shine = np.exp(-(((x - 0.78 + 0.02 * rough) / (0.07 + 0.12 * yy)) ** 2)) * (1 - 0.6 * yy)
    add(ice, (0.9, 0.6, 0.3), (0.6 * shine * (0.8 + 0.4 * rough)).astype(np.float32))
    for _ in range(16):
        level, bow = rng.uniform(0.1, 1.0), rng.uniform(-0.25, 0.25)
        arc = level + bow * (x - rng.uniform(0.2, 1.3)) ** 2
        add(ice, (0.8, 0.75, 0.8), (0.22 * np.exp(-(((yy - arc) / 0.006) ** 2))).astype(np.float32))
    base[shore:] = ice
    figure = shape(height, width, _SKATER)
    foot = round(0.738 * height)
    span = height - foot
    mirror = figure[foot - span : foot][::-1]
    soft = blur(np.ascontiguousarray(mirror[..., 3]), height / 250)
    over(base[foot:], (0.16, 0.10, 0.22), 0.6 * soft * smooth(1.0, 0.2, (y[foot:] - 0.738) / 0.3))
    paste(base, figure)
    return finish(base, edge=0.4)
