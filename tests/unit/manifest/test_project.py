"""The project file, the published schema, and the project that ``init`` makes."""

from __future__ import annotations

import json
import stat
import struct
import zlib
from pathlib import Path

import pytest

from publisher.errors import ConfigError
from publisher.manifest.load import load_release
from publisher.manifest.project import find_project, load_project
from publisher.manifest.scaffold import HEIGHT, WIDTH, example_png, scaffold
from publisher.manifest.schema import json_schema


def toml(folder: Path, text: str) -> Path:
    (folder / "publisher.toml").write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_project(toml(folder, text))
    return caught.value.problems


def test_accounts_in_long_and_short_form(tmp_path: Path) -> None:
    project = load_project(toml(tmp_path, (
        'name = "winter"\n[accounts.shop-eu]\nchannel = "woocommerce"\nmode = "handoff"\n'
        'csv_dialect = "short"\nquotas = {day = 5}\n[accounts.alamy]\nenabled = false\n'
        '[accounts.shop-eu.prices]\nround = "0.99"\n'
    )))  # fmt: skip
    shop = project.accounts["shop-eu"]
    assert (project.name, shop.channel, shop.mode, shop.enabled) == (
        "winter", "woocommerce", "handoff", True)  # fmt: skip
    assert dict(shop.options) == {"csv_dialect": "short", "quotas": {"day": 5}}
    assert [a.name for a in project.enabled_accounts()] == ["shop-eu"]
    assert shop.prices.round.value == ".99"
    short = load_project(toml(tmp_path, 'accounts = ["alamy", "adobe-stock"]\n'))
    assert {n: a.channel for n, a in short.accounts.items()} == {
        "alamy": "alamy", "adobe-stock": "adobe-stock"}  # fmt: skip
    assert short.name == tmp_path.name


def test_manifests_are_found_or_named(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.csv", "c.jsonl", "notes.txt", ".hidden.json", "manifest.schema.json"):
        (tmp_path / name).touch()
    assert [p.name for p in load_project(toml(tmp_path, "")).manifests] == [
        "a.csv",
        "b.yaml",
        "c.jsonl",
    ]
    named = load_project(toml(tmp_path, 'manifests = ["c.jsonl"]'))
    assert named.manifests == (tmp_path / "c.jsonl",)


def test_every_mistake_of_the_project_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "release.yaml").touch()
    found = problems(tmp_path, (
        'manifests = ["relese.yaml", "../x.yaml"]\nacounts = 1\n\n[accounts.alamy]\n'
        'enabled = "perhaps"\nmode = "hand-off"\n[accounts.shop-eu]\npassword = "hunter2"\n'
        '[accounts.shop_eu]\nenabeld = false\n[accounts."Bad Name"]\n'
    ))  # fmt: skip
    assert found == (
        "publisher.toml:1: manifests: '../x.yaml' is outside the project",
        "publisher.toml:1: manifests: 'relese.yaml' does not exist, did you mean 'release.yaml'?",
        "publisher.toml:2: unknown key 'acounts', did you mean 'accounts'?",
        "publisher.toml:5: accounts.alamy.enabled: 'perhaps' is neither true nor false"
        " (write true or false)",
        "publisher.toml:6: accounts.alamy.mode: 'hand-off' is not one of api, transfer, assisted,"
        " handoff, did you mean 'handoff'?",
        "publisher.toml:8: accounts.shop-eu.password: a secret belongs in .env, as SHOP_EU_PASSWORD",
        "publisher.toml:9: accounts 'shop-eu' and 'shop_eu' are too alike: both would read"
        " SHOP_EU_... from the environment",
        "publisher.toml:10: accounts.shop_eu: unknown key 'enabeld', did you mean 'enabled'?",
        "publisher.toml:11: account 'Bad Name' is not a usable name"
        " (small letters, digits, dash and underscore)",
    )
    assert not any("hunter2" in p for p in found)
    assert problems(tmp_path, "a = \nb")[0].startswith("publisher.toml:1: is not valid TOML here")


def test_the_project_is_found_from_below(tmp_path: Path) -> None:
    inner = tmp_path / "masters" / "deep"
    inner.mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"no publisher\.toml"):
        find_project(inner)
    assert find_project(toml(tmp_path, "") / "masters" / "deep") == tmp_path


def test_a_new_project_loads_without_a_problem(tmp_path: Path) -> None:
    folder = tmp_path / 'winter "glass" $1'
    written = scaffold(folder)
    assert {p.relative_to(folder).as_posix() for p in written} == {
        "publisher.toml", "release.yaml", "README.md", ".env", ".gitignore",
        "manifest.schema.json", "masters/dunes-001.png", "masters/dunes-002.png",
    }  # fmt: skip
    project = load_project(folder)
    (loaded,) = load_release(project.manifests, project.folder, project.accounts)
    assert project.name == 'winter "glass" $1'
    assert len(project.enabled_accounts()) >= 5
    assert (len(loaded.manifest.assets), len(loaded.manifest.bundles)) == (2, 1)
    assert loaded.notices == ()
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert not [n for n in (folder / ".env").read_text().splitlines() if n and n[0] != "#"]
    assert json.loads((folder / "manifest.schema.json").read_text()) == json_schema()
    assert not any("{{" in p.read_text() for p in written if p.suffix in (".toml", ".md"))


def test_a_new_project_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "release.yaml").write_text("mine")
    with pytest.raises(ConfigError) as caught:
        scaffold(tmp_path)
    assert caught.value.problems == ("release.yaml: is already there",)
    assert [p.name for p in tmp_path.iterdir()] == ["release.yaml"]
    assert (tmp_path / "release.yaml").read_text() == "mine"


def test_the_example_pictures_are_real_and_repeatable() -> None:
    data = example_png(1, (0, 0, 0), (200, 200, 200))
    assert data == example_png(1, (0, 0, 0), (200, 200, 200))
    assert data != example_png(2, (0, 0, 0), (200, 200, 200))
    assert len(data) < 2_000_000
    at, pixels, size = 8, b"", (0, 0)
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length :][:4])[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        if kind == b"IDAT":
            pixels += body
        at += 12 + length
    assert size == (WIDTH, HEIGHT)
    assert WIDTH * HEIGHT >= 4_000_000
    assert len(zlib.decompress(pixels)) == HEIGHT * (1 + 3 * WIDTH)


def test_the_schema_is_self_contained() -> None:
    schema = json_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert "$id" not in schema
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["release"]
    text = json.dumps(schema)
    for name in {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}:
        assert name in schema["$defs"]
    provenance = schema["$defs"]["Provenance"]
    assert provenance["required"] == ["class"]
    assert "required" not in schema["$defs"]["DefaultProvenance"]
    assert {"type": "null"} in schema["$defs"]["Asset"]["properties"]["keywords"]["anyOf"]
    assert schema["$defs"]["Asset"]["properties"]["file"]["description"]
