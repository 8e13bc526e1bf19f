"""A project of a few works by hand, with one account at a site that has a replica."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyvips

WORDS = ["glass", "dunes", "winter", "abstract", "blue", "frozen", "dawn", "light", "calm", "wave"]


def write_project(folder: Path, *channels: str, works: int) -> Path:
    """The project's folder, with an account called like each channel."""
    (folder / "masters").mkdir(parents=True)
    grain = np.random.default_rng(1).normal(120, 14, (1400, 2000, 3)).clip(0, 255)
    picture = pyvips.Image.new_from_array(grain.astype(np.uint8)).copy(interpretation="srgb")
    picture.jpegsave(str(folder / "masters" / "one.jpg"), Q=90)
    nothing = dict.fromkeys(("people", "property", "places", "brands"), "none")
    assets = [
        {
            "id": f"a{n:03d}",
            "file": "masters/one.jpg",
            "title": f"Frozen glass dunes at dawn, {n}",
            "description": "Abstract dunes of blue glass under a low winter sun",
            "keywords": WORDS,
            "creator": "Ana Vidal",
            "copyright": "© 2026 Ana Vidal",
            "style": "photo",
            "depicts": {**nothing, "text": False, "news_event": False},
            "mature": False,
            "categories": ["abstract", "nature"],
            "provenance": {"class": "human"},
            "created": "2026-05-01",
        }
        for n in range(1, works + 1)
    ]
    lines = ['manifests = ["release.json"]']
    for name in channels:
        lines += [f"[accounts.{name}]", f'channel = "{name}"', "variants_per_motif = 1000"]
    (folder / "publisher.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    document = {"release": "winter-glass", "assets": assets}
    (folder / "release.json").write_text(json.dumps(document), encoding="utf-8")
    return folder
