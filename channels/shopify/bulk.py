"""Bulk operations: many mutations as one upload, and the whole shop as one download.

One is found again by its name, which is made from what it carries, so that a lost answer or a killed program
never starts it twice. Result lines come in any order, and that an operation completed says nothing of its lines.
Waiting is on the run's own clock.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from channels.shopify import documents
from channels.shopify.answers import refusal
from channels.shopify.client import Lost, Unreached
from channels.shopify.shop import Shop, Target
from channels.shopify.shown import Shown, shown
from channels.shopify.uploads import targets
from publisher.errors import OutcomeUnknown, Rejected, Throttled, Transient

RUNNING = frozenset({"CREATED", "RUNNING", "CANCELING"})

LARGEST = 95_000_000
"""Bytes of one upload; the shop takes 100 MB."""

PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds between two looks at an operation; the last one for all further looks."""

LONGEST = dt.timedelta(hours=25)
"""The shop ends a bulk mutation after 24 hours."""

SLOTS_FULL = 30.0
"""Seconds until a slot for another bulk operation may be free."""

PAGE = 250
"""Products that are handed on together from a download."""

_MARK = 12


def is_ours(operation: Mapping[str, Any]) -> bool:
    """Whether a bulk mutation carries the name that this program gives to its own."""
    text = str(operation.get("query") or "")
    return any(f"mutation {name}_" in text for name in ("SetProduct", "SetPrices", "Publish"))


