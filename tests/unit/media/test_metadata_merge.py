"""What a master says of itself: what goes along into a rendition, what stays behind, and the marks that stay."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest
from media_samples import CONTAINERS, SUFFIX, exiftool, picture, pixels

from publisher.listing import Metadata, Recipe, RenditionRequest
from publisher.manifest.model import ProvenanceClass
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE_PREFIX
from publisher.media.metadata import xmp
from publisher.media.metadata.embed import embed, embed_bytes
from publisher.media.metadata.read import read_metadata, statements
from publisher.media.metadata.xmp_reader import parse_packet
from publisher.media.probe import probe
from publisher.media.rendition import render_image

oracle = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
GENERATED = DIGITAL_SOURCE_TYPE_PREFIX + "trainedAlgorithmicMedia"
CAPTURE = DIGITAL_SOURCE_TYPE_PREFIX + "digitalCapture"
PROMPT = "zzprompt glacial observatory, volumetric light, masterpiece"
SECRETS = ("zzprompt", "zzworkflow", "zzcamera", "zzserial", "zzmaker", "zzhistory", "zzlens")


def write(path: Path, *arguments: str) -> None:
    """Let ExifTool write into ``path``, as another program would have done."""
    command = ["exiftool", "-q", "-m", "-overwrite_original", *arguments, str(path)]
    subprocess.run(command, check=True)


def leaky(path: Path) -> Path:
    """A picture with secrets in every place where generators and cameras leave them."""
    picture(path)
    camera = ["-Make=zzcamera", "-Model=zzcamera X", "-SerialNumber=zzserial1"]
    camera += ["-LensSerialNumber=zzserial2", "-LensModel=zzlens", "-OwnerName=zzserial3"]
    camera += ["-GPSLatitude=48.137", "-GPSLatitudeRef=N", "-ImageUniqueID=zzserial4"]
    words = [f"-EXIF:UserComment={PROMPT}\nSteps: 20, Sampler: Euler, Seed: 7, Model: dunes_v2"]
    words += [f"-XMP-dc:Description={PROMPT}", f"-XMP-dc:Title={PROMPT}"]
    words += ["-XMP-aux:SerialNumber=zzserial5", "-XMP-exif:UserComment=zzprompt b"]
    words += ["-XMP-xmpMM:HistorySoftwareAgent=zzhistory", "-XMP-crs:RawFileName=zzcamera.raw"]
    words += [f"-XMP-photoshop:Headline={PROMPT}", "-XMP-xmp:CreatorTool=zzmaker 1.0"]
    if path.suffix == ".jpg":
        words += [f"-Comment={PROMPT}", f"-IPTC:Caption-Abstract={PROMPT}", "-IPTC:City=Oslo"]
    write(path, *camera, *words)
    if path.suffix == ".png":
        _generator_chunks(path)
    return path


def _generator_chunks(path: Path) -> None:
    workflow = json.dumps({"nodes": [{"widget": "zzworkflow"}, {"text": PROMPT}]}).encode()
    chunks = (
        (b"tEXt", b"parameters\0" + f"{PROMPT}\nSteps: 20, Sampler: Euler".encode()),
        (b"zTXt", b"workflow\0\0" + zlib.compress(workflow)),
        (b"iTXt", b"prompt\0\1\0\0\0" + zlib.compress(workflow)),
        (b"tEXt", b"Software\0zzmaker"),
    )
    body = b"".join(
        len(d).to_bytes(4, "big") + n + d + zlib.crc32(n + d).to_bytes(4, "big") for n, d in chunks
    )
    data = path.read_bytes()
    path.write_bytes(data[:33] + body + data[33:])


def _readable(data: bytes) -> bytes:
    """The bytes and everything in them that a decompressor can open."""
    found = [data]
    for match in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        try:
            found.append(zlib.decompressobj().decompress(data[match.start() :], 1_000_000))
        except zlib.error:
            continue
    return b"\0".join(found).lower()


def assert_no_secret(path: Path) -> None:
    data = _readable(path.read_bytes())
    for secret in SECRETS:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            assert secret.encode(encoding) not in data, (path.name, secret, encoding)


@oracle
@pytest.mark.parametrize("source", CONTAINERS)
def test_no_rendition_leaks_what_nobody_asked_to_publish(source: str, tmp_path: Path) -> None:
    path = leaky(tmp_path / f"leaky{SUFFIX[source]}")
    mark = ("Iptc4xmpExt:DigitalSourceType", GENERATED)
    write(path, f"-XMP-iptcExt:DigitalSourceType={mark[1]}")
    master = probe(path, f"masters/{path.name}")
    with pytest.raises(AssertionError):
        assert_no_secret(path)
    private = {"GPS position", "camera owner", "camera serial number", "lens serial number"}
    assert private <= set(read_metadata(path).private)
    metadata = Metadata(keywords=("glass",), creator="Ana")
    for container in CONTAINERS:
        for keep in (False, True) if container == source else (False,):
            target = tmp_path / f"out-{keep}{SUFFIX[container]}"
            recipe = Recipe(format=container, keep_original=keep)
            render_image(RenditionRequest("image", "a", master, recipe, metadata), target)
            assert_no_secret(target)
            found = read_metadata(target)
            assert (found.digital_source_type, found.private) == (GENERATED, ())
            assert not [k for k in exiftool(target) if k.startswith(("GPS", "MakerNotes"))]


@oracle
@pytest.mark.parametrize("container", CONTAINERS)
def test_what_the_file_says_goes_along_where_the_listing_is_silent(
    container: str, tmp_path: Path
) -> None:
    path = picture(tmp_path / f"said{SUFFIX[container]}")
    said = {
        "-XMP-dc:Rights=": "© 2020 Ana",
        "-XMP-dc:Rights-de=": "© 2020 Ana, alle Rechte",
        "-XMP-dc:Title=": "Old title",
        "-XMP-dc:Title-de=": "Alter Titel",
        "-XMP-xmpRights:WebStatement=": "https://example.com/r",
        "-XMP-iptcCore:CreatorWorkEmail=": "ana@example.com",
        "-XMP-iptcCore:CreatorWorkURL=": "https://example.com",
        "-XMP-iptcExt:PersonInImage=": "Åsa",
        "-XMP-plus:Licensor=": "[{LicensorName=Ana & Co,LicensorURL=https://example.com/l}]",
        "-XMP-iptcExt:LocationShown=": "[{City=Malmö,CountryName=Sweden},{City=Lund}]",
        "-XMP-photoshop:City=": "Malmö",
        "-XMP-dc:Language=": "sv",
    }
    write(path, "-struct", *(f"{key}{value}" for key, value in said.items()))
    target = tmp_path / f"written{SUFFIX[container]}"
    embed(path, target, Metadata(title="Old title", keywords=("a", "b"), city="Lund"))
    found = exiftool(target, "-lang", "en")
    assert found["XMP-dc:Title"] == "Old title"
    assert found["XMP-dc:Title-de"] == "Alter Titel"
    assert found["XMP-dc:Rights"] == "© 2020 Ana"
    assert found["XMP-dc:Rights-de"] == "© 2020 Ana, alle Rechte"
    assert found["XMP-photoshop:City"] == "Lund"
    assert found["XMP-xmpRights:WebStatement"] == "https://example.com/r"
    assert found["XMP-iptcCore:CreatorContactInfo"] == {
        "CiEmailWork": "ana@example.com",
        "CiUrlWork": "https://example.com",
    }
    assert found["XMP-iptcExt:PersonInImage"] == ["Åsa"]
    assert found["XMP-iptcExt:LocationShown"] == [
        {"City": "Malmö", "CountryName": "Sweden"},
        {"City": "Lund"},
    ]
    assert found["XMP-plus:Licensor"] == [
        {"LicensorName": "Ana & Co", "LicensorURL": "https://example.com/l"}
    ]
    assert found["XMP-dc:Language"] == ["sv"]
    assert found["IFD0:Copyright"] == "© 2020 Ana"
    if container in ("jpeg", "tiff"):
        assert (found["IPTC:City"], found["IPTC:ObjectName"]) == ("Lund", "Old title")
    again = tmp_path / f"again{SUFFIX[container]}"
    embed(target, again, Metadata(title="New title"))
    renamed = exiftool(again)
    assert renamed["XMP-dc:Title"] == "New title"
    assert "XMP-dc:Title-de" not in renamed, "a translation of another title"
    assert pixels(again) == pixels(path)


@oracle
def test_a_file_with_iim_or_exif_only_is_merged_too(tmp_path: Path) -> None:
    path = picture(tmp_path / "old.jpg")
    write(
        path,
        "-IPTC:By-line=Åsa",
        "-IPTC:Keywords=lake",
        "-IPTC:Keywords=snö",
        "-IPTC:Category=TRA",
        "-IPTC:SupplementalCategories=lakes",
        "-IPTC:DateCreated=2019:02:03",
        "-IPTC:TimeCreated=10:11:12+01:00",
        "-EXIF:Copyright=© Åsa",
        "-CodedCharacterSet=UTF8",
    )
    target = tmp_path / "new.jpg"
    embed(path, target, Metadata(title="Lake"))
    found = exiftool(target)
    assert found["XMP-dc:Creator"] == ["Åsa"]
    assert found["IPTC:By-line"] == "Åsa"
    assert found["XMP-dc:Subject"] == ["lake", "snö"]
    assert found["XMP-dc:Rights"] == "© Åsa"
    assert found["IPTC:Category"] == "TRA"
    assert found["IPTC:SupplementalCategories"] == "lakes"
    assert found["ExifIFD:DateTimeOriginal"] == "2019:02:03 10:11:12"
    assert found["Photoshop:IPTCDigest"] == found["File:CurrentIPTCDigest"]


@pytest.mark.parametrize("said", ["", CAPTURE, DIGITAL_SOURCE_TYPE_PREFIX + "digitalArt"])
@pytest.mark.parametrize("container", CONTAINERS)
def test_an_ai_mark_is_never_replaced_by_something_that_is_none(
    container: str, said: str, tmp_path: Path
) -> None:
    data = picture(tmp_path / f"a{SUFFIX[container]}").read_bytes()
    marked = embed_bytes(data, Metadata(provenance=ProvenanceClass.AI_GENERATED, ai_system="M"))
    human = Metadata(provenance=ProvenanceClass.HUMAN, digital_source_type=said)
    (tmp_path / "out").write_bytes(embed_bytes(marked, human))
    assert read_metadata(tmp_path / "out").digital_source_type == GENERATED
    edited = Metadata(provenance=ProvenanceClass.AI_EDITED, cleared=("ai_system",))
    (tmp_path / "out").write_bytes(embed_bytes(marked, edited))
    found = read_metadata(tmp_path / "out")
    assert found.digital_source_type.endswith("/compositeWithTrainedAlgorithmicMedia")
    assert found.ai_system == ""


@pytest.mark.parametrize(
    ("name", "text", "system", "prompt"),
    [
        ("parameters", "a fox\nNegative prompt: b\nSteps: 9, Sampler: E, Model: m1", "", "a fox"),
        (
            "Description",
            "a quiet fox --ar 3:2 --v 6.1 Job ID: 0d5c1a3e-1111-2222-3333-444455556666",
            "Midjourney",
            "a quiet fox",
        ),
        ("workflow", '{"nodes": []}', "ComfyUI", ""),
        ("Software", "NovelAI", "NovelAI", ""),
        ("Software", "GIMP 2.10", None, ""),
        ("Comment", '{"AIGC": {"Label": "1", "ContentProducer": "001191"}}', "", ""),
    ],
)
def test_traces_of_a_generator_become_the_mark_of_the_standard(
    name: str, text: str, system: str | None, prompt: str, tmp_path: Path
) -> None:
    data = picture(tmp_path / "a.png").read_bytes()
    body = name.encode() + b"\0" + text.encode()
    crc = zlib.crc32(b"tEXt" + body).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(
        data[:33] + len(body).to_bytes(4, "big") + b"tEXt" + body + crc + data[33:]
    )
    before = read_metadata(tmp_path / "a.png")
    assert (before.generator is None) == (system is None)
    embed(tmp_path / "a.png", tmp_path / "b.png", Metadata(title="Fox"))
    after = read_metadata(tmp_path / "b.png")
    assert after.digital_source_type == ("" if system is None else GENERATED)
    assert after.ai_prompt == ""
    if before.generator is not None:
        assert before.generator.prompt == prompt
        assert system in ("", after.ai_system)
    if "AIGC" in text:
        assert json.loads(after.xmp["TC260:AIGC"][0])["ContentProducer"] == "001191"
    human = Metadata(title="Fox", provenance=ProvenanceClass.HUMAN)
    embed(tmp_path / "a.png", tmp_path / "b.png", human)
    assert read_metadata(tmp_path / "b.png").digital_source_type == ""


def test_a_mark_in_a_broken_file_or_packet_is_still_found(tmp_path: Path) -> None:
    data = picture(tmp_path / "a.jpg").read_bytes()
    marked = embed_bytes(data, Metadata(provenance=ProvenanceClass.AI_GENERATED))
    broken = marked.replace(b"</rdf:RDF>", b"</rdf:RDX>")
    (tmp_path / "a.jpg").write_bytes(broken)
    assert read_metadata(tmp_path / "a.jpg").digital_source_type == GENERATED
    # A segment with an impossible length: nothing can be parsed, and the decoder might still show it.
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x01" + marked[2:])
    assert statements(tmp_path / "b.jpg").properties == {
        xmp.DIGITAL_SOURCE_TYPE_PROPERTY: (GENERATED,)
    }
    assert statements(tmp_path / "missing.jpg").properties == {}


@pytest.mark.parametrize(
    "spelling",
    [
        "https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia/",
        "trainedAlgorithmicMedia",
    ],
)
def test_other_spellings_of_a_mark_are_put_right(spelling: str, tmp_path: Path) -> None:
    data = picture(tmp_path / "a.png").read_bytes()
    told = embed_bytes(data, Metadata(extra_xmp=(("Iptc4xmpExt:DigitalSourceType", spelling),)))
    (tmp_path / "b.png").write_bytes(embed_bytes(told, Metadata()))
    assert read_metadata(tmp_path / "b.png").xmp[xmp.DIGITAL_SOURCE_TYPE_PROPERTY] == (GENERATED,)


def test_too_much_in_the_master_is_left_behind_and_not_a_refusal(tmp_path: Path) -> None:
    data = picture(tmp_path / "a.png").read_bytes()
    long = Metadata(
        provenance=ProvenanceClass.AI_GENERATED,
        extra_xmp=(("photoshop:Headline", "x" * 80_000), ("photoshop:Source", "agency")),
    )
    full = embed_bytes(data, long)
    (tmp_path / "full.png").write_bytes(full)
    jpeg = picture(tmp_path / "a.jpg").read_bytes()
    said = statements(tmp_path / "full.png")
    (tmp_path / "out.jpg").write_bytes(embed_bytes(jpeg, Metadata(title="t"), master=said))
    found = read_metadata(tmp_path / "out.jpg")
    assert (found.title, found.digital_source_type) == ("t", GENERATED)
    assert "photoshop:Headline" not in found.xmp


def test_elements_are_carried_with_their_namespaces(tmp_path: Path) -> None:
    data = picture(tmp_path / "a.png").read_bytes()
    plain = embed_bytes(data, Metadata(title="x"))
    extra = (
        '<Iptc4xmpExt:LocationCreated xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:acme="https://acme.example/ns#"'
        ' rdf:parseType="Resource"><Iptc4xmpExt:City>Å &amp; "B"</Iptc4xmpExt:City>'
        "<exif:GPSLatitude>48,8N</exif:GPSLatitude><acme:code acme:kind='a&quot;b'>7</acme:code>"
        "</Iptc4xmpExt:LocationCreated>"
    )
    packet = xmp.build_packet({"dc:title": ("x",)}, {"Iptc4xmpExt:LocationCreated": extra})
    assert "Iptc4xmpExt:LocationCreated/exif:GPSLatitude" not in parse_packet(packet)
    old = plain[plain.index(b"<?xpacket begin") : plain.index(b'<?xpacket end="w"?>') + 19]
    body = b"XML:com.adobe.xmp\0\0\0\0\0"
    assert body + old in plain
    start = plain.index(body + old) - 8
    chunk = b"iTXt" + body + packet
    size = len(body + packet).to_bytes(4, "big")
    tail = plain[start + 12 + len(body + old) :]
    crafted = plain[:start] + size + chunk + zlib.crc32(chunk).to_bytes(4, "big") + tail
    (tmp_path / "b.png").write_bytes(embed_bytes(crafted, Metadata(title="y")))
    found = read_metadata(tmp_path / "b.png").xmp
    assert found["Iptc4xmpExt:LocationCreated/Iptc4xmpExt:City"] == ('Å & "B"',)
    packed = (tmp_path / "b.png").read_bytes()
    assert b'kind="a&quot;b"' in packed
    assert b'="https://acme.example/ns#"' in packed
    assert not [name for name in found if "GPS" in name]


@oracle
def test_what_a_png_holds_as_raw_profiles_is_merged_too(tmp_path: Path) -> None:
    """ExifTool and ImageMagick write IIM so, older programs EXIF and XMP as well."""
    path = picture(tmp_path / "a.png")
    words = ("-IPTC:ObjectName=Glöckchen 🌊", "-IPTC:Keywords=snö", "-IPTC:By-line=Åsa")
    write(path, "-CodedCharacterSet=UTF8", *words)
    assert b"Raw profile type iptc" in path.read_bytes()
    found = read_metadata(path)
    assert (found.title, found.keywords, found.creator) == ("Glöckchen 🌊", ("snö",), "Åsa")
    assert (found.origin["title"], dict(found.texts)) == ("iim", {})
    embed(path, tmp_path / "b.png", Metadata(keywords=("snow",)))
    told = exiftool(tmp_path / "b.png")
    assert (told["XMP-dc:Title"], told["XMP-dc:Subject"]) == ("Glöckchen 🌊", ["snow"])
    assert b"Raw profile" not in (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("kind", ["xmp", "APP1"])
def test_a_mark_in_a_raw_profile_stays(kind: str, tmp_path: Path) -> None:
    data = picture(tmp_path / "a.png").read_bytes()
    packet = xmp.build_packet({xmp.DIGITAL_SOURCE_TYPE_PROPERTY: (GENERATED,)})
    profile = b"http://ns.adobe.com/xap/1.0/\0" * (kind == "APP1") + packet
    for name, length in ((b"tEXt", len(profile)), (b"zTXt", 7)):
        lines = "\n".join(re.findall(".{1,72}", profile.hex()))
        text = f"\n{kind.lower()}\n{length:8}\n{lines}\n".encode()
        body = f"Raw profile type {kind}".encode() + b"\0"
        body += b"\0" + zlib.compress(text) if name == b"zTXt" else text
        crc = zlib.crc32(name + body).to_bytes(4, "big")
        chunk = len(body).to_bytes(4, "big") + name + body + crc
        (tmp_path / "b.png").write_bytes(data[:33] + chunk + data[33:])
        embed(tmp_path / "b.png", tmp_path / "c.png", Metadata(title="t"))
        assert read_metadata(tmp_path / "c.png").digital_source_type == GENERATED


def test_a_raw_profile_of_exif_gives_texts_and_keeps_its_secrets(tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    picture(secret)
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    write(secret, "-EXIF:Artist=Åsa", f"-EXIF:UserComment={PROMPT}", "-EXIF:Orientation#=6")
    block = secret.read_bytes()
    start = block.index(b"Exif\0\0")
    length = int.from_bytes(block[start - 2 : start], "big") - 2
    text = f"\nexif\n{length:8}\n{block[start : start + length].hex()}\n".encode()
    body = b"Raw profile type exif\0\0" + zlib.compress(text)
    data = picture(tmp_path / "a.png").read_bytes()
    crc = zlib.crc32(b"zTXt" + body).to_bytes(4, "big")
    chunk = len(body).to_bytes(4, "big") + b"zTXt" + body + crc
    (tmp_path / "a.png").write_bytes(data[:33] + chunk + data[33:])
    found = read_metadata(tmp_path / "a.png")
    assert (found.creator, found.texts["UserComment"]) == ("Åsa", PROMPT)
    embed(tmp_path / "a.png", tmp_path / "b.png", Metadata(title="t"))
    assert_no_secret(tmp_path / "b.png")
    told = exiftool(tmp_path / "b.png")
    assert told["IFD0:Artist"] == "Åsa"
    assert "IFD0:Orientation" not in told
