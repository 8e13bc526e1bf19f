"""Looks through a folder, reads what each picture says of itself, and gives the text of a manifest.

Nothing is decoded and nothing is written here. A file that is no picture, or whose metadata is damaged, is
told of by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from publisher.errors import ConfigError, Rejected
from publisher.intake.names import id_from, title_from
from publisher.intake.write import Suggested, manifest_text
from publisher.media.metadata.read import read_metadata, sniff
from publisher.media.metadata.words import Words, words_in

_SHARED = (
    "creator", "copyright", "credit", "country", "rights_url", "usage_terms", "data_mining",
    "licensor_name", "licensor_url", "licensor_email",
)  # fmt: skip
"""Fields that go to the defaults when every picture says the same."""
_LEFT_OUT = frozenset({"outbox", "rehearsal", "node_modules", "__macosx"})
_FILES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Drafted:
    """The text of a manifest in YAML, its pictures (file, name in the project), and remarks for the seller."""

    text: str
    files: tuple[tuple[Path, str], ...]
    remarks: tuple[str, ...] = ()


def draft_release(
    folder: Path, release: str, *, prefix: str = "", known: Collection[str] = ()
) -> Drafted:
    """A draft for the pictures in ``folder``; ``known`` files are left out.

    ``prefix`` is put in front of their names in it, and is where the folder is in the project ("masters/").
    Raises ConfigError when there is no picture to describe, or the folder cannot be read.
    """
    remarks: list[str] = []
    found: list[tuple[Path, str]] = []
    for path in _walk(folder):
        relative = prefix + path.relative_to(folder).as_posix()
        if relative in known:
            continue
        problem = _no_picture(path, relative)
        if problem:
            remarks.append(problem)
        else:
            found.append((path, relative))
    if not found:
        raise ConfigError(
            f"there is no picture in {folder} that is not in a manifest yet",
            remedy="Name a folder with JPEG, PNG, TIFF or WebP files.",
            problems=tuple(remarks),
        )
    with ThreadPoolExecutor(4) as threads:
        read = list(threads.map(_words, found))
    remarks += [problem for _, problem in read if problem]
    taken: set[str] = set()
    suggested = [
        _suggested(relative, words, taken)
        for (_, relative), (words, _) in zip(found, read, strict=True)
    ]
    shared = _shared([s.words for s in suggested])
    text = manifest_text(release, suggested, shared)
    return Drafted(text, tuple(found), tuple(remarks))


def _walk(folder: Path) -> Iterator[Path]:
    """Files below ``folder`` by name; hidden ones, links and the program's own folders are passed by."""
    waiting = [folder]
    count = 0
    while waiting:
        try:
            entries = sorted(waiting.pop(0).iterdir(), key=lambda p: p.name)
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise ConfigError(f"{folder} cannot be read: {reason}") from error
        for entry in entries:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir():
                if entry.name.casefold() not in _LEFT_OUT:
                    waiting.append(entry)
            elif entry.is_file():
                count += 1
                if count > _FILES_MAX:
                    raise ConfigError(
                        f"{folder} holds more than {_FILES_MAX:,} files",
                        remedy="Name a smaller folder.",
                    )
                yield entry


def _no_picture(path: Path, relative: str) -> str:
    """Why a file is no picture that can be published; "" when it is one. Other files are no remark's worth."""
    if not relative.isprintable() or "\\" in relative:
        return f"{relative!r}: the name holds characters that no manifest may have"
    try:
        with path.open("rb") as file:
            container = sniff(file)
    except OSError as error:
        return f"{relative}: cannot be read: {(error.strerror or 'input error').lower()}"
    if container:
        return ""
    return f"{relative}: is not a JPEG, PNG, TIFF or WebP file"


def _words(place: tuple[Path, str]) -> tuple[Words, str]:
    path, relative = place
    try:
        return words_in(read_metadata(path)), ""
    except Rejected as error:
        return Words(), f"{relative}: {error.sentence}"


def _suggested(relative: str, words: Words, taken: set[str]) -> Suggested:
    stem = relative.rpartition("/")[2].rpartition(".")[0]
    if not words.title and (title := title_from(stem)):
        words = replace(words, title=title, origin={**words.origin, "title": "name"})
    return Suggested(id_from(stem, taken), relative, words)


def _shared(words: Sequence[Words]) -> Words:
    """What all pictures say alike; for a few that say nothing it is the word of the rest."""
    values: dict[str, Any] = {}
    for name in _SHARED:
        said = Counter(value for w in words if (value := getattr(w, name)))
        if len(said) == 1 and said.total() * 2 >= len(words) > 1:
            values[name] = next(iter(said))
    origin = {name: next(w.origin[name] for w in words if name in w.origin) for name in values}
    return replace(Words(origin=origin), **values)
