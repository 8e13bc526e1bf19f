"""productSet with its sharp edges: lists that are sent replace everything, identifiers must agree with the input.

Whatever is refused is refused before anything is written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from channels.shopify.sandbox_store import files, metafields, variants
from channels.shopify.sandbox_store.books import Doc, gid, split_gid
from channels.shopify.sandbox_store.shop import Refused, Shop, namespace

_PLAIN = (
    "title",
    "descriptionHtml",
    "vendor",
    "productType",
    "status",
    "templateSuffix",
    "category",
)
_TEXTS = ("title", "descriptionHtml", "vendor", "productType")


def set_product(
    _root: Any,
    info: Any,
    input: Mapping[str, Any],
    identifier: Mapping[str, Any] | None = None,
    synchronous: bool = True,
) -> Doc:
    """``productSet``. Inside of a bulk run it is always synchronous."""
    shop: Shop = info.context.shop
    doc, errors = _set(shop, input, identifier)
    if synchronous or info.context.bulk:
        return {"product": doc, "productSetOperation": None, "userErrors": errors}
    number = shop.books.next_number()
    operation = {
        "__typename": "ProductSetOperation",
        "id": gid("ProductSetOperation", number),
        "status": "CREATED",
        "polls": shop.terms.operation_polls,
        "product": doc["id"] if doc else None,
        "userErrors": errors,
    }
    shop.books.put(number, "Operation", operation)
    shown = operation | {"product": None, "userErrors": []}
    return {"product": None, "productSetOperation": shown, "userErrors": []}


def _set(
    shop: Shop, given: Mapping[str, Any], identifier: Mapping[str, Any] | None
) -> tuple[Doc | None, list[Doc]]:
    try:
        known = _target(shop, given, identifier)
        number = known[0] if known else shop.books.next_number()
        doc = _product(shop, given, identifier or {}, known[1] if known else None, number)
    except Refused as refused:
        return None, [refused.error]
    shop.put_product(number, doc)
    return doc, []


def _target(
    shop: Shop, given: Mapping[str, Any], identifier: Mapping[str, Any] | None
) -> tuple[int, Doc] | None:
    """What is to be changed, None for a new product. Raises Refused when identifier and input disagree."""
    if not identifier:
        if not given.get("id"):
            return None
        found = shop.product(given["id"])
        if found is None:
            raise Refused("PRODUCT_DOES_NOT_EXIST", ("input", "id"), "Product does not exist")
        return found
    if given.get("id") is not None and identifier.get("id") is None:
        message = "The id field is not allowed if identifier is provided."
        raise Refused("ID_NOT_ALLOWED", ("input", "id"), message)
    for name in ("id", "handle"):
        if identifier.get(name) is not None:
            _agrees(name, identifier[name], given)
    if identifier.get("customId") is not None:
        _holds_custom(identifier["customId"], given)
    number = shop.number_by(identifier)
    doc = shop.books.get("Product", number) if number is not None else None
    if doc is None and identifier.get("id") is not None:
        message = "Resource matching the identifier was not found."
        raise Refused("NOT_FOUND", ("identifier", "id"), message)
    return None if number is None or doc is None else (number, doc)


def _agrees(name: str, value: str, given: Mapping[str, Any]) -> None:
    if given.get(name) is None:
        if name == "id":
            return
        message = "The input field corresponding to the identifier is required."
        raise Refused("MISSING_FIELD_REQUIRED", ("input", name), message)
    if given[name] != value:
        message = "The identifier value does not match the value of the corresponding field."
        raise Refused("INPUT_MISMATCH", ("identifier", name), message)


def _holds_custom(custom: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    if "metafields" not in given:
        return
    wanted = (namespace(custom.get("namespace")), custom["key"], custom["value"])
    for field in given["metafields"] or ():
        if (namespace(field.get("namespace")), field.get("key"), field.get("value")) == wanted:
            return
    message = "The input argument `metafields` must contain the `customId` value."
    raise Refused("METAFIELD_MISMATCH", ("identifier", "customId"), message)


def _product(
    shop: Shop,
    given: Mapping[str, Any],
    identifier: Mapping[str, Any],
    known: Doc | None,
    number: int,
) -> Doc:
    doc = dict(known) if known else _blank(shop, number)
    scalars(shop, doc, given, number, new=known is None)
    doc["metafields"] = _metafields(shop, given, identifier, doc, number)
    before = len(doc["variants"])
    old = {v["id"] for v in doc["variants"]}
    sources = _check_files(shop, given)
    doc["options"], doc["variants"] = _variants(shop, given, doc)
    made = sum(1 for v in doc["variants"] if v["id"] not in old)
    shop.count_variants(before, len(doc["variants"]), made)
    if "files" in given:
        doc["media"] = _files(shop, given["files"] or (), sources)
    for entry, variant in _paired(given, doc):
        file = entry.get("file")
        if file:
            variant["media"] = file.get("id") or sources[file["originalSource"]]
    if "collections" in given:
        doc["collections"] = list(given["collections"] or ())
    return doc


def _blank(shop: Shop, number: int) -> Doc:
    return {
        "__typename": "Product",
        "id": gid("Product", number),
        "title": "",
        "handle": "",
        "descriptionHtml": "",
        "vendor": shop.name,
        "productType": "",
        "tags": [],
        "status": "ACTIVE",
        "templateSuffix": None,
        "category": None,
        "seo": {"title": None, "description": None},
        "options": [],
        "variants": [],
        "media": [],
        "metafields": [],
        "collections": [],
        "publications": {},
        "createdAt": shop.stamp(),
        "updatedAt": shop.stamp(),
    }


def scalars(shop: Shop, doc: Doc, given: Mapping[str, Any], number: int, *, new: bool) -> None:
    """Take over what an input says of the plain fields. Raises Refused."""
    for name in _PLAIN:
        if name in given:
            doc[name] = given[name]
    for name in _TEXTS:
        doc[name] = doc[name] or ""
    if not doc["title"].strip():
        raise Refused("INVALID_PRODUCT", ("input", "title"), "Title can't be blank")
    if len(doc["title"]) > 255:
        raise Refused("INVALID_PRODUCT", ("input", "title"), "Title is too long (maximum is 255)")
    if doc["category"] is not None and "/TaxonomyCategory/" not in doc["category"]:
        raise Refused("INVALID_PRODUCT", ("input", "category"), "Category does not exist")
    if given.get("seo") is not None:
        doc["seo"] = doc["seo"] | dict(given["seo"])
    if "tags" in given:
        doc["tags"] = sorted(
            {t.strip() for t in given["tags"] or () if t.strip()}, key=str.casefold
        )
    if given.get("handle"):
        doc["handle"] = slug(given["handle"])
        if any(n != number for n in shop.books.numbers("handle", doc["handle"])):
            message = f"Handle '{doc['handle']}' already in use. Please provide a new handle."
            raise Refused("HANDLE_NOT_UNIQUE", ("input", "handle"), message)
    elif new:
        doc["handle"] = _free_handle(shop, doc["title"])
    doc["updatedAt"] = shop.stamp()


def slug(text: str) -> str:
    """A handle as the shop spells it."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "-", plain.casefold()).strip("-")


