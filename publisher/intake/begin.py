"""Makes a project out of a folder of pictures, or adds a drafted manifest to a project that is there already.

Pictures outside the project are copied into it; no picture is ever moved, changed or overwritten.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from publisher.errors import ConfigError, ManifestError
from publisher.intake.draft import Drafted, draft_release
from publisher.manifest.load import load_release
from publisher.manifest.project import FILE_NAME, load_project
from publisher.manifest.scaffold import scaffold

_MASTERS = "masters"


@dataclass(frozen=True, slots=True)
class Begun:
    """What was written, how many pictures the manifest describes, and remarks for the seller."""

    written: tuple[Path, ...]
    pictures: int
    remarks: tuple[str, ...]


def begin_from_files(place: Path, source: Path) -> Begun:
    """Draft a manifest for the pictures in ``source`` and put it into the project at ``place``.

    Raises ConfigError, before anything is written, when there is nothing to describe or something is in the way.
    """
    if not source.is_dir():
        raise ConfigError(f"{source} is no folder", remedy="Name a folder with pictures.")
    project, folder = place.resolve(), source.resolve()
    inside = folder.is_relative_to(project)
    if (project / FILE_NAME).is_file():
        if not inside:
            raise ConfigError(
                f"{source} is not in the project at {place}",
                remedy=f"Move the pictures into {place / _MASTERS} first.",
            )
        return _added(place, project, folder)
    prefix = _prefix(folder, project) if inside else f"{_MASTERS}/"
    drafted = draft_release(folder, _name(folder), prefix=prefix)
    if not inside:
        _check_room(place, drafted)
    written = scaffold(place, drafted.text)
    if not inside:
        written += _copied(place, drafted)
    return Begun(tuple(written), len(drafted.files), drafted.remarks)


def _added(place: Path, project: Path, folder: Path) -> Begun:
    """One more manifest for a project: for the pictures that no manifest of it names yet."""
    target = place / f"{_name(folder)}.yaml"
    if target.exists() or target.is_symlink():
        raise ConfigError(
            f"{target} is already there", remedy="Rename it, or move the new pictures elsewhere."
        )
    before = load_project(place)
    prefix = _prefix(folder, project)
    drafted = draft_release(folder, _name(folder), prefix=prefix, known=_known(place))
    try:
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(drafted.text)
    except OSError as error:
        raise _unwritable(target, error) from error
    remarks = drafted.remarks
    if target.name not in {path.name for path in load_project(place).manifests}:
        named = ", ".join(f'"{p.name}"' for p in (*before.manifests, target))
        remarks = (*remarks, f"write manifests = [{named}] into {FILE_NAME}")
    return Begun((target,), len(drafted.files), remarks)


def _known(place: Path) -> frozenset[str]:
    """The masters that manifests name already; none when a manifest cannot be read."""
    project = load_project(place)
    try:
        loaded = load_release(project.manifests, project.folder)
    except ManifestError:
        return frozenset()
    return frozenset(asset.file for m in loaded for asset in m.manifest.assets)


def _prefix(folder: Path, project: Path) -> str:
    relative = folder.relative_to(project).as_posix()
    return "" if relative == "." else f"{relative}/"


def _name(folder: Path) -> str:
    """The folder's name as the name of a release."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-._")[:100] or "release"


def _check_room(place: Path, drafted: Drafted) -> None:
    present = tuple(
        f"{name}: is already there" for _, name in drafted.files if (place / name).exists()
    )
    if present:
        raise ConfigError(
            f"{place} already holds {len(present)} of the pictures",
            remedy="Choose an empty folder, or move these files away.",
            problems=present,
        )


def _copied(place: Path, drafted: Drafted) -> list[Path]:
    written = []
    for path, name in drafted.files:
        target = place / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        except OSError as error:
            raise _unwritable(target, error) from error
        written.append(target)
    return written


def _unwritable(target: Path, error: OSError) -> ConfigError:
    reason = (error.strerror or "unknown reason").lower()
    return ConfigError(f"{target} cannot be written: {reason}", detail=repr(error))
