"""Compares the ledger with the books of the sandboxes: every file there once, whole, and none unheard of.

Where a sandbox also tells the words and declarations that came in with a file, they are those of the ledger.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from publisher.channel import Landed, Sandbox
from publisher.ledger.records import Binding
from publisher.ledger.store import Ledger
from publisher.observe import Account

WORDS = (".csv", ".html", ".json", ".tsv")
"""Files that carry words about images; they are made anew when the words change."""

TOLD = ("title", "description", "keywords")
"""Fields of a listing that a sandbox may tell under the same names."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What the books say: differences as sentences, image and bundle files there, works whose words are right."""

    differences: tuple[str, ...]
    files: int
    works: int


def compare(
    state: Path, release: str, accounts: Sequence[Account], boxes: Mapping[str, Sandbox]
) -> Compared:
    """Hold the ledger against the books of every sandbox, and against the outbox where there is none."""
    differences: list[str] = []
    count = works = 0
    with Ledger.open(state / "ledger.sqlite") as ledger:
        for account in accounts:
            bound = [b for (name, _), b in ledger.bindings(account.name).items() if name]
            box = boxes.get(account.name)
            if box is None:
                found, number = _outbox(state / "outbox" / release / account.name, bound)
            else:
                # A file whose client died after the last byte is there as a whole, whatever the server calls it.
                every = (*box.landed(), *box.cut_short())
                found, number = _books(account.name, every, bound)
                wrong, right = compare_words(account.name, every, bound)
                found += wrong
                works += right
            differences += found
            count += number
    return Compared(tuple(differences), count, works)


def compare_words(
    account: str, every: Sequence[Landed], bound: Sequence[Binding]
) -> tuple[list[str], int]:
    """What works were told that the ledger does not say, and how many works are as it says."""
    differences: list[str] = []
    right = 0
    of = {sent.sha256: binding for binding in bound for sent in binding.files}
    for entry in every:
        binding = of.get(entry.sha256)
        if binding is None or not entry.fields.keys() & {*TOLD, "declares"}:
            continue
        wrong = [
            f"{account}: {name} of {binding.item} is {entry.fields[name]!r} there"
            for name in TOLD
            if name in entry.fields and _plain(entry.fields[name]) != _plain(binding.fields[name])
        ]
        if "declares" in entry.fields:
            there, ours = set(entry.fields["declares"]), _declared(binding)
            wrong += [
                f"{account}: {n} of {binding.item} is not declared there"
                for n in sorted(ours - there)
            ]
            wrong += [
                f"{account}: {n} of {binding.item} is declared there only"
                for n in sorted(there - ours)
            ]
        differences += wrong
        right += not wrong
    return differences, right


def _plain(value: object) -> object:
    """Words without what a site's own spelling of them changes: northern-lights is northern lights."""
    if isinstance(value, (list, tuple)):
        return tuple(_plain(v) for v in value)
    return re.sub(r"[\W_]+", " ", str(value)).strip().casefold()


def _declared(binding: Binding) -> set[str]:
    """Names of what the ledger declared outside the file; what a person still does is not there yet."""
    written = binding.fields.get("declarations")
    said = [str(d).partition(" (") for d in written] if isinstance(written, tuple) else []
    return {name for name, _, how in said if not how.startswith(("embedded", "xmp", "person"))}


def _books(
    account: str, every: Sequence[Landed], bound: Sequence[Binding]
) -> tuple[list[str], int]:
    differences = []
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
