"""What a write asks of the shop, as JSON: a new product, a change, a price. Pictures and categories go first.

They do no harm when the product never follows, and what is there already is not sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from channels.woocommerce.client import Shop
from channels.woocommerce.library import Library, images
from channels.woocommerce.looking import Catalogue
from channels.woocommerce.prices import product_prices, variants_of
from channels.woocommerce.product import (
    DONE,
    MAKING,
    STATE,
    WITHDRAWN,
    body,
    escaped,
    meta,
    structure,
)
from channels.woocommerce.readback import (
    downloads_of,
    files_of,
    meta_of,
    option_of,
    status_of,
    stored_fields,
)
from channels.woocommerce.shelves import Shelves
from publisher.channel import Context
from publisher.listing import FieldValue, Listing, Staged, Status

Product = dict[str, Any]


class Asking:
    """Makes the JSON of writes to one shop."""

    def __init__(self, shop: Shop, context: Context, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._library = Library(shop, context)
        self._shelves = Shelves(shop)

    def new_product(self, listing: Listing, staged: Sequence[Staged]) -> Product:
        """The JSON of a new product; its pictures and categories are there already when this returns."""
        fields = listing.fields
        made = body(fields, fields, currency=self._catalogue.currency) | structure(fields)
        placed = self._library.place((s.file for s in staged), {})
        state = MAKING if is_varied(fields) else DONE
        if is_varied(fields):
            made["status"] = "draft"
        return made | {
            "sku": listing.key,
            "categories": self._shelves.ids(_words(fields.get("categories"))),
            "images": self._images(listing.fields, staged, placed),
            "meta_data": meta(
                listing.item, fields, files=_pairs(placed), state=state, names=fields
            ),
        }

    def change(
        self,
        there: Product,
        listing: Listing,
        fields: Mapping[str, FieldValue],
        names: set[str],
        staged: Sequence[Staged],
    ) -> Product:
        """The JSON that brings a product to ``fields`` in what ``names`` says; pictures go up before."""
        made = body(fields, names, currency=self._catalogue.currency, kept=downloads_of(there))
        if "variants" in names or any(n.startswith("variant.") for n in names):
            made |= structure(fields, self._left(there))
        if "categories" in names:
            made["categories"] = self._shelves.ids(_words(fields.get("categories")))
        shown = files_of(there)
        placed = self._library.place((s.file for s in staged), shown)
        if set(placed) - set(shown) or "image" in names:
            made["images"] = self._images(fields, staged, placed, there)
        state = meta_of(there).get(STATE)
        made["meta_data"] = meta(
            listing.item,
            _remembered(there, listing, fields, names),
            files=_pairs(placed) if staged else None,
            state=DONE if state not in (None, DONE, MAKING) else state,
            names=names,
        )
        if status_of(there)[0] in (Status.GONE, Status.PARTIAL):
            made |= body(fields, ["status"], currency=self._catalogue.currency)
        return made

    def prices(self, fields: Mapping[str, FieldValue]) -> Product:
        """The prices of a simple product, checked, and nothing else."""
        (variant,) = variants_of(fields)
        return dict(product_prices(fields, variant, self._catalogue.currency))

    def _left(self, there: Product) -> list[str]:
        """The options of variations that stay there although they may no longer be offered."""
        return [option_of(v) for v in self._catalogue.variations(there) if option_of(v)]

    def _images(
        self,
        fields: Mapping[str, FieldValue],
        staged: Sequence[Staged],
        placed: Mapping[str, str],
        there: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        alt = escaped(fields.get("title"))
        found: list[dict[str, Any]] = list(images([s.file for s in staged], placed, alt))
        address = fields.get("image")
        if found or not address:
            return found
        # The shop fetches an address anew each time: one that it has from here is kept by its id.
        old = stored_fields(there).get("image") if there is not None else None
        kept = (there or {}).get("images") or []
        if old == address and kept:
            return [{"id": kept[0]["id"]}]
        return [{"src": str(address), "alt": alt}]


def withdrawal() -> Product:
    """What hides a product, and remembers that it was us."""
    return {"status": "draft", "meta_data": [{"key": STATE, "value": WITHDRAWN}]}


def is_varied(fields: Mapping[str, FieldValue]) -> bool:
    """Whether it has variations."""
    return len(variants_of(fields)) > 1


def _remembered(
    there: Product, listing: Listing, fields: Mapping[str, FieldValue], names: set[str]
) -> dict[str, FieldValue]:
    """What the product's meta data say after the write: what they said, and what was named."""
    stored = stored_fields(there) or dict(fields)
    merged = {**stored, **{n: fields.get(n) for n in names}}
    return {n: v for n, v in merged.items() if v is not None or n in listing.fields}


def _pairs(placed: Mapping[str, str]) -> list[str]:
    return [f"{sha}={place}" for sha, place in placed.items()]


def _words(value: FieldValue) -> Iterable[str]:
    return value if isinstance(value, tuple) else ()
