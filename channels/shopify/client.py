"""How a request gets to a shop and its answer back: one call, one request, no retry and no opinion.

The packages that can do it are each known by one module; which one does is a setting. What an answer means is
decided elsewhere.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from pydantic import SecretStr

from channels.shopify.settings import ShopifySettings
from publisher.errors import ConfigError

LARGEST_ANSWER = 64 * 1024 * 1024
"""More bytes than this are no answer to a question of ours."""

_MODULES = {
    "shopifyapp": ("channels.shopify.client_shopifyapp", "shopify"),
    "shopify-legacy": ("channels.shopify.client_legacy", "shopify-legacy"),
}


class Unreached(Exception):
    """Nothing was sent: the shop could not be reached. ``untrusted`` when its certificate was refused."""

    def __init__(self, reason: str, *, untrusted: bool = False) -> None:
        super().__init__(reason)
        self.untrusted = untrusted


class Lost(Exception):
    """Something was sent, and no whole answer came."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. ``retry_after`` is in seconds, when the shop asks for a pause."""

    status: int
    text: str
    retry_after: float | None = None


class Client(Protocol):
    """One line to a shop. Not shared between threads."""

    def post(self, document: str, variables: Mapping[str, Any], token: SecretStr) -> Reply:
        """Send one GraphQL document. Raises Unreached or Lost."""

    def fetch_token(self, client_id: str, secret: SecretStr) -> Reply:
        """Ask for a token by the client credentials grant. Raises Unreached or Lost."""

    def close(self) -> None:
        """Let the line go. Safe to call twice."""


def open_client(settings: ShopifySettings) -> Client:
    """The client that the settings ask for. Raises ConfigError with the command that installs it."""
    # It would write the addresses of uploads, which are as good as a password, into the log.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    module, extra = _MODULES[settings.transport]
    client: Client = load(module, extra).ShopClient(settings)
    return client


def load(module: str, extra: str = "shopify") -> ModuleType:
    """A module that needs an optional package. Raises ConfigError with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the package {error.name} is not installed, which Shopify accounts need",
            remedy=f"pip install 'storefront-publisher[{extra}]'",
        ) from error


def seconds(value: str | None) -> float | None:
    """The number of a ``Retry-After`` header; None when there is none that can be read."""
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None
