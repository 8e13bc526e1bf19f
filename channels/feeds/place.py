"""Where a feed lies: a bucket, or a folder that a web server serves. Whole files under plain names.

A file appears at once or not at all in both. Nothing here knows what a feed is.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from channels.feeds.settings import FeedSettings
from publisher.errors import NeedsHuman, Rejected

_BLOCK = 1024 * 1024
FOREVER = "public, max-age=31536000, immutable"
"""How long a file that is named by its content may be kept by whoever saw it."""
SHORT = "public, max-age=60"
"""The same for the file with the lasting name."""

Told = Callable[[int], None]
"""Called with the bytes that went over since the last call."""


class Place(Protocol):
    """Files by name, with forward slashes. Everything raises the errors of ``publisher.errors``."""

    def check(self) -> tuple[str, ...]:
        """See that it is there and ours to write; writes nothing."""

    def version(self, name: str) -> str | None:
        """A mark that changes with the file's content; None when it is not there."""

    def recorded(self, name: str) -> str | None:
        """The SHA-256 that was recorded when it was written, where the place keeps such records."""

    def fetch(self, name: str, path: Path) -> bool:
        """Copy it to ``path``; False when it is not there."""

    def put(
        self,
        name: str,
        path: Path,
        *,
        sha256: str,
        media_type: str,
        cache: str,
        told: Told,
        final: bool = False,
    ) -> None:
        """Put a file there as one step. ``final``: somebody reads it at once, so that a lost answer is
        OutcomeUnknown; otherwise it is Transient, for writing it again does no harm. The same file that is
        there already is not sent again.
        """

    def delete(self, name: str) -> None:
        """Take it away; of something gone a no-op."""

    def url(self, name: str) -> str:
        """Its address for the world."""

    def close(self) -> None:
        """Let connections go."""


def place_of(settings: FeedSettings) -> Place:
    """The account's place; it does not connect yet."""
    if settings.folder:
        return FolderPlace(Path(settings.folder).expanduser(), settings.public_url or "")
    from channels.feeds.bucket import BucketPlace

    return BucketPlace(settings)


class FolderPlace:
    """A folder of this machine, such as a web server's."""

    def __init__(self, folder: Path, public_url: str) -> None:
        self.folder = folder
        self._public_url = public_url.rstrip("/")

    def check(self) -> tuple[str, ...]:
        if not self.folder.is_dir():
            raise NeedsHuman(
                f"there is no folder {self.folder}", remedy="make it, or correct <ACCOUNT>_FOLDER"
            )
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise NeedsHuman(
                f"the folder {self.folder} cannot be written to", remedy="change its rights"
            )
        return (f"the feed goes to {self.folder}",)

    def version(self, name: str) -> str | None:
        try:
            found = self._path(name).stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused(name, error) from error
        return f"{found.st_ino} {found.st_size} {found.st_mtime_ns}"

    def recorded(self, name: str) -> str | None:
        return None

    def fetch(self, name: str, path: Path) -> bool:
        try:
            with self._path(name).open("rb") as source, path.open("wb") as sink:
                while block := source.read(_BLOCK):
                    sink.write(block)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._refused(name, error) from error
        return True

    def put(
        self,
        name: str,
        path: Path,
        *,
        sha256: str,
        media_type: str,
        cache: str,
        told: Told,
        final: bool = False,
    ) -> None:
        target = self._path(name)
        handle, beside = -1, ""
        try:
            if target.is_file() and digest_of(target) == sha256:
                told(path.stat().st_size)
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
            with path.open("rb") as source, os.fdopen(handle, "wb") as sink:
                handle = -1
                # A web server runs as somebody else.
                os.fchmod(sink.fileno(), 0o644)
                while block := source.read(_BLOCK):
                    sink.write(block)
                    told(len(block))
                sink.flush()
                os.fsync(sink.fileno())
            Path(beside).replace(target)
        except OSError as error:
            raise self._refused(name, error) from error
        finally:
            if handle != -1:
                os.close(handle)
            if beside:
                Path(beside).unlink(missing_ok=True)

    def delete(self, name: str) -> None:
        path = self._path(name)
        try:
            path.unlink(missing_ok=True)
            if path.parent != self.folder and not any(path.parent.iterdir()):
                path.parent.rmdir()
        except OSError as error:
            raise self._refused(name, error) from error

    def url(self, name: str) -> str:
        return f"{self._public_url}/{quote(name)}"

    def close(self) -> None:
        """Nothing is held."""

    def _path(self, name: str) -> Path:
        return self.folder / name

    def _refused(self, name: str, error: OSError) -> Rejected:
        return Rejected(
            f"{name} cannot be written to or read from {self.folder}: "
            f"{(error.strerror or 'disk error').lower()}",
            remedy="make room on that disk, or change the rights of the folder",
            detail=repr(error),
        )


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
