"""The parts of a product and a variant that a query may choose, each by its own resolver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from channels.shopify.sandbox_store import files, publishing
from channels.shopify.sandbox_store.books import Doc, split_gid
from channels.shopify.sandbox_store.lists import connection
from channels.shopify.sandbox_store.shop import Shop, namespace
from channels.shopify.sandbox_store.shop_view import categories, category


def variants_of(root: Doc, info: Any, **args: Any) -> Any:
    """``product.variants``."""
    rows = [v | {"product": root} for v in root["variants"]]
    return connection(rows, args, whole=info.context.bulk)


def media_of(root: Doc, info: Any, **args: Any) -> Any:
    """``media`` of a product or a variant."""
    held = root["media"] if isinstance(root["media"], list) else [root["media"]]
    shop = _shop(info)
    known = (files.find(shop, m) for m in held if m)
    shown = [files.poll(shop, doc) for doc in known if doc is not None]
    return connection(shown, args, whole=info.context.bulk)


def image_of(root: Doc, info: Any, **_args: Any) -> Any:
    """``image`` of a variant."""
    shop = _shop(info)
    doc = files.find(shop, root["media"]) if root["media"] else None
    return files.view(shop, doc)["image"] if doc else None


def featured(root: Doc, info: Any) -> Doc | None:
    """``featuredMedia``: the first."""
    shop = _shop(info)
    doc = files.find(shop, root["media"][0]) if root["media"] else None
    return files.view(shop, doc) if doc else None


def metafield_of(root: Doc, info: Any, key: str, namespace: str | None = None) -> Doc | None:
    """``metafield`` of a product or a variant."""
    space = _space(namespace)
    for field in root["metafields"]:
        if (field["namespace"], field["key"]) == (space, key):
            return _value(field, root)
    return None


def metafields_of(
    root: Doc,
    info: Any,
    namespace: str | None = None,
    keys: Sequence[str] | None = None,
    **args: Any,
) -> Any:
    """``metafields`` of a product or a variant."""
    found = root["metafields"]
    if namespace is not None:
        found = [m for m in found if m["namespace"] == _space(namespace)]
    if keys is not None:
        found = [m for m in found if f"{m['namespace']}.{m['key']}" in keys or m["key"] in keys]
    return connection([_value(m, root) for m in found], args, whole=info.context.bulk)


_space = namespace


def _value(field: Doc, owner: Doc) -> Doc:
    return field | {"owner": owner, "jsonValue": field["value"], "sizeInBytes": len(field["value"])}


def options_of(root: Doc, _info: Any, first: int | None = None) -> list[Doc]:
    """``options``."""
    options: list[Doc] = root["options"]
    return options if first is None else options[:first]


def prices(root: Doc, info: Any) -> Doc:
    """``priceRangeV2``."""
    amounts = sorted(Decimal(v["price"]) for v in root["variants"]) or [Decimal(0)]
    shown = [{"amount": str(a), "currencyCode": _shop(info).terms.currency} for a in amounts]
    return {"minVariantPrice": shown[0], "maxVariantPrice": shown[-1]}


PARTS: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("Product", "variants"): variants_of,
    ("Product", "media"): media_of,
    ("Product", "metafield"): metafield_of,
    ("Product", "metafields"): metafields_of,
    ("Product", "options"): options_of,
    ("Product", "category"): lambda r, _i: (
        category(r["category"].rpartition("/")[2]) if r["category"] else None
    ),
    ("Product", "featuredMedia"): featured,
    ("Product", "variantsCount"): lambda r, _i: _exact(len(r["variants"])),
    ("Product", "mediaCount"): lambda r, _i: _exact(len(r["media"])),
    ("Product", "priceRangeV2"): prices,
    ("Product", "onlineStoreUrl"): publishing.online_url,
    ("Product", "onlineStorePreviewUrl"): publishing.online_url,
    ("Product", "publishedOnPublication"): publishing.published_on,
    ("Product", "resourcePublications"): publishing.of_product,
    ("Product", "resourcePublicationsV2"): publishing.of_product,
    ("Product", "resourcePublicationsCount"): lambda r, _i, **_a: _exact(len(r["publications"])),
    ("Product", "publishedAt"): lambda r, _i: min(r["publications"].values(), default=None),
    ("Product", "legacyResourceId"): lambda r, _i: str(split_gid(r["id"])[1]),
    ("Product", "totalInventory"): lambda _r, _i: 0,
    ("Product", "tracksInventory"): lambda r, _i: any(
        v["inventoryItem"]["tracked"] for v in r["variants"]
    ),
    ("Product", "hasOnlyDefaultVariant"): lambda r, _i: (
        [v["title"] for v in r["variants"]] == ["Default Title"]
    ),
    ("Product", "isGiftCard"): lambda _r, _i: False,
    ("ProductVariant", "media"): media_of,
    ("ProductVariant", "image"): image_of,
    ("ProductVariant", "metafield"): metafield_of,
    ("ProductVariant", "metafields"): metafields_of,
    ("ProductVariant", "displayName"): lambda r, _i: f"{r['product']['title']} - {r['title']}",
    ("ProductVariant", "legacyResourceId"): lambda r, _i: str(split_gid(r["id"])[1]),
    ("ProductVariant", "availableForSale"): lambda _r, _i: True,
    ("Taxonomy", "categories"): categories,
}


def _exact(count: int) -> Doc:
    return {"count": count, "precision": "EXACT"}


def _shop(info: Any) -> Shop:
    shop: Shop = info.context.shop
    return shop
