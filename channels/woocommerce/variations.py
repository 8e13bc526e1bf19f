"""Variations of a product, one for each variant: made, changed and hidden in batches. Nothing is deleted.

They are known by their SKU, so that a run that was cut short is taken up where it stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from channels.woocommerce.client import Shop
from channels.woocommerce.looking import PRODUCTS, Catalogue
from channels.woocommerce.prices import check_echo, product_prices, same, variants_of
from channels.woocommerce.product import OPTION, goods, option_for, variation_sku
from channels.woocommerce.readback import downloads_of, option_of
from channels.woocommerce.refusals import refusal
from publisher.errors import OutcomeUnknown
from publisher.listing import FieldValue

Product = dict[str, Any]
BATCH = 100


@dataclass(frozen=True)
class Wanted:
    """What the variations of one product must be. ``only`` names the variants whose prices alone change."""

    item: str
    fields: Mapping[str, FieldValue]
    only: Collection[str] | None = None


class Variations:
    """Brings the variations of products into line with their offers."""

    def __init__(self, shop: Shop, catalogue: Catalogue) -> None:
        self._shop = shop
        self._catalogue = catalogue

    def bring(self, product: Product, wanted: Wanted) -> list[Product]:
        """Send what differs, and return all variations as they are then.

        Raises Rejected with the reason of the first one that was refused, or whose price came out wrong.
        """
        there = {str(v.get("sku")): v for v in self._catalogue.variations(product)}
        creates, updates = self._differing(wanted, there)
        for chunk in _chunks(creates, updates):
            for entry in self._sent(str(product["id"]), chunk):
                there[str(entry.get("sku"))] = entry
        return list(there.values())

    def _differing(
        self, wanted: Wanted, there: Mapping[str, Product]
    ) -> tuple[list[Product], list[Product]]:
        creates, updates = [], []
        offered = {variation_sku(wanted.item, v): v for v in variants_of(wanted.fields)}
        for sku, variant in offered.items():
            if wanted.only is not None and variant not in wanted.only:
                continue
            old = there.get(sku)
            prices = product_prices(wanted.fields, variant, self._catalogue.currency)
            if wanted.only is not None and old is not None:
                updates += [{"id": old["id"], **prices}] if _prices_differ(prices, old) else []
                continue
            body = {"status": "publish", **prices, **self._body(wanted, variant, old or {})}
            if old is None:
                creates.append({"sku": sku, **body})
            elif _differs(body, old):
                updates.append({"id": old["id"], **body})
        if wanted.only is None:
            left = (v for sku, v in there.items() if sku not in offered)
            updates += [
                {"id": v["id"], "status": "private"} for v in left if v.get("status") == "publish"
            ]
        return creates, updates

    def _body(self, wanted: Wanted, variant: str, old: Product) -> Product:
        return {
            **goods(wanted.fields, downloads_of(old)),
            "attributes": [{"name": OPTION, "option": option_for(wanted.fields, variant)}],
        }

    def _sent(self, product: str, chunk: Mapping[str, list[Product]]) -> Iterator[Product]:
        path = f"{PRODUCTS}/{product}/variations/batch"
        answer = self._shop.write("POST", path, chunk).accepted(f"variations of {product}")
        for kind, sent in chunk.items():
            told = answer.get(kind)
            if not isinstance(told, list) or len(told) != len(sent):
                raise OutcomeUnknown(
                    f"the shop answered for fewer variations than were sent ({kind})"
                )
            for asked, entry in zip(sent, told, strict=True):
                name = str(asked.get("sku") or entry.get("sku") or asked.get("id"))
                if entry.get("error"):
                    raise refusal(f"variation {name}", entry["error"])
                check_echo(name, asked, entry)
                yield entry


def _differs(body: Product, old: Product) -> bool:
    wanted = [(d["name"], d["file"]) for d in body["downloads"]]
    there = [(d.get("name"), d.get("file")) for d in old.get("downloads") or []]
    return (
        _prices_differ(body, old)
        or old.get("status") != body["status"]
        or option_of(old) != body["attributes"][0]["option"]
        or wanted != there
    )


def _prices_differ(prices: Mapping[str, Any], old: Product) -> bool:
    return not all(same(prices[n], old.get(n)) for n in ("regular_price", "sale_price"))


def _chunks(creates: list[Product], updates: list[Product]) -> Iterator[dict[str, list[Product]]]:
    tagged = [("create", c) for c in creates] + [("update", u) for u in updates]
    for start in range(0, len(tagged), BATCH):
        part = tagged[start : start + BATCH]
        kinds = {kind for kind, _ in part}
        yield {kind: [b for k, b in part if k == kind] for kind in sorted(kinds)}
