"""How the sandbox's shop makes and changes products: the behaviour measured on WooCommerce 11.0.1.

A SKU is unique in any case, also against variations; one in the trash blocks with another error. Slugs get a number.
A price that is no number is emptied without a word. What was not measured is kept as simple as the source reads.
"""

from __future__ import annotations

import uuid
from typing import Any

from channels.woocommerce.shop_books import ShopBooks
from channels.woocommerce.shop_library import ShopLibrary
from channels.woocommerce.shop_words import Entry, filtered, price, refused, slugged

STATUSES = ("draft", "pending", "private", "publish", "future")
TYPES = ("simple", "grouped", "external", "variable")
_TEXTS = ("description", "short_description")
_PLAIN = ("virtual", "downloadable", "catalog_visibility", "grouped_products", "attributes")


class ShopProducts:
    """The products and variations of one shop. Callers hold the lock of the books."""

    def __init__(self, books: ShopBooks, library: ShopLibrary, root: str) -> None:
        self._books = books
        self._library = library
        self._root = root

    def create(self, given: Entry) -> Entry:
        """A new product. Nothing stays behind when it is refused."""
        sku = str(given.get("sku") or "")
        self._free(sku)
        number = self._books.number()
        product = _blank(number)
        product["sku"] = sku
        self._fill(product, given)
        product["slug"] = self._slug(str(given.get("slug") or product["name"]), number)
        product["permalink"] = f"{self._root}/product/{product['slug']}/"
        self._books.keep("product", product)
        return product

    def update(self, number: int, given: Entry) -> Entry:
        """Change what is named. A status takes a product out of the trash."""
        old = self._books.one("product", number)
        if old is None:
            raise refused(400, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        product = {**old, "meta_data": list(old["meta_data"])}
        if "sku" in given:
            self._free(str(given["sku"]), besides=number)
            product["sku"] = str(given["sku"])
        self._fill(product, given)
        if given.get("slug"):
            product["slug"] = self._slug(str(given["slug"]), number)
        self._books.keep("product", product)
        return product

    def vary(self, parent: int, given: Entry, number: int = 0) -> Entry:
        """A new variation of ``parent``, or a change of the one called ``number``."""
        if self._books.one("product", parent) is None:
            raise refused(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        old = self._books.one("variation", number) if number else None
        if number and old is None:
            raise refused(400, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")
        if given.get("sku"):
            self._free(str(given["sku"]), besides=number)
        entry = (
            dict(old) if old is not None else _blank(self._books.number()) | {"parent_id": parent}
        )
        entry |= {
            k: given[k] for k in ("sku", "attributes", "virtual", "downloadable") if k in given
        }
        entry["status"] = given.get("status", entry["status"])
        self._priced(entry, given)
        self._loaded(entry, given)
        self._books.keep("variation", entry)
        return entry

    def delete(self, number: int, *, force: bool) -> Entry:
        """To the trash, or away for good."""
        product = self._books.one("product", number)
        if product is None:
            raise refused(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        if force:
            self._books.forget("product", number)
        else:
            self._books.keep("product", {**product, "status": "trash"})
        return product

    def _free(self, sku: str, besides: int = 0) -> None:
        if not sku or (there := self._books.with_sku(sku, besides)) is None:
            return
        if there["status"] == "trash":
            raise refused(
                400,
                "woocommerce_rest_product_not_created",
                "The product with this SKU cannot be created.",
            )
        raise refused(
            400,
            "product_invalid_sku",
            "Invalid or duplicated SKU.",
            resource_id=there["id"],
            unique_sku=f"{sku}-1",
        )

    def _fill(self, product: Entry, given: Entry) -> None:
        if "name" in given:
            product["name"] = filtered(str(given["name"]))
        if "type" in given:
            product["type"] = given["type"] if given["type"] in TYPES else "simple"
        product |= {name: str(given[name]) for name in _TEXTS if name in given}
        product |= {name: given[name] for name in _PLAIN if name in given}
        if "status" in given:
            if given["status"] not in STATUSES:
                raise refused(400, "rest_invalid_param", "Invalid parameter(s): status")
            product["status"] = given["status"]
        self._priced(product, given)
        self._loaded(product, given)
        if "images" in given:
            product["images"] = self._library.shown(given["images"])
        if "tags" in given:
            product["tags"] = self._tags(given["tags"])
        if "categories" in given:
            product["categories"] = self._shelves(given["categories"])
        for pair in given.get("meta_data", ()):
            _remember(product["meta_data"], pair, self._books)

    def _priced(self, product: Entry, given: Entry) -> None:
        for name in ("regular_price", "sale_price"):
            if name in given:
                product[name] = price(given[name], name)
        if product["type"] == "grouped":
            product["regular_price"] = product["sale_price"] = ""
        product["price"] = product["sale_price"] or product["regular_price"]
        product["purchasable"] = bool(product["price"])

    def _loaded(self, product: Entry, given: Entry) -> None:
        if "downloads" in given:
            product["downloads"] = [
                {"id": str(d.get("id") or uuid.uuid4()), "name": d["name"], "file": d["file"]}
                for d in given["downloads"]
            ]

    def _tags(self, given: Any) -> list[Entry]:
        found: dict[int, Entry] = {}
        for entry in given:
            name = filtered(str(entry.get("name", "")))
            tag = self._books.with_slug("tag", name.casefold())
            if tag is None:
                tag = {"id": self._books.number(), "name": name, "slug": name.casefold()}
                self._books.keep("tag", tag)
            found[tag["id"]] = tag
        return sorted(found.values(), key=lambda t: str(t["name"]).casefold())

    def _shelves(self, given: Any) -> list[Entry]:
        ids = [int(entry["id"]) for entry in given] or [1]
        known = [self._books.one("category", number) for number in ids]
        return [{k: c[k] for k in ("id", "name", "slug")} for c in known if c is not None]

    def _slug(self, wanted: str, number: int) -> str:
        first = slug = slugged(wanted)
        count = 1
        while (there := self._books.with_slug("product", slug)) is not None:
            if there["id"] == number:
                break
            count += 1
            slug = f"{first}-{count}"
        return slug


def viewed(product: Entry) -> Entry:
    """A product as a reader gets it: texts end with the line that WordPress adds to a paragraph."""
    texts = {n: f"{product[n]}\n" if product[n] else "" for n in _TEXTS}
    return {**product, **texts}


def _blank(number: int) -> Entry:
    return {
        "id": number, "name": "Product", "slug": "", "permalink": "", "type": "simple",
        "status": "publish", "catalog_visibility": "visible", "description": "",
        "short_description": "", "sku": "", "price": "", "regular_price": "", "sale_price": "",
        "purchasable": False, "virtual": False, "downloadable": False, "downloads": [],
        "images": [], "tags": [], "categories": [{"id": 1, "name": "Uncategorized", "slug": "uncategorized"}],
        "attributes": [], "grouped_products": [], "meta_data": [], "parent_id": 0,
    }  # fmt: skip


def _remember(meta: list[Entry], pair: Entry, books: ShopBooks) -> None:
    """Meta data by key: a new value replaces the old one, null removes it."""
    place = next((i for i, m in enumerate(meta) if m["key"] == pair["key"]), None)
    if pair.get("value") is None:
        if place is not None:
            del meta[place]
    elif place is not None:
        meta[place] = {**meta[place], "value": pair["value"]}
    else:
        meta.append({"id": books.number(), "key": pair["key"], "value": pair["value"]})
