"""Every property that the model writes, in all four formats, byte for byte, as ExifTool reads it."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exiftool_oracle import ExifTool, tag
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_samples import AWKWARD, CONTAINERS, SUFFIX, picture

from publisher.errors import Rejected
from publisher.listing import Metadata
from publisher.media.metadata import exif, iim, xmp
from publisher.media.metadata.embed import embed, embed_bytes
from publisher.media.metadata.read import read_metadata

pytestmark = pytest.mark.skipif(
    shutil.which("exiftool") is None, reason="exiftool is not installed"
)

RTL = "כחול שלום مرحبا \u200fRTL\u200e 👩‍👩‍👧‍👦 🏳️‍🌈 𐍈"
FULL = dataclasses.replace(
    AWKWARD,
    title=f"  {AWKWARD.title} {RTL}",
    description=f"{AWKWARD.description}\r\nTab\there \u2028 e\u0301 é {RTL}",
    creator=f"Ana {RTL}",
    copyright=f"© {RTL}",
    credit=f"Crédit {RTL}",
    city="Malmö",
    state="Skåne län",
    sublocation="Västra hamnen 3",
    country="SWE",
    licensor_name=f"Ana & Co <{RTL}>",
    licensor_url="https://example.com/l?a=1&b=2",
    licensor_email="ana@example.com",
    rights_url="https://example.com/rights?a=1&b=2",
    usage_terms=f'Only "with" permission {RTL}',
    model_release="MR-NAP",
    property_release="PR-NON",
    data_mining="DMI-PROHIBITED-AIMLTRAINING",
    extra_xmp=(
        ("photoshop:Headline", f"Überschrift {RTL}"),
        ("photoshop:Instructions", "Nur mit Nachweis"),
        ("Iptc4xmpCore:AltTextAccessibility", f"Alt {RTL}"),
        ("plus:ModelReleaseID", "MR-17"),
        ("plus:ModelReleaseID", "MR-18"),
        ("Iptc4xmpExt:DigImageGUID", "0d5c1a3e"),
        ("Iptc4xmpExt:PersonInImage", "Åsa"),
    ),
)
_CODED = ("plus:ModelReleaseStatus", "plus:PropertyReleaseStatus")


@pytest.fixture(scope="module")
def reader() -> Iterator[ExifTool]:
    with ExifTool() as process:
        yield process


def _wanted(name: str, values: tuple[str, ...]) -> Any:
    """The values as ExifTool shows them: short codes of PLUS and dates in its own spelling, the rest as it is."""
    if name in _CODED:
        return values[-1].rpartition("/")[2]
    if name == "photoshop:DateCreated":
        return values[-1].replace("-", ":", 2).replace("T", " ")
    lists = (xmp.Form.BAG, xmp.Form.SEQ)
    if xmp.FORMS.get(name) in lists:
        return list(values)
    return True if values == ("True",) else values[-1]


def _check_xmp(found: dict[str, Any], metadata: Metadata) -> None:
    structures: dict[str, dict[str, str]] = {}
    for name, values in xmp.properties(metadata).items():
        owner, _, member = name.partition("/")
        if member:
            structures.setdefault(owner, {})[member.partition(":")[2]] = values[-1]
            continue
        there = found[tag(name)]
        # A list of one comes back as its only value from some tags.
        wanted = _wanted(name, values)
        assert there == wanted or [there] == wanted, name
    for owner, members in structures.items():
        assert found[tag(owner)] == [members]


def _check_exif(found: dict[str, Any], metadata: Metadata) -> None:
    said = xmp.properties(metadata)
    texts = exif.texts(
        exif.ExifValues(
            *(said.get(n, ("",))[-1] for n in ("dc:description", "dc:creator", "dc:rights"))
        )
    )
    for name, text in zip(("ImageDescription", "Artist", "Copyright"), texts, strict=True):
        assert found.get(f"IFD0:{name}", "") == text, name


def _check_iim(found: dict[str, Any], metadata: Metadata) -> None:
    names = {
        5: "ObjectName",
        25: "Keywords",
        40: "SpecialInstructions",
        80: "By-line",
        85: "By-lineTitle",
        90: "City",
        92: "Sub-location",
        95: "Province-State",
        101: "Country-PrimaryLocationName",
        103: "OriginalTransmissionReference",
        105: "Headline",
        110: "Credit",
        115: "Source",
        116: "CopyrightNotice",
        120: "Caption-Abstract",
        122: "Writer-Editor",
    }
    said = xmp.properties(metadata)
    for name, (number, limit) in iim.DATASETS.items():
        wanted = [t for v in said.get(name, ()) if (t := iim.cut(v, limit).decode())]
        there = found.get(f"IPTC:{names[number]}", [])
        assert ([there] if isinstance(there, str) else there) == wanted, name
    assert found["Photoshop:IPTCDigest"] == found["File:CurrentIPTCDigest"]


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_property_is_read_back_byte_exact(
    container: str, reader: ExifTool, tmp_path: Path
) -> None:
    source = picture(tmp_path / f"plain{SUFFIX[container]}")
    target = tmp_path / f"written{SUFFIX[container]}"
    embed(source, target, FULL, dpi=300)
    said = xmp.properties(FULL)
    assert set(xmp.FIELDS.values()) <= set(said), "the sample must say everything"
    found = reader.read(target)
    _check_xmp(found, FULL)
    _check_exif(found, FULL)
    if container in ("jpeg", "tiff"):
        _check_iim(found, FULL)
    assert not {"ExifTool:Error", "ExifTool:Warning"} & found.keys()
    # Adobe's notes want bytes in a TIFF; ExifTool itself writes long words, which depend on the byte order.
    known = "Non-standard format (int8u) for IFD0 0x83bb IPTC-NAA" if container == "tiff" else "OK"
    told = reader.run("-validate", "-warning", "-a", "-s3", str(target)).decode().splitlines()
    assert told in (["OK"], ["1 Warning", known])


# What XML and text fields can hold: no control characters, no lone surrogates, no white space at the ends.
CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
# ExifTool's JSON has "true" and "FALSE" as truth values, which have no spelling to compare.
WORDS = (
    st.text(CHARACTERS, max_size=120)
    .map(str.strip)
    .filter(lambda text: text.lower() not in ("true", "false"))
)
# A property that it does not know yet it shows as a number where it looks like a fraction: "0/0" is "undef" there.
UNKNOWN_TO_IT = WORDS.filter(lambda text: not re.fullmatch(r"-?\d+/-?\d+", text))


@given(
    title=WORDS,
    description=WORDS,
    keywords=st.lists(WORDS.filter(bool), max_size=12),
    creator=WORDS,
    rights=WORDS,
    system=UNKNOWN_TO_IT,
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_is_read_back_byte_exact(
    reader: ExifTool,
    tmp_path: Path,
    title: str,
    description: str,
    keywords: list[str],
    creator: str,
    rights: str,
    system: str,
) -> None:
    metadata = Metadata(
        title=title,
        description=description,
        keywords=tuple(keywords),
        creator=creator,
        copyright=rights,
        ai_system=system,
    )
    for container in CONTAINERS:
        source = tmp_path / f"plain{SUFFIX[container]}"
        if not source.exists():
            picture(source)
        target = tmp_path / f"written{SUFFIX[container]}"
        embed(source, target, metadata, dpi=300)
        found = reader.read(target)
        _check_xmp(found, metadata)
        _check_exif(found, metadata)


@pytest.mark.parametrize("container", CONTAINERS)
def test_too_many_keywords_are_refused_by_a_limit_that_is_the_same_everywhere(
    container: str, reader: ExifTool, tmp_path: Path
) -> None:
    data = picture(tmp_path / f"plain{SUFFIX[container]}").read_bytes()
    for count, length in ((1000, 3), (1000, 60), (xmp.KEYWORDS_MAX + 1, 20)):
        words = tuple(f"{n:04}".ljust(length, "ü") for n in range(count))
        with pytest.raises(Rejected, match=f"There are {count:,} keywords, a file can carry 500"):
            embed_bytes(data, Metadata(keywords=words))
    most = tuple(f"Schlüssel {n:03} 🌊" for n in range(xmp.KEYWORDS_MAX))
    target = tmp_path / f"most{SUFFIX[container]}"
    target.write_bytes(embed_bytes(data, Metadata(keywords=most)))
    found = reader.read(target)
    assert found["XMP-dc:Subject"] == list(most)
    if container in ("jpeg", "tiff"):
        assert found["IPTC:Keywords"] == list(most)
    assert read_metadata(target).keywords == most
