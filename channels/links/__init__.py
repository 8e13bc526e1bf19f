"""Links that make a product for a buyer: addresses generated from the manifest, with no browser and no login.

It needs a picture on a public host that was declared to the site. Nothing is listed anywhere by it.
"""

from __future__ import annotations

from channels.links.session import LinkSession
from publisher.channel import Channel, ChannelSettings, Context, Session
from publisher.listing import Copy, FieldValue, Listing, RenditionRequest, fingerprint
from publisher.manifest.item import Item
from publisher.manifest.model import Offer
from publisher.naming import safe_name
from publisher.recipes import EXTENSIONS, recipe_for, recipe_mark


class LinkSettings(ChannelSettings):
    """Links need no settings: ids and declared hosts are no secrets, and stand in publisher.toml."""


class Adapter(Channel):
    """The links of one picture, one per product template."""

    Settings = LinkSettings
    SessionType = LinkSession

    def to_listing(self, item: Item, offer: Offer | None, copy: Copy) -> Listing:
        """The words and the public address of the picture: the item's own, else that of the followed account."""
        override = item.override(copy.account)
        there = copy.source.fields.get("remote.image") if copy.source is not None else None
        recipe = recipe_for(self.row.file, marks=self.row.metadata)
        name = safe_name(item.id, self.row.limits.filename, EXTENSIONS[recipe.format])
        fields: dict[str, FieldValue] = {
            "filename": name,
            "file": fingerprint([[m.sha256 for m in item.masters], recipe_mark(recipe)]),
            "title": copy.title,
            "description": copy.description,
            "keywords": copy.keywords,
            "image_url": copy.fields.get("image_url") or there,
            "declarations": tuple(f"{d.name} ({d.mechanism})" for d in copy.declarations),
        }
        asset = item.members[0]
        chosen = override.products if override.products is not None else asset.products
        if chosen is not None:
            fields["products"] = chosen
        fields |= {f"csv.{k}": v for k, v in copy.fields.items() if k != "image_url"}
        return Listing(
            item=item.id,
            account=copy.account,
            key=safe_name(item.id, self.row.limits.filename, ""),
            fields=fields,
            files=tuple(
                RenditionRequest("image", name, master, recipe, copy.metadata)
                for master in item.masters[:1]
            ),
            declarations=copy.declarations,
            tasks=copy.tasks,
            findings=copy.findings,
        )

    def session(self, context: Context) -> Session:
        """A session on the account's outbox."""
        return LinkSession(context)
