"""What queries show: products, variants, files and the shop, by id, by key, by page and by search words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from channels.shopify.sandbox_store import files, publishing
from channels.shopify.sandbox_store.books import Doc, gid, split_gid
from channels.shopify.sandbox_store.lists import connection, read_page
from channels.shopify.sandbox_store.metafields import definition_view
from channels.shopify.sandbox_store.search import Search, parse
from channels.shopify.sandbox_store.shop import Call, Refused, Shop, namespace

SCOPES = (
    "read_products",
    "write_products",
    "read_publications",
    "write_publications",
    "read_files",
    "write_files",
)

CATEGORIES = {
    "hg-3-4-2": "Home & Garden > Decor > Artwork > Posters, Prints, & Visual Artwork",
    "hg-3-4": "Home & Garden > Decor > Artwork",
    "so-2-3": "Software > Digital Goods & Currency > Digital Artwork",
    "so-2": "Software > Digital Goods & Currency",
    "ae-2": "Arts & Entertainment > Hobbies & Creative Arts",
}
"""A few leaves of the taxonomy, enough to look one up."""


# The shop


def shop_view(_root: Any, info: Any) -> Doc:
    """``shop``."""
    shop: Shop = info.context.shop
    plus = shop.terms.plus
    return {
        "__typename": "Shop",
        "id": "gid://shopify/Shop/1",
        "name": shop.name,
        "email": "seller@example.com",
        "myshopifyDomain": shop.domain,
        "url": f"https://{shop.domain}",
        "currencyCode": shop.terms.currency,
        "ianaTimezone": "Etc/UTC",
        "plan": {
            "publicDisplayName": "Shopify Plus" if plus else "Basic",
            "displayName": "Shopify Plus" if plus else "Basic",
            "shopifyPlus": plus,
            "partnerDevelopment": False,
        },
        "resourceLimits": {
            "maxProductVariants": shop.terms.max_variants,
            "maxProductOptions": 3,
            "locationLimit": 10,
            "redirectLimitReached": False,
        },
    }


def versions(_root: Any, _info: Any) -> list[Doc]:
    """``publicApiVersions``."""
    from channels.shopify.schema import VERSIONS

    return [{"handle": v, "displayName": v, "supported": v != "unstable"} for v in VERSIONS]


def installation(_root: Any, _info: Any) -> Doc:
    """``currentAppInstallation``."""
    scopes = [{"handle": s, "description": s} for s in SCOPES]
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


# One thing


def product_by_identifier(_root: Any, info: Any, identifier: Mapping[str, Any]) -> Doc | None:
    """``productByIdentifier``. An unknown custom id finds nothing."""
    try:
        return _shop(info).product_by(identifier, stale=True)
    except Refused:
        return None


def node(_root: Any, info: Any, id: str) -> Doc | None:
    """``node``, and the look-ups by id of one kind."""
    shop = _shop(info)
    kind, number = split_gid(id)
    if kind in files.KINDS:
        doc = files.find(shop, id)
        return files.poll(shop, doc) if doc else None
    if kind == "ProductVariant":
        return _variant(shop, number)
    if kind == "BulkOperation":
        return shop.bulk_runner.look(number) if shop.bulk_runner else None
    if kind == "Publication":
        return next((p for p in shop.publications() if p["id"] == id), None)
    return shop.books.get("Product", number) if kind == "Product" else None


def nodes(_root: Any, info: Any, ids: Sequence[str]) -> list[Doc | None]:
    """``nodes``, in the order asked, null for what is not there."""
    return [node(None, info, i) for i in ids]


def _variant(shop: Shop, number: int) -> Doc | None:
    owner = shop.books.numbers("variant", str(number))
    doc = shop.books.get("Product", owner[0]) if owner else None
    wanted = gid("ProductVariant", number)
    found = next((v for v in (doc or {}).get("variants", ()) if v["id"] == wanted), None)
    return found | {"product": doc} if found else None


# Lists

_DATES = {"created_at": "createdAt", "updated_at": "updatedAt"}
_PRODUCT_FIELDS = (
    "id", "handle", "title", "status", "vendor", "product_type", "tag", "sku", "created_at",
    "updated_at", "published_status",
)  # fmt: skip
_FILE_FIELDS = ("id", "filename", "created_at", "updated_at", "media_type", "status")


def _product_values(doc: Doc) -> Callable[[str], list[str]]:
    def read(name: str) -> list[str]:
        if name.startswith("metafields."):
            wanted = name.removeprefix("metafields.")
            return [
                m["value"] for m in doc["metafields"] if f"{m['namespace']}.{m['key']}" == wanted
            ]
        if name in _DATES:
            return [doc[_DATES[name]]]
        known: dict[str, list[str]] = {
            "id": [str(split_gid(doc["id"])[1])],
            "tag": doc["tags"],
            "sku": [v["sku"] for v in doc["variants"] if v["sku"]],
            "product_type": [doc["productType"]],
            "published_status": ["published" if doc["publications"] else "unpublished"],
            "": [doc["title"], doc["handle"], doc["vendor"], doc["productType"], *doc["tags"]],
        }
        return known.get(name) or [str(doc.get(name) or "")]

    return read


def _file_values(doc: Doc) -> Callable[[str], list[str]]:
    return lambda name: {
        "id": [str(split_gid(doc["id"])[1])],
        "filename": [doc["filename"]],
        "created_at": [doc["createdAt"]],
        "updated_at": [doc["updatedAt"]],
        "media_type": ["IMAGE" if doc["__typename"] == "MediaImage" else "GENERIC_FILE"],
        "": [doc["filename"], doc["alt"]],
    }.get(name, [""])


def products(_root: Any, info: Any, query: str | None = None, **args: Any) -> Any:
    """``products``."""
    search = _parsed(info, query, _PRODUCT_FIELDS)
    indexed = {"handle": "handle", "sku": "sku", "id": "#"}
    return _listed(info, "Product", search, indexed, _product_values, args)


def file_list(_root: Any, info: Any, query: str | None = None, **args: Any) -> Any:
    """``files``."""
    search = _parsed(info, query, _FILE_FIELDS)
    indexed = {"filename": "filename", "id": "#"}
    page = _listed(info, "File", search, indexed, _file_values, args)
    shop = _shop(info)
    shown = {d["id"]: files.poll(shop, d) for d in page["nodes"]}
    edges = page["edges"](info) if callable(page["edges"]) else page["edges"]
    return page | {
        "nodes": [shown[d["id"]] for d in page["nodes"]],
        "edges": [e | {"node": shown[e["node"]["id"]]} for e in edges],
    }


def variant_list(_root: Any, info: Any, query: str | None = None, **args: Any) -> Any:
    """``productVariants``, by product; with search words by sku or product id."""
    search = _parsed(info, query, ("sku", "product_id", "id"))
    shop = _shop(info)

    def values(doc: Doc, variant: Doc) -> Callable[[str], list[str]]:
        return lambda name: {
            "sku": [variant["sku"] or ""],
            "id": [str(split_gid(variant["id"])[1])],
            "product_id": [str(split_gid(doc["id"])[1])],
        }.get(name, [variant["title"]])

    def read(after: int, count: int) -> list[tuple[int, Doc]]:
        found: list[tuple[int, Doc]] = []
        for doc in _every_product(shop):
            for variant in doc["variants"]:
                number = split_gid(variant["id"])[1]
                if number > after and search.fits(values(doc, variant)):
                    found.append((number, variant | {"product": doc}))
        return sorted(found, key=lambda f: f[0])[:count]

    return read_page(read, args, shop.terms.list_end, whole=info.context.bulk)


def _every_product(shop: Shop) -> Any:
    after = 0
    while page := shop.books.page("Product", after):
        yield from (doc for _, doc in page)
        after = page[-1][0]


def _listed(
    info: Any,
    kind: str,
    search: Search,
    indexed: Mapping[str, str],
    values: Callable[[Doc], Callable[[str], list[str]]],
    args: Mapping[str, Any],
) -> Any:
    shop = _shop(info)
    found = _by_index(shop, kind, search, indexed)
    if found is None and (args.get("reverse") or args.get("sortKey") in ("TITLE", "UPDATED_AT")):
        found = [(n, d) for n, d in _pages(shop, kind, 0)]
    if found is not None:
        matching = [d for _, d in sorted(found) if search.fits(values(d))]
        order = {"TITLE": "title", "UPDATED_AT": "updatedAt"}.get(args.get("sortKey") or "")
        if order:
            matching.sort(key=lambda d: str(d[order]))
        return connection(matching, args, whole=info.context.bulk)

    def read(after: int, count: int) -> list[tuple[int, Doc]]:
        call: Call = info.context
        if call.window is not None:
            page = shop.books.page(kind, *call.window)
            call.reached = page[-1][0] if page else 0
            return [(n, d) for n, d in page if search.fits(values(d))]
        taken: list[tuple[int, Doc]] = []
        for number, doc in _pages(shop, kind, after):
            if search.fits(values(doc)):
                taken.append((number, doc))
                if len(taken) == count:
                    break
        return taken

    return read_page(read, args, shop.terms.list_end, whole=info.context.bulk)


def _pages(shop: Shop, kind: str, after: int) -> Any:
    while page := shop.books.page(kind, after):
        yield from page
        after = page[-1][0]


def _by_index(
    shop: Shop, kind: str, search: Search, indexed: Mapping[str, str]
) -> list[tuple[int, Doc]] | None:
    for field, key in indexed.items():
        wanted = search.only(field)
        if wanted is None:
            continue
        numbers: set[int] = set()
        for value in wanted:
            if key == "#":
                numbers.update([int(value)] if value.isdigit() else [split_gid(value)[1]])
            else:
                numbers.update(shop.books.numbers(key, value.casefold()))
        seen = ((n, shop.books.seen(kind, n)) for n in numbers)
        return [(n, d) for n, d in seen if d is not None]
    return None


def _parsed(info: Any, query: str | None, fields: Sequence[str]) -> Search:
    search = parse(query, fields)
    info.context.warnings.extend(search.warnings)
    return search


def counted(kind: str) -> Callable[..., Doc]:
    """``productsCount`` and its like: exact up to the limit that was given."""

    def count(_root: Any, info: Any, limit: int | None = 10_000, **_args: Any) -> Doc:
        shop = _shop(info)
        total = shop.variants() if kind == "ProductVariant" else shop.books.count(kind)
        if limit is not None and total > limit:
            return {"count": limit, "precision": "AT_LEAST"}
        return {"count": total, "precision": "EXACT"}

    return count


# Parts of a product


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


def definitions(
    _root: Any,
    info: Any,
    ownerType: str,
    namespace: str | None = None,
    key: str | None = None,
    **args: Any,
) -> Any:
    """``metafieldDefinitions`` of products."""
    shop = _shop(info)
    known = (doc for _, doc in shop.books.page("MetafieldDefinition"))
    found = [
        definition_view(d)
        for d in known
        if d["ownerType"] == ownerType
        and (namespace is None or d["namespace"] == _space(namespace))
        and (key is None or d["key"] == key)
    ]
    return connection(found, args, whole=info.context.bulk)


def definition(
    _root: Any,
    info: Any,
    identifier: Mapping[str, Any] | None = None,
    id: str | None = None,
) -> Doc | None:
    """``metafieldDefinition``, by name or id."""
    shop = _shop(info)
    if identifier is not None:
        doc = shop.definition(namespace(identifier.get("namespace")), identifier["key"])
    else:
        doc = shop.books.get("MetafieldDefinition", split_gid(id)[1])
    return definition_view(doc) if doc else None


def _shop(info: Any) -> Shop:
    shop: Shop = info.context.shop
    return shop


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


QUERIES: Mapping[str, Callable[..., Any]] = {
    "shop": shop_view,
    "publicApiVersions": versions,
    "currentAppInstallation": installation,
    "taxonomy": lambda _r, _i: {},
    "product": node,
    "productVariant": node,
    "node": node,
    "nodes": nodes,
    "productByIdentifier": product_by_identifier,
    "products": products,
    "productsCount": counted("Product"),
    "productVariants": variant_list,
    "productVariantsCount": counted("ProductVariant"),
    "files": file_list,
    "publications": publishing.listed,
    "metafieldDefinitions": definitions,
    "metafieldDefinition": definition,
}
