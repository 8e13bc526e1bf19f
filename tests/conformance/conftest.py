"""What the six levels share: every discovered row as a parameter, one generated project, a world per test.

A row that is added anywhere is tested with no edit in here.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
from catalogue import DAY, FOLDER_ROW, KINDS, NAMES, ROWS
from clock import VirtualClock
from world import NEIGHBOUR, SOURCE, World

from publisher.ledger.store import Ledger
from publisher.media.studio import Studio
from publisher.render import renderer
from publisher.row import Mode
from publisher.workspace import Workspace, open_workspace

HUMAN = {"class": "human"}
GENERATED = {
    "class": "ai-generated",
    "system": "Midjourney",
    "version": "7",
    "plan": "pro",
    "rights": "commercial",
    "prompt": "frozen glass dunes, low sun",
}
WORDS = ["glass", "dunes", "winter", "abstract", "blue", "frozen", "dawn", "light", "calm", "wave"]


_COLUMNS = {
    name: {
        column.field: f"https://shop.example/{column.field}"
        for dialect in (row.csv.dialects.values() if row.csv is not None else ())
        for column in dialect.columns
        if column.required and row.mode is Mode.HANDOFF
    }
    for name, row in ROWS.items()
}
"""What only the seller can say in the sheet of a pack, such as the address of a page."""


def _toml(value: object) -> str:
    """A value of an option as TOML writes it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


def _stated(name: str) -> str:
    """The options of an account that has whatever the row's gates ask for.

    Copies of one picture stand for many works here; what a motif's budget does has tests of its own.
    """
    lines = [f'[accounts.{name}]\nchannel = "{name}"', "variants_per_motif = 1000"]
    if ROWS[name].source != "none":
        lines.append(f'follows = "{SOURCE}"')
    options: dict[str, object] = dict(ROWS[name].wants)
    for gate in ROWS[name].gate:
        if gate.when.editorial is True:
            continue  # nothing here is editorial
        told: object = True if gate.at_least is None else gate.at_least
        options[gate.option] = gate.one_of[-1] if gate.one_of else told
    lines += [f"{option} = {_toml(value)}" for option, value in options.items()]
    return "\n".join(lines)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``name`` is every discovered row; ``kind`` is one row per way of moving bytes."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", NAMES)
    elif "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", sorted(KINDS))


BY_BROWSER = "browser"
"""A way of moving bytes that costs seconds a call: most of its tests are rare."""
OFTEN = ("test_13_check_writes_nothing", "test_19_after_a_push", "test_20_")
"""What of it is in every run, for the one row that represents it."""
SWEEP = 2400
"""Seconds that a test may take which opens a browser for every place at which a line can break."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave a browser's worlds to the rare runs, but for a few of the row that stands for all."""
    for item in items:
        if not isinstance(item, pytest.Function) or "world" not in item.fixturenames:
            continue
        given = item.callspec.params if hasattr(item, "callspec") else {}
        struck = given.get("struck")
        kind = given.get("kind")
        name = given.get("name") or (struck[0] if struck else KINDS.get(str(kind)))
        if name not in ROWS or ROWS[name].transport.kind != BY_BROWSER:
            continue
        if name != KINDS[BY_BROWSER] or not item.name.startswith(OFTEN):
            item.add_marker(pytest.mark.rare)
        if "every_place" in item.name:
            item.add_marker(pytest.mark.timeout(SWEEP))


def _picture(seed: int) -> pyvips.Image:
    """A sunlit slope with grain: it compresses like a photo, so that no agency finds the file too small."""
    height, width = 2100, 3000
    grain = np.random.default_rng(seed).normal(0, 14, (height, width, 3)).astype(np.float32)
    slope = np.linspace(40, 210, width, dtype=np.float32)[None, :, None]
    pixels = np.clip(slope + grain + np.array([0, 10 * seed, 30], np.float32), 0, 255)
    return pyvips.Image.new_from_array(pixels.astype(np.uint8)).copy(interpretation="srgb")


