"""How fast metadata is written and read, against ExifTool with ``-stay_open`` in the same run.

    python benchmarks/metadata.py [--files 60] [--megabytes 2.5] [--formats jpeg,png,tiff,webp]

Both write the same texts into the same pictures, ten files in a row and taking turns, and read them back.
Ours makes a new file and checks every written byte; ExifTool replaces the file and checks nothing. Wall
time is told with the processor time of both processes. "Ours" is what happens to every rendition; "any
file" is a picture that somebody else made, in which the end of a JPEG is looked for first. The larger the
file, the more both only copy.
Needs ``exiftool`` on the path; without it, it says so and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyvips

from publisher.listing import Metadata
from publisher.manifest.model import ProvenanceClass
from publisher.media.metadata import xmp
from publisher.media.metadata.embed import embed
from publisher.media.metadata.read import read_metadata

SUFFIX = {"jpeg": "jpg", "png": "png", "tiff": "tif", "webp": "webp"}
WORDS = (*(f"keyword number {n}" for n in range(45)), "blå", "冬", "🌊", "שלום")
METADATA = Metadata(
    title="Translucent blue glass dunes at dawn under a winter sun",
    description="Abstract dunes of translucent blue glass roll towards a low winter sun. " * 4,
    keywords=WORDS,
    creator="Ana Vídal",
    copyright="© 2026 Ana Vídal",
    credit="Vidal & Søn",
    date_created="2026-01-05T07:30:00+01:00",
    city="Malmö",
    state="Skåne",
    country="SWE",
    provenance=ProvenanceClass.AI_GENERATED,
    rights_url="https://example.com/rights",
    usage_terms="With permission only",
    licensor_name="Ana & Co",
    licensor_url="https://example.com/licence",
)
LIMIT = 8.0
_TURN = 10
"""Files in a row by one contender: a batch is written in a row as well. The first turn is not counted."""


class ExifTool:
    """One process for all files, as its manual advises for speed."""

    def __init__(self) -> None:
        command = ["exiftool", "-stay_open", "True", "-@", "-"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)

    def run(self, *arguments: str) -> bytes:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write("\n".join([*arguments, "-execute\n"]).encode())
        self.process.stdin.flush()
        answer = b""
        while not answer.endswith(b"{ready}\n"):
            answer += self.process.stdout.readline()
        return answer

    def processor(self) -> float:
        """Processor seconds of the process so far."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.write(b"-stay_open\nFalse\n")
        self.process.stdin.close()
        self.process.wait()


def arguments_for(metadata: Metadata) -> list[str]:
    """The same words for ExifTool: XMP, IIM with its digest, and EXIF. It cannot write the newest fields."""
    pairs = [
        ("XMP-dc:Title", metadata.title),
        ("XMP-dc:Description", metadata.description),
        ("XMP-dc:Creator", metadata.creator),
        ("XMP-dc:Rights", metadata.copyright),
        ("XMP-xmpRights:Marked", "True"),
        ("XMP-xmpRights:WebStatement", metadata.rights_url),
        ("XMP-xmpRights:UsageTerms", metadata.usage_terms),
        ("XMP-photoshop:Credit", metadata.credit),
        ("XMP-photoshop:DateCreated", "2026:01:05 07:30:00+01:00"),
        ("XMP-photoshop:City", metadata.city),
        ("XMP-photoshop:State", metadata.state),
        ("XMP-photoshop:Country", metadata.country),
        ("XMP-iptcCore:CountryCode", metadata.country),
        ("XMP-iptcExt:DigitalSourceType", xmp.digital_source_type(metadata)),
        ("XMP-plus:LicensorName", metadata.licensor_name),
        ("XMP-plus:LicensorURL", metadata.licensor_url),
        ("IPTC:CodedCharacterSet", "UTF8"),
        ("IPTC:ObjectName", metadata.title),
        ("IPTC:Caption-Abstract", metadata.description),
        ("IPTC:By-line", metadata.creator),
        ("IPTC:CopyrightNotice", metadata.copyright),
        ("IPTC:Credit", metadata.credit),
        ("IPTC:DateCreated", "2026:01:05"),
        ("IPTC:TimeCreated", "07:30:00+01:00"),
        ("IPTC:City", metadata.city),
        ("IPTC:Province-State", metadata.state),
        ("IPTC:Country-PrimaryLocationName", metadata.country),
        ("EXIF:ImageDescription", metadata.description),
        ("EXIF:Artist", metadata.creator),
        ("EXIF:Copyright", metadata.copyright),
        ("EXIF:DateTimeOriginal", "2026:01:05 07:30:00"),
        ("EXIF:OffsetTimeOriginal", "+01:00"),
    ]
    words = [f"-XMP-dc:Subject={k}" for k in metadata.keywords]
    words += [f"-IPTC:Keywords={k}" for k in metadata.keywords]
    options = ["-charset", "iptc=utf8", "-m"]
    return [*options, *(f"-{tag}={value}" for tag, value in pairs), *words, "-IPTCDigest=new"]


