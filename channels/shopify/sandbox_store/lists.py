"""Connections: pages of a list with cursors, and the end that Shopify sets to every list.

Knows neither products nor files; whoever has a list hands it in, or a way to read it page by page.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import GraphQLError

LONGEST = 250
"""What ``first`` may be at most."""


def connection(items: Sequence[Any], args: Mapping[str, Any], *, whole: bool = False) -> Any:
    """A page of a list that is at hand; ``whole`` is for bulk queries, which take no page size."""
    if args.get("reverse"):
        items = list(reversed(items))
    if whole:
        return _shown(items, 0, more=False, before=False)
    size, backwards = _size(args)
    start = place(args.get("after"))[1]
    end = place(args["before"])[1] - 1 if args.get("before") else len(items)
    if backwards:
        start = max(start, end - size)
    page = items[start : min(end, start + size)]
    return _shown(page, start, more=start + len(page) < end, before=start > 0)


Read = Callable[[int, int], Sequence[tuple[int, Any]]]
"""After which number, and how many: the next items with their numbers."""


def read_page(read: Read, args: Mapping[str, Any], end: int, *, whole: bool = False) -> Any:
    """A page of a long list that is read by number; nothing beyond the first ``end`` items is shown."""
    if whole:
        return _shown([item for _, item in read(0, 1 << 60)], 0, more=False, before=False)
    size, backwards = _size(args)
    if backwards or args.get("before"):
        raise GraphQLError("the sandbox reads long lists forwards only")
    number, seen = place(args.get("after"))
    size = min(size, max(0, end - seen))
    found = list(read(number, size + 1)) if size else []
    page = found[:size]
    edges = [
        {"cursor": cursor(last, seen + place_in_page), "node": item}
        for place_in_page, (last, item) in enumerate(page, 1)
    ]
    more = len(found) > size and seen + len(page) < end
    return {
        "nodes": [item for _, item in page],
        "edges": edges,
        "pageInfo": _info(edges, more=more, before=seen > 0),
    }


def cursor(number: int, seen: int) -> str:
    """An opaque place in a list."""
    text = json.dumps({"last_id": number, "seen": seen}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def place(text: str | None) -> tuple[int, int]:
    """The number and the count of a cursor. Raises GraphQLError for what is none."""
    if not text:
        return 0, 0
    try:
        known = json.loads(base64.b64decode(text, validate=True))
        return int(known["last_id"]), int(known["seen"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise GraphQLError(f"Invalid cursor for current pagination sort: {text}") from None


def _size(args: Mapping[str, Any]) -> tuple[int, bool]:
    first, last = args.get("first"), args.get("last")
    size = first if first is not None else last
    if size is None:
        raise GraphQLError("you must provide one of first or last")
    if not 0 < size <= LONGEST:
        raise GraphQLError(f"first and last must be between 1 and {LONGEST}")
    return size, first is None


def _shown(items: Sequence[Any], start: int, *, more: bool, before: bool) -> Any:
    def edges(_info: Any) -> Any:
        return [{"cursor": cursor(n, n), "node": i} for n, i in enumerate(items, start + 1)]

    def info(_info_: Any) -> Any:
        ends = [{"cursor": cursor(n, n)} for n in (start + 1, start + len(items))] if items else []
        return _info(ends, more=more, before=before)

    return {"nodes": items, "edges": edges, "pageInfo": info}


def _info(edges: Sequence[Mapping[str, Any]], *, more: bool, before: bool) -> dict[str, Any]:
    return {
        "hasNextPage": more,
        "hasPreviousPage": before,
        "startCursor": edges[0]["cursor"] if edges else None,
        "endCursor": edges[-1]["cursor"] if edges else None,
    }
