"""The data that ships with policy: lists of terms and the law, as TOML files beside this module.

They are part of the program and read once; a file that does not parse is a fault of the program and raises.
"""

from __future__ import annotations

import functools
import importlib.resources
import tomllib
from collections.abc import Iterator
from typing import Any

from publisher.policy.terms import TermList
from publisher.rules import RowData, Rule


class Law(RowData):
    """A law as data: rules that every row gets after its own. ``title`` is how a chain names it."""

    name: str
    title: str
    jurisdiction: str
    rule: tuple[Rule, ...]


@functools.cache
def shipped_terms() -> tuple[TermList, ...]:
    """Every list of terms, by file name."""
    return tuple(TermList.model_validate(data) for data in _files("terms"))


@functools.cache
def shipped_law() -> tuple[Law, ...]:
    """Every law, by file name."""
    return tuple(Law.model_validate(data) for data in _files("law"))


def _files(folder: str) -> Iterator[dict[str, Any]]:
    root = importlib.resources.files("publisher.policy") / folder
    for entry in sorted(root.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            yield tomllib.loads(entry.read_text(encoding="utf-8"))
