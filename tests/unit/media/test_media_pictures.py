"""Pictures: colour spaces, depth, transparency, wanted enlarging, and one decode for several of them."""

from __future__ import annotations

import array
import dataclasses
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_samples import AWKWARD, exiftool, pixels, wanted

from publisher.errors import PublisherError, Rejected
from publisher.filerules import FileRules
from publisher.listing import BundleRequest, Metadata, Recipe
from publisher.manifest.item import Master
from publisher.manifest.model import ProvenanceClass
from publisher.media import source, vips
from publisher.media.budget import MemoryBudget
from publisher.media.checksums import checksums
from publisher.media.metadata.embed import embed
from publisher.media.probe import probe
from publisher.media.profiles import icc_profile
from publisher.media.readback import check_mark, check_written
from publisher.media.rendition import render_image, render_pictures
from publisher.media.studio import Studio
from publisher.recipes import UPSAMPLE_MAX, planned_size, recipe_for, recipe_mark

Make = Callable[..., Master]


def _flat(path: Path, *color: float, bands: int = 3) -> Master:
    """A picture of one colour, sRGB and without a profile."""
    library = vips.load()
    image = library.Image.black(40, 30, bands=bands).linear(1, list(color)).cast("uchar")
    image.copy(interpretation="srgb" if bands > 2 else "b-w").write_to_file(str(path))
    return probe(path, path.name)


def _back(path: Path) -> tuple[int, ...]:
    """The first pixel in sRGB, through the embedded profile."""
    image = vips.load().Image.new_from_file(str(path))
    image = image.icc_transform("srgb", embedded=True)
    return tuple(image.write_to_memory()[:3])


@pytest.mark.parametrize("color_space", ["srgb", "display-p3", "adobe-rgb", "grey"])
@pytest.mark.parametrize("container", ["jpeg", "png", "tiff", "webp"])
def test_a_colour_space_comes_with_its_profile(
    color_space: str, container: str, tmp_path: Path
) -> None:
    color = (120, 120, 120) if color_space == "grey" else (200, 90, 40)
    master = _flat(tmp_path / "flat.png", *color)
    target = tmp_path / "out"
    render_image(wanted(master, AWKWARD, format=container, color_space=color_space), target)
    assert all(abs(a - b) <= 4 for a, b in zip(_back(target), color, strict=True))
    image = vips.load().Image.new_from_file(str(target))
    if container != "webp":  # which has no grey
        assert image.bands == (1 if color_space == "grey" else 3)
    if color_space in ("display-p3", "adobe-rgb"):
        assert abs(int(image(0, 0)[0]) - color[0]) > 3, "the numbers of a wide space are others"
    if shutil.which("exiftool"):
        named = exiftool(target)["ICC_Profile:ProfileDescription"]
        assert named.split()[0] in ("sRGB", "sP3C", "Compatible", "Grey")


def test_the_profile_bytes_are_well_formed_and_stay_the_same() -> None:
    for space in ("adobe-rgb", "grey"):
        profile = icc_profile(space)
        assert int.from_bytes(profile[:4], "big") == len(profile)
        assert profile[36:40] == b"acsp"
        assert profile == icc_profile.__wrapped__(space)
    with pytest.raises(KeyError):
        icc_profile("cmyk")


def test_an_unknown_colour_space_is_refused(tmp_path: Path) -> None:
    master = _flat(tmp_path / "flat.png", 1, 2, 3)
    with pytest.raises(Rejected, match=r"Adobe RGB or grey, not in 'lab'"):
        render_image(wanted(master, color_space="lab"), tmp_path / "out")


