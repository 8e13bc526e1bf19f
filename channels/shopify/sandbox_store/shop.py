"""The shop itself: its documents, terms and faults, and what every part of it needs from the others.

One per sandbox, shared by all requests; whoever reads or writes holds ``books.lock``.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from channels.shopify.sandbox_store.books import Doc, Store, gid, split_gid
from channels.shopify.sandbox_store.faults import Faults
from channels.shopify.sandbox_store.terms import Terms

if TYPE_CHECKING:
    from channels.shopify.sandbox_store.runner import Runner

APP_NAMESPACE = "app--1001"
"""Where metafields without a namespace live."""

PUBLICATIONS = ("Online Store", "Point of Sale")


class Refused(Exception):
    """A user error: HTTP 200, nothing written, ``userErrors`` says why."""

    def __init__(self, code: str, path: Iterable[str], message: str) -> None:
        super().__init__(message)
        self.error: Doc = {"code": code, "field": list(path), "message": message}

    def recode(self, codes: Mapping[str, str]) -> None:
        """Say the same in the codes of another mutation."""
        self.error["code"] = codes.get(self.error["code"], self.error["code"])


@dataclass
class Shop:
    """Everything of one shop on one folder."""

    name: str
    folder: Path
    terms: Terms = field(default_factory=Terms)
    faults: Faults = field(default_factory=Faults)
    address: str = ""
    """Where it listens, once it does."""
    bulk_runner: Runner = field(init=False)
    """Who runs its bulk operations; the engine brings it."""

    def __post_init__(self) -> None:
        self.books = Store(self.folder / "shop.sqlite")
        self.bytes = self.folder / "bytes"
        self.bytes.mkdir(parents=True, exist_ok=True)
        if not self.books.fact("publications"):
            with self.books.change():
                self._open()

    def _open(self) -> None:
        found = []
        for name in PUBLICATIONS:
            number = self.books.next_number()
            found.append({"id": gid("Publication", number), "name": name})
        self.books.set_fact("publications", json.dumps(found))
        self.books.set_fact("token", f"shpat_{secrets.token_hex(16)}")
        self.books.set_fact("client_id", secrets.token_hex(16))
        self.books.set_fact("client_secret", f"shpss_{secrets.token_hex(16)}")

    @property
    def domain(self) -> str:
        """``NAME.myshopify.com``."""
        return f"{self.name}.myshopify.com"

    def publications(self) -> list[Doc]:
        """The sales channels."""
        found: list[Doc] = json.loads(self.books.fact("publications") or "[]")
        return [
            p
            | {
                "__typename": "Publication",
                "autoPublish": False,
                "supportsFuturePublishing": p["name"] == PUBLICATIONS[0],
            }
            for p in found
        ]

    def stamp(self) -> str:
        """The shop's time as it is written down."""
        return _stamp(int(self.terms.now().timestamp()))

    # Bytes

    def keep(self, data: bytes | memoryview) -> tuple[str, int]:
        """Keep bytes under their hash; returns hash and size."""
        digest = hashlib.sha256(data).hexdigest()
        path = self.bytes / digest
        if not path.exists():
            part = path.with_suffix(f".{secrets.token_hex(4)}")
            part.write_bytes(data)
            part.replace(path)
        return digest, len(data)

    def kept(self, digest: str) -> Path:
        """Where bytes lie."""
        return self.bytes / digest

    # The ration of new variants

    def variants(self) -> int:
        """How many variants the shop holds."""
        return int(self.books.fact("variants") or 0)

    def count_variants(self, before: int, after: int, made: int) -> None:
        """Note a change of the number of variants. Raises the throttle's error when the ration is used up."""
        day = f"made {self.terms.now().astimezone(dt.UTC):%Y-%m-%d}"
        total, today = self.variants(), int(self.books.fact(day) or 0)
        rationed = not self.terms.plus and total >= self.terms.variant_floor
        if made and rationed and today + made > self.terms.variants_per_day:
            raise variant_throttle()
        if made and rationed:
            self.books.set_fact(day, str(today + made))
        if after != before:
            self.books.set_fact("variants", str(total + after - before))

    # Look-ups

    def product(self, reference: object) -> tuple[int, Doc] | None:
        """A product by its global id, as it is now."""
        kind, number = split_gid(reference)
        doc = self.books.get("Product", number) if kind == "Product" else None
        return None if doc is None else (number, doc)

    def product_by(self, identifier: Mapping[str, Any], *, stale: bool = False) -> Doc | None:
        """A product by one of ``id``, ``handle`` and ``customId``. Raises Refused for an unknown custom id."""
        read = self.books.seen if stale else self.books.get
        number = self.number_by(identifier)
        return None if number is None else read("Product", number)

    def number_by(self, identifier: Mapping[str, Any]) -> int | None:
        """The number of the product that an identifier names."""
        if identifier.get("id") is not None:
            kind, number = split_gid(identifier["id"])
            return number if kind == "Product" and self.books.get(kind, number) else None
        if identifier.get("handle") is not None:
            found = self.books.numbers("handle", str(identifier["handle"]))
        else:
            custom = identifier["customId"]
            space = namespace(custom.get("namespace"))
            if not self.unique(space, custom["key"]):
                raise Refused(
                    "INVALID_INPUT",
                    ("identifier", "customId"),
                    f"{space}.{custom['key']} is not a metafield definition with unique values",
                )
            found = self.books.numbers("custom", custom_key(space, custom["key"], custom["value"]))
        return found[0] if found else None

    def definition(self, space: str, key: str) -> Doc | None:
        """The metafield definition of products with this name."""
        found = self.books.numbers("definition", f"{space}.{key}")
        return self.books.get("MetafieldDefinition", found[0]) if found else None

    def unique(self, space: str, key: str) -> bool:
        """Whether values of this metafield are unique, so that they can identify a product."""
        definition = self.definition(space, key)
        return definition is not None and bool(definition["unique"])

    def put_product(self, number: int, doc: Doc) -> None:
        """Write a product with everything that it is found by."""
        keys = [("handle", doc["handle"])]
        keys += [("variant", str(split_gid(v["id"])[1])) for v in doc["variants"]]
        keys += [("sku", v["sku"].casefold()) for v in doc["variants"] if v.get("sku")]
        keys += [
            ("custom", custom_key(m["namespace"], m["key"], m["value"]))
            for m in doc["metafields"]
            if m.get("unique")
        ]
        self.books.put(number, "Product", doc, keys)


