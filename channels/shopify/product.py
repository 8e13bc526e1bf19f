"""An item as a product of a shop: its listing, and what is wrong with it. Pure.

Pictures are for looking at: a shop shows them to everybody, so they are made smaller than what is sold. Where a
rule declares AI, the sentence, the metafields and the marks in the pictures say so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from channels.shopify.words import money, shortened, tags
from publisher.listing import (
    Copy,
    FieldValue,
    FileRequest,
    Finding,
    Level,
    Listing,
    Recipe,
    RenditionRequest,
    fingerprint,
)
from publisher.manifest.item import Item, ItemKind
from publisher.manifest.model import Offer, Product
from publisher.naming import safe_name
from publisher.recipes import EXTENSIONS, metadata_for, recipe_for, recipe_mark
from publisher.row import Row

PICTURE_SIDE = 2048
"""Long side of a product's picture in pixels: what themes show at most."""

SEO_TITLE = 70
SEO_DESCRIPTION = 160
"""Characters that search engines show."""

ALT = 512
"""Most characters of an alternative text."""

MOST_PICTURES = 250
MOST_VARIANTS = 2048

STATUSES = ("active", "draft", "unlisted")

_OWN_FIELDS = {
    "vendor": "vendor",
    "type": "type",
    "product type": "type",
    "status": "status",
    "option": "option",
    "option1 name": "option",
    "seo_title": "seo_title",
    "seo title": "seo_title",
    "seo_description": "seo_description",
    "seo description": "seo_description",
}
"""What a manifest may say under ``fields`` of the account, also by the name of the CSV's column."""


def product_key(item: str) -> str:
    """Our key and the product's handle: the item's id in small letters, digits and dashes."""
    plain = re.sub(r"[^a-z0-9]+", "-", item.lower()).strip("-")
    return plain if plain == item else f"{plain or 'item'}-{fingerprint(item)[:6]}"


def listed(row: Row, item: Item, offer: Offer | None, copy: Copy) -> Listing:
    """The listing of an item. Deterministic."""
    recipe = _recipe(row, item, copy)
    extension = EXTENSIONS[recipe.format]
    files: tuple[FileRequest, ...] = tuple(
        RenditionRequest(
            "image",
            safe_name(member.id, row.limits.filename, extension),
            master,
            recipe,
            # A member of a bundle speaks for itself: its own words, and its own origin.
            copy.metadata if item.kind is ItemKind.ASSET else metadata_for(member),
        )
        for member, master in zip(item.members, item.masters, strict=True)
    )
    fields: dict[str, FieldValue] = {
        **_words(item, offer, copy),
        "file": fingerprint([[m.sha256 for m in item.masters], recipe_mark(recipe), _marks(files)]),
        "alt": tuple(shortened(m.title or item.title, ALT) for m in item.members),
        **_origin(item, copy),
        **_sold(offer),
    }
    own, found = _overrides(copy)
    fields |= own
    fields["published"] = fields["status"] != "draft"
    return Listing(
        item=item.id,
        account=copy.account,
        key=product_key(item.id),
        fields=fields,
        files=files,
        declarations=copy.declarations,
        tasks=copy.tasks,
        findings=(*copy.findings, *found),
    )


def _marks(files: Iterable[FileRequest]) -> list[str]:
    """What the pictures say of their origin: when that changes, they have to be made and sent anew."""
    return [f.metadata.digital_source_type for f in files if isinstance(f, RenditionRequest)]


def _recipe(row: Row, item: Item, copy: Copy) -> Recipe:
    upsample = bool(item.override(copy.account).upsample)
    recipe = recipe_for(row.file, upsample=upsample, marks=row.metadata)
    side = min(recipe.long_side_max or PICTURE_SIDE, PICTURE_SIDE)
    return replace(recipe, long_side_max=side)


def _words(item: Item, offer: Offer | None, copy: Copy) -> dict[str, FieldValue]:
    physical = offer is not None and offer.product is Product.PHYSICAL
    kind = "Bundle" if item.kind is ItemKind.BUNDLE else "Print" if physical else "Image"
    found: dict[str, FieldValue] = {
        "title": " ".join(copy.title.split()),
        "description": copy.description.replace("\r\n", "\n").replace("\r", "\n"),
        "keywords": tags(copy.keywords),
        "categories": copy.categories[:1],
        "type": kind,
        "status": "active",
        "seo_title": shortened(copy.title, SEO_TITLE),
        "seo_description": shortened(copy.description, SEO_DESCRIPTION),
        "option": "Size" if physical else "Licence",
        "shipping": physical,
    }
    if vendor := _shared(m.creator for m in item.members):
        found["vendor"] = vendor
    return found


