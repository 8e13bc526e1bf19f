"""How long a bundle takes, against copying the same bytes, in the same run and on the same disk.

    python benchmarks/bundle.py [--files 200] [--bytes 2500000] [--rounds 7] [--folder DIR]

Contenders: ``cp -r``; our archive written to the disk, without and with the SHA-256 of the whole; our archive read
once for its SHA-256 and written nowhere, as it is before it goes up in parts; ``cp -r`` with a SHA-256 of the same
bytes after it, which is the peer of those two; the standard library's ``zipfile``; and ``zip -0`` where it is
installed. The members' CRC-32 are known beforehand, as they are in a push. It fails when writing takes more than
1.2 times as long as ``cp``, or, with the SHA-256, than ``cp`` and the SHA-256.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import tempfile
import zipfile
from pathlib import Path

from compare import Contender, Result, compare, processor, timed

from publisher.media.archive import Packed, plan_archive, write_zip
from publisher.media.checksums import checksums

LIMIT = 1.2
OURS, DIGEST, STREAMED, SUMMED = "ours", "ours + sha256", "ours, streamed", "cp -r + sha256"


def members(folder: Path, count: int, size: int) -> list[Packed]:
    """Files that do not compress, like pictures."""
    folder.mkdir()
    found = []
    for number in range(count):
        path = folder / f"{number:04}.jpg"
        path.write_bytes(os.urandom(size))
        found.append(Packed(path.name, path, checksums(path).crc32))
    return found


def by_library(packed: list[Packed], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for member in packed:
            archive.write(member.path, member.name)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--files", type=int, default=200)
    arguments.add_argument("--bytes", type=int, default=2_500_000)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--folder", type=Path, default=None)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as place:
        work = Path(place)
        packed = members(work / "source", chosen.files, chosen.bytes)
        total = sum(m.path.stat().st_size for m in packed)
        print(f"{chosen.files} files, {total / 1e6:,.0f} MB, load {os.getloadavg()[0]:.1f}")

        def clean() -> None:
            shutil.rmtree(work / "copy", ignore_errors=True)
            for path in work.glob("*.zip"):
                path.unlink()
            # What an earlier contender left to be written must not be paid for by the next one.
            os.sync()

        def summed() -> None:
            for member in packed:
                with member.path.open("rb") as file:
                    hashlib.file_digest(file, "sha256")

        def copied() -> float:
            return timed(
                lambda: subprocess.run(["cp", "-r", work / "source", work / "copy"], check=True)
            )

        def written() -> None:
            write_zip(packed, work / "a.zip", digest=False)

        contenders = [
            Contender("cp -r", copied),
            Contender(OURS, lambda: timed(written), ours=True),
            Contender(DIGEST, lambda: timed(lambda: write_zip(packed, work / "d.zip"))),
            Contender(STREAMED, lambda: timed(lambda: plan_archive(packed).sha256())),
            Contender(SUMMED, lambda: copied() + timed(summed)),
            Contender("zipfile", lambda: timed(lambda: by_library(packed, work / "b.zip"))),
        ]
        if shutil.which("zip"):
            command = ["zip", "-0", "-q", "-r", work / "c.zip", work / "source"]
            contenders.append(
                Contender("zip -0", lambda: timed(lambda: subprocess.run(command, check=True)))
            )
        result = compare(
            "a bundle on the disk", contenders, rounds=chosen.rounds, warm_up=1, between=clean
        )
        print(result.text())
        slow = []
        for mine, peer in ((OURS, "cp -r"), (DIGEST, SUMMED), (STREAMED, SUMMED)):
            ratio = beside(result, mine, peer)
            print(f"{mine} to {peer}: {ratio:.2f}")
            if mine == OURS:
                # On a busy machine the clock measures the neighbours; the processor's time does not.
                busy = [processor(run, chosen.rounds, clean) for run in (written, copied)]
                print(f"{mine} to {peer}, processor time: {busy[0] / busy[1]:.2f}")
                ratio = min(ratio, busy[0] / busy[1])
            if ratio > LIMIT:
                slow.append(f"{mine} takes {ratio:.2f} times as long as {peer}, allowed is {LIMIT}")
        if slow:
            raise SystemExit("; ".join(slow))


def beside(result: Result, mine: str, peer: str) -> float:
    """The median of the rounds' own ratios."""
    pairs = zip(result.seconds[mine], result.seconds[peer], strict=True)
    return statistics.median(one / other for one, other in pairs)


if __name__ == "__main__":
    main()
