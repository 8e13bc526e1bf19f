"""Runs bulk operations in the background: line by line, committed in chunks, going on where it was stopped.

A run outlives its client and even its shop. What it did before it was stopped stays, and is shown as partial data.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import OperationDefinitionNode

from channels.shopify.sandbox_store.books import Doc, split_gid
from channels.shopify.sandbox_store.bulk_lines import flattened
from channels.shopify.sandbox_store.shop import Call, Shop

if TYPE_CHECKING:
    from channels.shopify.sandbox_store.engine import Engine

SERVED = "/bulk/"
CHUNK = 100
OPEN = ("CREATED", "RUNNING", "CANCELING")


class Runner:
    """Runs the operations of one shop, each in a thread of its own."""

    def __init__(self, shop: Shop, engine: Engine) -> None:
        self.shop = shop
        self.engine = engine
        self._folder = shop.folder / "bulk"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._threads: dict[int, threading.Thread] = {}
        self._stopped = threading.Event()
        for number, doc in list(shop.books.every("Bulk")):
            if doc["status"] in OPEN:
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

    def look(self, number: int, address: str = "") -> Doc | None:
        """An operation as it is read."""
        doc = self.shop.books.get("Bulk", number)
        return None if doc is None else self.view(doc, address)

    def view(self, doc: Doc, address: str = "") -> Doc:
        """The same from its document."""
        number = split_gid(doc["id"])[1]
        url = f"{address or self.shop.address}{SERVED}{number}.jsonl?signature={doc['signature']}"
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
        return sum(1 for _, d in every if d["type"] == kind and d["status"] in OPEN)

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
        prepared = self.engine.prepare(doc["version"], doc["query"])
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
        return self.engine.execute(prepared, operation, variables, Call(self.shop, bulk=True))

    def _pages(self, doc: Doc) -> Iterator[tuple[list[str], int, int]]:
        prepared = self.engine.prepare(doc["version"], doc["query"])
        found = prepared.operation(None)
        assert found is not None
        after = max(0, doc["line"])
        while True:
            call = Call(self.shop, bulk=True, window=(after, CHUNK))
            body = self.engine.execute(prepared, found[0], {}, call)
            lines, roots = flattened(body.get("data") or {})
            if lines or call.reached:
                yield lines, call.reached, roots
            if not call.reached:
                return
            after = call.reached
