"""Stock agencies that take files by FTP, FTPS or SFTP, and a CSV beside them: code once, a row per agency.

The listing is pure data; the session is imported when one is opened. It never submits a file for review:
that is a person's step in the agency's portal, and the receipt says so.
"""

from __future__ import annotations

from channels.stock.session import StockSession
from channels.stock.settings import StockSettings
from channels.transport.batch import chosen_dialect
from publisher.channel import Channel, Context, Session
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
from publisher.manifest.model import Editorial, Offer
from publisher.naming import safe_name
from publisher.recipes import EXTENSIONS, recipe_for, recipe_mark


class Adapter(Channel):
    """A stock agency: one rendition per asset, described by embedded metadata and a CSV line."""

    Settings = StockSettings
    SessionType = StockSession

    def to_listing(self, item: Item, offer: Offer | None, copy: Copy) -> Listing:
        """One file and its words. The file's fingerprint is its master and recipe, not its bytes."""
        asset = item.members[0]
        master = item.masters[0]
        recipe = recipe_for(
            self.row.file,
            upsample=bool(item.override(copy.account).upsample),
            marks=self.row.metadata,
        )
        key = safe_name(item.id, self.row.limits.filename, EXTENSIONS[recipe.format])
        editorial = asset.editorial
        fields: dict[str, FieldValue] = {
            "title": copy.title,
            "description": copy.description,
            "keywords": copy.keywords,
            "categories": copy.categories,
            "editorial": bool(editorial),
            "mature": bool(asset.mature),
            "file": fingerprint([master.sha256, recipe_mark(recipe)]),
            "declarations": tuple(
                f"{d.name} ({d.mechanism}){': ' + d.value if d.value else ''}"
                for d in copy.declarations
            ),
        }
        if asset.country:
            fields["country"] = asset.country
        if isinstance(editorial, Editorial) and editorial.date is not None:
            fields["editorial_date"] = editorial.date.isoformat()
        fields |= {f"csv.{name}": value for name, value in copy.fields.items()}
        request = RenditionRequest("image", key, master, recipe, copy.metadata)
        return Listing(
            item=item.id,
            account=copy.account,
            key=key,
            fields=fields,
            files=(request,),
            declarations=copy.declarations,
            tasks=copy.tasks,
            findings=copy.findings,
        )

    def validate(self, listing: Listing) -> list[Finding]:
        """What a CSV cannot carry as written."""
        if self.row.csv is None:
            return []
        dialect = chosen_dialect(self.row, "")
        found = []
        keywords = listing.fields.get("keywords")
        joiner = (dialect.joiner.strip() or dialect.joiner) if dialect else ","
        bad = [k for k in keywords if joiner in k] if isinstance(keywords, tuple) else []
        if bad:
            found.append(
                Finding(
                    Level.WARNING,
                    f"keywords with {joiner!r} lose it in the CSV: {', '.join(bad)}",
                    "write them without it",
                    item=listing.item,
                    account=listing.account,
                    code="keyword-joiner",
                )
            )
        return found

    def session(self, context: Context) -> Session:
        """A session that connects on first use."""
        return StockSession(context)
