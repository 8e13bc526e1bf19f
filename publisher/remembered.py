"""Verdicts of earlier runs on disk, found again by a digest of the item and a digest of the rules.

A cache and nothing more: a file that is missing, damaged or of another version costs time, never a wrong
answer and never an error. It judges nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from publisher.listing import Because, Finding, Level
from publisher.manifest.item import Item
from publisher.manifest.model import Asset
from publisher.policy import Verdict, VerdictWord
from publisher.rules import RuleAction

_json = Asset.__pydantic_serializer__.to_json
_MAGIC = b"publisher verdicts 2\n"
_SUM = 16
_NONE = 0xFFFFFFFF
_COLUMNS = 200
"""So many sets of rules are kept; beyond, only those that this run asked for."""
_ITEMS = 400_000
"""So many items are kept; beyond, only those that this run asked for."""


def item_digest(item: Item) -> bytes:
    """16 bytes over everything of an item that a verdict may hang on, texts and masters included."""
    asset = item.asset
    rest = f"{item.kind.value} {item.file}:{item.line}"
    if asset is None or item.title != (asset.title or "") or item.keywords != asset.keywords or (
        item.description != (asset.description or "")
    ):  # fmt: skip
        # A bundle, or a template that has written what is not in the manifest.
        own = item.bundle.model_dump_json() if item.bundle is not None else ""
        rest = f"{rest} {own} {(item.id, item.title, item.description, item.keywords)!r}"
    for m in item.masters:
        rest = (
            f"{rest}\n{m.relative} {m.width}x{m.height} {m.format} {m.alpha} {m.exif} {m.problem}"
        )
    body = hashlib.blake2b(rest.encode("utf-8", "surrogatepass"), digest_size=16)
    for member in item.members:
        body.update(_json(member))
    return body.digest()


@dataclasses.dataclass(slots=True)
class _Entry:
    """What is known of one item. It holds the item, so that its id stays its own."""

    item: Item
    digest: bytes
    row: list[int]
    lasting: bool
    own: bool
    """Whether ``row`` belongs to this digest alone and may be written to."""


class Remembered:
    """The verdicts of one project. ``Bench`` asks it first; ``save`` keeps what was new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._verdicts: list[Verdict] = []
        self._numbers: dict[int, int] = {}
        self._columns: dict[str, int] = {}
        self._rows: dict[bytes, list[int]] = {}
        self._loaded: dict[int, list[int]] = {}
        self._entries: dict[int, _Entry] = {}
        self._asked_rows: set[bytes] = set()
        self._asked_columns: set[str] = set()
        self._changed = False

    @classmethod
    def open(cls, path: Path) -> Remembered:
        """What the file holds; nothing when it cannot be used. Never raises."""
        found = cls(path)
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, IndexError):
            found._load(path.read_bytes())
        return found

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """Every different verdict once."""
        return self._verdicts

    def get(self, item: Item, rules: str) -> Verdict | None:
        """The verdict on the item as it is now, under these rules; None when nobody knows it."""
        entry = self._entries.get(id(item)) or self._entry(item)
        self._asked_columns.add(rules)
        at = self._columns.get(rules, _NONE)
        row = entry.row
        return self._verdicts[row[at]] if at < len(row) and row[at] != _NONE else None

    def all(self, items: Iterable[Item], rules: Sequence[str]) -> Iterator[list[Verdict | None]]:
        """For each item the verdicts under each set of rules, in their order.

        A reading only: it does not note that the items were asked for. Lists are shared: do not change them.
        """
        self._asked_columns.update(rules)
        rows = self._rows
        unknown: list[Verdict | None] = [None] * len(rules)
        found: dict[int, list[Verdict | None]] = {}
        for item in items:
            row = rows.get(item_digest(item))
            if row is None:
                yield unknown
                continue
            verdicts = found.get(id(row))
            if verdicts is None:
                verdicts = found[id(row)] = [self._at(row, name) for name in rules]
            yield verdicts

    def _at(self, row: list[int], rules: str) -> Verdict | None:
        at = self._columns.get(rules, _NONE)
        return self._verdicts[row[at]] if at < len(row) and row[at] != _NONE else None

    def put(self, item: Item, rules: str, verdict: Verdict) -> None:
        """Keep a verdict. A licence that ends is day by day, so such an item is not kept."""
        entry = self._entries.get(id(item)) or self._entry(item)
        if not entry.lasting:
            return
        number = self._numbers.get(id(verdict))
        if number is None:
            number = self._numbers[id(verdict)] = len(self._verdicts)
            self._verdicts.append(verdict)
        at = self._columns.get(rules)
        if at is None:
            at = self._columns[rules] = len(self._columns)
        self._asked_columns.add(rules)
        if not entry.own:
            entry.row = self._rows[entry.digest] = list(
                entry.row
            )  # what was loaded is shared by many items
            entry.own = True
        row = entry.row
        if at >= len(row):
            row += [_NONE] * (at + 1 - len(row))
        row[at] = number
        self._changed = True

    def save(self) -> None:
        """Write the file, whole or not at all; a place that cannot be written to is no error."""
        if not self._changed:
            return
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(self._dump())
            temporary.replace(self._path)
            self._changed = False

    def _entry(self, item: Item) -> _Entry:
        digest = item_digest(item)
        lasting = all(x.until is None for m in item.members for x in m.licensed_terms)
        row = self._rows.get(digest)
        own = row is not None and id(row) not in self._loaded
        entry = self._entries[id(item)] = _Entry(item, digest, row or [], lasting, own)
        self._asked_rows.add(digest)
        return entry

    def _dump(self) -> bytes:
        many = len(self._columns) > _COLUMNS
        names = [n for n in self._columns if not many or n in self._asked_columns]
        crowded = len(self._rows) > _ITEMS
        rows = {d: r for d, r in self._rows.items() if not crowded or d in self._asked_rows}
        # Items that are alike have like verdicts: every set of verdicts is written once.
        sets: dict[tuple[int, ...], int] = {}
        which = [sets.setdefault(tuple(row), len(sets)) for row in rows.values()]
        table = np.full((len(sets), len(self._columns)), _NONE, dtype="<u4")
        for at, row in enumerate(sets):
            table[at, : len(row)] = row
        table = table[:, [self._columns[n] for n in names]]
        used, numbers = np.unique(table, return_inverse=True)
        kept = [int(n) for n in used if n != _NONE]
        table = numbers.reshape(table.shape).astype("<u4")
        table[table == len(kept)] = _NONE  # the greatest number stands last, if it is there at all
        head = orjson.dumps(
            {
                "rules": names,
                "verdicts": [_document(self._verdicts[n]) for n in kept],
                "sets": len(sets),
            }
        )
        places = np.array(which, dtype="<u4").tobytes()
        body = b"".join((len(head).to_bytes(8, "big"), head, table.tobytes(), places, *rows))
        return _MAGIC + hashlib.blake2b(body, digest_size=_SUM).digest() + body

    def _load(self, data: bytes) -> None:
        if not data.startswith(_MAGIC):
            return
        start = len(_MAGIC) + _SUM
        body = memoryview(data)[start:]
        if hashlib.blake2b(body, digest_size=_SUM).digest() != data[len(_MAGIC) : start]:
            return
        size = int.from_bytes(body[:8], "big")
        head = orjson.loads(body[8 : 8 + size])
        width, sets = len(head["rules"]), head["sets"]
        rest = bytes(body[8 + size :])
        split = 4 * width * sets
        table = np.frombuffer(rest[:split], dtype="<u4").reshape(sets, width).tolist()
        count = (len(rest) - split) // 20
        which = np.frombuffer(rest[split : split + 4 * count], dtype="<u4").tolist()
        self._verdicts = [_verdict(v) for v in head["verdicts"]]
        self._numbers = {id(v): n for n, v in enumerate(self._verdicts)}
        self._columns = {name: n for n, name in enumerate(head["rules"])}
        start = split + 4 * count
        keys = (rest[at : at + 16] for at in range(start, start + 16 * count, 16))
        self._rows = {key: table[n] for key, n in zip(keys, which, strict=True)}
        self._loaded = {id(row): row for row in table}


def _document(verdict: Verdict) -> dict[str, Any]:
    return {
        "word": verdict.word.value,
        "actions": [a.model_dump(mode="json") for a in verdict.actions],
        "because": [dataclasses.asdict(b) for b in verdict.because],
        "missing": verdict.missing,
        "findings": [dataclasses.asdict(f) for f in verdict.findings],
    }


def _verdict(data: dict[str, Any]) -> Verdict:
    return Verdict(
        VerdictWord(data["word"]),
        tuple(RuleAction.model_validate(a) for a in data["actions"]),
        tuple(Because(**{**b, "facts": tuple(b["facts"])}) for b in data["because"]),
        tuple(data["missing"]),
        tuple(Finding(**{**f, "level": Level(f["level"])}) for f in data["findings"]),
    )
