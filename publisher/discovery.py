"""Finds adapter folders and rows: those shipped with the program, those of installed packages, and those
that a project brings itself. There is no list to edit, and no channel is named in here.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.resources
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from publisher.channel import Channel, Sandbox, Session
from publisher.errors import ConfigError
from publisher.row import Mode, Row, Verb, read_row

PACKAGE = "channels"
GROUP = "publisher.channels"


@dataclass(frozen=True, slots=True)
class RowFile:
    """Where a row was found, and the module of its adapter."""

    name: str
    path: Path
    adapter: str
    module: str


@functools.cache
def _packages() -> Mapping[str, Path]:
    """Adapter module name → folder, of everything installed."""
    found: dict[str, Path] = {}
    root = Path(str(importlib.resources.files(PACKAGE)))
    for folder in sorted(p for p in root.iterdir() if p.is_dir() and _rows_in(p, "*.toml")):
        found[f"{PACKAGE}.{folder.name}"] = folder
    for point in importlib.metadata.entry_points(group=GROUP):
        found[point.value] = Path(str(importlib.resources.files(point.value)))
    return found


@functools.cache
def shipped_rows() -> Mapping[str, RowFile]:
    """Every installed row by its name (the file's stem)."""
    rows: dict[str, RowFile] = {}
    for module, folder in _packages().items():
        for path in _rows_in(folder, "*.toml"):
            if path.stem in rows:
                raise ConfigError(
                    f"two rows are called {path.stem}: {rows[path.stem].path}, {path}"
                )
            rows[path.stem] = RowFile(path.stem, path, module.rpartition(".")[2], module)
    return rows


def known_rows(project: Path | None = None) -> Mapping[str, RowFile]:
    """Installed rows and the project's own (``channels/ADAPTER/NAME.toml``), which win."""
    rows = dict(shipped_rows())
    own = project / PACKAGE if project is not None else None
    if own is not None and own.is_dir():
        modules = {m.rpartition(".")[2]: m for m in _packages()}
        for path in _rows_in(own, "*/*.toml"):
            adapter = path.parent.name
            if adapter not in modules:
                names = ", ".join(sorted(modules))
                raise ConfigError(
                    f"{path.name}: there is no adapter {adapter!r}",
                    remedy=f"put the row into a folder named after an adapter: {names}",
                )
            rows[path.stem] = RowFile(path.stem, path, adapter, modules[adapter])
    return rows


def _rows_in(folder: Path, pattern: str) -> list[Path]:
    # NAME.toml is a row; NAME.something.toml beside it is data of an adapter.
    return sorted(p for p in folder.glob(pattern) if "." not in p.stem)


def load_row(name: str, project: Path | None = None) -> Row:
    """The row called ``name``. Raises ConfigError that lists the known names."""
    rows = known_rows(project)
    if name not in rows:
        known = ", ".join(sorted(rows))
        raise ConfigError(f"there is no channel {name!r}", remedy=f"known channels: {known}")
    found = rows[name]
    row = read_row(found.path, found.adapter)
    if row.name != name:
        raise ConfigError(f"{found.path.name}: the row calls itself {row.name!r}")
    return row


def adapter(row: Row, mode: Mode | None = None) -> Channel:
    """The adapter of a row; in hand-off mode the one that makes a pack for a person.

    The channel's row then has the verbs of the hand-off row and everything else of its own. Raises
    ConfigError when the row promises a verb that the code does not have.
    """
    modules = {m.rpartition(".")[2]: m for m in _packages()}
    if mode is Mode.HANDOFF and row.mode is not Mode.HANDOFF:
        pack = _handoff_row()
        # A person carries packs over one by one, whatever a program could send together, and needs no rests
        # between making them.
        unhurried = {"per_minute": None, "gap_seconds": 0.0, "burst": None, "rest_seconds": 0.0}
        verbs: dict[str, Any] = {"mode": Mode.HANDOFF, "can": pack.can, "cannot": pack.cannot}
        verbs["batch"] = None
        verbs["pace"] = row.pace.model_copy(update=unhurried)
        row = row.model_copy(update={**verbs, "adapter": pack.adapter})
    module = importlib.import_module(modules[row.adapter])
    _agree(row, module.Adapter.SessionType)
    channel: Channel = module.Adapter(row)
    return channel


def _handoff_row() -> Row:
    # The row that is called like its adapter is the adapter's own, not that of one site.
    for found in shipped_rows().values():
        if found.name == found.adapter:
            row = read_row(found.path, found.adapter)
            if row.mode is Mode.HANDOFF:
                return row
    raise ConfigError("no installed adapter makes hand-off packs")


def _agree(row: Row, session: type[Session]) -> None:
    absent = [
        v.value
        for v in row.can
        if getattr(session, v.value, None) is getattr(Session, v.value, None)
    ]
    if absent:
        raise ConfigError(
            f"the row {row.name} promises what its adapter cannot do: {', '.join(absent)}"
        )


def verbs(session: type[Session]) -> set[Verb]:
    """The verbs that a session class implements itself."""
    return {v for v in Verb if getattr(session, v.value) is not getattr(Session, v.value)}


def sandbox_type(row: Row) -> type[Sandbox] | None:
    """The sandbox of a row's adapter, or None when it needs no remote side."""
    modules = {m.rpartition(".")[2]: m for m in _packages()}
    name = f"{modules[row.adapter]}.sandbox"
    if importlib.util.find_spec(name) is None:
        return None
    found: type[Sandbox] = importlib.import_module(name).AdapterSandbox
    return found
