"""A stock agency on loopback: a real FTP, FTPS or SFTP server with books of what it took in.

It ships with the product for rehearsals and is never reachable from another machine.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from channels.transport.sandbox_books import cut_short
from publisher.channel import Landed, Sandbox
from publisher.row import Row


class AdapterSandbox(Sandbox):
    """One agency. ``start`` returns the settings that point an account at it."""

    faults: ClassVar[tuple[str, ...]] = (
        "wrong_password",
        "too_many",
        "disk_full",
        "drop_mid_file",
        "drop_after_commit",
        "vanish",
        "slow",
    )
    """Those that the FTP and the SFTP server both have; each has more of its own."""

    def __init__(self, row: Row, account: str, folder: Path) -> None:
        super().__init__(row, account, folder)
        self._files = folder / "files"
        self._files.mkdir(parents=True, exist_ok=True)
        self._password = secrets.token_urlsafe(12)
        self._server: Any = None

    def start(self) -> Mapping[str, str]:
        """Listen on 127.0.0.1, on a free port."""
        settings = {"USERNAME": "seller", "PASSWORD": self._password}
        root = self.row.transport.root.strip("/")
        if root:
            (self._files / root).mkdir(parents=True, exist_ok=True)
        if self.row.transport.kind == "sftp":
            from channels.transport.sftp_server import SftpSandboxServer

            self._server = SftpSandboxServer(self._files, "seller", self._password)
            host, port, key = self._server.start()
            return settings | {"HOST": host, "PORT": str(port), "HOST_KEY": key}
        from channels.transport.ftp_server import FtpSandboxServer

        tls = self.row.transport.kind == "ftps"
        self._server = FtpSandboxServer(self._files, "seller", self._password, tls=tls)
        host, port, ca_file = self._server.start()
        settings |= {"HOST": host, "PORT": str(port)}
        return settings | ({"TLS_CA_FILE": str(ca_file)} if ca_file else {})

    def stop(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def landed(self) -> Sequence[Landed]:
        """Every file that the server took in whole, by its own books."""
        return _plain(self._server.landed() if self._server is not None else ())

    def cut_short(self) -> Sequence[Landed]:
        """Files whose upload had no proper end, by the server's own books."""
        return _plain(cut_short(self._server.books()) if self._server is not None else ())

    def fault(self, name: str, **options: Any) -> None:
        """Switch a fault of the server on."""
        self._server.fault(name, **options)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._server.clear_faults()


def _plain(found: Sequence[Landed]) -> list[Landed]:
    return [replace(entry, key=entry.key.rpartition("/")[2]) for entry in found]
