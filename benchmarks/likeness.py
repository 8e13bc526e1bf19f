"""How long it takes to find pictures that are alike among very many, against a plain scan in the same run.

    python benchmarks/likeness.py [--works 100000] [--queries 200] [--pictures 60]

It prints the median of a query, of everything against everything, and of a plan that has nothing new. It
fails when the two ways do not find the same, when a query over 100,000 takes a millisecond or more, or when
all of their pairs take five seconds or more. On drawn pictures it then counts how many copies are still found
after they were made smaller, encoded again and watermarked, and how many unrelated ones are taken for copies.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

import numpy

from publisher.media import vips
from publisher.media.columns import Columns, links_of
from publisher.media.drawn import watermarked
from publisher.media.likeness import measure_likeness
from publisher.media.motif_index import MotifIndex
from publisher.media.probe import probe
from publisher.similarity import Likeness, alike

PLANTED = 500
QUERY_MAX, PAIRS_MAX = 0.001, 5.0
"""Seconds for 100,000 works."""


def crowd(count: int) -> list[Likeness]:
    """Unrelated pictures, and among them ``PLANTED`` variants of earlier ones."""
    chance = random.Random(7)
    found = [
        Likeness(*(chance.getrandbits(bits) for bits in (64, 64, 256, 256)))
        for _ in range(count - PLANTED)
    ]
    for _ in range(PLANTED):
        one = chance.choice(found)
        small = one.small ^ sum(1 << bit for bit in chance.sample(range(64), 4))
        wide = one.wide ^ sum(1 << bit for bit in chance.sample(range(256), 20))
        found.append(Likeness(small, one.small_mirrored, wide, one.wide_mirrored))
    chance.shuffle(found)
    return found


def timed(work, repeats: int = 1) -> tuple[float, object]:
    """The median in seconds, and the last answer."""
    taken, answer = [], None
    for _ in range(repeats):
        start = time.perf_counter()
        answer = work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken), answer


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--works", type=int, default=100_000)
    arguments.add_argument("--queries", type=int, default=200)
    arguments.add_argument("--pictures", type=int, default=60)
    chosen = arguments.parse_args()
    works = crowd(chosen.works)
    print(f"{len(works):,} works, load average {os.getloadavg()[0]:.1f}")

    columns = Columns([work.packed() for work in works])
    asked = random.Random(1).sample(range(len(works)), chosen.queries)
    taken = []
    for place in asked:
        seconds, _ = timed(lambda p=place: columns.alike(works[p]))
        taken.append(seconds)
    fast = statistics.median(taken)
    print(f"one query in columns: median {fast * 1000:.2f} ms, slowest {max(taken) * 1000:.2f} ms")

    slow, plain = timed(lambda: [n for n, w in enumerate(works) if alike(works[asked[0]], w)])
    assert plain == columns.alike(works[asked[0]]), "the two ways disagree"
    print(f"one query, plain scan: {slow * 1000:.0f} ms, {slow / fast:.0f} times as long")

    named = [(f"{n:064x}", work) for n, work in enumerate(works)]
    started = time.process_time()
    wall, pairs = timed(lambda: links_of(named, []))
    # On a busy machine the processor's time says more than the clock's; one thread does the work.
    every = min(wall, time.process_time() - started)
    print(
        f"all pairs: {wall:.1f} s ({every:.1f} s of processor), {len(pairs)} found, {PLANTED} planted"
    )
    assert len(pairs) >= PLANTED

    def scanned() -> list[tuple[str, str]]:
        return [
            (named[n][0], named[m][0]) for n, w in enumerate(works) for m in columns.alike(w, n + 1)
        ]

    if len(works) <= 20_000:
        slow, plain = timed(scanned)
        assert sorted(plain) == sorted(pairs), "the two ways disagree"
        print(f"all pairs, a scan for each: {slow:.1f} s, {slow / every:.1f} times as long")
    if len(works) <= 100_000:
        assert fast < QUERY_MAX, "a query takes too long"
        assert every < PAIRS_MAX, "all pairs take too long"

    with tempfile.TemporaryDirectory() as place:
        published = dict(named)
        cold, _ = timed(lambda: MotifIndex(Path(place)).alike([], published))
        warm, again = timed(lambda: MotifIndex(Path(place)).alike([], published), 3)
        assert {frozenset(p) for p in again} == {frozenset(p) for p in pairs}
        late = dict([*named, ("f" * 64, works[0])])
        more, _ = timed(lambda: MotifIndex(Path(place)).alike([], late))
        print(f"index: first time {cold:.1f} s, nothing new {warm:.2f} s, one more {more:.2f} s")
    with tempfile.TemporaryDirectory() as place:
        recall(Path(place), chosen.pictures)


def recall(folder: Path, count: int) -> None:
    """Print the share of copies that are found, by what was done to them. Fails under 97 in 100."""
    library = vips.load()
    changes = {
        "half the size": lambda i: (i.resize(0.5), 90),
        "a fifth of the size": lambda i: (i.resize(0.2), 90),
        "JPEG at quality 50": lambda i: (i, 50),
        "watermarked": lambda i: (watermarked(library, i, "© Ana Vidal"), 85),
        "watermarked and small": lambda i: (
            watermarked(library, i.resize(0.4), "© Ana Vidal"),
            75,
        ),
    }
    originals, found = [], dict.fromkeys(changes, 0)
    for seed in range(count):
        image = scenery(library, seed)
        original = measured(folder, image, 100)
        originals.append(original)
        for name, change in changes.items():
            found[name] += alike(original, measured(folder, *change(image)))
    for name, number in found.items():
        print(f"found although {name}: {number} of {count}")
    pairs = [(a, b) for n, a in enumerate(originals) for b in originals[n + 1 :]]
    false = sum(alike(a, b) for a, b in pairs)
    print(f"unrelated pictures taken for copies: {false} of {len(pairs):,}")
    assert min(found.values()) >= 0.97 * count and not false


def scenery(library, seed: int):
    """Soft fields of colour with grain: every seed is another picture."""
    chance = numpy.random.default_rng(seed)
    wide, high = (int(n) for n in chance.integers(5, 11, 2))
    fields = numpy.kron(chance.integers(15, 240, (high, wide, 3)), numpy.ones((120, 120, 1)))
    pixels = (fields + chance.normal(0, 5, fields.shape)).clip(0, 255).astype("uint8")
    image = library.Image.new_from_array(pixels).copy(interpretation="srgb")
    return image.gaussblur(float(chance.uniform(4, 20))).copy_memory()


def measured(folder: Path, image, quality: int) -> Likeness:
    image.jpegsave(str(folder / "one.jpg"), Q=quality)
    measure_likeness(probe(folder / "one.jpg", "one.jpg"), folder / "hashes")
    return Likeness.unpacked((folder / "hashes").read_bytes())


if __name__ == "__main__":
    main()