def make_picture(path: Path, megapixels: float) -> None:
    """A photograph-like picture of the format that the suffix says."""
    width = round((megapixels * 1_500_000) ** 0.5)
    height = round(width / 1.5)
    noise = pyvips.Image.gaussnoise(width, height, sigma=9, seed=7)
    ramp = pyvips.Image.xyz(width, height)
    image = (ramp[0] * (200 / width)).bandjoin([ramp[1] * (200 / height), ramp[0] * 0 + 90]) + noise
    options = {"jpg": {"Q": 92}, "tif": {"compression": "lzw"}, "webp": {"Q": 92}, "png": {}}
    image.cast("uchar").copy(interpretation="srgb").write_to_file(
        str(path), **options[path.suffix[1:]]
    )


@dataclass
class Step:
    """Something that is done once per file. ``prepare`` is not timed."""

    work: Callable[[int], object]
    cpu: Callable[[], float]
    prepare: Callable[[int], object] = lambda number: None
    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)

    def once(self, number: int) -> None:
        self.prepare(number)
        before, start = self.cpu(), time.perf_counter()
        self.work(number)
        self.walls.append((time.perf_counter() - start) * 1000)
        self.cpus.append((self.cpu() - before) * 1000)

    @property
    def wall(self) -> float:
        """Median milliseconds."""
        return statistics.median(self.walls)

    @property
    def processor(self) -> float:
        """Mean milliseconds, because another process tells them in steps of ten."""
        return max(statistics.mean(self.cpus), 0.01)


def steps_for(source: Path, tool: ExifTool) -> dict[str, Step]:
    def place(who: str, number: int) -> Path:
        return source.with_name(f"{who}-{number}{source.suffix}")

    def copy(who: str, number: int) -> None:
        shutil.copyfile(source, place(who, number))

    def theirs(number: int) -> None:
        answer = tool.run(
            *arguments_for(METADATA), "-overwrite_original", str(place("exiftool", number))
        )
        assert b"1 image files updated" in answer, answer

    def told(number: int) -> None:
        answer = tool.run("-j", "-G1", "-struct", str(place("ours", number)))
        found = json.loads(answer.removesuffix(b"{ready}\n"))[0]
        assert found["XMP-dc:Title"] == METADATA.title

    def read(number: int) -> None:
        assert read_metadata(place("ours", number)).title == METADATA.title

    clock = time.process_time
    return {
        "copy of the file": Step(lambda n: copy("copy", n), clock),
        "write: ours": Step(lambda n: embed(source, place("ours", n), METADATA, dpi=300), clock),
        "write: any file": Step(lambda n: embed(source, place("any", n), METADATA), clock),
        "write: ExifTool": Step(theirs, tool.processor, lambda n: copy("exiftool", n)),
        "read: ours": Step(read, clock),
        "read: ExifTool": Step(told, tool.processor),
    }


def times(one: Step, other: Step) -> float:
    """How many times as long ``one`` takes as ``other`` by the wall: the median of the turns' own ratios, so
    that a slow minute of the machine falls on both."""
    firsts = range(0, len(one.walls), _TURN)
    turns = [
        statistics.median(one.walls[first : first + _TURN])
        / statistics.median(other.walls[first : first + _TURN])
        for first in firsts
    ]
    return statistics.median(turns)


def compare(container: str, count: int, megabytes: float, tool: ExifTool, folder: Path) -> bool:
    """One table; whether writing is at least as many times faster as we promise."""
    source = folder / f"source.{SUFFIX[container]}"
    make_picture(source, 1)
    make_picture(source, megabytes * 1e6 / source.stat().st_size)
    size = source.stat().st_size / 1e6
    print(f"{container}: {count} files of {size:.2f} MB, load {os.getloadavg()[0]:.1f}")
    steps = steps_for(source, tool)
    for first in range(0, count + _TURN, _TURN):
        for step in steps.values():
            for number in range(first, first + _TURN):
                step.once(number)
    for name, step in steps.items():
        del step.walls[:_TURN], step.cpus[:_TURN]
        print(f"   {name:<18} {step.wall:8.2f} ms   cpu {step.processor:8.2f} ms")
    ours, peer = steps["write: ours"], steps["write: ExifTool"]
    faster = times(peer, ours)
    print(
        f"   writing is {faster:.1f} times faster (cpu {peer.processor / ours.processor:.1f}), reading "
        f"{times(steps['read: ExifTool'], steps['read: ours']):.1f} times; "
        f"{times(ours, steps['copy of the file']):.2f} times a copy"
    )
    for made in folder.iterdir():
        made.unlink()
    return faster >= LIMIT


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--megabytes", type=float, default=2.5)
    parser.add_argument("--formats", default="jpeg,png,tiff,webp")
    given = parser.parse_args()
    if shutil.which("exiftool") is None:
        print("exiftool is not installed; there is nothing to compare with")
        return 0
    tool = ExifTool()
    try:
        with tempfile.TemporaryDirectory(prefix="metadata-") as folder:
            good = [
                compare(container, given.files, given.megabytes, tool, Path(folder))
                for container in given.formats.split(",")
            ]
    finally:
        tool.close()
    print(f"promised: writing {LIMIT:g} times faster: {'kept' if all(good) else 'NOT KEPT'}")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
