"""One write at a time: a product made, changed, or taken off.

A SKU that is taken is looked at: what an earlier attempt of ours made is finished, anything else is left alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from channels.woocommerce.asking import Asking, is_varied, withdrawal
from channels.woocommerce.client import Shop
from channels.woocommerce.looking import PRODUCTS, Catalogue
from channels.woocommerce.prices import check_echo, is_price, product_prices
from channels.woocommerce.product import (
    DONE,
    ITEM,
    STATE,
    body,
)
from channels.woocommerce.readback import (
    fields_of,
    files_of,
    is_ours,
    meta_of,
    remote_of,
    status_of,
)
from channels.woocommerce.refusals import (
    NO_PRODUCT,
    NOT_CREATED,
    TAKEN,
    Answer,
    refusal,
    resource_id,
)
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
        self.asking = Asking(shop, context, self.catalogue)
        self._variations = Variations(shop, self.catalogue)

    # Create

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Make the product, or finish what an earlier attempt of ours began."""
        there = self.catalogue.by_sku([key], trash=False).get(key)
        if there is not None:
            return self.take_over(there, listing, staged)
        made = self.asking.new_product(listing, staged)
        self._context.sending()
        answer = self._shop.write("POST", PRODUCTS, made)
        if not answer.good:
            return self.in_the_way(answer.data, listing, staged, answer.status)
        return self.created(answer.data, made, listing, staged)

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
            asked = self.asking.prices(fields)
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

    def _brought(
        self,
        there: Product,
        listing: Listing,
        fields: Mapping[str, FieldValue],
        names: set[str],
        staged: Sequence[Staged],
    ) -> Receipt:
        asked = self.asking.change(there, listing, fields, names, staged)
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


def _concerns_variations(name: str) -> bool:
    parts = ("variants", "product", "download", "download_name")
    return is_price(name) or name in parts or name.startswith("variant.")
