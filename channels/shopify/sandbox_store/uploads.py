"""Staged uploads: places that a client may send bytes to, by POST form or by PUT, before it refers to them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any
from urllib.parse import quote

from channels.shopify.sandbox_store.books import Doc
from channels.shopify.sandbox_store.shop import Shop

PATH = "/upload/"
SIZES = {"IMAGE": 20_000_000, "BULK_MUTATION_VARIABLES": 100_000_000, "FILE": 20_000_000}
_KINDS = ("IMAGE", "FILE", "BULK_MUTATION_VARIABLES", "VIDEO", "MODEL_3D", "PRODUCT_IMAGE")


def create(_root: Any, info: Any, input: Sequence[Mapping[str, Any]]) -> Doc:
    """``stagedUploadsCreate``: one place for each input."""
    shop: Shop = info.context.shop
    targets: list[Doc] = []
    errors: list[Doc] = []
    for place, wanted in enumerate(input):
        wrong = _wrong(wanted)
        if wrong:
            errors.append({"field": ["input", str(place), wrong[0]], "message": wrong[1]})
        else:
            targets.append(_target(shop, wanted, info.context.address or shop.address))
    return {"stagedTargets": [] if errors else targets, "userErrors": errors}


def _wrong(wanted: Mapping[str, Any]) -> tuple[str, str] | None:
    if wanted["resource"] not in _KINDS:
        return "resource", f"the sandbox does not play {wanted['resource']}"
    if wanted["resource"] in ("VIDEO", "MODEL_3D") and wanted.get("fileSize") is None:
        return "fileSize", "is required for videos and models"
    if not wanted["filename"].strip():
        return "filename", "can't be blank"
    return None


def _target(shop: Shop, wanted: Mapping[str, Any], address: str) -> Doc:
    number = shop.books.next_number()
    name = re.sub(r"[^\w.-]", "_", wanted["filename"])
    key = f"tmp/1/{wanted['resource'].lower()}/{secrets.token_hex(16)}/{name}"
    put = wanted.get("httpMethod") == "PUT"
    signature = secrets.token_hex(16)
    doc = {
        "key": key,
        "filename": wanted["filename"],
        "mimeType": wanted["mimeType"],
        "resource": wanted["resource"],
        "signature": signature,
        "method": "PUT" if put else "POST",
        "sha256": None,
        "size": 0,
    }
    shop.books.put(number, "Upload", doc, [("upload", key)])
    resource_url = address + PATH + quote(key)
    if put:
        parameters = {"content_type": wanted["mimeType"], "acl": "private"}
        url = f"{resource_url}?X-Goog-Signature={signature}"
    else:
        parameters = {
            "content_type": wanted["mimeType"],
            "success_action_status": "201",
            "acl": "private",
            "key": key,
            "x-goog-signature": signature,
        }
        url = address + PATH
    listed = [{"name": n, "value": v} for n, v in parameters.items()]
    return {"url": url, "resourceUrl": resource_url, "parameters": listed}


def by_key(shop: Shop, key: str) -> tuple[int, Doc] | None:
    """The place that a key names."""
    found = shop.books.numbers("upload", key)
    doc = shop.books.get("Upload", found[0]) if found else None
    return None if doc is None else (found[0], doc)


def take(shop: Shop, method: str, fields: Mapping[str, str], data: memoryview) -> tuple[int, str]:
    """Bytes that came; returns an HTTP status and a word about it."""
    found = by_key(shop, fields.get("key", ""))
    signature = fields.get("x-goog-signature") or fields.get("X-Goog-Signature")
    if found is None or found[1]["method"] != method or found[1]["signature"] != signature:
        return 403, "AccessDenied"
    number, doc = found
    if len(data) > SIZES.get(doc["resource"], 1 << 62):
        return 400, "EntityTooLarge"
    digest, size = shop.keep(data)
    with shop.books.change():
        shop.books.put(
            number, "Upload", doc | {"sha256": digest, "size": size}, [("upload", doc["key"])]
        )
    return (200 if method == "PUT" else 201), doc["key"]


def form(body: memoryview, content_type: str) -> tuple[dict[str, str], memoryview]:
    """The fields of a multipart form, and the bytes of its file, not copied. Raises ValueError."""
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise ValueError("not a multipart form")
    mark = b"--" + boundary.encode()
    whole = body.obj
    assert isinstance(whole, bytes)
    fields: dict[str, str] = {}
    file = memoryview(b"")
    at = whole.find(mark)
    while at >= 0:
        start = at + len(mark)
        if whole[start : start + 2] == b"--":
            return fields, file
        head_end = whole.find(b"\r\n\r\n", start)
        after = whole.find(b"\r\n" + mark, max(head_end, start))
        if head_end < 0 or after < 0:
            raise ValueError("the form has no end")
        named = re.search(rb'name="([^"]*)"', whole[start:head_end])
        name = named[1].decode("utf-8", "replace") if named else ""
        content = body[head_end + 4 : after]
        if name == "file":
            file = content
        else:
            fields[name] = bytes(content).decode("utf-8", "replace")
        at = after + 2
    raise ValueError("the form has no parts")
