"""Looking products up: by SKU, by id, in the trash, and page by page. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from channels.woocommerce.client import PAGE, Shop
from channels.woocommerce.readback import FIELDS_ASKED, VARIATION_ASKED, remote_of
from channels.woocommerce.refusals import NO_PRODUCT
from publisher.listing import Remote

_LONGEST = 1500
"""Most characters of SKUs in one address: servers take 8000 in all, three times escaped at worst."""

PRODUCTS = "wc/v3/products"


class Catalogue:
    """The products of one shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._currency = ""

    @property
    def currency(self) -> str:
        """The currency of the shop, asked once."""
        if not self._currency:
            answer = self._shop.read("wc/v3/data/currencies/current", _fields="code")
            self._currency = str(answer.accepted("the currency")["code"])
        return self._currency

    def by_sku(self, keys: Sequence[str], *, trash: bool = True) -> dict[str, dict[str, Any]]:
        """SKU → product, by default those in the trash as well. Complete, or it raises."""
        found: dict[str, dict[str, Any]] = {}
        for status in ("any", "trash") if trash else ("any",):
            missing = [k for k in keys if k not in found]
            for part in _parts(missing):
                found |= self._asked(part, status)
        return found

    def by_id(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Id → product; what is gone is left out."""
        found: dict[str, dict[str, Any]] = {}
        numbers = [i for i in dict.fromkeys(ids) if i.isdecimal()]
        if len(numbers) == 1:
            answer = self._shop.read(f"{PRODUCTS}/{numbers[0]}", _fields=FIELDS_ASKED)
            if answer.code == NO_PRODUCT:
                return {}
            return {numbers[0]: answer.accepted(f"product {numbers[0]}")}
        for start in range(0, len(numbers), PAGE):
            wanted = ",".join(numbers[start : start + PAGE])
            for page in self._shop.pages(
                PRODUCTS, include=wanted, status="any", _fields=FIELDS_ASKED
            ):
                found |= {str(p["id"]): p for p in page}
        return found

    def everything(self) -> Iterator[list[dict[str, Any]]]:
        """Every product outside the trash, page by page."""
        return self._shop.pages(PRODUCTS, status="any", _fields=FIELDS_ASKED)

    def variations(self, product: dict[str, Any]) -> list[dict[str, Any]]:
        """The variations of a variable product, hidden ones included."""
        if product.get("type") != "variable":
            return []
        path = f"{PRODUCTS}/{product['id']}/variations"
        return [v for page in self._shop.pages(path, _fields=VARIATION_ASKED) for v in page]

    def remote(self, product: dict[str, Any]) -> Remote:
        """The product as it is there now."""
        return remote_of(product, self.variations(product), self.currency)

    def _asked(self, keys: Sequence[str], status: str) -> dict[str, dict[str, Any]]:
        wanted = set(keys)
        pages = self._shop.pages(PRODUCTS, sku=",".join(keys), status=status, _fields=FIELDS_ASKED)
        # A SKU may belong to a variation of something else, which is no product of ours.
        return {
            str(p["sku"]): p
            for page in pages
            for p in page
            if p.get("sku") in wanted and p.get("type") != "variation"
        }


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """The keys in groups that fit one page and one address."""
    group: list[str] = []
    for key in keys:
        if group and (len(group) == PAGE or sum(map(len, group)) + len(key) > _LONGEST):
            yield group
            group = []
        group.append(key)
    if group:
        yield group
