"""The memory of the sandbox's shop: everything that it took in, on disk before the answer leaves.

One line of JSON per thing that was made or changed; the newest line of a thing counts. What was written once is
there again after a restart, and reading writes nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from channels.woocommerce.library import plain_name
from channels.woocommerce.shop_words import Entry
from publisher.channel import Landed

KINDS = ("product", "variation", "media", "category", "tag")


class ShopBooks:
    """Things by kind and id. Whoever changes several at once holds ``lock``."""

    def __init__(self, folder: Path) -> None:
        self.lock = threading.RLock()
        self.files = folder / "media"
        self.files.mkdir(parents=True, exist_ok=True)
        self._path = folder / "books.jsonl"
        self._things: dict[str, dict[int, Entry]] = {kind: {} for kind in KINDS}
        self._skus: dict[str, tuple[str, int]] = {}
        self._slugs: dict[tuple[str, str], int] = {}
        self._last = 10
        self._replay()
        if not self._things["category"]:
            self.keep(
                "category", {"id": 1, "name": "Uncategorized", "slug": "uncategorized", "parent": 0}
            )

    def _replay(self) -> None:
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            entry = record["entry"]
            if record.get("gone"):
                self._drop(record["kind"], entry["id"])
            else:
                self._put(record["kind"], entry)
            self._last = max(self._last, entry["id"])

    def number(self) -> int:
        """A new id; products and attachments share them, as all posts do."""
        with self.lock:
            self._last += 1
            return self._last

    def keep(self, kind: str, *entries: Entry) -> None:
        """Take things in, durably and all at once."""
        with self.lock:
            for entry in entries:
                self._put(kind, entry)
            self._append([{"kind": kind, "entry": entry} for entry in entries])

    def forget(self, kind: str, number: int) -> None:
        """Delete a thing for good."""
        with self.lock:
            if self._drop(kind, number) is not None:
                self._append([{"kind": kind, "entry": {"id": number}, "gone": True}])

    def _put(self, kind: str, entry: Entry) -> None:
        self._drop(kind, entry["id"])
        self._things[kind][entry["id"]] = entry
        if entry.get("sku"):
            self._skus[entry["sku"].casefold()] = (kind, entry["id"])
        if entry.get("slug"):
            self._slugs[kind, entry["slug"]] = entry["id"]

    def _drop(self, kind: str, number: int) -> Entry | None:
        old = self._things[kind].pop(number, None)
        if old is not None and old.get("sku"):
            self._skus.pop(old["sku"].casefold(), None)
        if old is not None and old.get("slug"):
            self._slugs.pop((kind, old["slug"]), None)
        return old

    def with_slug(self, kind: str, slug: str) -> Entry | None:
        """The thing of a kind that has a slug."""
        with self.lock:
            return self._things[kind].get(self._slugs.get((kind, slug), 0))

    def _append(self, records: Sequence[object]) -> None:
        with self._path.open("a", encoding="utf-8") as book:
            book.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in records)

    def sync(self) -> None:
        """Bring what was taken in to the disk; called once before an answer leaves."""
        with self.lock, self._path.open("a", encoding="utf-8") as book:
            os.fsync(book.fileno())

    def all(self, kind: str) -> list[Entry]:
        """Everything of a kind, by id."""
        with self.lock:
            return [self._things[kind][number] for number in sorted(self._things[kind])]

    def one(self, kind: str, number: int) -> Entry | None:
        """One thing, or None."""
        with self.lock:
            return self._things[kind].get(number)

    def with_sku(self, sku: str, besides: int = 0) -> Entry | None:
        """The product or variation that has a SKU, in any case, in the trash or not."""
        with self.lock:
            kind, number = self._skus.get(sku.casefold(), ("product", 0))
            return self._things[kind].get(number) if number != besides else None

    def landed(self) -> list[Landed]:
        """Products outside the trash by SKU, and uploaded files by name and bytes, each with how often."""
        found: dict[tuple[str, str], Landed] = {}
        for entry in self.all("product"):
            if entry["status"] != "trash":
                data = json.dumps(entry, sort_keys=True).encode()
                digest = hashlib.sha256(data).hexdigest()
                _count(found, (_owner(entry), ""), f"{entry['sku']}.json", digest, len(data))
        for entry in self.all("media"):
            if digest := entry["sha256"]:
                name = plain_name(entry["file"])
                _count(found, (name, digest), name, digest, entry["size"])
        return list(found.values())


def _owner(entry: Entry) -> str:
    """Two products made for one item are a duplicate, whatever their SKUs are."""
    for pair in entry["meta_data"]:
        if pair["key"] == "publisher_item":
            return f"item {pair['value']}"
    return f"sku {entry['sku'] or entry['id']}"


def _count(
    found: dict[tuple[str, str], Landed], place: tuple[str, str], key: str, digest: str, size: int
) -> None:
    before = found.get(place)
    found[place] = Landed(key, digest, size, before.count + 1 if before is not None else 1)
