"""One FTP or FTPS connection as agencies need it, on the standard library's ``ftplib``.

It adds what ``ftplib`` leaves out: the TLS session of the control connection on every data
connection, passive addresses behind NAT, names that are not UTF-8, and data connections that a
server cannot mistake for finished ones when this process dies. It never decides what a reply means.
"""

from __future__ import annotations

import contextlib
import ftplib
import select
import socket
import ssl
import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class RestartRefused(ftplib.error_perm):
    """The server will not continue a file from an offset."""


_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_PLAIN_CLOSE = struct.pack("ii", 0, 0)


def tls_context(*, verify: bool, ca_file: Path | None) -> ssl.SSLContext:
    """The TLS settings of one account, TLS 1.2 or later.

    Raises OSError when ``ca_file`` cannot be read, ssl.SSLError when it holds no certificate.
    """
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Wire(ftplib.FTP):
    """A control connection, and the data connections that it opens. Timeouts are in seconds."""

    def __init__(
        self,
        context: ssl.SSLContext | None,
        *,
        connect_timeout: float,
        data_timeout: float,
        host_from_control: bool,
        encoding: str,
    ) -> None:
        super().__init__(timeout=connect_timeout, encoding=encoding)
        self._context = context
        self._data_timeout = data_timeout
        self._extended = False
        self.trust_server_pasv_ipv4_address = not host_from_control

    @property
    def control(self) -> socket.socket:
        """The control connection. Raises ConnectionResetError when it is closed."""
        if self.sock is None:
            raise ConnectionResetError("the connection is closed")
        return self.sock

    def open(self, host: str, port: int) -> None:
        """Connect and read the greeting. Raises ftplib.Error for one that is not a welcome."""
        self.connect(host, port)
        self.control.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._listen()

    def secure(self) -> None:
        """Go over to TLS. Raises ftplib.Error when the server has none, ssl.SSLError."""
        if self._context is not None:
            self.voidcmd("AUTH TLS")
            self.sock = self._context.wrap_socket(self.control, server_hostname=self.host)
            self._listen()

    def ready(self) -> None:
        """After the login: protect data connections, and give replies the longer timeout."""
        if self._context is not None:
            self.voidcmd("PBSZ 0")
            self.voidcmd("PROT P")
        self.voidcmd("TYPE I")
        self.control.settimeout(self._data_timeout)

    def _listen(self) -> None:
        # ftplib's own file would stop at the first name that is not in the encoding.
        if self.file is not None:
            self.file.close()
        self.file = self.control.makefile("r", encoding=self.encoding, errors="surrogateescape")

    def putline(self, line: str) -> None:
        """Send one line; a name that was read with stray bytes goes out with the same bytes."""
        if "\r" in line or "\n" in line:
            raise ValueError("a command must be one line")
        self.control.sendall(line.encode(self.encoding, "surrogateescape") + b"\r\n")

    def makepasv(self) -> tuple[str, int]:
        """A passive address. PASV, and EPSV for IPv6 or a server that does not know PASV."""
        if self.af == socket.AF_INET and not self._extended:
            try:
                return super().makepasv()
            except (ftplib.error_perm, ftplib.error_proto) as refused:
                if str(refused)[:3] == "530":
                    raise
                self._extended = True
        peer = self.control.getpeername()
        host, port = ftplib.parse229(self.sendcmd("EPSV"), peer)  # noqa: S321
        return host, port

    def begin(self, command: str, rest: int | None = None) -> Pipe:
        """Open a data connection for ``command``; the server has answered 1xx when this returns."""
        address = self.makepasv()
        line = socket.create_connection(address, self.timeout)
        try:
            line.settimeout(self._data_timeout)
            if rest is not None:
                self._restart(rest)
            # A process that is killed in the middle must not look like one that is done: without
            # this the kernel would end the stream in order, and the server would say 226.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            reply = self.sendcmd(command)
            if reply[0] == "2":
                reply = self.getresp()
            if reply[0] != "1":
                raise ftplib.error_reply(reply)  # noqa: S321
            return Pipe(self._secured(line))
        except ftplib.Error:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _PLAIN_CLOSE)
            line.close()
            raise
        except BaseException:
            line.close()
            raise

    def _restart(self, offset: int) -> None:
        try:
            self.sendcmd(f"REST {offset}")
        except ftplib.error_perm as refused:
            raise RestartRefused(*refused.args) from refused

    def _secured(self, line: socket.socket) -> socket.socket:
        control = self.sock
        if self._context is None:
            return line
        if not isinstance(control, ssl.SSLSocket):
            raise ssl.SSLError("the control connection is not encrypted")
        # Servers take the resumed session as proof that both connections are the same client's.
        return self._context.wrap_socket(line, server_hostname=self.host, session=control.session)

    def ask_size(self, name: str) -> int | None:
        """SIZE (RFC 3659) in bytes; None for 550, which also stands for a folder."""
        try:
            words = self.sendcmd(f"SIZE {name}").split()
        except ftplib.error_perm as error:
            if str(error)[:3] == "550":
                return None
            raise
        if len(words) < 2 or not words[1].isdigit():
            raise ftplib.error_proto(" ".join(words))  # noqa: S321
        return int(words[1])

    def speaks(self) -> bool:
        """Whether the server has said something, or hung up, that nobody has read yet."""
        return bool(select.select((self.control,), (), (), 0)[0])

    def answer(self, timeout: float) -> str:
        """Wait up to ``timeout`` seconds for one reply, whatever its code."""
        self.control.settimeout(timeout)
        try:
            return self.getmultiline()
        finally:
            self.control.settimeout(self._data_timeout)


class Pipe:
    """One data connection. Closing it before ``finish`` tells the server that it is cut short."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._secure = isinstance(line, ssl.SSLSocket)

    def send(self, block: ReadableBuffer) -> None:
        """Send a block whole. The timeout is for standing still, not for the block."""
        rest = memoryview(block)
        while rest:
            rest = rest[self._line.send(rest) :]

    def receive(self, size: int) -> bytes:
        """Up to ``size`` bytes, empty at the end, however a TLS server ends."""
        try:
            return self._line.recv(size)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    def finish(self) -> None:
        """Say that the stream is complete, without waiting: the server's reply is what counts.

        The socket stays open until ``close``, because closing it over unread TLS tickets would
        reset the connection and throw away what the server has not read yet.
        """
        if isinstance(self._line, ssl.SSLSocket):
            self._say_goodbye(self._line)
        self._line.shutdown(socket.SHUT_WR)
        self._line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _PLAIN_CLOSE)

    def _say_goodbye(self, line: ssl.SSLSocket) -> None:
        patience = line.gettimeout()
        line.settimeout(0)
        try:
            while True:
                try:
                    line.unwrap()
                    return
                except ssl.SSLWantWriteError:
                    if not select.select((), (line,), (), patience)[1]:
                        raise TimeoutError("the data connection stands still") from None
                except ssl.SSLWantReadError:
                    return
        finally:
            line.settimeout(patience)

    def finish_reading(self) -> None:
        """Answer the server's end of a listing; whether it still listens does not matter."""
        with contextlib.suppress(OSError):
            self.finish()

    def close(self) -> None:
        """Drop the connection. Never raises."""
        with contextlib.suppress(OSError):
            self._line.close()
