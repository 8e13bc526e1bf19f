"""Hard and broken files through the real worker processes: a right rendition or a named finding, in bounds."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from media_samples import AWKWARD, wanted
from mutations import mutated, seeds, shared_images

from publisher.errors import Rejected
from publisher.manifest.item import Master
from publisher.media import pool as pool_module
from publisher.media import vips
from publisher.media.jobs import master_of
from publisher.media.metadata.read import read_metadata
from publisher.media.pool import DecoderPool
from publisher.media.probing import probed
from publisher.media.readback import wanted_mark
from publisher.media.studio import Studio, seconds_for

SECONDS_MAX = 10.0
MEMORY = 1024**3


class Peak:
    """The most bytes that the workers of this process held at one time, looked at every 20 ms."""

    def __init__(self) -> None:
        self.bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._stop.wait(0.02):
            total = 0
            for child in me.children():
                try:
                    # Mapped files do not count: the system takes them back when it needs the room.
                    memory = child.memory_info()
                    total += memory.rss - memory.shared
                except psutil.Error:
                    continue
            self.bytes = max(self.bytes, total)


def _ended(pool: DecoderPool, path: Path, target: Path) -> tuple[str, float]:
    """How one file ended, in a word, and its wall seconds. Anything but an end is an error."""
    started = time.monotonic()
    try:
        arguments = (path, path.name, 50.0)
        facts = pool.ask("probe", arguments, name=path.name, seconds=8.0)["facts"]
        master = master_of(path, path.name, facts)
        if master.problem:
            assert path.name in master.problem
            assert master.problem.endswith(".")
            return "refused", time.monotonic() - started
        request = wanted(master, AWKWARD, long_side_max=200)
        seconds = min(seconds_for(master), SECONDS_MAX - 1)
        made = pool.run("render", (request, target), name=path.name, seconds=seconds)
    except Rejected as error:
        assert path.name in error.sentence, error.sentence
        assert error.sentence.endswith("."), error.sentence
        word = "given up" if "gave up" in error.sentence else "rejected"
        return word, time.monotonic() - started
    took = time.monotonic() - started
    image = vips.load().Image.new_from_file(str(target), access="sequential")
    assert (image.width, image.height) == (made.width, made.height), path.name
    assert max(made.width, made.height) == min(200, max(master.width, master.height)), path.name
    assert image.interpretation == "srgb"
    assert read_metadata(target).digital_source_type == wanted_mark(AWKWARD)
    return "made", took


class Starts:
    """How long each thread waited for new workers, which come every 200 files and are no file's fault."""

    def __init__(self) -> None:
        self._mine = threading.local()
        self._begun = pool_module._begun

    def begun(self, *arguments: Any) -> Any:
        started = time.monotonic()
        try:
            return self._begun(*arguments)
        finally:
            self._mine.seconds = self.seconds + time.monotonic() - started

    @property
    def seconds(self) -> float:
        return float(getattr(self._mine, "seconds", 0.0))


def _through(tmp_path: Path, files: Iterator[tuple[str, bytes]]) -> Counter[str]:
    starts = Starts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool_module, "_begun", starts.begun)
        return _all_ended(tmp_path, files, starts)


def _all_ended(tmp_path: Path, files: Iterator[tuple[str, bytes]], starts: Starts) -> Counter[str]:
    ends: Counter[str] = Counter()
    pool = DecoderPool(2, memory=MEMORY)

    def one(job: tuple[str, bytes]) -> tuple[str, str, float]:
        name, data = job
        path, target = tmp_path / name, tmp_path / f"{name}.out"
        path.write_bytes(data)
        # A file that hangs does so each time; a busy machine does not.
        for _ in range(3):
            before = starts.seconds
            word, took = _ended(pool, path, target)
            took -= starts.seconds - before
            if took < SECONDS_MAX:
                break
        path.unlink()
        target.unlink(missing_ok=True)
        return name, word, took

    try:
        with Peak() as peak, ThreadPoolExecutor(2) as threads:
            for name, word, took in threads.map(one, files):
                assert took < SECONDS_MAX, f"{name} took {took:.1f} s"
                ends[word] += 1
    finally:
        pool.close()
    assert peak.bytes < MEMORY, f"{peak.bytes / 1024**2:.0f} MB"
    assert not list(tmp_path.glob("*.out"))
    assert not list(tmp_path.glob(".*")), "half a file was left behind"
    print(dict(ends), f"peak {peak.bytes / 1024**2:.0f} MB")
    return ends


