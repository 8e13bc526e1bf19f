"""Watermarked previews, mock-ups and contact sheets: what they show, what they keep, what they refuse."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from media_samples import exiftool, picture, wanted

from publisher.errors import ConfigError, Rejected
from publisher.listing import Metadata, Recipe, RenditionRequest, SheetRequest
from publisher.manifest.item import Master
from publisher.manifest.model import Asset, ProvenanceClass
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.media import vips
from publisher.media.metadata.embed import embed_bytes
from publisher.media.metadata.read import read_metadata
from publisher.media.motif_index import MotifIndex
from publisher.media.probe import probe
from publisher.media.scene import area, read_scene
from publisher.media.studio import Studio
from publisher.recipes import SCENES, metadata_for_all, preview_recipe, scene_recipe
from publisher.render import render_text, renderer
from publisher.similarity import alike

AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
WORDS = Metadata(title="Dunes", creator="Ana", digital_source_type=AI)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """One for all tests: what takes time is starting its worker."""
    folder = tmp_path_factory.mktemp("studio")
    with Studio(folder / "cache", renderer(folder), workers=1) as made:
        yield made


def seen(path: Path) -> np.ndarray:
    """The picture as a buyer's screen gets it."""
    image = vips.load().Image.new_from_file(str(path)).colourspace("srgb")
    data = np.frombuffer(image.write_to_memory(), dtype=np.uint8)
    return data.reshape(image.height, image.width, image.bands)[..., :3].astype(int)


def one_colour(
    path: Path, colour: tuple[int, int, int], width: int = 300, height: int = 200
) -> Master:
    black = vips.load().Image.black(width, height)
    image = (black + list(colour)).cast("uchar").copy(interpretation="srgb")
    image.write_to_file(str(path))
    return probe(path, path.name)


def drawn(studio: Studio, master: Master, recipe: Recipe) -> Path:
    return studio.make(RenditionRequest("mockup", "show.jpg", master, recipe, WORDS)).path


@pytest.mark.parametrize("ground", [(0, 0, 0), (255, 255, 255), (120, 130, 140)])
def test_a_watermark_leaves_no_corner_unmarked(
    studio: Studio, tmp_path: Path, ground: tuple[int, int, int]
) -> None:
    master = one_colour(tmp_path / "plain.png", ground, 900, 600)
    clean = seen(drawn(studio, master, preview_recipe(600)))
    marked = seen(drawn(studio, master, preview_recipe(600, "© Ana Vidal")))
    assert marked.shape == clean.shape == (400, 600, 3)
    changed = abs(marked - clean).max(axis=2) > 12
    for rows in np.array_split(changed, 4):
        for field in np.array_split(rows, 4, axis=1):
            assert field.mean() > 0.01
    assert changed.mean() < 0.5, "the picture can hardly be seen any more"


def test_a_watermarked_preview_keeps_the_words_and_is_never_larger(
    studio: Studio, master: Callable[..., Master]
) -> None:
    small = master(width=300, height=200)
    file = studio.make(
        RenditionRequest("preview", "p.jpg", small, preview_recipe(1600, "Ana"), WORDS)
    )
    assert (file.width, file.height) == (300, 200)
    tags = exiftool(file.path)
    assert tags["XMP-iptcExt:DigitalSourceType"] == AI
    assert tags["XMP-dc:Title"] == "Dunes"


