"""Hashes that are measured while a JPEG is written: the same file, the same looks, nobody waits for the onlooker."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from media_samples import AWKWARD, wanted

from publisher.errors import Rejected
from publisher.listing import Recipe
from publisher.manifest.item import Master
from publisher.media import shown, vips
from publisher.media.checksums import checksums
from publisher.media.hashing import Onlooker, shows_likeness
from publisher.media.likeness import measure_likeness
from publisher.media.motif_index import MotifIndex
from publisher.media.probe import probe
from publisher.media.rendition import render_pictures
from publisher.media.studio import Studio
from publisher.similarity import Likeness, alike

Make = Callable[..., Master]


def _texture(path: Path, width: int, height: int, seed: int) -> Master:
    """Large and small shapes, as pictures have them."""
    library = vips.load()
    bands = []
    for band in range(3):
        image = library.Image.black(width, height) + 90
        for octave in range(4):
            cell = max(width // (2 * 3**octave), 3)
            noise = library.Image.perlin(
                width, height, cell_size=cell, seed=seed + 7 * octave + band
            )
            image = image + noise * (60 / 1.6**octave)
        bands.append(image)
    image = bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")
    image.write_to_file(str(path))
    return probe(path, path.name)


def _own(master: Master, place: Path) -> Likeness:
    measure_likeness(master, place)
    return Likeness.unpacked(place.read_bytes())


def _distance(one: Likeness, other: Likeness) -> tuple[int, int]:
    return (one.small ^ other.small).bit_count(), (one.wide ^ other.wide).bit_count()


@pytest.mark.parametrize(("suffix", "seed"), [("png", 0), ("jpg", 1), ("tif", 2), ("webp", 3)])
def test_the_hashes_are_those_of_the_master(suffix: str, seed: int, tmp_path: Path) -> None:
    master = _texture(tmp_path / f"m.{suffix}", 2400, 1600, seed)
    stranger = _texture(tmp_path / f"other.{suffix}", 2400, 1600, seed + 50)
    own = _own(master, tmp_path / "own")
    for side in (2300, 1200, 520, 260):
        made = render_pictures(
            master, [(Recipe(long_side_max=side), tmp_path / "made")], hashed=True
        )
        assert made.onlooker is not None
        measured = made.onlooker.likeness()
        assert measured is not None
        # What the file itself would tell afterwards, and what any smaller JPEG of a picture differs in.
        small, wide = _distance(
            _own(probe(tmp_path / "made", "made"), tmp_path / "after"), measured
        )
        assert small <= 2 and wide <= 6, (side, small, wide)
        small, wide = _distance(own, measured)
        assert small <= 4 and wide <= 12, (side, small, wide)
        assert alike(own, measured)
        assert not alike(measured, _own(stranger, tmp_path / "stranger"))


def test_the_file_does_not_know_that_somebody_looked(master: Make, tmp_path: Path) -> None:
    facts = master("m.png", 700, 500, noise=20)
    recipes = [Recipe(long_side_max=side) for side in (650, 600, 300)]
    for name, hashed in (("plain", False), ("hashed", True)):
        jobs = [(recipe, tmp_path / f"{name}-{n}") for n, recipe in enumerate(recipes)]
        made = render_pictures(facts, jobs, hashed=hashed)
        assert (made.onlooker is not None) is hashed
    for n in range(len(recipes)):
        plain, hashed_file = tmp_path / f"plain-{n}", tmp_path / f"hashed-{n}"
        assert plain.read_bytes() == hashed_file.read_bytes()


@pytest.mark.parametrize(
    ("recipe", "alpha", "shown_there"),
    [
        (Recipe(), False, True),
        (Recipe(), True, True),
        (Recipe(background=(0, 0, 0)), True, False),
        (Recipe(background=(0, 0, 0)), False, True),
        (Recipe("png"), False, False),
        (Recipe(color_space="grey"), False, False),
    ],
)
def test_which_pictures_show_the_looks_of_a_master(
    recipe: Recipe, alpha: bool, shown_there: bool
) -> None:
    facts = Master(Path("m.png"), "m.png", "", 0, format="png", width=9, height=9, alpha=alpha)
    assert shows_likeness(facts, recipe) is shown_there


def test_a_studio_teaches_the_index_what_it_has_not_measured(master: Make, tmp_path: Path) -> None:
    facts = _texture(tmp_path / "m.png", 900, 600, 3)
    index = MotifIndex(tmp_path / "state")
    with Studio(tmp_path / "cache", lambda _t, _v: "", workers=1, motifs=index) as studio:
        studio.make(wanted(facts, AWKWARD))
        assert not index.knows(facts.sha256)
    assert index.knows(facts.sha256)
    kept = index.likenesses([facts.sha256])[facts.sha256]
    assert alike(kept, _own(facts, tmp_path / "own"))
    # The next plan decodes nothing, and finds the near-duplicate of what was made here.
    twin = _texture(tmp_path / "twin.jpg", 900, 600, 3)
    assert index.alike([facts, twin], {}) in (
        [(facts.sha256, twin.sha256)],
        [(twin.sha256, facts.sha256)],
    )
    assert index.measured == 1


def test_what_is_known_is_not_measured_again(tmp_path: Path) -> None:
    facts = _texture(tmp_path / "m.png", 600, 400, 5)
    index = MotifIndex(tmp_path / "state")
    index.alike([facts], {})
    before = index.likenesses([facts.sha256])
    asked: list[Any] = []
    with Studio(tmp_path / "cache", lambda _t, _v: "", workers=1, motifs=index) as studio:
        ask = studio._ask
        studio._ask = lambda kind, what, *more: asked.append(what) or ask(kind, what, *more)  # type: ignore[method-assign,func-returns-value]
        studio.make(wanted(facts, AWKWARD))
    assert asked[0][2] is False
    assert index.likenesses([facts.sha256]) == before


def test_a_broken_index_costs_nothing_but_the_memory(tmp_path: Path) -> None:
    facts = _texture(tmp_path / "m.png", 600, 400, 5)
    (tmp_path / "state").write_bytes(b"no folder")
    index = MotifIndex(tmp_path / "state")
    with Studio(tmp_path / "cache", lambda _t, _v: "", workers=1, motifs=index) as studio:
        assert studio.make(wanted(facts, AWKWARD)).size > 0
    assert not index.knows(facts.sha256)


class _Descriptor:
    """An image library that writes three pieces and nothing else."""

    Error = vips.load().Error

    class Target:
        @staticmethod
        def new_to_descriptor(descriptor: int) -> int:
            return os.dup(descriptor)


def _pieces(descriptor: int) -> None:
    for piece in (b"one", b"two", b"three" * 300_000):
        view = memoryview(piece)
        while view:
            try:
                view = view[os.write(descriptor, view) :]
            except OSError:
                raise _Descriptor.Error("write error") from None


ALL = b"onetwo" + b"three" * 300_000


def test_an_onlooker_who_leaves_does_not_stop_the_writer(tmp_path: Path) -> None:
    def look(reading: int) -> None:
        assert os.read(reading, 3) == b"one"
        raise ValueError("seen enough")

    counted = shown.save_shown(_Descriptor, tmp_path / "made", _pieces, look)
    assert (tmp_path / "made").read_bytes() == ALL
    assert counted == checksums(tmp_path / "made")


def test_an_onlooker_sees_every_byte_and_its_end(tmp_path: Path) -> None:
    seen: list[bytes] = []
    ended = threading.Event()

    def look(reading: int) -> None:
        with os.fdopen(os.dup(reading), "rb") as file:
            seen.append(file.read())
        ended.set()

    shown.save_shown(_Descriptor, tmp_path / "made", _pieces, look)
    assert ended.wait(10)
    assert seen == [ALL]


def test_an_encoder_that_gives_up_is_told(tmp_path: Path) -> None:
    def save(descriptor: int) -> None:
        os.write(descriptor, b"half")
        raise _Descriptor.Error("no more pixels")

    with pytest.raises(_Descriptor.Error, match="no more pixels"):
        shown.save_shown(_Descriptor, tmp_path / "made", save)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "made").symlink_to("/dev/full")
    with pytest.raises(OSError) as told:
        shown.save_shown(_Descriptor, tmp_path / "made", _pieces, lambda reading: None)
    assert told.value.errno == errno.ENOSPC


def test_no_onlooker_of_a_picture_that_could_not_be_made(master: Make, tmp_path: Path) -> None:
    facts = master("m.png", 100, 80)
    bad = Recipe(megapixels_min=4)
    made = render_pictures(facts, [(bad, tmp_path / "bad")], hashed=True)
    assert made.onlooker is None
    (told,) = made.each
    assert isinstance(told, Rejected)


def test_an_onlooker_of_rubbish_knows_nothing() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"no picture at all")
    os.close(writing)
    onlooker = Onlooker(4000, 3000)
    with pytest.raises(vips.load().Error):
        onlooker(reading)
    os.close(reading)
    assert onlooker.likeness() is None
