"""What a signature costs, against making the rendition with the bare image library in the same run.

    python benchmarks/credentials.py [--megapixels 24] [--rounds 11]

Contenders: bare ``thumbnail`` and ``jpegsave``; the full rendition (checks, metadata, hashes, read-back,
checksums) as a worker makes it; the same, signed; and the signature alone beside a SHA-256 of the file, which
is its floor. Needs the extra c2pa. It fails when the signed rendition takes more than 1.25 times as long as
the bare library.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import os
import sys
import tempfile
from pathlib import Path

from compare import Contender, compare, processor, timed
from renditions import WORDS, picture

from publisher.listing import Recipe, RenditionRequest
from publisher.manifest.item import Master
from publisher.media import vips
from publisher.media.checksums import checksums
from publisher.media.claims import claim_for
from publisher.media.jobs import perform
from publisher.media.signing import sign, signatory

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/unit/media"))
import certificates

LIMIT = 1.25
SIDE = 4000
BARE, FULL, SIGNED = "bare library", "full rendition", "full and signed"


def measure(work: Path, master: Master, rounds: int) -> float:
    """The ratio of the signed rendition of ``master`` to the bare library."""
    library = vips.load()
    request = RenditionRequest("image", "a.jpg", master, Recipe(long_side_max=SIDE), WORDS)
    chain, key, _ = certificates.make(work)
    one = signatory(chain, key, now=dt.datetime.now(dt.UTC))
    pixels, full, signed = work / "pixels", work / "full.jpg", work / "signed.jpg"

    def bare() -> None:
        made = library.Image.thumbnail(str(master.path), SIDE, height=SIDE, size="down")
        made.jpegsave(str(work / "bare.jpg"), Q=95, subsample_mode="off", keep="icc")

    def whole() -> None:
        made = perform("pictures", (master, [(request.recipe, pixels)], True))
        assert made["likeness"], made
        (each,) = made["each"]
        size = (each["width"], each["height"])
        assert "error" not in perform("finish", (request, pixels, size, full))

    def seal() -> None:
        sign(one, claim_for(request), full, None, signed)
        checksums(signed)

    def sealed() -> None:
        whole()
        seal()

    contenders = [
        Contender(BARE, lambda: timed(bare)),
        Contender(FULL, lambda: timed(whole), ours=True),
        Contender(SIGNED, lambda: timed(sealed), ours=True),
    ]
    result = compare(
        f"{master.relative}, {master.megapixels:.0f} megapixels", contenders, rounds=rounds
    )
    print(result.text())
    alone = min(timed(seal) for _ in range(3))
    floor = min(timed(lambda: hashlib.sha256(full.read_bytes()).hexdigest()) for _ in range(3))
    more = signed.stat().st_size - full.stat().st_size
    print(
        f"the signature alone: {alone * 1000:.0f} ms for {full.stat().st_size / 1e6:.1f} MB, "
        f"{alone / floor:.1f} times its SHA-256; {more:,} bytes"
    )
    busy = processor(sealed, rounds) / processor(bare, rounds)
    print(f"signed, processor time: {busy:.2f} times the bare library")
    return result.ratio(SIGNED)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megapixels", type=float, default=24)
    arguments.add_argument("--rounds", type=int, default=11)
    chosen = arguments.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        masters = [
            picture(work, "master.png", chosen.megapixels, filter="all"),
            picture(work, "master.jpg", chosen.megapixels, Q=95),
        ]
        ratios = {m.relative: measure(work, m, chosen.rounds) for m in masters}
    if broken := [f"{name}: {ratio:.2f}" for name, ratio in ratios.items() if ratio > LIMIT]:
        raise SystemExit(f"signed, over {LIMIT} times the bare library: {', '.join(broken)}")


if __name__ == "__main__":
    main()
