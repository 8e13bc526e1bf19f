"""The routes of the sandbox's shop: which address does what, in pages, in batches, and as a single thing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from channels.woocommerce.shop_books import ShopBooks
from channels.woocommerce.shop_door import Request
from channels.woocommerce.shop_library import ShopLibrary
from channels.woocommerce.shop_products import ShopProducts, viewed
from channels.woocommerce.shop_words import (
    Entry,
    Refused,
    Reply,
    filtered,
    only,
    refuse,
    refused,
    slugged,
)

BATCH_LIMIT = 100
PER_PAGE_LIMIT = 100
VERSION = "11.0.1"
Handler = Callable[..., Reply]


class ShopRest:
    """The REST API of one shop."""

    def __init__(self, books: ShopBooks, root: str, currency: str = "EUR") -> None:
        self.library = ShopLibrary(books, root)
        self.batch_limit = BATCH_LIMIT
        self.currency = currency
        self._books = books
        self._products = ShopProducts(books, self.library, root)
        one = r"/wc/v3/products/(\d+)"
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = [
            ("GET", _exact("/wc/v3/system_status"), self._system),
            ("GET", _exact("/wc/v3/data/currencies/current"), self._currency),
            ("GET", _exact("/wc/v3/products"), self._list),
            ("POST", _exact("/wc/v3/products"), self._create),
            ("POST", _exact("/wc/v3/products/batch"), self._batch),
            ("GET", _exact("/wc/v3/products/categories"), self._categories),
            ("POST", _exact("/wc/v3/products/categories"), self._make_category),
            ("GET", re.compile(one), self._one),
            ("PUT", re.compile(one), self._update),
            ("DELETE", re.compile(one), self._delete),
            ("GET", re.compile(one + "/variations"), self._variations),
            ("POST", re.compile(one + "/variations/batch"), self._vary_many),
            ("GET", _exact("/wp/v2/users/me"), self._me),
            ("GET", _exact("/wp/v2/media"), self.library.listed),
            ("POST", _exact("/wp/v2/media"), self.library.upload),
            ("GET", re.compile(r"/wp/v2/media/(\d+)"), self._media),
        ]

    def answer(self, request: Request) -> Reply:
        """What the shop says to a request that was let in."""
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match is not None and method == request.method:
                numbers = [int(g) for g in match.groups()]
                try:
                    return handler(request, *numbers)
                except Refused as refusal:
                    return refusal.reply
        return refuse(
            404, "rest_no_route", "No route was found matching the URL and request method."
        )

    # Products

    def _create(self, request: Request) -> Reply:
        with self._books.lock:
            return Reply(201, viewed(self._products.create(_json(request))))

    def _one(self, request: Request, number: int) -> Reply:
        found = self._books.one("product", number)
        if found is None:
            return refuse(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        return Reply(200, only(viewed(found), request.query.get("_fields", "")))

    def _update(self, request: Request, number: int) -> Reply:
        with self._books.lock:
            return Reply(200, viewed(self._products.update(number, _json(request))))

    def _delete(self, request: Request, number: int) -> Reply:
        force = request.query.get("force") == "true"
        with self._books.lock:
            return Reply(200, viewed(self._products.delete(number, force=force)))

    def _list(self, request: Request) -> Reply:
        query = request.query
        status = query.get("status", "any")
        found = [
            p
            for p in self._books.all("product")
            if (p["status"] == status) or (status == "any" and p["status"] != "trash")
        ]
        if "include" in query:
            ids = {int(i) for i in query["include"].split(",")}
            found = [p for p in found if p["id"] in ids]
        if "sku" in query:
            skus = {s.casefold() for s in query["sku"].split(",")}
            every = [*found, *({**v, "type": "variation"} for v in self._books.all("variation"))]
            found = [p for p in every if p["sku"].casefold() in skus]
        return self._page(request, found, viewed)

    def _batch(self, request: Request) -> Reply:
        given = _json(request)
        self._small_enough(given)
        answer: dict[str, list[Entry]] = {}
        # The real one works entry by entry, without a transaction: others may come in between.
        for entry in given.get("create", ()):
            made = self._each(0, partial(self._products.create, entry))
            answer.setdefault("create", []).append(made)
        for entry in given.get("update", ()):
            number = int(entry.get("id", 0))
            changed = self._each(number, partial(self._products.update, number, entry))
            answer.setdefault("update", []).append(changed)
        for number in given.get("delete", ()):
            gone = self._each(number, partial(self._products.delete, number, force=True))
            answer.setdefault("delete", []).append(gone)
        return Reply(200, answer)

    def _each(self, number: int, action: Callable[[], Entry]) -> Entry:
        try:
            with self._books.lock:
                return viewed(action())
        except Refused as refusal:
            return {"id": number, "error": refusal.reply.data}

    def _small_enough(self, given: Entry) -> None:
        count = sum(len(given.get(kind, ())) for kind in ("create", "update", "delete"))
        if count > self.batch_limit:
            raise refused(
                413,
                "woocommerce_rest_request_entity_too_large",
                f"Unable to accept more than {self.batch_limit} items for this request.",
            )

    # Variations

    def _variations(self, request: Request, parent: int) -> Reply:
        return self._page(request, self._of(parent), lambda entry: entry)

    def _of(self, parent: int) -> list[Entry]:
        return [v for v in self._books.all("variation") if v["parent_id"] == parent]

    def _vary_many(self, request: Request, parent: int) -> Reply:
        given = _json(request)
        self._small_enough(given)
        answer: dict[str, list[Entry]] = {}
        for kind in ("create", "update"):
            for entry in given.get(kind, ()):
                number = int(entry.get("id", 0)) if kind == "update" else 0
                try:
                    with self._books.lock:
                        told = self._products.vary(parent, entry, number)
                except Refused as refusal:
                    told = {"id": number, "error": refusal.reply.data}
                answer.setdefault(kind, []).append(told)
        return Reply(200, answer)

    # The rest

    def _categories(self, request: Request) -> Reply:
        return self._page(request, self._books.all("category"), lambda entry: entry)

    def _make_category(self, request: Request) -> Reply:
        given = _json(request)
        name, parent = filtered(str(given["name"])), int(given.get("parent", 0))
        with self._books.lock:
            for known in self._books.all("category"):
                if (known["name"].casefold(), known["parent"]) == (name.casefold(), parent):
                    return refuse(
                        400, "term_exists", "A term with the name provided already exists.",
                        resource_id=known["id"],
                    )  # fmt: skip
            made = {
                "id": self._books.number(),
                "name": name,
                "slug": slugged(name),
                "parent": parent,
            }
            self._books.keep("category", made)
        return Reply(201, made)

    def _system(self, request: Request) -> Reply:
        whole = {
            "environment": {"version": VERSION, "wp_version": "6.9"},
            "settings": {"currency": self.currency, "number_of_decimals": 2},
        }
        return Reply(200, only(whole, request.query.get("_fields", "")))

    def _currency(self, request: Request) -> Reply:
        whole = {"code": self.currency, "name": self.currency}
        return Reply(200, only(whole, request.query.get("_fields", "")))

    def _me(self, request: Request) -> Reply:
        whole = {"id": 1, "name": "Ana Vidal", "capabilities": {"upload_files": True}}
        return Reply(200, only(whole, request.query.get("_fields", "")))

    def _media(self, request: Request, number: int) -> Reply:
        return self.library.one(request, number)

    def _page(
        self, request: Request, found: Sequence[Entry], shown: Callable[[Entry], Entry]
    ) -> Reply:
        query = request.query
        size, page = int(query.get("per_page", "10")), int(query.get("page", "1"))
        if not 1 <= size <= PER_PAGE_LIMIT:
            return refuse(400, "rest_invalid_param", "Invalid parameter(s): per_page")
        ordered = sorted(found, key=lambda e: e["id"], reverse=query.get("order", "desc") == "desc")
        part = ordered[(page - 1) * size : page * size]
        pages = -(-len(ordered) // size)
        following = urlencode({**query, "page": page + 1})
        headers = {
            "X-WP-Total": str(len(ordered)),
            "X-WP-TotalPages": str(pages),
            # The real one repeats the whole query here, the key and the signature included.
            "Link": f'<{request.address}?{following}>; rel="next"',
        }
        return Reply(200, [only(shown(e), query.get("_fields", "")) for e in part], headers)


def _exact(path: str) -> re.Pattern[str]:
    return re.compile(re.escape(path))


def _json(request: Request) -> dict[str, Any]:
    try:
        found = json.loads(request.body or b"{}")
    except ValueError:
        raise refused(400, "rest_invalid_json", "Invalid JSON body passed.") from None
    if not isinstance(found, dict):
        raise refused(400, "rest_invalid_json", "Invalid JSON body passed.")
    return found
