"""SFTP as a FileStore: one folder on one server, uploads in pipelined blocks whose last one is held back.

Memory is a few blocks, whatever the size of a file. It never retries, never renames by itself,
and never follows the user's own ssh configuration. ``sftp_line`` says what a connection is, ``sftp_keys``
which host keys are trusted, ``sftp_upload`` how a file goes up.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from channels.transport.sftp_asyncssh import AsyncsshLine
from channels.transport.sftp_child import find_ssh
from channels.transport.sftp_line import Entry, Line, LineLost, Refused, SftpEndpoint, Status
from channels.transport.sftp_openssh import NotForSsh, OpensshLine
from channels.transport.sftp_upload import IN_FLIGHT, LocalFile, Upload
from channels.transport.store import RemoteFile, check_name
from publisher.errors import (
    Conflict,
    NeedsHuman,
    OutcomeUnknown,
    PublisherError,
    Rejected,
    Transient,
)

__all__ = ["IN_FLIGHT", "SftpEndpoint", "SftpStore"]

PAGE = 500


class SftpStore:
    """One logged-in connection. See FileStore for the contract of each method."""

    def __init__(self, endpoint: SftpEndpoint) -> None:
        self.endpoint = endpoint
        self._open_line: Line | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def login(self) -> tuple[str, ...]:
        """Connect, log in, see that the root is a folder. Raises AuthFailed, Transient, NeedsHuman."""
        self.close()
        self._open_line = line = connected(self.endpoint)
        root = self.endpoint.root or "."
        try:
            mode = line.stat(root).mode
        except Refused as error:
            raise self._no_root(root, error.reason) from error
        except LineLost as error:
            raise self._failure(error, root, sent=False) from error
        if mode is not None and not stat.S_ISDIR(mode):
            raise self._no_root(root, "it is not a folder")
        return (f"logged in to {self.endpoint.host}:{self.endpoint.port} ({line.server})",)

    def size(self, name: str) -> int | None:
        """Size in bytes; None when the server says that it is not there."""
        path = self._path(name)
        try:
            return self._line.stat(path).size
        except (Refused, LineLost) as error:
            if isinstance(error, Refused) and error.missing:
                return None
            raise self._failure(error, name, sent=False) from error

    def put(
        self,
        local: Path,
        name: str,
        *,
        progress: Callable[[str, int], None],
        sending: Callable[[], None] | None = None,
        resume: bool = False,
    ) -> int:
        """Upload a file whole; see FileStore. An upload that fails half-way cuts the connection."""
        path = self._path(name)
        with LocalFile(local, name) as source:
            start = self._resume_at(name, source.size) if resume else 0
            if start:
                progress(name, start)
            if start == source.size and start:
                return start
            sent = False
            try:
                upload = Upload(self._line, source, path, name, start, progress)
                try:
                    upload.run(sending)
                finally:
                    sent = upload.sent
            except (Refused, LineLost) as error:
                raise self._failure(error, name, sent=sent) from error
            return source.size

    def rename(self, old: str, new: str) -> None:
        """Rename within the folder; never overwrites where the server keeps to the protocol."""
        old_path, new_path = self._path(old), self._path(new)
        try:
            self._line.rename(old_path, new_path)
        except (Refused, LineLost) as error:
            raise self._failure(error, old, sent=True) from error

    def delete(self, name: str) -> None:
        """Remove a file; of something gone a no-op."""
        path = self._path(name)
        try:
            self._line.remove(path)
        except (Refused, LineLost) as error:
            if isinstance(error, Refused) and error.missing:
                return
            raise self._failure(error, name, sent=False) from error

    def names(self) -> Iterator[list[RemoteFile]]:
        """Pages of every plain file in the root. Complete, or it raises."""
        page: list[RemoteFile] = []
        try:
            for entry in self._line.entries(self.endpoint.root or "."):
                if _plain_file(entry):
                    page.append(RemoteFile(entry.name, entry.attributes.size))
                if len(page) == PAGE:
                    yield page
                    page = []
        except (Refused, LineLost) as error:
            raise self._failure(error, self.endpoint.root, sent=False) from error
        if page:
            yield page

    def close(self) -> None:
        """Leave. Safe to call twice; never raises."""
        line, self._open_line = self._open_line, None
        if line is not None:
            line.close()

    @property
    def _line(self) -> Line:
        if self._open_line is None:
            raise LineLost("not connected")
        return self._open_line

    def _path(self, name: str) -> str:
        return posixpath.join(self.endpoint.root, check_name(name))

    def _resume_at(self, name: str, total: int) -> int:
        there = self.size(name) or 0
        if there > total:
            raise Conflict(
                f"{name} is {there} bytes there, more than our {total}",
                remedy="Something else has this name; remove it there or rename the file.",
            )
        return there if there == total else max(0, there - IN_FLIGHT)

    def _no_root(self, root: str, reason: str) -> NeedsHuman:
        return NeedsHuman(
            f"The folder {root!r} cannot be used on {self.endpoint.host}: {_printable(reason)}",
            remedy="Set <ACCOUNT>_ROOT to the upload folder, or create it there.",
        )

    def _failure(self, error: Refused | LineLost, name: str, *, sent: bool) -> PublisherError:
        """The class of a fault: a status from the server is definite, a lost line is not once ``sent``."""
        if isinstance(error, Refused):
            return self._refusal(error, name)
        detail = f"{type(error).__name__}: {error}"
        if self._open_line is not None:
            self._open_line.hang_up()
        if not sent:
            return Transient(
                f"The connection to {self.endpoint.host}:{self.endpoint.port} was lost",
                detail=detail,
            )
        return OutcomeUnknown(
            f"The connection to {self.endpoint.host} was lost as {name} was being finished",
            remedy="Look whether the file arrived before sending it again.",
            detail=detail,
        )

    def _refusal(self, error: Refused, name: str) -> PublisherError:
        reason, host = _printable(error.reason), self.endpoint.host
        match error.code:
            case Status.PERMISSION_DENIED | Status.WRITE_PROTECT:
                return Rejected(
                    f"{host} does not allow {name}: {reason}",
                    remedy="Check that the account may write to <ACCOUNT>_ROOT.",
                )
            case Status.NO_SPACE_ON_FILESYSTEM | Status.QUOTA_EXCEEDED:
                return Rejected(
                    f"{host} has no room for {name}: {reason}",
                    remedy="Free space there, or ask the site to.",
                )
            case Status.FILE_ALREADY_EXISTS:
                return Conflict(f"{name} exists on {host} already", remedy="Remove or rename it.")
        return Rejected(
            f"{host} refused {name}: {reason}",
            remedy="Read the answer of the server, then ask the site or push again.",
            detail=f"status {error.code}",
        )


def connected(end: SftpEndpoint) -> Line:
    """A line to this endpoint, open. Raises AuthFailed, Transient, Throttled, NeedsHuman.

    With ``auto``, what the ``ssh`` program cannot do is done by asyncssh. With ``openssh`` asyncssh may only
    say what is wrong.
    """
    reason = "no ssh program that is new enough was found"
    program = find_ssh(os.environ.get("PATH", "")) if end.client != "asyncssh" else None
    if program is not None:
        child_line = OpensshLine(end, program)
        try:
            child_line.connect()
            return child_line
        except NotForSsh as error:
            reason = str(error)
    line = AsyncsshLine(end)
    line.connect()
    if end.client == "openssh":
        line.close()
        raise NeedsHuman(
            f"The ssh program cannot be used for {end.host}:{end.port}",
            remedy="Install OpenSSH 8.5 or later, or let the publisher choose the client itself.",
            detail=_printable(reason),
        )
    return line


def _plain_file(entry: Entry) -> bool:
    mode = entry.attributes.mode
    plain = stat.S_ISREG(mode) if mode is not None and stat.S_IFMT(mode) else True
    return plain and entry.name not in (".", "..")


def _printable(text: str) -> str:
    """A server's words, made safe to print."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[:200].strip()
