"""The boto3 client of one bucket: address, credentials, time-outs, and nothing from the user's own AWS files.

It opens no connection and retries nothing.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class S3Endpoint:
    """Which bucket, where, and as whom. Timeouts are in seconds.

    ``endpoint_url`` is None for Amazon itself. ``public_url`` is where the bucket's objects are seen by
    visitors, when that is not the service's own address. ``verify`` may name a bundle of authorities.
    """

    endpoint_url: str | None
    region: str
    bucket: str
    access_key: SecretStr
    secret_key: SecretStr
    session_token: SecretStr | None = None
    path_style: bool = False
    verify: bool | Path = True
    public_url: str = ""
    connect_timeout: float = 20.0
    read_timeout: float = 60.0
    connections: int = 4


@functools.cache
def _service_descriptions() -> Any:
    """What the library knows of the service. Reading it takes longer than most calls, so it is read once."""
    from botocore.loaders import create_loader

    return create_loader()


def connect(end: S3Endpoint) -> S3Client:
    """A client for the bucket's service. Connects on its first call."""
    import botocore.session
    from botocore import handlers
    from botocore.config import Config

    # Name in the file, variable, default, conversion: neither files nor AWS_PROFILE are read.
    nowhere = (None, None, os.devnull, None)
    session = botocore.session.Session(
        {
            "profile": (None, None, None, None),
            "config_file": nowhere,
            "credentials_file": nowhere,
        }
    )
    session.register_component("data_loader", _service_descriptions())
    token = end.session_token.get_secret_value() if end.session_token else None
    client: Any = session.create_client(
        "s3",
        region_name=end.region or "us-east-1",
        endpoint_url=end.endpoint_url,
        aws_access_key_id=end.access_key.get_secret_value(),
        aws_secret_access_key=end.secret_key.get_secret_value(),
        aws_session_token=token,
        verify=str(end.verify) if isinstance(end.verify, Path) else end.verify,
        config=Config(
            signature_version="s3v4",
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=end.connect_timeout,
            read_timeout=end.read_timeout,
            max_pool_connections=max(10, end.connections),
            ignore_configured_endpoint_urls=True,  # type: ignore[call-arg]
            # Trailing checksums are refused by several compatible services.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path" if end.path_style else "virtual"},
        ),
    )
    # Waiting for "100 Continue" costs a round trip, and a second where the service does not know it.
    client.meta.events.unregister("before-call.s3", handlers.add_expect_header)
    made: S3Client = client
    return made
