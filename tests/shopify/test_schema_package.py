"""How the real Admin types get into the cache: only the pinned package, only intact members, nothing else written."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from shopify_client import real_types

from channels.shopify import schema_package
from channels.shopify.schema import VERSIONS, real_schema
from channels.shopify.schema_package import (
    MEMBERS,
    SchemaUnavailable,
    cached,
    members,
    obtain,
    required,
)

VERSION = "2026-07"
NAME = f"package/dist/data/admin_{VERSION}.json.gz"
GOOD = gzip.compress(b'{"data": {}}')


def tarball(entries: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """A gzipped tar archive with these members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in entries.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def trust(monkeypatch: pytest.MonkeyPatch, archive: bytes, member: bytes = GOOD) -> None:
    """Let an archive of the test be the pinned package."""
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    monkeypatch.setattr(schema_package, "SHA512", digest)
    monkeypatch.setattr(schema_package, "MEMBERS", {VERSION: hashlib.sha256(member).hexdigest()})


def fake_npm(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program called npm in the way of the real one."""
    program = folder / "bin" / "npm"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_another_package_is_refused() -> None:
    with pytest.raises(SchemaUnavailable, match="its SHA-512 differs"):
        members(tarball({NAME: GOOD}), [VERSION])


def test_the_pinned_package_gives_its_members(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tarball({NAME: GOOD, "package/../../evil": b"x"})
    trust(monkeypatch, archive)
    assert members(archive, [VERSION]) == {VERSION: GOOD}


def _link() -> tarfile.TarInfo:
    entry = tarfile.TarInfo(NAME)
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return entry


BOMB = gzip.compress(bytes(70_000_000), 9)
HOSTILE: dict[str, tuple[dict[str, bytes | tarfile.TarInfo], bytes, str]] = {
    "absent": ({"package/other": GOOD}, GOOD, "holds no"),
    "a link": ({NAME: _link()}, GOOD, "no ordinary file"),
    "huge": ({NAME: bytes(4_000_001)}, GOOD, "no ordinary file"),
    "changed": ({NAME: GOOD + b"x"}, GOOD, "its SHA-256 differs"),
    "a bomb": ({NAME: BOMB}, BOMB, "larger than any schema"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    entries, member, reason = HOSTILE[kind]
    archive = tarball(entries)
    trust(monkeypatch, archive, member)
    with pytest.raises(SchemaUnavailable, match=reason):
        members(archive, [VERSION])


def test_npm_is_asked_once_and_what_it_brings_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tarball({NAME: GOOD})
    trust(monkeypatch, archive)
    (tmp_path / "given.tgz").write_bytes(archive)
    script = f'echo "$@" >> {tmp_path}/calls; cp {tmp_path}/given.tgz ./shopify-dev-mcp.tgz'
    fake_npm(tmp_path, monkeypatch, script)
    cache = tmp_path / "cache"
    for _ in range(2):
        assert obtain(cache, [VERSION]) == cache
    calls = (tmp_path / "calls").read_text("utf-8").splitlines()
    assert len(calls) == 1
    assert calls[0].startswith("pack @shopify/dev-mcp@1.16.0") and "--ignore-scripts" in calls[0]
    assert [p.read_bytes() for p in cache.iterdir()] == [GOOD]
    assert cached(VERSION, cache) == b'{"data": {}}'


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 1", "may be offline"),
        ("exit 0", "could not pack"),
        ("echo x > a.tgz", "its SHA-512 differs"),
        ("echo x > a.tgz; echo y > b.tgz", "could not pack"),
    ],
)
def test_an_npm_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    fake_npm(tmp_path, monkeypatch, script)
    with pytest.raises(SchemaUnavailable, match=reason):
        obtain(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SchemaUnavailable, match="npm is not installed"):
        obtain(tmp_path / "cache")


def test_the_cache_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISHER_SHOPIFY_SCHEMAS", str(tmp_path / "named"))
    assert schema_package.cache_folder() == tmp_path / "named"
    monkeypatch.delenv("PUBLISHER_SHOPIFY_SCHEMAS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert schema_package.cache_folder() == tmp_path / "home/storefront-publisher/shopify-schemas"
    monkeypatch.setenv("PUBLISHER_REQUIRE_SHOPIFY_SCHEMAS", "1")
    assert required()
    monkeypatch.setenv("PUBLISHER_REQUIRE_SHOPIFY_SCHEMAS", "")
    assert not required()


def test_what_is_not_cached_or_damaged_or_unknown(tmp_path: Path) -> None:
    with pytest.raises(SchemaUnavailable, match="is not cached") as absent:
        cached(VERSION, tmp_path)
    assert "channels.shopify.contract obtain" in absent.value.remedy
    (tmp_path / f"{MEMBERS[VERSION]}.json.gz").write_bytes(GOOD)
    with pytest.raises(SchemaUnavailable, match="is damaged"):
        cached(VERSION, tmp_path)
    with pytest.raises(SchemaUnavailable, match="no known schema"):
        cached("2019-04", tmp_path)


def test_the_real_package(tmp_path: Path) -> None:
    real_types()
    for version in VERSIONS:
        digest = MEMBERS[version]
        shutil.copy(schema_package.cache_folder() / f"{digest}.json.gz", tmp_path)
    for version in VERSIONS:
        assert b'"bulkOperationRunMutation"' in cached(version, tmp_path)
    schema = real_schema(VERSION)
    assert schema.mutation_type is not None
    assert len(schema.mutation_type.fields) > 400
