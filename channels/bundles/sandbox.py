"""A bucket on loopback: an S3 API with its own record of every object that was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from publisher.channel import Landed, Sandbox
from publisher.row import Row


class AdapterSandbox(Sandbox):
    """One S3 service with one bucket."""

    faults: ClassVar[tuple[str, ...]] = (
        "wrong_credentials",
        "refuse_503",
        "drop_after_commit",
        "no_bucket",
    )

    def __init__(self, row: Row, account: str, folder: Path) -> None:
        super().__init__(row, account, folder)
        self._server: Any = None

    def start(self) -> Mapping[str, str]:
        """Listen on 127.0.0.1, on a free port."""
        from channels.transport.s3_server import S3SandboxServer

        self._server = S3SandboxServer(self.folder)
        found = self._server.start()
        return {
            "ENDPOINT_URL": found["endpoint_url"],
            "BUCKET": found["bucket"],
            "REGION": found["region"],
            "ACCESS_KEY_ID": found["access_key"],
            "SECRET_ACCESS_KEY": found["secret_key"],
        }

    def stop(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def landed(self) -> Sequence[Landed]:
        """Every object that was written, with how often."""
        return list(self._server.landed()) if self._server is not None else []

    def fault(self, name: str, **options: Any) -> None:
        """Switch a fault of the service on."""
        self._server.fault(name, **options)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._server.clear_faults()
