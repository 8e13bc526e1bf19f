"""An SFTP line that the machine's own ``ssh`` program encrypts: a child process for each connection.

Which host key may be shown is decided here, by HostKeys, and ``ssh`` is told exactly that. What it cannot
do, or cannot explain to a seller, it leaves to the other line with NotForSsh.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import struct
from collections.abc import Iterator
from concurrent.futures import TimeoutError as Waited

import asyncssh

from channels.transport.loop_thread import shared_loop
from channels.transport.sftp_child import Anteroom, Child, fits
from channels.transport.sftp_keys import HostKeys
from channels.transport.sftp_line import (
    LARGEST_BLOCK,
    SAFE_BLOCK,
    Attributes,
    Entry,
    LineLost,
    Refused,
    SftpEndpoint,
    Source,
    Status,
)
from channels.transport.sftp_refusals import explain, no_answer
from channels.transport.sftp_wire import Block, Flag, Kind, NoAnswer, Wire, text

_LIMITS = "limits@openssh.com"
"""Extension of OpenSSH, PROTOCOL file, section 4.8: four 64-bit numbers, the third is the longest write."""

_learned: dict[tuple[str, int, str], asyncssh.SSHKey] = {}
"""The key behind a fingerprint, by host, port and fingerprint: found out once in a process."""


class NotForSsh(Exception):
    """The ``ssh`` program cannot serve this endpoint, or its words do not say why it failed."""


class OpensshLine:
    """See Line for the contract of each method."""

    def __init__(self, endpoint: SftpEndpoint, program: str) -> None:
        self.endpoint = endpoint
        self.server = ""
        self.block = SAFE_BLOCK
        self._program = program
        self._child: Child | None = None
        self._wire: Wire | None = None

    def connect(self) -> None:
        """Connect, check the host key, log in, open SFTP. Raises NotForSsh beside what Line says."""
        end = self.endpoint
        keys = HostKeys(end.host, end.port, end.host_key, end.known_hosts, check=end.host_key_check)
        if end.key_file is not None and not os.access(end.key_file.expanduser(), os.R_OK):
            raise NotForSsh("the private key cannot be read")
        if not fits(end.password) or not fits(end.key_passphrase):
            raise NotForSsh("a secret that is not one short line")
        trusted = _trusted(end, keys) if keys.check else None
        try:
            with Anteroom(end, trusted) as room:
                self._child = room.start(self._program)
                self._greet(self._child)
        except OSError as error:
            self.hang_up()
            raise NotForSsh(f"{type(error).__name__}: {error}") from error
        except BaseException:
            self.hang_up()
            raise

    def stat(self, path: str) -> Attributes:
        """The attributes of a file or folder, links followed."""
        return self.wire.ask(Kind.STAT, text(path), Kind.ATTRS).attributes()

    def rename(self, old: str, new: str) -> None:
        """SSH_FXP_RENAME, which does not overwrite."""
        self.wire.ask(Kind.RENAME, text(old) + text(new), Kind.STATUS)

    def remove(self, path: str) -> None:
        """Remove a file."""
        self.wire.ask(Kind.REMOVE, text(path), Kind.STATUS)

    def entries(self, path: str) -> Iterator[Entry]:
        """Everything in a folder, in the order of the server."""
        wire = self.wire
        handle = text(wire.ask(Kind.OPENDIR, text(path), Kind.HANDLE).string())
        try:
            while True:
                try:
                    answer = wire.ask(Kind.READDIR, handle, Kind.NAME)
                except Refused as refused:
                    if refused.code == Status.EOF:
                        return
                    raise
                for _ in range(answer.number()):
                    name = answer.text()
                    answer.string()  # the same as a line of ls, for people
                    yield Entry(name, answer.attributes())
        finally:
            with contextlib.suppress(LineLost, Refused):
                wire.ask(Kind.CLOSE, handle, Kind.STATUS)

    def open(self, path: str, *, truncate: bool) -> _Handle:
        """Open a file for writing, made when it is missing."""
        flags = Flag.WRITE | Flag.CREATE | (Flag.TRUNCATE if truncate else 0)
        body = text(path) + struct.pack(">II", flags, 0)
        answer = self.wire.ask(Kind.OPEN, body, Kind.HANDLE)
        return _Handle(self.wire, text(answer.string()))

    def hang_up(self) -> None:
        """Cut the connection at once."""
        child, self._child, self._wire = self._child, None, None
        if child is not None:
            child.kill()

    def close(self) -> None:
        """Say goodbye and wait a moment for the server to hear it. Never raises."""
        child, self._child, self._wire = self._child, None, None
        if child is not None:
            child.leave(2.0)

    @property
    def wire(self) -> Wire:
        """The open connection. Raises LineLost when there is none any more."""
        if self._wire is None:
            raise LineLost("not connected")
        return self._wire

    def _greet(self, child: Child) -> None:
        end = self.endpoint
        wire = Wire(*child.pipes, end.data_timeout)
        try:
            # Three phases share this: TCP, login and the SFTP handshake each have the timeout.
            extensions = wire.hello(3 * end.connect_timeout)
            if _LIMITS in extensions:
                self.block = _longest_write(wire)
        except Refused:
            self.block = SAFE_BLOCK
        except NoAnswer as error:
            raise no_answer(end, str(error)) from error
        except LineLost as error:
            words = wire.last_words(1.0)
            said = explain(end, words)
            if said is None:
                raise NotForSsh(words.strip()[-300:] or str(error)) from error
            raise said from error
        found = re.search(r"remote software version (.*)", wire.words)
        self.server = f"SSH-2.0-{found[1]}" if found else "OpenSSH client"
        self._wire = wire


class _Handle:
    """See RemoteHandle."""

    def __init__(self, wire: Wire, handle: bytes) -> None:
        self._wire, self._handle = wire, handle
        self._pending: dict[int, int] = {}

    def write(self, source: Source, offset: int, count: int) -> None:
        body = self._handle + struct.pack(">QI", offset, count)
        self._pending[self._wire.send(Kind.WRITE, body, Block(source, offset, count))] = count

    def acknowledged(self) -> int:
        number, answer = self._wire.any(self._pending)
        count = self._pending.pop(number)
        answer.expect(Kind.STATUS)
        return count

    def close(self) -> None:
        self._wire.ask(Kind.CLOSE, self._handle, Kind.STATUS)


def _longest_write(wire: Wire) -> int:
    answer = wire.ask(Kind.EXTENDED, text(_LIMITS), Kind.EXTENDED_REPLY)
    _packet, _read, write = (answer.number(">Q") for _ in range(3))
    return max(SAFE_BLOCK, min(LARGEST_BLOCK, write))


def _trusted(end: SftpEndpoint, keys: HostKeys) -> tuple[asyncssh.SSHKey, ...]:
    """The keys that ssh may believe. For a fingerprint the server is asked once for the key behind it."""
    if keys.trusted:
        return keys.trusted
    if not keys.fingerprint:
        raise NotForSsh("no host key is known")
    place = (end.host, end.port, keys.fingerprint)
    if place not in _learned:
        for algorithms in keys.attempts():
            key = _shown_key(end, algorithms)
            if key is not None and keys.accept(key):
                _learned[place] = key
                break
        else:
            raise NotForSsh("the server does not show the key of the fingerprint")
    return (_learned[place],)


def _shown_key(end: SftpEndpoint, algorithms: list[str]) -> asyncssh.SSHKey | None:
    """The host key that the server shows when it is asked for one of these; None when there is none.

    Nothing is believed and nobody logs in: the connection ends after the key exchange.
    """

    async def look() -> asyncssh.SSHKey | None:
        async with asyncio.timeout(end.connect_timeout):
            return await asyncssh.get_server_host_key(
                end.host,
                end.port,
                server_host_key_algs=algorithms,
                config=None,
                options=asyncssh.SSHClientConnectionOptions(
                    config=None, client_keys=None, agent_path=None
                ),
            )

    try:
        return asyncio.run_coroutine_threadsafe(look(), shared_loop()).result(
            end.connect_timeout + 5
        )
    except (asyncssh.Error, OSError, Waited):
        return None
