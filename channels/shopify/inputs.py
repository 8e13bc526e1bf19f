"""A listing as the input of Shopify's mutations. Pure.

A list is written whole or its key is left out: ``productSet`` deletes what a list does not name. What a
merchant added by hand (a variant, a picture) is therefore named as well when a list of ours changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels.shopify.documents import KEY, NAMESPACE
from channels.shopify.shown import LISTS, MARK, Medium, Shown
from channels.shopify.words import amount, to_html
from publisher.errors import Conflict, Rejected
from publisher.listing import Change, FieldValue, File, Listing, Staged

SHOWN = 100
"""Most entries of a list that an answer shows."""

PRICES = ("price.", "compare_at.")
WORDS = frozenset(
    (
        "title",
        "description",
        "keywords",
        "categories",
        "vendor",
        "type",
        "status",
        "seo_title",
        "seo_description",
    )
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What of a product a set of changes touches."""

    words: frozenset[str]
    variants: bool
    prices: bool
    pictures: bool
    alts: bool
    meta: frozenset[str]
    published: bool

    @property
    def prices_only(self) -> bool:
        """Whether the price path will do."""
        return self.prices and not (
            self.words or self.variants or self.pictures or self.alts or self.meta or self.published
        )

    @property
    def lists(self) -> bool:
        """Whether a list has to be written, for which one must know what is there."""
        files = self.pictures or self.alts
        return self.variants or files or (self.prices and not self.prices_only)


def parts_of(changes: Sequence[Change]) -> Parts:
    """What these changes touch."""
    names = {c.field for c in changes}
    return Parts(
        words=frozenset(names & WORDS),
        variants=any(
            n in ("variants", "option", "shipping") or n.startswith("variant.") for n in names
        ),
        prices=any(n.startswith(PRICES) for n in names),
        pictures="file" in names,
        alts="alt" in names,
        meta=frozenset(n for n in names if n.startswith("meta.") or n in ("declarations", "file")),
        published="published" in names,
    )


