"""The camera's entries of a master: found in a photograph, absent in what no camera made, and remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.media.index import MasterIndex
from publisher.media.probe import probe

pyvips = pytest.importorskip("pyvips")


def picture(path: Path, **entries: str) -> Path:
    image = pyvips.Image.black(64, 48, bands=3).copy(interpretation="srgb")
    for name, value in entries.items():
        image.set_type(pyvips.GValue.gstr_type, f"exif-ifd0-{name}", value)
    image.jpegsave(str(path))
    return path


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ({"Make": "NIKON", "Model": "D850"}, ("Make", "Model")),
        ({"Make": "NIKON"}, ("Make",)),
        ({}, ()),
    ],
)
def test_make_and_model(tmp_path: Path, entries: dict[str, str], found: tuple[str, ...]) -> None:
    path = picture(tmp_path / "a.jpg", **entries)
    assert probe(path, "a.jpg").exif == found


def test_the_index_remembers_them(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.jpg", Make="NIKON", Model="D850")
    import os

    os.utime(path, (1_700_000_000, 1_700_000_000))
    index = MasterIndex(tmp_path / "cache")
    (first,) = index.facts([(path, "a.jpg")])
    index.save()
    again = MasterIndex(tmp_path / "cache")
    assert again.facts([(path, "a.jpg")]) == [first]
    assert (again.measured, first.exif) == (0, ("Make", "Model"))
