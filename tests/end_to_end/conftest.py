"""Worlds for the tests: a project factory whose masters and renditions are made once per session."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from shapes import Factory, FirstRun
from small_project import EVERY, manifest, masters
from stagehand import World, running


@pytest.fixture(scope="session")
def some_masters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The masters, made once; worlds hold hard links of them."""
    return masters(tmp_path_factory.mktemp("sources") / "masters")


def lay_out(
    place: Path,
    sources: Path,
    expected: Mapping[str, Sequence[str]],
    accounts: Mapping[str, Mapping[str, Any]],
    data: Mapping[str, Any],
) -> World:
    """Write a project: publisher.toml, manifest and masters."""
    folder = place / "project"
    shutil.copytree(sources, folder / "masters", copy_function=os.link)
    lines = ['name = "small"', 'manifests = ["release.json"]']
    for name, options in accounts.items():
        lines.append(f"[accounts.{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in options.items()]
    (folder / "publisher.toml").write_text("\n".join(lines) + "\n", "utf-8")
    world = World(folder, place / "state", expected)
    world.write_manifest(data)
    return world


@pytest.fixture(scope="session")
def first_run(some_masters: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstRun]:
    """check, plan, push, status, plan, push: the straight line, once for all tests that look at it."""
    place = tmp_path_factory.mktemp("first")
    world = lay_out(place, some_masters, EVERY, {name: {} for name in EVERY}, manifest())
    with running(world):
        steps = ("check", "plan", "push", "status", "plan", "push")
        yield FirstRun(world, *(world.cli(step, "--json") for step in steps))


@pytest.fixture
def make_world(
    request: pytest.FixtureRequest, some_masters: Path, tmp_path: Path
) -> Iterator[Factory]:
    """The factory. A warm world has the renditions of the first run in its cache."""
    with ExitStack() as stack:
        yield _Worlds(request, some_masters, lambda: Path(mkdtemp(dir=tmp_path)), stack)


@pytest.fixture(scope="module")
def module_world(
    request: pytest.FixtureRequest, some_masters: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Factory]:
    """The same for worlds that all tests of a file look at."""
    with ExitStack() as stack:
        yield _Worlds(request, some_masters, lambda: tmp_path_factory.mktemp("world"), stack)


@dataclass(frozen=True)
class _Worlds:
    request: pytest.FixtureRequest
    sources: Path
    place: Callable[[], Path]
    stack: ExitStack

    def __call__(
        self,
        expected: Mapping[str, Sequence[str]] = EVERY,
        *,
        accounts: Mapping[str, Mapping[str, Any]] | None = None,
        data: Mapping[str, Any] | None = None,
        warm: bool = True,
        sandboxes: bool = True,
    ) -> World:
        named = accounts if accounts is not None else {name: {} for name in expected}
        world = lay_out(self.place(), self.sources, expected, named, data or manifest())
        if warm:
            first: FirstRun = self.request.getfixturevalue("first_run")
            cache = first.world.state / "cache"
            shutil.copytree(cache, world.state / "cache", copy_function=_linked)
        return self.stack.enter_context(running(world)) if sandboxes else world


def _linked(source: str, target: str) -> None:
    """A rendition is never changed in place, so a link will do; an index is copied."""
    if Path(source).suffix in {".jpg", ".png", ".zip"}:
        os.link(source, target)
    else:
        shutil.copy2(source, target)