def _free_handle(shop: Shop, title: str) -> str:
    wanted = slug(title) or "product"
    handle, count = wanted, 0
    while shop.books.numbers("handle", handle):
        count += 1
        handle = f"{wanted}-{count}"
    return handle


def _metafields(
    shop: Shop, given: Mapping[str, Any], identifier: Mapping[str, Any], doc: Doc, number: int
) -> list[Doc]:
    path = ("input", "metafields")
    if "metafields" in given:
        return metafields.merged(shop, given["metafields"] or (), doc["metafields"], path, number)
    custom = identifier.get("customId")
    if custom is None:
        return list(doc["metafields"])
    space = namespace(custom.get("namespace"))
    kept = [m for m in doc["metafields"] if (m["namespace"], m["key"]) != (space, custom["key"])]
    old = next((m for m in doc["metafields"] if m not in kept), None)
    return [*kept, metafields.built(shop, dict(custom), old, path, number)]


def _variants(shop: Shop, given: Mapping[str, Any], doc: Doc) -> tuple[list[Doc], list[Doc]]:
    has_options = given.get("productOptions") is not None
    has_variants = given.get("variants") is not None
    if has_variants and not has_options:
        message = "Must specify product options when updating variants."
        raise Refused("PRODUCT_OPTIONS_INPUT_MISSING", ("input",), message)
    if has_options and not has_variants:
        message = "Must specify variants when updating options."
        raise Refused("VARIANTS_INPUT_MISSING", ("input",), message)
    if not has_options:
        if doc["variants"]:
            return doc["options"], doc["variants"]
        return variants.default(shop)
    path = ("input", "productOptions")
    chosen = variants.options(shop, given["productOptions"], doc["options"], path)
    path = ("input", "variants")
    built = variants.build(shop, given["variants"], chosen, doc["variants"], path)
    if not built:
        return variants.default(shop)
    return _used(chosen, built), built


