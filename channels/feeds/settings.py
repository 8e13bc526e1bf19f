"""Settings of a feed account: where the feed and its pictures lie, and under which address the world sees them."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from publisher.channel import ChannelSettings


class FeedSettings(ChannelSettings):
    """A bucket of any S3 service, or a folder that a web server serves."""

    bucket: str | None = Field(None, description="Name of the bucket that holds the feed.")
    folder: str | None = Field(
        None, description="Folder that a web server serves, instead of a bucket."
    )
    public_url: str | None = Field(
        None,
        description="Address under which the world sees the bucket or the folder; a folder needs it.",
    )
    access_key_id: SecretStr | None = Field(None, description="Access key id of the bucket.")
    secret_access_key: SecretStr | None = Field(
        None, description="Secret access key of the bucket."
    )
    session_token: SecretStr | None = Field(None, description="Session token of a temporary key.")
    endpoint_url: str | None = Field(
        None, description="Address of the S3 service; empty means Amazon's."
    )
    region: str = Field("us-east-1", description="Region of the bucket.")
    prefix: str = Field("", description="Folder inside the bucket, part of the feed's address.")
    path_style: bool | None = Field(
        None, description="true: bucket in the path; the default is true with an own endpoint."
    )
    tls_verify: bool = Field(True, description="false turns the certificate check off.")
    tls_ca_file: str | None = Field(
        None, description="PEM file of further certificate authorities to trust."
    )
    connect_timeout: float = Field(20.0, gt=0, description="Seconds to wait for a connection.")
    data_timeout: float = Field(60.0, gt=0, description="Seconds without a byte before giving up.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        problems = []
        if bool(self.bucket) == bool(self.folder):
            problems.append("BUCKET or FOLDER must be set, and not both")
        if self.folder and not self.public_url:
            problems.append("PUBLIC_URL is not set: it is where the world sees FOLDER")
        if self.bucket and not self.access_key_id:
            problems.append("ACCESS_KEY_ID is not set")
        if self.bucket and not self.secret_access_key:
            problems.append("SECRET_ACCESS_KEY is not set")
        if problems:
            raise ValueError("; ".join(problems))
        return self
