"""What a signature costs, against making the rendition with the bare image library in the same run.

    python benchmarks/credentials.py [--width 6000 --height 4000] [--rounds 5]

Contenders: bare ``thumbnail`` and ``jpegsave``; the full rendition (checks, metadata, read-back, checksums);
the same, signed; and the signature alone beside a SHA-256 of the file, which is its floor. Needs the extra
c2pa. It fails when the signed rendition takes more than 1.25 times as long as the bare library.
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

from publisher.files import Metadata, Recipe, RenditionRequest
from publisher.media import vips
from publisher.media.checksums import checksums
from publisher.media.claims import claim_for
from publisher.media.probe import probe
from publisher.media.rendition import render_image
from publisher.media.signing import sign, signatory

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/unit/media"))
import certificates

LIMIT = 1.25
SIDE = 4000
BARE, FULL, SIGNED = "bare library", "full rendition", "full and signed"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--width", type=int, default=6000)
    arguments.add_argument("--height", type=int, default=4000)
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    library = vips.load()
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        grain = library.Image.gaussnoise(chosen.width, chosen.height, sigma=12, mean=128, seed=3)
        image = grain.bandjoin([grain.rot180(), grain]).cast("uchar").copy(interpretation="srgb")
        image.pngsave(str(work / "master.png"), compression=3)
        master = probe(work / "master.png", "master.png")
        words = Metadata(
            title="Grain",
            keywords=("grain", "noise"),
            digital_source_type="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        )
        request = RenditionRequest("image", "a.jpg", master, Recipe(long_side_max=SIDE), words)
        chain, key, _ = certificates.make(work)
        one = signatory(chain, key, now=dt.datetime.now(dt.UTC))
        full, signed = work / "full.jpg", work / "signed.jpg"

        def bare() -> None:
            made = library.Image.thumbnail(str(master.path), SIDE, height=SIDE, size="down")
            made.jpegsave(str(work / "bare.jpg"), Q=95, subsample_mode="off", keep="icc")

        def whole() -> None:
            render_image(request, full)
            checksums(full)

        def sealed() -> None:
            render_image(request, full)
            sign(one, claim_for(request), full, None, signed)
            checksums(signed)

        print(f"{master.megapixels:.0f} megapixels, load {os.getloadavg()[0]:.1f}")
        contenders = [
            Contender(BARE, lambda: timed(bare)),
            Contender(FULL, lambda: timed(whole), ours=True),
            Contender(SIGNED, lambda: timed(sealed), ours=True),
        ]
        result = compare("a rendition", contenders, rounds=chosen.rounds)
        print(result.text())
        alone = min(
            timed(lambda: sign(one, claim_for(request), full, None, signed)) for _ in range(3)
        )
        floor = min(timed(lambda: hashlib.sha256(full.read_bytes()).hexdigest()) for _ in range(3))
        more = signed.stat().st_size - full.stat().st_size
        print(
            f"the signature alone: {alone * 1000:.0f} ms for {full.stat().st_size / 1e6:.1f} MB, "
            f"{alone / floor:.1f} times its SHA-256; {more:,} bytes"
        )
        busy = processor(sealed, chosen.rounds) / processor(bare, chosen.rounds)
        print(f"signed, processor time: {busy:.2f} times the bare library")
        if min(result.ratio(SIGNED), busy) > LIMIT:
            raise SystemExit(f"signed: {result.ratio(SIGNED):.2f} times the bare library")


if __name__ == "__main__":
    main()
