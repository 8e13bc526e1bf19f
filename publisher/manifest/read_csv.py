"""CSV manifests: one row per asset or bundle, one column per field, read into the same tree as the others.

Nested fields use dots (``provenance.class``, ``channels.NAME.category``), lists use ``;`` and lists of
records use ``|`` inside an entry. A backslash keeps the next sign as text. An empty cell is an absent field.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from publisher.manifest.model import Asset, Bundle, Defaults, Waiver
from publisher.manifest.problem import Report
from publisher.manifest.shape import annotation_at, keys_at, nearest
from publisher.manifest.tree import Entry, Map, Section, Seq

_KINDS: dict[str, tuple[Section, type[BaseModel]]] = {
    "asset": ("assets", Asset),
    "bundle": ("bundles", Bundle),
    "waiver": ("waivers", Waiver),
    "defaults": ("defaults", Defaults),
}
_LISTS = frozenset({"keywords", "categories", "assets"})
_RECORDS: dict[str, tuple[str, ...]] = {
    "variants": ("id", "title", "price", "compare_at"),
    "releases": ("kind", "name", "file"),
    "exclusivity": ("to", "scope", "until", "prints_excepted", "since", "kind"),
}
_ESCAPE = re.compile(r"\\([\\;|,])")
_SEPARATOR_LINE = re.compile(r"sep=(.)\n")
_CELL_MAX = 16 * 1024 * 1024


def _split(text: str, sign: str) -> list[str]:
    """Split a cell at an unescaped sign. The parts keep their escapes and lose surrounding spaces."""
    if "\\" not in text:
        return [part.strip() for part in text.split(sign)]
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == sign:
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    return [*parts, text[start:].strip()]


def _plain(text: str) -> str:
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def _entries(text: str, line: int, commas: bool) -> Seq:
    parts = _split(text, ";")
    if commas and len(parts) == 1:
        parts = _split(text, ",")
    found = Seq(line)
    for part in parts:
        if part:
            found.put(_plain(part), line)
    return found


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: where its cells go, and how they are cut."""

    name: str
    path: tuple[str, ...]

    def value(self, text: str, line: int, report: Report) -> Any:
        last = self.path[-1]
        in_fields = "fields" in self.path[2:-1]
        if last in _RECORDS and not in_fields:
            return self._records(text, line, _RECORDS[last], report)
        if last == "brands" and text.lower() == "none":
            return "none"
        if (last in _LISTS or last == "brands") and not in_fields:
            return _entries(text, line, commas=last == "keywords")
        return text

    def _records(self, text: str, line: int, keys: tuple[str, ...], report: Report) -> Seq:
        found = Seq(line)
        for entry in _split(text, ";"):
            if not entry:
                continue
            parts = [_plain(p) for p in _split(entry, "|")]
            if len(parts) > len(keys):
                report.problem(
                    line, f"{self.name}: '{entry[:60]}' has too many parts", "|".join(keys)
                )
            record = Map(line)
            record.update((k, p) for k, p in zip(keys, parts, strict=False) if p)
            found.put(record, line)
        return found


def _path(name: str) -> tuple[str, ...]:
    parts = name.split(".")
    if parts[0] == "channels" and len(parts) > 3 and parts[2] == "fields":
        return (*parts[:3], ".".join(parts[3:]))
    return tuple(parts)


def _known(path: Sequence[str]) -> bool:
    return any(
        annotation_at(model, path) is not None
        and (path[-1] in _RECORDS or path[-1] == "editorial" or not keys_at(model, path))
        for model in (Asset, Bundle, Waiver)
    )


def _suggestion(path: Sequence[str]) -> str:
    """A known column like ``path``; only its last part is guessed at."""
    inner = keys_at(Asset, path)
    if inner:
        return f", one column for each part: '{'.'.join([*path, inner[0]])}'"
    for model in (Asset, Bundle, Waiver):
        keys = keys_at(model, path[:-1])
        hint = nearest(path[-1], keys) if keys else ""
        if hint:
            prefix = ".".join([*path[:-1], ""])
            return hint.replace("mean '", f"mean '{prefix}") if prefix != "." else hint
    return ""


