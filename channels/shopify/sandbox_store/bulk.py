"""Bulk operations as they are asked for, looked at and cancelled. COMPLETED says nothing about the lines."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, OperationDefinitionNode

from channels.shopify.sandbox_store import runner, uploads
from channels.shopify.sandbox_store.books import Doc, gid, split_gid
from channels.shopify.sandbox_store.bulk_lines import bulk_refusal, mutation_refusal
from channels.shopify.sandbox_store.lists import connection
from channels.shopify.sandbox_store.search import parse
from channels.shopify.sandbox_store.shop import Shop

if TYPE_CHECKING:
    pass


def _begin(info: Any, kind: str, text: str, **more: Any) -> Doc:
    shop: Shop = info.context.shop
    number = shop.books.next_number()
    doc = {
        "__typename": "BulkOperation",
        "id": gid("BulkOperation", number),
        "type": kind,
        "status": "CREATED",
        "errorCode": None,
        "query": text,
        "version": info.context.version,
        "createdAt": shop.stamp(),
        "completedAt": None,
        "objectCount": 0,
        "rootObjectCount": 0,
        "size": 0,
        "line": -1 if kind == "MUTATION" else 0,
        "signature": secrets.token_hex(16),
        **more,
    }
    shop.books.put(number, "Bulk", doc)
    info.context.after.append(lambda: shop.bulk_runner.start(number))
    return {"bulkOperation": shop.bulk_runner.view(doc, info.context.address), "userErrors": []}


def run_mutation(
    _root: Any,
    info: Any,
    mutation: str,
    stagedUploadPath: str,
    clientIdentifier: str | None = None,
    **_more: Any,
) -> Doc:
    """``bulkOperationRunMutation``."""
    shop: Shop = info.context.shop
    prepared = shop.bulk_runner.engine.prepare(info.context.version, mutation)
    wrong = mutation_refusal(prepared)
    if wrong:
        return _refused("INVALID_MUTATION", "mutation", wrong)
    if clientIdentifier is not None and not 10 <= len(clientIdentifier) <= 255:
        return _refused("INVALID_MUTATION", "clientIdentifier", "must have 10 to 255 characters")
    if shop.bulk_runner.running("MUTATION") >= shop.terms.bulk_parallel:
        return _refused("LIMIT_REACHED", None, "too many bulk mutations are running for this app")
    found = uploads.by_key(shop, stagedUploadPath)
    if found is None or found[1]["sha256"] is None:
        message = "The JSONL file could not be found. Try uploading the file again."
        return _refused("NO_SUCH_FILE", "stagedUploadPath", message)
    upload = found[1]
    if upload["resource"] != "BULK_MUTATION_VARIABLES" or upload["size"] > shop.terms.bulk_bytes:
        message = "The JSONL file is not one for bulk mutations, or is too large"
        return _refused("INVALID_STAGED_UPLOAD_FILE", "stagedUploadPath", message)
    return _begin(info, "MUTATION", mutation, input=upload["sha256"], client=clientIdentifier)


def run_query(
    _root: Any,
    info: Any,
    query: str,
    groupObjects: bool = False,
) -> Doc:
    """``bulkOperationRunQuery``; only with ``groupObjects`` children follow their parent."""
    shop: Shop = info.context.shop
    prepared = shop.bulk_runner.engine.prepare(info.context.version, query)
    wrong = bulk_refusal(prepared)
    if wrong:
        return _refused("INVALID", "query", wrong)
    if shop.bulk_runner.running("QUERY") >= shop.terms.bulk_parallel:
        return _refused("LIMIT_REACHED", None, "too many bulk queries are running for this app")
    return _begin(info, "QUERY", query, grouped=groupObjects)


def _refused(code: str, name: str | None, message: str) -> Doc:
    error = {"code": code, "field": [name] if name else None, "message": message}
    return {"bulkOperation": None, "userErrors": [error]}


def one(_root: Any, info: Any, id: str) -> Doc | None:
    """``bulkOperation``."""
    kind, number = split_gid(id)
    shop: Shop = info.context.shop
    found = shop.bulk_runner.look(number, info.context.address)
    return found if kind == "BulkOperation" else None


_FIELDS = ("created_at", "id", "operation_type", "status")


def listed(_root: Any, info: Any, query: str | None = None, **args: Any) -> Any:
    """``bulkOperations``."""
    shop: Shop = info.context.shop
    search = parse(query, _FIELDS)
    info.context.warnings.extend(search.warnings)

    def values(doc: Mapping[str, Any]) -> dict[str, str]:
        number = str(split_gid(doc["id"])[1])
        kind, status = doc["type"], doc["status"]
        return {
            "created_at": doc["createdAt"],
            "id": number,
            "operation_type": kind,
            "status": status,
        }

    found = [
        shop.bulk_runner.view(doc, info.context.address)
        for _, doc in shop.books.every("Bulk")
        if search.fits(lambda name, d=doc: [values(d).get(name, "")])  # type: ignore[misc]
    ]
    order = "completedAt" if args.get("sortKey") == "COMPLETED_AT" else "createdAt"
    found.sort(key=lambda d: (d[order] or "", split_gid(d["id"])[1]))
    return connection(found, args)


def cancel(_root: Any, info: Any, id: str) -> Doc:
    """``bulkOperationCancel``: the run stops at its next line."""
    shop: Shop = info.context.shop
    _, number = split_gid(id)
    doc = shop.books.get("Bulk", number)
    if doc is None or doc["status"] not in runner.OPEN:
        message = "A bulk operation cannot be canceled when it is over"
        return {"bulkOperation": None, "userErrors": [{"field": ["id"], "message": message}]}
    doc = doc | {"status": "CANCELING"}
    shop.books.put(number, "Bulk", doc)
    return {"bulkOperation": shop.bulk_runner.view(doc, info.context.address), "userErrors": []}


def asks_for_runs(operation: OperationDefinitionNode) -> bool:
    """Whether a request looks at bulk operations."""
    names = {f.name.value for f in operation.selection_set.selections if isinstance(f, FieldNode)}
    return bool(names & {"bulkOperation", "bulkOperations"})
