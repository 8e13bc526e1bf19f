"""Items and rows that the tests of policy and composition share."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from publisher.manifest.item import Item, ItemKind
from publisher.manifest.model import Asset, Bundle
from publisher.row import Row, read_row

CHANNELS = Path(__file__).parents[3] / "channels"
TODAY = dt.date(2026, 11, 21)

COMPLETE: dict[str, Any] = {
    "id": "glass-001",
    "file": "masters/glass-001.png",
    "title": "Frozen glass dunes at dawn",
    "description": "Abstract dunes of blue glass under a low winter sun",
    "keywords": ["glass", "dunes", "winter", "abstract", "blue", "frozen", "dawn"],
    "creator": "Ana Vidal",
    "style": "photo",
    "depicts": {
        "people": "none",
        "property": "none",
        "places": "none",
        "brands": "none",
        "text": False,
        "news_event": False,
    },
    "mature": False,
    "categories": ["abstract", "nature"],
}
HUMAN = {"class": "human"}
GENERATED = {
    "class": "ai-generated",
    "system": "Midjourney",
    "version": "7",
    "plan": "pro",
    "rights": "commercial",
}
EDITED = {**GENERATED, "class": "ai-edited", "edit_share": 0.05}


def asset(provenance: dict[str, Any] | None = None, **changes: Any) -> Asset:
    """A complete asset; ``depicts`` in ``changes`` is merged, None takes an entry out."""
    data = {**COMPLETE, **changes}
    data["depicts"] = {**COMPLETE["depicts"], **changes.get("depicts", {})}
    data["depicts"] = {k: v for k, v in data["depicts"].items() if v is not None}
    if provenance is not None:
        data["provenance"] = provenance
    return Asset.model_validate({k: v for k, v in data.items() if v is not None})


def item_of(member: Asset) -> Item:
    return Item(
        id=member.id,
        kind=ItemKind.ASSET,
        release="winter-glass",
        title=member.title or "",
        description=member.description or "",
        keywords=member.keywords,
        members=(member,),
        masters=(),
        asset=member,
        file="release.yaml",
        line=7,
    )


def item(provenance: dict[str, Any] | None = None, **changes: Any) -> Item:
    return item_of(asset(provenance, **changes))


def bundle_of(*members: Asset, **changes: Any) -> Item:
    data = {"id": "pack", "title": "Winter Glass", "assets": [m.id for m in members], **changes}
    bundle = Bundle.model_validate(data)
    return Item(
        id=bundle.id,
        kind=ItemKind.BUNDLE,
        release="winter-glass",
        title=bundle.title,
        description=bundle.description or "",
        keywords=bundle.keywords,
        members=members,
        masters=(),
        bundle=bundle,
    )


def row(name: str) -> Row:
    (path,) = CHANNELS.glob(f"*/{name}.toml")
    return read_row(path, path.parent.name)


def made_row(rules: list[dict[str, Any]], **changes: Any) -> Row:
    """A row with rules of the test's own; source, grade and date are filled in."""
    evidence = {"source": "test", "grade": "O", "seen": dt.date(2026, 1, 1)}
    verbs = ["find", "list", "status", "stage", "update", "withdraw", "submit"]
    data: dict[str, Any] = {
        "schema": 1,
        "name": "made",
        "title": "Made",
        "mode": "transfer",
        "can": ["check", "create"],
        "cannot": dict.fromkeys(verbs, "not in a test"),
        "transport": {"kind": "ftp"},
        "rule": [{**evidence, "text": r["id"], **r} for r in rules],
        **changes,
    }
    return Row.model_validate(data)
