"""Draws the masters of the example release into ``masters/``: PNG, JPEG, TIFF and WebP of 4 to 24 megapixels.

Every picture comes from its own seed; the same versions of numpy and libvips give the same bytes. A master
that is there with its recorded size is left alone. Nothing is downloaded and nothing outside ``masters/``
is written.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

# One thread per library and one process per core; more only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("VIPS_CONCURRENCY", "1")

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import numpy as np  # noqa: E402
import pyvips  # noqa: E402
import scenes_close as close  # noqa: E402
import scenes_land as land  # noqa: E402
import scenes_people as people  # noqa: E402
from brush import Array, grain  # noqa: E402

EDITION = 1
"""Part of what is recorded per master: raise it when a scene changes, and every master is drawn again."""

PARAMETERS = (
    "macro photograph of snow crystals, deep blue background, soft lights\n"
    "Negative prompt: text, watermark\n"
    "Steps: 30, Sampler: DPM++ 2M, CFG scale: 6.5, Seed: 730112, Size: 1536x1024, "
    "Model: private-winter-mix"
)
"""What a local generator leaves in a PNG. It is private: no rendition may carry it."""


@dataclass(frozen=True)
class Plate:
    """One master: file name, scene, size in pixels, and what is special about the file."""

    name: str
    draw: Callable[[np.random.Generator, int, int], Array]
    width: int = 3072
    height: int = 2048
    grain: float = 0.012
    scale: float = 1.5
    """The scene is drawn smaller by this factor and enlarged; grain is laid on at full size."""
    sixteen: bool = False
    orientation: int = 1
    parameters: str = ""
    profile: str = ""


PLATES: tuple[Plate, ...] = (
    Plate("glass-001.png", land.glass_dunes),
    Plate("glass-002.jpg", land.aurora_lake, 3240, 2160),
    Plate("glass-003.png", close.crystals, parameters=PARAMETERS),
    Plate("glass-004.jpg", close.mugs, 3600, 2400),
    Plate("glass-005.jpg", people.street),
    Plate("glass-006.webp", people.silhouette),
    Plate("glass-007.tif", land.mountains, 6000, 4000, grain=0.012, scale=3.0),
    Plate("glass-008.tif", land.ice_floes, grain=0.010, sixteen=True),
    Plate("glass-009.png", close.orb, 3000, 3000),
    Plate("glass-010.jpg", land.birches, 2160, 3240, orientation=6),
    Plate("glass-011.jpg", land.cabin),
    Plate("glass-012.jpg", close.frost, 3300, 2200, profile="p3"),
    Plate("glass-013.jpg", people.skater, 3600, 2400),
    Plate("glass-014.png", land.lantern_path),
    Plate("glass-015.webp", close.glass_waves, 2496, 1664),
    Plate("glass-016.jpg", people.harbour, 4200, 2800, scale=2.0),
)


def picture(plate: Plate) -> pyvips.Image:
    """The picture of a plate, upright, as 8 or 16 bits per channel."""
    rng = np.random.default_rng([EDITION, *plate.name.encode()])
    drawn = plate.draw(rng, round(plate.height / plate.scale), round(plate.width / plate.scale))
    small = pyvips.Image.new_from_array(np.ascontiguousarray(drawn))
    large = small.resize(
        plate.width / small.width, vscale=plate.height / small.height, kernel="lanczos3"
    )
    values = np.array(large.numpy(), dtype=np.float32)[: plate.height, : plate.width]
    grain(values, rng, plate.grain)
    if plate.sixteen:
        deep = pyvips.Image.new_from_array((values * 65535 + 0.5).astype(np.uint16))
        return deep.copy(interpretation="rgb16")
    flat = pyvips.Image.new_from_array((values * 255 + 0.5).astype(np.uint8))
    return flat.copy(interpretation="srgb")


def encode(plate: Plate, image: pyvips.Image) -> bytes:
    """The bytes of the file; the file name's ending says which format."""
    if plate.orientation == 6:
        image = image.rot270().copy()
        image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    if plate.profile:
        image = image.icc_transform(plate.profile, input_profile="srgb")
    if plate.parameters:
        image = image.copy()
        image.set_type(pyvips.GValue.gstr_type, "png-comment-0-parameters", plate.parameters)
    ending = Path(plate.name).suffix
    if ending == ".png":
        return bytes(image.pngsave_buffer(compression=2, filter="sub"))
    if ending == ".tif":
        return bytes(image.tiffsave_buffer(compression="lzw", predictor="horizontal"))
    if ending == ".webp":
        return bytes(image.webpsave_buffer(Q=92, effort=2))
    return bytes(image.jpegsave_buffer(Q=96, subsample_mode="off"))


def render(plate: Plate, folder: Path) -> tuple[str, int, float]:
    """Draw one master and put it in place with a rename. Returns name, bytes and seconds."""
    started = time.monotonic()
    pyvips.cache_set_max(0)
    data = encode(plate, picture(plate))
    part = folder / f".{plate.name}.part"
    part.write_bytes(data)
    part.replace(folder / plate.name)
    return plate.name, len(data), time.monotonic() - started


def missing(folder: Path, record: dict[str, list[int]]) -> list[Plate]:
    """The plates whose file is absent, has another size, or is of another edition."""
    due = []
    for plate in PLATES:
        path = folder / plate.name
        size = path.stat().st_size if path.is_file() else -1
        if record.get(plate.name) != [EDITION, size]:
            due.append(plate)
    return due


def draw_all(folder: Path, workers: int) -> int:
    """Draw what is missing; the largest pictures first. Returns how many were drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = folder / ".drawn.json"
    try:
        record: dict[str, list[int]] = json.loads(ledger.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = {}
    due = sorted(missing(folder, record), key=lambda p: -p.width * p.height / p.scale**2)
    if not due:
        return 0
    with ProcessPoolExecutor(max_workers=workers) as pool:
        jobs = [pool.submit(render, plate, folder) for plate in due]
        for job in as_completed(jobs):
            name, size, seconds = job.result()
            record[name] = [EDITION, size]
            print(f"{name:18} {size / 1e6:6.1f} MB {seconds:5.1f} s", flush=True)
    part = ledger.with_suffix(".part")
    part.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(ledger)
    return len(due)


def main() -> None:
    """Draw the masters, or list their names."""
    parser = argparse.ArgumentParser(description="Draw the masters of the example release.")
    parser.add_argument("--list", action="store_true", help="print the names and draw nothing")
    parser.add_argument("--folder", type=Path, default=HERE / "masters")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1))
    options = parser.parse_args()
    if options.list:
        print("\n".join(plate.name for plate in PLATES))
        return
    started = time.monotonic()
    count = draw_all(options.folder, options.workers)
    if count:
        print(f"{count} masters drawn in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
