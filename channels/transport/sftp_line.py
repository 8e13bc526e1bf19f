"""What a line to an SFTP server is: the endpoint, the requests, and the two ways in which one can fail.

``sftp_openssh`` and ``sftp_asyncssh`` are the two lines; the store and the upload know only what is said
here. It connects to nothing itself and knows no channel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Literal, Protocol

from pydantic import SecretStr

from channels.transport.store import Endpoint

CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes128-ctr",
)
"""AES-GCM first: one pass, in hardware, and 1.2 to 1.8 times as fast as ChaCha20."""

SAFE_BLOCK = 32 * 1024
"""What every server takes: draft-ietf-secsh-filexfer-02, section 3, promises packets of 34,000 bytes."""
LARGEST_BLOCK = 255 * 1024
"""OpenSSH hangs up on messages over 256 KB, header included."""


@dataclass(frozen=True, slots=True)
class SftpEndpoint(Endpoint):
    """Where to log in, as whom, and which host key to believe. Timeouts are in seconds.

    ``host_key`` is a ``SHA256:...`` fingerprint or an OpenSSH public key line and overrules ``known_hosts``.
    ``client`` says what encrypts: the machine's ``ssh`` program, asyncssh in this process, or ``auto``, the
    first where it is there and can serve this endpoint, else the second.
    """

    known_hosts: tuple[Path, ...] = (Path("~/.ssh/known_hosts"),)
    host_key: str = ""
    host_key_check: bool = True
    key_file: Path | None = None
    key_passphrase: SecretStr | None = None
    client: Literal["auto", "openssh", "asyncssh"] = "auto"


class LineLost(Exception):
    """The connection is gone, or nothing came for ``data_timeout`` seconds."""


class Status(IntEnum):
    """Status codes of SSH_FXP_STATUS; those above 8 come from later drafts, section 9.1."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    OP_UNSUPPORTED = 8
    NO_SUCH_PATH = 10
    FILE_ALREADY_EXISTS = 11
    WRITE_PROTECT = 12
    NO_SPACE_ON_FILESYSTEM = 14
    QUOTA_EXCEEDED = 15


class Refused(Exception):
    """The server's own word about one request: a status ``code`` (see Status) and its ``reason``."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"status {code}: {reason}")
        self.code, self.reason = code, reason

    @property
    def missing(self) -> bool:
        """Whether it says that there is no such file."""
        return self.code in (Status.NO_SUCH_FILE, Status.NO_SUCH_PATH)


LOST = frozenset({Status.BAD_MESSAGE, Status.NO_CONNECTION, Status.CONNECTION_LOST})
"""Codes that speak of the line and not of the file: no answer to the request."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the server tells of a file: ``size`` in bytes and the POSIX ``mode``, None where it does not."""

    size: int | None = None
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a folder's listing."""

    name: str
    attributes: Attributes


class Source(Protocol):
    """The local file. Both methods raise Rejected when it cannot be read that far."""

    def copy(self, offset: int, count: int) -> bytes:
        """A copy of ``count`` bytes from ``offset``."""
        ...

    def move(self, pipe: int, offset: int, count: int) -> int:
        """Put bytes from ``offset`` into a non-blocking pipe, at most ``count``; how many went.

        Also raises BlockingIOError when the pipe is full, BrokenPipeError when nobody reads it.
        """
        ...


class RemoteHandle(Protocol):
    """A file open for writing. Every method raises LineLost, or Refused."""

    def write(self, source: Source, offset: int, count: int) -> None:
        """Send one block without waiting for its acknowledgement."""
        ...

    def acknowledged(self) -> int:
        """Wait for one block to be acknowledged; its bytes. LineLost after ``data_timeout`` seconds."""
        ...

    def close(self) -> None:
        """Close the file on the server; only after every block was acknowledged."""
        ...


class Line(Protocol):
    """One connection with SFTP on it, from ``connect`` to ``hang_up`` or ``close``. Not thread-safe.

    Requests raise Refused or LineLost; the caller knows whether the point of no return is past.
    """

    @property
    def server(self) -> str:
        """What the server calls itself."""
        ...

    @property
    def block(self) -> int:
        """Bytes in one write that the server surely takes."""
        ...

    def connect(self) -> None:
        """Connect, check the host key, log in, open SFTP.

        Raises AuthFailed, Transient, Throttled, NeedsHuman.
        """
        ...

    def stat(self, path: str) -> Attributes:
        """The attributes of a file or folder, links followed."""
        ...

    def rename(self, old: str, new: str) -> None:
        """SSH_FXP_RENAME, which does not overwrite."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file."""
        ...

    def entries(self, path: str) -> Iterator[Entry]:
        """Everything in a folder, in the order of the server."""
        ...

    def open(self, path: str, *, truncate: bool) -> RemoteHandle:
        """Open a file for writing, made when it is missing."""
        ...

    def hang_up(self) -> None:
        """Cut the connection at once, so that an unfinished file is not taken for a finished one."""
        ...

    def close(self) -> None:
        """Say goodbye and wait a moment for the server to hear it. Never raises."""
        ...
