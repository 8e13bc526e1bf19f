"""Who we are, added to a request at the last moment: Basic over TLS, OAuth 1.0a (HMAC-SHA256) without it.

The shop takes no Basic login over plain http. Signing happens below the client, so that the addresses it logs
or names in an error carry no key; libraries whose debug lines hold headers or signatures are kept quiet.
"""

from __future__ import annotations

import base64
import logging

import httpx
from oauthlib import oauth1

from channels.woocommerce.settings import WooSettings

MEDIA_ROOT = "/wp/v2/"
"""Where WordPress itself answers, to its own users."""

for _name in ("httpcore", "oauthlib"):
    # They print whole headers and base strings: the shop's Link header repeats the signed query.
    logging.getLogger(_name).setLevel(logging.INFO)


class SigningTransport(httpx.BaseTransport):
    """Signs what it passes on to ``inner``."""

    def __init__(self, settings: WooSettings, inner: httpx.BaseTransport) -> None:
        self._settings = settings
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request, signed."""
        headers = request.headers.copy()
        url = request.url
        if MEDIA_ROOT in url.path:
            headers["Authorization"] = self._user()
        elif url.scheme == "https" and not self._settings.query_string_auth:
            headers["Authorization"] = basic(*self._key())
        else:
            url = httpx.URL(self._in_query(request.method, url))
        signed = httpx.Request(
            request.method,
            url,
            headers=headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return self._inner.handle_request(signed)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _key(self) -> tuple[str, str]:
        settings = self._settings
        return settings.consumer_key.get_secret_value(), settings.consumer_secret.get_secret_value()

    def _user(self) -> str:
        password = self._settings.wp_password
        return basic(self._settings.wp_username, password.get_secret_value() if password else "")

    def _in_query(self, method: str, url: httpx.URL) -> str:
        key, secret = self._key()
        if url.scheme == "https":
            return str(url.copy_merge_params({"consumer_key": key, "consumer_secret": secret}))
        client = oauth1.Client(
            key,
            client_secret=secret,
            signature_method=oauth1.SIGNATURE_HMAC_SHA256,
            signature_type=oauth1.SIGNATURE_TYPE_QUERY,
        )
        address: str = client.sign(str(url), method)[0]
        return address


def basic(name: str, password: str) -> str:
    """The header of a Basic login."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode("ascii")
