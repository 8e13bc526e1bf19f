"""A WooCommerce shop of one's own: a product per item, known by its SKU, with a variation for each variant.

The listing is pure data; the session is imported when one is opened. A digital product without a file to sell
stays a draft: nobody may pay for a download that is not there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from channels.woocommerce.prices import variants_of
from channels.woocommerce.session import WooSession
from channels.woocommerce.settings import WooSettings
from publisher.channel import Channel, Context, Session, Write
from publisher.listing import (
    Copy,
    FieldValue,
    Finding,
    Level,
    Listing,
    RenditionRequest,
    fingerprint,
)
from publisher.manifest.item import Item, ItemKind
from publisher.manifest.model import Offer
from publisher.naming import safe_name
from publisher.recipes import EXTENSIONS, metadata_for, recipe_for, recipe_mark
from publisher.row import Verb

PICTURE_SIDE = 1600
"""Long side of a product picture in pixels: WordPress scales what is over 2560 and renames it."""

PICTURES = 20
"""Most pictures of a product: a bundle of hundreds shows its first ones."""

SECONDS = {Verb.CREATE: 0.073, Verb.UPDATE: 0.031, Verb.WITHDRAW: 0.031}
"""What one write took on WooCommerce 11.0.1, measured on loopback; a real shop is slower."""

UPLOAD_SECONDS = 0.5
DOWNLOAD_TASK = "Add the file to sell to the draft of {title}, then publish it there"


class Adapter(Channel):
    """A product with its pictures, words, prices and download."""

    Settings = WooSettings
    SessionType = WooSession

    def to_listing(self, item: Item, offer: Offer | None, copy: Copy) -> Listing:
        """The product. ``key`` is its SKU: the item's id."""
        fields: dict[str, FieldValue] = {
            "title": copy.title,
            "description": copy.description,
            "keywords": copy.keywords,
            "categories": copy.categories,
            "provenance": tuple(sorted(c.value for c in item.provenance_classes)),
            "declarations": tuple(
                f"{d.name} ({d.mechanism}){': ' + d.value if d.value else ''}"
                for d in copy.declarations
            ),
        }
        fields |= _offered(offer)
        fields |= {f"csv.{name}": value for name, value in copy.fields.items()}
        fields |= _download(item, offer, copy)
        files, findings = self._pictures(item, copy)
        fields["file"] = fingerprint(
            [[f.name, f.master.sha256, recipe_mark(f.recipe)] for f in files]
        )
        waits = fields["product"] == "digital" and not fields.get("download")
        fields["status"] = copy.fields.get("status") or ("draft" if waits else "publish")
        tasks = (*copy.tasks, *([DOWNLOAD_TASK.format(title=copy.title)] if waits else []))
        return Listing(
            item=item.id,
            account=copy.account,
            key=item.id,
            fields=fields,
            files=files,
            declarations=copy.declarations,
            tasks=tasks,
            findings=(*copy.findings, *findings),
        )

    def validate(self, listing: Listing) -> list[Finding]:
        """What a customer would notice first: nothing to buy, nothing to load down, a link that dies."""
        found = []
        address = str(listing.fields.get("download") or "")
        if not variants_of(listing.fields):
            found.append(
                ("offer-missing", "it has no offer, so that nobody can buy it", "add an offer")
            )
        if listing.fields.get("status") == "draft" and not address:
            found.append(
                (
                    "download-missing",
                    "there is no file to sell yet, so that it stays a draft",
                    "let the account follow a bundles account, or write download_link under its fields",
                )
            )
        if _dies(address):
            found.append(
                (
                    "download-expires",
                    "the address of the download is signed and will stop working",
                    "use an address that stays, such as that of a public bucket",
                )
            )
        return [
            Finding(
                Level.WARNING, text, remedy, item=listing.item, account=listing.account, code=code
            )
            for code, text, remedy in found
        ]

    def forecast(self, writes: Sequence[Write]) -> str:
        """Requests and minutes: what the facts allow at best, one picture upload and look-up each."""
        if not writes:
            return ""
        batch = self.row.batch
        together = batch is not None and len(writes) >= batch.min
        calls = math.ceil(len(writes) / batch.max) if together and batch else len(writes)
        uploads = sum(len(w.listing.files) for w in writes if w.listing is not None and _shows(w))
        many = sum(1 for w in writes if w.listing is not None and _varied(w.listing))
        requests = 2 * calls + 2 * uploads + 3 * many
        seconds = sum(SECONDS[w.verb] for w in writes) + uploads * UPLOAD_SECONDS + 0.2 * many
        minutes = max(1, math.ceil(seconds / 60))
        return f"about {requests} requests, {minutes} {'minute' if minutes == 1 else 'minutes'} or more"

    def session(self, context: Context) -> Session:
        """A session on the shop. It connects on first use."""
        return WooSession(context)

    def _pictures(
        self, item: Item, copy: Copy
    ) -> tuple[tuple[RenditionRequest, ...], list[Finding]]:
        recipe = recipe_for(
            self.row.file,
            upsample=bool(item.override(copy.account).upsample),
            marks=self.row.metadata,
        )
        side = min(recipe.long_side_max or PICTURE_SIDE, PICTURE_SIDE)
        recipe = replace(recipe, long_side_max=side)
        members = list(zip(item.members, item.masters, strict=True))
        files = tuple(
            RenditionRequest(
                "image",
                safe_name(member.id, self.row.limits.filename, EXTENSIONS[recipe.format]),
                master,
                recipe,
                # A member of a bundle speaks for itself: its own words, and its own origin.
                copy.metadata if item.kind is ItemKind.ASSET else metadata_for(member),
            )
            for member, master in members[:PICTURES]
        )
        if len(members) <= PICTURES:
            return files, []
        text = f"the product shows {PICTURES} of its {len(members)} pictures"
        note = Finding(Level.NOTICE, text, item=item.id, account=copy.account, code="pictures-left")
        return files, [note]


