"""The preflight of a shop: who we are there, what we may do, and how long this goes on. Writes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from channels.shopify import documents
from channels.shopify.ready import publication_ids
from channels.shopify.shop import Shop
from publisher.errors import AuthFailed, NeedsHuman

SCOPES = ("write_products", "write_files", "read_publications", "write_publications")

WARN = dt.timedelta(days=60)
"""A version that ends sooner is worth a word."""

RATIONED = 50_000
"""From so many variants on, a shop takes only 1,000 new ones a day, unless it is on Plus."""


def look_round(shop: Shop) -> tuple[str, ...]:
    """Notes for the preflight table. Raises AuthFailed or NeedsHuman for what a push would stumble over."""
    data = shop.ask(documents.CHECK)
    found, plan = data["shop"], data["shop"]["plan"]
    _rights(shop, data["currentAppInstallation"]["accessScopes"])
    _currency(shop, found["currencyCode"])
    version = _version(shop, data["publicApiVersions"])
    names = ", ".join(shop.settings.publication_names())
    publication_ids(shop)
    variants = (data.get("productVariantsCount") or {}).get("count", 0)
    notes = [
        f"{found['name']} ({found['myshopifyDomain']}), plan {plan['publicDisplayName']}, "
        f"sells in {found['currencyCode']}",
        version,
        f"publishes on {names}" if names else "publishes on no sales channel",
    ]
    if variants >= RATIONED and not plan["shopifyPlus"]:
        notes.append(f"{variants} variants: the shop takes at most 1,000 new ones a day")
    return tuple(notes)


def _rights(shop: Shop, scopes: Iterable[Mapping[str, Any]]) -> None:
    given = {str(s["handle"]) for s in scopes}
    needed = SCOPES if shop.settings.publication_names() else SCOPES[:2]
    # Who may write may read.
    absent = [s for s in needed if s not in given and s.replace("read_", "write_") not in given]
    if absent:
        raise AuthFailed(
            f"the app lacks the scopes {', '.join(absent)}",
            remedy="add them to the app's configuration and install it again in the shop",
        )


def _currency(shop: Shop, currency: str) -> None:
    wanted = str(shop.context.options.get("currency") or currency)
    if wanted != currency:
        raise NeedsHuman(
            f"the shop sells in {currency}, and the account {shop.context.account} in {wanted}",
            remedy=f'set currency = "{currency}" for the account in publisher.toml',
        )


def _version(shop: Shop, versions: Iterable[Mapping[str, Any]]) -> str:
    own = shop.settings.api_version
    supported = sorted(str(v["handle"]) for v in versions if v["supported"])
    dated = [v for v in supported if v[:2] == "20"]
    if own != "unstable" and own not in supported and dated:
        raise NeedsHuman(
            f"Shopify does not support version {own} of its interface (any more)",
            remedy=f"set API_VERSION to one of {', '.join(dated)}",
        )
    end = _end(own)
    if end is not None and end - shop.context.now().date() < WARN:
        return f"version {own} of the interface ends about {end}: set API_VERSION to {dated[-1]}"
    return f"version {own} of the interface"


def _end(version: str) -> dt.date | None:
    """A version is supported for twelve months from its first day."""
    year, _, month = version.partition("-")
    return dt.date(int(year) + 1, int(month), 1) if year.isdigit() else None