@dataclass
class Call:
    """What the resolvers of one request know."""

    shop: Shop
    bulk: bool = False
    """Inside of a bulk operation: no page sizes, no asynchronous work."""
    window: tuple[int, int] | None = None
    """Of a bulk query: after which number, and how many of the outer list."""
    reached: int = 0
    version: str = ""
    address: str = ""
    """Under which the client found the shop."""
    warnings: list[str] = field(default_factory=list)
    after: list[Callable[[], None]] = field(default_factory=list)
    """What to do once everything of the request is committed."""


@functools.lru_cache(maxsize=8)
def _stamp(second: int) -> str:
    return dt.datetime.fromtimestamp(second, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def namespace(given: str | None) -> str:
    """The full namespace: absent means the app's own, ``$app`` is short for it."""
    if not given or given == "$app":
        return APP_NAMESPACE
    return given.replace("$app:", f"{APP_NAMESPACE}--", 1)


def custom_key(space: str, key: str, value: str) -> str:
    """How a unique metafield value is looked up."""
    return f"{space}.{key}={value}"


def variant_throttle() -> GraphQLError:
    """The top-level error of a shop that has made its variants of the day."""
    return GraphQLError(
        "You have reached the daily limit for creating variants. Please try again tomorrow.",
        extensions={"code": "VARIANT_THROTTLE_EXCEEDED"},
    )
