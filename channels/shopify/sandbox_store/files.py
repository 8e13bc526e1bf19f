"""The shop's files: made from staged uploads, processed in their own time, found by name.

Every source makes a new file, as there: nothing here notices that the same bytes are held already.
"""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from channels.shopify.sandbox_store import uploads
from channels.shopify.sandbox_store.books import Doc, gid, split_gid
from channels.shopify.sandbox_store.shop import Refused, Shop

KINDS = ("MediaImage", "GenericFile")
SERVED = "/cdn/shop/files/"
_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF")
_ALT = 512


def create(_root: Any, info: Any, files: Sequence[Mapping[str, Any]]) -> Doc:
    """``fileCreate``: all of them or none."""
    shop: Shop = info.context.shop
    try:
        plans = [_plan(shop, given, ("files", str(n))) for n, given in enumerate(files)]
    except Refused as refused:
        return {"files": [], "userErrors": [refused.error]}
    made = [_make(shop, plan) for plan in plans]
    return {"files": [view(shop, doc) for doc in made], "userErrors": []}


def make(shop: Shop, given: Mapping[str, Any], path: Sequence[str]) -> Doc:
    """A new file from a source, as productSet makes it. Raises Refused."""
    return _make(shop, _plan(shop, given, path))


def check(shop: Shop, given: Mapping[str, Any], path: Sequence[str]) -> None:
    """Raises Refused when ``make`` would."""
    _plan(shop, given, path)


def _plan(shop: Shop, given: Mapping[str, Any], path: Sequence[str]) -> Doc:
    source = given.get("originalSource") or ""
    upload = _upload(shop, source)
    if upload is None and not source.startswith(("http://", "https://")):
        raise Refused("INVALID_IMAGE_SOURCE_URL", (*path, "originalSource"), "is not an address")
    served = unquote(PurePosixPath(urlsplit(source).path).name)
    name = given.get("filename") or (upload or {}).get("filename") or served
    mode = given.get("duplicateResolutionMode") or "APPEND_UUID"
    if len(given.get("alt") or "") > _ALT:
        raise Refused("ALT_VALUE_LIMIT_EXCEEDED", (*path, "alt"), f"is longer than {_ALT}")
    if given.get("filename") and _ending(name) != _ending(served):
        raise Refused(
            "MISMATCHED_FILENAME_AND_ORIGINAL_SOURCE",
            (*path, "filename"),
            "Filename extension does not match the source",
        )
    taken = shop.books.numbers("filename", name.casefold())
    if mode == "REPLACE" and not given.get("filename"):
        raise Refused(
            "MISSING_FILENAME_FOR_DUPLICATE_MODE_REPLACE", (*path, "filename"), "is missing"
        )
    if mode == "RAISE_ERROR" and taken:
        raise Refused("FILENAME_ALREADY_EXISTS", (*path, "filename"), f"{name} exists already")
    mime = (upload or {}).get("mimeType") or mimetypes.guess_type(name)[0] or ""
    image = given.get("contentType") == "IMAGE" or (
        not given.get("contentType") and mime.startswith("image/")
    )
    return {
        "replaces": taken[0] if mode == "REPLACE" and taken else None,
        "wanted": name,
        "filename": _free(name) if taken and mode == "APPEND_UUID" else name,
        "alt": given.get("alt") or "",
        "mimeType": mime,
        "kind": "MediaImage" if image else "GenericFile",
        "sha256": (upload or {}).get("sha256"),
        "size": (upload or {}).get("size") or 0,
    }


def _upload(shop: Shop, source: str) -> Doc | None:
    # The address may be another one than ours, such as a proxy's: the path says what it is.
    path = unquote(urlsplit(source).path)
    if not path.startswith(uploads.PATH):
        return None
    found = uploads.by_key(shop, path.removeprefix(uploads.PATH))
    return found[1] if found else None


def _ending(name: str) -> str:
    ending = PurePosixPath(name).suffix.casefold()
    return ".jpg" if ending == ".jpeg" else ending


def _free(name: str) -> str:
    path = PurePosixPath(name)
    return f"{path.stem}_{secrets.token_hex(16)}{path.suffix}"


def _make(shop: Shop, plan: Doc) -> Doc:
    number = plan["replaces"] or shop.books.next_number()
    now = shop.stamp()
    doc = {
        "__typename": plan["kind"],
        "id": gid(plan["kind"], number),
        "alt": plan["alt"],
        "filename": plan["filename"],
        "wanted": plan["wanted"],
        "mimeType": plan["mimeType"],
        "sha256": plan["sha256"],
        "size": plan["size"],
        "polls": shop.terms.file_polls,
        "error": _error(shop, plan),
        "createdAt": now,
        "updatedAt": now,
    }
    put(shop, number, doc)
    return doc


def put(shop: Shop, number: int, doc: Doc) -> None:
    """Write a file with what it is found by."""
    shop.books.put(number, "File", doc, [("filename", doc["filename"].casefold())])


def _error(shop: Shop, plan: Doc) -> str | None:
    struck = shop.faults.strike("file_fails", {"file"})
    if struck is not None:
        return str(struck.get("code", "UNKNOWN"))
    image = plan["kind"] == "MediaImage"
    if plan["sha256"] is None:
        return "IMAGE_DOWNLOAD_FAILURE" if image else "GENERIC_FILE_DOWNLOAD_FAILURE"
    if image:
        with shop.kept(plan["sha256"]).open("rb") as file:
            start = file.read(16)
        known = start.startswith(_IMAGES) or start[4:8] == b"ftyp"
        return None if known else "UNSUPPORTED_IMAGE_FILE_TYPE"
    return None


