"""Shopify: a product per item, through the Admin API, with variants from the offer and the pictures it shows.

The listing is pure data; the session is imported with it and opens nothing until it is used. What a shop sells
as a download is never put into it: the shop shows pictures, and links to where the files lie.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence

from channels.shopify.forecast import forecast
from channels.shopify.product import listed, problems
from channels.shopify.session import ShopifySession
from channels.shopify.settings import ShopifySettings
from channels.shopify.shop import Common, common
from publisher.channel import Channel, Context, Session, Write
from publisher.listing import Copy, Finding, Listing
from publisher.manifest.item import Item
from publisher.manifest.model import Offer
from publisher.row import Row


class Adapter(Channel):
    """A shop: one product per item."""

    Settings = ShopifySettings
    SessionType = ShopifySession

    def __init__(self, row: Row) -> None:
        super().__init__(row)
        self._lock = threading.Lock()
        self._common: dict[str, Common] = {}

    def to_listing(self, item: Item, offer: Offer | None, copy: Copy) -> Listing:
        """The product's words, variants, pictures and metafields."""
        return listed(self.row, item, offer, copy)

    def validate(self, listing: Listing) -> list[Finding]:
        """What a product cannot be without, and what the shop would not take as it is."""
        return problems(listing)

    def forecast(self, writes: Sequence[Write]) -> str:
        """Points, requests and minutes; days when the shop would ration new variants."""
        return forecast(self.row, writes)

    def session(self, context: Context) -> Session:
        """A session; those of one account share the token and what is known of the points."""
        return ShopifySession(context, self._shared(context))

    def _shared(self, context: Context) -> Common:
        settings: ShopifySettings = context.settings
        secret = settings.token or settings.client_secret
        login = (secret.get_secret_value() if secret else "", settings.client_id or "")
        known = "\0".join((str(context.outbox), settings.address(), settings.shop, *login))
        name = hashlib.sha256(known.encode()).hexdigest()
        with self._lock:
            if name not in self._common:
                self._common[name] = common(context)
            return self._common[name]
