"""What is said of a picture file: facts, words, seals, who takes it, what would change."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from media_samples import picture

from publisher.discovery import known_rows, load_row
from publisher.file_report import report, words_of
from publisher.listing import Metadata
from publisher.manifest.model import ProvenanceClass
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.media import vips
from publisher.media.metadata.embed import embed

DAY = dt.date(2026, 11, 21)
AI = DIGITAL_SOURCE_TYPE[ProvenanceClass.AI_GENERATED]
ROWS = [load_row(name) for name in sorted(known_rows())]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """One look at all of them, as it starts worker processes."""
    folder = tmp_path_factory.mktemp("files")
    large = picture(folder / "large.png", 3000, 2000)
    embed(
        large,
        folder / "ai.png",
        Metadata(
            title="Dünen",
            keywords=("glass",),
            digital_source_type=AI,
            ai_system="X",
            city="Malmö",
            licensor_url="https://example.com/l",
            model_release="MR-NAP",
        ),
    )
    image = vips.load().Image.new_from_file(str(large)).addalpha().copy()
    image.set_type(vips.load().GValue.gstr_type, "png-comment-0-parameters", "a prompt, steps: 20")
    image.pngsave(str(folder / "clear.png"))
    picture(folder / "small.jpg", 300, 200)
    (folder / "text.png").write_bytes(b"no picture")
    (folder / "cut.png").write_bytes(large.read_bytes()[: large.stat().st_size // 2])
    names = ["ai.png", "clear.png", "small.jpg", "cut.png", "text.png", "absent.png"]
    made = report([folder / name for name in names], ROWS, DAY)
    return {Path(file["file"]).name: file for file in made["files"]}


def channels(file: dict) -> dict[str, dict]:
    return {c["channel"]: c for c in file["channels"]}


def test_a_file_that_ends_half_way_is_taken_by_nobody(document: dict[str, dict]) -> None:
    """Its header is in order; only who reads the pixels knows."""
    file = document["cut.png"]
    assert (file["is"]["width"], file["problem"]) == (
        3000,
        "cut.png: the file is damaged or cut short, it cannot be decoded completely.",
    )
    assert {c["word"] for c in file["channels"]} == {"refused"}


def test_facts_and_words_are_told_with_their_origin(document: dict[str, dict]) -> None:
    file = document["ai.png"]
    assert (file["is"]["format"], file["is"]["width"], file["is"]["megapixels"]) == (
        "png",
        3000,
        6.0,
    )
    words = file["carries"]["words"]
    assert (words["title"], words["keywords"], words["ai_system"]) == ("Dünen", ["glass"], "X")
    assert (words["city"], words["licensor_url"]) == ("Malmö", "https://example.com/l")
    assert words["model_release"].endswith("/MR-NAP")
    assert file["carries"]["origin"]["title"] == "xmp"
    assert file["carries"]["credentials"] is None


def test_who_bans_ai_refuses_a_marked_file_and_says_by_which_rule(
    document: dict[str, dict],
) -> None:
    marked, unmarked = (channels(document[name]) for name in ("ai.png", "clear.png"))
    assert marked["alamy"]["word"] == "refused"
    assert any(b["source"] and b["seen"] for b in marked["alamy"]["because"])
    assert unmarked["alamy"]["word"] == "accepted"
    assert marked["adobe-stock"]["word"] == "accepted"
    assert "converted from PNG to JPEG" in marked["adobe-stock"]["changes"]
    assert "the mark of AI stays" in marked["adobe-stock"]["changes"]
    assert "provenance.class" in unmarked["adobe-stock"]["to_tell"]


def test_what_would_be_left_behind_or_laid_over_is_told(document: dict[str, dict]) -> None:
    file = document["clear.png"]
    assert "parameters" in file["carries"]["generator_texts"]
    changes = channels(file)["adobe-stock"]["changes"]
    assert "transparency laid over the colour #ffffff" in changes
    assert any(c.startswith("left behind:") and "parameters" in c for c in changes)


def test_too_small_and_broken_files_are_refused_with_the_figures(
    document: dict[str, dict],
) -> None:
    refused = channels(document["small.jpg"])["adobe-stock"]
    assert refused["word"] == "refused"
    assert (
        "300 x 200 pixels are 0.1 megapixels; at least 4 are needed"
        in refused["because"][0]["text"]
    )
    for name in ("text.png", "absent.png"):
        assert document[name]["problem"]
        assert {c["word"] for c in document[name]["channels"]} == {"refused"}


def test_the_lines_for_a_person_name_every_channel(document: dict[str, dict]) -> None:
    text = "\n".join(line for line, _, _ in words_of({"files": list(document.values())}))
    assert all(row.title in text for row in ROWS)
    assert "title: Dünen (xmp)" in text


def test_the_command_prints_one_document_and_shows_broken_files_by_its_code(
    tmp_path: Path,
) -> None:
    picture(tmp_path / "a.jpg", 40, 30)
    command = [sys.executable, "-P", "-m", "publisher", "media", "inspect", "--channel", "alamy"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    done = subprocess.run(
        [*command, "--json", "a.jpg"], cwd=tmp_path, capture_output=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    (file,) = json.loads(done.stdout)["files"]
    assert [c["channel"] for c in file["channels"]] == ["alamy"]
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff nothing")
    done = subprocess.run(
        [*command, "a.jpg", "b.jpg"], cwd=tmp_path, capture_output=True, env=environment, text=True
    )
    assert (done.returncode, done.stderr) == (5, "")
    assert "b.jpg is a damaged or unusual JPEG file" in " ".join(done.stdout.split())


def test_a_seal_is_read_and_its_mark_counts(tmp_path: Path) -> None:
    pytest.importorskip("c2pa", reason="the optional package c2pa-python is not installed")
    import certificates

    from publisher.media.claims import Claim
    from publisher.media.signing import sign, signatory

    chain, key, _ = certificates.make(tmp_path)
    one = signatory(chain, key, now=certificates.NOW)
    plain = picture(tmp_path / "plain.jpg", 3000, 2000)
    sign(one, Claim("Dunes", AI), plain, None, tmp_path / "sealed.jpg")
    (file,) = report([tmp_path / "sealed.jpg"], ROWS, DAY)["files"]
    sealed = file["carries"]["credentials"]
    assert (sealed["state"], sealed["signer"]) == ("valid", "Ana Vidal")
    found = channels(file)
    assert found["alamy"]["word"] == "refused"
    assert "content credentials are lost" in found["adobe-stock"]["changes"]
    assert any("signed anew" in c for c in found["google-merchant"]["changes"])
