"""WooCommerce's product as a Remote: what is there now, in the words of a listing. Pure.

What the shop has a place for is read from that place; everything else comes from the meta data that we left
there. A value that only looks different (spelling of a price, order of tags) is given in our own form.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from channels.woocommerce.prices import PRICE, told_prices, variants_of
from channels.woocommerce.product import (
    FIELDS,
    FILES,
    ITEM,
    MAKING,
    STATE,
    WITHDRAWN,
    escaped,
    titled,
    variation_sku,
)
from publisher.listing import FieldValue, Remote, Status

Product = Mapping[str, Any]

FIELDS_ASKED = (
    "id,sku,type,name,slug,status,permalink,description,short_description,regular_price,sale_price,"
    "virtual,downloadable,downloads,images,tags,categories,attributes,meta_data"
)
"""What a look-up asks for: the rest of a product is large and of no use here."""

VARIATION_ASKED = "id,sku,status,regular_price,sale_price,downloads,attributes"

_PARAGRAPH = re.compile(r"<p>(.*?)</p>\s*", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def meta_of(product: Product) -> dict[str, Any]:
    """The meta data by key; the last one of a key counts."""
    entries = product.get("meta_data")
    found = entries if isinstance(entries, list) else []
    return {str(e.get("key")): e.get("value") for e in found if isinstance(e, dict)}


def is_ours(product: Product, item: str) -> bool:
    """Whether we made the product for this item."""
    return meta_of(product).get(ITEM) == item


def stored_fields(product: Product) -> dict[str, FieldValue]:
    """The listing that we wrote last."""
    stored = meta_of(product).get(FIELDS)
    fields = stored if isinstance(stored, dict) else {}
    return {str(k): tuple(v) if isinstance(v, list) else v for k, v in fields.items()}


def files_of(product: Product) -> dict[str, str]:
    """SHA-256 → attachment id (empty for a picture that is linked) of the files that it was made with."""
    stored = meta_of(product).get(FILES)
    pairs = (str(e).partition("=") for e in stored) if isinstance(stored, list) else ()
    return {sha: location for sha, _, location in pairs}


def downloads_of(product: Product) -> dict[str, str]:
    """Address → id of the downloads."""
    found = product.get("downloads")
    entries = found if isinstance(found, list) else []
    return {str(d.get("file")): str(d.get("id")) for d in entries if isinstance(d, dict)}


def status_of(product: Product) -> tuple[Status, str]:
    """Where it is in its life there, and why in a few words."""
    status, state = product.get("status"), meta_of(product).get(STATE)
    if status == "trash":
        return Status.GONE, "it is in the shop's trash"
    if state == MAKING:
        return Status.PARTIAL, "not all of its variations are there"
    if status == "publish":
        return Status.LIVE, ""
    if state == WITHDRAWN:
        return Status.GONE, "it was withdrawn: the shop keeps it as a draft"
    return (Status.IN_REVIEW if status == "pending" else Status.PREPARED), f"it is {status} there"


def remote_of(product: Product, variations: Sequence[Product], currency: str) -> Remote:
    """The product as we would list it, with the channel's own facts."""
    status, reason = status_of(product)
    images = product.get("images") or []
    picture = str(images[0].get("src") or "") if images else ""
    fields = fields_of(product, variations, currency) | _facts(product, variations, picture)
    return Remote(
        id=str(product.get("id")),
        key=str(product.get("sku") or ""),
        status=status,
        url=str(product.get("permalink") or ""),
        fields=fields,
        reason=reason,
        picture=picture,
    )


