"""The tree that every manifest format is read into: mappings and lists that know their lines.

Scalars are their source text (or None for an explicit null), so that the schema alone decides what is a
number, a date or a yes; a title ``No`` stays a title and a price keeps its digits. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from publisher.manifest.problem import Report
from publisher.manifest.shape import nearest

Section = Literal["release", "defaults", "assets", "bundles", "waivers"]
SECTIONS: tuple[Section, ...] = ("release", "defaults", "assets", "bundles", "waivers")
_LISTS: tuple[Section, ...] = ("assets", "bundles", "waivers")
HANDED_OVER = object()
"""Stands in a list for an entry that the loader already has."""
DEPTH_MAX = 40
"""Levels of nesting that a manifest may have; the schema needs fewer than ten."""


class Map(dict[str, Any]):
    """A mapping that knows its own line and the line of each key."""

    __slots__ = ("key_lines", "line")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.key_lines: dict[str, int] = {}

    def put(self, key: str, value: Any, line: int) -> None:
        """Set a key that stands in ``line``."""
        self[key] = value
        if line != self.line:
            self.key_lines[key] = line

    def line_of(self, key: str) -> int:
        """Line of a key, else the line of the mapping."""
        return self.key_lines.get(key, self.line)


class Seq(list[Any]):
    """A list that knows its own line and the line of each entry."""

    __slots__ = ("item_lines", "line")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.item_lines: list[int] = []

    def put(self, value: Any, line: int) -> None:
        """Append an entry that stands in ``line``."""
        self.append(value)
        self.item_lines.append(line)

    def line_of(self, index: int) -> int:
        """Line of an entry, else the line of the list."""
        return self.item_lines[index] if index < len(self.item_lines) else self.line


Path = Sequence[str | int]


@dataclass(slots=True)
class Entry:
    """One part of a manifest as a reader hands it over: defaults always come before assets."""

    section: Section
    index: int
    node: Any
    line: int


def line_at(node: Any, path: Path) -> int:
    """Line of the deepest part of ``path`` that exists in the tree."""
    line = int(node.line)
    for part in path:
        if (isinstance(node, Map) and isinstance(part, str) and part in node) or (
            isinstance(node, Seq) and isinstance(part, int) and part < len(node)
        ):
            line = node.line_of(part)  # type: ignore[arg-type]
            node = node[part]  # type: ignore[index]
        else:
            break
    return line


def entries_of(root: Any, report: Report, skip: frozenset[str] = frozenset()) -> Iterator[Entry]:
    """Cut the root of a YAML or JSON document into entries; ``skip`` names parts already handed over."""
    if not isinstance(root, Map):
        line = getattr(root, "line", 1)
        report.unreadable(line, "a manifest is a mapping with 'release:' and 'assets:'")
        return
    for key in root:
        # "$schema" is how JSON editors find the schema.
        if key not in SECTIONS and key != "$schema":
            hint = nearest(key, SECTIONS)
            report.problem(root.line_of(key), f"unknown key '{key}'{hint}")
    for section in SECTIONS:
        if section not in root or section in skip:
            continue
        node, line = root[section], root.line_of(section)
        if section not in _LISTS:
            yield Entry(section, 0, node, line)
        elif isinstance(node, list):
            lines = node if isinstance(node, Seq) else Seq(line)
            for index, child in enumerate(node):
                if child is not HANDED_OVER:
                    yield Entry(section, index, child, lines.line_of(index))
                    # A large tree need not live beside its models.
                    node[index] = HANDED_OVER
        elif node is not None:
            report.problem(line, f"{section}: must be a list")