@pytest.mark.parametrize("container", ["png", "tiff"])
@pytest.mark.parametrize("color_space", ["srgb", "adobe-rgb", "grey"])
def test_deep_masters_stay_deep_where_asked(
    container: str, color_space: str, tmp_path: Path
) -> None:
    library = vips.load()
    ramp = library.Image.identity(bands=3, ushort=True, size=4096)
    deep = (ramp * 16).cast("ushort").copy(interpretation="rgb16").replicate(1, 8)
    deep.write_to_file(str(tmp_path / "deep.png"))
    master = probe(tmp_path / "deep.png", "deep.png")
    recipe = {"format": container, "color_space": color_space}
    render_image(wanted(master, bit_depth=16, **recipe), tmp_path / "deep")
    render_image(wanted(master, **recipe), tmp_path / "shallow")
    image = library.Image.new_from_file(str(tmp_path / "deep"))
    assert image.format == "ushort"
    row = bytes(image.extract_band(0).crop(0, 4, 4096, 1).write_to_memory())
    fine = array.array("H", row)
    assert len(set(fine)) > 3000, "more than eight bits are in it"
    shallow = library.Image.new_from_file(str(tmp_path / "shallow"))
    assert shallow.format == "uchar"
    coarse = bytes(shallow.extract_band(0).crop(0, 4, 4096, 1).write_to_memory())
    assert max(abs(a / 257 - b) for a, b in zip(fine, coarse, strict=True)) <= 1.5
    small = wanted(master, bit_depth=16, long_side_max=1000, **recipe)
    assert render_image(small, tmp_path / "small")[0] == 1000


def test_a_shallow_master_is_not_inflated(tmp_path: Path) -> None:
    master = _flat(tmp_path / "flat.png", 9, 9, 9)
    render_image(wanted(master, format="png", bit_depth=16), tmp_path / "out")
    assert vips.load().Image.new_from_file(str(tmp_path / "out")).format == "uchar"


@pytest.mark.parametrize("container", ["png", "tiff", "webp"])
def test_transparency_is_kept_or_flattened_as_asked(container: str, tmp_path: Path) -> None:
    master = _flat(tmp_path / "clear.png", 200, 90, 40, 0, bands=4)
    render_image(wanted(master, format=container), tmp_path / "kept")
    assert vips.load().Image.new_from_file(str(tmp_path / "kept")).hasalpha()
    flat = wanted(master, format=container, alpha="flatten", background=(10, 250, 20))
    render_image(flat, tmp_path / "flat")
    image = vips.load().Image.new_from_file(str(tmp_path / "flat"))
    assert not image.hasalpha()
    assert all(abs(a - b) <= 4 for a, b in zip(image(3, 3), (10, 250, 20), strict=True))


def test_a_picture_is_enlarged_when_row_and_seller_say_so(master: Make, tmp_path: Path) -> None:
    small = master(width=300, height=200)
    rules = FileRules(megapixels_min=0.1, upsample=True)
    recipe = recipe_for(rules, upsample=True)
    size = render_image(dataclasses.replace(wanted(small), recipe=recipe), tmp_path / "out")
    assert size == planned_size(small, recipe)
    assert 100_000 <= size[0] * size[1] < 102_000
    for row, seller in ((rules, False), (FileRules(megapixels_min=0.1), True)):
        refused = recipe_for(row, upsample=seller)
        with pytest.raises(Rejected, match="images are never upsampled"):
            render_image(dataclasses.replace(wanted(small), recipe=refused), tmp_path / "no")
    far = recipe_for(FileRules(megapixels_min=4, upsample=True), upsample=True)
    with pytest.raises(Rejected, match="no picture is enlarged more than 4 times"):
        render_image(dataclasses.replace(wanted(small), recipe=far), tmp_path / "no")


@settings(deadline=None)
@given(
    st.integers(40, 9000),
    st.integers(40, 9000),
    st.floats(0.001, 30),
    st.integers(1, 4000),
    st.one_of(st.none(), st.integers(1, 12_000)),
)
def test_the_planned_size_enlarges_no_more_than_needed(
    width: int, height: int, megapixels: float, side: int, most: int | None
) -> None:
    master = Master(Path("x"), "x", "", 0, "png", width, height)
    recipe = Recipe(megapixels_min=megapixels, side_min=side, long_side_max=most, upsample=True)
    found = planned_size(master, recipe)
    if most is not None:
        assert max(found) <= most
    assert max(found) <= max(width, height) * UPSAMPLE_MAX
    enough = min(found) >= side and found[0] * found[1] >= megapixels * 1_000_000
    limited = max(found) == most or max(found) == int(max(width, height) * UPSAMPLE_MAX)
    assert enough or limited
    if max(found) > max(width, height):
        # The shorter side is rounded, which the longer one may have to make up for.
        longer, shorter = max(width, height), min(width, height)
        less = max(found) - 2 - longer / shorter
        short = less * shorter / longer
        assert less < longer or short < side or less * short < megapixels * 1_000_000


