"""Broken pictures made from whole ones: cut, with flipped bits, with lies in their headers, spliced.

Everything comes from one seed, so that a number names one file for ever.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from media_samples import CONTAINERS, SUFFIX, picture

from publisher.media import vips

_DIMENSIONS = (0, 1, 255, 65_500, 65_535, 0x7FFFFFFF, 0xFFFFFFFF)


def shared_images() -> Path | None:
    """The folder of public test images, when it is there: SHARED_DATA, or beside the checkout."""
    beside = Path(__file__).resolve().parents[4] / "shared" / "data"
    folder = Path(os.environ.get("SHARED_DATA", beside)) / "images"
    return folder if folder.is_dir() else None


def seeds(folder: Path) -> list[Path]:
    """Whole files to break: every container in several kinds, and the public images when they are there."""
    library = vips.load()
    made = [picture(folder / f"{kind}{SUFFIX[kind]}", 120, 90, noise=12) for kind in CONTAINERS]
    base = library.Image.new_from_file(str(made[1]))
    deep = folder / "deep.png"
    base.colourspace("rgb16").write_to_file(str(deep))
    clear = folder / "clear.png"
    base.bandjoin(base[0]).write_to_file(str(clear), interlace=True)
    progressive = folder / "progressive.jpg"
    base.write_to_file(str(progressive), interlace=True)
    packed = folder / "packed.tif"
    base.write_to_file(str(packed), compression="lzw", tile=True, tile_width=64, tile_height=64)
    public = shared_images()
    more = sorted(public.iterdir()) if public is not None else []
    return [*made, deep, clear, progressive, packed, *more]


def mutated(files: Sequence[Path], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """``count`` broken files: a name that tells how it was broken, and the bytes."""
    chance = random.Random(seed)
    whole = {path: path.read_bytes() for path in files}
    for number in range(count):
        path = files[number % len(files)]
        kind = _KINDS[number // len(files) % len(_KINDS)]
        data = kind(chance, whole[path], whole[chance.choice(files)])
        yield f"{number:05}-{kind.__name__.strip('_')}{path.suffix}", data


def _cut(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _flip(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    found = bytearray(data)
    for _ in range(chance.choice((1, 4, 40))):
        found[chance.randrange(len(found))] ^= 1 << chance.randrange(8)
    return bytes(found)


def _lie(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    """A wrong number among the first bytes, in either order."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 2, 3))):
        value, width = chance.choice(_DIMENSIONS), chance.choice((2, 4))
        at = chance.randrange(max(min(len(found), 300) - width, 1))
        order = chance.choice(("big", "little"))
        found[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, order)
    return bytes(found[: len(data)])


def _noise(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    at = chance.randrange(len(data))
    length = chance.choice((1, 16, 400))
    return data[:at] + chance.randbytes(length) + data[at + length :]


def _splice(chance: random.Random, data: bytes, other: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


_KINDS = (_cut, _flip, _lie, _noise, _splice)
