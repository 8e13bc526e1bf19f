"""SFTP as a FileStore: one folder on one server, uploads in pipelined blocks whose last one is held back.

Memory is a few blocks, whatever the size of a file. It never retries, never renames by itself,
and never follows the user's own ssh configuration. ``sftp_line`` holds the connection,
``sftp_keys`` the trust in host keys.
"""

from __future__ import annotations

import os
import posixpath
import queue
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh

from channels.transport.sftp_line import LINE_FAULTS, Ack, LineLost, SftpEndpoint, SftpLine
from channels.transport.store import RemoteFile, check_name
from publisher.errors import (
    Conflict,
    NeedsHuman,
    OutcomeUnknown,
    PublisherError,
    Rejected,
    Transient,
)

__all__ = ["SftpEndpoint", "SftpStore"]

SAFE_BLOCK = 32 * 1024
"""What every server takes: draft-ietf-secsh-filexfer-02, section 3, promises packets of 34,000 bytes."""
LARGEST_BLOCK = 255 * 1024
"""OpenSSH hangs up on messages over 256 KB, header included."""
IN_FLIGHT = 8 * LARGEST_BLOCK
"""Bytes on the way per connection: about the channel window of OpenSSH, and the bound of our memory.

Also how far a resume steps back: whatever lies further below the end of a partial file was acknowledged
before its last bytes were sent, so that a server which writes out of order, or failed a single block, leaves
no hole behind.
"""
PAGE = 500

_GONE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)


class SftpStore:
    """One logged-in connection. See FileStore for the contract of each method."""

    def __init__(self, endpoint: SftpEndpoint) -> None:
        self.endpoint = endpoint
        self._line = SftpLine(endpoint)

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
        self._line.close()
        self._line = SftpLine(self.endpoint)
        self._line.connect()
        root = self.endpoint.root or "."
        try:
            found = self._line.call(self._line.sftp.stat(root))
        except asyncssh.SFTPError as error:
            raise self._no_root(root, error.reason) from error
        except LineLost as error:
            raise self._transient(error) from error
        if found.permissions is not None and not stat.S_ISDIR(found.permissions):
            raise self._no_root(root, "it is not a folder")
        return (f"logged in to {self.endpoint.host}:{self.endpoint.port} ({self._line.server})",)

    def size(self, name: str) -> int | None:
        """Size in bytes; None when the server says that it is not there."""
        try:
            return self._line.call(self._line.sftp.stat(self._path(name))).size
        except _GONE:
            return None
        except (asyncssh.SFTPError, LineLost) as error:
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
        try:
            source = os.open(local, os.O_RDONLY)
        except OSError as error:
            raise Rejected(
                f"{local.name} cannot be read: {error.strerror}", remedy="Check the file."
            ) from error
        try:
            total = os.fstat(source).st_size
            start = self._resume_at(name, total) if resume else 0
            if start:
                progress(name, start)
            if start == total and start:
                return total
            _Upload(self, source, path, name, start, total, progress).run(sending)
        finally:
            os.close(source)
        return total

    def rename(self, old: str, new: str) -> None:
        """Rename within the folder; never overwrites where the server keeps to the protocol."""
        try:
            self._line.call(self._line.sftp.rename(self._path(old), self._path(new)))
        except (asyncssh.SFTPError, LineLost) as error:
            raise self._failure(error, old, sent=True) from error

    def delete(self, name: str) -> None:
        """Remove a file; of something gone a no-op."""
        try:
            self._line.call(self._line.sftp.remove(self._path(name)))
        except _GONE:
            return
        except (asyncssh.SFTPError, LineLost) as error:
            raise self._failure(error, name, sent=False) from error

    def names(self) -> Iterator[list[RemoteFile]]:
        """Pages of every plain file in the root. Complete, or it raises."""
        try:
            entries = self._line.sftp.scandir(self.endpoint.root or ".")
            while page := self._line.call(_page(entries)):
                files = [RemoteFile(name, size) for name, size, plain in page if plain]
                if files:
                    yield files
        except (asyncssh.SFTPError, LineLost) as error:
            raise self._failure(error, self.endpoint.root, sent=False) from error

    def close(self) -> None:
        """Leave. Safe to call twice; never raises."""
        self._line.close()

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
            f"The folder {root!r} cannot be used on {self.endpoint.host}: {_plain(reason)}",
            remedy="Set <ACCOUNT>_ROOT to the upload folder, or create it there.",
        )

    def _transient(self, error: BaseException) -> Transient:
        return Transient(
            f"The connection to {self.endpoint.host}:{self.endpoint.port} was lost",
            detail=f"{type(error).__name__}: {error}",
        )

    def _failure(self, error: BaseException, name: str, *, sent: bool) -> PublisherError:
        """The class of a fault: a status from the server is definite, a lost line is not once ``sent``."""
        if isinstance(error, LineLost):
            self._line.hang_up()
            if not sent:
                return self._transient(error)
            return OutcomeUnknown(
                f"The connection to {self.endpoint.host} was lost as {name} was being finished",
                remedy="Look whether the file arrived before sending it again.",
                detail=f"{type(error).__name__}: {error}",
            )
        reason = _plain(getattr(error, "reason", str(error)))
        host = self.endpoint.host
        if isinstance(error, asyncssh.SFTPPermissionDenied | asyncssh.SFTPWriteProtect):
            return Rejected(
                f"{host} does not allow {name}: {reason}",
                remedy="Check that the account may write to <ACCOUNT>_ROOT.",
            )
        if isinstance(error, asyncssh.SFTPNoSpaceOnFilesystem | asyncssh.SFTPQuotaExceeded):
            return Rejected(
                f"{host} has no room for {name}: {reason}",
                remedy="Free space there, or ask the site to.",
            )
        if isinstance(error, asyncssh.SFTPFileAlreadyExists):
            return Conflict(f"{name} exists on {host} already", remedy="Remove or rename it.")
        return Rejected(f"{host} refused {name}: {reason}", detail=type(error).__name__)


