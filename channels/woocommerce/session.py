"""The effects of a WooCommerce account: looks, and the four writes. One connection, one thread.

What a write means is worked out in ``writing``; several at once are in ``batching``. Every read says what is
there now, in the words of a listing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from channels.woocommerce.batching import Batching
from channels.woocommerce.client import Shop
from channels.woocommerce.looking import PRODUCTS, Catalogue
from channels.woocommerce.readback import files_of, is_ours
from channels.woocommerce.settings import WooSettings
from channels.woocommerce.writing import Writing
from publisher.channel import Context, Session, Write, Wrote
from publisher.errors import AuthFailed, ConfigError
from publisher.listing import Change, File, Health, Listing, Receipt, Remote, Staged, Status


class WooSession(Session):
    """One shop. It connects on first use."""

    announces_sending: ClassVar[bool] = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._shop: Shop | None = None
        self._writing: Writing | None = None

    @property
    def shop(self) -> Shop:
        """The line to the shop, made on first use."""
        if self._shop is None:
            self._shop = Shop(self.context.settings)
        return self._shop

    @property
    def writing(self) -> Writing:
        """What turns listings into requests."""
        if self._writing is None:
            self._writing = Writing(self.shop, self.context)
        return self._writing

    @property
    def catalogue(self) -> Catalogue:
        """The products of the shop."""
        return self.writing.catalogue

    def close(self) -> None:
        """Let the connections go."""
        shop, self._shop, self._writing = self._shop, None, None
        if shop is not None:
            shop.close()

    def check(self) -> Health:
        """Reach, login, WooCommerce's version, currency, and whether the key may write. Writes nothing."""
        settings: WooSettings = self.context.settings
        answer = self.shop.read("wc/v3/system_status", _fields="environment,settings")
        found = answer.accepted("the system status")
        version = str(_part(found, "environment").get("version") or "unknown")
        currency = str(_part(found, "settings").get("currency") or self.catalogue.currency)
        prices = self.context.options.get("prices")
        wanted = prices.get("currency") if isinstance(prices, Mapping) else None
        if wanted and str(wanted) != currency:
            raise ConfigError(
                f"{self.context.account}: the account sells in {wanted}, the shop in {currency}",
                remedy=f'write currency = "{currency}" in the account\'s prices, or change that of the shop',
            )
        # An empty batch changes nothing, and a key that may only read is refused.
        self.shop.write("POST", f"{PRODUCTS}/batch", {}, probe=True)
        pictures = "pictures are linked by address"
        if settings.uploads:
            pictures = f"pictures are uploaded by {self._uploader()}"
        notes = [f"WooCommerce {version}", f"prices in {currency}", pictures]
        if settings.is_open:
            notes.append(
                "plain http: whoever is on the way reads along, the WordPress login included"
            )
        return Health(self.context.account, tuple(notes))

    def find(self, key: str, files: Sequence[File] = ()) -> Remote | None:
        """The product with this SKU. In the trash or withdrawn it is GONE.

        With ``files`` the question is whether a write arrived: then a product that does not show them, that
        is hidden, or that is not ours, is PARTIAL.
        """
        found = self.catalogue.by_sku([key]).get(key)
        if found is None:
            return None
        remote = self.catalogue.remote(found)
        if not files:
            return remote
        shown = files_of(found)
        whole = is_ours(found, key) and all(f.sha256 in shown for f in files)
        if whole and remote.status is not Status.GONE:
            return remote
        return Remote(
            remote.id, key, Status.PARTIAL, remote.url, remote.fields, reason=remote.reason
        )

    def find_many(self, keys: Sequence[str]) -> Mapping[str, Remote]:
        """The same without files, a hundred at a time. What is neither from here nor bound is PARTIAL."""
        found = self.catalogue.by_sku(keys)
        foreign = {key for key, product in found.items() if not is_ours(product, key)}
        if foreign:
            ids = {str(found[key]["id"]) for key in foreign}
            bound = {r.id for r in self.context.bound() if r.id in ids}
            foreign = {key for key in foreign if str(found[key]["id"]) not in bound}
        remotes = {key: self.catalogue.remote(product) for key, product in found.items()}
        for key in foreign:
            stranger = replace(remotes[key], status=Status.PARTIAL)
            remotes[key] = replace(stranger, reason="it was not made from here")
        return remotes

    def list(self) -> Iterator[Sequence[Remote]]:
        """Every product outside the trash, whoever made it."""
        for page in self.catalogue.everything():
            yield [self.catalogue.remote(product) for product in page]

    def status(self, remote: Remote) -> Status:
        """Where it is in its life there."""
        found = self.find(remote.key)
        return found.status if found is not None else Status.GONE

    def picture(self, remote: Remote) -> bytes | None:
        """Its main picture."""
        return self.shop.picture(remote.picture) if remote.picture else None

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Make the product. Raises Conflict when the SKU belongs to something that is not ours."""
        return self.writing.create(listing, staged, key)

    def update(
        self, remote: Remote, listing: Listing, changes: Sequence[Change], staged: Sequence[Staged]
    ) -> Receipt:
        """Send the named fields only; prices alone take one request."""
        return self.writing.update(remote, listing, changes, staged)

    def withdraw(self, remote: Remote) -> Receipt:
        """Make it a draft. Nothing is deleted: orders, addresses and reviews stay."""
        return self.writing.withdraw(remote)

    def write_many(self, writes: Sequence[Write]) -> Iterator[Wrote]:
        """Up to a hundred writes in one request, each with an answer of its own."""
        return Batching(self.shop, self.writing, self.context).run(writes)

    def _uploader(self) -> str:
        answer = self.shop.read("wp/v2/users/me", context="edit", _fields="name,capabilities")
        user = answer.accepted("the WordPress user")
        if not _part(user, "capabilities").get("upload_files"):
            raise AuthFailed(
                "the WordPress user may not upload files",
                remedy="make the application password for an author, editor or shop manager",
            )
        return str(user.get("name") or "the WordPress user")


def _part(document: Any, name: str) -> Mapping[str, Any]:
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}
