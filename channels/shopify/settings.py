"""Settings of a Shopify account. Every address can be set, so that an account can be pointed at any server.

A token is either given, or fetched and renewed with the client id and secret of an app of one's own shop.
"""

from __future__ import annotations

import re
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from publisher.channel import ChannelSettings

FLOOR = "2026-01"
"""The oldest version that knows ``bulkOperation(id:)``, and five bulk operations at a time."""

_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*")
_DOMAIN = ".myshopify.com"


class ShopifySettings(ChannelSettings):
    """The shop, and who we are there."""

    shop: str = Field(description="Name of the shop, as in NAME.myshopify.com.")
    token: SecretStr | None = Field(None, description="Admin API access token (shpat_...).")
    client_id: str | None = Field(
        None, description="Client id of the shop's own app, instead of a token."
    )
    client_secret: SecretStr | None = Field(None, description="Client secret of that app.")
    api_version: str = Field(
        "2026-07", description=f"Version of the Admin API, {FLOOR} or newer, or unstable."
    )
    publications: str = Field(
        "Online Store",
        description="Sales channels to publish on, by name or id, with commas; empty means none.",
    )
    transport: Literal["shopifyapp", "shopify-legacy"] = Field(
        "shopifyapp",
        description="Which package talks to the shop; shopify-legacy is ShopifyAPI, which gets no fixes.",
    )
    base_url: str | None = Field(
        None, description="Address of a proxy or test server; empty means the shop's own."
    )
    tls_verify: bool = Field(True, description="false turns the certificate check off.")
    tls_ca_file: str | None = Field(
        None, description="PEM file of further certificate authorities to trust."
    )
    connect_timeout: float = Field(20.0, gt=0, description="Seconds to wait for a connection.")
    data_timeout: float = Field(60.0, gt=0, description="Seconds without a byte before giving up.")

    @field_validator("shop")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        text = value.strip().lower()
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        name = host.removesuffix(_DOMAIN)
        if not _SHOP.fullmatch(name):
            raise ValueError("is not the name of a shop, as in NAME.myshopify.com")
        return name

    @field_validator("api_version")
    @classmethod
    def _new_enough(cls, value: str) -> str:
        if value != "unstable" and not re.fullmatch(r"20\d\d-(01|04|07|10)", value):
            raise ValueError("is not a version such as 2026-07")
        if value < FLOOR:
            raise ValueError(f"is older than {FLOOR}, the oldest that can be used")
        return value

    @field_validator("base_url")
    @classmethod
    def _whole_address(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("is not an address such as https://127.0.0.1:8443")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _login_is_complete(self) -> Self:
        if self.token is not None:
            return self
        if self.client_id and self.client_secret is not None:
            return self
        if not self.client_id and self.client_secret is None:
            raise ValueError("TOKEN is not set (or CLIENT_ID and CLIENT_SECRET of the shop's app)")
        raise ValueError("CLIENT_SECRET is not set" if self.client_id else "CLIENT_ID is not set")

    def address(self) -> str:
        """Where the shop listens: scheme, host and port, without a slash at the end."""
        return self.base_url or f"https://{self.shop}{_DOMAIN}"

    def product_address(self, handle: str) -> str:
        """Where visitors find a product; the shop sends them on to its own domain, if it has one."""
        return f"https://{self.shop}{_DOMAIN}/products/{handle}"

    def publication_names(self) -> tuple[str, ...]:
        """The sales channels to publish on, in the order given."""
        return tuple(p for p in (p.strip() for p in self.publications.split(",")) if p)
