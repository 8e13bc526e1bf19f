"""Where in a profile's files a mistake stands, so that an error names the file and the line.

The project's own file is looked at first. It only reads; a place that cannot be told is named by its key alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

Where = Sequence[str | int]


def place(files: Sequence[Path], where: Where, data: Mapping[str, Any]) -> str:
    """``FILE:LINE`` of a key path in the first of the files that says anything of it, else the files' names.

    ``data`` is the profile as it is laid together: its entries of lists are found by their ``key``.
    """
    best: tuple[int, str] = (0, "")
    for file in files:
        node = _tree(file)
        depth, line = _walk(node, where, data) if node is not None else (0, 0)
        if depth > best[0]:
            best = (depth, f"{file.name}:{line}")
    return best[1] or " with ".join(f.name for f in reversed(files))


def _tree(file: Path) -> yaml.Node | None:
    if file.suffix == ".toml":
        return None  # the reader of TOML tells no lines
    try:
        return yaml.compose(file.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None


def _walk(node: yaml.Node, where: Where, data: Any) -> tuple[int, int]:
    """How many parts of the path are there, and the line of the last of them."""
    depth, line = 0, node.start_mark.line + 1
    for part in where:
        try:
            inner: Any = data[part]
        except (KeyError, IndexError, TypeError):
            inner = None
        found = _child(node, part, inner)
        if found is None:
            # A choice between kinds is a part of the path, and nothing in the file.
            if isinstance(part, str) and inner is None:
                continue
            break
        node, line = found
        data, depth = inner, depth + 1
    return depth, line


def _child(node: yaml.Node, part: str | int, data: Any) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        entries = list(node.value)
        named = data.get("key") if isinstance(data, Mapping) else None
        if named is not None:
            entries = [e for e in entries if _key(e) == str(named)]
            part = 0
        if part < len(entries):
            return entries[part], entries[part].start_mark.line + 1
    return None


def _key(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return next((str(v.value) for k, v in node.value if k.value == "key"), "")
    return ""