def test_what_came_later_does_not_make_old_files_look_changed() -> None:
    assert recipe_mark(Recipe()) == recipe_mark(recipe_for(FileRules()))
    assert recipe_mark(Recipe()) == "76ccfa107b185e6300ad6b16d52c1fc5"
    assert recipe_mark(Recipe(bit_depth=16)) != recipe_mark(Recipe())


def _kinds(folder: Path) -> list[Master]:
    library = vips.load()
    ramp = library.Image.xyz(421, 301)
    base = (ramp[0] * 0.6).bandjoin([ramp[1] * 0.8, (ramp[0] + ramp[1]) * 0.3])
    base = base + library.Image.gaussnoise(421, 301, sigma=20, mean=0, seed=3)
    base = base.cast("uchar").copy(interpretation="srgb").copy_memory()
    turned = base.copy()
    turned.set_type(library.GValue.gint_type, "orientation", 6)
    cmyk = base.icc_transform("cmyk", input_profile="srgb")
    made = {
        "plain.jpg": base,
        "turned.jpg": turned,
        "turned.tif": turned,
        "plain.png": base,
        "clear.png": base.bandjoin(base[1]),
        "deep.png": base.colourspace("rgb16"),
        "grey.tif": base.colourspace("b-w"),
        "wide.png": base.icc_transform("p3", input_profile="srgb"),
        "print.tif": cmyk,
        "print.jpg": cmyk,
        "plain.webp": base,
    }
    for name, image in made.items():
        image.write_to_file(str(folder / name))
    return [probe(folder / name, name) for name in made]


@pytest.mark.parametrize("room", [source.IN_MEMORY, 1], ids=["in memory", "on disk"])
def test_a_picture_has_the_same_bytes_alone_and_among_others(
    room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "IN_MEMORY", room)
    recipes = [Recipe(long_side_max=side) for side in (421, 330, 210, 140, 90)]
    recipes += [Recipe("png", long_side_max=300, bit_depth=16, color_space="adobe-rgb")]
    recipes += [Recipe("webp", long_side_max=200), Recipe("tiff", color_space="grey")]
    kinds = _kinds(tmp_path)
    for master in kinds if room > 1 else kinds[::3]:
        assert master.problem is None, master.problem
        jobs = [(recipe, tmp_path / f"together-{n}") for n, recipe in enumerate(recipes)]
        each = render_pictures(master, jobs).each
        for made, (recipe, together) in zip(each, jobs, strict=True):
            assert not isinstance(made, PublisherError), (master.relative, recipe, made.detail)
            assert made.size == planned_size(master, recipe), (master.relative, recipe)
            assert made.checksums == checksums(together)
            (alone,) = render_pictures(master, [(recipe, tmp_path / "alone")]).each
            assert alone == made
            same = (tmp_path / "alone").read_bytes() == together.read_bytes()
            assert same, (master.relative, recipe)
    assert not list(tmp_path.glob(".*"))


def test_what_is_expected_is_made_with_one_decode(master: Make, tmp_path: Path) -> None:
    facts = master("m.png", 400, 300, noise=10)
    other = master("other.png", 200, 100)
    sides = (300, 200, 150, 100)
    asked = [wanted(facts, AWKWARD, long_side_max=side) for side in sides]
    picture = dataclasses.replace(wanted(other, format="png"), name="other.png")
    bundle = BundleRequest("bundle", "b.zip", (wanted(other), picture))
    with Studio(tmp_path / "cache", lambda _t, _v: "", workers=2) as studio:
        studio.expect([*asked, bundle])
        with ThreadPoolExecutor(4) as threads:
            together = list(threads.map(studio.make, asked))
        assert studio.decoded == 1
        assert studio.made == 4
        studio.make(bundle)
        assert studio.decoded == 2
    with Studio(tmp_path / "alone", lambda _t, _v: "", workers=2) as studio:
        alone = [studio.make(one) for one in asked]
        assert studio.decoded == 4
    assert [f.sha256 for f in together] == [f.sha256 for f in alone]


