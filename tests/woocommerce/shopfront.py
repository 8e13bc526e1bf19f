"""What the tests of the shop share: listings made by hand, sessions, and plain requests past the adapter."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from channels.woocommerce import Adapter
from channels.woocommerce.sandbox import AdapterSandbox
from channels.woocommerce.session import WooSession
from channels.woocommerce.settings import WooSettings
from channels.woocommerce.signing import SigningTransport
from publisher.channel import Context, Write, Wrote
from publisher.discovery import load_row
from publisher.listing import Change, Copy, File, Listing, Remote, Staged
from publisher.manifest.item import Item, ItemKind, Master
from publisher.manifest.model import Asset, Bundle, Offer
from publisher.row import Verb

Prices = Mapping[str, str]
ROW = load_row("woocommerce")


def offer(prices: Prices, product: str = "physical") -> Offer:
    """An offer with a variant for each price, in euros."""
    variants = [
        {"id": name, "title": name.capitalize(), "price": Decimal(price)}
        for name, price in prices.items()
    ]
    return Offer.model_validate({"currency": "EUR", "product": product, "variants": variants})


def listing(
    name: str,
    prices: Prices | None = None,
    *,
    product: str = "physical",
    source: Remote | None = None,
    fields: Mapping[str, str | None] | None = None,
    **words: Any,
) -> Listing:
    """The listing of an asset called ``name``."""
    asset = Asset.model_validate({"id": name, "file": "a.jpg"})
    master = Master(Path("a.jpg"), "a.jpg", hashlib.sha256(b"a").hexdigest(), 9, "jpeg", 3000, 2000)
    item = Item(name, ItemKind.ASSET, "r", name, "", (), (asset,), (master,), asset=asset)
    copy = Copy(
        "shop",
        words.get("title", f"Glass & dunes [{name}]"),
        words.get("description", "Blue <glass> & dunes"),
        words.get("keywords", ("glass", "Dunes & more", "blue")),
        words.get("categories", ("Images > Arts & Crafts",)),
        fields=fields or {},
        source=source,
    )
    offered = offer(prices if prices is not None else {"standard": "19.90"}, product)
    return Adapter(ROW).to_listing(item, offered, copy)


def bundle_listing(name: str, source: Remote | None, price: str = "49.00") -> Listing:
    """The listing of a bundle of one asset, which follows an account."""
    asset = Asset.model_validate({"id": "a1", "file": "a.jpg"})
    bundle = Bundle.model_validate({"id": name, "title": "Pack", "assets": ["a1"]})
    master = Master(Path("a.jpg"), "a.jpg", hashlib.sha256(b"a").hexdigest(), 9, "jpeg", 3000, 2000)
    item = Item(name, ItemKind.BUNDLE, "r", "Pack", "", (), (asset,), (master,), bundle=bundle)
    copy = Copy("shop", "Pack", "All of it", ("glass",), source=source)
    return Adapter(ROW).to_listing(item, offer({"pack": price}, "digital"), copy)


def hosted(archive: str) -> Remote:
    """A bundle as the account that hosts it has it live."""
    fields = {"remote.download": f"https://cdn.example/files/{archive}/pack.zip"}
    return Remote("pack", "pack", fields=fields)


class Shopfront:
    """One shop: its sandbox, sessions on it, and what the sessions were told."""

    def __init__(
        self, box: AdapterSandbox, folder: Path, settings: dict[str, str], now: dt.datetime
    ) -> None:
        self.box = box
        self.settings = settings
        self.began: dict[str, str] = {}
        self.held: dict[str, str] = {}
        self.bound: list[Remote] = []
        self.sendings = 0
        self.options: dict[str, Any] = {}
        self._folder = folder
        self._now = now
        self._open: list[Any] = []

    def close(self) -> None:
        """Close everything that was opened."""
        for one in self._open:
            one.close()

    def configured(self, **changes: Any) -> WooSettings:
        """The account's settings."""
        given: dict[str, Any] = {k.lower(): v for k, v in self.settings.items()}
        return WooSettings(**{**given, **changes})

    def session(self, **changes: Any) -> WooSession:
        """A new session, with other settings where some are given."""
        context = Context(
            account="shop",
            row=ROW,
            settings=self.configured(**changes),
            release="r",
            project=self._folder,
            outbox=self._folder / "outbox",
            now=lambda: self._now,
            render=lambda _name, _variables: "",
            sending=self._sending,
            began=lambda name: self.began.get(name),
            held=lambda sha: self.held.get(sha),
            bound=lambda: iter(self.bound),
            options=self.options,
        )
        session = WooSession(context)
        self._open.append(session)
        return session

    def _sending(self) -> None:
        self.sendings += 1

    def staged(self, made: Listing, seed: str = "") -> tuple[Staged, ...]:
        """The listing's files as small files of stable bytes; another ``seed`` is another picture."""
        found = []
        for request in made.files:
            data = hashlib.shake_256(f"{request.name}|{seed}".encode()).digest(20_000)
            digest = hashlib.sha256(data).hexdigest()
            path = self._folder / digest
            path.write_bytes(data)
            found.append(Staged(File(request.role, request.name, path, len(data), digest)))
        return tuple(found)

    def created(self, made: Listing, seed: str = "", session: WooSession | None = None) -> Remote:
        """Create it as the engine does; what this attempt began is known to the next one only."""
        staged = self.staged(made, seed)
        try:
            return (session or self.session()).create(made, staged, made.key).remote
        finally:
            self.began |= {s.file.name: s.file.sha256 for s in staged}

    def write(self, made: Listing, seed: str = "") -> Write:
        """A create as an entry of a batch."""
        return Write(Verb.CREATE, made.key, made, self.staged(made, seed))

    def batch(self, *writes: Write) -> dict[str, Wrote]:
        """The answers to a batch by key."""
        try:
            return {w.key: w for w in self.session().write_many(writes)}
        finally:
            staged = [s for w in writes for s in w.staged]
            self.began |= {s.file.name: s.file.sha256 for s in staged}

    def asked(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        """One plain request past the adapter; the status and the JSON."""
        answer = self.answered(method, path, body, **query)
        return answer.status_code, answer.json()

    def answered(self, method: str, path: str, body: Any = None, **query: str) -> httpx.Response:
        """The same with its headers."""
        settings = self.configured()
        inner = httpx.HTTPTransport(verify=False)
        with httpx.Client(transport=SigningTransport(settings, inner)) as client:
            return client.request(
                method,
                f"{settings.url}/wp-json/{path}",
                params=query,
                content=None if body is None else json.dumps(body),
                headers={"Content-Type": "application/json"},
            )

    def products(self) -> list[dict[str, Any]]:
        """Every product of the shop, by its own books."""
        return self.box.shop.books.all("product")

    def product(self, sku: str) -> dict[str, Any]:
        """The one product with a SKU."""
        (found,) = [p for p in self.products() if p["sku"] == sku]
        return found

    def uploads(self) -> int:
        """How many files were uploaded."""
        return len(self.box.shop.books.all("media"))

    def writes(self) -> list[tuple[str, str]]:
        """Requests that changed something, in order."""
        return [(s.method, s.path) for s in self.box.seen() if s.method != "GET" and s.body != {}]

    def forget(self) -> None:
        """Count requests from now on."""
        self.box.shop.seen.clear()


def changes(old: Listing, new: Listing) -> tuple[Change, ...]:
    """What differs between two listings."""
    names = sorted({*old.fields, *new.fields})
    pairs = ((n, old.fields.get(n), new.fields.get(n)) for n in names)
    return tuple(Change(n, before, after) for n, before, after in pairs if before != after)


def repriced(made: Listing, **prices: str) -> Listing:
    """The listing with other values of fields, dots written as double underscores."""
    fields = {**made.fields, **{n.replace("__", "."): v for n, v in prices.items()}}
    return replace(made, fields=fields)
