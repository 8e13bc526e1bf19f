"""What a full rendition costs beside the bare image library, how batches and shared decodes pay, and memory.

    python benchmarks/renditions.py [--megapixels 24] [--rounds 11] [--batch 12] [--only single,four,batch,memory]

Every figure is a ratio to a peer in the same run. "Full" is what the studio makes of a request: header checks,
sized sRGB picture, all metadata, perceptual hashes, SHA-256 and CRC-32, everything read back, a rename at the
end. "Bare" is pyvips ``thumbnail`` and ``jpegsave`` with the same
options. Ratios are of wall seconds; the processor's seconds of the workers stand beside them, because other
load on the machine falls on wall seconds only. It fails when a limit is broken.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from compare import Contender, Result, compare, timed

os.environ["VIPS_CONCURRENCY"] = "1"

from publisher.listing import Metadata, Recipe, RenditionRequest
from publisher.manifest.item import Master
from publisher.manifest.model import ProvenanceClass
from publisher.media import vips
from publisher.media.motif_index import MotifIndex
from publisher.media.probe import probe
from publisher.media.studio import Studio

SINGLE, FOUR, BATCH, MEGABYTES = 1.15, 2.0, 1.6, 150
UNJUDGED = 1.0
"""For a batch of JPEG masters: one worker alone keeps 1.4 cores busy with them, as it decodes and encodes at once,
so that 1.6 times its speed is more than two cores have. Two workers must only be the faster ones."""
SIDES = (4000, 3000, 2000, 1600)
KINDS: dict[str, dict[str, object]] = {
    "png": {"filter": "all"},
    "jpg": {"Q": 95},
    "tif": {"compression": "lzw", "predictor": "horizontal"},
}
"""Kinds of masters, and how they are written."""
WORDS = Metadata(
    title="Translucent blue glass dunes at dawn under a winter sun",
    description="Abstract dunes of translucent blue glass roll towards a low winter sun. " * 3,
    keywords=tuple(f"keyword {n}" for n in range(49)),
    creator="Ana Vidal",
    copyright="© 2026 Ana Vidal",
    credit="Ana Vidal",
    date_created="2026-01-05T07:30:00+01:00",
    provenance=ProvenanceClass.AI_GENERATED,
    ai_system="Midjourney",
    ai_system_version="7",
)


def picture(place: Path, name: str, megapixels: float, seed: int = 1, **save: object) -> Master:
    """A picture with large shapes, fine texture and a little grain, three to two."""
    path = place / name
    library = vips.load()
    height = round((megapixels * 1_000_000 / 1.5) ** 0.5)
    width = height * 3 // 2
    ramp = library.Image.xyz(width, height)
    bands = []
    for band in range(3):
        image = ramp[0] * (60 / width) + ramp[1] * (50 / height) + 60
        for octave in range(4):
            cell = max(width // (3 * 4**octave), 4)
            noise = library.Image.perlin(width, height, cell_size=cell, seed=seed + octave + band)
            image = image + noise * (50 / 2**octave)
        bands.append(image)
    image = bands[0].bandjoin(bands[1:])
    image = image + library.Image.gaussnoise(width, height, mean=0, sigma=1.5, seed=seed)
    image.cast("uchar").copy(interpretation="srgb").write_to_file(str(path), **save)
    found = probe(path, name)
    assert found.problem is None, found.problem
    return found


def request(master: Master, side: int = SIDES[0], **more: object) -> RenditionRequest:
    """One rendition of ``master`` as an agency takes it."""
    recipe = Recipe(long_side_max=side, **more)
    return RenditionRequest("image", "x.jpg", master, recipe, WORDS)


class Fresh:
    """A studio with an empty cache and workers that are up and warm: each has made a picture of full size."""

    def __init__(self, place: Path, others: Sequence[Master], workers: int) -> None:
        self._folder = tempfile.TemporaryDirectory(dir=place)
        place = Path(self._folder.name)
        motifs = MotifIndex(place)
        self.studio = Studio(place, lambda _t, _v: "", workers=workers, motifs=motifs)
        self._others, self._workers = others, workers

    def __enter__(self) -> Studio:
        # As many at a time as there are workers, so that every one gets its share.
        asked = [request(other) for other in self._others[: self._workers]]
        all_made(self.studio, asked, self._workers)
        return self.studio

    def __exit__(self, *_: object) -> None:
        self.studio.close()
        self._folder.cleanup()


def forget(studio: Studio) -> None:
    """Empty the cache of ``studio`` and let it forget hashes; its workers stay, as in any batch."""
    for path in studio._once.cache._folder.glob("*/*"):
        path.unlink()
    studio._hashes.clear()


def all_made(studio: Studio, requests: list[RenditionRequest], workers: int) -> None:
    """All of them, ``workers`` at a time."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as threads:
        list(threads.map(studio.make, requests))


