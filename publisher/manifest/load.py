"""Reads manifests in YAML, JSON, JSON Lines and CSV into one checked form, naming every mistake at once.

This is the only door from manifest files into the program. It looks at the named masters but opens none,
and it never changes a file.
"""

from __future__ import annotations

import codecs
import gc
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from publisher.errors import ManifestError
from publisher.manifest.draft import Draft
from publisher.manifest.model import Manifest
from publisher.manifest.paths import ProjectFiles
from publisher.manifest.problem import Problem, Report
from publisher.manifest.read_csv import read_csv
from publisher.manifest.read_json import read_json, read_jsonl
from publisher.manifest.read_yaml import read_yaml
from publisher.manifest.tree import Entry

_TEXT_READERS: Mapping[str, Callable[[str, Report], Iterator[Entry]]] = {
    ".yaml": read_yaml,
    ".yml": read_yaml,
    ".json": read_json,
    ".csv": read_csv,
}
_LINE_READERS = (".jsonl", ".ndjson")
_NAMED_BY_FILE = (".csv", *_LINE_READERS)
"""Formats in which the release may be left out; the file's name is the release then."""
SUFFIXES = (*_TEXT_READERS, *_LINE_READERS)
"""File name endings of manifests, in lower case."""


@dataclass(frozen=True, slots=True)
class LoadedManifest:
    """A manifest without mistakes and where everything in it stands.

    ``lines`` has the 1-based line of every item id; ``notices`` is what the loader put right by itself;
    ``file`` is the path relative to the project, as it is shown.
    """

    manifest: Manifest
    path: Path
    file: str
    lines: Mapping[str, int]
    notices: tuple[Problem, ...] = ()
    field_lines: Mapping[str, Mapping[str, int]] = field(default_factory=dict, repr=False)

    def line_of(self, item: str, field: str = "") -> int:
        """Line of a field such as ``offer.currency``, else of what holds it, else of the item.

        A field that came from the defaults has its line there. An unknown item is in line 0.
        """
        known = self.field_lines.get(item, {})
        name = re.sub(r"\[\d+\].*", "", field)
        while name:
            if name in known:
                return known[name]
            name = name.rpartition(".")[0]
        return self.lines.get(item, 0)


def load_manifest(
    path: Path, project: Path, accounts: Collection[str] | None = None
) -> LoadedManifest:
    """Read one manifest. See ``load_release``."""
    return load_release((path,), project, accounts)[0]


def load_release(
    paths: Sequence[Path], project: Path, accounts: Collection[str] | None = None
) -> tuple[LoadedManifest, ...]:
    """Read manifests that belong together: ids are unique and bundles may name assets across all of them.

    ``project`` is the folder that masters are relative to and must not leave. With ``accounts`` given,
    names under ``channels`` and in waivers must be among them. Raises ManifestError whose ``problems``
    has every mistake of every file as ``file:line: text``, ordered by file and line.
    """
    files = ProjectFiles(project)
    with _collector_at_rest():
        drafts = [_read(path, project, accounts, files) for path in paths]
    _cross_check(drafts)
    problems = sorted(p for d in drafts for p in d.report.problems)
    if problems:
        raise ManifestError(
            _sentence(problems),
            remedy="Correct them in the manifest; nothing was sent.",
            problems=tuple(dict.fromkeys(str(p) for p in problems)),
        )
    return tuple(_finish(d) for d in drafts)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Without the garbage collector: everything made here is kept, and looking at it again costs a third."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _sentence(problems: Sequence[Problem]) -> str:
    names = list(dict.fromkeys(p.file for p in problems))
    count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    if len(names) == 1:
        return f"{names[0]} has {count}"
    return f"the manifests have {count} in {len(names)} files"


def shown_name(path: Path, project: Path) -> str:
    """The path as it is named in messages: relative to the project where that is possible."""
    try:
        return path.absolute().relative_to(project.absolute()).as_posix()
    except ValueError:
        return path.name


def _read(
    path: Path, project: Path, accounts: Collection[str] | None, files: ProjectFiles
) -> Draft:
    report = Report(shown_name(path, project))
    draft = Draft(path, report, files, accounts)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        report.unreadable(
            1, f"unknown kind of manifest '{suffix}'", f"one of {', '.join(SUFFIXES)}"
        )
        return draft
    try:
        if suffix in _LINE_READERS:
            entries = read_jsonl(_lines(path, report), report)
        else:
            text = _text(path, report)
            entries = iter(()) if text is None else _TEXT_READERS[suffix](text, report)
        for entry in entries:
            draft.take(entry)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        report.unreadable(1, f"the manifest cannot be read: {reason}")
    draft.close(by_name=_slug(path.stem) if suffix in _NAMED_BY_FILE else "")
    return draft


def _slug(stem: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:100] or "release"


def _text(path: Path, report: Report) -> str | None:
    """The file as text with plain line ends, without a byte order mark. None after a report."""
    data = path.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        report.unreadable(1, "the file is UTF-16 text", "save it as UTF-8")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _not_utf8(report, data.count(b"\n", 0, error.start) + 1)
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        report.unreadable(line, "the file holds a NUL character, it is no text file")
        return None
    return text


def _lines(path: Path, report: Report) -> Iterator[tuple[int, str]]:
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            if number == 1 and raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                report.unreadable(1, "the file is UTF-16 text", "save it as UTF-8")
                return
            try:
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                _not_utf8(report, number)


def _not_utf8(report: Report, line: int) -> None:
    report.unreadable(line, "this line holds bytes that are not UTF-8", "save the file as UTF-8")


def _cross_check(drafts: Sequence[Draft]) -> None:
    """Ids and references across all files."""
    first: dict[str, tuple[str, int]] = {}
    assets: set[str] = set()
    bundles: set[str] = set()
    for draft in drafts:
        for name, line, label in draft.ids:
            if name in first:
                file, where = first[name]
                place = f"line {where}" if file == draft.report.file else f"{file} line {where}"
                draft.report.problem(line, f"{label}: duplicate id '{name}', first used in {place}")
            else:
                first[name] = (draft.report.file, line)
        assets |= draft.asset_ids
        bundles |= draft.bundle_ids
    complete = not any(d.report.broken for d in drafts)
    for draft in drafts:
        draft.check_references(assets, bundles, complete)


def _finish(draft: Draft) -> LoadedManifest:
    return LoadedManifest(
        manifest=draft.manifest(),
        path=draft.path,
        file=draft.report.file,
        lines=MappingProxyType({name: line for name, line, _label in draft.ids}),
        notices=tuple(sorted(draft.report.notices)),
        field_lines=MappingProxyType(draft.field_lines),
    )
