"""A listing as WooCommerce's product, field by field: what we ask for. Pure; ids are handed in.

Texts are escaped: the shop takes HTML and runs shortcodes in square brackets, and a title must stay a title.
What the shop has no place for travels in the product's own meta data, so that it can be read back.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Any

from channels.woocommerce.prices import is_price, product_prices, variants_of
from publisher.errors import Rejected
from publisher.listing import FieldValue, plain

ITEM = "publisher_item"
FIELDS = "publisher_fields"
FILES = "publisher_files"
STATE = "publisher_state"
ORIGIN = "publisher_provenance"
OURS = frozenset({ITEM, FIELDS, FILES, STATE, ORIGIN})
"""Keys of the meta data that we write: whose product it is, what it says, which files it shows."""

DONE, MAKING, WITHDRAWN = "done", "making", "withdrawn"
"""Values of STATE. MAKING is a product that is hidden until all of its variations are there."""

OPTION = "Option"
"""Name of the attribute that tells variations apart."""

STATUSES = ("publish", "draft", "pending", "private")

NO_META = frozenset(
    {"download_link", "download_name", "image_link", "link", "slug", "short_description", "status"}
)
"""Fields of the manifest (``channels.ACCOUNT.fields``) with a meaning here; all others become meta data."""


def escaped(text: FieldValue) -> str:
    """Text that stays text: no tags, no entities, no shortcodes."""
    safe = html.escape(str(text or ""), quote=False)
    return safe.replace("[", "&#91;").replace("]", "&#93;")


def paragraph(text: FieldValue) -> str:
    """A text as one paragraph, so that WordPress adds none of its own."""
    return f"<p>{escaped(text)}</p>" if text else ""


def is_digital(fields: Mapping[str, FieldValue]) -> bool:
    """Whether it is sold as a download."""
    return fields.get("product") != "physical"


def body(
    fields: Mapping[str, FieldValue],
    names: Iterable[str],
    *,
    currency: str,
    kept: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The JSON for the fields called ``names``; pictures, categories and variations are not in it.

    ``kept`` are the downloads there, address → id: an id that goes back keeps what customers have bought.
    Raises Rejected for a price that the shop would spoil.
    """
    wanted = set(names)
    made: dict[str, Any] = {}
    if "title" in wanted:
        made["name"] = escaped(fields.get("title"))
    if "description" in wanted:
        made["description"] = paragraph(fields.get("description"))
    if wanted & {"title", "csv.short_description"}:
        short = fields.get("csv.short_description", fields.get("title"))
        made["short_description"] = paragraph(short)
    if fields.get("csv.slug") and "csv.slug" in wanted:
        made["slug"] = str(fields["csv.slug"])
    if "keywords" in wanted:
        made["tags"] = [{"name": escaped(word)} for word in _words(fields.get("keywords"))]
    if "status" in wanted:
        made["status"] = _status(fields)
    variants = variants_of(fields)
    if len(variants) == 1:
        if any(is_price(name) or name == "variants" for name in wanted):
            made |= product_prices(fields, variants[0], currency)
        if wanted & {"product", "download", "variants"}:
            made |= goods(fields, kept or {})
    elif not variants and "variants" in wanted:
        made |= {"regular_price": "", "sale_price": ""}
    return made


def goods(fields: Mapping[str, FieldValue], kept: Mapping[str, str]) -> dict[str, Any]:
    """Whether something is sent by post, and what a customer may load down."""
    digital = is_digital(fields)
    address = str(fields.get("download") or "")
    found: dict[str, Any] = {"virtual": digital, "downloadable": bool(digital and address)}
    entry = {"name": str(fields.get("download_name") or "Download"), "file": address}
    if address in kept:
        entry["id"] = kept[address]
    elif len(kept) == 1:
        # The one download points elsewhere: under its old id it stays the customers' own.
        entry["id"] = next(iter(kept.values()))
    found["downloads"] = [entry] if found["downloadable"] else []
    return found


def structure(fields: Mapping[str, FieldValue], kept: Iterable[str] = ()) -> dict[str, Any]:
    """What makes it a simple product, or one with a variation for each variant.

    ``kept`` are options of variations that are no longer offered but stay there, hidden.
    """
    variants = variants_of(fields)
    if len(variants) < 2:
        return {"type": "simple"}
    options = dict.fromkeys((*(option_for(fields, v) for v in variants), *kept))
    return {
        "type": "variable",
        "attributes": [
            {"name": OPTION, "visible": True, "variation": True, "options": list(options)}
        ],
    }


def titled(fields: Mapping[str, FieldValue], variant: str) -> str:
    """A variant's title."""
    return str(fields.get(f"variant.{variant}") or variant)


def option_for(fields: Mapping[str, FieldValue], variant: str) -> str:
    """A variant's title as an option: no bar, which parts options there, and no two alike."""
    variants = variants_of(fields)
    titles = [titled(fields, v).replace("|", "/").casefold() for v in variants]
    title = titled(fields, variant).replace("|", "/")
    unique = titles.count(title.casefold()) < 2
    return escaped(title if unique else f"{title} ({variant})")


def meta(
    item: str,
    fields: Mapping[str, FieldValue],
    *,
    files: Iterable[str] | None,
    state: str | None = DONE,
    names: Iterable[str] = (),
) -> list[dict[str, Any]]:
    """The meta data: ours, and the manifest's own fields called ``names`` (None removes one)."""
    ours: dict[str, Any] = {ITEM: item, FIELDS: plain(dict(fields)), ORIGIN: _origin(fields)}
    if files is not None:
        ours[FILES] = list(files)
    if state is not None:
        ours[STATE] = state
    for name in names:
        own = name.removeprefix("csv.")
        if name.startswith("csv.") and own not in NO_META and own not in OURS:
            ours[own] = plain(fields.get(name))
    return [{"key": key, "value": value} for key, value in ours.items()]


def _origin(fields: Mapping[str, FieldValue]) -> str:
    return ", ".join(_words(fields.get("provenance")))


def _words(value: FieldValue) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _status(fields: Mapping[str, FieldValue]) -> str:
    status = str(fields.get("status") or "publish")
    if status not in STATUSES:
        raise Rejected(
            f"the status {status!r} is none of WooCommerce's",
            remedy=f"use one of {', '.join(STATUSES)}",
        )
    return status


def variation_sku(item: str, variant: str) -> str:
    """The SKU of a variation: the item's and the variant's id, the same as in the CSV."""
    return f"{item}-{variant}"
