"""Variants of a product: built from what productSet was given, and changed in place by the price path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.shopify.sandbox_store import metafields, money
from channels.shopify.sandbox_store.books import Doc, gid, split_gid
from channels.shopify.sandbox_store.shop import Refused, Shop

Combination = tuple[str, ...]
DEFAULT = "Default Title"


def options(
    shop: Shop, given: Sequence[Mapping[str, Any]], known: Sequence[Doc], path: Sequence[str]
) -> list[Doc]:
    """The options with their values, each with the id that it had. Raises Refused."""
    if len(given) > 3:
        raise Refused("OPTIONS_OVER_LIMIT", path, "Can only specify a maximum of 3 options")
    found: list[Doc] = []
    for place, entry in enumerate(given):
        here = (*path, str(place))
        old = next((o for o in known if o["id"] == entry.get("id")), None)
        name = entry.get("name") or (old or {}).get("name")
        old = old or next((o for o in known if o["name"] == name), None)
        if not name:
            raise Refused("INVALID_INPUT", (*here, "name"), "Option name can't be blank")
        if any(o["name"].casefold() == name.casefold() for o in found):
            raise Refused("DUPLICATED_OPTION_NAME", here, f"Option '{name}' is given twice")
        if not entry.get("values"):
            raise Refused("OPTION_VALUES_MISSING", here, f"Option '{name}' has no values")
        number = split_gid(old["id"])[1] if old else shop.books.next_number()
        found.append(
            {
                "id": gid("ProductOption", number),
                "name": name,
                "position": place + 1,
                "optionValues": _values(shop, entry["values"], old, here),
            }
        )
    return found


def _values(
    shop: Shop, given: Sequence[Mapping[str, Any]], option: Doc | None, path: Sequence[str]
) -> list[Doc]:
    known = (option or {}).get("optionValues", ())
    found: list[Doc] = []
    for entry in given:
        old = next((v for v in known if v["id"] == entry.get("id")), None)
        name = entry.get("name") or (old or {}).get("name")
        old = old or next((v for v in known if v["name"] == name), None)
        if not name:
            raise Refused("OPTION_VALUE_DOES_NOT_EXIST", path, "Option value has no name")
        if any(v["name"].casefold() == name.casefold() for v in found):
            raise Refused("DUPLICATED_OPTION_VALUE", path, f"Option value '{name}' is given twice")
        number = split_gid(old["id"])[1] if old else shop.books.next_number()
        found.append({"id": gid("ProductOptionValue", number), "name": name})
    return found


def default(shop: Shop) -> tuple[list[Doc], list[Doc]]:
    """The option and the variant of a product that was made with neither."""
    chosen = options(shop, [{"name": "Title", "values": [{"name": DEFAULT}]}], (), ())
    given = {"optionValues": [{"optionName": "Title", "name": DEFAULT}]}
    return chosen, [_variant(shop, given, None, (DEFAULT,), chosen, 1, ())]


def build(
    shop: Shop,
    given: Sequence[Mapping[str, Any]],
    chosen: Sequence[Doc],
    known: Sequence[Doc],
    path: Sequence[str],
) -> list[Doc]:
    """The whole list of variants: known ones by id or by their values, others new. Raises Refused."""
    if len(given) > shop.terms.max_variants:
        most = shop.terms.max_variants
        raise Refused("VARIANTS_OVER_LIMIT", path, f"exceeds the limit of {most} variants")
    by_id = {v["id"]: v for v in known}
    by_values = {values(v): v for v in known}
    found: dict[Combination, Doc] = {}
    for place, entry in enumerate(given):
        here = (*path, str(place))
        combination = _combination(entry["optionValues"], chosen, here)
        if combination in found:
            name = " / ".join(combination)
            raise Refused("INVALID_VARIANT", here, f"The variant '{name}' already exists.")
        if entry.get("id") is not None and entry["id"] not in by_id:
            message = f"Variant {entry['id']} does not exist"
            raise Refused("PRODUCT_VARIANT_DOES_NOT_EXIST", (*here, "id"), message)
        old = by_id.get(entry.get("id") or "") or by_values.get(combination)
        found[combination] = _variant(shop, entry, old, combination, chosen, place + 1, here)
    ids = [v["id"] for v in found.values()]
    if len(set(ids)) != len(ids):
        raise Refused("DUPLICATED_VALUE", path, "The same variant is given twice")
    return sorted(found.values(), key=lambda v: v["position"])


def values(variant: Mapping[str, Any]) -> Combination:
    """The option values of a variant, in the order of the options."""
    return tuple(o["value"] for o in variant["selectedOptions"])


def _combination(
    given: Sequence[Mapping[str, Any]], chosen: Sequence[Doc], path: Sequence[str]
) -> Combination:
    named: dict[str, str] = {}
    for place, entry in enumerate(given):
        here = (*path, "optionValues", str(place))
        option = next(
            (
                o
                for o in chosen
                if entry.get("optionId", o["id"]) == o["id"]
                and entry.get("optionName", o["name"]) == o["name"]
            ),
            None,
        )
        if option is None or not (entry.get("optionId") or entry.get("optionName")):
            raise Refused("OPTION_DOES_NOT_EXIST", here, "Option does not exist")
        value = next(
            (
                v
                for v in option["optionValues"]
                if v["id"] == entry.get("id") or v["name"] == entry.get("name")
            ),
            None,
        )
        if value is None:
            raise Refused("OPTION_VALUE_DOES_NOT_EXIST", here, "Option value does not exist")
        named[option["name"]] = value["name"]
    if len(named) != len(chosen):
        raise Refused("INVALID_VARIANT", path, "You need to add option values for every option")
    return tuple(named[o["name"]] for o in chosen)


def _variant(
    shop: Shop,
    given: Mapping[str, Any],
    old: Doc | None,
    combination: Combination,
    chosen: Sequence[Doc],
    position: int,
    path: Sequence[str],
) -> Doc:
    number = split_gid(old["id"])[1] if old else shop.books.next_number()
    doc = dict(old) if old else _blank(shop, number)
    doc["selectedOptions"] = [
        {"name": o["name"], "value": v} for o, v in zip(chosen, combination, strict=True)
    ]
    doc["title"] = " / ".join(combination)
    doc["position"] = given.get("position") or position
    return changed(shop, doc, given, path, "INVALID_VARIANT")


def _blank(shop: Shop, number: int) -> Doc:
    now = shop.stamp()
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", number),
        "sku": None,
        "price": "0.00",
        "compareAtPrice": None,
        "barcode": None,
        "taxable": True,
        "inventoryPolicy": "DENY",
        "inventoryItem": {
            "id": gid("InventoryItem", number),
            "tracked": False,
            "requiresShipping": True,
            "sku": None,
            "unitCost": None,
        },
        "media": None,
        "metafields": [],
        "createdAt": now,
        "updatedAt": now,
    }


_PLAIN = ("sku", "barcode", "taxable", "inventoryPolicy")


def changed(shop: Shop, doc: Doc, given: Mapping[str, Any], path: Sequence[str], code: str) -> Doc:
    """A variant with what an input changes. Raises Refused with ``code`` for a bad amount."""
    doc = doc | {n: given[n] for n in _PLAIN if n in given}
    if given.get("price") is not None:
        doc["price"] = money.stored(given, "price", path, code)
    if "compareAtPrice" in given:
        doc["compareAtPrice"] = money.stored(given, "compareAtPrice", path, code)
    item = given.get("inventoryItem")
    if item:
        known = doc["inventoryItem"]
        known = known | {n: item[n] for n in ("tracked", "requiresShipping", "sku") if n in item}
        if item.get("cost") is not None:
            cost = money.stored(item, "cost", (*path, "inventoryItem"), code)
            known["unitCost"] = {"amount": cost, "currencyCode": shop.terms.currency}
        doc["inventoryItem"] = known
    if doc["inventoryItem"]["sku"] and "sku" not in given:
        doc["sku"] = doc["inventoryItem"]["sku"]
    doc["inventoryItem"] = doc["inventoryItem"] | {"sku": doc["sku"]}
    if "metafields" in given:
        owner = split_gid(doc["id"])[1]
        here = (*path, "metafields")
        doc["metafields"] = metafields.merged(
            shop, given["metafields"] or (), doc["metafields"], here, owner
        )
    return doc


def update(
    _root: Any,
    info: Any,
    productId: str,
    variants: Sequence[Mapping[str, Any]],
    allowPartialUpdates: bool = False,
    **_media: Any,
) -> Doc:
    """``productVariantsBulkUpdate``: all or nothing, unless partial updates are allowed."""
    shop: Shop = info.context.shop
    found = shop.product(productId)
    if found is None:
        return _payload(None, (), [_no_product()])
    number, doc = found
    by_id = {v["id"]: v for v in doc["variants"]}
    errors, done = [], []
    for place, given in enumerate(variants):
        try:
            done.append(_updated(shop, given, by_id, ("variants", str(place))))
        except Refused as refused:
            errors.append(refused.error)
    if errors and not allowPartialUpdates:
        return _payload(doc, (), errors)
    fresh = {v["id"]: v for v in done}
    kept = [fresh.get(v["id"], v) for v in doc["variants"]]
    doc = doc | {"variants": kept, "updatedAt": shop.stamp()}
    shop.put_product(number, doc)
    return _payload(doc, done, errors)


def _updated(
    shop: Shop, given: Mapping[str, Any], known: Mapping[str, Doc], path: Sequence[str]
) -> Doc:
    if not given.get("id"):
        raise Refused("PRODUCT_VARIANT_ID_MISSING", (*path, "id"), "Product variant is missing ID")
    if given["id"] not in known:
        message = "Product variant does not exist"
        raise Refused("PRODUCT_VARIANT_DOES_NOT_EXIST", (*path, "id"), message)
    price = given.get("price")
    code = (
        "NEGATIVE_PRICE_VALUE" if price is not None and money.parsed(price) < 0 else "INVALID_VALUE"
    )
    doc = changed(shop, known[given["id"]], given, path, code)
    return doc | {"updatedAt": shop.stamp()}


def _payload(doc: Doc | None, done: Sequence[Doc], errors: Sequence[Doc]) -> Doc:
    variants = [v | {"product": doc} for v in done] if doc is not None else None
    return {"product": doc, "productVariants": variants, "userErrors": list(errors)}


def _no_product() -> Doc:
    message = "Product does not exist"
    return {"code": "PRODUCT_DOES_NOT_EXIST", "field": ["productId"], "message": message}