def run(
    shop: Shop, document: str, lines: Iterable[Mapping[str, Any]], *, first: bool
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Carry out one mutation for every line of variables: yields (number of the line, result), in any order.

    ``first`` marks the point of no return of the writes. A line without a result is one of which nobody can
    tell. Raises Transient, Throttled or Rejected before anything ran, OutcomeUnknown when that is unclear.
    """
    for start, count, parcel in _parcels(lines):
        with parcel:
            path = _upload(shop, parcel)
            operation = _start(shop, document, parcel, path, first=first)
        first = False
        state = finished(shop, operation)
        url = state.get("url") or state.get("partialDataUrl")
        for line in _download(shop, url) if url else ():
            number = line.get("__lineNumber")
            if isinstance(number, int) and 0 <= number < count:
                yield start + number, line


def _parcels(lines: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, int, IO[bytes]]]:
    """The lines as JSONL files that are small enough: number of the first line, how many, the file."""
    start = count = size = 0
    parcel = _file()
    for line in lines:
        data = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        if count and size + len(data) > LARGEST:
            yield start, count, parcel
            start, count, size = start + count, 0, 0
            parcel = _file()
        parcel.write(data)
        count, size = count + 1, size + len(data)
    if count:
        yield start, count, parcel
    else:
        parcel.close()


def _file() -> IO[bytes]:
    # Closed by who carries the parcel out.
    return tempfile.TemporaryFile()


def _upload(shop: Shop, parcel: IO[bytes]) -> str:
    wish = {
        "filename": "variables.jsonl",
        "mimeType": "text/jsonl",
        "resource": "BULK_MUTATION_VARIABLES",
        "httpMethod": "POST",
    }
    (target,) = targets(shop, [wish])
    parcel.seek(0)
    try:
        status = shop.storage.post(
            target.url, target.parameters, "variables.jsonl", parcel, target.media_type
        )
    except (Unreached, Lost) as error:
        raise Transient("the batch did not get to the shop", detail=str(error)) from None
    if status >= 400:
        raise Transient(f"the shop's storage answered {status} to the batch")
    return _path(target)


def _path(target: Target) -> str:
    """What a bulk operation wants to be told of an upload: its key, not its address."""
    return dict(target.parameters).get("key") or target.resource


def _start(shop: Shop, document: str, parcel: IO[bytes], path: str, *, first: bool) -> str:
    parcel.seek(0)
    mark = hashlib.file_digest(parcel, "sha256").hexdigest()[:_MARK]  # type: ignore[arg-type]
    mutation = documents.bulk_mutation(document, mark)
    variables = {"mutation": mutation, "path": path, "client": f"publisher-{mark}"}
    since = shop.context.now()
    try:
        data = shop.tell(documents.RUN_BULK, variables, first=first)
    except OutcomeUnknown:
        found = _began(shop, mark, since)
        if found is None:
            raise
        return found
    answer = data["bulkOperationRunMutation"]
    codes = {e.get("code") for e in answer["userErrors"]}
    if codes & {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}:
        raise Throttled("the shop is busy with other bulk operations", after=SLOTS_FULL)
    if error_there := refusal("the batch", answer["userErrors"]):
        raise error_there
    return str(answer["bulkOperation"]["id"])


def _began(shop: Shop, mark: str, since: dt.datetime) -> str | None:
    """The operation whose start was not answered, if it did start."""
    del since  # The name is unique to the content; the shop's clock need not agree with ours.
    shop.context.wait(PAUSES[0])
    data = shop.ask_patiently(documents.BULKS, {"query": "operation_type:mutation"})
    for operation in data["bulkOperations"]["nodes"]:
        if f"_{mark}(" in str(operation.get("query") or ""):
            return str(operation["id"])
    return None


def finished(shop: Shop, identity: str) -> Mapping[str, Any]:
    """The operation once it ended, however it did. Raises OutcomeUnknown when it does not come to an end."""
    began, looks = shop.context.now(), 0
    while True:
        state = _look(shop, identity)
        if state["status"] not in RUNNING:
            return state
        if shop.context.now() - began > LONGEST:
            raise OutcomeUnknown("a bulk operation of the shop does not come to an end")
        shop.context.wait(PAUSES[min(looks, len(PAUSES) - 1)])
        looks += 1


def _look(shop: Shop, identity: str) -> Mapping[str, Any]:
    trouble: Transient | None = None
    for pause in (*PAUSES, 0.0):
        try:
            found = shop.ask_patiently(documents.BULK, {"id": identity})["bulkOperation"]
        except Transient as error:
            # The operation goes on whether we look or not.
            trouble = error
            shop.context.wait(pause)
            continue
        if found is None:
            raise OutcomeUnknown("the shop does not know its bulk operation any more")
        state: Mapping[str, Any] = found
        return state
    assert trouble is not None
    raise OutcomeUnknown(f"the bulk operation cannot be followed: {trouble.sentence}")


def _download(shop: Shop, url: str) -> Iterator[Mapping[str, Any]]:
    """The lines of a result. A line that breaks may be had again: results stay for seven days."""
    had = 0
    for pause in (*PAUSES, None):
        try:
            for number, line in enumerate(shop.storage.lines(url)):
                if number >= had:
                    had += 1
                    yield json.loads(line)
            return
        except (Unreached, Lost, ValueError) as error:
            if pause is None:
                raise OutcomeUnknown("the result of the batch cannot be read") from error
            shop.context.wait(pause)


def read_everything(shop: Shop, wanted: Sequence[str]) -> Iterator[Sequence[Shown]]:
    """Every product of the shop by one bulk query, in pages. Complete, or it raises Transient."""
    query = documents.bulk_products(wanted)
    try:
        data = shop.tell(documents.RUN_BULK_QUERY, {"query": query}, final=False)
    except OutcomeUnknown as error:
        raise Transient(error.sentence, detail=error.detail) from error
    answer = data["bulkOperationRunQuery"]
    codes = {e.get("code") for e in answer["userErrors"]}
    if codes & {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}:
        raise Throttled("the shop is busy with other bulk operations", after=SLOTS_FULL)
    if error_there := refusal("the bulk query", answer["userErrors"]):
        raise error_there
    currency = shop.ask(documents.CHECK)["shop"]["currencyCode"]
    try:
        state = finished(shop, answer["bulkOperation"]["id"])
        if state["status"] != "COMPLETED":
            raise Transient(f"the bulk query ended as {str(state['status']).lower()}")
        lines = _download(shop, state["url"]) if state.get("url") else iter(())
        page: list[Shown] = []
        for node in _gathered(lines):
            page.append(shown(node, currency, wanted))
            if len(page) == PAGE:
                yield page
                page = []
        if page:
            yield page
    except OutcomeUnknown as error:
        raise Transient(error.sentence, detail=error.detail) from error


_CHILDREN = {"ProductVariant": "variants", "Metafield": "metafields"}


def _gathered(lines: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Products with their lists again: children follow their parent. Raises Rejected when they do not."""
    current: dict[str, Any] | None = None
    for line in lines:
        parent = line.get("__parentId")
        if parent is None:
            if current is not None:
                yield current
            current = dict(line)
            continue
        if current is None or current["id"] != parent:
            raise Rejected("the shop's bulk result is not in order")
        kind = str(line["id"]).split("/")[3]
        name = _CHILDREN.get(kind, "media")
        current.setdefault(name, {"nodes": []})["nodes"].append(line)
    if current is not None:
        yield current
