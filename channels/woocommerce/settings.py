"""Settings of a WooCommerce account. The names of the first ones are those of the usual API clients."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from publisher.channel import ChannelSettings


class WooSettings(ChannelSettings):
    """Where the shop is, and who we are there."""

    url: str = Field(description="Address of the shop, as in https://shop.example.")
    consumer_key: SecretStr = Field(description="Consumer key of a REST API key.")
    consumer_secret: SecretStr = Field(description="Consumer secret of that key.")
    verify_ssl: bool = Field(True, description="false turns the certificate check off.")
    query_string_auth: bool = Field(
        False,
        description="true: https with the key in the query, for servers that drop the header.",
    )
    timeout: float = Field(
        180.0, gt=0, description="Seconds to wait for an answer; a batch of 100 takes a while."
    )
    connect_timeout: float = Field(20.0, gt=0, description="Seconds to wait for a connection.")
    tls_ca_file: str | None = Field(
        None, description="PEM file of further certificate authorities to trust."
    )
    wp_username: str = Field("", description="WordPress user who may upload files.")
    wp_password: SecretStr | None = Field(
        None, description="Application password of that user; spaces in it do not matter."
    )

    @model_validator(mode="after")
    def _address_is_whole(self) -> Self:
        parts = urlsplit(self.url)
        problems = []
        if parts.scheme not in ("http", "https") or not parts.hostname:
            problems.append("URL is no address (it begins with https:// or http://)")
        elif parts.query or parts.fragment or parts.username or parts.password:
            problems.append("URL has more than the address of the shop (no ?, # or login)")
        if bool(self.wp_username) != (self.wp_password is not None):
            problems.append("WP_USERNAME and WP_PASSWORD go together")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def uploads(self) -> bool:
        """Whether pictures can go into the shop's media library."""
        return self.wp_password is not None

    @property
    def is_open(self) -> bool:
        """Whether everything goes over a network in the clear."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost")
