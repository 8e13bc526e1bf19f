"""Hand-off packs: a folder with the renditions, the texts, a CSV and a checklist, for a person to carry over.

The reference adapter, and what every other channel falls back to. It sends nothing anywhere.
"""

from __future__ import annotations

from channels.handoff.session import HandoffSession
from publisher.channel import Channel, ChannelSettings, Context, Session
from publisher.listing import Copy, FieldValue, FileRequest, Listing, RenditionRequest, fingerprint
from publisher.manifest.item import Item, ItemKind
from publisher.manifest.model import Offer
from publisher.naming import safe_name
from publisher.recipes import EXTENSIONS, recipe_for, recipe_mark


class HandoffSettings(ChannelSettings):
    """A hand-off pack needs no settings."""


class Adapter(Channel):
    """One pack per item: every member's rendition, and the words to paste."""

    Settings = HandoffSettings
    SessionType = HandoffSession

    def to_listing(self, item: Item, offer: Offer | None, copy: Copy) -> Listing:
        """The pack's files and words. ``key`` is the name of the pack's folder."""
        recipe = recipe_for(self.row.file)
        extension = EXTENSIONS[recipe.format]
        files: tuple[FileRequest, ...] = tuple(
            RenditionRequest(
                "image",
                safe_name(member.id, self.row.limits.filename, extension),
                master,
                recipe,
                copy.metadata,
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
            fields["editorial"] = bool(item.members[0].editorial)
            fields["mature"] = bool(item.members[0].mature)
        for variant in offer.variants if offer is not None else ():
            fields[f"price.{variant.id}"] = f"{variant.price} {offer.currency if offer else ''}"
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

    def session(self, context: Context) -> Session:
        """A session on the account's outbox."""
        return HandoffSession(context)
