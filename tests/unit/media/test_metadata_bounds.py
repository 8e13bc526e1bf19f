"""Files that are built to keep a reader busy: it gives up on what nobody needs, and keeps the mark of AI."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from media_samples import picture

from publisher.errors import Rejected
from publisher.listing import Metadata
from publisher.manifest.model import ProvenanceClass
from publisher.media.metadata import iim
from publisher.media.metadata.embed import embed, embed_bytes
from publisher.media.metadata.read import read_metadata
from publisher.media.metadata.traces import Secrets, is_private
from publisher.media.metadata.words import words_in

SECONDS_MAX = 10.0
"""Of the processor, for reading, suggesting and writing together."""
MEGABYTE = 1024 * 1024
PACKED = zlib.compress(b"a" * MEGABYTE)
MARK = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"><rdf:Description rdf:about="">'
    f"<Iptc4xmpExt:DigitalSourceType>{MARK}</Iptc4xmpExt:DigitalSourceType>"
).encode()
TAIL = b"</rdf:Description></rdf:RDF></x:xmpmeta>"


def chunk(name: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(name + data).to_bytes(4, "big")
    return len(data).to_bytes(4, "big") + name + data + crc


def packet(body: bytes) -> bytes:
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + HEAD + body + TAIL)


def text(keyword: bytes, value: bytes) -> bytes:
    return chunk(b"tEXt", keyword + b"\0" + value)


def nested(depth: int) -> bytes:
    inner = b"<dc:a>" * depth + b"x" + b"</dc:a>" * depth
    return b"<Iptc4xmpExt:LocationCreated>" + inner + b"</Iptc4xmpExt:LocationCreated>"


def many(count: int, value: bytes) -> bytes:
    return b"".join(b"<dc:p%d>%s</dc:p%d>" % (n, value, n) for n in range(count))


def workflow() -> bytes:
    strings = [f"prompt text number {n} that is long enough to be telling" for n in range(14_000)]
    return json.dumps(strings).encode()[: MEGABYTE - 10] + b'"]'


MARKED: dict[str, Callable[[], bytes]] = {
    "nested": lambda: packet(nested(1200)),
    "nested very deeply": lambda: packet(nested(150_000)),
    "a list without an end": lambda: packet(
        b"<dc:subject><rdf:Bag>" + b"<rdf:li>k</rdf:li>" * 250_000 + b"</rdf:Bag></dc:subject>"
    ),
    "properties without an end": lambda: packet(many(60_000, b"v")),
    "prompts and values": lambda: (
        packet(many(1900, b"v" * 500)) + text(b"workflow", workflow()) + text(b"prompt", workflow())
    ),
}
PLAIN: dict[str, Callable[[], bytes]] = {
    "steps": lambda: text(b"parameters", b"\nSteps: 1, " * 90_000),
    "spaces": lambda: text(b"parameters", b" " * MEGABYTE),
    "labels": lambda: text(b"Comment", b'{"AIGC":{aaa} ' * 70_000),
    "compressed texts": lambda: b"".join(
        chunk(b"zTXt", b"k%d\0\0" % n + PACKED) for n in range(2000)
    ),
}


def spent(png: bytes, folder: Path) -> tuple[float, str]:
    """Processor seconds, and the digital source type of what was written."""
    path = folder / "a.png"
    plain = picture(folder / "plain.png").read_bytes()
    path.write_bytes(plain[:33] + png + plain[33:])
    start = time.process_time()
    found = read_metadata(path)
    words_in(found)
    assert sum(map(len, found.texts.values())) <= 6 * MEGABYTE
    embed(path, folder / "b.png", Metadata(title="x"))
    taken = time.process_time() - start
    return taken, read_metadata(folder / "b.png").digital_source_type


@pytest.mark.parametrize("kind", MARKED)
def test_an_absurd_packet_costs_seconds_at_most_and_keeps_its_mark(
    kind: str, tmp_path: Path
) -> None:
    seconds, mark = spent(MARKED[kind](), tmp_path)
    assert (mark, seconds < SECONDS_MAX) == (MARK, True), seconds


@pytest.mark.parametrize("kind", PLAIN)
def test_an_absurd_text_costs_seconds_at_most(kind: str, tmp_path: Path) -> None:
    seconds, _ = spent(PLAIN[kind](), tmp_path)
    assert seconds < SECONDS_MAX


@pytest.mark.parametrize("count", [30_000, 600_000])
def test_a_png_of_nothing_but_small_chunks_is_refused(count: int, tmp_path: Path) -> None:
    plain = picture(tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(plain[:33] + chunk(b"aaAa", b"") * count + plain[33:])
    with pytest.raises(Rejected, match="damaged"):
        read_metadata(tmp_path / "a.png")


def test_a_jpeg_full_of_datasets_is_read_as_far_as_makes_sense(tmp_path: Path) -> None:
    plain = picture(tmp_path / "a.jpg").read_bytes()
    first = b"8BIM\x04\x04\0\0" + (20_000_000).to_bytes(4, "big") + b"\x1c\x02\x19\0\1k" * 10_900
    more = b"\x1c\x02\x19\0\1k" * 10_900
    parts = [iim.PHOTOSHOP_HEADER + part for part in (first, *[more] * 300)]
    segments = b"".join(b"\xff\xed" + (len(p) + 2).to_bytes(2, "big") + p for p in parts)
    (tmp_path / "a.jpg").write_bytes(plain[:2] + segments + plain[2:])
    start = time.process_time()
    assert len(read_metadata(tmp_path / "a.jpg").keywords) <= 10_000
    assert time.process_time() - start < SECONDS_MAX


def test_junk_between_the_segments_of_a_jpeg_is_stepped_over(tmp_path: Path) -> None:
    marked = Metadata(title="Glass", provenance=ProvenanceClass.AI_GENERATED)
    data = embed_bytes(picture(tmp_path / "a.jpg").read_bytes(), marked, dpi=300)
    second = 2 + 2 + int.from_bytes(data[4:6], "big")
    for junk in (b"junk", b"\xff\0\xff\0", b"\xff" * 9, b"a\xff\xff"):
        (tmp_path / "b.jpg").write_bytes(data[:second] + junk + data[second:])
        found = read_metadata(tmp_path / "b.jpg")
        assert (found.title, found.digital_source_type) == ("Glass", MARK)
        embed(tmp_path / "b.jpg", tmp_path / "c.jpg", Metadata(keywords=("a",)))
        assert read_metadata(tmp_path / "c.jpg").title == "Glass"
    for junk in (b"\0" * 70_000, b"\xff" * 70_000):
        (tmp_path / "b.jpg").write_bytes(data[:second] + junk + data[second:])
        with pytest.raises(Rejected, match="damaged"):
            read_metadata(tmp_path / "b.jpg")


def test_a_short_prompt_is_no_caption_but_may_be_a_keyword(tmp_path: Path) -> None:
    data = picture(tmp_path / "a.png").read_bytes()
    said = Metadata(title="A  fox", description="a fox", keywords=("a fox", "snow"))
    data = embed_bytes(data, said)
    prompt = text(b"parameters", b"a fox\nSteps: 9, Sampler: Euler, Model: m1")
    (tmp_path / "a.png").write_bytes(data[:33] + prompt + data[33:])
    embed(tmp_path / "a.png", tmp_path / "b.png", Metadata(creator="Ana"))
    found = read_metadata(tmp_path / "b.png")
    assert (found.title, found.description, found.keywords) == ("", "", ("a fox", "snow"))
    assert found.digital_source_type == MARK


def test_what_is_private() -> None:
    long = "a quiet fox in deep snow at dawn"
    secrets = Secrets.of([long.upper(), "a fox", ""])
    assert is_private("A quiet  fox\nin deep snow", secrets), "a part of it"
    assert is_private(f"See: {long}!", secrets), "around it"
    assert not is_private("a fox", secrets)
    assert is_private("A fox", secrets, caption=True)
    assert not is_private("a fox in a field of yellow flowers", secrets, caption=True)
    assert not is_private(f"{long[:25]}x a fox", Secrets.of([long, "a fox"]))
