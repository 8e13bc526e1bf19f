"""Access tokens of the shop: one that was given out by hand, and short-lived ones for an app's own credentials."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from channels.shopify.sandbox_store.shop import Shop

PATH = "/admin/oauth/access_token"


def grant(shop: Shop, given: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """The client credentials grant: HTTP status and answer."""
    with shop.books.change():
        if given.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}
        names = ("client_id", "client_secret")
        if any(given.get(n) != shop.books.fact(n) for n in names):
            return 401, {"error": "invalid_client", "error_description": "Client is not known"}
        token = f"shpat_{secrets.token_hex(16)}"
        life = shop.terms.token_life
        live = _live(shop) | {token: shop.terms.clock() + life}
        shop.books.set_fact("tokens", json.dumps(live))
    return 200, {
        "access_token": token,
        "scope": ",".join(shop.terms.scopes),
        "expires_in": int(life),
    }


def _live(shop: Shop) -> dict[str, float]:
    known: dict[str, float] = json.loads(shop.books.fact("tokens") or "{}")
    now = shop.terms.clock()
    return {t: until for t, until in known.items() if until > now}


def valid(shop: Shop, token: str) -> bool:
    """Whether a token opens the shop now."""
    with shop.books.lock:
        if token and token == shop.books.fact("token"):
            return not shop.books.fact("token_dead")
        return token in _live(shop)


def expire_all(shop: Shop) -> None:
    """Let every token die, also the one given out by hand."""
    with shop.books.change():
        shop.books.set_fact("tokens", "{}")
        shop.books.set_fact("token_dead", "yes")


def revive(shop: Shop) -> None:
    """Let the token that was given out by hand live again."""
    with shop.books.change():
        shop.books.set_fact("token_dead", "")


def secrets_of(shop: Shop) -> tuple[str, ...]:
    """Everything that must appear nowhere."""
    with shop.books.lock:
        known = [shop.books.fact("token"), shop.books.fact("client_secret"), *_live(shop)]
    return tuple(k for k in known if k)
