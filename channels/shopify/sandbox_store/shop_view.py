"""What the shop says of itself: plan, limits, versions, what the app may do, and a few leaves of the taxonomy."""

from __future__ import annotations

from typing import Any

from channels.shopify.sandbox_store.books import Doc
from channels.shopify.sandbox_store.lists import connection
from channels.shopify.sandbox_store.shop import Shop

CATEGORIES = {
    "hg-3-4-2": "Home & Garden > Decor > Artwork > Posters, Prints, & Visual Artwork",
    "hg-3-4": "Home & Garden > Decor > Artwork",
    "so-2-3": "Software > Digital Goods & Currency > Digital Artwork",
    "so-2": "Software > Digital Goods & Currency",
    "ae-2": "Arts & Entertainment > Hobbies & Creative Arts",
}
"""A few leaves of the taxonomy, enough to look one up."""


def shop(_root: Any, info: Any) -> Doc:
    """``shop``."""
    ours: Shop = info.context.shop
    plus = ours.terms.plus
    return {
        "__typename": "Shop",
        "id": "gid://shopify/Shop/1",
        "name": ours.name,
        "email": "seller@example.com",
        "myshopifyDomain": ours.domain,
        "url": f"https://{ours.domain}",
        "currencyCode": ours.terms.currency,
        "ianaTimezone": "Etc/UTC",
        "plan": {
            "publicDisplayName": "Shopify Plus" if plus else "Basic",
            "displayName": "Shopify Plus" if plus else "Basic",
            "shopifyPlus": plus,
            "partnerDevelopment": False,
        },
        "resourceLimits": {
            "maxProductVariants": ours.terms.max_variants,
            "maxProductOptions": 3,
            "locationLimit": 10,
            "redirectLimitReached": False,
        },
    }


def versions(_root: Any, _info: Any) -> list[Doc]:
    """``publicApiVersions``."""
    from channels.shopify.schema import VERSIONS

    return [{"handle": v, "displayName": v, "supported": v != "unstable"} for v in VERSIONS]


def installation(_root: Any, info: Any) -> Doc:
    """``currentAppInstallation``."""
    scopes = [{"handle": s, "description": s} for s in info.context.shop.terms.scopes]
    return {"id": "gid://shopify/AppInstallation/1", "accessScopes": scopes}


def categories(_root: Any, info: Any, search: str | None = None, **args: Any) -> Any:
    """``taxonomy.categories``: those whose whole name has all the words."""
    words = (search or "").casefold().split()
    found = [
        c for c in map(category, CATEGORIES) if all(w in c["fullName"].casefold() for w in words)
    ]
    return connection(found, args, whole=info.context.bulk)


def category(short: str) -> Doc:
    """A category by the last part of its id."""
    full = CATEGORIES.get(short, short)
    return {
        "__typename": "TaxonomyCategory",
        "id": f"gid://shopify/TaxonomyCategory/{short}",
        "name": full.rpartition(" > ")[2],
        "fullName": full,
        "isLeaf": True,
        "isRoot": False,
        "isArchived": False,
        "level": full.count(" > ") + 1,
    }
