"""Bulk operations: runs in the background that outlive their client, and result lines in no order.

COMPLETED says nothing about the lines. A run that is stopped half way keeps what it did and shows it as partial data.
"""

from __future__ import annotations

import json
import random
import secrets
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, OperationDefinitionNode

from channels.shopify.sandbox_store import uploads
from channels.shopify.sandbox_store.books import Doc, gid, split_gid
from channels.shopify.sandbox_store.bulk_lines import bulk_refusal, flattened, mutation_refusal
from channels.shopify.sandbox_store.lists import connection
from channels.shopify.sandbox_store.search import parse
from channels.shopify.sandbox_store.shop import Call, Shop

if TYPE_CHECKING:
    from channels.shopify.sandbox_store.engine import Engine

SERVED = "/bulk/"
CHUNK = 100
_OPEN = ("CREATED", "RUNNING", "CANCELING")


class Runner:
    """Runs the operations of one shop, each in a thread of its own."""

    def __init__(self, shop: Shop, engine: Engine) -> None:
        self.shop = shop
        self._engine = engine
        self._folder = shop.folder / "bulk"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._threads: dict[int, threading.Thread] = {}
        self._stopped = threading.Event()
        for number, doc in list(shop.books.every("Bulk")):
            if doc["status"] in _OPEN:
                self.start(number)

    def start(self, number: int) -> None:
        """Begin or go on with an operation."""
        thread = threading.Thread(
            target=self._run, args=(number,), name=f"bulk-{number}", daemon=True
        )
        self._threads[number] = thread
        thread.start()

    def stop(self) -> None:
        """Stop all threads at their next line; what they did stays."""
        self._stopped.set()
        for thread in self._threads.values():
            thread.join(timeout=30)

    def settle(self, seconds: float) -> None:
        """Wait until nothing runs, at most so long. Hold no lock."""
        for thread in list(self._threads.values()):
            if seconds > 0:
                thread.join(timeout=seconds)

    def look(self, number: int) -> Doc | None:
        """An operation as it is read."""
        doc = self.shop.books.get("Bulk", number)
        return None if doc is None else self.view(doc)

    def view(self, doc: Doc) -> Doc:
        """The same from its document."""
        number = split_gid(doc["id"])[1]
        url = f"{self.shop.address}{SERVED}{number}.jsonl?signature={doc['signature']}"
        has_lines = doc["size"] > 0
        shown = url if doc["status"] == "COMPLETED" and has_lines else None
        partial = url if doc["status"] in ("FAILED", "CANCELED") and has_lines else None
        counts = {n: str(doc[n]) for n in ("objectCount", "rootObjectCount")}
        size = str(doc["size"]) if shown else None
        return doc | counts | {"url": shown, "partialDataUrl": partial, "fileSize": size}

    def results(self, number: int) -> Path:
        """The file of result lines."""
        return self._folder / f"{number}.jsonl"

    def running(self, kind: str) -> int:
        """How many operations of a kind are not over."""
        every = self.shop.books.every("Bulk")
        return sum(1 for _, d in every if d["type"] == kind and d["status"] in _OPEN)

    # The threads

    def _run(self, number: int) -> None:
        books = self.shop.books
        with books.lock:
            doc = books.get("Bulk", number)
        if doc is None:
            return
        path = self.results(number)
        if path.exists():
            # What was written after the last commit belongs to lines that will run again.
            with path.open("r+b") as file:
                file.truncate(doc["size"])
        steps = self._mutations(doc) if doc["type"] == "MUTATION" else self._pages(doc)
        status, code = "COMPLETED", None
        while True:
            end = self._interrupted(number)
            if end is None:
                with books.change():
                    end = None if self._step(number, steps) else (status, code)
            if end is not None:
                break
        if end[0]:
            self._end(number, *end)

    def _step(self, number: int, steps: Iterator[tuple[list[str], int, int]]) -> bool:
        lines, line, roots = next(steps, ([], -1, 0))
        if line < 0:
            return False
        doc = self.shop.books.get("Bulk", number)
        assert doc is not None
        data = "".join(f"{text}\n" for text in lines).encode()
        with self.results(number).open("ab") as file:
            file.write(data)
        doc = doc | {
            "status": "RUNNING" if doc["status"] == "CREATED" else doc["status"],
            "size": doc["size"] + len(data),
            "objectCount": doc["objectCount"] + len(lines),
            "rootObjectCount": doc["rootObjectCount"] + roots,
            "line": line,
        }
        self.shop.books.put(number, "Bulk", doc)
        return True

    def _interrupted(self, number: int) -> tuple[str, str | None] | None:
        """How the run must end here, if it must; ("", None) when the sandbox stops."""
        faults, books = self.shop.faults, self.shop.books
        while not self._stopped.is_set():
            with books.lock:
                doc = books.get("Bulk", number)
            if doc is None or doc["status"] == "CANCELING":
                return "CANCELED", None
            fails = faults.on("bulk_fails")
            if fails is not None and doc["objectCount"] >= int(fails.get("lines", 0)):
                faults.strike("bulk_fails", {"bulk"})
                return "FAILED", str(fails.get("code", "INTERNAL_SERVER_ERROR"))
            stalls = faults.on("bulk_stalls")
            if stalls is None or doc["objectCount"] < int(stalls.get("lines", 0)):
                return None
            faults.wait_while_on("bulk_stalls", 0.05)
        return "", None

    def _end(self, number: int, status: str, code: str | None) -> None:
        path = self.results(number)
        if path.exists():
            lines = path.read_bytes().splitlines(keepends=True)
            doc = self.shop.books.get("Bulk", number) or {}
            if not doc.get("grouped"):
                random.Random(self.shop.terms.seed).shuffle(lines)  # noqa: S311  (an order, no secret)
            part = path.with_suffix(".part")
            part.write_bytes(b"".join(lines))
            part.replace(path)
        with self.shop.books.change():
            doc = self.shop.books.get("Bulk", number) or {}
            done = {"status": status, "errorCode": code, "completedAt": self.shop.stamp()}
            self.shop.books.put(number, "Bulk", doc | done)

    def _mutations(self, doc: Doc) -> Iterator[tuple[list[str], int, int]]:
        prepared = self._engine.prepare(doc["version"], doc["query"])
        found = prepared.operation(None)
        assert found is not None
        start = doc["line"] + 1
        chunk: list[str] = []
        size = int((self.shop.faults.on("bulk_fails") or {}).get("lines", 0)) or CHUNK
        size = min(CHUNK, size)
        number = start - 1
        with self.shop.kept(doc["input"]).open("rb") as file:
            for number, line in enumerate(file):
                if number < start or not line.strip():
                    continue
                body = self._one(prepared, found[0], line)
                chunk.append(json.dumps(body | {"__lineNumber": number}, ensure_ascii=False))
                if len(chunk) >= size:
                    yield chunk, number, len(chunk)
                    chunk = []
        if chunk:
            yield chunk, number, len(chunk)

    def _one(
        self, prepared: Any, operation: OperationDefinitionNode, line: bytes
    ) -> dict[str, Any]:
        try:
            variables = json.loads(line)
        except ValueError:
            variables = None
        if not isinstance(variables, dict):
            return {"errors": [{"message": "the line is not a JSON object"}]}
        self.shop.books.writes += 1
        return self._engine.execute(prepared, operation, variables, Call(self.shop, bulk=True))

    def _pages(self, doc: Doc) -> Iterator[tuple[list[str], int, int]]:
        prepared = self._engine.prepare(doc["version"], doc["query"])
        found = prepared.operation(None)
        assert found is not None
        after = max(0, doc["line"])
        while True:
            call = Call(self.shop, bulk=True, window=(after, CHUNK))
            body = self._engine.execute(prepared, found[0], {}, call)
            lines, roots = flattened(body.get("data") or {})
            if lines or call.reached:
                yield lines, call.reached, roots
            if not call.reached:
                return
            after = call.reached


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
    return {"bulkOperation": shop.bulk_runner.view(doc), "userErrors": []}


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
    prepared = shop.bulk_runner._engine.prepare(info.context.version, mutation)
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
    prepared = shop.bulk_runner._engine.prepare(info.context.version, query)
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
    found: Doc | None = info.context.shop.bulk_runner.look(number)
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
        shop.bulk_runner.view(doc)
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
    if doc is None or doc["status"] not in _OPEN:
        message = "A bulk operation cannot be canceled when it is over"
        return {"bulkOperation": None, "userErrors": [{"field": ["id"], "message": message}]}
    doc = doc | {"status": "CANCELING"}
    shop.books.put(number, "Bulk", doc)
    return {"bulkOperation": shop.bulk_runner.view(doc), "userErrors": []}


def asks_for_runs(operation: OperationDefinitionNode) -> bool:
    """Whether a request looks at bulk operations."""
    names = {f.name.value for f in operation.selection_set.selections if isinstance(f, FieldNode)}
    return bool(names & {"bulkOperation", "bulkOperations"})
