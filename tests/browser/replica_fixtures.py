"""The replicas as fixtures: one of each for all tests, calm at the beginning of every one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.replica_stage import Stage

PATIENCE: dict[str, dict[str, Any]] = {
    "redbubble": {
        "steps": [{"key": "file", "seconds": 5, "begins": 2}, {"key": "title", "seconds": 5}]
    },
    "stock-portal": {"steps": [{"key": "file", "seconds": 5, "begins": 2}]},
    "zazzle": {"steps": [{"key": "image", "seconds": 5, "begins": 2}]},
    "society6": {"steps": [{"key": "file", "seconds": 5, "begins": 2}]},
}
"""What a replica on this machine does not need to be waited for."""


def overlaid(name: str, **more: Any) -> dict[str, Any]:
    """An overlay with the patience of a test."""
    return {"schema": 1, "name": name, **PATIENCE[name], **more}


@pytest.fixture(scope="session")
def _stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stage]]:
    made: dict[str, Stage] = {}
    yield made
    for stage in made.values():
        stage.stop()


@pytest.fixture
def staged(_stages: dict[str, Stage], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if shutil.which("chromium") is None:
        pytest.skip("there is no Chromium on this machine")

    def get(name: str) -> Stage:
        if name not in _stages:
            _stages[name] = Stage(name, tmp_path_factory.mktemp(name))
            _stages[name].overlay(overlaid(name))
        _stages[name].calm()
        return _stages[name]

    yield get
    for stage in _stages.values():
        stage.calm()
