"""Where the access token comes from: given once, or fetched with the app's id and secret and renewed in time.

One source serves all threads of an account. A token is never shown: it travels as a SecretStr.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import Protocol

from pydantic import SecretStr

from channels.shopify.answers import of_status
from channels.shopify.client import Client, Lost, Unreached
from channels.shopify.settings import ShopifySettings
from publisher.errors import AuthFailed, Transient

MARGIN = dt.timedelta(minutes=5)
"""A token that ends sooner than this is renewed before it is used."""

LIFE = 86_400.0
"""Seconds that a token lives when the answer does not say; Shopify's live 24 hours."""


class Tokens(Protocol):
    """A source of tokens. Thread-safe."""

    def token(self, client: Client, now: dt.datetime) -> SecretStr:
        """A token to use now. Raises AuthFailed or Transient."""

    def refused(self, token: SecretStr) -> bool:
        """Told that the shop refused ``token``; whether asking again may bring another one."""


class StaticToken:
    """A token that was given once and for all."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def token(self, client: Client, now: dt.datetime) -> SecretStr:
        """The token."""
        return self._token

    def refused(self, token: SecretStr) -> bool:
        """There is no other."""
        return False


class ClientCredentials:
    """Tokens by the client credentials grant; one is fetched at a time, whoever asks first."""

    def __init__(self, account: str, client_id: str, secret: SecretStr) -> None:
        self._account = account
        self._client_id = client_id
        self._secret = secret
        self._lock = threading.Lock()
        self._token: SecretStr | None = None
        self._until: dt.datetime | None = None

    def token(self, client: Client, now: dt.datetime) -> SecretStr:
        """The present token, or a new one when it is about to end."""
        with self._lock:
            if self._token is None or self._until is None or now + MARGIN >= self._until:
                self._token, life = self._fetch(client)
                self._until = now + max(dt.timedelta(seconds=life), 2 * MARGIN)
            return self._token

    def refused(self, token: SecretStr) -> bool:
        """Forget that token, unless another thread has fetched a new one already."""
        with self._lock:
            if self._token is not None and self._token == token:
                self._token = None
            return True

    def _fetch(self, client: Client) -> tuple[SecretStr, float]:
        try:
            reply = client.fetch_token(self._client_id, self._secret)
        except (Unreached, Lost) as error:
            raise Transient(
                "the shop gave no token: it cannot be reached", detail=str(error)
            ) from None
        if reply.status >= 500 or reply.status == 429:
            raise of_status(reply, write=False)
        try:
            data = json.loads(reply.text)
            token, life = str(data["access_token"]), float(data.get("expires_in") or LIFE)
        except (ValueError, KeyError, TypeError):
            # What came instead may quote what was sent, so it is not shown.
            prefix = self._account.upper().replace("-", "_")
            raise AuthFailed(
                f"the shop gives this app no token (answer {reply.status})",
                remedy=f"check {prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET, and that the app is "
                "installed in this shop and belongs to its organisation",
            ) from None
        return SecretStr(token), life


def source_of(settings: ShopifySettings, account: str) -> Tokens:
    """The source that the settings ask for; a given token wins."""
    if settings.token is not None:
        return StaticToken(settings.token)
    assert settings.client_id is not None and settings.client_secret is not None
    return ClientCredentials(account, settings.client_id, settings.client_secret)