def test_one_impossible_picture_does_not_spoil_the_others(master: Make, tmp_path: Path) -> None:
    facts = master("m.png", 400, 300)
    good = [wanted(facts, long_side_max=side) for side in (300, 200)]
    bad = wanted(facts, megapixels_min=4)
    with Studio(tmp_path / "cache", lambda _t, _v: "", workers=1) as studio:
        studio.expect([*good, bad])
        assert [studio.make(one).width for one in good] == [300, 200]
        assert studio.decoded == 1
        with pytest.raises(Rejected, match=r"0\.1 megapixels, the channel needs 4\.0"):
            studio.make(bad)


def test_a_rendition_without_its_mark_is_never_handed_out(master: Make, tmp_path: Path) -> None:
    words = Metadata(title="A", provenance=ProvenanceClass.AI_GENERATED)
    request = wanted(master(), words)
    with Studio(tmp_path / "cache", lambda _t, _v: "", workers=1) as studio:
        made = studio.make(request)
        check_mark(request, made.path)
        # Somebody takes the mark out of the file while the run goes on, without changing its size.
        data = made.path.read_bytes()
        assert b"trainedAlgorithmicMedia" in data
        made.path.write_bytes(data.replace(b"trainedAlgorithmicMedia", b"digitalCapture/////////"))
        with pytest.raises(
            Rejected, match=r"the AI mark is missing from the rendition; it is not sent"
        ):
            studio.make(request)
    # A later run reads what it finds before it trusts it, and makes it anew.
    with Studio(tmp_path / "cache", lambda _t, _v: "", workers=1) as later:
        assert later.make(request).sha256 == made.sha256
        assert later.made == 1


def test_a_rendition_is_read_back(master: Make, tmp_path: Path) -> None:
    library = vips.load()
    request = wanted(master(), AWKWARD)
    size = render_image(request, tmp_path / "good.jpg")
    check_written(library, "x", tmp_path / "good.jpg", request.recipe, size)
    image = library.Image.new_from_file(str(tmp_path / "good.jpg"))
    bad: dict[str, tuple[object, str]] = {
        "no profile": (lambda p: image.jpegsave(p, keep="none"), "the colour profile is missing"),
        "grey": (lambda p: image.colourspace("b-w").jpegsave(p, profile="srgb"), "colours are b-w"),
        "cut": (
            lambda p: image.crop(0, 0, 9, 9).jpegsave(p, keep="icc"),
            "9 x 9 pixels instead of",
        ),
        "dpi": (
            lambda p: image.copy(xres=1, yres=1).jpegsave(p),
            "25 dots per inch instead of 300",
        ),
    }
    for name, (write, said) in bad.items():
        path = tmp_path / f"{name}.jpg"
        write(str(path))  # type: ignore[operator]
        with pytest.raises(Rejected, match=f"does not read back as it was made: .*{said}"):
            check_written(library, "x", path, request.recipe, size)
    (tmp_path / "half.jpg").write_bytes((tmp_path / "good.jpg").read_bytes()[:100])
    with pytest.raises(Rejected, match="it cannot be opened"):
        check_written(library, "x", tmp_path / "half.jpg", request.recipe, size)


def test_the_memory_budget_is_never_exceeded() -> None:
    budget = MemoryBudget(100)
    used, most = [0], [0]
    import threading

    lock = threading.Lock()

    def job(need: int) -> None:
        for _ in range(50):
            with budget.taken(need) as granted:
                assert granted == min(need, 100)
                with lock:
                    used[0] += granted
                    most[0] = max(most[0], used[0])
                with lock:
                    used[0] -= granted

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(job, (10, 30, 60, 100, 500, 1, 40, 70)))
    assert most[0] <= 100
    assert used[0] == 0


def test_an_embedded_orientation_is_applied_once(tmp_path: Path) -> None:
    for master in _kinds(tmp_path):
        if master.relative.startswith("turned"):
            assert (master.width, master.height) == (301, 421)
            render_image(wanted(master, AWKWARD), tmp_path / "out")
            image = vips.load().Image.new_from_file(str(tmp_path / "out"))
            assert (image.width, image.height) == (301, 421)
            assert not image.get_typeof("orientation") or image.get("orientation") == 1
            embed(tmp_path / "out", tmp_path / "again", AWKWARD)
            assert pixels(tmp_path / "out") == pixels(tmp_path / "again")
