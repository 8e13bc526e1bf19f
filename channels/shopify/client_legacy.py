"""The one module that knows ``ShopifyAPI``, which Shopify gave up on 2026-08-26, for who still depends on it.

Its client shares one session and one header mapping among all shops of a thread, waits for ever, and prints
error pages. So every call gets a client of its own that was never told of a session, with its own headers; the
address is made by the package, the exchange is ours, with a time-out, and nothing reaches stdout.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import shopify
from pydantic import SecretStr

from channels.shopify.client import LARGEST_ANSWER, Lost, Reply, Unreached, seconds
from channels.shopify.line import trust
from channels.shopify.settings import ShopifySettings


class _OneCall(shopify.GraphQL):  # type: ignore[misc]
    """A client of the package for one request. The inherited constructor, which reads the session, is not run."""

    def __init__(self, endpoint: str, token: SecretStr, settings: ShopifySettings) -> None:
        self.endpoint = endpoint
        self.headers = {"X-Shopify-Access-Token": token.get_secret_value()}
        self._settings = settings

    def execute(
        self, query: str, variables: Any = None, operation_name: str | None = None
    ) -> Reply:
        """Send it, as the inherited method would, but with time-outs and without printing."""
        plain = {"Accept": "application/json", "Content-Type": "application/json"}
        data = {"query": query, "variables": variables, "operationName": operation_name}
        return _exchange(
            self._settings, self.endpoint, data, self.merge_headers(plain, self.headers)
        )


class ShopClient:
    """Calls to one shop, each over a line of its own. Not shared between threads."""

    def __init__(self, settings: ShopifySettings) -> None:
        self._settings = settings
        version = shopify.ApiVersion.coerce_to_version(settings.api_version)
        self._endpoint = f"{version.api_path(settings.address())}/graphql.json"

    def post(self, document: str, variables: Mapping[str, Any], token: SecretStr) -> Reply:
        """Send one GraphQL document. Raises Unreached or Lost."""
        call = _OneCall(self._endpoint, token, self._settings)
        answer: Reply = call.execute(document, dict(variables))
        return answer

    def fetch_token(self, client_id: str, secret: SecretStr) -> Reply:
        """Ask for a token by the client credentials grant. Raises Unreached or Lost."""
        data = {
            "client_id": client_id,
            "client_secret": secret.get_secret_value(),
            "grant_type": "client_credentials",
        }
        address = f"{self._settings.address()}/admin/oauth/access_token"
        plain = {"Accept": "application/json", "Content-Type": "application/json"}
        return _exchange(self._settings, address, data, plain)

    def close(self) -> None:
        """Nothing is held between two calls."""


def _exchange(
    settings: ShopifySettings, address: str, data: Mapping[str, Any], headers: Mapping[str, str]
) -> Reply:
    line = _line(settings, address)
    try:
        try:
            line.connect()
        except ssl.SSLCertVerificationError as error:
            raise Unreached(error.verify_message, untrusted=True) from None
        except OSError as error:
            raise Unreached(type(error).__name__) from None
        line.sock.settimeout(settings.data_timeout)
        parts = urlsplit(address)
        try:
            line.request("POST", parts.path, json.dumps(data).encode(), dict(headers))
            answer = line.getresponse()
            body = answer.read(LARGEST_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Lost(type(error).__name__) from None
        if len(body) > LARGEST_ANSWER or answer.length:
            raise Lost("the answer is not whole")
        pause = seconds(answer.getheader("Retry-After"))
        return Reply(answer.status, body.decode("utf-8", "replace"), pause)
    finally:
        line.close()


def _line(settings: ShopifySettings, address: str) -> http.client.HTTPConnection:
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=settings.connect_timeout)
    context = trust(settings)
    if context is False:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    assert isinstance(context, ssl.SSLContext)
    return http.client.HTTPSConnection(
        host, parts.port, timeout=settings.connect_timeout, context=context
    )