def _used(chosen: Sequence[Doc], built: Sequence[Doc]) -> list[Doc]:
    """The options with a note which of their values a variant has."""
    taken = {(o["name"], o["value"]) for v in built for o in v["selectedOptions"]}
    return [
        o
        | {
            "values": [v["name"] for v in o["optionValues"] if (o["name"], v["name"]) in taken],
            "optionValues": [
                v | {"hasVariants": (o["name"], v["name"]) in taken} for v in o["optionValues"]
            ],
        }
        for o in chosen
    ]


def _check_files(shop: Shop, given: Mapping[str, Any]) -> dict[str, str]:
    """Raises Refused for a file that cannot be had; what it returns is filled when they are made."""
    listed = given.get("files") or ()
    for place, entry in enumerate(listed):
        path = ("input", "files", str(place))
        if entry.get("id"):
            if files.find(shop, entry["id"]) is None:
                raise Refused("INVALID_INPUT", (*path, "id"), f"File {entry['id']} does not exist")
        elif entry.get("originalSource"):
            try:
                files.check(shop, entry, path)
            except Refused as refused:
                refused.error["code"] = "INVALID_INPUT"
                raise
        else:
            raise Refused("INVALID_INPUT", path, "File needs an id or an original source")
    held = {e.get("id") or e.get("originalSource") for e in listed}
    for place, entry in enumerate(given.get("variants") or ()):
        file = entry.get("file")
        if file and (file.get("id") or file.get("originalSource")) not in held:
            where = ("input", "variants", str(place), "file")
            raise Refused("INVALID_VARIANT", where, "The file must be among the product's files")
    return {}


def _files(shop: Shop, given: Sequence[Mapping[str, Any]], sources: dict[str, str]) -> list[str]:
    media = []
    for place, entry in enumerate(given):
        if entry.get("id"):
            doc = files.find(shop, entry["id"])
            assert doc is not None
            if entry.get("alt") is not None and entry["alt"] != doc["alt"]:
                files.put(shop, split_gid(doc["id"])[1], doc | {"alt": entry["alt"]})
            media.append(doc["id"])
            continue
        doc = files.make(shop, entry, ("input", "files", str(place)))
        sources[entry["originalSource"]] = doc["id"]
        media.append(doc["id"])
    return media


def _paired(given: Mapping[str, Any], doc: Doc) -> list[tuple[Mapping[str, Any], Doc]]:
    by_values = {variants.values(v): v for v in doc["variants"]}
    by_id = {v["id"]: v for v in doc["variants"]}
    pairs = []
    for entry in given.get("variants") or ():
        named = {v.get("optionName"): v.get("name") for v in entry["optionValues"]}
        known = tuple(named.get(o["name"], "") or "" for o in doc["options"])
        variant = by_id.get(entry.get("id") or "") or by_values.get(known)
        if variant is not None:
            pairs.append((entry, variant))
    return pairs