def fields_of(
    product: Product, variations: Sequence[Product], currency: str
) -> dict[str, FieldValue]:
    """Our fields as they are there now."""
    stored = stored_fields(product)
    found: dict[str, FieldValue] = {
        k: v for k, v in stored.items() if not k.startswith(("price.", "compare_at."))
    }
    found["title"] = _text(product.get("name"))
    found["description"] = _text(product.get("description"))
    found["keywords"] = _same_words(stored.get("keywords"), _names(product.get("tags")))
    found["categories"] = _shelves(stored.get("categories"), _names(product.get("categories")))
    if stored:
        found["status"] = _shown(product, stored)
    priced = _priced(product, variations, stored)
    for variant, told in priced.items():
        found |= told_prices(stored, variant, told, currency)
    missing = [v for v in variants_of(stored) if v not in priced]
    found |= {f"{PRICE}{v}": None for v in missing}
    if "download" in stored or product.get("downloads"):
        found["download"] = next(iter(_all_downloads(product, variations)), None)
    found |= {k: v for k, v in stored.items() if v is None and k not in found}
    return found


def _facts(product: Product, variations: Sequence[Product], picture: str) -> dict[str, FieldValue]:
    held = tuple(f"{sha}={place}" for sha, place in files_of(product).items() if place)
    download = next(iter(_all_downloads(product, variations)), None)
    facts: dict[str, FieldValue] = {}
    if held:
        facts["remote.held"] = held
    if picture:
        facts["remote.image"] = picture
    if download:
        facts["remote.download"] = download
    return facts


def _all_downloads(product: Product, variations: Sequence[Product]) -> list[str]:
    return [address for one in (product, *variations) for address in downloads_of(one)]


def _priced(
    product: Product, variations: Sequence[Product], stored: Mapping[str, FieldValue]
) -> dict[str, Product]:
    """Variant → the product or variation that has its price."""
    variants = variants_of(stored)
    if product.get("type") != "variable":
        # What somebody else made has no variants for us, only a price.
        one = variants[0] if len(variants) == 1 else None if variants else "standard"
        return {one: product} if one and (stored or product.get("regular_price")) else {}
    by_sku = {str(v.get("sku")): v for v in variations if v.get("status") == "publish"}
    item = str(product.get("sku") or "")
    pairs = ((v, by_sku.get(variation_sku(item, v))) for v in variants)
    return {variant: told for variant, told in pairs if told is not None}


def _shown(product: Product, stored: Mapping[str, FieldValue]) -> FieldValue:
    if status_of(product)[0] in (Status.PARTIAL, Status.GONE):
        return stored.get("status")
    return str(product.get("status") or "")


def _text(value: Any) -> str:
    """The text in a piece of HTML. A paragraph of ours comes back as it was, to the last space."""
    text = str(value or "")
    whole = _PARAGRAPH.fullmatch(text)
    inner = whole[1] if whole is not None else text
    if _TAG.search(inner):
        return " ".join(html.unescape(_TAG.sub(" ", inner)).split())
    return html.unescape(inner)


def _names(entries: Any) -> list[str]:
    found = entries if isinstance(entries, list) else []
    return [html.unescape(str(e.get("name") or "")) for e in found if isinstance(e, dict)]


def _same_words(stored: FieldValue, there: list[str]) -> FieldValue:
    """Tags have no order and no case there: the same set is our list."""
    ours = stored if isinstance(stored, tuple) else ()
    if {_folded(w) for w in ours} == {_folded(w) for w in there}:
        return ours
    return tuple(there)


def _shelves(stored: FieldValue, there: list[str]) -> FieldValue:
    """A product names the last category of its path only; without one it is on the shop's own default shelf."""
    ours = stored if isinstance(stored, tuple) else ()
    last = {_folded(path.rpartition(" > ")[2]) for path in ours}
    told = {_folded(name) for name in there}
    if last == told or (not ours and len(told) <= 1 and told <= {"uncategorized"}):
        return ours
    return tuple(there)


def _folded(word: str) -> str:
    return " ".join(html.unescape(escaped(word)).split()).casefold()


def option_of(variation: Product) -> str:
    """The option that a variation stands for."""
    entries = variation.get("attributes") or []
    return str(entries[0].get("option") or "") if entries else ""


__all__ = [
    "FIELDS_ASKED",
    "VARIATION_ASKED",
    "downloads_of",
    "fields_of",
    "files_of",
    "is_ours",
    "meta_of",
    "option_of",
    "remote_of",
    "status_of",
    "stored_fields",
    "titled",
]
