"""Form-driven sites through a real browser: a flow engine, and one site profile as data per row.

The reference for sites without an upload interface. It fills a form, and a person presses publish, unless the
account says otherwise; a submit is proved by what the site shows, or it is unknown. It evades no check.
"""

from __future__ import annotations

from channels.browser.profile import shipped_profile
from channels.browser.session import BrowserSession
from channels.browser.settings import BrowserSettings
from publisher.channel import Channel, ChannelSettings, Context, Session
from publisher.listing import (
    Copy,
    FieldValue,
    Finding,
    Level,
    Listing,
    RenditionRequest,
    fingerprint,
)
from publisher.manifest.item import Item
from publisher.manifest.model import Offer
from publisher.naming import safe_name
from publisher.recipes import EXTENSIONS, recipe_for, recipe_mark
from publisher.row import Pace


class Adapter(Channel):
    """One form per item: the picture, its words, its products and its declarations."""

    Settings = BrowserSettings
    SessionType = BrowserSession

    def to_listing(self, item: Item, offer: Offer | None, copy: Copy) -> Listing:
        """What goes into the form. ``key`` is the file's name without its ending."""
        override = item.override(copy.account)
        recipe = recipe_for(
            self.row.file, upsample=bool(override.upsample), marks=self.row.metadata
        )
        name = safe_name(item.id, self.row.limits.filename, EXTENSIONS[recipe.format])
        files = tuple(
            RenditionRequest("image", name, master, recipe, copy.metadata)
            for master in item.masters[:1]
        )
        asset = item.members[0]
        fields: dict[str, FieldValue] = {
            "title": copy.title,
            "description": copy.description,
            "keywords": copy.keywords,
            "categories": copy.categories,
            "filename": name,
            "mature": bool(asset.mature),
            "editorial": bool(asset.editorial),
            "file": fingerprint([[m.sha256 for m in item.masters], recipe_mark(recipe)]),
            "declarations": tuple(
                f"{d.name} ({d.mechanism}){': ' + d.value if d.value else ''}"
                for d in copy.declarations
            ),
        }
        chosen = override.products if override.products is not None else asset.products
        if chosen is not None:
            fields["products"] = chosen
        for product, share in (offer.royalties if offer is not None else {}).items():
            fields[f"royalty.{product}"] = f"{share.normalize():f} %"
        fields |= {f"csv.{key}": value for key, value in copy.fields.items()}
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
        """Product classes that the site's profile does not know."""
        profile = shipped_profile(self.row.name)
        chosen = listing.fields.get("products")
        if profile is None or profile.products is None or not isinstance(chosen, tuple):
            return []
        known = profile.products.classes
        return [
            Finding(
                Level.ERROR,
                f"{self.row.title} has no product class {name!r}",
                f"choose from {', '.join(sorted(known))}",
                item=listing.item,
                account=listing.account,
                code="product-unknown",
            )
            for name in chosen
            if name not in known
        ]

    def pace(self, settings: ChannelSettings) -> Pace:
        """The row's; a stand-in on this machine, from which no real site can be reached, needs no pauses."""
        if not (isinstance(settings, BrowserSettings) and settings.stand_in):
            return self.row.pace
        unhurried = {"per_day": None, "gap_seconds": 0.0, "burst": None, "rest_seconds": 0.0}
        return self.row.pace.model_copy(update=unhurried)

    def session(self, context: Context) -> Session:
        """A session on the account's own browser; nothing is opened yet."""
        return BrowserSession(context)
