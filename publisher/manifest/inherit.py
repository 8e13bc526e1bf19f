"""How an asset takes over the manifest's defaults, before the schema sees it. Pure; its input stays as it is.

Provenance, depicts and channels are merged key by key; everything else an asset writes replaces the default.
An explicit null clears: an optional field becomes None, a list or mapping becomes empty.
"""

from __future__ import annotations

from typing import Any

from publisher.manifest.problem import Report
from publisher.manifest.tree import Map, Seq

_MERGED = frozenset({"provenance", "depicts", "channels"})
_CLEARED: dict[str, Any] = {
    "keywords": (),
    "categories": (),
    "releases": (),
    "exclusivity": (),
    "editorial": False,
    "depicts": {},
    "channels": {},
}
"""What null means for a field that cannot be None."""


def inherit(item: Map, defaults: Map | None) -> Map:
    """The asset with its defaults. Lines of inherited keys are those of the defaults."""
    if not defaults and None not in item.values() and not isinstance(item.get("channels"), Map):
        return item
    merged = _copy(item)
    for key, value in item.items():
        if value is None and key in _CLEARED:
            merged[key] = _CLEARED[key]
    for key, default in (defaults or {}).items():
        line = defaults.line_of(key) if defaults is not None else item.line
        if default is None:
            continue
        own = item.get(key)
        if key not in item:
            merged.put(key, default, line)
        elif key in _MERGED and isinstance(own, Map) and isinstance(default, Map):
            depth = 3 if key == "channels" else 1
            merged[key] = _merge(own, default, depth)
    channels = merged.get("channels")
    if isinstance(channels, Map) and None in channels.values():
        copy = _copy(channels)
        copy.update((name, {}) for name, value in channels.items() if value is None)
        merged["channels"] = copy
    return merged


def _copy(node: Map) -> Map:
    copy = Map(node.line)
    copy.update(node)
    copy.key_lines = dict(node.key_lines)
    return copy


def _merge(own: Map, default: Map, depth: int) -> Map:
    """Key by key, ``depth`` levels down; an offer is always replaced whole."""
    merged = _copy(own)
    for key, value in default.items():
        if key not in own:
            merged.put(key, value, default.line_of(key))
            continue
        mine = own[key]
        if depth > 1 and key != "offer" and isinstance(mine, Map) and isinstance(value, Map):
            merged[key] = _merge(mine, value, depth - 1)
    return merged


def is_inherited(item: Map, path: tuple[str | int, ...]) -> bool:
    """Whether the value at ``path`` of a merged asset came from the defaults."""
    node: Any = item
    for part in path:
        if not isinstance(node, Map):
            return False
        if part not in node:
            return True
        node = node[str(part)]
    return False


def without_repeats(node: Map, name: str, report: Report, item: str = "") -> Map:
    """The item with each keyword once, whatever its case, also in its overrides; a notice for each."""
    changed = node
    keywords = node.get("keywords")
    if isinstance(keywords, list):
        kept = _kept(keywords, node.line_of("keywords"), f"{name}: keywords", report, item)
        if kept is not keywords:
            changed = _copy(node)
            changed["keywords"] = kept
    channels = node.get("channels")
    if isinstance(channels, Map):
        for account, override in channels.items():
            if not isinstance(override, Map) or "keywords" not in override:
                continue
            clean = without_repeats(override, f"{name}: channels.{account}", report, item)
            if clean is not override:
                changed = _copy(node) if changed is node else changed
                copy = _copy(changed["channels"])
                copy[account] = clean
                changed["channels"] = copy
    return changed


def _kept(keywords: list[Any], line: int, name: str, report: Report, item: str) -> list[Any]:
    if not all(isinstance(k, str) for k in keywords):
        return keywords
    folded = [k.strip().casefold() for k in keywords]
    if len(set(folded)) == len(folded) and "" not in folded:
        return keywords
    kept, seen = Seq(line), {""}
    for index, word in enumerate(keywords):
        where = keywords.line_of(index) if isinstance(keywords, Seq) else line
        if folded[index] in seen:
            reason = f"'{word.strip()}' is there twice" if word.strip() else "an entry is empty"
            report.notice(where, f"{name}: {reason} and was left out", item=item)
        else:
            seen.add(folded[index])
            kept.put(word, where)
    return kept
