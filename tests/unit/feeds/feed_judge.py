"""Reads a feed as its readers do, with parsers and rules of its own: nothing of the writer is used here.

The rules are those of the two readers' published pages: required attributes, lengths, spellings, addresses. The
types of Google's Merchant API are a second opinion.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from urllib.parse import urlsplit

import defusedxml.ElementTree
import feedparser

SPACE = "{http://base.google.com/ns/1.0}"
LINE = 5_242_880
RULES: dict[str, dict[str, Any]] = {
    "google-merchant": {
        "id": 50,
        "title": 150,
        "description": 5000,
        "additional": 10,
        "availability": {"in_stock", "out_of_stock", "preorder", "backorder"},
        "required": ("id", "link", "image_link", "availability", "price", "condition"),
    },
    "meta-catalogue": {
        "id": 100,
        "title": 200,
        "description": 9999,
        "additional": 20,
        "availability": {"in stock", "out of stock", "preorder", "available for order"},
        "required": (
            *("id", "title", "description", "availability", "condition", "price", "link"),
            *("image_link", "brand"),
        ),
    },
}


def read(data: bytes, form: str) -> list[dict[str, Any]]:
    """The entries: attribute -> text, list of texts, or mapping of parts."""
    assert all(len(line) <= LINE for line in data.split(b"\n"))
    assert data.endswith(b"\n")
    if form != "xml":
        text = io.StringIO(data.decode("utf-8"), newline="")
        rows = list(csv.reader(text, delimiter="\t" if form == "tsv" else ",", strict=True))
        assert len({len(r) for r in rows}) == 1, "every line has as many cells as the header"
        assert len(data.split(b"\n")) == len(rows) + 1, "one line per entry"
        assert len(set(rows[0])) == len(rows[0])
        return [{k: v for k, v in zip(rows[0], r, strict=True) if v} for r in rows[1:]]
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    other = feedparser.parse(data)
    assert not other.bozo, other.get("bozo_exception")
    root = defusedxml.ElementTree.fromstring(data)
    assert root.tag == "rss" and root.get("version") == "2.0"
    (channel,) = root
    assert [child.tag for child in channel][:3] == ["title", "link", "description"]
    entries = [_item(item) for item in channel.iter("item")]
    assert len(other.entries) == len(entries)
    assert [e.get("g_id", e.get("id")) for e in other.entries] == [e["id"] for e in entries]
    return entries


def _item(item: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in item:
        assert child.tag.startswith(SPACE), child.tag
        name = child.tag.removeprefix(SPACE)
        value: Any = child.text or ""
        if len(child):
            value = {part.tag.removeprefix(SPACE): part.text or "" for part in child}
        if name == "additional_image_link":
            found.setdefault(name, []).append(value)
            continue
        assert name not in found, f"{name} is there twice"
        found[name] = value
    return found


def text_of(entry: dict[str, Any], name: str) -> str:
    """A text, plain or structured."""
    structured = entry.get(f"structured_{name}")
    if isinstance(structured, dict):
        return str(structured["content"])
    if structured:
        match = re.fullmatch(r'trained_algorithmic_media:"([^"]*)"', structured)
        assert match, structured
        return match[1]
    return str(entry.get(name, ""))


def judge(channel: str, entries: list[dict[str, Any]]) -> None:
    """Fail for anything that the reader would refuse."""
    rules = RULES[channel]
    assert len({e["id"] for e in entries}) == len(entries), "an id is there twice"
    for entry in entries:
        missing = [n for n in rules["required"] if not entry.get(n)]
        assert not missing, (entry["id"], missing)
        assert len(entry["id"]) <= rules["id"]
        for name in ("title", "description"):
            assert 0 < len(text_of(entry, name)) <= rules[name], (entry["id"], name)
            assert not (entry.get(name) and entry.get(f"structured_{name}")), (
                "the plain one would win"
            )
        assert entry["availability"] in rules["availability"]
        assert re.fullmatch(r"\d+\.\d\d [A-Z]{3}", entry["price"]), entry["price"]
        more = entry.get("additional_image_link", [])
        more = more.split(",") if isinstance(more, str) else more
        assert len(more) <= rules["additional"]
        for address in (entry["link"], entry["image_link"], *more):
            parts = urlsplit(address)
            assert parts.scheme in ("http", "https") and parts.netloc
            assert address.isascii() and len(address) <= 2000 and " " not in address
        assert entry["image_link"].endswith((".jpg", ".png", ".webp"))
        if channel == "google-merchant":
            assert (entry.get("identifier_exists") == "no") != bool(entry.get("gtin"))
        else:
            assert len(entry["brand"]) <= 100
            assert not any(n.startswith("structured_") for n in entry)
