"""Who may come into the shop of the sandbox: Basic over TLS, OAuth 1.0a with HMAC-SHA256 over plain http.

The signature is computed here by RFC 5849 alone, so that the client's library is checked by something else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import quote

from channels.woocommerce.shop_words import Reply, refuse


@dataclass
class Request:
    """One request as the shop sees it. ``query`` is decoded."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    tls: bool
    address: str
    """Scheme, host and path, as they are signed."""


@dataclass
class Door:
    """The keys of the shop. ``read_only`` makes the API key one that may not write."""

    key: str = field(default_factory=lambda: f"ck_{secrets.token_hex(20)}")
    secret: str = field(default_factory=lambda: f"cs_{secrets.token_hex(20)}")
    user: str = "seller"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    read_only: bool = False
    nonces: set[str] = field(default_factory=set)

    def refusal(self, request: Request) -> Reply | None:
        """Why the request may not come in, or None."""
        if request.path.startswith("/wp/v2/"):
            wanted = _basic(self.user, self.password)
            given = request.headers.get("authorization", "")
            if hmac.compare_digest(given, wanted):
                return None
            return refuse(401, "rest_not_logged_in", "You are not currently logged in.")
        if not self._known(request):
            return refuse(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        if self.read_only and request.method not in ("GET", "HEAD"):
            return refuse(
                401,
                "woocommerce_rest_authentication_error",
                "The API key provided does not have write permissions.",
            )
        return None

    def _known(self, request: Request) -> bool:
        if not request.tls:
            return self._signed(request)
        query = request.query
        if query.get("consumer_key") == self.key and query.get("consumer_secret") == self.secret:
            return True
        return hmac.compare_digest(
            request.headers.get("authorization", ""), _basic(self.key, self.secret)
        )

    def _signed(self, request: Request) -> bool:
        query = dict(request.query)
        given = query.pop("oauth_signature", "")
        nonce = query.get("oauth_nonce", "")
        if query.get("oauth_consumer_key") != self.key or nonce in self.nonces:
            return False
        pairs = sorted((_escaped(k), _escaped(v)) for k, v in query.items())
        parameters = "&".join(f"{k}={v}" for k, v in pairs)
        base = "&".join(map(_escaped, (request.method, request.address, parameters)))
        digest = hmac.new(f"{_escaped(self.secret)}&".encode(), base.encode(), hashlib.sha256)
        if not hmac.compare_digest(given, base64.b64encode(digest.digest()).decode()):
            return False
        self.nonces.add(nonce)
        return True


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
