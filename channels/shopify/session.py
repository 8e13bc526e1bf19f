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
from channels.shopify.echo import echoed
from channels.shopify.looks import Looks
from channels.shopify.many import write_many
from channels.shopify.ready import Place, Ready
from channels.shopify.shop import Common, Shop, common
from channels.shopify.shown import Shown, facts, nodes, pictures, published_on, variant
from channels.shopify.uploads import Uploads
from publisher.channel import Context, Session, Write, Wrote
from publisher.errors import Conflict, Transient
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
        self._ready: Ready | None = None

    def close(self) -> None:
        """Let the lines go."""
        self.shop.close()

    @property
    def ready(self) -> Ready:
        """What must be known of the shop before something is written or settled."""
        if self._ready is None:
            self._ready = Ready(self.shop)
        return self._ready

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
        place = self.place_for(listing, staged)
        if place is not None:
            return self._again(place, listing, staged)
        product = self.new_product(listing, staged)
        identifier = inputs.identifier(listing.key)
        return self._set(listing, identifier, product, staged, pictures=True, publish=True)

    def place_for(self, listing: Listing, staged: Sequence[Staged]) -> Place | None:
        """The product that has the listing's key, if it may be taken. Raises Conflict when it is not ours."""
        place = self.ready.place_of(listing.key)
        began = any(self.context.began(s.file.name) is not None for s in staged)
        if place is not None and place.status != "ARCHIVED" and not began:
            raise Conflict(
                f"the shop has a product with the key {listing.key} already, and it is not known here",
                remedy=f"bind it with publisher adopt, or give {listing.item} another id",
            )
        return place

    def new_product(self, listing: Listing, staged: Sequence[Staged]) -> dict[str, Any]:
        """The input that makes a product which is not there yet."""
        category = self.ready.category(listing)
        brought = [s if s.location else self.uploads.brought(s.file) for s in staged]
        return inputs.created(listing, brought, category)

    def old_product(
        self, listing: Listing, staged: Sequence[Staged], there: Shown
    ) -> dict[str, Any]:
        """The input that makes a product anew which is there: what others added to it stays."""
        product = inputs.words(listing, inputs.WORDS, self.ready.category(listing))
        product |= inputs.sold(listing, there)
        brought = [s if s.location else self.uploads.brought(s.file) for s in staged]
        return product | {"files": inputs.files(listing, brought, there)}

    def _again(self, place: Place, listing: Listing, staged: Sequence[Staged]) -> Receipt:
        """Make a product anew that was taken off, or that an earlier attempt did not finish."""
        there = self.looks.there(Remote(place.id, listing.key), listing.item)
        product = self.old_product(listing, staged, there)
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
        product = self.changed_product(listing, staged, parts, there)
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

    def changed_product(
        self,
        listing: Listing,
        staged: Sequence[Staged],
        parts: inputs.Parts,
        there: Shown | None,
    ) -> dict[str, Any]:
        """The input that changes these parts of a product; lists are whole, or left out."""
        if parts.lists and there is None:
            raise self.looks.absent(listing.item)
        product: dict[str, Any] = {}
        if parts.words:
            category = self.ready.category(listing) if "categories" in parts.words else ""
            product |= inputs.words(listing, parts.words, category)
        if parts.variants or parts.prices:
            product |= inputs.sold(listing, there)
        if parts.pictures:
            brought = [s if s.location else self.uploads.brought(s.file) for s in staged]
            product["files"] = inputs.files(listing, brought, there)
        elif parts.alts and there is not None:
            product["files"] = inputs.described(listing, there)
        return product

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
        node = self.accepted(listing, product, data["productSet"])
        if publish:
            self._publish(node["id"], listing.item, self.missing(listing, node), first=False)
        self.ready.made(listing.key, node["id"])
        return self.receipt(listing, node, product, staged if pictures else ())

    def missing(self, listing: Listing, node: Mapping[str, Any]) -> tuple[str, ...]:
        """The sales channels that a product of an answer should be on, and is not."""
        wanted = self.ready.publications if listing.fields.get("published") else ()
        on = published_on(node, self.ready.publications)
        return tuple(p for p in wanted if p not in on)

    def accepted(
        self, listing: Listing, product: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The product of an answer to ``productSet``. Raises the refusal, or what differs from what was asked."""
        if error := refusal(listing.item, answer["userErrors"]):
            raise error
        node: Mapping[str, Any] = answer["product"]
        echoed(listing.item, product, node)
        return node

    def receipt(
        self,
        listing: Listing,
        node: Mapping[str, Any],
        product: Mapping[str, Any],
        staged: Sequence[Staged],
    ) -> Receipt:
        """The receipt for a product of an answer to ``productSet`` that was sent these pictures."""
        shas = [s.file.sha256 for s in staged]
        # Pictures come back in the order in which they were asked for, foreign ones last.
        foreign = len(product.get("files", ())) - len(shas)
        first = [node["featuredMedia"]] if node.get("featuredMedia") else []
        media = pictures(nodes(node, "media") or first, [*shas, *[""] * foreign])
        variants = [variant(v, listing.item) for v in nodes(node, "variants")]
        known = facts(variants, media)
        for sha in shas:
            self.shop.shared.staged.pop(sha, None)
        if not shas:
            del known["remote.held"]
        draft = str(node.get("status")) == "DRAFT"
        url = str(node.get("onlineStoreUrl") or "")
        if not url and not draft:
            # Before it is on its sales channels a product has no address, but it is known already.
            url = self.shop.settings.product_address(str(node["handle"]))
        return Receipt(
            Remote(
                str(node["id"]),
                listing.key,
                Status.UPLOADED if draft else Status.LIVE,
                url,
                known,
            ),
            tasks=listing.tasks,
            sent=tuple(s.file for s in staged),
        )

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
        return self.repriced(remote, listing, wanted, answer["productVariantsBulkUpdate"])

    def repriced(
        self,
        remote: Remote,
        listing: Listing,
        wanted: Sequence[Mapping[str, Any]],
        answer: Mapping[str, Any],
    ) -> Receipt:
        """The receipt for an answer to ``productVariantsBulkUpdate``. Raises as ``accepted`` does."""
        if error := refusal(listing.item, answer["userErrors"]):
            raise error
        given = {v["id"]: v for v in answer["productVariants"] or ()}
        echoed(listing.item, {"variants": wanted}, {"variants": {"nodes": list(given.values())}})
        return Receipt(Remote(remote.id, listing.key), tasks=listing.tasks)
