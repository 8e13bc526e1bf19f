"""YAML manifests, read as a stream of events with line numbers and safe by construction.

No tag makes an object, aliases share nodes and are counted, nesting is bounded. Assets are handed over one
by one as soon as the defaults are known, so that a large file never stands in memory as one tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from publisher.manifest.problem import Report
from publisher.manifest.tree import DEPTH_MAX, HANDED_OVER, Entry, Map, Seq, entries_of

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_CORE = "tag:yaml.org,2002:"
_TAGS = frozenset(
    {None, "!"}
    | {_CORE + t for t in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")}
)
_ALIAS_NODES_FREE = 1_000_000
_ALIAS_FACTOR = 10
"""Aliases may stand for a million nodes, or for ten times the nodes written so far if that is more."""


class _Stop(Exception):
    """The rest cannot be read; the report already says why."""


@dataclass(slots=True)
class _Frame:
    node: Map | Seq
    line: int
    anchor: str | None
    key: str | None = None
    key_line: int = 0
    merges: list[tuple[Any, int]] = field(default_factory=list)
    size: int = 1


@dataclass(slots=True)
class _Builder:
    report: Report
    stack: list[_Frame] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    root: Any = None
    documents: int = 0
    written: int = 0
    from_aliases: int = 0
    defaults_given: bool = False

    def take(self, event: Any) -> Entry | None:
        """Take one event; returns an entry when one is complete and may be handed over."""
        kind = type(event)
        if kind is ScalarEvent:
            self._scalar(event)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            self._open(event, kind is MappingStartEvent)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            return self._close()
        elif kind is AliasEvent:
            self._alias(event)
        elif kind is DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                self._stop(event, "a second document starts here", "one manifest in a file")
        return None

    def _stop(self, event: Any, text: str, remedy: str = "") -> None:
        self.report.unreadable(event.start_mark.line + 1, text, remedy)
        raise _Stop

    def _scalar(self, event: Any) -> None:
        line = event.start_mark.line + 1
        text, tag = event.value, event.tag
        if tag is not None and tag not in _TAGS:
            self._tag(tag, line)
        empty = text in _NULLS and (event.implicit[0] if tag is None else tag == _CORE + "null")
        self.written += 1
        if event.anchor:
            self.anchors[event.anchor] = (None if empty else text, 1)
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.key is None and isinstance(frame.node, Map):
            frame.key, frame.key_line = text, line
            if text == "<<" and event.implicit[0]:
                frame.key = _MERGE
            return
        self._add(None if empty else text, line, 1)

    def _tag(self, tag: str, line: int) -> None:
        short = tag.replace(_CORE, "!!")
        self.report.problem(line, f"the tag '{short[:60]}' is not allowed", "leave the tag out")

    def _open(self, event: Any, mapping: bool) -> None:
        line = event.start_mark.line + 1
        if event.tag not in _TAGS:
            self._tag(event.tag, line)
        if len(self.stack) >= DEPTH_MAX:
            self._stop(event, f"nested more than {DEPTH_MAX} levels deep")
        if self.stack and isinstance(self.stack[-1].node, Map) and self.stack[-1].key is None:
            self._stop(event, "a list or mapping cannot be a key", "put the text in quotes")
        self.written += 1
        if event.anchor:
            self.anchors.pop(event.anchor, None)
        self.stack.append(_Frame(Map(line) if mapping else Seq(line), line, event.anchor))

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            self._stop(event, f"'*{event.anchor}' refers to itself or to nothing above it")
        value, size = self.anchors[event.anchor]
        self.from_aliases += size
        if self.from_aliases > max(_ALIAS_NODES_FREE, _ALIAS_FACTOR * self.written):
            self._stop(event, "the aliases in this file expand to far too much")
        frame = self.stack[-1] if self.stack else None
        if frame is not None and isinstance(frame.node, Map) and frame.key is None:
            if not isinstance(value, str):
                self._stop(event, "a list or mapping cannot be a key", "put the text in quotes")
            frame.key, frame.key_line = value, event.start_mark.line + 1
            return
        self._add(value, event.start_mark.line + 1, size)

    def _add(self, value: Any, line: int, size: int) -> None:
        if not self.stack:
            self.root = value if isinstance(value, (Map, Seq)) else None
            return
        frame = self.stack[-1]
        frame.size += size
        if isinstance(frame.node, Seq):
            frame.node.put(value, line)
            return
        key, frame.key = frame.key, None
        if key is None:  # a null key cannot get here: keys keep their text
            return
        if key is _MERGE:
            frame.merges.append((value, frame.key_line))
        elif key in frame.node:
            first = frame.node.line_of(key)
            self.report.problem(frame.key_line, f"key '{key}' appears twice, first in line {first}")
        else:
            frame.node.put(key, value, frame.key_line)

    def _close(self) -> Entry | None:
        frame = self.stack.pop()
        if isinstance(frame.node, Map):
            for value, line in frame.merges:
                self._merge(frame.node, value, line)
        if frame.anchor:
            self.anchors[frame.anchor] = (frame.node, frame.size)
        entry = self._entry(frame)
        handed = entry is not None and entry.section == "assets"
        self._add(HANDED_OVER if handed else frame.node, frame.line, frame.size)
        return entry

    def _merge(self, target: Map, value: Any, line: int) -> None:
        """YAML's ``<<``: keys of the mapping itself win, then earlier sources before later ones."""
        for source in value if isinstance(value, Seq) else [value]:
            if not isinstance(source, Map):
                self.report.problem(line, "'<<' takes a mapping or a list of mappings")
                continue
            for key, child in source.items():
                if key not in target:
                    target.put(key, child, source.line_of(key))

    def _entry(self, frame: _Frame) -> Entry | None:
        """Defaults once they are whole; after them each asset, which is then not kept here."""
        depth = len(self.stack)
        if depth not in (1, 2) or not isinstance(self.stack[0].node, Map):
            return None
        root_key = self.stack[0].key
        if depth == 1 and root_key == "defaults" and "defaults" not in self.stack[0].node:
            self.defaults_given = True
            return Entry("defaults", 0, frame.node, self.stack[0].key_line)
        in_assets = depth == 2 and root_key == "assets" and isinstance(self.stack[1].node, Seq)
        if not in_assets or not self.defaults_given or "assets" in self.stack[0].node:
            return None
        return Entry("assets", len(self.stack[1].node), frame.node, frame.line)


