"""Metafields and their definitions: values are checked against their type, unique ones stay unique."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from channels.shopify.sandbox_store.books import Doc, gid, split_gid
from channels.shopify.sandbox_store.shop import Refused, Shop, custom_key, namespace

_NAME = re.compile(r"[A-Za-z0-9_-]{2,64}")
_SPACE = re.compile(r"[A-Za-z0-9_-]{3,255}")
UNIQUE_TYPES = ("id", "single_line_text_field", "number_integer", "url")


def _number(value: str) -> bool:
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def _date(value: str) -> bool:
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


TYPES: Mapping[str, Callable[[str], bool]] = {
    "id": lambda v: bool(v) and "\n" not in v and len(v) <= 255,
    "single_line_text_field": lambda v: "\n" not in v,
    "multi_line_text_field": lambda v: True,
    "rich_text_field": _json,
    "number_integer": lambda v: re.fullmatch(r"-?\d{1,16}", v) is not None,
    "number_decimal": _number,
    "boolean": lambda v: v in ("true", "false"),
    "json": _json,
    "url": lambda v: re.match(r"(https?|mailto|sms|tel):", v) is not None,
    "date": _date,
    "date_time": _date,
    "color": lambda v: re.fullmatch(r"#[0-9A-Fa-f]{6}", v) is not None,
    "file_reference": lambda v: v.startswith("gid://shopify/"),
    "product_reference": lambda v: split_gid(v)[0] == "Product",
}


def built(
    shop: Shop, given: Mapping[str, Any], known: Doc | None, path: Sequence[str], owner: int
) -> Doc:
    """A metafield from its input. Raises Refused for a wrong type or value, or a value that is taken."""
    space = namespace(given.get("namespace") or (known or {}).get("namespace"))
    key = given.get("key") or (known or {}).get("key") or ""
    definition = shop.definition(space, key)
    kind = given.get("type") or (definition or known or {}).get("type")
    if not key or not _NAME.fullmatch(key) or not _SPACE.fullmatch(space):
        raise Refused("INVALID_METAFIELD", path, f"{space}.{key} is no name of a metafield")
    if not kind:
        raise Refused("INVALID_METAFIELD", (*path, "type"), "Type can't be blank")
    if definition is not None and kind != definition["type"]:
        raise Refused(
            "INVALID_METAFIELD",
            (*path, "type"),
            f"Type '{kind}' must be consistent with the definition's type: '{definition['type']}'.",
        )
    value = given["value"] if given.get("value") is not None else (known or {}).get("value")
    _check(str(kind), value, path)
    assert value is not None
    unique = definition is not None and bool(definition["unique"])
    if unique:
        holders = shop.books.numbers("custom", custom_key(space, key, value))
        if any(h != owner for h in holders):
            raise Refused("CAPABILITY_VIOLATION", (*path, "value"), "Value is already in use")
    elif definition is None and shop.books.fact(f"loose {space}.{key}") is None:
        shop.books.set_fact(f"loose {space}.{key}", str(kind))
    now = shop.stamp()
    same = known is not None and known["value"] == value
    return {
        "__typename": "Metafield",
        "id": known["id"] if known else gid("Metafield", shop.books.next_number()),
        "namespace": space,
        "key": key,
        "type": kind,
        "value": value,
        "unique": unique,
        "ownerType": "PRODUCT",
        "compareDigest": hashlib.sha256(f"{kind}\0{value}".encode()).hexdigest(),
        "createdAt": known["createdAt"] if known else now,
        "updatedAt": known["updatedAt"] if known and same else now,
    }


def _check(kind: str, value: str | None, path: Sequence[str]) -> None:
    if value is None or value == "":
        raise Refused("INVALID_METAFIELD", (*path, "value"), "Value can't be blank.")
    inner = kind.removeprefix("list.")
    if inner not in TYPES:
        raise Refused("INVALID_METAFIELD", (*path, "type"), f"Type '{kind}' is not a valid type")
    values = [value]
    if kind != inner:
        if not _json(value) or not isinstance(json.loads(value), list):
            raise Refused("INVALID_METAFIELD", (*path, "value"), "Value must be a JSON array")
        values = [v if isinstance(v, str) else json.dumps(v) for v in json.loads(value)]
    if not all(TYPES[inner](v) for v in values):
        raise Refused("INVALID_METAFIELD", (*path, "value"), f"Value is invalid for type {kind}")


def merged(
    shop: Shop,
    given: Sequence[Mapping[str, Any]],
    known: Sequence[Doc],
    path: Sequence[str],
    owner: int,
) -> list[Doc]:
    """The metafields that were given, in order, each with the id that it had before."""
    before = {(m["namespace"], m["key"]): m for m in known}
    by_id = {m["id"]: m for m in known}
    found: dict[tuple[str, str], Doc] = {}
    for place, entry in enumerate(given):
        name = (namespace(entry.get("namespace")), entry.get("key") or "")
        old = by_id.get(entry.get("id") or "") or before.get(name)
        made = built(shop, entry, old, (*path, str(place)), owner)
        if (made["namespace"], made["key"]) in found:
            raise Refused("DUPLICATED_VALUE", (*path, str(place)), "Metafield is given twice")
        found[made["namespace"], made["key"]] = made
    return list(found.values())


def define(_root: Any, info: Any, definition: Mapping[str, Any]) -> Doc:
    """``metafieldDefinitionCreate``, for products."""
    shop: Shop = info.context.shop
    space, key = namespace(definition.get("namespace")), definition["key"]
    kind = definition["type"]
    unique = (definition.get("capabilities") or {}).get("uniqueValues") or {}
    error = _refusal(shop, definition, space)
    if error is None and unique.get("enabled") and kind not in UNIQUE_TYPES:
        error = ("INVALID_CAPABILITY", "capabilities", f"{kind} can not be unique")
    if error is not None:
        code, name, message = error
        wrong = {"code": code, "field": ["definition", name], "message": message}
        return {"createdDefinition": None, "userErrors": [wrong]}
    number = shop.books.next_number()
    doc = {
        "__typename": "MetafieldDefinition",
        "id": gid("MetafieldDefinition", number),
        "namespace": space,
        "key": key,
        "name": definition["name"],
        "description": definition.get("description"),
        "ownerType": definition["ownerType"],
        "type": kind,
        "unique": kind == "id" or bool(unique.get("enabled")),
    }
    shop.books.put(number, "MetafieldDefinition", doc, [("definition", f"{space}.{key}")])
    return {"createdDefinition": definition_view(doc), "userErrors": []}


def _refusal(shop: Shop, definition: Mapping[str, Any], space: str) -> tuple[str, str, str] | None:
    key, kind = definition["key"], definition["type"]
    if definition["ownerType"] != "PRODUCT":
        return ("INVALID", "ownerType", "the sandbox plays definitions of products only")
    if not _NAME.fullmatch(key) or not _SPACE.fullmatch(space):
        return ("INVALID_CHARACTER", "key", "Key or namespace has characters that are not allowed")
    if kind.removeprefix("list.") not in TYPES:
        return ("INCLUSION", "type", f"Type name {kind} is not a valid type")
    if shop.definition(space, key) is not None:
        return ("TAKEN", "key", f"Key is in use for Product metafields on the '{space}' namespace.")
    if shop.books.fact(f"loose {space}.{key}") is not None and kind == "id":
        return ("UNSTRUCTURED_ALREADY_EXISTS", "key", "There are values without a definition")
    return None


def definition_view(doc: Doc) -> Doc:
    """A definition as it is read."""
    kind = doc["type"]
    return doc | {
        "type": {"name": kind, "category": "TEXT", "supportsDefinitionMigrations": True},
        "capabilities": {
            "uniqueValues": {"eligible": kind in UNIQUE_TYPES, "enabled": doc["unique"]}
        },
        "validations": [],
        "validationStatus": "ALL_VALID",
    }


def set_many(_root: Any, info: Any, metafields: Sequence[Mapping[str, Any]]) -> Doc:
    """``metafieldsSet``: at most 25, all or nothing, compared with ``compareDigest`` where it is given."""
    shop: Shop = info.context.shop
    try:
        return {"metafields": _set_all(shop, metafields), "userErrors": []}
    except Refused as refused:
        error = dict(refused.error, elementIndex=None)
        return {"metafields": [], "userErrors": [error]}


_CODES = {"INVALID_METAFIELD": "INVALID_VALUE"}


def _set_all(shop: Shop, metafields: Sequence[Mapping[str, Any]]) -> list[Doc]:
    if len(metafields) > 25:
        raise Refused("LESS_THAN_OR_EQUAL_TO", ["metafields"], "Exceeded the maximum of 25")
    changed: dict[int, Doc] = {}
    answers = []
    for place, entry in enumerate(metafields):
        path = ("metafields", str(place))
        kind, number = split_gid(entry["ownerId"])
        doc = changed.get(number) or (shop.books.get(kind, number) if kind == "Product" else None)
        if doc is None:
            raise Refused("INVALID", (*path, "ownerId"), "Owner does not exist.")
        name = (namespace(entry.get("namespace")), entry["key"])
        old = next((m for m in doc["metafields"] if (m["namespace"], m["key"]) == name), None)
        if "compareDigest" in entry and entry["compareDigest"] != (old and old["compareDigest"]):
            raise Refused("STALE_OBJECT", (*path, "compareDigest"), "The resource has changed.")
        try:
            made = built(shop, entry, old, path, number)
        except Refused as refused:
            refused.recode(_CODES)
            raise
        kept = [m for m in doc["metafields"] if m is not old]
        changed[number] = doc | {"metafields": [*kept, made], "updatedAt": shop.stamp()}
        answers.append(made)
    for number, doc in changed.items():
        shop.put_product(number, doc)
    return answers


def delete_many(_root: Any, info: Any, metafields: Sequence[Mapping[str, Any]]) -> Doc:
    """``metafieldsDelete``: null for what was not there."""
    shop: Shop = info.context.shop
    gone: list[Doc | None] = []
    for place, entry in enumerate(metafields):
        found = shop.product(entry["ownerId"])
        if found is None:
            path = ["metafields", str(place), "ownerId"]
            return {
                "deletedMetafields": None,
                "userErrors": [{"field": path, "message": "Owner does not exist."}],
            }
        number, doc = found
        name = (namespace(entry.get("namespace")), entry["key"])
        kept = [m for m in doc["metafields"] if (m["namespace"], m["key"]) != name]
        if len(kept) == len(doc["metafields"]):
            gone.append(None)
            continue
        shop.put_product(number, doc | {"metafields": kept, "updatedAt": shop.stamp()})
        gone.append({"ownerId": doc["id"], "namespace": name[0], "key": name[1]})
    return {"deletedMetafields": gone, "userErrors": []}