def test_broken_files_end_in_a_rendition_or_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "work").mkdir()
    files = seeds(tmp_path / "seeds")
    ends = _through(tmp_path / "work", mutated(files, 150, seed=20261121))
    assert ends["made"] >= 20
    assert ends["refused"] + ends["rejected"] >= 50


@pytest.mark.rare
@pytest.mark.timeout(3600)
def test_10_000_broken_files_end_in_a_rendition_or_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "work").mkdir()
    files = seeds(tmp_path / "seeds")
    ends = _through(tmp_path / "work", mutated(files, 10_000, seed=4))
    assert sum(ends.values()) == 10_000
    assert ends["made"] >= 1000
    assert ends["refused"] + ends["rejected"] >= 2000


def test_every_public_image_ends_in_a_rendition_or_a_sentence(tmp_path: Path) -> None:
    public = shared_images()
    if public is None:
        pytest.skip(
            "the public test images are absent: set SHARED_DATA to the folder that holds images/"
        )
    files = sorted(public.iterdir())
    ends = _through(tmp_path, ((path.name, path.read_bytes()) for path in files))
    assert sum(ends.values()) == len(files)
    assert ends["made"] >= 20
    assert not ends["given up"]


def test_what_is_refused_by_name(tmp_path: Path) -> None:
    library = vips.load()
    colors = library.Image.black(40, 30, bands=3).linear(1, [200, 90, 40]).cast("uchar")
    colors = colors.copy(interpretation="srgb")
    colors.colourspace("lab").write_to_file(str(tmp_path / "lab.tif"))
    colors.cast("float").copy(interpretation="scrgb").write_to_file(str(tmp_path / "float.tif"))
    pages = colors.join(colors.invert(), "vertical").copy()
    pages.set_type(library.GValue.gint_type, "page-height", 30)
    pages.write_to_file(str(tmp_path / "pages.tif"))
    pages.set_type(library.GValue.gint_type, "page-height", 30)
    pages.webpsave(str(tmp_path / "moving.webp"))
    library.Image.black(30_000, 30_000).write_to_file(str(tmp_path / "bomb.png"))
    names = ("lab.tif", "float.tif", "pages.tif", "moving.webp", "bomb.png")
    found = {m.relative: m.problem for m in probed([(name, tmp_path / name) for name in names])}
    assert found == {
        "lab.tif": "lab.tif is in LAB colours; convert it to RGB.",
        "float.tif": "float.tif stores its colours as floating-point numbers; export it with 8 or 16 bits.",
        "pages.tif": "pages.tif is animated or has several pages (2); export one picture.",
        "moving.webp": "moving.webp is animated or has several pages (2); export one picture.",
        "bomb.png": "bomb.png has 900.0 megapixels, the limit is 400.",
    }


def test_a_large_flat_picture_flows_through_in_bounds(tmp_path: Path) -> None:
    """A bomb below the limit: few bytes that become very many pixels."""
    path = tmp_path / "flat.png"
    vips.load().Image.black(12_000, 12_000, bands=3).copy(interpretation="srgb").write_to_file(
        str(path)
    )
    assert path.stat().st_size < 2_000_000
    (facts,) = probed([("flat.png", path)])
    with (
        Studio(tmp_path / "cache", lambda _t, _v: "", workers=1, memory=MEMORY) as studio,
        Peak() as peak,
    ):
        made = studio.make(wanted(facts, long_side_max=2000))
    assert (made.width, made.height) == (2000, 2000)
    assert peak.bytes < 300 * 1024**2, f"{peak.bytes / 1024**2:.0f} MB"


def test_a_file_that_is_no_file_is_given_up(tmp_path: Path) -> None:
    """Reading a pipe blocks for ever; the deadline ends it."""
    import os

    os.mkfifo(tmp_path / "pipe.png")
    pool = DecoderPool(1)
    try:
        with pytest.raises(Rejected, match=r"pipe\.png: the decoder gave up on this file after"):
            pool.ask(
                "probe", (tmp_path / "pipe.png", "pipe.png", 400.0), name="pipe.png", seconds=0.5
            )
    finally:
        pool.close()


def test_masters_are_measured_apart(tmp_path: Path) -> None:
    from media_samples import picture

    picture(tmp_path / "a.png", 70, 30)
    (tmp_path / "b.png").write_bytes(b"no picture")
    found: list[Master] = probed([("a.png", tmp_path / "a.png"), ("b.png", tmp_path / "b.png")])
    assert (found[0].width, found[0].height, found[0].problem) == (70, 30, None)
    assert found[0].mark is not None
    assert found[1].problem is not None
    assert "b.png" in found[1].problem
