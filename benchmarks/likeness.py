"""How long it takes to find pictures that are alike among very many, against a plain scan in the same run.

    python benchmarks/likeness.py [--works 100000] [--queries 200]

It prints the median of a query, of everything against everything, and of a plan that has nothing new. It
fails when the two ways do not find the same, when a query over 100,000 takes a millisecond or more, or when
all of their pairs take five seconds or more.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from publisher.media.columns import Columns, links_of
from publisher.media.motif_index import MotifIndex
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
    every, pairs = timed(lambda: links_of(named, []))
    print(f"all pairs: {every:.1f} s, {len(pairs)} found, {PLANTED} planted")
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


if __name__ == "__main__":
    main()
