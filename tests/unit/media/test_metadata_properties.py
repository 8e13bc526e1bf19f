"""Laws of the metadata formats, on generated text and on damaged bytes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_samples import AWKWARD, CONTAINERS, SUFFIX, picture

from publisher.errors import Rejected
from publisher.listing import Metadata
from publisher.media.metadata import iim, xmp
from publisher.media.metadata.embed import embed_bytes
from publisher.media.metadata.read import read_metadata
from publisher.media.metadata.xmp_reader import parse_packet

ANY_TEXT = st.text(st.characters(), max_size=200)
TEXT = ANY_TEXT.map(xmp.clean)


@given(title=ANY_TEXT, description=ANY_TEXT, keywords=st.lists(ANY_TEXT, max_size=60))
@settings(max_examples=200, deadline=None)
def test_a_packet_reads_back_as_it_was_said(
    title: str, description: str, keywords: list[str]
) -> None:
    said = xmp.properties(Metadata(title, description, tuple(keywords)))
    packet = xmp.build_packet(said)
    if said:
        assert parse_packet(packet) == said
        assert said.get("dc:subject", ()) == tuple(k for k in map(xmp.clean, keywords) if k)
    else:
        assert packet == b""


@given(text=TEXT.map(lambda t: t.encode("utf-8", "ignore").decode()), limit=st.integers(0, 80))
def test_cutting_ends_at_a_character(text: str, limit: int) -> None:
    data = iim.cut(text, limit)
    assert len(data) <= limit
    assert text.startswith(data.decode())
    following = text[len(data.decode()) :]
    assert not following or len(data) + len(following[0].encode()) > limit


@given(keywords=st.lists(TEXT.filter(bool), min_size=1, max_size=50))
def test_iim_keeps_the_order_of_keywords(keywords: list[str]) -> None:
    block = iim.build({"dc:subject": tuple(keywords), "dc:title": ("t",)})
    found = iim.parse(block)
    expected = tuple(t for k in keywords if (t := iim.cut(k, 64).decode()))
    assert found.get("dc:subject", ()) == expected
    assert block.startswith(b"\x1c\x01\x5a\x00\x03\x1b%G")


@pytest.mark.parametrize(
    "packet",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&a;</x:xmpmeta>',
        '<!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16"),
        b"<x:xmpmeta",
        b"",
    ],
)
def test_a_packet_that_is_not_plain_xml_is_refused(packet: bytes) -> None:
    with pytest.raises(ValueError):
        parse_packet(packet)


def test_other_spellings_of_a_packet_are_read() -> None:
    packet = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
      xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
      xmlns:p="http://ns.useplus.org/ldf/xmp/1.0/" xmlns:ps="http://ns.adobe.com/photoshop/1.0/">
     <rdf:Description rdf:about="" ps:Credit="Attribute form"/>
     <rdf:Description rdf:about="">
      <e:DigitalSourceType rdf:resource="http://cv.iptc.org/newscodes/digitalsourcetype/digitalArt"/>
      <dc:title><rdf:Alt><rdf:li xml:lang="de">Glas</rdf:li>
        <rdf:li xml:lang="x-default">Glass</rdf:li></rdf:Alt></dc:title>
      <p:Licensor><rdf:Seq><rdf:li><rdf:Description p:LicensorURL="https://e.org/"/></rdf:li>
      </rdf:Seq></p:Licensor></rdf:Description></rdf:RDF>"""
    found = parse_packet(packet)
    assert found["dc:title"] == ("Glass", "Glas")
    assert found["photoshop:Credit"] == ("Attribute form",)
    assert found["plus:Licensor/plus:LicensorURL"] == ("https://e.org/",)
    assert found["Iptc4xmpExt:DigitalSourceType"][0].endswith("/digitalArt")


def _damaged(data: bytes, chance: random.Random) -> bytes:
    kind = chance.randrange(4)
    if kind == 0:
        return data[: chance.randrange(len(data))]
    changed = bytearray(data)
    if kind == 1:
        for _ in range(chance.randint(1, 8)):
            changed[chance.randrange(min(len(data), 400))] = chance.randrange(256)
    elif kind == 2:
        for _ in range(chance.randint(1, 30)):
            changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    else:
        at, size = chance.randrange(len(data)), chance.randint(1, 60)
        del changed[at : at + size]
    return bytes(changed)


@pytest.mark.parametrize("container", CONTAINERS)
def test_damaged_files_end_in_a_file_or_a_sentence(container: str, tmp_path: Path) -> None:
    seed = embed_bytes(picture(tmp_path / f"s{SUFFIX[container]}").read_bytes(), AWKWARD, dpi=300)
    chance = random.Random(f"damage {container}")
    outcomes = {"written": 0, "refused": 0}
    for _ in range(150):
        data = _damaged(seed, chance)
        (tmp_path / "damaged").write_bytes(data)
        try:
            read_metadata(tmp_path / "damaged")
        except Rejected as error:
            assert "damaged" in error.sentence
        try:
            embed_bytes(data, Metadata(title="Glass", keywords=("a",)))
            outcomes["written"] += 1
        except Rejected as error:
            assert error.sentence.endswith(".")
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 0, outcomes
