"""A shop with a project that sells in it: the conformance world, with a shop's own questions to the other side.

Items are as many as a test wants, all of one picture's master; their files are handmade and small.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyvips

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))

from clock import VirtualClock
from world import NEIGHBOUR, World, renamed, reworded, rowed

from channels.shopify.sandbox import AdapterSandbox
from publisher.ledger.store import Ledger
from publisher.listing import Listing
from publisher.manifest.item import Item
from publisher.outcome import PushResult
from publisher.plan import Done
from publisher.row import Batch
from publisher.workspace import Workspace, open_workspace

MORNING = dt.datetime(2026, 11, 26, 9, tzinfo=dt.UTC)
SMALL = 600
"""Bytes of a handmade picture."""

READS = frozenset(
    {
        "shop", "currentAppInstallation", "publications", "products", "productByIdentifier", "nodes",
        "bulkOperations", "bulkOperation", "taxonomy", "metafieldDefinitions", "files", "product",
        "productsCount", "productVariantsCount", "publicApiVersions",
    }
)  # fmt: skip
"""Root fields that change nothing."""


def write_project(folder: Path) -> Path:
    """One work with three licences, in one shop."""
    (folder / "masters").mkdir(parents=True)
    grain = np.random.default_rng(1).integers(0, 255, (1200, 1600, 3), dtype=np.uint8)
    for name in ("one", "two"):
        picture = pyvips.Image.new_from_array(grain).copy(interpretation="srgb")
        (picture if name == "one" else picture.invert()).jpegsave(
            str(folder / "masters" / f"{name}.jpg"), Q=60
        )
    nothing = dict.fromkeys(("people", "property", "places", "brands"), "none")
    titles = {"std": "Standard licence", "ext": "Extended licence", "big": "Print at home"}
    asset = {
        "id": "w001",
        "file": "masters/one.jpg",
        "title": "Frozen glass dunes under a low winter sun",
        "description": "Abstract dunes of blue glass & ice <at dawn>.\n\nSecond paragraph.",
        "keywords": ["glass", "dunes", "winter", "blue"],
        "creator": "Ana Vidal",
        "style": "photo",
        "depicts": {**nothing, "text": False, "news_event": False},
        "mature": False,
        "categories": ["abstract"],
        "provenance": {
            "class": "ai-generated",
            "system": "Midjourney",
            "version": "7",
            "plan": "pro",
            "rights": "commercial",
        },
        "offer": {
            "currency": "EUR",
            "product": "digital",
            "variants": [
                {"id": i, "title": t, "price": p}
                for (i, t), p in zip(titles.items(), ("19.00", "49.00", "29.00"), strict=True)
            ],
        },
    }
    other = {**asset, "id": "w002", "file": "masters/two.jpg"}
    toml = [
        'manifests = ["release.json"]',
        '[accounts.shopify]\nchannel = "shopify"\nvariants_per_motif = 100000',
        f'[accounts.{NEIGHBOUR}]\nchannel = "handoff"',
    ]
    (folder / "publisher.toml").write_text("\n".join(toml) + "\n", encoding="utf-8")
    manifest = {"release": "winter-glass", "assets": [asset, other]}
    (folder / "release.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


class Floor(World):
    """A world of one shop, without the neighbour, and with as many items as wanted."""

    def __init__(
        self, ws: Workspace, folder: Path, clock: VirtualClock, blank: Path, count: int = 3
    ) -> None:
        super().__init__(ws, "shopify", folder, clock, blank)
        self.studio.size = SMALL
        self.stock(count)

    def __enter__(self) -> Self:
        super().__enter__()
        # Points come back, and tokens grow old, by the clock of the run.
        start = self.clock.now()
        self.shop.terms.clock = lambda: (self.clock.now() - start).total_seconds()
        self.shop.terms.now = self.clock.now
        self.shop.terms.bulk_wait = 0.2
        return self

    def stock(self, count: int) -> None:
        """Have so many items, all alike but for their id."""
        source = next(i for i in self.everything.items if i.id == "w001")
        items = tuple(renamed(source, f"w{n:05d}") for n in range(count))
        self.ws = replace(self.ws, items=items, accounts=(self.account,))

    def batches(self, least: int, most: int) -> None:
        """Send writes together from ``least`` on."""
        self.account = rowed(self.account, batch=Batch(min=least, max=most))
        self.ws = replace(self.ws, accounts=(self.account,))

    @property
    def shop(self) -> AdapterSandbox:
        """The other side."""
        assert isinstance(self.sandbox, AdapterSandbox)
        return self.sandbox

    # What the seller changes

    def change(self, place: int, **words: Any) -> Item:
        """Give one item other words."""
        item = reworded(self.ws.items[place], **words)
        self._put(place, item)
        return item

    def reprice(self, place: int, variant: str, price: str) -> None:
        """Give one variant of one item another price."""
        offer = self.ws.items[place].offer
        assert offer is not None
        variants = tuple(
            v.model_copy(update={"price": Decimal(price)}) if v.id == variant else v
            for v in offer.variants
        )
        self.change(place, offer=offer.model_copy(update={"variants": variants}))

    def repaint(self, place: int) -> None:
        """Give one item another master."""
        other = next(i for i in self.everything.items if i.id == "w002")
        self._put(place, replace(self.ws.items[place], masters=other.masters))

    def _put(self, place: int, item: Item) -> None:
        items = list(self.ws.items)
        items[place] = item
        self.ws = replace(self.ws, items=tuple(items))

    # What the other side says

    def products(self) -> dict[str, Mapping[str, Any]]:
        """Key → product, by the shop's own books; a key that is there twice fails the test."""
        rows = [e for e in self.shop.landed() if e.key.startswith("products/")]
        assert all(e.count == 1 for e in rows), [(e.key, e.count) for e in rows if e.count != 1]
        return {e.key[len("products/") : -len(".json")]: e.fields for e in rows}

    def asked(self) -> Counter[str]:
        """How often each command was given since the last ``forget``; questions are left out."""
        named = (
            a.name if a.kind == "graphql" else a.kind
            for a in self.shop.requests()
            if a.outcome != "refused"
        )  # fmt: skip
        return Counter(name for name in named if not READS.issuperset(name.split("+")))

    def refused(self) -> int:
        """How many requests were turned away since the last ``forget``."""
        return sum(a.outcome == "refused" for a in self.shop.requests())

    def forget(self) -> None:
        """Begin to count anew."""
        self.shop.forget_requests()

    def right(self) -> None:
        """Everything is there once, with the prices of the manifest and its picture, and on sale."""
        wanted = {self.listing(i).key: self.listing(i) for i in self.ws.items}
        with self.session() as session:
            there = {r.key: r for page in session.list() for r in page}
        assert set(self.products()) == set(there) == set(wanted)
        for key, listing in wanted.items():
            fields = dict(there[key].fields)
            differing = {
                n: (fields.get(n), v) for n, v in listing.fields.items() if fields.get(n) != v
            }
            assert not differing, (key, differing)
        assert all(count == 1 for _, count in self.goods().values())


def done(result: PushResult) -> Counter[str]:
    """How many pairs ended in each word."""
    return Counter(o.done.value for o in result.outcomes)


def open_project(folder: Path) -> Workspace:
    """The project, opened."""
    return open_workspace(write_project(folder))


def blank_ledger(folder: Path) -> Path:
    """A ledger that knows nothing, to be copied."""
    path = folder / "ledger.sqlite"
    Ledger.open(path).close()
    return path


__all__ = [
    "MORNING",
    "Done",
    "Floor",
    "Listing",
    "Sequence",
    "VirtualClock",
    "blank_ledger",
    "done",
    "open_project",
    "shutil",
]
