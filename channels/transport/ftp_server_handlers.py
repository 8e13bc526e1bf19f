"""How the sandbox FTP server behaves on the wire: pyftpdlib's handlers with faults and books.

Needs the extra ``sandbox``. It tells a connection that was cut from one that was ended, which
pyftpdlib by itself does not, so that a killed client never leaves a "complete" file in the books.
"""

from __future__ import annotations

import errno
import logging
import sys
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from pyftpdlib.authorizers import AuthenticationFailed, DummyAuthorizer
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import (
    FTPHandler,
    ThrottledDTPHandler,
    TLS_DTPHandler,
    TLS_FTPHandler,
)
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from channels.transport.ftp_server import FtpSandboxServer

_LOG = logging.getLogger("pyftpdlib")


class _Data(ThrottledDTPHandler):  # type: ignore[misc]
    """A data connection. ``_cut`` is set when it ends in any way but an orderly one."""

    transfer_finished: bool
    _resp: tuple[str, Any] | None

    # A connection that is dead when it is accepted is closed before these would be set.
    _throttler = None
    _error = False
    _ssl_want_read = False
    _ssl_want_write = False

    def __init__(self, sock: Any, cmd_channel: Any) -> None:
        slow = cmd_channel.sandbox.options("slow")
        self.read_limit = int(slow.get("rate", 65536)) if slow else 0
        self._cut = False
        self._booked = False
        super().__init__(sock, cmd_channel)

    @property
    def _sandbox(self) -> FtpSandboxServer:
        sandbox: FtpSandboxServer = self.cmd_channel.sandbox
        return sandbox

    def handle_read(self) -> None:
        super().handle_read()
        if self._closed or not self.receive:
            return
        brought = self.get_transmitted_bytes()
        if _due(self._sandbox, "drop_mid_file", brought):
            self._cut = True
            control = self.cmd_channel
            self.close()
            control.close()
        elif _due(self._sandbox, "disk_full", brought):
            self._cut = True
            self._resp = ("552 Disk full or quota exceeded.", _LOG.info)
            self.close()

    handle_read_event = handle_read

    def handle_close(self) -> None:
        error = sys.exc_info()[1]
        reset = isinstance(error, ConnectionResetError) or (
            isinstance(error, SSL.SysCallError)
            and (error.args[0] == errno.ECONNRESET or error.args[1] == "Unexpected EOF")
        )
        if self.receive and reset and not self._closed:
            self._cut = True
            self._resp = ("426 Connection closed; transfer aborted.", _LOG.info)
            self.close()
            return
        super().handle_close()

    def close(self) -> None:
        if not self._closed and not self._booked and self.receive and self.file_obj is not None:
            self._booked = True
            self._book()
        super().close()

    def _book(self) -> None:
        path = Path(self.file_obj.name)
        self.file_obj.close()
        whole = self.transfer_finished and not self._cut
        self.transfer_finished = whole
        if not whole:
            self._sandbox.note_partial(path)
            return
        self._sandbox.take_in(path)
        if self._sandbox.strikes("drop_after_commit") is not None:
            self._resp = None
            self.cmd_channel.ioloop.call_later(0, self.cmd_channel.close)
        elif self._sandbox.strikes("silent_after_commit") is not None:
            self._resp = None


class _TlsData(TLS_DTPHandler, _Data):  # type: ignore[misc]
    """The same over TLS: the encryption is laid over the handler above."""


class _Files(AbstractedFS):  # type: ignore[misc]
    """The folder; what a client renames or deletes is in the books before it is answered."""

    def rename(self, src: str, dst: str) -> None:
        super().rename(src, dst)
        self.cmd_channel.sandbox.record("renamed", Path(dst).name, old=Path(src).name)

    def remove(self, path: str) -> None:
        super().remove(path)
        self.cmd_channel.sandbox.record("deleted", Path(path).name)


def _due(sandbox: FtpSandboxServer, fault: str, brought: int) -> bool:
    options = sandbox.options(fault)
    return (
        options is not None
        and brought > int(options.get("after", 0))
        and sandbox.strikes(fault) is not None
    )


class _Commands:
    """The commands that faults change, laid over a control handler of pyftpdlib."""

    sandbox: FtpSandboxServer

    @property
    def masquerade_address(self) -> str | None:
        inside = self.sandbox.options("nat")
        return None if inside is None else str(inside.get("address", "192.0.2.1"))

    def handle(self: Any) -> None:
        crowd = self.sandbox.options("too_many")
        others = sum(
            isinstance(channel, FTPHandler) and channel is not self
            for channel in self.ioloop.socket_map.values()
        )
        if crowd is not None and others >= int(crowd.get("connections", 1)):
            self.respond("421 Too many connections, come back later.")
            self.close_when_done()
        else:
            super().handle()  # type: ignore[misc]

    def ftp_STOR(self: Any, file: str, mode: str = "w") -> Any:
        for code in (450, 550):
            if self.sandbox.strikes(f"refuse_{code}") is not None:
                self._restart_position = 0
                return self.respond(f"{code} The upload was refused.")
        return super().ftp_STOR(file, mode)  # type: ignore[misc]

    def ftp_APPE(self: Any, file: str) -> Any:
        return self._unless("no_appe") or super().ftp_APPE(file)  # type: ignore[misc]

    def ftp_REST(self: Any, line: str) -> Any:
        return self._unless("no_rest") or super().ftp_REST(line)  # type: ignore[misc]

    def ftp_MLSD(self: Any, path: str) -> Any:
        return self._unless("no_mlsd") or super().ftp_MLSD(path)  # type: ignore[misc]

    def ftp_PASV(self: Any, line: str) -> Any:
        return self._unless("no_pasv") or super().ftp_PASV(line)  # type: ignore[misc]

    def ftp_SIZE(self: Any, path: str) -> Any:
        return self._unless("no_size") or super().ftp_SIZE(path)  # type: ignore[misc]

    def _unless(self: Any, fault: str) -> bool:
        if self.sandbox.strikes(fault) is None:
            return False
        self.respond("502 Command not implemented.")
        return True


class _Control(_Commands, FTPHandler):  # type: ignore[misc]
    dtp_handler = _Data


class _TlsControl(_Commands, TLS_FTPHandler):  # type: ignore[misc]
    dtp_handler = _TlsData
    tls_control_required = True
    tls_data_required = True


class _Doorkeeper(DummyAuthorizer):  # type: ignore[misc]
    def __init__(self, sandbox: FtpSandboxServer) -> None:
        super().__init__()
        self._sandbox = sandbox
        folder = str(sandbox.folder.resolve())
        self.add_user(sandbox.username, sandbox.password, folder, perm="elradfmwMT")

    def validate_authentication(self, username: str, password: str, handler: Any) -> None:
        if self._sandbox.strikes("wrong_password") is not None:
            raise AuthenticationFailed("Authentication failed.")
        super().validate_authentication(username, password, handler)


def make_server(sandbox: FtpSandboxServer, chain: Path | None) -> Any:
    """A server on a free port of 127.0.0.1 with an event loop of its own, not yet serving."""
    _LOG.addHandler(logging.NullHandler())
    _LOG.propagate = False
    kind = type(
        "SandboxControl",
        (_Control if chain is None else _TlsControl,),
        {
            "sandbox": sandbox,
            "authorizer": _Doorkeeper(sandbox),
            "abstracted_fs": _Files,
            "auth_failed_timeout": 0,
            "banner": "Sandbox upload server",
            "certfile": str(chain) if chain else None,
            "ssl_context": None,
        },
    )
    return FTPServer(("127.0.0.1", 0), kind, ioloop=IOLoop())
