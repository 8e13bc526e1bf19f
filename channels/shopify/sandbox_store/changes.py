"""The plain ways to change and to delete a product, and a look at work that goes on by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.shopify.sandbox_store import metafields
from channels.shopify.sandbox_store.books import Doc, split_gid
from channels.shopify.sandbox_store.products import scalars
from channels.shopify.sandbox_store.shop import Refused, Shop


def operation(_root: Any, info: Any, id: str) -> Doc | None:
    """``productOperation``: a look brings it forward; COMPLETE says nothing about success."""
    shop: Shop = info.context.shop
    kind, number = split_gid(id)
    doc = shop.books.get("Operation", number) if kind == "ProductSetOperation" else None
    if doc is None:
        return None
    if doc["polls"] > 0:
        shop.books.put(number, "Operation", doc | {"polls": doc["polls"] - 1})
        return doc | {"status": "ACTIVE", "product": None, "userErrors": []}
    found = shop.product(doc["product"])
    return doc | {"status": "COMPLETE", "product": found[1] if found else None}


def update(
    _root: Any,
    info: Any,
    product: Mapping[str, Any] | None = None,
    identifier: Mapping[str, Any] | None = None,
    **_more: Any,
) -> Doc:
    """``productUpdate``: plain fields; metafields are added to those that are there."""
    shop: Shop = info.context.shop
    given = dict(product or {})
    try:
        number = shop.number_by(identifier or {"id": given.get("id") or ""})
        doc = shop.books.get("Product", number) if number is not None else None
        if number is None or doc is None:
            raise Refused("", ("product", "id"), "Product does not exist")
        doc = dict(doc)
        scalars(shop, doc, given, number, new=False)
        path = ("product", "metafields")
        fresh = metafields.merged(
            shop, given.get("metafields") or (), doc["metafields"], path, number
        )
        ids = {m["id"] for m in fresh}
        doc["metafields"] = [*(m for m in doc["metafields"] if m["id"] not in ids), *fresh]
    except Refused as refused:
        return {"product": None, "userErrors": [refused.error]}
    shop.put_product(number, doc)
    return {"product": doc, "userErrors": []}


def delete(_root: Any, info: Any, input: Mapping[str, Any], synchronous: bool = True) -> Doc:
    """``productDelete``: for good."""
    shop: Shop = info.context.shop
    found = shop.product(input["id"])
    if found is None:
        error = {"field": ["id"], "message": "Product does not exist"}
        return {"deletedProductId": None, "userErrors": [error]}
    shop.count_variants(len(found[1]["variants"]), 0, 0)
    shop.books.remove(found[0])
    return {"deletedProductId": input["id"], "userErrors": []}
