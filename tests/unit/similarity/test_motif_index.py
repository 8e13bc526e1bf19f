"""Likeness of real pictures, and the index that remembers it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from publisher.manifest.item import Master
from publisher.media import vips
from publisher.media.index import MasterIndex
from publisher.media.motif_index import MotifIndex
from publisher.similarity import Likeness, alike

WIDTH, HEIGHT = 900, 600


def motif(seed: int):
    """Soft tiles with grain: every seed is another picture."""
    chance = numpy.random.default_rng(seed)
    tiles = numpy.kron(chance.integers(20, 235, (6, 9, 3)), numpy.ones((100, 100, 1)))
    pixels = (tiles + chance.normal(0, 4, tiles.shape)).clip(0, 255).astype("uint8")
    image = vips.load().Image.new_from_array(pixels).copy(interpretation="srgb")
    return image.gaussblur(12).copy_memory()


VARIANTS = {
    "same.png": lambda i: i,
    "small.jpg": lambda i: i.resize(0.5),
    "blurred.jpg": lambda i: i.gaussblur(3),
    "brighter.png": lambda i: (i * 1.1 + 8).cast("uchar"),
    "cropped.png": lambda i: i.crop(9, 6, WIDTH - 18, HEIGHT - 12),
    "mirrored.png": lambda i: i.fliphor(),
    "grey.png": lambda i: i.colourspace("b-w"),
    "alpha.png": lambda i: i.bandjoin(255),
}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "masters"
    folder.mkdir()
    base = motif(1)
    for name, change in VARIANTS.items():
        options = {"Q": 60} if name.endswith(".jpg") else {}
        change(base).write_to_file(str(folder / name), **options)
    for seed in (2, 3, 4):
        motif(seed).write_to_file(str(folder / f"other-{seed}.png"))
    return folder


def facts(folder: Path, state: Path) -> dict[str, Master]:
    paths = sorted(p for p in folder.iterdir() if p.is_file())
    return {m.relative: m for m in MasterIndex(state).facts([(p, p.name) for p in paths])}


def test_variants_are_alike_and_others_are_not(pictures: Path, tmp_path: Path) -> None:
    masters = facts(pictures, tmp_path)
    index = MotifIndex(tmp_path / "cache", workers=2)
    pairs = {frozenset(p) for p in index.alike(list(masters.values()), {})}
    first = masters["same.png"].sha256
    for name in VARIANTS:
        if name != "same.png":
            assert frozenset((first, masters[name].sha256)) in pairs, name
    others = {masters[f"other-{n}.png"].sha256 for n in (2, 3, 4)}
    assert not any(pair & others for pair in pairs)
    known = index.likenesses({first, masters["other-2.png"].sha256, "nobody"})
    assert len(known) == 2 and not alike(*known.values())


def test_a_second_look_measures_nothing_and_loads_no_library(
    pictures: Path, tmp_path: Path
) -> None:
    masters = facts(pictures, tmp_path)
    cache = tmp_path / "cache"
    first = MotifIndex(cache, workers=2)
    pairs = first.alike(list(masters.values()), {})
    assert first.measured == len(masters)
    second = MotifIndex(cache)
    assert sorted(second.alike(list(masters.values()), {})) == sorted(pairs)
    assert second.measured == 0
    code = f"""
import sys
from pathlib import Path
from publisher.media.index import MasterIndex
from publisher.media.motif_index import MotifIndex
paths = [(p, p.name) for p in sorted(Path({str(pictures)!r}).iterdir())]
masters = MasterIndex(Path({str(tmp_path)!r})).facts(paths)
index = MotifIndex(Path({str(cache)!r}))
assert index.alike(masters, {{}}), "nothing is alike"
assert index.measured == 0
assert not {{"pyvips", "numpy"}} & set(sys.modules), "a library was loaded"
"""
    MasterIndex(tmp_path).save()
    saved = MasterIndex(tmp_path)
    saved.facts([(p, p.name) for p in sorted(pictures.iterdir())])
    saved.save()
    with sqlite3.connect(tmp_path / "masters.sqlite") as database:
        # Fresh files are measured again for two seconds; pretend that they are older.
        database.execute("UPDATE master SET hashed = hashed + 10000000000")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_new_picture_is_compared_with_the_known_ones(pictures: Path, tmp_path: Path) -> None:
    masters = facts(pictures, tmp_path)
    late = masters.pop("small.jpg")
    index = MotifIndex(tmp_path / "cache", workers=1)
    index.alike(list(masters.values()), {})
    before = index.measured
    pairs = {frozenset(p) for p in index.alike([*masters.values(), late], {})}
    assert index.measured == before + 1
    assert frozenset((late.sha256, masters["same.png"].sha256)) in pairs


def test_what_was_published_counts_without_its_master(pictures: Path, tmp_path: Path) -> None:
    masters = facts(pictures, tmp_path)
    old = MotifIndex(tmp_path / "old", workers=1)
    old.alike([masters["same.png"]], {})
    likeness = old.likenesses([masters["same.png"].sha256])[masters["same.png"].sha256]
    fresh = MotifIndex(tmp_path / "new", workers=1)
    (pair,) = fresh.alike([masters["small.jpg"]], {"gone": likeness})
    assert set(pair) == {masters["small.jpg"].sha256, "gone"}
    assert fresh.alike([masters["other-2.png"]], {}) == []


def test_a_damaged_master_is_looked_at_once(pictures: Path, tmp_path: Path) -> None:
    whole = (pictures / "same.png").read_bytes()
    (pictures / "same.png").write_bytes(whole[: len(whole) // 2])
    masters = facts(pictures, tmp_path)
    index = MotifIndex(tmp_path / "cache", workers=1)
    assert index.alike([masters["same.png"]], {}) == []
    assert index.alike([masters["same.png"]], {}) == []
    assert index.measured == 1
    assert index.likenesses([masters["same.png"].sha256]) == {}


@pytest.mark.parametrize("damage", ["no database", "old version", "a folder"])
def test_a_broken_cache_costs_time_only(pictures: Path, tmp_path: Path, damage: str) -> None:
    masters = list(facts(pictures, tmp_path).values())[:3]
    cache = tmp_path / "cache"
    wanted = sorted(MotifIndex(cache, workers=1).alike(masters, {}))
    place = cache / "masters.sqlite"
    if damage == "no database":
        place.write_bytes(b"this is no database" * 50)
    elif damage == "a folder":
        place.unlink()
        place.mkdir()
    else:
        with sqlite3.connect(place) as database:
            database.execute("UPDATE likeness_version SET version = 0")
    index = MotifIndex(cache, workers=1)
    assert sorted(index.alike(masters, {})) == wanted
    assert index.measured == 3


def test_a_likeness_is_what_it_was(pictures: Path, tmp_path: Path) -> None:
    """The hashes are stored for ever: the same picture must give the same ones."""
    masters = facts(pictures, tmp_path)
    made = []
    for name in ("a", "b"):
        index = MotifIndex(tmp_path / name, workers=1)
        index.alike([masters["same.png"]], {})
        made += index.likenesses([masters["same.png"].sha256]).values()
    assert made[0] == made[1]
    assert isinstance(made[0], Likeness) and made[0].small.bit_count() > 10
