"""The one module that knows ``shopifyapp``, the package that Shopify maintains.

Its own retries are off: they would repeat a mutation whose answer was lost. Its verdict on an answer is not
used either, because it drops what the answer says of the costs; the line kept the answer as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import SecretStr
from shopify_app.exchange.client_credentials import exchange_using_client_credentials
from shopify_app.graphql.admin_graphql import admin_graphql_request

from channels.shopify.client import Reply
from channels.shopify.line import Line, timeout
from channels.shopify.settings import ShopifySettings


class ShopClient:
    """One line to a shop. Not shared between threads."""

    def __init__(self, settings: ShopifySettings) -> None:
        self._settings = settings
        self._line = Line(settings)
        self._http = httpx.Client(
            transport=self._line,
            timeout=timeout(settings),
            trust_env=False,
            follow_redirects=False,
        )

    def post(self, document: str, variables: Mapping[str, Any], token: SecretStr) -> Reply:
        """Send one GraphQL document. Raises Unreached or Lost."""
        admin_graphql_request(
            document,
            self._settings.shop,
            token.get_secret_value(),
            self._settings.api_version,
            variables=dict(variables),
            max_retries=0,
            http_client=self._http,
        )
        return self._line.outcome()

    def fetch_token(self, client_id: str, secret: SecretStr) -> Reply:
        """Ask for a token by the client credentials grant. Raises Unreached or Lost."""
        exchange_using_client_credentials(
            self._settings.shop,
            {
                "client_id": client_id,
                "client_secret": secret.get_secret_value(),
                "old_client_secret": None,
            },
            http_client=self._http,
        )
        return self._line.outcome()

    def close(self) -> None:
        """Let the line go. Safe to call twice."""
        self._http.close()