def test_a_watermark_does_not_hide_a_picture_from_the_search(
    studio: Studio, tmp_path: Path
) -> None:
    chance = np.random.default_rng(5)
    tiles = np.kron(chance.integers(20, 235, (6, 9, 3)), np.ones((100, 100, 1)))
    image = vips.load().Image.new_from_array(tiles.astype("uint8")).copy(interpretation="srgb")
    image.gaussblur(12).write_to_file(str(tmp_path / "motif.png"))
    original = probe(tmp_path / "motif.png", "motif.png")
    shown = drawn(studio, original, preview_recipe(640, "© Ana Vidal"))
    index = MotifIndex(tmp_path / "index", workers=1)
    copy = probe(shown, "copy.jpg")
    first, second = index.measured_now(original), index.measured_now(copy)
    assert first is not None and second is not None and alike(first, second)
    index.alike([original], {})
    assert index.resembling(second) == [original.sha256]
    other = probe(picture(tmp_path / "other.png", 400, 300), "other.png")
    third = index.measured_now(other)
    assert third is not None and index.resembling(third) == []


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("shape", [(300, 200), (200, 300)])
def test_a_scene_shows_the_work_in_its_place(
    studio: Studio, tmp_path: Path, scene: str, shape: tuple[int, int]
) -> None:
    master = one_colour(tmp_path / "red.png", (220, 20, 30), *shape)
    path = drawn(studio, master, scene_recipe(scene, 800))
    pixels = seen(path)
    assert max(pixels.shape[:2]) == 800
    red = (pixels[..., 0] > 110) & (pixels[..., 1] < 90) & (pixels[..., 2] < 90)
    svg = render_text(
        f"mockups/{scene}.svg.j2", {"width": shape[0], "height": shape[1], "colour": ""}
    )
    drawing = read_scene(svg, scene)
    scale = 800 / max(drawing.width, drawing.height)
    width, height = area(drawing, scale)
    place = width * height
    if not drawing.cover:
        fit = min(width / shape[0], height / shape[1])
        place = shape[0] * fit * shape[1] * fit
    assert 0.8 < red.sum() / place < 1.15
    rows, columns = np.nonzero(red)
    left, right = (x * scale for x in (drawing.quad[0][0], drawing.quad[1][0]))
    assert left - 3 <= columns.min() and columns.max() <= right + 3
    assert rows.min() >= drawing.quad[0][1] * scale - 3
    assert exiftool(path)["XMP-iptcExt:DigitalSourceType"] == AI


def test_scenes_are_made_once_and_depend_on_their_drawing(
    tmp_path: Path, master: Callable[..., Master]
) -> None:
    one, own = master(), tmp_path / "project" / "templates" / "mockups" / "mug.svg.j2"
    with Studio(tmp_path / "cache", renderer(tmp_path), workers=1) as studio:
        first = drawn(studio, one, scene_recipe("mug", 400))
        assert drawn(studio, one, scene_recipe("mug", 400)) == first
        assert drawn(studio, one, scene_recipe("mug:#204060", 400)) != first
    own.parent.mkdir(parents=True)
    own.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100" data-quad="10 20 80 10 90 90 5 80">'
        '<g id="back"><rect width="100" height="100" fill="#0000ff"/></g></svg>'
    )
    with Studio(tmp_path / "cache", renderer(tmp_path / "project"), workers=1) as studio:
        other = drawn(studio, one, scene_recipe("mug", 400))
    assert other != first
    corner = seen(other)[5, 5]
    assert corner[2] > 240 and corner[0] < 20


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<svg", "cannot be used"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><svg/>', "document type"),
        ('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" data-quad="1 2"/>', "eight"),
        (
            '<svg xmlns="http://www.w3.org/2000/svg" width="99999" height="9" data-quad="1 2 3 4 5 6 7 8"/>',
            "sides",
        ),
        (
            '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" data-surface="cylinder" '
            'data-quad="1 2 3 4 5 6 7 8"/>',
            "data-arc",
        ),
    ],
)
def test_a_drawing_that_cannot_be_used_says_why(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        read_scene(text, "own")


def test_an_unknown_scene_is_a_matter_of_configuration(
    studio: Studio, master: Callable[..., Master]
) -> None:
    with pytest.raises(ConfigError, match="no template named mockups/teapot"):
        drawn(studio, master(), scene_recipe("teapot"))


def test_a_drawing_may_not_fetch_and_a_master_may_not_be_a_drawing(tmp_path: Path) -> None:
    library = vips.load()
    secret = picture(tmp_path / "secret.png", 20, 20)
    linked = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" width="20" '
        f'height="20"><image x:href="file://{secret}" width="20" height="20"/></svg>'
    )
    assert vips.drawing(library, linked.encode(), 1).max() == 0
    (tmp_path / "fake.png").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9"/>')
    with pytest.raises(library.Error):
        library.Image.new_from_file(str(tmp_path / "fake.png"))


def test_a_contact_sheet_shows_every_work(studio: Studio, tmp_path: Path) -> None:
    colours = [(220, 30, 30), (30, 200, 40), (40, 60, 220), (230, 220, 40), (200, 40, 200)]
    masters = tuple(one_colour(tmp_path / f"{n}.png", c) for n, c in enumerate(colours))
    request = SheetRequest("cover", "sheet.jpg", masters, preview_recipe(600), WORDS)
    file = studio.make(request)
    assert max(file.width, file.height) <= 600
    pixels = seen(file.path)
    for colour in colours:
        near = abs(pixels - np.array(colour)).max(axis=2) < 16
        assert near.mean() > 0.05, colour
    assert exiftool(file.path)["XMP-iptcExt:DigitalSourceType"] == AI
    made = studio.made
    assert studio.make(dataclasses.replace(request, name="again.jpg")).path == file.path
    assert studio.made == made


