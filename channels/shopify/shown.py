"""A product as the shop shows it, in the words of a listing. Pure.

Our fields come back in the form in which a listing states them. What the shop alone decides (ids, addresses)
goes under ``remote.``. A product that was not made from here has a listing's fields as far as they can be told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from channels.shopify.words import money, tags, to_text
from publisher.listing import FieldValue, File, Remote, Status

MARK = 16
"""So many digits of a file's SHA-256 are part of its name there."""

_MARKED = re.compile(rf"-([0-9a-f]{{{MARK}}})(?:_[0-9a-f-]{{36}})?\.[a-z0-9]+$")

LISTS = frozenset({"declarations", "assets"})
"""Our metafields that hold several values, as JSON."""

OWN = frozenset({"key", "item", "file", "files"})
"""Our metafields that are no fields of a listing by themselves."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant there; ``name`` is our id of it, "" when it is not ours."""

    id: str
    name: str
    sku: str
    title: str
    price: str
    compare_at: str | None
    options: tuple[tuple[str, str], ...]
    shipped: bool


@dataclass(frozen=True, slots=True)
class Medium:
    """One picture there; ``sha256`` is that of our file, "" when it is not ours."""

    id: str
    alt: str
    url: str
    failed: bool
    sha256: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A product there."""

    id: str
    key: str
    handle: str
    url: str
    status: str
    ours: bool
    published: bool
    fields: Mapping[str, FieldValue]
    variants: tuple[Variant, ...]
    media: tuple[Medium, ...]
    options: tuple[tuple[str, str], ...]
    """Id and name of each option."""

    def life(self) -> Status:
        """Where it is in its life."""
        if self.status == "ARCHIVED":
            return Status.GONE
        if self.status == "DRAFT" or not self.published:
            return Status.UPLOADED
        return Status.LIVE

    def remote(self, *, whole: bool = True, files: Sequence[File] = ()) -> Remote:
        """As the engine sees it. With ``whole``, what a broken write left unfinished is PARTIAL."""
        status = self.life()
        held = {m.sha256 for m in self.media if m.sha256 and not m.failed}
        unfinished = self.status == "ACTIVE" and not self.published
        missing = any(f.sha256 not in held for f in files)
        if whole and self.ours and status is not Status.GONE and (unfinished or missing):
            status = Status.PARTIAL
        return Remote(
            self.id,
            self.key,
            status,
            self.url,
            {**self.fields, **self.facts()},
            picture=next((m.url for m in self.media if m.url), ""),
        )

    def facts(self) -> dict[str, FieldValue]:
        """What the ledger keeps with the binding."""
        return facts(self.variants, self.media)


def facts(variants: Sequence[Variant], media: Sequence[Medium]) -> dict[str, FieldValue]:
    """The ``remote.`` fields of a product with these lists."""
    found: dict[str, FieldValue] = {
        "remote.held": tuple(f"{m.sha256}={m.id}" for m in media if m.sha256),
        "remote.variants": tuple(f"{v.name}={v.id}" for v in variants if v.name),
    }
    if image := next((m.url for m in media if m.url), ""):
        found["remote.image"] = image
    return found


def shown(node: Mapping[str, Any], currency: str, wanted: Sequence[str]) -> Shown:
    """A product node of the interface; ``wanted`` are the ids of the sales channels to be on."""
    meta = {m["key"]: m["value"] for m in nodes(node, "metafields")}
    item = meta.get("item", "")
    variants = tuple(variant(v, item) for v in nodes(node, "variants"))
    media = pictures(nodes(node, "media"), texts(meta.get("files")))
    options = tuple((o["id"], o["name"]) for o in node.get("options") or ())
    status = str(node.get("status") or "")
    published = set(wanted) <= published_on(node, wanted)
    fields = {
        **_words(node),
        **_sold(variants, options, currency),
        **_meta(meta, frozenset(m.sha256 for m in media if not m.failed)),
        "alt": tuple(m.alt for m in media if m.sha256 or not meta.get("files")),
        "published": published and status in ("ACTIVE", "UNLISTED"),
    }
    return Shown(
        id=str(node["id"]),
        key=meta.get("key") or str(node.get("handle") or ""),
        handle=str(node.get("handle") or ""),
        url=str(node.get("onlineStoreUrl") or ""),
        status=status,
        ours="key" in meta,
        published=published,
        fields=fields,
        variants=variants,
        media=media,
        options=options,
    )


def nodes(parent: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The nodes of a connection; none when it was not asked for."""
    found = parent.get(name)
    return list(found.get("nodes") or ()) if isinstance(found, Mapping) else []


