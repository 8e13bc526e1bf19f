"""The effects of a Shopify account: products looked at, made, changed and taken off, one at a time.

A product is never deleted: taking it off archives it. Many writes at once go another way, by a bulk operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from channels.shopify import cost, documents, inputs
from channels.shopify.answers import not_there, refusal
from channels.shopify.check import look_round
from channels.shopify.client import Lost, Unreached
from channels.shopify.looks import Looks
from channels.shopify.many import write_many
from channels.shopify.products import Products
from channels.shopify.ready import Place, Ready
from channels.shopify.shop import Common, Shop, common
from channels.shopify.uploads import Uploads
from publisher.channel import Context, Session, Write, Wrote
from publisher.errors import Transient
from publisher.listing import (
    Change,
    File,
    Health,
    Listing,
    Receipt,
    Remote,
    Staged,
    Status,
)

ONE_BY_ONE = 20
"""Up to so many keys are looked up one at a time; for more, the shop is read."""

_PICTURE_BYTES = 32 * 1024 * 1024


class ShopifySession(Session):
    """One shop. Not shared between threads."""

    announces_sending: ClassVar[bool] = True

    def __init__(self, context: Context, shared: Common | None = None) -> None:
        super().__init__(context)
        self.shop = Shop(context, shared or common(context))
        self.uploads = Uploads(self.shop)
        self.looks = Looks(self.shop)
        self.ready = Ready(self.shop)
        self.products = Products(self.shop, self.ready, self.uploads, self.looks)

    def close(self) -> None:
        """Let the lines go."""
        self.shop.close()

    def check(self) -> Health:
        """The shop, its currency, our rights in it, and the version of its interface."""
        return Health(self.context.account, look_round(self.shop))

    def find(self, key: str, files: Sequence[File] = ()) -> Remote | None:
        """A product by our key, or by its handle when its SKUs are ours."""
        self.ready.settled()
        there = self.looks.product(key)
        return there.remote(files=files) if there is not None else None

    def find_many(self, keys: Sequence[str]) -> Mapping[str, Remote]:
        """The same for many: from some on, the whole shop is read instead."""
        if len(keys) <= ONE_BY_ONE:
            return super().find_many(keys)
        self.ready.settled()
        wanted, found = set(keys), {}
        for page in self.looks.pages(bulk=True):
            for there in page:
                if there.key in wanted and (there.ours or there.key not in found):
                    found[there.key] = there.remote()
        return found

    def list(self) -> Iterator[Sequence[Remote]]:
        """Every product of the shop, ours or not. Complete, or it raises."""
        for page in self.looks.pages():
            yield [there.remote(whole=False) for there in page]

    def status(self, remote: Remote) -> Status:
        """Where a product is in its life; gone when it is not there."""
        there = self.looks.of(remote)
        return there.life() if there is not None else Status.GONE

    def picture(self, remote: Remote) -> bytes | None:
        """The first picture of a product, as visitors get it."""
        if not remote.picture:
            return None
        try:
            return self.shop.storage.read(remote.picture, _PICTURE_BYTES)
        except (Unreached, Lost) as error:
            raise Transient("a picture cannot be read from the shop", detail=str(error)) from None

    def stage(self, file: File) -> Staged:
        """See that the shop has the bytes: known ones are not sent again."""
        return self.uploads.stage(file)

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Make the product with everything in one step, then put it on the sales channels."""
        self.ready.writable()
        self.ready.priced_in(listing)
        place = self.products.place_for(listing, staged)
        if place is not None:
            return self._again(place, listing, staged)
        product = self.products.new_product(listing, staged)
        identifier = inputs.identifier(listing.key)
        return self._set(listing, identifier, product, staged, pictures=True, publish=True)

    def _again(self, place: Place, listing: Listing, staged: Sequence[Staged]) -> Receipt:
        """Make a product anew that was taken off, or that an earlier attempt did not finish."""
        there = self.looks.there(Remote(place.id, listing.key), listing.item)
        product = self.products.old_product(listing, staged, there)
        self._tag(place.id, listing, staged, None, first=True)
        identifier = {"id": place.id}
        return self._set(
            listing, identifier, product, staged, pictures=True, publish=True, first=False
        )

    def update(
        self, remote: Remote, listing: Listing, changes: Sequence[Change], staged: Sequence[Staged]
    ) -> Receipt:
        """Change only the named fields; prices alone go their own way."""
        self.ready.writable()
        self.ready.priced_in(listing)
        parts = inputs.parts_of(changes)
        if parts.prices_only:
            return self._reprice(remote, listing, changes)
        there = self.looks.there(remote, listing.item) if parts.lists else None
        product = self.products.changed_product(listing, staged, parts, there)
        receipt = Receipt(Remote(remote.id, listing.key), tasks=listing.tasks)
        first = True
        if parts.meta:
            # Before the pictures that they speak of: a product with the old ones is then seen to be unfinished.
            first = self._tag(remote.id, listing, staged, parts.meta, first=True)
        if product:
            receipt = self._set(
                listing,
                {"id": remote.id},
                product,
                staged,
                pictures=parts.pictures,
                publish=False,
                first=first,
            )
            first = False
        if parts.published and listing.fields.get("published"):
            self._publish(remote.id, listing.item, self.ready.publications, first=first)
        elif parts.published:
            self._unpublish(remote.id, listing.item, first=first)
        return receipt

    def withdraw(self, remote: Remote) -> Receipt:
        """Archive the product: nobody sees it any more, and it can be brought back."""
        self.ready.settled()
        gone = Receipt(Remote(remote.id, remote.key, Status.GONE))
        identity = remote.id
        if not identity.startswith("gid:"):
            there = self.looks.product(remote.key)
            if there is None or there.status == "ARCHIVED":
                return gone
            identity = there.id
        variables = inputs.command({"id": identity}, {"status": "ARCHIVED"})
        answer = self.shop.tell(documents.SET_PRODUCT, variables)["productSet"]
        if error := not_there(remote.key, answer["userErrors"]):
            raise error
        self.ready.archived(identity)
        return gone

    def write_many(self, writes: Sequence[Write]) -> Iterator[Wrote]:
        """All of them by bulk operations: one run per kind of write."""
        return write_many(self, writes)

    # One write

    def _set(
        self,
        listing: Listing,
        identifier: Mapping[str, Any],
        product: Mapping[str, Any],
        staged: Sequence[Staged],
        *,
        pictures: bool,
        publish: bool,
        first: bool = True,
    ) -> Receipt:
        variables = inputs.command(identifier, product)
        points = cost.of_input(product)
        data = self.shop.tell(documents.SET_PRODUCT, variables, points, first=first)
        node = self.products.accepted(listing, product, data["productSet"])
        if publish:
            self._publish(
                node["id"], listing.item, self.products.missing(listing, node), first=False
            )
        self.ready.made(listing.key, node["id"])
        return self.products.receipt(listing, node, product, staged if pictures else ())

    def _publish(self, identity: str, item: str, channels: Sequence[str], *, first: bool) -> None:
        if channels:
            variables = {"id": identity, "input": [{"publicationId": p} for p in channels]}
            answer = self.shop.tell(documents.PUBLISH, variables, first=first)
            if error := refusal(item, answer["publishablePublish"]["userErrors"]):
                raise error

    def _unpublish(self, identity: str, item: str, *, first: bool) -> None:
        if channels := self.ready.publications:
            variables = {"id": identity, "input": [{"publicationId": p} for p in channels]}
            answer = self.shop.tell(documents.UNPUBLISH, variables, first=first)
            if error := refusal(item, answer["publishableUnpublish"]["userErrors"]):
                raise error

    def _tag(
        self,
        identity: str,
        listing: Listing,
        staged: Sequence[Staged],
        names: frozenset[str] | None,
        *,
        first: bool,
    ) -> bool:
        """Write our metafields; returns whether what follows is the first command of the write still."""
        found = inputs.metafields(listing, staged, names)
        if found:
            variables = {"metafields": [{**m, "ownerId": identity} for m in found]}
            answer = self.shop.tell(documents.SET_METAFIELDS, variables, first=first)
            first = False
            if error := refusal(listing.item, answer["metafieldsSet"]["userErrors"]):
                raise error
        dropped = inputs.cleared(listing, identity, names) if names else []
        if dropped:
            variables = {"metafields": dropped}
            answer = self.shop.tell(documents.DELETE_METAFIELDS, variables, first=first)
            first = False
            if error := refusal(listing.item, answer["metafieldsDelete"]["userErrors"]):
                raise error
        return first

    def _reprice(self, remote: Remote, listing: Listing, changes: Sequence[Change]) -> Receipt:
        known = self.ready.variants_of(remote)
        if not {c.field.partition(".")[2] for c in changes} <= set(known):
            there = self.looks.there(remote, listing.item)
            known = {v.name: v.id for v in there.variants if v.name}
        wanted = inputs.repriced(changes, known)
        variables = {"productId": remote.id, "variants": wanted}
        points = cost.of_product(variants=len(wanted))
        answer = self.shop.tell(documents.SET_PRICES, variables, points)
        return self.products.repriced(remote, listing, wanted, answer["productVariantsBulkUpdate"])