def bare(master: Master, place: Path, side: int = SIDES[0]) -> None:
    """The library alone."""
    image = vips.load().Image.thumbnail(str(master.path), side, height=side, size="down")
    image.jpegsave(str(place / "bare.jpg"), Q=95, subsample_mode="off", keep="icc")


def decode(master: Master) -> None:
    """Every pixel of the master in memory."""
    vips.load().Image.new_from_file(str(master.path), access="sequential").copy_memory()


def single(place: Path, others: Sequence[Master], master: Master, rounds: int) -> Result:
    """One full rendition and one bare one."""

    title = f"one rendition of {master.relative}, {master.megapixels:.0f} megapixels"
    processor_seconds(place, master)
    with Fresh(place, others, 1) as studio:

        def full() -> float:
            # Nothing of the round before is known: no file, and no hashes.
            forget(studio)
            taken = timed(lambda: studio.make(request(master)))
            assert studio._hashes.keys() == {master.sha256}
            return taken

        contenders = [
            Contender("full", full, ours=True),
            Contender("bare", lambda: timed(lambda: bare(master, place))),
        ]
        return compare(title, contenders, rounds=rounds)


def processor_seconds(place: Path, master: Master) -> None:
    """What a rendition, a bare one and a decode take of the processor, in this process and one after the other."""
    from publisher.media.jobs import perform

    target, pixels = place / "cpu.jpg", place / "cpu.pixels"
    asked = [request(master, side) for side in SIDES]

    def made(requests: list[RenditionRequest]) -> None:
        places = [pixels.with_suffix(f".{n}") for n in range(len(requests))]
        job = (master, [(r.recipe, p) for r, p in zip(requests, places, strict=True)], True)
        answer = perform("pictures", job)
        for one, where, each in zip(requests, places, answer["each"], strict=True):
            size = (each["width"], each["height"])
            assert "error" not in perform("finish", (one, where, size, target))

    work: dict[str, Callable[[], object]] = {
        "full": lambda: made(asked[:1]),
        "bare": lambda: bare(master, place),
        "four": lambda: made(asked),
        "decode": lambda: decode(master),
    }
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(5):
        for name, run in work.items():
            start = time.process_time()
            run()
            taken[name].append(time.process_time() - start)
    cpu = {name: min(seconds) for name, seconds in taken.items()}
    print(
        f"{master.relative}: processor seconds: full {cpu['full']:.3f}, bare {cpu['bare']:.3f}, ratio "
        f"{cpu['full'] / cpu['bare']:.2f}; four {cpu['four']:.3f}, decode {cpu['decode']:.3f}, ratio "
        f"{cpu['four'] / cpu['decode']:.2f}, four apart {4 * cpu['full']:.3f}"
    )


def four(place: Path, others: Sequence[Master], master: Master, rounds: int) -> Result:
    """Four full renditions and one decode."""

    def shared() -> float:
        with Fresh(place, others, 2) as studio:
            asked = [request(master, side) for side in SIDES]

            def work() -> None:
                studio.expect(asked)
                all_made(studio, asked, 4)

            return timed(work)

    title = f"four renditions of {master.relative}, {master.megapixels:.0f} megapixels"
    contenders = [
        Contender("four renditions", shared, ours=True),
        Contender("one decode", lambda: timed(lambda: decode(master))),
    ]
    return compare(title, contenders, rounds=rounds)