class _Upload:
    """One file on its way: all but the last block, the caller's word, the last block, the check."""

    def __init__(
        self,
        store: SftpStore,
        source: int,
        path: str,
        name: str,
        start: int,
        total: int,
        progress: Callable[[str, int], None],
    ) -> None:
        self._store, self._line = store, store._line
        self._source, self._path, self._name = source, path, name
        self._start, self._total, self._progress = start, total, progress
        self._acks: queue.SimpleQueue[Ack] = queue.SimpleQueue()

    def run(self, sending: Callable[[], None] | None) -> None:
        sent = finished = False
        try:
            block = max(SAFE_BLOCK, min(LARGEST_BLOCK, self._line.sftp.limits.max_write_len))
            last = max(self._start, (self._total - 1) // block * block)
            flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT
            flags |= 0 if self._start else asyncssh.FXF_TRUNC
            # A block size of 0 makes each write one request, which is ours to pipeline.
            file = self._line.call(
                self._line.sftp.open(self._path, flags, encoding=None, block_size=0)
            )
            self._stream(file, block, last)
            data = self._read(last, self._total - last)
            if sending is not None:
                sending()
            sent = True
            self._line.call(_finish(file, data, last))
            self._progress(self._name, len(data))
            self._verify()
            finished = True
        except (asyncssh.SFTPError, LineLost) as error:
            raise self._store._failure(error, self._name, sent=sent) from error
        finally:
            if not finished:
                # Closing the handle would make some sites take the part for the whole.
                self._line.hang_up()

    def _stream(self, file: asyncssh.SFTPClientFile, block: int, end: int) -> None:
        window = IN_FLIGHT // block
        in_flight = 0
        unwatch = self._line.watch(self._acks)
        try:
            for offset in range(self._start, end, block):
                while in_flight >= window:
                    in_flight -= self._acknowledged()
                data = self._read(offset, min(block, end - offset))
                self._line.write(file, data, offset, self._acks)
                in_flight += 1
            while in_flight:
                in_flight -= self._acknowledged()
        finally:
            unwatch()

    def _acknowledged(self) -> int:
        try:
            answer = self._acks.get(timeout=self._store.endpoint.data_timeout)
        except queue.Empty:
            raise LineLost("no block was acknowledged in time") from None
        if isinstance(answer, LINE_FAULTS):
            raise LineLost(f"{type(answer).__name__}: {answer}") from answer
        if isinstance(answer, BaseException):
            raise answer
        self._progress(self._name, answer)
        return 1

    def _read(self, offset: int, count: int) -> bytes:
        try:
            data = os.pread(self._source, count, offset)
        except OSError as error:
            raise Rejected(
                f"{self._name} cannot be read: {error.strerror}", remedy="Check the disk."
            ) from error
        if len(data) != count:
            raise Rejected(
                f"{self._name} became shorter while it was being sent",
                remedy="Let nothing write to the file during an upload.",
            )
        return data

    def _verify(self) -> None:
        try:
            there = self._line.call(self._line.sftp.stat(self._path)).size
        except asyncssh.SFTPError:
            # Gone: taken in already. Not allowed to look: every block and the close were acknowledged.
            return
        if there is None or there == self._total:
            return
        said = f"{self._name} has {there} bytes on the server and {self._total} here"
        if there < self._total:
            raise Transient(said)
        raise Conflict(said, remedy="Something else wrote to this name; look at it there.")


async def _finish(file: asyncssh.SFTPClientFile, data: bytes, offset: int) -> None:
    if data:
        await file.write(data, offset)
    await file.close()


async def _page(
    entries: AsyncIterator[asyncssh.SFTPName],
) -> list[tuple[str, int | None, bool]]:
    page = []
    async for entry in entries:
        mode = entry.attrs.permissions
        plain = stat.S_ISREG(mode) if mode is not None and stat.S_IFMT(mode) else True
        page.append(
            (str(entry.filename), entry.attrs.size, plain and entry.filename not in (".", ".."))
        )
        if len(page) == PAGE:
            break
    return page


def _plain(text: str) -> str:
    """A server's words, made safe to print."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[:200].strip()
