"""Settings of a stock account. Every address can be set, so that an account can be pointed at any server."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from publisher.channel import ChannelSettings


class StockSettings(ChannelSettings):
    """Where the agency takes files in, and who we are there."""

    username: str = Field("", description="User name of the upload account.")
    password: SecretStr | None = Field(None, description="Password of the upload account.")
    host: str | None = Field(None, description="Host name; the default is the agency's.")
    port: int | None = Field(None, description="Port; the default is the agency's.", ge=1, le=65535)
    root: str | None = Field(None, description="Folder on the server; the default is the agency's.")
    protocol: Literal["ftp", "ftps", "sftp"] | None = Field(
        None, description="ftp, ftps (explicit TLS) or sftp; the default is the agency's."
    )
    rename: bool | None = Field(
        None, description="true: send under a temporary name, then rename on the server."
    )
    tls_verify: bool = Field(True, description="FTPS: false turns the certificate check off.")
    tls_ca_file: Path | None = Field(
        None, description="FTPS: PEM file of further certificate authorities to trust."
    )
    host_key: str | None = Field(
        None, description="SFTP: the server's public key or its SHA256 fingerprint."
    )
    host_key_check: bool = Field(True, description="SFTP: false turns the host key check off.")
    known_hosts: Path | None = Field(
        None, description="SFTP: a known_hosts file; ~/.ssh/known_hosts is read as well."
    )
    key_file: Path | None = Field(None, description="SFTP: private key instead of a password.")
    key_passphrase: SecretStr | None = Field(
        None, description="SFTP: passphrase of the private key."
    )
    connect_timeout: float = Field(20.0, gt=0, description="Seconds to wait for a connection.")
    data_timeout: float = Field(60.0, gt=0, description="Seconds without a byte before giving up.")

    @model_validator(mode="after")
    def _login_is_complete(self) -> Self:
        # Both at once: somebody who has set nothing yet should not have to run it twice.
        missing = [] if self.username else ["USERNAME is not set"]
        if self.password is None and self.key_file is None:
            missing.append("PASSWORD is not set (with SFTP a KEY_FILE will do)")
        if missing:
            raise ValueError("; ".join(missing))
        return self
