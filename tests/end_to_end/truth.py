"""Holds what the servers booked and what lies on their disks against wanted names and checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from publisher.ledger.records import Binding


def sha256(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def uploads(account: str, server: Any, names: Mapping[str, str]) -> list[str]:
    """Compare the books and the disk of a file server with the wanted names and checksums."""
    found = []
    taken = {e.key.rpartition("/")[2]: e for e in server.landed()}
    on_disk = {p.name: p for p in server.folder.rglob("*") if p.is_file()}
    # A client that dies between its last byte and the end of the file leaves a whole file there.
    cut_off: dict[str, set[str]] = {}
    for event in server.books():
        if event["event"] == "partial":
            cut_off.setdefault(event["name"].rpartition("/")[2], set()).add(event["sha256"])
    for name, checksum in names.items():
        entry, path = taken.get(name), on_disk.get(name)
        if path is None or (entry is None and checksum not in cut_off.get(name, ())):
            found.append(f"{account}: {name} is missing")
        elif entry is not None and entry.count != 1:
            found.append(f"{account}: {name} was taken in {entry.count} times")
        elif checksum != sha256(path) or (entry is not None and entry.sha256 != checksum):
            found.append(f"{account}: {name} is damaged")
    extra = {n for n in {*taken, *on_disk} - set(names) if not n.endswith(".csv")}
    return found + [f"{account}: nobody asked for {name}" for name in sorted(extra)]


def objects(account: str, server: Any, names: Mapping[str, str]) -> list[str]:
    """The same for a bucket. Objects carry their checksum in the key; page and card belong to a bundle."""
    found = []
    taken = {e.key.rpartition("/")[2]: e for e in server.landed()}
    for name, checksum in names.items():
        entry = taken.get(name)
        if entry is None:
            found.append(f"{account}: {name} is missing")
        elif entry.count != 1 or entry.sha256 != checksum:
            found.append(f"{account}: {name} came {entry.count} times as {entry.sha256}")
    extra = set(taken) - set(names) - {"index.html", "listing.json"}
    if names and not {"index.html", "listing.json"} <= set(taken):
        found.append(f"{account}: the page or its card is missing")
    return found + [f"{account}: nobody asked for {name}" for name in sorted(extra)]


def packs(place: Path, bound: Mapping[str, Binding]) -> list[str]:
    """The same for the folders of a hand-off account."""
    found = []
    for binding in bound.values():
        for sent in binding.files:
            path = place / binding.key / sent.name
            if not path.is_file() or sha256(path) != sent.sha256:
                found.append(f"handoff: {path.name} is missing or damaged")
    wanted = {b.key for b in bound.values()}
    there = {p.name for p in place.iterdir() if p.is_dir()} if place.is_dir() else set()
    return found + [f"handoff: nobody asked for {name}" for name in sorted(there - wanted)]
