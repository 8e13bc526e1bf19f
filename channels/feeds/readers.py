"""Reads a feed entry by entry, as it lies there: what is published now, whoever wrote it.

It expands no entities and raises ValueError for a feed that is cut short or damaged, so that half a feed is
never taken for a whole one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from channels.feeds.attributes import Nested, Value
from channels.feeds.language import Format
from channels.feeds.writers import NAMESPACE

_HEAD = 65536
_TAG = f"{{{NAMESPACE}}}"

Raw = dict[str, Any]
"""Attributes as JSON holds them: a text, a list of texts, or a mapping of parts."""


def read_feed(path: Path, form: Format) -> Iterator[Raw]:
    """The entries of a feed in their order. Raises ValueError when it is damaged, OSError from the disk."""
    if form is Format.RSS:
        yield from _read_rss(path)
    else:
        yield from _read_table(path, "\t" if form is Format.TSV else ",")


def _read_rss(path: Path) -> Iterator[Raw]:
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head or b"\0" in head:
            raise ValueError("the feed has a document type")
        file.seek(0)
        try:
            above: list[ElementTree.Element] = []
            for event, element in ElementTree.iterparse(file, ("start", "end")):  # noqa: S314
                if event == "start":
                    above.append(element)
                    continue
                above.pop()
                if element.tag == "item":
                    yield _item(element)
                    # What was read is let go, or the whole feed would be in memory at its end.
                    above[-1].remove(element)
        except ElementTree.ParseError as error:
            raise ValueError(f"the feed is no XML to its end: {error}") from error


def _item(element: ElementTree.Element) -> Raw:
    found: Raw = {}
    for child in element:
        name = child.tag.removeprefix(_TAG)
        if name.startswith("{"):
            continue
        value: Any = child.text or ""
        if len(child):
            value = {part.tag.removeprefix(_TAG): part.text or "" for part in child}
        if name in found:
            before = found[name]
            found[name] = [*(before if isinstance(before, list) else [before]), value]
        else:
            found[name] = value
    return found


def _read_table(path: Path, delimiter: str) -> Iterator[Raw]:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 1))
        if size and file.read(1) != b"\n":
            raise ValueError("the feed does not end with a line")
    with path.open(encoding="utf-8-sig", newline="") as text:
        lines = (line for line in text if not line.startswith("#"))
        try:
            for row in csv.DictReader(lines, delimiter=delimiter, strict=True):
                if None in row or None in row.values():
                    raise ValueError("a line of the feed is not whole")
                yield {name: value for name, value in row.items() if value}
        except csv.Error as error:
            raise ValueError(f"the feed is no table: {error}") from error


def value_of(raw: Any) -> Value:
    """A raw attribute in the form that writers take."""
    if isinstance(raw, dict):
        parts = tuple((str(k), str(v)) for k, v in raw.items())
        return Nested(parts, ":".join(v for _, v in parts))
    if isinstance(raw, list):
        return tuple(v if isinstance(v, str) else str(v) for v in raw)
    return str(raw)


def text_of(raw: Any) -> str:
    """A raw attribute as one text: of a structured one its content."""
    if isinstance(raw, dict):
        return str(raw.get("content", ""))
    if isinstance(raw, list):
        return str(raw[0]) if raw else ""
    return str(raw)
