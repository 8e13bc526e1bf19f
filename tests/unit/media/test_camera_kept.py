"""Make and model of a camera: they go along where a channel looks for them, and nowhere else."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from publisher.listing import Metadata, RenditionRequest
from publisher.media.metadata import jpeg, png, tiff, webp
from publisher.media.metadata.embed import embed_bytes
from publisher.media.metadata.exif import camera_name
from publisher.media.metadata.read import read_stream, said_in
from publisher.media.probe import probe
from publisher.media.rendition import render_image
from publisher.recipes import recipe_for
from publisher.row import FileRules

WITH, WITHOUT = Metadata(title="Dunes", camera=True), Metadata(title="Dunes")
MODULES = {"jpg": jpeg, "png": png, "tif": tiff, "webp": webp}


def photograph(ending: str = "jpg", make: str = "Nikon", model: str = "Z 8") -> bytes:
    image = pyvips.Image.gaussnoise(640, 480, mean=120, sigma=30).cast("uchar").copy()
    for name, text in (("Make", make), ("Model", model)):
        shown = f"{text} ({text}, ASCII, {len(text) + 1} components, {len(text) + 1} bytes)"
        image.set_type(pyvips.GValue.gstr_type, f"exif-ifd0-{name}", shown)
    return bytes(image.write_to_buffer(f".{ending}"))


def camera(data: bytes, ending: str) -> tuple[str, str]:
    return said_in(MODULES[ending].read(io.BytesIO(data))).camera


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_the_camera_goes_along_when_it_is_asked_for(ending: str) -> None:
    master = photograph(ending)
    assert camera(master, ending) == ("Nikon", "Z 8")
    assert camera(embed_bytes(master, WITH), ending) == ("Nikon", "Z 8")
    assert camera(embed_bytes(master, WITHOUT), ending) == ("", "")
    assert read_stream(io.BytesIO(embed_bytes(master, WITH))).title == "Dunes"


def test_a_rendition_for_a_channel_that_looks_shows_a_camera(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(photograph())
    master = probe(path, "a.jpg")
    assert master.exif == ("Make", "Model")
    for metadata, shown in ((WITH, ("Make", "Model")), (WITHOUT, ())):
        for ending in ("jpeg", "tiff"):
            target = tmp_path / f"out.{ending}"
            recipe = recipe_for(FileRules(convert_to=ending))
            render_image(RenditionRequest("main", target.name, master, recipe, metadata), target)
            assert (ending, probe(target, target.name).exif) == (ending, shown)


@given(st.text(max_size=400))
def test_whatever_calls_itself_a_camera_is_one_short_line(text: str) -> None:
    name = camera_name(text)
    assert name.isprintable() and len(name.encode()) <= 200 and name == name.strip()
    assert camera_name(name) == name


def test_a_camera_with_an_endless_name_is_cut() -> None:
    data = embed_bytes(photograph(make="N" * 5000), WITH)
    assert camera(data, "jpg") == ("N" * 200, "Z 8")