def _asset(name: str, file: str, provenance: dict[str, str]) -> dict[str, Any]:
    nothing = dict.fromkeys(("people", "property", "places", "brands"), "none")
    return {
        "id": name,
        "file": f"masters/{file}",
        "title": f"Frozen glass dunes under a low winter sun, {name}",
        "description": "Abstract dunes of blue glass under a low winter sun",
        "keywords": WORDS,
        "creator": "Ana Vidal",
        "copyright": "© 2026 Ana Vidal",
        "style": "photo",
        "depicts": {**nothing, "text": False, "news_event": False},
        "mature": False,
        "categories": ["abstract", "nature"],
        "provenance": provenance,
        "created": "2026-05-01",
        "offer": {"currency": "EUR", "product": "physical", "variants": [_variant("19.90")]},
        "channels": {row: {"fields": needed} for row, needed in _COLUMNS.items() if needed},
    }


def _variant(price: str) -> dict[str, str]:
    return {"id": "standard", "title": "Standard licence", "price": price}


def _bundle(name: str, *assets: str) -> dict[str, Any]:
    return {
        "id": name,
        "title": f"Winter Glass, {name}",
        "description": "Wallpapers of blue glass",
        "keywords": WORDS,
        "assets": list(assets),
        "offer": {"currency": "EUR", "variants": [_variant("49.00")]},
    }


def manifest() -> dict[str, Any]:
    """Three works by hand and one by a generator, and packs of them: enough for every row."""
    return {
        "release": "winter-glass",
        "assets": [
            _asset("a001", "one.jpg", HUMAN),
            _asset("a002", "two.png", HUMAN),
            _asset("a003", "one.jpg", HUMAN),
            _asset("g001", "one.jpg", GENERATED),
        ],
        "bundles": [
            _bundle("p001", "a001", "a002"),
            _bundle("p002", "a002", "a003"),
            _bundle("p003", "a003", "a001"),
            _bundle("pg01", "g001"),
        ],
    }


def write_project(folder: Path) -> Path:
    """A project with an account for every discovered row and a neighbour."""
    (folder / "masters").mkdir(parents=True)
    _picture(1).jpegsave(str(folder / "masters" / "one.jpg"), Q=90)
    _picture(2).pngsave(str(folder / "masters" / "two.png"), compression=1)
    toml = ['manifests = ["release.json"]', *map(_stated, NAMES)]
    toml += [f'[accounts.{other}]\nchannel = "{FOLDER_ROW}"' for other in (NEIGHBOUR, SOURCE)]
    (folder / "publisher.toml").write_text("\n".join(toml) + "\n", encoding="utf-8")
    (folder / "release.json").write_text(json.dumps(manifest()), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The generated project, opened once."""
    return open_workspace(write_project(tmp_path_factory.mktemp("project")))


@pytest.fixture(scope="session")
def blank_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that knows nothing, to be copied."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    Ledger.open(path).close()
    return path


@pytest.fixture(scope="session")
def studio(workspace: Workspace) -> Iterator[Studio]:
    """The real maker of renditions; what one test made, the next one finds."""
    with Studio(workspace.state / "cache", renderer(workspace.folder), workers=2) as made:
        yield made


@pytest.fixture
def clock() -> VirtualClock:
    """Nine in the morning of the day of all tests."""
    return VirtualClock(dt.datetime.combine(DAY, dt.time(9), dt.UTC))


@pytest.fixture
def paper(
    name: str, workspace: Workspace, clock: VirtualClock, blank_ledger: Path, tmp_path: Path
) -> Iterator[World]:
    """A world without a remote side, for what must not need one."""
    made = World(workspace, name, tmp_path, clock, blank_ledger)
    yield made
    made.ledger.close()


@pytest.fixture
def world(
    request: pytest.FixtureRequest,
    workspace: Workspace,
    clock: VirtualClock,
    blank_ledger: Path,
    tmp_path: Path,
) -> Iterator[World]:
    """A world for the row ``name``, or for the representative of ``kind``."""
    given = request.node.callspec.params
    name = given.get("name") or (given["struck"][0] if "struck" in given else KINDS[given["kind"]])
    with World(workspace, name, tmp_path, clock, blank_ledger) as made:
        yield made
