"""Looks at a shop's products: one by key or id, or all of them, page by page or by a bulk query.

Reads only. A product comes with its lists read to their ends; a list of products is complete, or it raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from channels.shopify import documents, inputs
from channels.shopify.answers import TooDear
from channels.shopify.bulk import read_everything
from channels.shopify.ready import publication_ids
from channels.shopify.shop import Shop
from channels.shopify.shown import Shown, shown
from publisher.errors import Rejected, SiteChanged
from publisher.listing import Remote

PAGE = 15
"""Products of one page of the list; fewer when the shop finds that too dear."""

BULK_FROM = 1_000
"""Shops with more products are read by a bulk query. A list would end at 25,000, whatever it has left."""


class Looks:
    """The reading half of a session."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def there(self, remote: Remote, item: str) -> Shown:
        """A product that must be there. Raises Rejected when it is not."""
        there = self.of(remote)
        if there is None:
            raise self.absent(item)
        return there

    def absent(self, item: str) -> Rejected:
        """What to raise for a product that is not there any more."""
        return Rejected(
            f"{item} is not in the shop any more",
            remedy=f"publisher resolve {item} {self.shop.context.account} --as absent, then push",
        )

    def of(self, remote: Remote) -> Shown | None:
        """A product by its id there, or by our key."""
        if not remote.id.startswith("gid:"):
            return self.product(remote.key)
        data = self.shop.ask_patiently(documents.PRODUCTS_BY_ID, {"ids": [remote.id]})
        node = next((n for n in data["nodes"] if n), None)
        return self._whole(node, data) if node is not None else None

    def product(self, key: str) -> Shown | None:
        """A product by our key, or by its handle when its SKUs are ours."""
        try:
            variables = {"identifier": inputs.identifier(key)}
            data = self.shop.ask_patiently(documents.PRODUCT, variables)
        except (Rejected, SiteChanged) as error:
            # A shop where nothing was ever published from here has no such metafield.
            if isinstance(error, TooDear) or "definition" not in error.sentence.lower():
                raise
            data = {}
        node = data.get("productByIdentifier")
        if node is not None:
            return self._whole(node, data)
        data = self.shop.ask_patiently(documents.PRODUCT, {"identifier": {"handle": key}})
        node = data["productByIdentifier"]
        if node is None:
            return None
        there = self._whole(node, data)
        ours = any(v.sku.lower().startswith(f"{key}-") for v in there.variants)
        return replace(there, key=key) if ours and not there.ours else None

    def _whole(self, node: dict[str, Any], data: Mapping[str, Any]) -> Shown:
        """A product with its lists read to their ends."""
        self._rest(node, "variants", documents.MORE_VARIANTS)
        self._rest(node, "media", documents.MORE_MEDIA)
        return shown(node, data["shop"]["currencyCode"], publication_ids(self.shop))

    def _rest(self, node: dict[str, Any], name: str, document: str) -> None:
        part = node[name]
        while part["pageInfo"]["hasNextPage"]:
            variables = {"id": node["id"], "after": part["pageInfo"]["endCursor"]}
            more = self.shop.ask_patiently(document, variables)["product"]
            if more is None:
                return
            node[name]["nodes"] += more[name]["nodes"]
            part = more[name]

    def pages(self, *, bulk: bool = False) -> Iterator[Sequence[Shown]]:
        """All products of the shop. ``bulk`` prefers a bulk query, which costs no points."""
        wanted = publication_ids(self.shop)
        size, after = PAGE, None
        while True:
            variables = {"first": size, "after": after, "query": None}
            try:
                data = self.shop.ask_patiently(documents.PRODUCTS, variables)
            except TooDear:
                if size == 1:
                    raise
                size = max(1, size // 2)
                continue
            count = data["productsCount"]["count"]
            if after is None and (count > BULK_FROM or (bulk and count > size)):
                yield from read_everything(self.shop, wanted)
                return
            page = data["products"]
            yield [self._whole(node, data) for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]
