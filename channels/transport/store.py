"""The face that FTP, FTPS and SFTP share: one logged-in connection to one folder of files.

It names files in that folder, never paths, and holds no retry, no pace and no knowledge of a
channel. What is certain about a failed upload, and what is not, is said by the class of the error.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from pydantic import SecretStr

from publisher.errors import Rejected


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file in the folder. ``size`` is in bytes, None when the server does not tell."""

    name: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to log in, and the folder to work in. Timeouts are in seconds.

    ``root`` is a folder on the server; ``/`` and the empty text mean the folder that the login
    lands in, as in an address like ``ftp://host/``.
    """

    host: str
    port: int
    username: str
    password: SecretStr
    root: str = "/"
    connect_timeout: float = 20.0
    data_timeout: float = 60.0


class FileStore(Protocol):
    """One connection. Not thread-safe; a context manager that closes, but does not log in."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def login(self) -> tuple[str, ...]:
        """Connect, log in, see that the root exists; return notes for people.

        Raises AuthFailed, Transient, NeedsHuman.
        """
        ...

    def size(self, name: str) -> int | None:
        """Size in bytes; None when the server says that it is not there."""
        ...

    def put(
        self,
        local: Path,
        name: str,
        *,
        progress: Callable[[str, int], None],
        sending: Callable[[], None] | None = None,
        resume: bool = False,
    ) -> int:
        """Upload a file whole and verify its size; return that size in bytes.

        ``sending`` is called once, after everything but the last block has gone and before that
        block, so that an attempt which died earlier certainly is not complete. With ``resume`` the
        caller knows that what is there under this name is a prefix of ``local``; an equal size then
        means done, and nothing is sent.

        ``progress`` gets (name, bytes since the last call); bytes that a resume skips come in one
        call.

        Raises Transient (certainly not complete), OutcomeUnknown (line lost after ``sending``),
        Rejected (the server said no), Conflict (what is there is not ours or larger), AuthFailed.
        """
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a file another name in the same folder. Raises Rejected when the server will not."""
        ...

    def delete(self, name: str) -> None:
        """Take a file away; of something gone a no-op."""
        ...

    def names(self) -> Iterator[list[RemoteFile]]:
        """Pages of every plain file in the folder. Complete, or it raises."""
        ...

    def close(self) -> None:
        """Leave. Safe to call twice; never raises."""
        ...


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of characters that a person cannot see in a name."""


def check_name(name: str) -> str:
    """Return ``name`` when it is a plain file name that no server reads as a path or a command.

    Raises Rejected for an empty name, a leading dot, a slash, a backslash, a control or format
    character, or more than 255 bytes of UTF-8 (the limit of nearly every file system).
    """
    if not name or name.startswith(".") or "/" in name or "\\" in name:
        raise Rejected(
            f"{name!r} is not a plain file name",
            remedy="Name the file without a path or leading dot.",
        )
    if any(unicodedata.category(sign) in _UNSEEN for sign in name):
        raise Rejected(
            f"{name!r} has characters that cannot be seen",
            remedy="Rename the file with plain letters.",
        )
    if name != name.strip() or len(name.encode()) > 255:
        raise Rejected(
            f"{name[:60]!r} begins or ends with a space, or is longer than 255 bytes",
            remedy="Give the file a shorter, plain name.",
        )
    return name
