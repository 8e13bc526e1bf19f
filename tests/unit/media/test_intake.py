"""A manifest drafted from a folder of pictures, and texts that only the pictures have."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_samples import picture

from publisher.errors import ConfigError
from publisher.intake import begin_from_files, draft_release
from publisher.intake.names import id_from, title_from
from publisher.intake.write import Suggested, manifest_text
from publisher.listing import Metadata
from publisher.manifest.load import load_manifest
from publisher.manifest.model import Asset, ProvenanceClass
from publisher.manifest.spellings import DataMining
from publisher.media.metadata.embed import embed_bytes
from publisher.media.metadata.words import Words
from publisher.rights import rights_of
from publisher.workspace import open_workspace

ANA = Metadata(
    title="Blue: dunes #1, 'quoted' & \"double\"",
    description="- no list\n? no key",
    keywords=("yes", "1.0", "null", "snö", "a: b", "🌊"),
    creator="Ana Vídal",
    copyright="© Ana",
    date_created="2026-01-05T07:30:00+01:00",
    country="SE",
)


def say(path: Path, metadata: Metadata, chunk: bytes = b"") -> Path:
    """A picture that says ``metadata`` of itself, and a PNG text chunk of a generator."""
    picture(path)
    data = embed_bytes(path.read_bytes(), metadata)
    if chunk:
        whole = b"tEXt" + chunk
        body = len(chunk).to_bytes(4, "big") + whole + zlib.crc32(whole).to_bytes(4, "big")
        data = data[:33] + body + data[33:]
    path.write_bytes(data)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "Winter Glass"
    (place / "more").mkdir(parents=True)
    say(place / "IMG_0001.jpg", ANA)
    say(place / "a-glass_dune in winter-v2.tif", Metadata(creator="Ana Vídal"))
    prompt = b"parameters\0frozen dunes, ultra detailed\nSteps: 9, Sampler: Euler, Model: dunes_v2"
    say(place / "more" / "00012-7.png", Metadata(copyright="© Ana"), prompt)
    edited = Metadata(provenance=ProvenanceClass.AI_EDITED, ai_system="Retoucher")
    say(place / "more" / "IMG_0001.webp", edited)
    (place / "notes.txt").write_text("hello")
    (place / ".hidden.jpg").write_bytes(b"\xff\xd8\xff")
    (place / "cut.jpg").write_bytes((place / "IMG_0001.jpg").read_bytes()[:300])
    return place


def test_a_project_begins_with_what_the_pictures_say(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "shop"
    begun = begin_from_files(place, folder)
    assert begun.pictures == 5
    assert [r.partition(":")[0] for r in begun.remarks] == ["masters/notes.txt", "masters/cut.jpg"]
    assert {p.relative_to(place).as_posix() for p in begun.written} > {
        "publisher.toml",
        "release.yaml",
        "masters/more/00012-7.png",
    }
    text = (place / "release.yaml").read_text()
    loaded = load_manifest(place / "release.yaml", place).manifest
    assert loaded.release == "Winter-Glass"
    found = {a.file.removeprefix("masters/"): a for a in loaded.assets}
    said = found["IMG_0001.jpg"]
    assert (said.title, said.keywords, said.country) == (ANA.title, ANA.keywords, "SE")
    assert said.description == "- no list ? no key"
    assert str(said.created) == "2026-01-05"
    named = found["a-glass_dune in winter-v2.tif"]
    assert named.title == "A glass dune in winter"
    assert "# from the file's name" in text
    made = found["more/00012-7.png"]
    assert made.title is None
    assert made.provenance is not None
    assert made.provenance.class_ is ProvenanceClass.AI_GENERATED
    assert (made.provenance.system, made.provenance.version) == ("Stable Diffusion", "dunes_v2")
    assert made.provenance.prompt == "frozen dunes, ultra detailed"
    edited = found["more/IMG_0001.webp"].provenance
    assert edited is not None
    assert (edited.class_, edited.system) == (ProvenanceClass.AI_EDITED, "Retoucher")
    assert len({a.id for a in loaded.assets}) == 5
    for path in folder.rglob("*.jpg"):
        if not path.name.startswith("."):
            assert (place / "masters" / path.relative_to(folder)).read_bytes() == path.read_bytes()
    workspace = open_workspace(place)
    assert len(workspace.items) == 5


def test_what_all_say_alike_stands_in_the_defaults(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        say(tmp_path / f"{name}.png", Metadata(title=name * 3, creator="Ana", credit=name))
    picture(tmp_path / "d.png")
    drafted = draft_release(tmp_path, "r")
    (tmp_path / "r.yaml").write_text(drafted.text)
    loaded = load_manifest(tmp_path / "r.yaml", tmp_path).manifest
    assert loaded.defaults.creator == "Ana"
    assert drafted.text.count("creator:") == 1
    assert [a.credit for a in loaded.assets] == ["a", "b", "c", None]


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "shop"
    (place / "masters").mkdir(parents=True)
    (place / "masters" / "IMG_0001.jpg").write_bytes(b"mine")
    with pytest.raises(ConfigError, match="already holds 1 of the pictures"):
        begin_from_files(place, folder)
    assert [p.name for p in place.rglob("*") if p.is_file()] == ["IMG_0001.jpg"]
    assert (place / "masters" / "IMG_0001.jpg").read_bytes() == b"mine"
    with pytest.raises(ConfigError, match="no folder"):
        begin_from_files(place, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="no picture"):
        begin_from_files(tmp_path / "new", tmp_path / "empty")
    assert not (tmp_path / "new").exists()


def test_a_project_gets_one_more_manifest_for_new_pictures(folder: Path, tmp_path: Path) -> None:
    begin_from_files(folder, folder)
    new = folder / "spring"
    new.mkdir()
    say(new / "blue glass river.png", Metadata())
    begun = begin_from_files(folder, folder)
    assert begun.pictures == 1
    assert [p.name for p in begun.written] == ["Winter-Glass.yaml"]
    added = load_manifest(folder / "Winter-Glass.yaml", folder).manifest
    assert [(a.file, a.title) for a in added.assets] == [
        ("spring/blue glass river.png", "Blue glass river")
    ]
    assert begun.remarks[-1] == (
        'write manifests = ["release.yaml", "Winter-Glass.yaml"] into publisher.toml'
    )
    with pytest.raises(ConfigError, match="already there"):
        begin_from_files(folder, folder)
    outside = tmp_path / "elsewhere"
    shutil.copytree(new, outside)
    with pytest.raises(ConfigError, match="not in the project"):
        begin_from_files(folder, outside)


def test_the_command_makes_a_project_that_can_be_checked(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "publisher"]
    arguments = ["init", str(tmp_path / "shop"), "--from-files", str(folder)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "described 5 pictures" in done.stdout
    assert "notes.txt: is not a JPEG" in done.stderr
    check = ["check", "--json", "--project", str(tmp_path / "shop")]
    done = subprocess.run([*command, *check], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


LINE = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), max_size=60).map(
    str.strip
)


@given(
    st.lists(
        st.builds(
            Words,
            title=LINE,
            description=LINE,
            keywords=st.lists(LINE.filter(bool), max_size=4, unique_by=str.casefold).map(tuple),
            creator=LINE,
            provenance=st.sampled_from([None, *ProvenanceClass]),
            system=LINE,
            prompt=LINE,
        ),
        min_size=1,
        max_size=4,
    ),
    LINE,
)
@settings(max_examples=30, deadline=None)
def test_any_text_comes_back_from_the_draft(
    tmp_path_factory: pytest.TempPathFactory, each: list[Words], shared: str
) -> None:
    place = tmp_path_factory.mktemp("draft")
    taken: set[str] = set()
    assets = [Suggested(id_from("x", taken), f"{n}.png", words) for n, words in enumerate(each)]
    for asset in assets:
        (place / asset.file).write_bytes(b"x")
    text = manifest_text("r", assets, Words(creator=shared))
    (place / "r.yaml").write_text(text, encoding="utf-8")
    loaded = load_manifest(place / "r.yaml", place).manifest
    for asset, words in zip(loaded.assets, each, strict=True):
        assert (asset.title or "", asset.description or "") == (words.title, words.description)
        assert asset.keywords == words.keywords
        assert (asset.creator or "") == (words.creator or shared)
        origin = asset.provenance
        assert (origin.class_ if origin else None) is words.provenance
        if origin is not None:
            assert (origin.system or "", origin.prompt or "") == (words.system, words.prompt)


@pytest.mark.parametrize(
    ("stem", "title"),
    [
        ("blue-glass_dunes", "Blue glass dunes"),
        ("001_blue glass dunes final v2 4k", "Blue glass dunes"),
        ("ana_blue_glass_dunes_at_dawn_0d5c1a3e-1111-2222-3333-444455556666", "Blue glass dunes at dawn"),
        ("IMG_20240101_123456", ""),
        ("DSC01234", ""),
        ("ComfyUI_00012_", ""),
        ("00012-3456789", ""),
        ("Screenshot 2024-05-01 at 12.00", ""),
        ("é l'été à la mer", "É l'été à la mer"),
        ("冬の砂丘 夜明け", "冬の砂丘 夜明け"),
        ("0d5c1a3e111122223333444455556666", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_titles_from_names(stem: str, title: str) -> None:
    assert title_from(stem) == title


@given(st.lists(st.text(max_size=200), max_size=20))
def test_ids_are_accepted_and_distinct(stems: list[str]) -> None:
    taken: set[str] = set()
    ids = [id_from(stem, taken) for stem in stems]
    assert len({i.casefold() for i in ids}) == len(stems)
    for name in ids:
        assert Asset(id=name, file="x").id == name


def test_a_missing_text_comes_from_the_picture_and_is_told(tmp_path: Path) -> None:
    say(tmp_path / "a.jpg", ANA)
    say(tmp_path / "b.png", ANA, b"parameters\0x\nSteps: 9, Sampler: E")
    (tmp_path / "publisher.toml").write_text("[accounts.handoff]\n")
    (tmp_path / "r.yaml").write_text(
        "release: r\nassets:\n"
        "  - {id: a, file: a.jpg, title: My own, creator: null}\n"
        "  - {id: b, file: b.png, title: B, description: D, keywords: [k]}\n"
        "  - {id: c, file: a.jpg, title: null, description: D, keywords: null}\n"
        "bundles:\n  - {id: pack, title: Pack, assets: [a]}\n"
    )
    for _ in range(2):  # the second time from the cache
        workspace = open_workspace(tmp_path)
        items = {i.id: i for i in workspace.items}
        assert (items["a"].title, items["a"].keywords) == ("My own", ANA.keywords)
        assert items["a"].description == "- no list ? no key"
        asset = items["a"].asset
        assert asset is not None
        assert (asset.creator, asset.copyright, str(asset.created)) == (None, "© Ana", "2026-01-05")
        assert items["pack"].members[0].keywords == ANA.keywords
        assert items["b"].keywords == ("k",)
        assert (items["c"].title, items["c"].keywords) == ("", ())
        told = [f for f in workspace.findings if f.code == "embedded-text"]
        assert [(f.item, f.file, f.line) for f in told] == [("a", "r.yaml", 3)]
        assert told[0].text == (
            "taken from a.jpg, because the manifest says nothing: "
            "description, keywords, copyright, created, country (XMP)"
        )
    for junk in (b"", b"not a database" * 100):
        (tmp_path / ".publisher" / "cache" / "words.sqlite").write_bytes(junk)
        assert {i.id: i for i in open_workspace(tmp_path).items}["a"].keywords == ANA.keywords


def test_a_prompt_is_no_caption(tmp_path: Path) -> None:
    prompt = "frozen glass dunes at dawn, volumetric light"
    said = Metadata(title="Dunes", description=f"{prompt} --ar 3:2 --v 6")
    say(tmp_path / "a.jpg", said)
    say(tmp_path / "b.png", Metadata(description=prompt), b"prompt\0" + prompt.encode())
    (tmp_path / "publisher.toml").write_text("[accounts.handoff]\n")
    (tmp_path / "r.yaml").write_text(
        "release: r\nassets:\n  - {id: a, file: a.jpg}\n  - {id: b, file: b.png}\n"
    )
    items = {i.id: i for i in open_workspace(tmp_path).items}
    assert (items["a"].title, items["a"].description) == ("Dunes", "")
    assert items["b"].description == ""


def test_rights_places_and_releases_are_suggested(tmp_path: Path) -> None:
    licensor = {"licensor_name": "Ana & Co: pictures", "licensor_url": "https://example.com/l?a=1"}
    common = {"data_mining": "DMI-PROHIBITED-AIMLTRAINING", "usage_terms": "Ask first", **licensor}
    place = {"city": "Malmö", "state": "Skåne", "sublocation": "Västra hamnen"}
    first = Metadata(**common, **place, rights_url="https://example.com/r", model_release="MR-UMR")
    second = Metadata(**common, licensor_email="ana@example.com", property_release="PR-NAP")
    say(tmp_path / "a.jpg", first)
    say(tmp_path / "b.png", second)
    say(tmp_path / "c.tif", Metadata(extra_xmp=(("plus:DataMining", "nothing we know"),)))
    drafted = draft_release(tmp_path, "r")
    (tmp_path / "r.yaml").write_text(drafted.text)
    loaded = load_manifest(tmp_path / "r.yaml", tmp_path).manifest
    assert loaded.defaults.licensor is not None
    assert loaded.defaults.licensor.name == "Ana & Co: pictures"
    assert drafted.text.count("Ask first") == 1
    one, other, _ = loaded.assets
    assert one.licensor is not None
    assert (one.licensor.url, one.licensor.email) == ("https://example.com/l?a=1", None)
    assert other.licensor is not None
    assert (other.licensor.name, other.licensor.email) == ("Ana & Co: pictures", "ana@example.com")
    assert (one.data_mining, one.rights_url) == (DataMining.NO_TRAINING, "https://example.com/r")
    assert one.location is not None
    assert (one.location.city, one.location.place) == ("Malmö", "Västra hamnen")
    assert other.location is None
    assert drafted.text.count("# releases: the file says: there are model releases") == 1
    # What the draft says is what goes into a rendition.
    rights = rights_of([one])
    assert rights["data_mining"] == "DMI-PROHIBITED-AIMLTRAINING"
    assert rights["sublocation"] == "Västra hamnen"