def batch(
    place: Path, others: Sequence[Master], masters: list[Master], kind: str, rounds: int
) -> Result:
    """The same renditions by two workers, by one, and by one with everything on one core."""
    cores = os.sched_getaffinity(0)

    def by(workers: int, allowed: set[int] = cores) -> float:
        os.sched_setaffinity(0, allowed)
        try:
            with Fresh(place, others, workers) as studio:
                asked = [request(master) for master in masters]
                return timed(lambda: all_made(studio, asked, workers))
        finally:
            os.sched_setaffinity(0, cores)

    contenders = [
        Contender("two workers", lambda: by(2), ours=True),
        Contender("one worker", lambda: by(1)),
        Contender("one worker, one core", lambda: by(1, {min(cores)})),
    ]
    return compare(f"{len(masters)} renditions of {kind} masters", contenders, rounds=rounds)


_PEAK = """
import sys
from pathlib import Path
def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
bare = peak()
import os, pickle
os.environ["VIPS_CONCURRENCY"] = "1"
from publisher.media.jobs import perform
job = pickle.loads(Path(sys.argv[1]).read_bytes())
answer = perform(*job)
assert "error" not in answer, answer
print(bare, peak())
"""


def memory(place: Path, megapixels: float) -> float:
    """Megabytes that a 100-megapixel TIFF takes above the bare interpreter."""
    import pickle

    master = picture(place, "large.tif", megapixels, compression="lzw", predictor="horizontal")
    job = place / "job"
    job.write_bytes(pickle.dumps(("render", (request(master, 8000), place / "out.jpg"))))
    environment = os.environ | {"MALLOC_ARENA_MAX": "2", "VIPS_CONCURRENCY": "1"}
    command = [sys.executable, "-c", _PEAK, str(job)]
    told = subprocess.run(command, env=environment, check=True, capture_output=True).stdout.split()
    before, after = (int(figure) / 1024 for figure in told)
    print(
        f"{master.megapixels:.0f}-megapixel TIFF: {after:.0f} MB, {after - before:.0f} MB above the "
        f"bare interpreter ({before:.0f} MB)"
    )
    return after - before


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megapixels", type=float, default=24)
    arguments.add_argument("--rounds", type=int, default=11)
    arguments.add_argument("--batch", type=int, default=12)
    arguments.add_argument("--large", type=float, default=100)
    arguments.add_argument("--only", default="single,four,batch,memory")
    chosen = arguments.parse_args()
    wanted = chosen.only.split(",")
    broken: list[str] = []

    def judge(result: Result, limit: float) -> None:
        print(result.text())
        broken.extend(f"{result.title}: over {limit}" for _ in result.slower_than(limit))

    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        others = [
            picture(place, f"other-{n}.png", chosen.megapixels, seed=90 + n) for n in range(2)
        ]
        masters = [
            picture(place, f"m.{kind}", chosen.megapixels, **save) for kind, save in KINDS.items()
        ]
        if "single" in wanted:
            for master in masters:
                judge(single(place, others, master, chosen.rounds), SINGLE)
        if "four" in wanted:
            for master in masters:
                judge(four(place, others, master, chosen.rounds), FOUR)
        if "batch" in wanted:
            for kind, save in KINDS.items():
                many = [
                    picture(place, f"{n}.{kind}", chosen.megapixels, seed=n, **save)
                    for n in range(chosen.batch)
                ]
                result = batch(place, others, many, kind, max(chosen.rounds // 2, 3))
                judge(result, UNJUDGED if kind == "jpg" else 1 / BATCH)
                for master in many:
                    master.path.unlink()
        if "memory" in wanted and memory(place, chosen.large) > MEGABYTES:
            broken.append(f"over {MEGABYTES} MB")
    print(f"load average {os.getloadavg()[0]:.1f}")
    if broken:
        sys.exit("; ".join(broken))


if __name__ == "__main__":
    main()
