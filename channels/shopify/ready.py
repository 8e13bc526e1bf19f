"""What a session must know of a shop before it writes: asked once, in one request where that is possible.

The shop's currency, which keys are taken, the sales channels, whether a bulk operation of ours still runs, and
the definition that makes our key unique. The definition is the only thing that it makes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels.shopify import documents, inputs
from channels.shopify.answers import refusal
from channels.shopify.bulk import RUNNING, finished, is_ours
from channels.shopify.shop import Shop
from publisher.errors import NeedsHuman, OutcomeUnknown, Rejected, Transient
from publisher.listing import Listing, Remote

FIRST = 100
"""Products of the page that comes with the other answers."""

PAGE = 250
SWEEP = 2_500
"""Up to so many products in a shop, all their keys are read at once; beyond, each new key is looked up."""


@dataclass(frozen=True, slots=True)
class Place:
    """A product that has one of our keys."""

    id: str
    status: str


class Ready:
    """Belongs to one session, and is asked on first use."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._told: Mapping[str, Any] | None = None
        self._keys: dict[str, Place] | None = None
        self._looked: dict[str, Place | None] = {}
        self._defined = False
        self._variants: dict[str, dict[str, str]] | None = None

    @property
    def _answers(self) -> Mapping[str, Any]:
        if self._told is None:
            variables = {
                "namespace": documents.NAMESPACE,
                "key": documents.KEY,
                "bulk": "operation_type:mutation",
                "first": FIRST,
            }
            self._told = self._shop.ask_patiently(documents.PREPARE, variables)
        return self._told

    @property
    def publications(self) -> Sequence[str]:
        """Ids of the sales channels to be on."""
        return publication_ids(self._shop)

    def settled(self) -> None:
        """Wait for a bulk operation of ours that still runs: until then, a look proves nothing."""
        if self._told is not None:
            return
        for operation in self._answers["bulkOperations"]["nodes"]:
            if operation["status"] in RUNNING and is_ours(operation):
                finished(self._shop, operation["id"])
                # What was read beside it may be old by now.
                self._told = None
        assert self._answers is not None

    def writable(self) -> None:
        """See that our key is a unique one in the shop, and that nothing of ours still runs."""
        self.settled()
        if self._defined:
            return
        found = self._answers["metafieldDefinitions"]["nodes"]
        if not found:
            self._define()
        elif found[0]["type"]["name"] != "id":
            name = f"{documents.NAMESPACE}.{documents.KEY}"
            raise NeedsHuman(
                f"the shop has a metafield {name} of another type",
                remedy=f"remove the definition of {name} under Settings, Metafields, Products",
            )
        self._defined = True

    def _define(self) -> None:
        definition = {
            "name": "Publisher key",
            "namespace": documents.NAMESPACE,
            "key": documents.KEY,
            "description": "Which item of the release this product is. Set by the publisher.",
            "type": "id",
            "ownerType": "PRODUCT",
        }
        try:
            data = self._shop.tell(documents.DEFINE, {"definition": definition}, final=False)
        except OutcomeUnknown as error:
            raise Transient(error.sentence, detail=error.detail) from error
        errors = data["metafieldDefinitionCreate"]["userErrors"]
        if any(e.get("code") == "TAKEN" for e in errors):
            return
        if refused := refusal("the definition of our key", errors):
            raise refused

    def priced_in(self, listing: Listing) -> None:
        """See that the listing's prices are in the currency of the shop. Raises Rejected."""
        currency = self._answers["shop"]["currencyCode"]
        for name, value in listing.fields.items():
            own = str(value).rpartition(" ")[2]
            if name.startswith(inputs.PRICES) and value is not None and own != currency:
                raise Rejected(
                    f"{listing.item} is priced in {own}, and the shop sells in {currency}",
                    remedy=f"set the currency of the account {listing.account} to {currency}",
                )

    def place_of(self, key: str) -> Place | None:
        """The product that has a key, if any."""
        if key in self._looked:
            return self._looked[key]
        keys = self._swept()
        if keys is not None:
            return keys.get(key)
        variables = {"identifier": inputs.identifier(key)}
        node = self._shop.ask_patiently(documents.PLACE, variables)["productByIdentifier"]
        return Place(node["id"], node["status"]) if node is not None else None

    def knows_all_keys(self) -> bool:
        """Whether the shop is small enough for all of its keys to be known."""
        return self._swept() is not None

    def learn(self, places: Mapping[str, Place | None]) -> None:
        """Note who has these keys, from a look at the whole shop."""
        self._looked.update(places)

    def made(self, key: str, identity: str) -> None:
        """Note a product that was made just now."""
        self._looked[key] = Place(identity, "ACTIVE")

    def archived(self, identity: str) -> None:
        """Note a product that was taken off just now."""
        known = {**(self._keys or {}), **self._looked}
        for key, place in known.items():
            if place is not None and place.id == identity:
                self._looked[key] = Place(identity, "ARCHIVED")

    def _swept(self) -> dict[str, Place] | None:
        if self._answers["productsCount"]["count"] > SWEEP:
            return None
        if self._keys is None:
            found: dict[str, Place] = {}
            page = self._answers["products"]
            while True:
                for node in page["nodes"]:
                    if node["metafield"] is not None:
                        place = Place(node["id"], node["status"])
                        found[node["metafield"]["value"]] = place
                if not page["pageInfo"]["hasNextPage"]:
                    break
                variables = {"first": PAGE, "after": page["pageInfo"]["endCursor"]}
                page = self._shop.ask_patiently(documents.KEYS, variables)["products"]
            self._keys = found
        return self._keys

    def variants_of(self, remote: Remote) -> Mapping[str, str]:
        """Our ids of a product's variants → theirs, as the ledger has them; empty when it does not."""
        if self._variants is None:
            self._variants = {}
            for bound in self._shop.context.bound():
                pairs = bound.fields.get("remote.variants")
                known = pairs if isinstance(pairs, tuple) else ()
                self._variants[bound.id] = {p.partition("=")[0]: p.partition("=")[2] for p in known}
        return self._variants.get(remote.id, {})

    def category(self, listing: Listing) -> str:
        """The id of the listing's category; "" when it has none. Raises Rejected for an unknown path."""
        paths = listing.fields.get("categories")
        path = paths[0] if isinstance(paths, tuple) and paths else ""
        known = self._shop.shared.categories
        if path and path not in known:
            search = path.rpartition(" > ")[2]
            data = self._shop.ask(documents.CATEGORIES, {"search": search})
            nodes = (data.get("taxonomy") or {}).get("categories", {}).get("nodes", ())
            known.update((n["fullName"], n["id"]) for n in nodes)
        if path and path not in known:
            raise Rejected(
                f"{listing.item}: Shopify's taxonomy has no category {path!r}",
                remedy=f"set channels.{listing.account}.categories in the manifest",
            )
        return known.get(path, "")


def publication_ids(shop: Shop) -> tuple[str, ...]:
    """Ids of the sales channels that the settings name. Raises NeedsHuman for one that is not there."""
    wanted = shop.settings.publication_names()
    if not wanted:
        return ()
    if shop.shared.publications is None:
        found: dict[str, str] = {}
        after = None
        while True:
            page = shop.ask_patiently(documents.PUBLICATIONS, {"after": after})["publications"]
            found.update((n["name"], n["id"]) for n in page["nodes"])
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        shop.shared.publications = found
    known = shop.shared.publications
    by_name = {**{i: i for i in known.values()}, **{n.casefold(): i for n, i in known.items()}}
    missing = [w for w in wanted if w not in by_name and w.casefold() not in by_name]
    if missing:
        raise NeedsHuman(
            f"the shop has no sales channel {', '.join(missing)}",
            remedy=f"set PUBLICATIONS to some of: {', '.join(sorted(known)) or 'none'}",
        )
    return tuple(by_name.get(w) or by_name[w.casefold()] for w in wanted)
