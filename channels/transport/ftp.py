"""FTP and FTPS: one folder on one server, through one connection that is used again for every file.

The order of an upload is what makes a kill safe: all but the last block, then the caller's journal,
then the last block, then the server's word, then the size. It never retries, never renames by
itself, and never takes a broken line for a refusal or for a success.
"""

from __future__ import annotations

import contextlib
import ftplib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from channels.transport.ftp_listing import MACHINE, PLAIN, machine_files, plain_names
from channels.transport.ftp_replies import (
    FAULTS,
    UNKNOWN_COMMAND,
    code_of,
    login_refusal,
    translated,
)
from channels.transport.ftp_upload import BLOCK, Upload, unreadable
from channels.transport.ftp_wire import Wire, tls_context
from channels.transport.store import Endpoint, RemoteFile, check_name
from publisher.errors import (
    AuthFailed,
    ConfigError,
    NeedsHuman,
    PublisherError,
    Transient,
)

PAGE = 1000
"""Files in one page of a listing."""


@dataclass(frozen=True, slots=True)
class FtpEndpoint(Endpoint):
    """Where to log in. ``tls`` is explicit FTPS (AUTH TLS, RFC 4217) with encrypted data."""

    tls: bool = False
    tls_verify: bool = True
    tls_ca_file: Path | None = None
    passive_host_from_control: bool = True
    """Connect data where control is, whatever PASV says: servers behind NAT tell their inside."""
    encoding: str = "utf-8"
    root_optional: bool = False
    """Stay in the folder of the login when ``root`` is not there: for a server of one's own."""