def _offered(offer: Offer | None) -> dict[str, FieldValue]:
    """The variants in order with titles and prices, and the price before a sale."""
    if offer is None:
        return {"variants": ()}
    fields: dict[str, FieldValue] = {"variants": tuple(v.id for v in offer.variants)}
    for variant in offer.variants:
        fields[f"variant.{variant.id}"] = variant.title
        fields[f"price.{variant.id}"] = f"{variant.price} {offer.currency}"
        if variant.compare_at is not None:
            fields[f"compare_at.{variant.id}"] = f"{variant.compare_at} {offer.currency}"
    return fields


def _download(item: Item, offer: Offer | None, copy: Copy) -> dict[str, FieldValue]:
    """What is sold: a thing, or a file at the account that this one follows or at the manifest's own address."""
    product = offer.product.value if offer is not None and offer.product else "digital"
    fields: dict[str, FieldValue] = {"product": product}
    source = copy.source.fields if copy.source is not None else {}
    picture = copy.fields.get("image_link") or source.get("remote.image")
    if picture:
        fields["image"] = str(picture)
    if product != "digital":
        return fields
    address = copy.fields.get("download_link") or source.get("remote.download")
    if address:
        fields["download"] = str(address)
        fields["download_name"] = copy.fields.get("download_name") or f"{item.id}.zip"
    return fields


def _dies(address: str) -> bool:
    names = {name.lower() for name, _ in parse_qsl(urlsplit(address).query, keep_blank_values=True)}
    return bool(names & {"x-amz-signature", "x-amz-expires", "signature", "expires"})


def _shows(write: Write) -> bool:
    return write.verb is Verb.CREATE or any(c.field == "file" for c in write.changes)


def _varied(listing: Listing) -> bool:
    return len(variants_of(listing.fields)) > 1
