"""Masters made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from media_samples import picture

from publisher.manifest.item import Master
from publisher.media.probe import probe


@pytest.fixture
def master(tmp_path: Path) -> Callable[..., Master]:
    """Makes a master in the test's folder and measures it."""

    def make(name: str = "glass-001.png", width: int = 64, height: int = 48, **save: Any) -> Master:
        path = picture(tmp_path / name, width, height, **save)
        found = probe(path, f"masters/{name}")
        assert found.problem is None
        return found

    return make
