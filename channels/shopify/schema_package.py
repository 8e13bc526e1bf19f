"""Obtains the Shopify Admin schemas from a pinned npm package, verified by hash, into a cache outside the project.

The package is packed, never installed, and only the named schema files leave it, checked one by one. Nothing of
it belongs into this repository or into the wheel, and nothing here runs unless somebody asks for it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from publisher.errors import ConfigError

PACKAGE = "@shopify/dev-mcp@1.16.0"
SHA512 = "tqgRnK7sQhjew+htxtleTH23nXB5fZcsrhWgEkomsorGXvLOB2mh2upwZm8uzuTDNTZnqtLMe64yIwh6s2awtw=="
"""The registry's integrity value of the tarball, base64."""

FOLDER_VARIABLE = "PUBLISHER_SHOPIFY_SCHEMAS"
"""Environment variable that names the cache folder."""
REQUIRED_VARIABLE = "PUBLISHER_REQUIRE_SHOPIFY_SCHEMAS"
"""When this environment variable is not empty, an absent schema is an error and no reason to skip."""

MEMBERS: Mapping[str, str] = {
    "2026-01": "28804b33e23becb5296f168545781daa8747a4574ac2089515f3c572d82670b1",
    "2026-04": "f14a1d924a2ce4a5824dcaa832a90a9fe8d20d0ad16f71240b854401c08b5769",
    "2026-07": "5bcde995c89c59acdb2ee494378d96f45ce7378a16ec829a74b71d696a08ef19",
    "2026-10": "f3b522f264556925eada700e795e4a002a9cba83444ebcc6c0d724254a0c6593",
    "unstable": "09abd39c19075b0cfb4682f602f40353e167a2f551235b3a8948c3bdbd17ff92",
}
"""API version → SHA-256 of its gzipped schema in the package."""

_TARBALL_LIMIT = 64_000_000
_MEMBER_LIMIT = 4_000_000
_SCHEMA_LIMIT = 64_000_000


class SchemaUnavailable(ConfigError):
    """The real schema of a version is not here; the sentence says why, for a skip or a remedy."""


def cache_folder() -> Path:
    """Where verified schemas are kept: the environment's folder, else one in the user's cache."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "storefront-publisher" / "shopify-schemas"


def required() -> bool:
    """Whether an absent schema is an error here, as it is in continuous integration."""
    return bool(os.environ.get(REQUIRED_VARIABLE))


def cached(version: str, folder: Path | None = None) -> bytes:
    """The verified introspection JSON of a version, unpacked.

    Raises SchemaUnavailable when it was never obtained, or when what lies there has another hash.
    """
    digest = _digest(version)
    path = (folder or cache_folder()) / f"{digest}.json.gz"
    try:
        data = path.read_bytes()
    except OSError:
        raise SchemaUnavailable(
            f"the Admin schema {version} is not cached",
            remedy="python -m channels.shopify.contract obtain",
        ) from None
    return _unpacked(version, data)


def obtain(folder: Path | None = None, versions: Sequence[str] = tuple(MEMBERS)) -> Path:
    """Bring the schemas of ``versions`` into the cache, unless they are there; returns the folder.

    Raises SchemaUnavailable with the reason when npm is absent, offline or serves something else.
    """
    place = folder or cache_folder()
    missing = [v for v in versions if not (place / f"{_digest(v)}.json.gz").is_file()]
    if not missing:
        return place
    found = members(_packed(), missing)
    place.mkdir(parents=True, exist_ok=True)
    for version, data in found.items():
        _keep(place / f"{_digest(version)}.json.gz", data)
    return place


def members(tarball: bytes, versions: Sequence[str]) -> dict[str, bytes]:
    """The gzipped schemas out of the tarball's bytes, each checked. Writes nothing.

    Raises SchemaUnavailable for another tarball, an absent or oversized member or a wrong hash.
    """
    if base64.b64encode(hashlib.sha512(tarball).digest()).decode() != SHA512:
        raise SchemaUnavailable(f"what came as {PACKAGE} is not that package: its SHA-512 differs")
    found = {}
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        for version in versions:
            found[version] = _member(archive, version)
    return found


def _member(archive: tarfile.TarFile, version: str) -> bytes:
    name = f"package/dist/data/admin_{version}.json.gz"
    try:
        entry = archive.getmember(name)
    except KeyError:
        raise SchemaUnavailable(f"{PACKAGE} holds no {name}") from None
    if not entry.isreg() or entry.size > _MEMBER_LIMIT:
        raise SchemaUnavailable(f"{name} is no ordinary file of the expected size")
    file = archive.extractfile(entry)
    data = file.read(_MEMBER_LIMIT + 1) if file is not None else b""
    _unpacked(version, data)
    return data


def _unpacked(version: str, data: bytes) -> bytes:
    if hashlib.sha256(data).hexdigest() != _digest(version):
        raise SchemaUnavailable(
            f"the cached Admin schema {version} is damaged: its SHA-256 differs",
            remedy="delete it and run python -m channels.shopify.contract obtain",
        )
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        plain = stream.read(_SCHEMA_LIMIT + 1)
    if len(plain) > _SCHEMA_LIMIT:
        raise SchemaUnavailable(f"the Admin schema {version} is larger than any schema")
    return plain


def _digest(version: str) -> str:
    if version not in MEMBERS:
        raise SchemaUnavailable(
            f"there is no known schema of the Admin API {version}",
            remedy=f"known versions: {', '.join(MEMBERS)}",
        )
    return MEMBERS[version]


def _packed() -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        raise SchemaUnavailable("npm is not installed, so the Admin schema cannot be obtained")
    with tempfile.TemporaryDirectory(prefix="shopify-schema-") as name:
        command = [npm, "pack", PACKAGE, "--silent", "--ignore-scripts", "--fetch-retries=0"]
        try:
            done = subprocess.run(  # noqa: S603  (a fixed command, no shell)
                command, cwd=name, capture_output=True, timeout=180, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SchemaUnavailable(f"npm could not pack {PACKAGE}: {error}") from None
        tarballs = list(Path(name).glob("*.tgz"))
        if done.returncode or len(tarballs) != 1:
            raise SchemaUnavailable(
                f"npm could not pack {PACKAGE}; it may be offline (exit code {done.returncode})",
                detail=done.stderr.decode("utf-8", "replace"),
            )
        if tarballs[0].stat().st_size > _TARBALL_LIMIT:
            raise SchemaUnavailable(f"the tarball of {PACKAGE} is larger than it can be")
        return tarballs[0].read_bytes()


def _keep(path: Path, data: bytes) -> None:
    # Several processes may obtain at once; the last rename wins with the same bytes.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".obtaining-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
