"""Facts of masters, and remembering them without ever being wrong."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from media_samples import picture

from publisher.manifest.item import Master
from publisher.media import vips
from publisher.media.index import MasterIndex
from publisher.media.probe import probe

Make = Callable[..., Master]


def _age(path: Path, seconds: float = 3600) -> None:
    past = time.time() - seconds
    os.utime(path, (past, past))


def test_facts_come_from_the_content(tmp_path: Path) -> None:
    path = picture(tmp_path / "odd.png", 70, 30)
    lying = path.rename(tmp_path / "odd.jpg")
    found = probe(lying, "masters/odd.jpg")
    assert (found.format, found.width, found.height) == ("png", 70, 30)
    assert found.sha256 == hashlib.sha256(lying.read_bytes()).hexdigest()
    assert found.size == lying.stat().st_size
    assert found.problem is None


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("a.png", b"", "a.png is empty."),
        ("a.png", b'<?xml version="1.0"?><svg/>', "is an XML or SVG file, whatever its name says"),
        ("a.png", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG file"),
        ("a.jpg", b"GIF89a" + bytes(50), "is a GIF file"),
        ("a.jpg", b"\0\0\0\x20ftypheic" + bytes(50), "is a HEIF, AVIF or video file"),
        ("a.jpg", b"<!doctype html><p>404", "is an HTML file"),
        ("a.jpg", os.urandom(5) + bytes(200), "is no image that can be read"),
        ("a.jpg", b"\xff\xd8\xff" + bytes(200), "is a damaged or unusual JPEG file"),
    ],
)
def test_what_is_no_image_has_a_sentence(
    tmp_path: Path, name: str, data: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(data)
    found = probe(tmp_path / name, name)
    assert found.problem is not None
    assert problem in found.problem
    assert found.problem.endswith(".")


def test_missing_floating_lab_and_huge_are_refused_by_name(tmp_path: Path) -> None:
    assert probe(tmp_path / "no.png", "no.png").problem == "no.png does not exist."
    library = vips.load()
    image = library.Image.black(40, 30, bands=3)
    image.cast("float").copy(interpretation="scrgb").tiffsave(str(tmp_path / "float.tif"))
    assert "floating-point" in (probe(tmp_path / "float.tif", "f").problem or "")
    image.copy(interpretation="srgb").colourspace("lab").tiffsave(str(tmp_path / "lab.tif"))
    assert "is in LAB colours" in (probe(tmp_path / "lab.tif", "l").problem or "")
    image.copy(interpretation="srgb").pngsave(str(tmp_path / "big.png"))
    found = probe(tmp_path / "big.png", "big.png", megapixels_max=0.001)
    assert found.problem == "big.png has 0.0 megapixels, the limit is 0.001."


def test_a_second_look_measures_nothing(tmp_path: Path) -> None:
    paths = [(picture(tmp_path / f"{n}.png", 20 + n, 10), f"m/{n}.png") for n in range(100)]
    for path, _ in paths:
        _age(path)
    first = MasterIndex(tmp_path / "state")
    cold = first.facts(paths)
    assert first.measured == 100
    first.save()
    second = MasterIndex(tmp_path / "state")
    best = 1.0
    for _ in range(5):
        started = time.perf_counter()
        warm = second.facts(paths)
        best = min(best, time.perf_counter() - started)
    assert warm == cold
    assert second.measured == 0
    assert best < 0.02


def test_a_changed_or_racy_file_is_measured_again(tmp_path: Path) -> None:
    old, young = picture(tmp_path / "old.png"), picture(tmp_path / "young.png")
    _age(old)
    paths = [(old, "old.png"), (young, "young.png")]
    index = MasterIndex(tmp_path)
    index.facts(paths)
    index.save()
    again = MasterIndex(tmp_path)
    again.facts(paths)
    assert again.measured == 1
    size = old.stat().st_size
    picture(old, 64, 48, noise=1)
    os.truncate(old, size)
    _age(old, 60)
    changed = MasterIndex(tmp_path).facts([(old, "old.png")])[0]
    assert changed.sha256 == hashlib.sha256(old.read_bytes()).hexdigest()
    stricter = MasterIndex(tmp_path, megapixels_max=0.001)
    assert "the limit is 0.001" in (stricter.facts([(old, "old.png")])[0].problem or "")
    assert stricter.measured == 1


def test_a_damaged_index_costs_time_only(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    _age(path)
    for damage in (b"not a database" * 100, b"SQLite format 3\0" + os.urandom(4000), b""):
        (tmp_path / "masters.sqlite").write_bytes(damage)
        index = MasterIndex(tmp_path)
        assert index.facts([(path, "a.png")])[0].width == 64
        index.save()
        healed = MasterIndex(tmp_path)
        healed.facts([(path, "a.png")])
        assert healed.measured == 0


def test_an_index_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    (tmp_path / "file").write_text("in the way")
    index = MasterIndex(tmp_path / "file")
    assert index.facts([(path, "a.png")])[0].width == 64
    index.save()


def test_a_warm_plan_loads_no_image_library(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    _age(path)
    index = MasterIndex(tmp_path)
    index.facts([(path, "a.png")])
    index.save()
    code = (
        "import sys; from pathlib import Path; from publisher.media.index import MasterIndex;"
        "from publisher.media.studio import Studio;"
        f"i = MasterIndex(Path({str(tmp_path)!r}));"
        f"assert i.facts([(Path({str(path)!r}), 'a.png')])[0].width == 64; assert i.measured == 0;"
        "Studio(Path('x'), lambda t, v: t).close();"
        "assert not {'pyvips', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