_MERGE = "<<merge>>"


def read_yaml(text: str, report: Report) -> Iterator[Entry]:
    """Entries of a YAML manifest. Syntax mistakes go to the report, with their line."""
    builder = _Builder(report)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            entry = builder.take(event)
            if entry is not None:
                yield entry
    except _Stop:
        return
    except yaml.YAMLError as error:
        _explain(error, text, report)
        return
    if builder.root is None and not report.problems:
        report.unreadable(1, "the manifest is empty")
        return
    skip = frozenset({"defaults"}) if builder.defaults_given else frozenset()
    yield from entries_of(builder.root, report, skip)


_HINTS = (
    ("mapping values are not allowed", "put a text that holds ': ' in quotes"),
    ("cannot start any token", "indent with spaces; put a text that starts with a sign in quotes"),
    ("could not find expected ':'", "check the line above: a ':' or a quote is missing"),
    ("did not find expected key", "check the indentation of this line and the one above"),
    ("did not find expected '-'", "check the indentation of this line and the one above"),
    ("unexpected end of stream", "a quote or bracket is not closed"),
    ("did not find expected ',' or", "a ',' or a closing bracket is missing"),
)


def _explain(error: yaml.YAMLError, text: str, report: Report) -> None:
    mark = getattr(error, "problem_mark", None)
    reason = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "bad text")
    if mark is not None:
        line = mark.line + 1
    else:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position if isinstance(position, int) else 0) + 1
    line = min(line, text.rstrip("\n").count("\n") + 1)
    remedy = next((hint for part, hint in _HINTS if part in reason), "")
    report.unreadable(line, f"is not valid YAML here: {reason}", remedy)
