"""Hand-off packs: a folder with the renditions, the texts, a CSV and a checklist, for a person to carry over.

The reference adapter, what every channel without a way in of its own uses, and what every other channel
falls back to. It sends nothing anywhere.
"""

from __future__ import annotations

from channels.handoff.session import HandoffSession
from channels.transport.batch import column_values
from publisher.channel import Channel, ChannelSettings, Context, Session
from publisher.listing import (
    Copy,
    FieldValue,
    FileRequest,
    Finding,
    Level,
    Listing,
    RenditionRequest,
    fingerprint,
)
from publisher.manifest.item import Item, ItemKind
from publisher.manifest.model import Asset, Editorial, Offer
from publisher.naming import safe_name
from publisher.recipes import EXTENSIONS, metadata_for, recipe_for, recipe_mark


class HandoffSettings(ChannelSettings):
    """A hand-off pack needs no settings."""


class Adapter(Channel):
    """One pack per item: every member's rendition, and the words to paste."""

    Settings = HandoffSettings
    SessionType = HandoffSession

    def to_listing(self, item: Item, offer: Offer | None, copy: Copy) -> Listing:
        """The pack's files and words. ``key`` is the name of the pack's folder."""
        recipe = recipe_for(
            self.row.file,
            upsample=bool(item.override(copy.account).upsample),
            marks=self.row.metadata,
        )
        extension = EXTENSIONS[recipe.format]
        files: tuple[FileRequest, ...] = tuple(
            RenditionRequest(
                "image",
                safe_name(member.id, self.row.limits.filename, extension),
                master,
                recipe,
                # A member of a bundle speaks for itself: its own words, and its own origin.
                copy.metadata if item.kind is ItemKind.ASSET else metadata_for(member),
            )
            for member, master in zip(item.members, item.masters, strict=True)
        )
        fields: dict[str, FieldValue] = {
            "title": copy.title,
            "description": copy.description,
            "keywords": copy.keywords,
            "categories": copy.categories,
            "file": fingerprint([[m.sha256 for m in item.masters], recipe_mark(recipe)]),
            "declarations": tuple(
                f"{d.name} ({d.mechanism}){': ' + d.value if d.value else ''}"
                for d in copy.declarations
            ),
        }
        if item.kind is ItemKind.ASSET:
            fields |= _facts(item.members[0], files[0].name)
        if offer is not None:
            fields |= _offered(offer)
        fields |= {f"csv.{name}": value for name, value in copy.fields.items()}
        return Listing(
            item=item.id,
            account=copy.account,
            key=safe_name(item.id, self.row.limits.filename, ""),
            fields=fields,
            files=files,
            declarations=copy.declarations,
            tasks=copy.tasks,
            findings=copy.findings,
        )

    def validate(self, listing: Listing) -> list[Finding]:
        """Columns that the site wants filled and that nothing fills: a person would have to."""
        if self.row.csv is None:
            return []
        dialect = self.row.csv.dialects[self.row.csv.dialect]
        values = column_values(listing, dialect)
        return [
            Finding(
                Level.WARNING,
                f"{self.row.title} wants {column.header}, and the manifest does not state it",
                f"write it under channels.{listing.account}.fields.{column.header}",
                item=listing.item,
                account=listing.account,
                code="column-empty",
            )
            for column in dialect.columns
            if column.required and not values[column.header] and not column.value
        ]

    def session(self, context: Context) -> Session:
        """A session on the account's outbox."""
        return HandoffSession(context)


def _offered(offer: Offer) -> dict[str, FieldValue]:
    """Variants with their prices, and royalties by class of product."""
    fields: dict[str, FieldValue] = {}
    if offer.variants:
        fields["variants"] = tuple(v.id for v in offer.variants)
    for variant in offer.variants:
        fields[f"variant.{variant.id}"] = variant.title
        fields[f"price.{variant.id}"] = f"{variant.price} {offer.currency}"
        if variant.compare_at is not None:
            fields[f"compare_at.{variant.id}"] = f"{variant.compare_at} {offer.currency}"
    for product, share in offer.royalties.items():
        fields[f"royalty.{product}"] = f"{share.normalize():f} %"
    return fields


def _facts(asset: Asset, filename: str) -> dict[str, FieldValue]:
    """What forms and sheets ask of a single image; a fact that the manifest does not state is left out."""
    facts: dict[str, FieldValue] = {
        "filename": filename,
        "editorial": bool(asset.editorial),
        "mature": bool(asset.mature),
    }
    if asset.creator:
        facts["creator"] = asset.creator
    if asset.created is not None:
        facts["created"] = asset.created.isoformat()
    if asset.country:
        facts["country"] = asset.country
    if isinstance(asset.editorial, Editorial) and asset.editorial.date is not None:
        facts["editorial_date"] = asset.editorial.date.isoformat()
    return facts