class FtpStore:
    """A FileStore over FTP or FTPS. After a Transient or OutcomeUnknown call ``login`` again."""

    def __init__(self, endpoint: FtpEndpoint) -> None:
        self._at = endpoint
        self._secret = endpoint.password.get_secret_value()
        self._wire: Wire | None = None
        self._machine_listing = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave with QUIT, but do not wait long for the answer."""
        wire, self._wire = self._wire, None
        if wire is not None:
            with contextlib.suppress(*FAULTS):
                wire.control.settimeout(1.0)
                wire.putline("QUIT")
            wire.close()

    def _drop(self) -> None:
        """Cut the connection off without a word: its state is not known any more."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    # Logging in

    def login(self) -> tuple[str, ...]:
        """Connect and log in; see FileStore. An open connection is closed first."""
        self.close()
        at = self._at
        wire = Wire(
            self._context(),
            connect_timeout=at.connect_timeout,
            data_timeout=at.data_timeout,
            host_from_control=at.passive_host_from_control,
            encoding=at.encoding,
        )
        try:
            notes = self._enter(wire)
        except FAULTS as error:
            wire.close()
            raise self._translated(error, "take a login") from error
        except BaseException:
            wire.close()
            raise
        self._wire = wire
        return notes

    def _context(self) -> ssl.SSLContext | None:
        if not self._at.tls:
            return None
        try:
            return tls_context(verify=self._at.tls_verify, ca_file=self._at.tls_ca_file)
        except OSError as error:
            raise ConfigError(
                f"the certificate file {self._at.tls_ca_file} cannot be used",
                remedy="Set the account's ..._TLS_CA_FILE to a PEM file.",
                detail=str(error),
            ) from error

    def _enter(self, wire: Wire) -> tuple[str, ...]:
        self._greet(wire)
        try:
            wire.login(self._at.username, self._secret)
        except ftplib.Error as error:
            raise login_refusal(error, self._at.host, self._secret) from None
        except ValueError:
            raise AuthFailed("the user name or the password has a line break in it") from None
        features = self._features(wire)
        self._machine_listing = "MLST" in features or not features
        if "UTF8" in features:
            with contextlib.suppress(ftplib.error_perm, ftplib.error_temp):
                wire.voidcmd("OPTS UTF8 ON")
        wire.ready()
        place = self._go_to_root(wire)
        if self._at.tls:
            version = wire.control.version() if isinstance(wire.control, ssl.SSLSocket) else ""
            return (f"encrypted with {version}", *place)
        return ("not encrypted: the password and the files travel in the open", *place)

    def _greet(self, wire: Wire) -> None:
        host = self._at.host
        try:
            wire.open(host, self._at.port)
        except ftplib.Error as error:
            raise login_refusal(error, host, self._secret) from None
        try:
            wire.secure()
        except ftplib.error_perm as error:
            raise AuthFailed(
                f"{host} does not offer encryption: {error}",
                remedy="Check the account's ..._HOST and ..._PORT, or use plain FTP.",
            ) from None

    def _features(self, wire: Wire) -> frozenset[str]:
        try:
            lines = wire.sendcmd("FEAT").splitlines()[1:-1]
        except (ftplib.error_perm, ftplib.error_temp):
            return frozenset()
        return frozenset(words[0].upper() for line in lines if (words := line.split()))

    def _go_to_root(self, wire: Wire) -> tuple[str, ...]:
        root = self._at.root
        if root in ("", ".", "/"):
            return ()
        try:
            wire.voidcmd(f"CWD {root}")
            return ()
        except ftplib.error_perm as error:
            if self._at.root_optional and code_of(error) == 550:
                return (f"there is no folder {root}: files go where the login lands",)
            raise NeedsHuman(
                f"the folder {root} is not there on {self._at.host}, or closed to this login",
                remedy="Make the folder there, or set the account's ..._ROOT.",
                detail=str(error),
            ) from None

    # Questions and small changes

    def size(self, name: str) -> int | None:
        """Size in bytes with SIZE, from the listing if there is no SIZE; None when not there."""
        check_name(name)
        with self._asking(f"tell the size of {name}") as wire:
            try:
                return wire.ask_size(name)
            except ftplib.error_perm as error:
                if code_of(error) not in UNKNOWN_COMMAND:
                    raise
        return next(
            (file.size for page in self.names() for file in page if file.name == name), None
        )

    def put(
        self,
        local: Path,
        name: str,
        *,
        progress: Callable[[str, int], None],
        sending: Callable[[], None] | None = None,
        resume: bool = False,
    ) -> int:
        """Upload with STOR, or take up again with REST or APPE; see FileStore."""
        check_name(name)
        there = self.size(name) if resume else None
        if self._wire is None:
            raise self._closed()
        try:
            upload = Upload(
                self._wire,
                local,
                name,
                patience=self._at.data_timeout,
                secret=self._secret,
                progress=progress,
                sending=sending,
            )
        except OSError as error:
            raise unreadable(local, error) from error
        try:
            return upload.run(there)
        finally:
            if not upload.usable:
                self._drop()

    def rename(self, old: str, new: str) -> None:
        """Rename with RNFR and RNTO. Raises Rejected when the server will not."""
        check_name(old)
        check_name(new)
        with self._asking(f"rename {old} to {new}") as wire:
            wire.rename(old, new)

    def delete(self, name: str) -> None:
        """Delete with DELE; of something gone a no-op."""
        check_name(name)
        with self._asking(f"delete {name}") as wire:
            try:
                wire.voidcmd(f"DELE {name}")
            except ftplib.error_perm as error:
                if code_of(error) != 550 or wire.ask_size(name) is not None:
                    raise

    def names(self) -> Iterator[list[RemoteFile]]:
        """Every file of the folder, with MLSD or else NLST and SIZE, in pages of 1,000."""
        with self._asking("list its files") as wire:
            lines = self._machine_lines(wire) if self._machine_listing else None
            files = machine_files(lines) if lines is not None else None
            names = plain_names(self._lines(wire, PLAIN)) if files is None else []
        if files is not None:
            for start in range(0, len(files), PAGE):
                yield files[start : start + PAGE]
            return
        for start in range(0, len(names), PAGE):
            with self._asking("list its files") as wire:
                page = [self._sized(wire, name) for name in names[start : start + PAGE]]
            yield [file for file in page if file is not None]

    def _sized(self, wire: Wire, name: str) -> RemoteFile | None:
        try:
            size = wire.ask_size(name)
        except ftplib.error_perm as error:
            if code_of(error) not in UNKNOWN_COMMAND:
                raise
            return RemoteFile(name, None)
        # NLST names folders too; SIZE refuses those.
        return None if size is None else RemoteFile(name, size)

    def _machine_lines(self, wire: Wire) -> list[str] | None:
        try:
            return self._lines(wire, MACHINE)
        except ftplib.error_perm as error:
            if code_of(error) not in UNKNOWN_COMMAND:
                raise
            self._machine_listing = False
            return None

    def _lines(self, wire: Wire, command: str) -> list[str]:
        try:
            pipe = wire.begin(command)
        except (ftplib.error_perm, ftplib.error_temp) as error:
            # The usual answer of older servers to NLST in an empty folder.
            if command == PLAIN and code_of(error) in (450, 550) and "no " in str(error).lower():
                return []
            raise
        with contextlib.closing(pipe):
            blocks = iter(lambda: pipe.receive(BLOCK), b"")
            text = b"".join(blocks).decode(self._at.encoding, "surrogateescape")
            pipe.finish_reading()
            wire.voidresp()
        return [line for line in text.split("\n") if line.strip()]

    @contextlib.contextmanager
    def _asking(self, doing: str) -> Iterator[Wire]:
        if self._wire is None:
            raise self._closed()
        try:
            yield self._wire
        except FAULTS as error:
            if not isinstance(error, ftplib.Error) or code_of(error) in (0, 421):
                self._drop()
            raise self._translated(error, doing) from error

    def _closed(self) -> Transient:
        return Transient(f"the connection to {self._at.host} is closed; log in first")

    def _translated(self, error: Exception, doing: str) -> PublisherError:
        return translated(error, self._at.host, self._at.port, doing, self._secret)
