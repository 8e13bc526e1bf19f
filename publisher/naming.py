"""The file name under which a channel sees an item.

Names are derived from the item's id and nothing else, so that the same item has the same name on every run.
It never looks at a file and never asks a channel.
"""

from __future__ import annotations

import hashlib
import re

from publisher.row import NameLimit

STEM_MAX = 26
"""Longest stem in characters: with ".jpg" it fits the 30 characters of the strictest CSV import we know."""

_HASH_DIGITS = 6


def safe_name(item_id: str, limit: NameLimit, extension: str) -> str:
    """A deterministic ``[A-Za-z0-9_]`` name of at most 26 characters plus the extension.

    An id that does not fit, or that would lose information, keeps its beginning and gets an underscore and
    six hexadecimal digits of its SHA-256, so that two ids never share a name by being alike. ``extension``
    may be given with or without its dot.
    """
    suffix = f".{extension.lstrip('.')}" if extension.strip(".") else ""
    longest = max(1, min(STEM_MAX, limit.max - len(suffix)))
    stem = re.sub(r"[^A-Za-z0-9_]", "_", item_id)
    if stem == item_id and 0 < len(stem) <= longest and re.fullmatch(limit.pattern, stem):
        return stem + suffix
    digest = hashlib.sha256(item_id.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    room = longest - len(digest) - 1
    marked = f"{stem[:room]}_{digest}" if room > 0 else digest[:longest]
    if not re.fullmatch(limit.pattern, marked):
        marked = marked.replace("_", "")
    return marked + suffix