def poll(shop: Shop, doc: Doc) -> Doc:
    """A look at a file brings its processing forward by one step."""
    if doc["polls"] <= 0:
        return view(shop, doc)
    seen = view(shop, doc)
    put(shop, split_gid(doc["id"])[1], doc | {"polls": doc["polls"] - 1})
    return seen


def find(shop: Shop, reference: object) -> Doc | None:
    """A file by its global id, as it is now."""
    kind, number = split_gid(reference)
    return shop.books.get("File", number) if kind in KINDS else None


def view(shop: Shop, doc: Doc) -> Doc:
    """A file as it is read."""
    state = "UPLOADED" if doc["polls"] == shop.terms.file_polls else "PROCESSING"
    if doc["polls"] <= 0:
        state = "FAILED" if doc["error"] else "READY"
    ready = state == "READY"
    url = f"{shop.address}{SERVED}{quote(doc['filename'])}?v={split_gid(doc['id'])[1]}"
    image = {
        "id": doc["id"].replace("MediaImage", "ImageSource"),
        "altText": doc["alt"],
        "url": url,
        "width": None,
        "height": None,
    }
    errors = [{"code": doc["error"], "message": "the file could not be processed", "details": None}]
    return doc | {
        "alt": doc["alt"],
        "fileStatus": state,
        "status": state,
        "fileErrors": errors if state == "FAILED" else [],
        "mediaErrors": errors if state == "FAILED" else [],
        "mediaWarnings": [],
        "mediaContentType": "IMAGE",
        "originalFileSize": doc["size"],
        "image": image if ready else None,
        "url": url if ready else None,
        "preview": {"image": image if ready else None, "status": state},
    }


def update(_root: Any, info: Any, files: Sequence[Mapping[str, Any]]) -> Doc:
    """``fileUpdate``: alt, name, bytes and the products that show the file; all or nothing."""
    shop: Shop = info.context.shop
    try:
        changes = [_changed(shop, f, ("files", str(n))) for n, f in enumerate(files)]
        products = [_referenced(shop, f, ("files", str(n))) for n, f in enumerate(files)]
    except Refused as refused:
        return {"files": [], "userErrors": [refused.error]}
    for doc in changes:
        put(shop, split_gid(doc["id"])[1], doc)
    for given, (added, removed) in zip(files, products, strict=True):
        _refer(shop, given["id"], added, removed)
    return {"files": [view(shop, doc) for doc in changes], "userErrors": []}


def _changed(shop: Shop, given: Mapping[str, Any], path: Sequence[str]) -> Doc:
    doc = find(shop, given["id"])
    if doc is None:
        raise Refused("FILE_DOES_NOT_EXIST", (*path, "id"), f"File id {given['id']} does not exist")
    if doc["polls"] > 0:
        raise Refused("NON_READY_STATE", (*path, "id"), "Non-ready files cannot be updated")
    changed = dict(doc)
    if given.get("alt") is not None:
        changed["alt"] = given["alt"]
    if given.get("filename"):
        if _ending(given["filename"]) != _ending(doc["filename"]):
            raise Refused("INVALID_FILENAME_EXTENSION", (*path, "filename"), "has another ending")
        changed["filename"] = changed["wanted"] = given["filename"]
    if given.get("originalSource"):
        upload = _upload(shop, given["originalSource"])
        changed |= {"sha256": (upload or {}).get("sha256"), "size": (upload or {}).get("size") or 0}
        changed["polls"] = shop.terms.file_polls
    return changed | {"updatedAt": shop.stamp()}


def _referenced(
    shop: Shop, given: Mapping[str, Any], path: Sequence[str]
) -> tuple[list[int], list[int]]:
    numbers: list[list[int]] = []
    for name in ("referencesToAdd", "referencesToRemove"):
        found = [shop.product(reference) for reference in given.get(name) or ()]
        if any(f is None for f in found):
            raise Refused("REFERENCE_TARGET_DOES_NOT_EXIST", (*path, name), "does not exist")
        numbers.append([f[0] for f in found if f is not None])
    return numbers[0], numbers[1]


def _refer(shop: Shop, reference: str, added: Sequence[int], removed: Sequence[int]) -> None:
    for number in {*added, *removed}:
        doc = shop.books.get("Product", number)
        assert doc is not None
        kept = [m for m in doc["media"] if m != reference]
        media = [*kept, reference] if number in added else kept
        if number in added and reference in doc["media"]:
            media = doc["media"]
        shop.put_product(number, doc | {"media": media})


def delete(_root: Any, info: Any, fileIds: Sequence[str]) -> Doc:
    """``fileDelete``: for good, also from the products that show them."""
    shop: Shop = info.context.shop
    for reference in fileIds:
        if find(shop, reference) is None:
            message = f"File id {reference} does not exist"
            error = {"code": "FILE_DOES_NOT_EXIST", "field": ["fileIds"], "message": message}
            return {"deletedFileIds": None, "userErrors": [error]}
    gone = set(fileIds)
    for number, doc in list(shop.books.every("Product")):
        if gone.intersection(doc["media"]):
            kept = [m for m in doc["media"] if m not in gone]
            shop.put_product(number, doc | {"media": kept})
    for reference in fileIds:
        shop.books.remove(split_gid(reference)[1])
    return {"deletedFileIds": list(fileIds), "userErrors": []}
