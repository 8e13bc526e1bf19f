"""One write at a time: a product made, changed, or taken off, with what has to be there before it.

Pictures and categories come first, because they do no harm when the product never follows. A SKU that is taken
is looked at: what an earlier attempt of ours made is finished, anything else is left alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from channels.woocommerce.client import Shop
from channels.woocommerce.library import Library, images
from channels.woocommerce.looking import PRODUCTS, Catalogue
from channels.woocommerce.prices import check_echo, is_price, product_prices, variants_of
from channels.woocommerce.product import (
    DONE,
    FILES,
    ITEM,
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
    fields_of,
    files_of,
    is_ours,
    meta_of,
    option_of,
    remote_of,
    status_of,
    stored_fields,
)
from channels.woocommerce.refusals import (
    NO_PRODUCT,
    NOT_CREATED,
    TAKEN,
    Answer,
    refusal,
    resource_id,
)
from channels.woocommerce.shelves import Shelves
from channels.woocommerce.variations import Variations, Wanted
from publisher.channel import Context
from publisher.errors import Conflict, PublisherError, Rejected
from publisher.listing import Change, FieldValue, Listing, Receipt, Remote, Staged, Status

Product = dict[str, Any]
PICTURE_TASK = "Add a picture to {title}: the account may not upload, and no address was given"


class Writing:
    """Create, update and withdraw on one shop."""

    def __init__(self, shop: Shop, context: Context) -> None:
        self.catalogue = Catalogue(shop)
        self._shop = shop
        self._context = context
        self._library = Library(shop, context)
        self._shelves = Shelves(shop)
        self._variations = Variations(shop, self.catalogue)

    # Create

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Make the product, or finish what an earlier attempt of ours began."""
        there = self.catalogue.by_sku([key], trash=False).get(key)
        if there is not None:
            return self.take_over(there, listing, staged)
        made = self.new_product(listing, staged)
        self._context.sending()
        answer = self._shop.write("POST", PRODUCTS, made)
        if not answer.good:
            return self.in_the_way(answer.data, listing, staged, answer.status)
        return self.created(answer.data, made, listing, staged)

    def new_product(self, listing: Listing, staged: Sequence[Staged]) -> Product:
        """The JSON of a new product; its pictures and categories are there already when this returns."""
        fields = listing.fields
        made = body(fields, fields, currency=self.catalogue.currency) | structure(fields)
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

    def created(
        self, product: Product, sent: Product, listing: Listing, staged: Sequence[Staged]
    ) -> Receipt:
        """What follows a product that was made: its price is compared, its variations are added.

        A product with a wrong price is hidden before this raises.
        """
        try:
            check_echo(listing.key, sent, product)
        except Rejected:
            self._hide(product)
            raise
        return self._finished(product, listing, staged)

    def in_the_way(
        self, refused: Any, listing: Listing, staged: Sequence[Staged], status: int = 0
    ) -> Receipt:
        """A create was refused: by a product with its SKU, perhaps one of ours, or for a reason of its own."""
        code = str(refused.get("code") or "") if isinstance(refused, dict) else ""
        if code == TAKEN:
            number = str(resource_id(refused))
            there = self.catalogue.by_id([number]).get(number)
            if there is not None:
                return self.take_over(there, listing, staged)
        if code == NOT_CREATED:
            there = self.catalogue.by_sku([listing.key]).get(listing.key)
            if there is not None:
                return self.take_over(there, listing, staged)
        raise refusal(listing.key, refused, status)

    def take_over(self, there: Product, listing: Listing, staged: Sequence[Staged]) -> Receipt:
        """Bring what an earlier attempt of ours made to what is wanted now. Raises Conflict if it is not ours."""
        began = any(self._context.began(s.file.name) is not None for s in staged)
        if not (began and is_ours(there, listing.item)):
            trash = " in the shop's trash" if there.get("status") == "trash" else ""
            raise Conflict(
                f"product {there.get('id')}{trash} has the SKU {listing.key} already, and it is not from here",
                remedy="give one of them another SKU, delete it there for good, or bind it with publisher adopt",
            )
        wanted = dict(listing.fields)
        variations = self.catalogue.variations(there)
        now = fields_of(there, variations, self.catalogue.currency)
        shown = files_of(there)
        same = status_of(there)[0] not in (Status.GONE, Status.PARTIAL) and all(
            now.get(name) == value for name, value in wanted.items()
        )
        if same and all(s.file.sha256 in shown for s in staged):
            return self._receipt(
                remote_of(there, variations, self.catalogue.currency), listing, staged
            )
        return self._brought(there, listing, wanted, set(wanted), staged)

    # Update and withdraw

    def update(
        self, remote: Remote, listing: Listing, changes: Sequence[Change], staged: Sequence[Staged]
    ) -> Receipt:
        """Send the named fields. Prices alone touch nothing else."""
        fields = {**listing.fields, **{c.field: c.new for c in changes}}
        names = {c.field for c in changes}
        if remote.id.isdecimal() and names and all(is_price(n) for n in names):
            return self._priced(remote, listing, fields, names, staged)
        there = self._bound(remote, listing)
        return self._brought(there, listing, fields, names, staged)

    def withdraw(self, remote: Remote) -> Receipt:
        """Hide the product as a draft. What is gone, in the trash or replaced by another is left alone."""
        gone = Receipt(Remote(remote.id, remote.key, Status.GONE))
        there = self.catalogue.by_sku([remote.key]).get(remote.key)
        if there is None or status_of(there)[0] is Status.GONE:
            return gone
        if remote.id.isdecimal() and str(there["id"]) != remote.id:
            return gone
        self._context.sending()
        self._accepted(
            self._shop.write("PUT", f"{PRODUCTS}/{there['id']}", withdrawal()), remote.key
        )
        return Receipt(Remote(str(there["id"]), remote.key, Status.GONE))

    def price_body(self, fields: Mapping[str, FieldValue]) -> Product:
        """The prices of a simple product, checked, and nothing else."""
        (variant,) = variants_of(fields)
        return dict(product_prices(fields, variant, self.catalogue.currency))

    def receipt(self, product: Product, listing: Listing, staged: Sequence[Staged]) -> Receipt:
        """The receipt of a simple product as the shop answered it."""
        remote = remote_of(product, (), self.catalogue.currency)
        return self._receipt(remote, listing, staged)

    def _priced(
        self,
        remote: Remote,
        listing: Listing,
        fields: Mapping[str, FieldValue],
        names: set[str],
        staged: Sequence[Staged],
    ) -> Receipt:
        currency = self.catalogue.currency
        if not is_varied(fields):
            asked = self.price_body(fields)
            self._context.sending()
            answer = self._shop.write("PUT", f"{PRODUCTS}/{remote.id}", asked)
            product = self._accepted(answer, listing.key)
            check_echo(listing.key, asked, product)
            return self.receipt(product, listing, staged)
        only = {n.partition(".")[2] for n in names}
        for variant in only:
            product_prices(fields, variant, currency)
        self._context.sending()
        self._variations.bring(
            {"id": remote.id, "type": "variable"}, Wanted(listing.item, fields, only)
        )
        known = Remote(remote.id, listing.key, Status.UNKNOWN, remote.url)
        return self._receipt(known, listing, staged)

    def _bound(self, remote: Remote, listing: Listing) -> Product:
        """The product of a binding. Raises Conflict when it is gone, in the trash, or another item's."""
        known = remote.id if remote.id.isdecimal() else ""
        there = (
            self.catalogue.by_id([known]).get(known)
            if known
            else self.catalogue.by_sku([listing.key]).get(listing.key)
        )
        if there is None or there.get("status") == "trash":
            raise Conflict(
                f"{listing.key}: the product is {'in the trash' if there else 'gone'} there",
                remedy="restore it there, or say publisher resolve with --as absent to have it made again",
            )
        owner = meta_of(there).get(ITEM)
        if owner not in (None, listing.item):
            raise Conflict(f"{listing.key}: product {there['id']} belongs to {owner} by now")
        return there

    def change_body(
        self,
        there: Product,
        listing: Listing,
        fields: Mapping[str, FieldValue],
        names: set[str],
        staged: Sequence[Staged],
    ) -> Product:
        """The JSON that brings a product to ``fields`` in what ``names`` says; pictures go up before."""
        made = body(fields, names, currency=self.catalogue.currency, kept=downloads_of(there))
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
            made |= body(fields, ["status"], currency=self.catalogue.currency)
        return made

    def _brought(
        self,
        there: Product,
        listing: Listing,
        fields: Mapping[str, FieldValue],
        names: set[str],
        staged: Sequence[Staged],
    ) -> Receipt:
        asked = self.change_body(there, listing, fields, names, staged)
        making = is_varied(fields) and status_of(there)[0] is Status.PARTIAL
        if making:
            asked["status"] = "draft"
        self._context.sending()
        answer = self._shop.write("PUT", f"{PRODUCTS}/{there['id']}", asked)
        product = self._accepted(answer, listing.key)
        check_echo(listing.key, asked, product)
        if making:
            return self._finished(product, replace(listing, fields=fields), staged)
        variations: Sequence[Product] = ()
        if is_varied(fields) and any(map(_concerns_variations, names)):
            variations = self._variations.bring(product, Wanted(listing.item, fields))
        if product.get("status") == "trash":
            raise Conflict(
                f"{listing.key}: the shop did not take the product out of its trash",
                remedy="restore it there, then push again",
            )
        return self._receipt(
            remote_of(product, variations, self.catalogue.currency), listing, staged
        )

    def _finished(self, product: Product, listing: Listing, staged: Sequence[Staged]) -> Receipt:
        """Add the variations of a hidden product, then show it."""
        if not is_varied(listing.fields):
            return self.receipt(product, listing, staged)
        variations = self._variations.bring(product, Wanted(listing.item, listing.fields))
        shown = body(listing.fields, ["status"], currency=self.catalogue.currency)
        shown["meta_data"] = [{"key": STATE, "value": DONE}]
        answer = self._shop.write("PUT", f"{PRODUCTS}/{product['id']}", shown)
        done = self._accepted(answer, listing.key)
        remote = remote_of(done, variations, self.catalogue.currency)
        return self._receipt(remote, listing, staged)

    def _left(self, there: Product) -> list[str]:
        """The options of variations that stay there although they may no longer be offered."""
        return [option_of(v) for v in self.catalogue.variations(there) if option_of(v)]

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

    def _hide(self, product: Mapping[str, Any]) -> None:
        # The error that is on its way says what is wrong; this only keeps customers away from it.
        with contextlib.suppress(PublisherError):
            self._shop.write("PUT", f"{PRODUCTS}/{product['id']}", {"status": "draft"})

    def _accepted(self, answer: Answer, key: str) -> Product:
        if answer.code == NO_PRODUCT:
            raise Conflict(
                f"{key}: the product is gone there",
                remedy="say publisher resolve with --as absent to have it made again",
            )
        found: Product = answer.accepted(key)
        return found

    def _receipt(self, remote: Remote, listing: Listing, staged: Sequence[Staged]) -> Receipt:
        tasks = list(listing.tasks)
        if staged and "remote.image" not in remote.fields and remote.status is Status.LIVE:
            tasks.append(PICTURE_TASK.format(title=listing.fields.get("title")))
        return Receipt(remote, tuple(tasks), tuple(s.file for s in staged))


def withdrawal() -> Product:
    """What hides a product, and remembers that it was us."""
    return {"status": "draft", "meta_data": [{"key": STATE, "value": WITHDRAWN}]}


def is_varied(fields: Mapping[str, FieldValue]) -> bool:
    """Whether it has variations."""
    return len(variants_of(fields)) > 1


def _concerns_variations(name: str) -> bool:
    parts = ("variants", "product", "download", "download_name")
    return is_price(name) or name in parts or name.startswith("variant.")


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


__all__ = ["FILES", "Writing", "is_varied", "withdrawal"]
