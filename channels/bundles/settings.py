"""Settings of an S3 account: any S3 service works, its address is a setting."""

from __future__ import annotations

from pydantic import Field, SecretStr

from publisher.channel import ChannelSettings


class BundleSettings(ChannelSettings):
    """The bucket, and who we are there."""

    bucket: str = Field(description="Name of the bucket.")
    access_key_id: SecretStr = Field(description="Access key id.")
    secret_access_key: SecretStr = Field(description="Secret access key.")
    session_token: SecretStr | None = Field(None, description="Session token of a temporary key.")
    endpoint_url: str | None = Field(
        None, description="Address of the S3 service; empty means Amazon's."
    )
    region: str = Field("us-east-1", description="Region of the bucket.")
    prefix: str = Field("", description="Folder inside the bucket.")
    path_style: bool | None = Field(
        None, description="true: bucket in the path; the default is true with an own endpoint."
    )
    public_url: str | None = Field(
        None, description="Address under which visitors see the bucket, such as a CDN's."
    )
    tls_verify: bool = Field(True, description="false turns the certificate check off.")
    tls_ca_file: str | None = Field(
        None, description="PEM file of further certificate authorities to trust."
    )
    connect_timeout: float = Field(20.0, gt=0, description="Seconds to wait for a connection.")
    data_timeout: float = Field(60.0, gt=0, description="Seconds without a byte before giving up.")
