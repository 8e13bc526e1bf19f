"""How long judging takes: 100,000 items at every shipped row, cold, and again when nothing changed.

    python benchmarks/judge.py [--items 100000] [--rows 25] [--distinct]

Cold is one process that makes the rows ready, reads every text and judges every pair. Unchanged opens the
remembered verdicts, takes the digest of every item, and finds each pair again. ``--distinct`` gives every
item facts of its own, the worst case for a memory. Needs nothing but the program.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import random
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

from publisher.discovery import load_row, shipped_rows
from publisher.manifest.item import Item, ItemKind, Master
from publisher.manifest.model import Asset
from publisher.policy import Bench
from publisher.remembered import Remembered

DAY = dt.date(2026, 11, 21)
NOUNS = (
    "glass",
    "dune",
    "river",
    "lighthouse",
    "fox",
    "harbour",
    "orchid",
    "market",
    "bridge",
    "tram",
)
WORDS = (
    "quiet",
    "blue",
    "frozen",
    "early",
    "distant",
    "bright",
    "narrow",
    "old",
    "misty",
    "red",
    "wide",
)
ARTISTS = ("in the style of Van Gogh", "like a Monet", "a white van", "with an apple", "")


def make_items(count: int, *, distinct: bool) -> list[Item]:
    """Items with texts of their own; the facts vary as in a real archive, or for every item."""
    chance = random.Random(7)
    return [_item(n, chance, distinct) for n in range(count)]


def _item(n: int, chance: random.Random, distinct: bool) -> Item:
    words = [f"{chance.choice(WORDS)} {chance.choice(NOUNS)}" for _ in range(12)]
    title = f"{words[0].capitalize()} and {words[1]} number {n}"
    made = chance.choices(("human", "ai-edited", "ai-generated"), (5, 2, 3))[0]
    provenance: dict[str, object] = {"class": made}
    if made != "human":
        share = n / 1e6 if distinct else chance.choice((0.03, 0.1, 0.4, 0.8))
        style = chance.choices(ARTISTS, (1, 1, 5, 5, 88))[0]
        provenance |= {
            "system": chance.choice(("Midjourney", "Adobe Firefly", "DALL-E")),
            "version": "7",
            "plan": chance.choice(("free", "pro")),
            "rights": chance.choices(("commercial", "personal", "unknown"), (8, 1, 1))[0],
            "prompt": f"{words[2]}, {words[3]}, {style}, soft light, {n}",
            "edit_share": share,
        }
    elif distinct:
        provenance["edit_share"] = n / 1e6
    depicted = ("none", "none", "none", "fictional", "real")
    asset = Asset.model_validate(
        {
            "id": f"item-{n:06}",
            "file": f"masters/{n:06}.jpg",
            "title": title,
            "description": f"{title}. A view of {words[4]} with {words[5]} behind {words[6]}.",
            "keywords": tuple(dict.fromkeys(words)),
            "provenance": provenance,
            "style": chance.choice(("photo", "photo", "illustration", "3d")),
            "depicts": {
                "people": chance.choice(depicted),
                "property": chance.choice(depicted),
                "places": chance.choice(("none", "none", "real")),
                "brands": "none",
                "text": False,
                "news_event": False,
            },
            "editorial": chance.random() < 0.05,
            "mature": False,
        }
    )
    master = Master(
        Path(asset.file), asset.file, f"{n:064x}", 9_000_000, "jpeg", 6000, chance.choice((4000, 6000)),
        exif=("Make", "Model"),
    )  # fmt: skip
    return Item(
        asset.id, ItemKind.ASSET, "bench", asset.title or "", asset.description or "", asset.keywords,
        (asset,), (master,), asset, None, "release.jsonl", n,
    )  # fmt: skip


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=100_000)
    options.add_argument("--rows", type=int, default=25)
    options.add_argument("--distinct", action="store_true")
    given = options.parse_args()
    rows = [load_row(name) for name in sorted(shipped_rows())][: given.rows]
    items = make_items(given.items, distinct=given.distinct)
    gc.collect()
    gc.freeze()
    pairs = len(items) * len(rows)

    start, cpu = time.perf_counter(), time.process_time()
    bench = Bench(DAY, rows=rows)
    words: Counter[str] = Counter()
    for row in rows:
        name = row.name
        for item in items:
            words[bench.judge(item, row, name).word] += 1
    cold, cold_cpu = time.perf_counter() - start, time.process_time() - cpu
    print(f"{len(items):,} items x {len(rows)} rows = {pairs:,} pairs")
    each = cold / pairs * 1e6
    print(f"cold        {cold:7.2f} s ({cold_cpu:.2f} s of the processor), {each:.2f} µs a pair")
    print("            " + ", ".join(f"{w.value} {n:,}" for w, n in sorted(words.items())))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "verdicts"
        start = time.perf_counter()
        memory = Remembered.open(path)
        keeping = Bench(DAY, rows=rows, memory=memory)
        for row in rows:
            for item in items:
                keeping.judge(item, row, row.name)
        memory.save()
        size = path.stat().st_size / 1e6
        print(f"remembering {time.perf_counter() - start:7.2f} s   {size:.1f} MB on disk")
        del memory, keeping, bench
        gc.collect()
        gc.freeze()

        start, cpu = time.perf_counter(), time.process_time()
        memory = Remembered.open(path)
        bench = Bench(DAY, rows=rows, memory=memory)
        rules = [bench.rules_of(row, row.name) for row in rows]
        again: Counter[str] = Counter()
        sets: Counter[int] = Counter()
        seen = {}
        for verdicts in memory.all(items, rules):
            sets[id(verdicts)] += 1
            seen[id(verdicts)] = verdicts
        for number, count in sets.items():
            for verdict in seen[number]:
                again[verdict.word if verdict is not None else "unknown"] += count
        warm, warm_cpu = time.perf_counter() - start, time.process_time() - cpu
    assert again == words, "what is remembered differs from what was judged"
    print(f"unchanged   {warm:7.2f} s ({warm_cpu:.2f} s of the processor)")
    print(
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB with the items"
    )


if __name__ == "__main__":
    main()