def published_on(node: Mapping[str, Any], wanted: Sequence[str]) -> set[str]:
    """Ids of the sales channels that a product node is on, in whichever way it was asked for."""
    on = {str(p["publication"]["id"]) for p in nodes(node, "resourcePublicationsV2")}
    return on | {channel for n, channel in enumerate(wanted) if node.get(f"on{n}")}


def variant(node: Mapping[str, Any], item: str) -> Variant:
    """A variant node. Ours are told by their SKU, which begins with the item's id."""
    sku = str(node.get("sku") or "")
    options = tuple((str(o["name"]), str(o["value"])) for o in node.get("selectedOptions") or ())
    start = f"{item}-"
    stock = node.get("inventoryItem") or {}
    return Variant(
        id=str(node["id"]),
        name=sku[len(start) :] if item and sku.startswith(start) else "",
        sku=sku,
        title=", ".join(v for _, v in options),
        price=str(node.get("price") or "0"),
        compare_at=str(node["compareAtPrice"]) if node.get("compareAtPrice") else None,
        options=options,
        shipped=bool(stock.get("requiresShipping")),
    )


def pictures(media: Sequence[Mapping[str, Any]], ours: Sequence[str]) -> tuple[Medium, ...]:
    """Media nodes, in order. Ours are told by the mark in their names.

    While the shop still works on a picture it has no name; such ones are ours in the order of those missing.
    """
    marked = {sha[:MARK]: sha for sha in ours}
    urls = [str((node.get("image") or {}).get("url") or "") for node in media]
    marks = [_MARKED.search(unquote(urlsplit(url).path)) for url in urls]
    known = [marked.get(m.group(1), "") if m else "" for m in marks]
    rest = iter([sha for sha in ours if sha not in known])
    return tuple(
        Medium(
            id=str(node["id"]),
            alt=str(node.get("alt") or ""),
            url=url,
            failed=node.get("status") == "FAILED",
            sha256=sha or ("" if url else next(rest, "")),
        )
        for node, url, sha in zip(media, urls, known, strict=True)
    )


def texts(value: object) -> tuple[str, ...]:
    """The strings of a JSON list; none of what is no such list."""
    try:
        found = json.loads(str(value or "[]"))
    except ValueError:
        return ()
    return tuple(str(v) for v in found) if isinstance(found, list) else ()


def _words(node: Mapping[str, Any]) -> dict[str, FieldValue]:
    seo = node.get("seo") or {}
    category = node.get("category") or {}
    return {
        "title": str(node.get("title") or ""),
        "description": to_text(str(node.get("descriptionHtml") or "")),
        "keywords": tags(tuple(node.get("tags") or ())),
        "categories": (str(category["fullName"]),) if category else (),
        "vendor": str(node.get("vendor") or ""),
        "type": str(node.get("productType") or ""),
        "status": str(node.get("status") or "").lower(),
        "seo_title": str(seo.get("title") or ""),
        "seo_description": str(seo.get("description") or ""),
    }


def _sold(
    variants: Sequence[Variant], options: Sequence[tuple[str, str]], currency: str
) -> dict[str, FieldValue]:
    names = [v.name or v.sku or v.id.rpartition("/")[2] for v in variants]
    found: dict[str, FieldValue] = {
        "variants": tuple(names),
        "option": ", ".join(name for _, name in options),
        "shipping": any(v.shipped for v in variants),
    }
    for name, v in zip(names, variants, strict=True):
        found[f"variant.{name}"] = v.title
        found[f"price.{name}"] = money(v.price, currency)
        struck = None if v.compare_at is None else money(v.compare_at, currency)
        found[f"compare_at.{name}"] = struck
    return found


def _meta(meta: Mapping[str, str], shas: frozenset[str]) -> dict[str, FieldValue]:
    found: dict[str, FieldValue] = {
        f"meta.{k}": texts(v) if k in LISTS else v for k, v in meta.items() if k not in OWN
    }
    declared = found.pop("meta.declarations", None)
    if "key" in meta:
        found["declarations"] = declared if declared is not None else ()
    if "file" in meta:
        # A picture that is gone or could not be used is not the picture that was asked for.
        whole = all(sha in shas for sha in texts(meta.get("files")))
        found["file"] = meta["file"] if whole else ""
    return found
