"""A project folder with a few masters, and one way to load or fail."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from publisher.errors import ManifestError
from publisher.manifest.load import LoadedManifest, load_manifest

ACCOUNTS = ("adobe-stock", "alamy", "shop-eu")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "masters").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "masters" / f"{name}.png").write_bytes(b"not looked at")
    return tmp_path


Load = Callable[..., LoadedManifest]
Fail = Callable[..., list[str]]


@pytest.fixture
def load(project: Path) -> Load:
    def run(
        text: str | bytes, name: str = "release.yaml", accounts: Collection[str] | None = ACCOUNTS
    ) -> LoadedManifest:
        data = text.encode() if isinstance(text, str) else text
        (project / name).write_bytes(data)
        return load_manifest(project / name, project, accounts)

    return run


@pytest.fixture
def fail(load: Load) -> Fail:
    """Load what must not load, and return the problems."""

    def run(text: str | bytes, name: str = "release.yaml") -> list[str]:
        with pytest.raises(ManifestError) as caught:
            load(text, name)
        assert caught.value.problems
        return list(caught.value.problems)

    return run