def _origin(item: Item, copy: Copy) -> dict[str, FieldValue]:
    """What the metafields say of where the pictures come from, and of what is delivered."""
    origins = [m.provenance for m in item.members if m.provenance is not None]
    marks = (metadata_for(m).digital_source_type for m in item.members)
    told = {
        "provenance": ", ".join(sorted({o.class_.value for o in origins})),
        "source_type": ", ".join(sorted({m for m in marks if m})),
        "ai_system": ", ".join(sorted({o.system for o in origins if o.system})),
        "licence": (item.bundle.licence or "standard") if item.bundle is not None else "",
    }
    source = copy.source.fields if copy.source is not None else {}
    hosted = str(source.get("remote.download") or "")
    told["download"] = str(copy.fields.get("download_link") or hosted)
    told["content"] = str(source.get("content") or "") if told["download"] == hosted else ""
    found: dict[str, FieldValue] = {
        f"meta.{name}": " ".join(value.split()) for name, value in told.items() if value
    }
    found["meta.assets"] = tuple(m.id for m in item.members)
    found["declarations"] = tuple(
        f"{d.name} ({d.mechanism}){': ' + d.value if d.value else ''}" for d in copy.declarations
    )
    return found


def _sold(offer: Offer | None) -> dict[str, FieldValue]:
    if offer is None:
        return {"variants": ()}
    found: dict[str, FieldValue] = {"variants": tuple(v.id for v in offer.variants)}
    for variant in offer.variants:
        found[f"variant.{variant.id}"] = " ".join(variant.title.split())
        found[f"price.{variant.id}"] = money(variant.price, offer.currency)
        before = getattr(variant, "compare_at", None)
        struck = None if before is None else money(before, offer.currency)
        # None says that nothing is struck through: what a sale left there has to go.
        found[f"compare_at.{variant.id}"] = struck
    return found


def _overrides(copy: Copy) -> tuple[dict[str, FieldValue], list[Finding]]:
    own: dict[str, FieldValue] = {}
    found = []
    for name, value in copy.fields.items():
        if name in _ELSEWHERE:
            continue
        there = _OWN_FIELDS.get(name.casefold())
        if there is None:
            text = f"a product has no field {name!r} that can be set from here"
            found.append(_finding(Level.WARNING, text, _KNOWN, copy.account, "unknown-field"))
            continue
        text = " ".join((value or "").split())
        own[there] = text.lower() if there == "status" else text
    if own.get("status", "active") not in STATUSES:
        text = f"{own['status']!r} is no status of a product"
        remedy = f"say one of {', '.join(STATUSES)}"
        found.append(_finding(Level.ERROR, text, remedy, copy.account, "status"))
    return own, found


_ELSEWHERE = frozenset({"download_link", "image_link"})
"""The first becomes a metafield; the second is for the CSV only, for here pictures are uploaded."""

_KNOWN = f"known are {', '.join(sorted(set(_OWN_FIELDS.values())))}"


def problems(listing: Listing) -> list[Finding]:
    """What a product cannot be without, and what the shop would not take as it is."""
    fields = listing.fields
    variants = fields.get("variants")
    names = variants if isinstance(variants, tuple) else ()
    titles = Counter(str(fields[f"variant.{n}"]).casefold() for n in names)
    twice = sorted(t for t, count in titles.items() if count > 1)
    told = []
    if not names:
        told.append(("a shop needs a price, and there is no offer", "add an offer", "no-offer"))
    if twice:
        text = f"two variants have one title: {', '.join(twice)}"
        told.append((text, "give each variant a title of its own", "variant-title"))
    if len(names) > MOST_VARIANTS:
        text = f"a product has at most {MOST_VARIANTS} variants, and this one has {len(names)}"
        told.append((text, "offer fewer variants", "variants"))
    if len(listing.files) > MOST_PICTURES:
        text = f"a product shows at most {MOST_PICTURES} pictures, not {len(listing.files)}"
        told.append((text, "make smaller bundles", "pictures"))
    return [
        replace(_finding(Level.ERROR, text, remedy, listing.account, code), item=listing.item)
        for text, remedy, code in told
    ]


def _finding(level: Level, text: str, remedy: str, account: str, code: str) -> Finding:
    return Finding(level, text, remedy, account=account, code=code)


def _shared(values: Iterable[str | None]) -> str:
    found = {v for v in values if v}
    return " ".join(found.pop().split()) if len(found) == 1 else ""
