"""Pictures made on the spot and the requests that the tests share. Nothing is stored in the repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from publisher.listing import Metadata, Recipe, RenditionRequest
from publisher.manifest.item import Master
from publisher.manifest.model import ProvenanceClass
from publisher.media import vips

SUFFIX = {"jpeg": ".jpg", "png": ".png", "tiff": ".tif", "webp": ".webp"}
CONTAINERS = tuple(SUFFIX)

AWKWARD = Metadata(
    title='Dünen & "Glas" <Ⅻ> 冬の砂丘 🌊 שלום',
    description="Zeile eins\nZeile zwei: naïve façade — " + "写真 " * 300,
    keywords=tuple(f"Schlüssel{n} & <k{n}>" if n % 7 else f"雪{n}🌨" for n in range(49)),
    creator="Ana Víðal-Þórsdóttir av mycket långt namn",
    copyright="© 2026 Ana Vídal",
    credit="Vidal & Søn",
    date_created="2026-01-05T07:30:00+01:00",
    country="SE",
    provenance=ProvenanceClass.AI_GENERATED,
    ai_system='Generator "X" & Co',
    ai_system_version="7.1",
    ai_prompt="frozen <glass> dunes & dawn, ultra-detailed 🌅",
    ai_prompt_writer="Ana Vídal",
    extra_xmp=(
        ("xmpRights:WebStatement", "https://example.com/rights?a=1&b=2"),
        ("plus:DataMining", "DMI-PROHIBITED"),
        ("plus:Licensor/plus:LicensorURL", "https://example.com/licence"),
        ("plus:Licensor/plus:LicensorName", "Ana & Co"),
        ("photoshop:Headline", "Überschrift"),
    ),
)


def picture(
    path: Path, width: int = 64, height: int = 48, *, noise: float = 0.0, **save: Any
) -> Path:
    """A colourful picture, the format by the suffix; ``noise`` makes it large."""
    library = vips.load()
    ramp = library.Image.xyz(width, height)
    x, y = ramp[0] * (255 / max(width - 1, 1)), ramp[1] * (255 / max(height - 1, 1))
    image = x.bandjoin([y, (x + y) / 2])
    if noise:
        image = image + library.Image.gaussnoise(width, height, sigma=noise, seed=7)
    image = image.cast("uchar").copy(interpretation="srgb")
    image.write_to_file(str(path), **save)
    return path


def pixels(path: Path) -> bytes:
    """The decoded samples of a file."""
    return bytes(vips.load().Image.new_from_file(str(path)).write_to_memory())


def exiftool(path: Path, *options: str) -> dict[str, Any]:
    """What an independent reader finds, by group and tag."""
    command = [
        "exiftool",
        "-j",
        "-G1",
        "-struct",
        "-u",
        "-charset",
        "iptc=utf8",
        *options,
        str(path),
    ]
    output = subprocess.run(command, capture_output=True, check=True).stdout
    found: dict[str, Any] = json.loads(output)[0]
    return found


def wanted(master: Master, metadata: Metadata | None = None, **recipe: Any) -> RenditionRequest:
    """A request for one rendition."""
    return RenditionRequest(
        "image", "glass-001.jpg", master, Recipe(**recipe), metadata or Metadata()
    )
