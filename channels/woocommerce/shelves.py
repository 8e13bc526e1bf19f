"""The shop's product categories: found by their path, made where they are missing. Never renamed, never deleted."""

from __future__ import annotations

import html
from collections.abc import Iterable

from channels.woocommerce.client import Shop
from channels.woocommerce.product import escaped
from channels.woocommerce.refusals import refusal, resource_id


class Shelves:
    """The categories of one shop, read once."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._known: dict[tuple[int, str], int] | None = None

    def ids(self, paths: Iterable[str]) -> list[dict[str, int]]:
        """The categories of ``A > B`` paths, as a product names them. Idempotent; raises what reads raise."""
        return [{"id": self._walk(path)} for path in paths]

    def _walk(self, path: str) -> int:
        parent = 0
        for name in (part.strip() for part in path.split(" > ")):
            parent = self._shelf(parent, name)
        return parent

    def _shelf(self, parent: int, name: str) -> int:
        known = self._all()
        place = (parent, name.casefold())
        if place not in known:
            known[place] = self._made(parent, name)
        return known[place]

    def _made(self, parent: int, name: str) -> int:
        # Asking for one that is there names it, so a lost answer costs nothing but the question.
        wanted = {"name": escaped(name), "parent": parent}
        answer = self._shop.write("POST", "wc/v3/products/categories", wanted, probe=True)
        if answer.good:
            return int(answer.data["id"])
        there = resource_id(answer.data)
        if answer.code == "term_exists" and there:
            return there
        raise refusal(f"the category {name}", answer.data, answer.status)

    def _all(self) -> dict[tuple[int, str], int]:
        if self._known is None:
            pages = self._shop.pages("wc/v3/products/categories", _fields="id,name,parent")
            self._known = {
                (int(e["parent"]), html.unescape(str(e["name"])).casefold()): int(e["id"])
                for page in pages
                for e in page
            }
        return self._known
