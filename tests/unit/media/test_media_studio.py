"""The studio: each file once, shared, bounded on disk, and no picture that can take the run down."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import pickle
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from media_samples import AWKWARD, picture, pixels, wanted

from publisher.errors import Rejected
from publisher.listing import BundleRequest, Metadata, Recipe, RenditionRequest, TextRequest
from publisher.manifest.item import Master
from publisher.media.pool import DecoderPool
from publisher.media.probe import probe
from publisher.media.studio import Studio

Make = Callable[..., Master]


def _text(template: str, variables: object) -> str:
    return f"{template}: {variables}"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with Studio(tmp_path / "cache", _text, workers=2) as opened:
        yield opened


def test_a_file_is_made_once_and_shared(studio: Studio, master: Make, tmp_path: Path) -> None:
    facts = master(width=200, height=150)
    requests = [
        RenditionRequest(f"role{n}", f"name{n}.jpg", facts, Recipe(long_side_max=100), AWKWARD)
        for n in range(12)
    ]
    with ThreadPoolExecutor(12) as threads:
        files = list(threads.map(studio.make, requests))
    assert studio.made == 1
    assert {f.path for f in files} == {files[0].path}
    assert [f.name for f in files] == [r.name for r in requests]
    first = files[0]
    assert (first.width, first.height, first.media_type) == (100, 75, "image/jpeg")
    assert first.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert first.size == first.path.stat().st_size
    with Studio(tmp_path / "cache", _text) as later:
        assert later.make(requests[0]) == first
        assert later.made == 0
        assert later._pool is None, "a cached file needs no worker"


def test_a_damaged_cache_entry_is_made_again(studio: Studio, master: Make) -> None:
    request = wanted(master())
    made = studio.make(request)
    made.path.write_bytes(b"half")
    assert studio.make(request).sha256 == made.sha256
    assert studio.made == 2


def test_accounts_that_differ_in_words_and_bounds_share_one_decode(
    studio: Studio, master: Make
) -> None:
    one = master()
    first = studio.make(wanted(one))
    other = dataclasses.replace(wanted(one), metadata=Metadata(title="Another title"))
    bounded = dataclasses.replace(other, recipe=dataclasses.replace(other.recipe, bytes_max=10**8))
    assert studio.make(other).sha256 != first.sha256
    assert studio.make(bounded).sha256 == studio.make(other).sha256
    assert studio.decoded == 1
    smaller = studio.make(
        dataclasses.replace(
            bounded,
            recipe=dataclasses.replace(bounded.recipe, bytes_max=first.size - 1, quality_floor=1),
        )
    )
    assert smaller.size < first.size


def test_texts_and_bundles_are_deterministic(studio: Studio, master: Make, tmp_path: Path) -> None:
    members = tuple(
        RenditionRequest("member", f"{n}.png", master(f"{n}.png", 60 + n), Recipe("png"), AWKWARD)
        for n in range(4)
    )
    note = TextRequest("text", "LICENCE.txt", "licence", {"name": "Änne"})
    bundle = BundleRequest("bundle", "pack.zip", (*members, note))
    made = studio.make(bundle)
    with zipfile.ZipFile(made.path) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["0.png", "1.png", "2.png", "3.png", "LICENCE.txt"]
        assert packed.read("LICENCE.txt").decode() == "licence: {'name': 'Änne'}"
    with Studio(tmp_path / "other", _text, workers=1) as other:
        again = other.make(BundleRequest("bundle", "pack.zip", (note, *members[::-1])))
    assert (again.sha256, again.media_type) == (made.sha256, "application/zip")
    doubled = BundleRequest("bundle", "pack.zip", (members[0], members[0]))
    with pytest.raises(Rejected, match="Two files of the bundle"):
        studio.make(doubled)


def test_the_cache_is_bounded_by_least_recent_use(tmp_path: Path, master: Make) -> None:
    masters = [master(f"{n}.png", 200 + n, 150, noise=40) for n in range(6)]
    with Studio(tmp_path / "cache", _text, workers=1) as first:
        files = [first.make(wanted(m, format="png")) for m in masters]
    assert all(f.path.exists() for f in files), "files of the current run stay"
    for shared in (tmp_path / "cache").rglob("*.pixels.note"):
        os.utime(shared, (time.time() - 2000, time.time() - 2000))
    for age, file in enumerate(files):
        past = time.time() - 1000 + age
        os.utime(file.path.with_name(file.path.name + ".note"), (past, past))
    room = sum(f.size for f in files[:2]) + files[0].size // 2
    with Studio(tmp_path / "cache", _text, cache_bytes=room, workers=1) as second:
        second.make(wanted(masters[0], format="png"))
    left = [file.path.exists() for file in files]
    assert left == [True, False, False, False, False, True]
    assert sum(p.stat().st_size for p in (tmp_path / "cache").rglob("*.png")) <= room


def test_a_thumbnail_is_cached_and_a_bad_master_has_none(
    studio: Studio, master: Make, tmp_path: Path
) -> None:
    path = studio.thumbnail(master(width=500, height=300), 100)
    assert path is not None
    assert len(pixels(path)) == 100 * 60 * 3
    assert studio.thumbnail(master(width=500, height=300), 100) == path
    (tmp_path / "bad.png").write_bytes(b"nothing")
    assert studio.thumbnail(probe(tmp_path / "bad.png", "bad.png")) is None
    whole = picture(tmp_path / "cut.png", 200, 200, noise=30).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    assert studio.thumbnail(probe(tmp_path / "cut.png", "cut.png")) is None


def _workers() -> set[int]:
    """The decoder workers of this process, whichever test started them."""
    found = set()
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if "publisher.media.worker" in " ".join(child.cmdline()):
                found.add(child.pid)
    return found


def _kill_at(pipe: Path, others: set[int]) -> None:
    """Kill our workers as soon as one of them reads from ``pipe``."""
    with pipe.open("wb"):
        for pid in _workers() - others:
            psutil.Process(pid).kill()


def test_a_worker_that_dies_fails_one_picture_and_not_the_run(
    studio: Studio, master: Make, tmp_path: Path
) -> None:
    facts = master(width=300, height=200)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    killer = threading.Thread(target=_kill_at, args=(pipe, _workers()))
    killer.start()
    with pytest.raises(Rejected, match=r"glass-001\.png: the decoder gave up on this file\."):
        studio.make(wanted(dataclasses.replace(facts, path=pipe)))
    killer.join()
    assert studio.make(wanted(facts)).width == 300


def test_a_picture_that_takes_too_long_is_given_up(master: Make, tmp_path: Path) -> None:
    pool = DecoderPool(1)
    try:
        job = (wanted(master()), tmp_path / "out.jpg")
        with pytest.raises(Rejected, match="gave up on this file after 0 seconds"):
            pool.run("render", job, name="slow.png", seconds=0.001)
        assert pool.run("render", job, name="quick.png", seconds=60).width == 64
    finally:
        pool.close()


def test_workers_are_replaced_and_end_with_the_studio(
    master: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.media.pool.JOBS_PER_WORKER", 1)
    others = _workers()
    with Studio(tmp_path / "cache", _text, workers=1) as studio:
        for side in (10, 20, 30):
            studio.make(wanted(master(), long_side_max=side))
            assert not _workers() - others, "a worker of one job ends with it"
    assert studio.made == 3
    assert not _workers() - others


def test_memory_is_limited(master: Make, tmp_path: Path) -> None:
    pool = DecoderPool(1, memory=320 * 1024**2)
    wide = master("wide.jpg", 8000, 7000, interlace=True, Q=20, subsample_mode="off")
    try:
        with pytest.raises(Rejected, match=r"wide\.jpg: "):
            pool.run("render", (wanted(wide), tmp_path / "out.jpg"), name="wide.jpg", seconds=60)
        small = (wanted(master()), tmp_path / "out.jpg")
        assert pool.run("render", small, name="small.png", seconds=60).width == 64
    finally:
        pool.close()


@pytest.mark.slow
def test_a_300_mb_tiff_stays_within_300_mb_of_memory(master: Make, tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak of a process is read from /proc")
    big = master("big.tif", 12_000, 8_400)
    assert big.size > 300_000_000
    code = (
        "import pickle; from pathlib import Path;"
        "from publisher.media.rendition import render_image;"
        f"r = pickle.loads(Path({str(tmp_path / 'job')!r}).read_bytes());"
        f"[render_image(q, Path({str(tmp_path / 'out')!r})) for q in r];"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    jobs = [
        wanted(big, AWKWARD, long_side_max=8000),
        wanted(big, AWKWARD, bytes_max=20_000_000),
        wanted(big, AWKWARD, format="tiff", keep_original=True),
    ]
    (tmp_path / "job").write_bytes(pickle.dumps(jobs))
    output = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, cwd=Path(__file__).parents[3]
    ).stdout
    # Not ru_maxrss: a child inherits the peak of the process that started it.
    assert int(output) < 300_000, f"{int(output) // 1024} MiB"
