"""Compares the ledger with the books of the sandboxes: every file there once, whole, and none unheard of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from publisher.channel import Sandbox
from publisher.ledger.records import Binding
from publisher.ledger.store import Ledger
from publisher.observe import Account

WORDS = (".csv", ".html", ".json", ".tsv")
"""Files that carry words about images; they are made anew when the words change."""


def compare(
    state: Path, release: str, accounts: Sequence[Account], boxes: Mapping[str, Sandbox]
) -> tuple[list[str], int]:
    """The differences as sentences, and how many image and bundle files the other side holds."""
    differences: list[str] = []
    count = 0
    with Ledger.open(state / "ledger.sqlite") as ledger:
        for account in accounts:
            bound = [b for (name, _), b in ledger.bindings(account.name).items() if name]
            box = boxes.get(account.name)
            if box is None:
                found, number = _outbox(state / "outbox" / release / account.name, bound)
            else:
                found, number = _books(account.name, box, bound)
            differences += found
            count += number
    return differences, count


def _books(account: str, box: Sandbox, bound: Sequence[Binding]) -> tuple[list[str], int]:
    differences = []
    # A file whose client died after the last byte is there as a whole, whatever the server calls it.
    every = (*box.landed(), *box.cut_short())
    # A listing is told by its fields: it is no file.
    files = [entry for entry in every if not entry.key.endswith(WORDS) and not entry.fields]
    differences += [
        f"{account}: {entry.key} is listed {entry.count} times"
        for entry in every
        if entry.fields and entry.count != 1
    ]
    known = set()
    for binding in bound:
        for sent in binding.files:
            there = [
                e
                for e in files
                if e.key.rpartition("/")[2] == sent.name and e.sha256 == sent.sha256
            ]
            known.add(sent.sha256)
            if not there:
                differences.append(f"{account}: {sent.name} is in the ledger but did not arrive")
            elif sum(e.count for e in there) != 1:
                times = sum(e.count for e in there)
                differences.append(f"{account}: {sent.name} arrived {times} times")
    for entry in files:
        if entry.sha256 not in known:
            differences.append(f"{account}: {entry.key} arrived, but the ledger does not know it")
    return differences, sum(e.count for e in files)


def _outbox(place: Path, bound: Sequence[Binding]) -> tuple[list[str], int]:
    differences = []
    count = 0
    for binding in bound:
        for sent in binding.files:
            path = place / binding.key / sent.name
            if not path.is_file():
                differences.append(f"{binding.account}: {path.name} is not in its pack")
                continue
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != sent.sha256:
                differences.append(f"{binding.account}: {path.name} is damaged in its pack")
            count += 1
    return differences, count