def test_a_sheet_keeps_the_mark_of_any_work_in_it(studio: Studio, tmp_path: Path) -> None:
    plain = one_colour(tmp_path / "plain.png", (9, 9, 9))
    made = Metadata(provenance=ProvenanceClass.AI_GENERATED)
    data = (tmp_path / "plain.png").read_bytes()
    (tmp_path / "ai.png").write_bytes(embed_bytes(data, made))
    traced = b"tEXtparameters\0a fox\nSteps: 9, Sampler: E"
    crc = zlib.crc32(traced).to_bytes(4, "big")
    chunk = (len(traced) - 4).to_bytes(4, "big") + traced + crc
    (tmp_path / "traced.png").write_bytes(data[:33] + chunk + data[33:])
    marked, trace = (probe(tmp_path / name, name) for name in ("ai.png", "traced.png"))
    human = metadata_for_all([Asset(id="a", file="a", provenance={"class": "human"})], "Two")
    edited = DIGITAL_SOURCE_TYPE[ProvenanceClass.AI_EDITED]
    for masters, words, mark in (
        ((marked, marked), Metadata(), AI),
        ((marked, plain), Metadata(), edited),
        ((marked, plain), human, edited),
        ((trace, plain), Metadata(), AI),
        ((trace, plain), human, ""),
        ((plain, plain), Metadata(), ""),
    ):
        sheet = studio.make(SheetRequest("c", "s.jpg", masters, preview_recipe(200), words))
        assert read_metadata(sheet.path).digital_source_type == mark


def test_a_sheet_with_a_broken_master_is_refused(
    studio: Studio, tmp_path: Path, master: Callable[..., Master]
) -> None:
    good = master()
    (tmp_path / "text.png").write_bytes(b"no image")
    bad = probe(tmp_path / "text.png", "masters/text.png")
    with pytest.raises(Rejected, match=r"text\.png"):
        studio.make(SheetRequest("cover", "s.jpg", (good, bad), preview_recipe(), Metadata()))
    cut = picture(tmp_path / "cut.png", 400, 400, noise=30)
    cut.write_bytes(cut.read_bytes()[:20_000])
    for request in (
        SheetRequest("c", "s.jpg", (good, probe(cut, "cut.png")), preview_recipe(), Metadata()),
        wanted(probe(cut, "cut.png"), scene="mug"),
        wanted(probe(cut, "cut.png"), watermark="Ana"),
    ):
        with pytest.raises(Rejected, match=r"cut\.png"):
            studio.make(request)
    with pytest.raises(Rejected, match="1 to 400 pictures"):
        studio.make(SheetRequest("c", "s.jpg", (good,) * 401, preview_recipe(), Metadata()))


def test_bytes_are_bounded_for_drawn_pictures_too(
    studio: Studio, master: Callable[..., Master]
) -> None:
    large = master(width=900, height=600, noise=40.0)
    free = studio.make(wanted(large, scene="framed-print", quality=95, quality_floor=40))
    bound = int(free.size * 0.7)
    file = studio.make(
        wanted(large, scene="framed-print", quality=95, quality_floor=40, bytes_max=bound)
    )
    assert file.size <= bound
    with pytest.raises(Rejected, match="takes at most 1,000"):
        studio.make(wanted(large, scene="framed-print", bytes_max=1000))


def test_a_system_without_fonts_still_marks_every_corner(tmp_path: Path) -> None:
    (tmp_path / "fonts.conf").write_text("<fontconfig></fontconfig>")
    code = """
from publisher.media import vips
from publisher.media.metadata.embed import embed_bytes
from publisher.media.metadata.read import read_metadata
from publisher.media.drawn import watermarked
library = vips.load()
plain = (library.Image.black(400, 300) + [90, 90, 90]).cast("uchar").copy(interpretation="srgb")
marked = watermarked(library, plain, "Ana")
assert marked.bands == 3
for x in range(0, 400, 100):
    for y in range(0, 300, 100):
        assert (marked - plain).abs().crop(x, y, 100, 100).avg() > 0.5, (x, y)
"""
    environment = os.environ | {"FONTCONFIG_FILE": str(tmp_path / "fonts.conf")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=60)
