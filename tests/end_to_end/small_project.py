"""The items and accounts of the tests' project: masters with grain, and a manifest as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pyvips

HUMAN, AI = ("photo-1", "photo-2", "photo-3"), ("ai-1", "ai-2", "ai-3")
PACK = "small-pack"
EVERY = {
    "adobe-stock": (*HUMAN, *AI),
    "dreamstime": (*HUMAN, *AI),
    "shutterstock": HUMAN,
    "alamy": ("photo-1", "photo-2"),
    "vecteezy": HUMAN,
    "bundles": (PACK,),
    "handoff": (*HUMAN, *AI, PACK),
}
"""Every account of the whole project (SFTP, FTP, FTPS, FTP, SFTP with CSV, S3, folder) and what may go there.

photo-3 is too small for Alamy and is held there.
"""


def grain(path: Path, seed: int, width: int = 2500, height: int = 2000) -> Path:
    """A soft gradient with grain and a motif of its own, as a JPEG or PNG by its suffix."""
    chance = numpy.random.default_rng(seed)
    slope = numpy.linspace(20, 200, width)[None, :] + numpy.linspace(0, 40, height)[:, None]
    noise = chance.integers(-5, 6, size=(height, width, 3))
    # Pictures with one and the same gradient would count as variants of one motif.
    tiles = numpy.kron(
        chance.integers(-60, 61, size=(10, 10)), numpy.ones((height // 10, width // 10))
    )
    tiles = numpy.pad(tiles, ((0, height - tiles.shape[0]), (0, width - tiles.shape[1])), "edge")
    pixels = (slope[:, :, None] + tiles[:, :, None] + noise + seed % 7).clip(0, 255).astype("uint8")
    image = pyvips.Image.new_from_array(pixels)
    options = {"Q": 88} if path.suffix == ".jpg" else {"compression": 1}
    image.copy(interpretation="srgb").write_to_file(str(path), **options)
    return path


def masters(folder: Path) -> Path:
    """The masters of all items: photographs as JPEG, the others as PNG."""
    folder.mkdir(parents=True)
    for number, name in enumerate((*HUMAN, *AI)):
        width = 3000 if name in EVERY["alamy"] else 2500
        grain(folder / f"{name}{'.jpg' if name in HUMAN else '.png'}", 7 + number, width)
    return folder


def manifest(items: Sequence[str] = (*HUMAN, *AI), *, pack: bool = True) -> dict[str, Any]:
    """A manifest as plain data; JSON is one of the formats."""
    number = {name: n for n, name in enumerate((*HUMAN, *AI), start=1)}
    data: dict[str, Any] = {
        "release": "small-things",
        "defaults": {
            "creator": "Ana Vidal",
            "copyright": "© 2026 Ana Vidal",
            "depicts": {
                "people": "none",
                "property": "none",
                "places": "none",
                "brands": "none",
                "text": False,
                "news_event": False,
            },
            "offer": {
                "currency": "EUR",
                "variants": [{"id": "standard", "title": "Standard licence", "price": "19.00"}],
            },
        },
        "assets": [asset(name, number[name]) for name in items],
    }
    if pack:
        data["bundles"] = [
            {
                "id": PACK,
                "title": "Small things, three wallpapers",
                "description": "Three soft gradients with grain in full size",
                "keywords": ["abstract", "background", "gradient", "wallpaper", "soft"],
                "assets": list(AI),
                "content": "masters",
                "offer": {
                    "currency": "EUR",
                    "variants": [{"id": "pack", "title": "All files", "price": "29.00"}],
                },
            }
        ]
    return data


GENERATED = {
    "class": "ai-generated",
    "system": "Midjourney",
    "version": "7",
    "plan": "pro",
    "rights": "commercial",
}
_WORDS = "abstract background gradient grain grey light soft calm minimal texture wallpaper shade"


def asset(name: str, number: int) -> dict[str, Any]:
    """One asset of the manifest."""
    human = name in HUMAN
    return {
        "id": name,
        "file": f"masters/{name}{'.jpg' if human else '.png'}",
        "title": f"Soft gradient with grain in gentle light number {number}",
        "description": f"A soft abstract gradient with fine film grain in gentle light, sheet {number} of six",
        "keywords": _WORDS.split(),
        "categories": ["abstract"],
        "style": "photo" if human else "illustration",
        "provenance": {"class": "human"} if human else GENERATED,
    }
