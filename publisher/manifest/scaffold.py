"""Makes a new project folder that can be checked and planned at once, with two pictures of its own.

The files come from the package ``templates``, which also decides which accounts a new project has. It never
overwrites anything.
"""

from __future__ import annotations

import json
import math
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

from publisher.errors import ConfigError
from publisher.manifest.schema import json_schema

_TEXTS = {
    "publisher.toml": "publisher.toml",
    "release.yaml": "release.yaml",
    "README.md": "README.md",
    "env": ".env",
    "gitignore": ".gitignore",
}
_SCHEMA = "manifest.schema.json"
_Color = tuple[int, int, int]
_PICTURES: dict[str, tuple[int, _Color, _Color]] = {
    "masters/dunes-001.png": (11, (18, 40, 92), (120, 176, 224)),
    "masters/dunes-002.png": (23, (104, 44, 22), (232, 170, 92)),
}
WIDTH, HEIGHT = 2560, 1707
"""Size of the example pictures in pixels: above the four megapixels that agencies ask for."""


def scaffold(folder: Path, release: str | None = None) -> list[Path]:
    """Write a new project into ``folder`` and return the written files.

    With ``release``, the text of a manifest, that one is written instead of the example and its pictures.
    Raises ConfigError, before anything is written, when a file is already there; ``problems`` lists them.
    """
    name = folder.absolute().name.encode(errors="replace").decode()
    writers: dict[str, Callable[[Path], None]] = {
        target: _text_writer(source, name) for source, target in _TEXTS.items()
    }
    writers[_SCHEMA] = _write_schema
    if release is None:
        writers |= {name: _picture_writer(*look) for name, look in _PICTURES.items()}
    else:
        writers["release.yaml"] = _plain_writer(release)
    present = tuple(
        name for name in writers if (folder / name).is_symlink() or (folder / name).exists()
    )
    if present:
        raise ConfigError(
            f"{folder} already holds {len(present)} of the files of a new project",
            remedy="Choose an empty folder, or move these files away.",
            problems=tuple(f"{name}: is already there" for name in present),
        )
    written: list[Path] = []
    try:
        (folder if release is not None else folder / "masters").mkdir(parents=True, exist_ok=True)
        for name, write in writers.items():
            write(folder / name)
            written.append(folder / name)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigError(f"the project cannot be written to {folder}: {reason}") from error
    return written


def _text_writer(source: str, name: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        text = files("templates").joinpath("project", source).read_text(encoding="utf-8")
        # A JSON string is a valid TOML basic string, whatever the folder is called.
        text = text.replace("{{name}}", json.dumps(name, ensure_ascii=False)).replace(
            "{{title}}", name
        )
        path.touch(mode=0o600 if path.name == ".env" else 0o644, exist_ok=False)
        path.write_text(text, encoding="utf-8", newline="\n")

    return write


def _plain_writer(text: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)

    return write


def _write_schema(path: Path) -> None:
    text = json.dumps(json_schema(), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _picture_writer(seed: int, dark: _Color, light: _Color) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(example_png(seed, dark, light))

    return write


def example_png(seed: int, dark: _Color, light: _Color) -> bytes:
    """A seeded picture of soft dunes, 8-bit RGB, as PNG bytes. The same seed gives the same bytes."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(6)
    data = b"".join(packer.compress(b"\x00" + row) for row in _rows(seed, dark, light))
    data += packer.flush()
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"sRGB", b"\x00"),
            _chunk(b"IDAT", data),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _rows(seed: int, dark: _Color, light: _Color) -> Iterator[bytes]:
    """Rows of RGB bytes. A few noisy rows are shifted and brightened, which is fast and packs well."""
    chance = random.Random(seed)  # noqa: S311 - a picture, not a secret
    phases = [chance.uniform(0, 2 * math.pi) for _ in range(4)]
    bases = [_base_row(chance, phases, dark, light) for _ in range(3)]
    for y in range(HEIGHT):
        depth = y / HEIGHT
        sway = 0.5 + 0.3 * math.sin(5 * depth + phases[0]) + 0.2 * math.sin(13 * depth + phases[1])
        shift = 3 * int(sway * WIDTH * 0.4)
        lift = int(26 * math.sin(math.pi * (1 - depth)) - 22 * depth)
        table = bytes(min(255, max(0, v + lift)) for v in range(256))
        row = bases[y % len(bases)]
        yield (row[shift:] + row[:shift]).translate(table)


def _base_row(chance: random.Random, phases: list[float], dark: _Color, light: _Color) -> bytes:
    row = bytearray()
    for x in range(WIDTH):
        turn = 2 * math.pi * x / WIDTH
        wave = 0.5 + 0.3 * math.sin(turn + phases[2]) + 0.2 * math.sin(3 * turn + phases[3])
        grain = chance.randint(-2, 2)
        for low, high in zip(dark, light, strict=True):
            row.append(min(255, max(0, round(low + (high - low) * wave) + grain)))
    return bytes(row)
