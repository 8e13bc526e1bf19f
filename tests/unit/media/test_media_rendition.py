"""Renditions: sizes, bounds, colours, refusals with figures, and the mark that must survive."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_samples import AWKWARD, CONTAINERS, SUFFIX, exiftool, picture, pixels, wanted
from mutations import shared_images

from publisher.errors import Rejected
from publisher.listing import Metadata, Recipe
from publisher.manifest.item import Master
from publisher.manifest.model import ProvenanceClass
from publisher.media import vips
from publisher.media.metadata.embed import embed
from publisher.media.metadata.read import read_metadata
from publisher.media.pixels import planned_size
from publisher.media.probe import probe
from publisher.media.rendition import render_image

PUBLIC = shared_images() or Path("no public test images: set SHARED_DATA")
Make = Callable[..., Master]


def test_a_rendition_fits_the_box_and_is_srgb(master: Make, tmp_path: Path) -> None:
    target = tmp_path / "out.jpg"
    size = render_image(wanted(master(width=300, height=200), long_side_max=150), target)
    image = vips.load().Image.new_from_file(str(target))
    assert size == (image.width, image.height) == (150, 100)
    assert image.interpretation == "srgb"
    assert image.get_typeof("icc-profile-data")
    assert image.get("jpeg-chroma-subsample") == "4:4:4"
    assert abs(image.xres * 25.4 - 300) < 1


def test_upsampling_is_refused_with_the_figures(master: Make, tmp_path: Path) -> None:
    small = master(width=2000, height=1600)
    with pytest.raises(Rejected) as caught:
        render_image(wanted(small, megapixels_min=4.0), tmp_path / "out.jpg")
    assert str(caught.value) == (
        "glass-001.png: 3.2 megapixels, the channel needs 4.0; images are never upsampled."
    )
    with pytest.raises(Rejected, match=r"shorter side has 1,600 pixels, the channel needs 1,601"):
        render_image(wanted(small, side_min=1601), tmp_path / "out.jpg")
    # Shrinking for one bound must not break another.
    with pytest.raises(Rejected, match="never upsampled"):
        render_image(wanted(small, long_side_max=1000, side_min=801), tmp_path / "out.jpg")
    assert list(tmp_path.glob("out*")) == []


@given(
    st.integers(1, 30_000),
    st.integers(1, 30_000),
    st.floats(0.001, 50),
    st.one_of(st.none(), st.integers(1, 8000)),
)
def test_the_planned_size_keeps_every_upper_bound(
    width: int, height: int, megapixels: float, side: int | None
) -> None:
    facts = Master(Path("x"), "x", "", 0, "png", width, height)
    planned = planned_size(facts, Recipe(megapixels_max=megapixels, long_side_max=side))
    assert planned[0] <= width
    assert planned[1] <= height
    if min(planned) > 1:
        assert planned[0] * planned[1] <= megapixels * 1_000_000
    if side is not None:
        assert max(planned) <= side


def test_bytes_max_lowers_the_quality_no_further_than_needed(master: Make, tmp_path: Path) -> None:
    noisy = master("noisy.png", 400, 300, noise=40)
    free, bound = tmp_path / "free.jpg", tmp_path / "bound.jpg"
    render_image(wanted(noisy, AWKWARD), free)
    limit = free.stat().st_size * 8 // 10
    render_image(wanted(noisy, AWKWARD, bytes_max=limit), bound)
    assert limit * 0.93 < bound.stat().st_size <= limit
    assert read_metadata(bound).keywords == AWKWARD.keywords
    with pytest.raises(
        Rejected, match=r"at the lowest allowed quality 85, the channel takes at most"
    ):
        render_image(wanted(noisy, bytes_max=limit // 4), tmp_path / "never.jpg")
    with pytest.raises(Rejected, match=r"bytes as PNG, the channel takes at most 1,000"):
        render_image(wanted(noisy, format="png", bytes_max=1000), tmp_path / "never.png")


def test_bytes_min_raises_the_quality_and_then_refuses(master: Make, tmp_path: Path) -> None:
    noisy = master("noisy.png", 400, 300, noise=40)
    free, more = tmp_path / "free.jpg", tmp_path / "more.jpg"
    render_image(wanted(noisy, quality=90), free)
    low = free.stat().st_size * 12 // 10
    render_image(wanted(noisy, quality=90, bytes_min=low), more)
    assert more.stat().st_size >= low
    render_image(wanted(noisy, quality=90, bytes_min=low, bytes_max=low * 13 // 10), more)
    assert low <= more.stat().st_size <= low * 13 // 10
    with pytest.raises(Rejected, match=r"even at quality 100, the channel needs at least"):
        render_image(wanted(noisy, bytes_min=low * 100), tmp_path / "never.jpg")


def test_transparency_is_flattened_on_the_background(tmp_path: Path) -> None:
    library = vips.load()
    clear = library.Image.black(32, 32, bands=4).copy(interpretation="srgb")
    clear.write_to_file(str(tmp_path / "clear.png"))
    facts = probe(tmp_path / "clear.png", "clear.png")
    assert facts.alpha
    render_image(wanted(facts, background=(250, 10, 10)), tmp_path / "out.jpg")
    assert (
        max(abs(a - b) for a, b in zip(pixels(tmp_path / "out.jpg"), (250, 10, 10), strict=False))
        < 4
    )
    render_image(wanted(facts, format="png"), tmp_path / "out.png")
    assert library.Image.new_from_file(str(tmp_path / "out.png")).hasalpha()


def test_deep_grey_and_wide_gamut_masters_keep_their_colours(tmp_path: Path) -> None:
    library = vips.load()
    grey = (library.Image.black(16, 16) + 150).cast("uchar").copy(interpretation="b-w")
    color = library.Image.black(16, 16, bands=3).linear(1, [200, 90, 40]).cast("uchar")
    color = color.copy(interpretation="srgb")
    masters = {
        "grey8.png": (grey, 150, 150, 150),
        "grey16.png": (grey.colourspace("grey16"), 150, 150, 150),
        "rgb16.png": (color.colourspace("rgb16"), 200, 90, 40),
        "rgb16.tif": (color.colourspace("rgb16"), 200, 90, 40),
        "p3.png": (color.icc_transform("p3", input_profile="srgb"), 200, 90, 40),
        "cmyk.tif": (color.icc_transform("cmyk", input_profile="srgb"), 200, 90, 40),
    }
    for name, (image, *expected) in masters.items():
        image.write_to_file(str(tmp_path / name))
        facts = probe(tmp_path / name, name)
        assert facts.problem is None
        render_image(wanted(facts, format="png"), tmp_path / "out.png")
        seen = pixels(tmp_path / "out.png")[:3]
        tolerance = 8 if name == "cmyk.tif" else 2
        assert max(abs(a - b) for a, b in zip(seen, expected, strict=True)) <= tolerance, name


@pytest.mark.parametrize("container", CONTAINERS)
def test_two_runs_give_the_same_bytes(container: str, master: Make, tmp_path: Path) -> None:
    facts = master(width=200, height=150, noise=20)
    first, second = tmp_path / "1", tmp_path / "2"
    for target in (first, second):
        render_image(wanted(facts, AWKWARD, format=container, long_side_max=120), target)
    assert first.read_bytes() == second.read_bytes()
    assert exiftool(first)["XMP-dc:Title"] == AWKWARD.title if shutil.which("exiftool") else True


def test_the_ai_mark_of_the_master_survives(tmp_path: Path) -> None:
    plain, marked = picture(tmp_path / "plain.png"), tmp_path / "marked.png"
    embed(plain, marked, Metadata(provenance=ProvenanceClass.AI_GENERATED, ai_prompt="secret"))
    facts = probe(marked, "marked.png")
    for words, ending in (
        (Metadata(title="A"), "trainedAlgorithmicMedia"),
        (Metadata(provenance=ProvenanceClass.HUMAN), "trainedAlgorithmicMedia"),
        (Metadata(provenance=ProvenanceClass.AI_EDITED), "compositeWithTrainedAlgorithmicMedia"),
    ):
        render_image(wanted(facts, words), tmp_path / "out.jpg")
        assert read_metadata(tmp_path / "out.jpg").digital_source_type.endswith("/" + ending)
        assert b"secret" not in (tmp_path / "out.jpg").read_bytes()


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_kept_original_has_the_same_pixels(container: str, tmp_path: Path) -> None:
    path = picture(tmp_path / f"m{SUFFIX[container]}", 90, 60, noise=9)
    facts = probe(path, path.name)
    size = render_image(
        wanted(facts, AWKWARD, format=container, keep_original=True), tmp_path / "out"
    )
    assert size == (90, 60)
    assert pixels(tmp_path / "out") == pixels(path)
    assert read_metadata(tmp_path / "out").title == AWKWARD.title
    with pytest.raises(Rejected, match="bytes as it is, the channel takes at most 99"):
        render_image(
            wanted(facts, format=container, keep_original=True, bytes_max=99), tmp_path / "out2"
        )


def test_a_master_that_changed_is_refused(master: Make, tmp_path: Path) -> None:
    facts = master()
    picture(facts.path, 64, 48, noise=3)
    with pytest.raises(Rejected, match=r"masters/glass-001\.png changed after it was measured"):
        render_image(wanted(facts), tmp_path / "out.jpg")
    assert not (tmp_path / "out.jpg").exists()


def test_cut_masters_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    chance = random.Random(4)
    for container in CONTAINERS:
        whole = picture(tmp_path / f"w{SUFFIX[container]}", 200, 150, noise=20).read_bytes()
        for _ in range(20):
            path = tmp_path / f"cut{SUFFIX[container]}"
            path.write_bytes(whole[: chance.randrange(len(whole) * 9 // 10)])
            facts = probe(path, path.name)
            with pytest.raises(Rejected):
                render_image(wanted(facts), tmp_path / "out.jpg")
    assert not [p for p in tmp_path.iterdir() if p.name.startswith((".", "out"))]


@pytest.mark.skipif(not PUBLIC.is_dir(), reason=f"{PUBLIC} with public test images is absent")
def test_public_test_images_end_in_a_rendition_or_a_sentence(tmp_path: Path) -> None:
    done = 0
    for path in sorted(PUBLIC.iterdir()):
        started = time.monotonic()
        facts = probe(path, path.name)
        try:
            size = render_image(wanted(facts, AWKWARD), tmp_path / "out.jpg")
            assert size == (facts.width, facts.height), path.name
            done += 1
        except Rejected as error:
            assert path.name in error.sentence
        assert time.monotonic() - started < 10
    assert done >= 20


@pytest.mark.skipif(not PUBLIC.is_dir(), reason=f"{PUBLIC} with public test images is absent")
@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_public_test_images_leak_no_camera_and_no_text(tmp_path: Path) -> None:
    for name in ("et-XMP.jpg", "et-Google.jpg", "exif.png", "hopper_bad_exif.jpg", "iptc.jpg"):
        facts = probe(PUBLIC / name, name)
        for keep in (False, True):
            target = tmp_path / "out"
            render_image(wanted(facts, format=facts.format, keep_original=keep), target)
            command = ["exiftool", "-a", "-G1", "-s", "-u", str(target)]
            seen = subprocess.run(command, capture_output=True, check=True, text=True).stdout
            for word in ("SerialNumber", "Make ", "MakerNotes", "Comment", "Software", "GPS"):
                assert word not in seen, (name, keep, seen)