def command(identifier: Mapping[str, Any], product: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of ``SET_PRODUCT``: the answer is to show as much of the lists as was asked for."""
    variants = len(product.get("variants") or ())
    media = len(product.get("files") or ())
    return {
        "identifier": identifier,
        "input": product,
        "variants": max(1, min(variants, SHOWN)),
        "media": max(1, min(media, SHOWN)),
    }


def identifier(key: str) -> dict[str, Any]:
    """Our natural key, as the mutations and the look-up take it."""
    return {"customId": {"namespace": NAMESPACE, "key": KEY, "value": key}}


def file_name(file: File) -> str:
    """The name of a file there: its own, with the beginning of its checksum."""
    stem, _, extension = file.name.rpartition(".")
    return f"{stem}-{file.sha256[:MARK]}.{extension}"


def created(listing: Listing, staged: Sequence[Staged], category: str) -> dict[str, Any]:
    """The input that makes a product as a whole. A handle it gets only now: a merchant may change it later."""
    return {
        "handle": listing.key,
        **words(listing, WORDS, category),
        **sold(listing, None),
        "files": files(listing, staged, None),
        "metafields": _metafields(listing, staged),
    }


def words(listing: Listing, names: frozenset[str], category: str) -> dict[str, Any]:
    """The scalars of the listing's fields with these names. ``category`` is the id of its category."""
    fields, found = listing.fields, dict[str, Any]()
    plain = {"title": "title", "vendor": "vendor", "type": "productType"}
    for name, there in plain.items():
        if name in names and name in fields:
            found[there] = str(fields[name] or "")
    if "description" in names:
        found["descriptionHtml"] = to_html(str(fields.get("description") or ""))
    if "keywords" in names:
        found["tags"] = list(_tuple(fields.get("keywords")))
    if "categories" in names and (category or not _tuple(fields.get("categories"))):
        found["category"] = category or None
    if "status" in names:
        found["status"] = str(fields.get("status") or "active").upper()
    if names & {"seo_title", "seo_description"}:
        seo = {n: str(fields.get(f"seo_{n}") or "") for n in ("title", "description")}
        found["seo"] = seo
    return found


def sold(listing: Listing, there: Shown | None) -> dict[str, Any]:
    """Options and variants, which travel together, as whole lists. Raises Conflict for foreign options."""
    fields = listing.fields
    if there is not None and len(there.options) > 1:
        names = ", ".join(name for _, name in there.options)
        raise Conflict(
            f"{listing.item}: the product has further options there: {names}",
            remedy="take the other options away in the shop's admin, then push again",
        )
    option = str(fields.get("option") or "Title")
    known = {v.name: v.id for v in there.variants if v.name} if there is not None else {}
    variants = []
    for place, name in enumerate(_tuple(fields.get("variants")), start=1):
        entry = {
            "optionValues": [{"optionName": option, "name": str(fields[f"variant.{name}"])}],
            "position": place,
            "sku": f"{listing.item}-{name}",
            "inventoryItem": {
                "tracked": False,
                "requiresShipping": bool(fields.get("shipping")),
            },
            **_prices(fields, name),
        }
        variants.append({"id": known[name], **entry} if name in known else entry)
    for foreign in there.variants if there is not None else ():
        if not foreign.name:
            value = [{"optionName": option, "name": foreign.title}]
            variants.append({"id": foreign.id, "optionValues": value})
    values = [{"name": v["optionValues"][0]["name"]} for v in variants]
    own: dict[str, Any] = {"name": option, "position": 1, "values": values}
    if there is not None and there.options:
        own["id"] = there.options[0][0]
    return {"productOptions": [own], "variants": variants}


def _prices(fields: Mapping[str, FieldValue], name: str) -> dict[str, Any]:
    before = fields.get(f"compare_at.{name}")
    return {
        "price": amount(fields[f"price.{name}"]),
        "compareAtPrice": amount(before) if before is not None else None,
    }


def repriced(changes: Sequence[Change], known: Mapping[str, str]) -> list[dict[str, Any]]:
    """The variants of ``productVariantsBulkUpdate``: only those, and of each only what changes.

    ``known`` maps our ids of variants to theirs. Raises Rejected for a variant that is not there.
    """
    found: dict[str, dict[str, Any]] = {}
    for change in changes:
        kind, _, name = change.field.partition(".")
        if name not in known:
            raise Rejected(
                f"the variant {name} is not there any more",
                remedy="look with publisher status --refresh, then push",
            )
        entry = found.setdefault(name, {"id": known[name]})
        entry["price" if kind == "price" else "compareAtPrice"] = (
            amount(change.new) if change.new is not None else None
        )
    return list(found.values())


def files(listing: Listing, staged: Sequence[Staged], there: Shown | None) -> list[dict[str, Any]]:
    """The whole list of pictures: ours in order, then what the merchant added by hand."""
    alts = _tuple(listing.fields.get("alt"))
    known = {m.sha256: m for m in there.media if m.sha256 and not m.failed} if there else {}
    found = []
    for place, part in enumerate(staged):
        alt = alts[place] if place < len(alts) else ""
        found.append({**_file(part, known.get(part.file.sha256)), "alt": alt})
    foreign = [m for m in there.media if not m.sha256] if there is not None else []
    return found + [{"id": m.id} for m in foreign]


def described(listing: Listing, there: Shown) -> list[dict[str, Any]]:
    """The whole list of pictures as they are there, ours with the words of the listing."""
    alts = list(_tuple(listing.fields.get("alt")))
    found: list[dict[str, Any]] = []
    for medium in there.media:
        entry: dict[str, Any] = {"id": medium.id}
        if medium.sha256 and alts:
            entry["alt"] = alts.pop(0)
        found.append(entry)
    return found


def _file(part: Staged, there: Medium | None) -> dict[str, Any]:
    if there is not None:
        return {"id": there.id}
    if part.location.startswith("gid:"):
        return {"id": part.location}
    return {
        "originalSource": part.location,
        "filename": file_name(part.file),
        "contentType": "IMAGE",
    }


def _metafields(listing: Listing, staged: Sequence[Staged]) -> list[dict[str, str]]:
    own = [_metafield(KEY, "id", listing.key), _text("item", listing.item)]
    return own + metafields(listing, staged)


def metafields(
    listing: Listing, staged: Sequence[Staged], only: frozenset[str] | None = None
) -> list[dict[str, str]]:
    """Our metafields of a listing beside its key, or ``only`` those of its fields with these names."""
    found = []
    for name, value in sorted(listing.fields.items()):
        if only is not None and name not in only:
            continue
        if name == "declarations" or name.startswith("meta."):
            key = name.removeprefix("meta.")
            many = key in LISTS
            found.append(
                _metafield(key, "json", json.dumps(list(_tuple(value)), ensure_ascii=False))
                if many
                else _text(key, str(value or ""))
            )
        elif name == "file":
            digests = json.dumps([s.file.sha256 for s in staged])
            found += [_text("file", str(value)), _metafield("files", "json", digests)]
    return [m for m in found if m["value"]]


def cleared(listing: Listing, identity: str, names: frozenset[str]) -> list[dict[str, str]]:
    """Those of our metafields with these names that the listing has no value for any more."""
    return [
        {"ownerId": identity, "namespace": NAMESPACE, "key": name.removeprefix("meta.")}
        for name in sorted(names)
        if name.startswith("meta.") and not listing.fields.get(name)
    ]


def _text(key: str, value: str) -> dict[str, str]:
    return _metafield(key, "single_line_text_field", " ".join(value.split()))


def _metafield(key: str, kind: str, value: str) -> dict[str, str]:
    return {"namespace": NAMESPACE, "key": key, "type": kind, "value": value}


def _tuple(value: FieldValue) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
