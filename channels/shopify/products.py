"""Products on their way to a shop and back: inputs of mutations with what they need, and receipts of answers.

It looks and uploads where an input needs it, and gives no command itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.shopify import inputs
from channels.shopify.answers import refusal
from channels.shopify.echo import echoed
from channels.shopify.looks import Looks
from channels.shopify.ready import Place, Ready
from channels.shopify.shop import Shop
from channels.shopify.shown import Shown, facts, nodes, pictures, published_on, variant
from channels.shopify.uploads import Uploads
from publisher.errors import Conflict
from publisher.listing import Listing, Receipt, Remote, Staged, Status


class Products:
    """Belongs to one session."""

    def __init__(self, shop: Shop, ready: Ready, uploads: Uploads, looks: Looks) -> None:
        self.shop = shop
        self.ready = ready
        self.uploads = uploads
        self.looks = looks

    def place_for(self, listing: Listing, staged: Sequence[Staged]) -> Place | None:
        """The product that has the listing's key, if it may be taken. Raises Conflict when it is not ours."""
        place = self.ready.place_of(listing.key)
        began = any(self.shop.context.began(s.file.name) is not None for s in staged)
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