def _columns(header: Sequence[str], line: int, report: Report) -> list[_Column | None]:
    columns: list[_Column | None] = []
    seen: set[str] = set()
    for cell in header:
        name = cell.strip()
        path = _path(name)
        if not name:
            columns.append(None)
        elif name in seen:
            report.problem(line, f"column '{name}' appears twice")
            columns.append(None)
        elif name in ("kind", "release") or _known(path):
            columns.append(_Column(name, path))
        else:
            report.problem(line, f"unknown column '{name}'{_suggestion(path)}")
            columns.append(None)
        seen.add(name)
    return columns


def _delimiter(header: str) -> str:
    """Of comma, semicolon and tab the one that cuts the header into most known columns."""

    def score(sign: str) -> int:
        cells = next(csv.reader([header], delimiter=sign), [])
        return sum(1 for c in cells if c.strip() == "kind" or _known(_path(c.strip())))

    return max(",;\t", key=score)


def _rows(text: str, report: Report) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line that they start in; blank rows are left out."""
    offset = 0
    separator = _SEPARATOR_LINE.match(text)
    if separator:
        text, offset = text[separator.end() :], 1
    header = text.lstrip("\n").partition("\n")[0]
    sign = separator.group(1) if separator else _delimiter(header)
    csv.field_size_limit(max(csv.field_size_limit(), _CELL_MAX))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    start = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield start + offset, row
            start = reader.line_num + 1
    except csv.Error as error:
        report.unreadable(
            start + offset,
            f"is not valid CSV here: {error}",
            "a cell with quotes in it is quoted whole, and its quotes are doubled",
        )


def _place(target: Map, column: _Column, value: Any, line: int, report: Report) -> None:
    node = target
    for part in column.path[:-1]:
        child = node.setdefault(part, Map(line))
        if not isinstance(child, Map):
            report.problem(line, f"column '{column.name}' and column '{part}' are both filled")
            return
        node = child
    if column.path[-1] in node:
        report.problem(line, f"column '{column.name}' and its parts are both filled")
        return
    node[column.path[-1]] = value


@dataclass(slots=True)
class _Table:
    columns: list[_Column | None]
    report: Report
    release: str = ""
    release_line: int = 0

    def row(self, cells: list[str], line: int) -> tuple[str, Map]:
        """The kind of a row and its tree."""
        node, kind = Map(line), "asset"
        for index, cell in enumerate(cells):
            text = cell.strip()
            if not text:
                continue
            if index >= len(self.columns):
                self.report.problem(
                    line,
                    f"this row has {len(cells)} cells, the header has {len(self.columns)}",
                    "put a cell that holds the separator in quotes",
                )
                break
            column = self.columns[index]
            if column is None:
                continue
            if column.name == "kind":
                kind = text.lower()
            elif column.name == "release":
                self._release(text, line)
            else:
                _place(node, column, column.value(text, line, self.report), line, self.report)
        return kind, node

    def _release(self, text: str, line: int) -> None:
        if not self.release:
            self.release, self.release_line = text, line
        elif text != self.release:
            self.report.problem(
                line,
                f"release '{text[:60]}' differs from '{self.release}' in line {self.release_line}",
                "one release in a file",
            )


def read_csv(text: str, report: Report) -> Iterator[Entry]:
    """Entries of a CSV manifest. The first row names the columns; rows of kind ``defaults`` come first."""
    rows = _rows(text, report)
    first = next(rows, None)
    if first is None:
        if not report.problems:
            report.unreadable(1, "the manifest is empty")
        return
    line, header = first
    table = _Table(_columns(header, line, report), report)
    if all(c is None for c in table.columns):
        report.unreadable(line, "the first row must name the columns", "for example: id,file,title")
        return
    counts: dict[Section, int] = dict.fromkeys(("assets", "bundles", "waivers", "defaults"), 0)
    for line, cells in rows:
        kind, node = table.row(cells, line)
        if kind not in _KINDS:
            report.problem(line, f"unknown kind '{kind[:60]}'{nearest(kind, _KINDS)}")
            continue
        section = _KINDS[kind][0]
        if section == "defaults" and (counts["defaults"] or counts["assets"]):
            report.problem(line, "one row of kind 'defaults' may stand above all assets")
            continue
        yield Entry(section, counts[section], node, line)
        counts[section] += 1
    if table.release:
        yield Entry("release", 0, table.release, table.release_line)
