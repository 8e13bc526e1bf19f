"""What queries show: products, variants, files and the shop, by id, by key, by page and by search words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from channels.shopify.sandbox_store import files, publishing, shop_view
from channels.shopify.sandbox_store.books import Doc, gid, split_gid
from channels.shopify.sandbox_store.lists import connection, read_page
from channels.shopify.sandbox_store.metafields import definition_view
from channels.shopify.sandbox_store.search import Search, parse
from channels.shopify.sandbox_store.shop import Call, Refused, Shop
from channels.shopify.sandbox_store.shop import namespace as full_name

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
        return shop.bulk_runner.look(number, info.context.address)
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
        and (namespace is None or d["namespace"] == full_name(namespace))
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
        doc = shop.definition(full_name(identifier.get("namespace")), identifier["key"])
    else:
        doc = shop.books.get("MetafieldDefinition", split_gid(id)[1])
    return definition_view(doc) if doc else None


def _shop(info: Any) -> Shop:
    shop: Shop = info.context.shop
    return shop


QUERIES: Mapping[str, Callable[..., Any]] = {
    "shop": shop_view.shop,
    "publicApiVersions": shop_view.versions,
    "currentAppInstallation": shop_view.installation,
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
