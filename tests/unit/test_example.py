"""The example release: its manifest and the script that draws its masters agree; its text fits everywhere."""

from __future__ import annotations

import datetime as dt
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from publisher.discovery import known_rows, load_row
from publisher.manifest.item import Item, ItemKind
from publisher.manifest.load import LoadedManifest, load_manifest
from publisher.manifest.model import Asset, Depicted, Manifest, ProvenanceClass
from publisher.manifest.project import Project, load_project
from publisher.policy import judge

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "winter-glass"
AGENCIES = {
    "adobe-stock", "shutterstock", "alamy", "dreamstime", "freepik",
    "depositphotos", "123rf", "pond5", "vecteezy",
}  # fmt: skip


DAY = dt.date(2026, 11, 21)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The example with stand-ins for masters: the loader never opens them."""
    folder = tmp_path_factory.mktemp("winter-glass")
    for name in ("publisher.toml", "release.yaml"):
        shutil.copy(EXAMPLE / name, folder / name)
    (folder / "masters").mkdir()
    for name in _listed():
        (folder / "masters" / name).write_bytes(b"stand-in")
    return load_project(folder)


@pytest.fixture(scope="module")
def loaded(project: Project) -> LoadedManifest:
    (path,) = project.manifests
    return load_manifest(path, project.folder, list(project.accounts))


@pytest.fixture(scope="module")
def manifest(loaded: LoadedManifest) -> Manifest:
    return loaded.manifest


def test_masters_of_the_manifest_are_those_that_the_script_draws(manifest: Manifest) -> None:
    listed = _listed()
    assert len(listed) >= 14
    assert len(set(listed)) == len(listed)
    assert sorted(a.file for a in manifest.assets) == sorted(f"masters/{name}" for name in listed)
    assert {Path(name).suffix for name in listed} == {".png", ".jpg", ".tif", ".webp"}


def test_ids_are_unique_and_safe_as_file_names(manifest: Manifest) -> None:
    ids = [a.id for a in manifest.assets] + [b.id for b in manifest.bundles]
    assert len(set(ids)) == len(ids)
    for asset in manifest.assets:
        assert re.fullmatch(r"glass-\d{3}", asset.id)
        assert Path(asset.file).stem == asset.id


def test_text_fits_every_agency(manifest: Manifest) -> None:
    for asset in manifest.assets:
        title, description = asset.title or "", asset.description or ""
        assert 40 <= len(title) <= 70, f"{asset.id}: title of {len(title)}"
        assert "," not in title and title.isascii(), asset.id
        assert 60 <= len(description) <= 150, f"{asset.id}: description of {len(description)}"
        assert description.isascii(), asset.id
        words = [k.lower() for k in asset.keywords]
        assert 12 <= len(words) <= 25 and len(set(words)) == len(words), asset.id
        assert not {"vector", "illustration"} & set(words), asset.id


def test_every_kind_of_fact_has_an_item(manifest: Manifest) -> None:
    made = {a.provenance.class_ for a in manifest.assets if a.provenance}
    assert made == set(ProvenanceClass)
    assert {a.depicts.people for a in manifest.assets} == {None, *Depicted}
    assert any(o.publish is False for a in manifest.assets for o in a.channels.values())
    assert any(a.editorial for a in manifest.assets)
    assert {r.kind for a in manifest.assets for r in a.releases} == {"model", "property"}


def _verdicts(manifest: Manifest) -> Iterator[tuple[Asset, str, str]]:
    rows = {name: load_row(name) for name in sorted(AGENCIES)}
    for asset in manifest.assets:
        item = Item(
            id=asset.id,
            kind=ItemKind.ASSET,
            release=manifest.release,
            title=asset.title or "",
            description=asset.description or "",
            keywords=asset.keywords,
            members=(asset,),
            masters=(),
            asset=asset,
        )
        for name, row in rows.items():
            yield asset, name, judge(item, row, day=DAY, account=name).word.value


def test_verdicts_are_those_that_the_readme_tells(manifest: Manifest) -> None:
    found: dict[str, dict[str, str]] = {}
    for asset, account, word in _verdicts(manifest):
        found.setdefault(asset.id, {})[account] = word
    assert {w for words in found.values() for w in words.values()} == {
        "allow", "allow-with-actions", "hold", "deny",
    }  # fmt: skip
    for item in ("glass-004", "glass-007", "glass-008", "glass-010"):
        assert set(found[item].values()) == {"allow"}, item
    assert found["glass-001"]["adobe-stock"] == "allow-with-actions"
    for agency in ("shutterstock", "alamy", "depositphotos", "pond5"):
        assert found["glass-001"][agency] == "deny", agency
    assert found["glass-014"]["adobe-stock"] == "hold"
    assert found["glass-001"]["123rf"] == "allow-with-actions"
    assert found["glass-002"]["vecteezy"] == "hold"


def test_bundle_members_exist(manifest: Manifest) -> None:
    ids = {a.id for a in manifest.assets}
    (pack,) = manifest.bundles
    assert len(pack.assets) >= 4
    assert set(pack.assets) <= ids


def test_every_channel_has_an_account_of_its_name(project: Project) -> None:
    channels = {name: account.channel for name, account in project.accounts.items()}
    named = {name: name for name in known_rows() if name != "handoff"}
    assert channels == named | {"handoff-pack": "handoff"}
    assert set(channels) > AGENCIES


def test_no_account_presses_publish_by_itself(project: Project) -> None:
    options = {name: account.options for name, account in project.accounts.items()}
    assert not [n for n, o in options.items() if "unattended" in o or "terms_acknowledged" in o]


def test_nothing_had_to_be_put_right(loaded: LoadedManifest) -> None:
    assert loaded.notices == ()


def test_a_drawn_master_is_left_alone_and_a_damaged_one_is_drawn_again(tmp_path: Path) -> None:
    """Two small plates, drawn twice: the same bytes both times."""
    render = _render_module()
    small = [
        _smaller(render, p) for p in render.PLATES if p.name in ("glass-015.webp", "glass-003.png")
    ]
    for plate in small:
        name, size, _ = render.render(plate, tmp_path)
        first = (tmp_path / name).read_bytes()
        assert len(first) == size
        render.render(plate, tmp_path)
        assert (tmp_path / name).read_bytes() == first
    record = {p.name: [render.EDITION, (tmp_path / p.name).stat().st_size] for p in small}
    due = {p.name for p in render.missing(tmp_path, record)}
    assert due.isdisjoint(record)
    (tmp_path / small[0].name).write_bytes(b"cut short")
    assert small[0].name in {p.name for p in render.missing(tmp_path, record)}


def _listed() -> list[str]:
    command = [sys.executable, EXAMPLE / "render.py", "--list"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def _render_module() -> Any:
    spec = importlib.util.spec_from_file_location("winter_glass_render", EXAMPLE / "render.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _smaller(render: Any, plate: Any) -> Any:
    return replace(plate, width=plate.width // 8, height=plate.height // 8)
