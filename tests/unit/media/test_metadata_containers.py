"""Metadata in the four containers, seen by an independent reader."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest
from media_samples import AWKWARD, CONTAINERS, SUFFIX, exiftool, picture, pixels

from publisher.errors import Rejected
from publisher.listing import Metadata
from publisher.media import vips
from publisher.media.metadata import iim, xmp
from publisher.media.metadata.embed import embed, embed_bytes
from publisher.media.metadata.ifd import Layout, build_directory
from publisher.media.metadata.read import read_metadata

oracle = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
AI_MARK = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


@pytest.fixture(params=CONTAINERS)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    source = picture(tmp_path / f"plain{SUFFIX[request.param]}")
    target = tmp_path / f"written{SUFFIX[request.param]}"
    embed(source, target, AWKWARD, dpi=300)
    return target


@oracle
def test_another_reader_finds_every_xmp_property(written: Path) -> None:
    found = exiftool(written)
    assert found["XMP-dc:Title"] == AWKWARD.title
    assert found["XMP-dc:Description"] == AWKWARD.description
    assert tuple(found["XMP-dc:Subject"]) == AWKWARD.keywords
    assert found["XMP-dc:Creator"] == [AWKWARD.creator]
    assert found["XMP-dc:Rights"] == AWKWARD.copyright
    assert found["XMP-xmpRights:Marked"] is True
    assert found["XMP-photoshop:Credit"] == AWKWARD.credit
    assert found["XMP-photoshop:DateCreated"] == "2026:01:05 07:30:00+01:00"
    assert found["XMP-photoshop:Country"] == "SE"
    assert found["XMP-iptcExt:DigitalSourceType"] == AI_MARK
    assert found["XMP-iptcExt:AISystemUsed"] == AWKWARD.ai_system
    assert str(found["XMP-iptcExt:AISystemVersionUsed"]) == AWKWARD.ai_system_version
    assert found["XMP-iptcExt:AIPromptInformation"] == AWKWARD.ai_prompt
    assert found["XMP-iptcExt:AIPromptWriterName"] == AWKWARD.ai_prompt_writer
    assert found["XMP-xmpRights:WebStatement"] == "https://example.com/rights?a=1&b=2"
    assert found["XMP-plus:Licensor"] == [
        {"LicensorURL": "https://example.com/licence", "LicensorName": "Ana & Co"}
    ]
    assert found["XMP-photoshop:Headline"] == "Überschrift"


@oracle
def test_another_reader_finds_exif_and_no_error(written: Path) -> None:
    found = exiftool(written)
    assert found["IFD0:ImageDescription"] == AWKWARD.description
    assert found["IFD0:Artist"] == AWKWARD.creator
    assert found["IFD0:Copyright"] == AWKWARD.copyright
    assert found["ExifIFD:DateTimeOriginal"] == "2026:01:05 07:30:00"
    assert found["ExifIFD:OffsetTimeOriginal"] == "+01:00"
    assert not {"ExifTool:Error", "ExifTool:Warning"} & found.keys()


@oracle
@pytest.mark.parametrize("container", ["jpeg", "tiff"])
def test_iim_is_cut_in_bytes_and_its_digest_is_right(container: str, tmp_path: Path) -> None:
    source = picture(tmp_path / f"plain{SUFFIX[container]}")
    target = tmp_path / f"written{SUFFIX[container]}"
    embed(source, target, AWKWARD)
    found = exiftool(target)
    assert found["IPTC:CodedCharacterSet"] == "UTF8"
    assert found["IPTC:ObjectName"] == iim.cut(AWKWARD.title, 64).decode()
    assert found["IPTC:Keywords"] == list(AWKWARD.keywords)
    assert found["IPTC:By-line"] == iim.cut(AWKWARD.creator, 32).decode()
    assert len(found["IPTC:Caption-Abstract"].encode()) <= 2000
    assert found["IPTC:DateCreated"] == "2026:01:05"
    assert found["IPTC:TimeCreated"] == "07:30:00+01:00"
    block = iim.build(xmp.properties(AWKWARD))
    assert found["Photoshop:IPTCDigest"] == hashlib.md5(block).hexdigest()
    assert found["File:CurrentIPTCDigest"] == found["Photoshop:IPTCDigest"]


def test_pixels_are_the_same_before_and_after(written: Path) -> None:
    assert pixels(written) == pixels(written.with_stem("plain"))


def test_the_own_reader_finds_what_was_written(written: Path) -> None:
    found = read_metadata(written)
    assert (found.title, found.description) == (AWKWARD.title, AWKWARD.description)
    assert found.keywords == AWKWARD.keywords
    assert found.digital_source_type == AI_MARK
    assert found.ai_prompt == AWKWARD.ai_prompt
    assert found.origin["title"] == "xmp"
    assert found.xmp["plus:DataMining"] == ("http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED",)
    assert found.xmp["plus:Licensor/plus:LicensorURL"] == ("https://example.com/licence",)


def test_writing_twice_gives_the_same_bytes_and_merges(written: Path, tmp_path: Path) -> None:
    again = tmp_path / f"again{written.suffix}"
    embed(written, again, AWKWARD, dpi=300)
    once_more = tmp_path / f"once-more{written.suffix}"
    silent = ("creator", "copyright", "credit")
    embed(again, once_more, Metadata(title="Short", cleared=silent), dpi=300)
    if written.suffix != ".tif":
        assert again.read_bytes() == written.read_bytes()
    merged = read_metadata(once_more)
    assert (merged.title, merged.keywords) == ("Short", AWKWARD.keywords)
    assert merged.digital_source_type == AI_MARK
    left = once_more.read_bytes()
    assert AWKWARD.ai_prompt.encode() not in left
    assert b"ultra-detailed" not in left
    assert "Vídal".encode() not in left
    assert pixels(once_more) == pixels(written)


@pytest.mark.parametrize("container", CONTAINERS)
def test_what_the_master_says_of_itself_is_left_behind(container: str, tmp_path: Path) -> None:
    path = picture(tmp_path / f"leaky{SUFFIX[container]}")
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    secret = "secretprompt masterpiece"
    arguments = [f"-UserComment={secret}", "-Make=SecretCam", "-SerialNumber=SN4711"]
    arguments += [f"-XMP-dc:Title={secret}", "-GPSLatitude=48.1", "-GPSLatitudeRef=N"]
    arguments += {"png": [f"-PNG:Comment={secret}"], "jpeg": [f"-Comment={secret}"]}.get(
        container, []
    )
    subprocess.run(["exiftool", "-q", "-overwrite_original", *arguments, str(path)], check=True)
    target = tmp_path / f"clean{SUFFIX[container]}"
    embed(path, target, Metadata(title="Clean"))
    data = target.read_bytes()
    for word in ("secretprompt", "SecretCam", "SN4711"):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            assert word.encode(encoding) not in data
    assert pixels(target) == pixels(path)


def test_generator_chunks_of_a_png_are_left_behind(tmp_path: Path) -> None:
    source = picture(tmp_path / "plain.png").read_bytes()
    text = b"parameters\0secret prompt, steps: 20"
    packed = b"workflow\0\0" + zlib.compress(b'{"secret": "graph"}')
    chunks = b"".join(
        len(d).to_bytes(4, "big") + n + d + zlib.crc32(n + d).to_bytes(4, "big")
        for n, d in ((b"tEXt", text), (b"zTXt", packed))
    )
    leaky = source[:33] + chunks + source[33:]
    (tmp_path / "leaky.png").write_bytes(leaky)
    found = read_metadata(tmp_path / "leaky.png")
    assert found.texts["parameters"] == "secret prompt, steps: 20"
    assert found.texts["workflow"] == '{"secret": "graph"}'
    clean = embed_bytes(leaky, Metadata(title="Clean"))
    assert b"secret" not in clean
    assert b"tEXt" not in clean
    assert b"zTXt" not in clean


@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_with_wide_offsets_keeps_its_layout(big: bool, tmp_path: Path) -> None:
    path = tmp_path / "plain.tif"
    picture(tmp_path / "plain.png")
    image = vips.load().Image.new_from_file(str(tmp_path / "plain.png"))
    image.tiffsave(str(path), bigtiff=big, compression="lzw")
    target = tmp_path / "written.tif"
    embed(path, target, AWKWARD)
    assert pixels(target) == pixels(path)
    assert read_metadata(target).keywords == AWKWARD.keywords
    if shutil.which("exiftool"):
        assert exiftool(target)["IFD0:Copyright"] == AWKWARD.copyright


@pytest.mark.parametrize("offset", [1 << 50, (1 << 63) + 8, (1 << 64) - 1])
def test_an_offset_that_no_file_can_reach_is_damage(offset: int, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II+\0\x08\0\0\0" + offset.to_bytes(8, "little") + bytes(64))
    with pytest.raises(Rejected, match="damaged"):
        read_metadata(path)
    with pytest.raises(Rejected, match="damaged"):
        embed(path, tmp_path / "b.tif", Metadata(title="x"))


def test_a_big_endian_tiff_keeps_its_byte_order(tmp_path: Path) -> None:
    layout = Layout(">", False)
    numbers = {256: 2, 257: 2, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 2, 279: 4}
    tags = [(tag, 3, 1, value.to_bytes(2, "little")) for tag, value in numbers.items()]
    secret = (305, 2, 12, b"SecretTool1\0")
    directory = build_directory(layout, [*tags, secret], 12)
    path, target = tmp_path / "plain.tif", tmp_path / "written.tif"
    path.write_bytes(b"MM\0*\0\0\0\x0c" + bytes([10, 90, 170, 250]) + directory)
    embed(path, target, AWKWARD, dpi=300)
    assert pixels(target) == bytes([10, 90, 170, 250])
    assert b"SecretTool" not in target.read_bytes()
    assert read_metadata(target).title == AWKWARD.title
    if shutil.which("exiftool"):
        found = exiftool(target)
        assert found["IFD0:Copyright"] == AWKWARD.copyright
        assert found["ExifIFD:ColorSpace"] == "sRGB"
        assert found["Photoshop:IPTCDigest"] == found["File:CurrentIPTCDigest"]


def test_orientation_survives_in_a_copied_original(tmp_path: Path) -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    for container in CONTAINERS:
        path = picture(tmp_path / f"turned{SUFFIX[container]}")
        command = ["exiftool", "-q", "-overwrite_original", "-n", "-Orientation=6", str(path)]
        subprocess.run(command, check=True)
        target = tmp_path / f"copy{SUFFIX[container]}"
        embed(path, target, Metadata(title="Turned"))
        assert exiftool(target, "-n")["IFD0:Orientation"] == 6, container


def test_a_packet_over_64_kb_is_refused_in_jpeg_and_kept_elsewhere(tmp_path: Path) -> None:
    long = Metadata(title="Long", ai_prompt="glass dunes " * 6000)
    for container in CONTAINERS:
        source = picture(tmp_path / f"plain{SUFFIX[container]}")
        target = tmp_path / f"written{SUFFIX[container]}"
        if container == "jpeg":
            with pytest.raises(Rejected, match=r"needs 72,\d+ bytes, a JPEG file can hold 65,502"):
                embed(source, target, long)
        else:
            embed(source, target, long)
            assert read_metadata(target).ai_prompt == long.ai_prompt


def test_bytes_behind_the_end_of_a_jpeg_are_left_behind(tmp_path: Path) -> None:
    for interlace in (False, True):
        path = picture(tmp_path / "plain.jpg", 300, 200, noise=40, interlace=interlace)
        whole = path.read_bytes()
        clean = embed_bytes(whole + b"MotionPhoto secret", Metadata(title="x"))
        assert clean.endswith(b"\xff\xd9")
        assert b"secret" not in clean
        (tmp_path / "clean.jpg").write_bytes(clean)
        assert pixels(tmp_path / "clean.jpg") == pixels(path)


def test_an_unknown_property_is_refused_by_name() -> None:
    with pytest.raises(Rejected, match="'acme:Thing' cannot be written"):
        xmp.properties(Metadata(extra_xmp=(("acme:Thing", "1"),)))
