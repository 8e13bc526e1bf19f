"""JSON and JSON Lines manifests, read with the line of every key and entry.

Numbers stay text, so that a price keeps its digits. A line of JSONL is decoded by the standard library's
fast decoder; whatever that refuses or that looks odd is read again here, to say in words what is wrong.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterable, Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, NoReturn

from publisher.manifest.problem import Report
from publisher.manifest.tree import DEPTH_MAX, Entry, Map, Section, Seq, entries_of

_SPACES = frozenset(" \t\n\r")
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[^\s,\]}]{1,40}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_ODD_ESCAPE = re.compile(r"\\u(?:00[01]|[dD][89a-fA-F])")
_LITERALS = {"true": "true", "false": "false", "null": None}


class _Bad(Exception):
    def __init__(self, text: str, at: int) -> None:
        super().__init__(text)
        self.text = text
        self.at = at


class _Reader:
    """A recursive reader of one JSON text that keeps positions."""

    def __init__(self, text: str, report: Report, first_line: int) -> None:
        self.text = text
        self.report = report
        self.first_line = first_line
        self.breaks = [m.start() for m in re.finditer("\n", text)]

    def line(self, at: int) -> int:
        return self.first_line + bisect.bisect_left(self.breaks, at)

    def skip(self, at: int) -> int:
        if self.text[at : at + 1] in _SPACES:
            return _SPACE.match(self.text, at).end()  # type: ignore[union-attr]
        return at

    def whole(self) -> Any:
        value, at = self.value(self.skip(0), 0)
        at = self.skip(at)
        if at < len(self.text):
            raise _Bad("there is more text after the end", at)
        return value

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        sign = self.text[at : at + 1]
        if sign == '"':
            return self.string(at)
        if sign in ("{", "["):
            if depth >= DEPTH_MAX:
                raise _Bad(f"nested more than {DEPTH_MAX} levels deep", at)
            return self.mapping(at, depth) if sign == "{" else self.list(at, depth)
        word = _WORD.match(self.text, at)
        if word and word.group() in _LITERALS:
            return _LITERALS[word.group()], word.end()
        if word and _NUMBER.fullmatch(word.group()):
            return word.group(), word.end()
        raise self.no_value(at, word)

    def no_value(self, at: int, word: re.Match[str] | None) -> _Bad:
        if at >= len(self.text):
            return _Bad("the text ends too early, a bracket is not closed", at)
        if word is None:
            return _Bad(f"a value is missing before '{self.text[at]}', or a comma is too many", at)
        return _Bad(f"{word.group()!r} is not a value; text stands in double quotes", at)

    def string(self, at: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self.text, at + 1, True)
        except json.JSONDecodeError as error:
            raise _Bad(f"the text in quotes is broken: {error.msg.lower()}", error.pos) from error
        if not text.isprintable() and _CONTROL.search(text):
            raise _Bad("the text in quotes holds control characters", at)
        return text, end

    def list(self, at: int, depth: int) -> tuple[Seq, int]:
        found = Seq(self.line(at))
        at = self.skip(at + 1)
        if self.text[at : at + 1] == "]":
            return found, at + 1
        while True:
            line = self.line(at)
            value, at = self.value(at, depth + 1)
            found.put(value, line)
            at, more = self.after(at, "]")
            if not more:
                return found, at

    def mapping(self, at: int, depth: int) -> tuple[Map, int]:
        found = Map(self.line(at))
        at = self.skip(at + 1)
        if self.text[at : at + 1] == "}":
            return found, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                raise _Bad("a key in double quotes is missing, or a comma is too many", at)
            line = self.line(at)
            key, at = self.string(at)
            at = self.skip(at)
            if self.text[at : at + 1] != ":":
                raise _Bad(f"a ':' is missing after the key '{key[:60]}'", at)
            value, at = self.value(self.skip(at + 1), depth + 1)
            if key in found:
                first = found.line_of(key)
                self.report.problem(line, f"key '{key}' appears twice, first in line {first}")
            else:
                found.put(key, value, line)
            at, more = self.after(at, "}")
            if not more:
                return found, at

    def after(self, at: int, end: str) -> tuple[int, bool]:
        at = self.skip(at)
        sign = self.text[at : at + 1]
        if sign == ",":
            return self.skip(at + 1), True
        if sign == end:
            return at + 1, False
        if not sign:
            raise _Bad(f"the text ends too early, '{end}' is missing", at)
        raise _Bad(f"a ',' or '{end}' is missing", at)


def _read(text: str, report: Report, first_line: int = 1) -> Any:
    """The tree of one JSON text. Raises _Bad after telling the report."""
    reader = _Reader(text, report, first_line)
    try:
        return reader.whole()
    except _Bad as bad:
        report.unreadable(
            reader.line(min(bad.at, len(text.rstrip()))), f"is not valid JSON here: {bad.text}"
        )
        raise


def read_json(text: str, report: Report) -> Iterator[Entry]:
    """Entries of a JSON manifest. Syntax mistakes go to the report, with their line."""
    if not text.strip():
        report.unreadable(1, "the manifest is empty")
        return
    try:
        root = _read(text, report)
    except _Bad:
        return
    yield from entries_of(root, report)


class _Odd(Exception):
    """The fast decoder met something that needs words."""


class _FastLine:
    """Decodes one line; every node stands in that line."""

    def __init__(self) -> None:
        self.line = 0
        self.decoder = json.JSONDecoder(
            object_pairs_hook=self.pairs, parse_float=str, parse_int=str, parse_constant=self.odd
        )

    def odd(self, _word: str) -> NoReturn:
        raise _Odd

    def pairs(self, pairs: list[tuple[str, Any]]) -> Map:
        found = Map(self.line)
        found.update(pairs)
        if len(found) != len(pairs):
            raise _Odd
        for key, value in pairs:
            if value is True or value is False:
                found[key] = "true" if value else "false"
            elif type(value) is list and (True in value or False in value):
                raise _Odd
        return found

    def read(self, text: str, line: int, report: Report) -> Any:
        self.line = line
        if not _ODD_ESCAPE.search(text):
            try:
                return self.decoder.decode(text)
            except (ValueError, RecursionError, _Odd):
                pass
        return _read(text, report, line)


_WRAPPED: dict[str, Section] = {"asset": "assets", "bundle": "bundles", "waiver": "waivers"}


def read_jsonl(lines: Iterable[tuple[int, str]], report: Report) -> Iterator[Entry]:
    """Entries of a JSON Lines manifest: an optional first line with release and defaults, then items.

    A line is an asset, or ``{"bundle": ...}`` or ``{"waiver": ...}``. One bad line does not hide the next.
    """
    fast = _FastLine()
    counts: dict[Section, int] = {"assets": 0, "bundles": 0, "waivers": 0}
    first = True
    for line, text in lines:
        if not text.strip():
            continue
        try:
            node = fast.read(text, line, report)
        except _Bad:
            first = False
            continue
        if isinstance(node, Map) and ("release" in node or "defaults" in node):
            if first:
                yield from entries_of(node, report)
            else:
                report.problem(line, "release and defaults belong in the first line")
        elif not isinstance(node, Map):
            report.problem(line, "a line is a mapping in braces: an asset, a bundle or a waiver")
        else:
            wrapper = next((w for w in _WRAPPED if w in node), None) if len(node) == 1 else None
            section = _WRAPPED[wrapper] if wrapper else "assets"
            yield Entry(section, counts[section], node[wrapper] if wrapper else node, line)
            counts[section] += 1
        first = False
    if first:
        report.unreadable(1, "the manifest is empty")
