"""Sales channels: a product is seen on those it was published on, once it is active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.shopify.sandbox_store.books import Doc
from channels.shopify.sandbox_store.lists import connection
from channels.shopify.sandbox_store.shop import PUBLICATIONS, Shop


def publish(_root: Any, info: Any, id: str, input: Sequence[Mapping[str, Any]]) -> Doc:
    """``publishablePublish``; publishing what is published is no error."""
    return _change(info, id, input, on=True)


def unpublish(_root: Any, info: Any, id: str, input: Sequence[Mapping[str, Any]]) -> Doc:
    """``publishableUnpublish``; taking off what is not on is no error."""
    return _change(info, id, input, on=False)


def _change(info: Any, reference: str, given: Sequence[Mapping[str, Any]], *, on: bool) -> Doc:
    shop: Shop = info.context.shop
    found = shop.product(reference)
    if found is None:
        return _refused(["id"], "Resource does not exist")
    number, doc = found
    channels = {p["id"]: p for p in shop.publications()}
    published = dict(doc["publications"])
    for place, entry in enumerate(given):
        path = ["input", str(place), "publicationId"]
        channel = channels.get(entry.get("publicationId") or "")
        if channel is None:
            return _refused(path, "Publication does not exist")
        date = entry.get("publishDate")
        if date and str(date) > shop.stamp() and not channel["supportsFuturePublishing"]:
            return _refused([*path[:2], "publishDate"], "Cannot publish in the future there")
        if on:
            published.setdefault(channel["id"], str(date or shop.stamp()))
        else:
            published.pop(channel["id"], None)
    doc = doc | {"publications": published}
    shop.put_product(number, doc)
    return {"publishable": doc, "shop": {}, "userErrors": []}


def _refused(path: Sequence[str], message: str) -> Doc:
    error = {"field": list(path), "message": message}
    return {"publishable": None, "shop": {}, "userErrors": [error]}


def listed(root: Any, info: Any, **args: Any) -> Any:
    """``publications``."""
    return connection(info.context.shop.publications(), args, whole=info.context.bulk)


def published_on(root: Doc, _info: Any, publicationId: str) -> bool:
    """``publishedOnPublication``."""
    return publicationId in root["publications"]


def of_product(root: Doc, info: Any, onlyPublished: bool = True, **args: Any) -> Any:
    """``resourcePublicationsV2`` and ``resourcePublications`` of a product."""
    channels = {p["id"]: p for p in info.context.shop.publications()}
    rows = [
        {
            "publication": channels[p],
            "isPublished": root["status"] == "ACTIVE",
            "publishDate": date,
            "publishable": root,
        }
        for p, date in root["publications"].items()
        if p in channels
    ]
    return connection(rows, args, whole=info.context.bulk)


def online_url(root: Doc, info: Any) -> str | None:
    """``onlineStoreUrl``: only of an active product that is published on the online store."""
    shop: Shop = info.context.shop
    online = next(p["id"] for p in shop.publications() if p["name"] == PUBLICATIONS[0])
    if root["status"] not in ("ACTIVE", "UNLISTED") or online not in root["publications"]:
        return None
    return f"https://{shop.domain}/products/{root['handle']}"
