"""Turns the finished members of a bundle into one archive: a file, or bytes that are read while they are sent.

A streamed archive leaves a note of its SHA-256 on the disk and nothing else: its bytes are those of its members,
which are in the cache anyway. It makes no member and decides no name.
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Sequence
from pathlib import Path

from publisher.listing import File
from publisher.media.archive import ARCHIVE_VERSION, Archive, Packed, plan_archive, write_zip
from publisher.media.pool import Made

NOTE = ".streamed"
"""Suffix of the note about an archive that is not on the disk."""


def content_of(files: Sequence[File]) -> list[str | int | list[str]]:
    """What the bytes of the archive depend on, and nothing else."""
    return [ARCHIVE_VERSION, *sorted([file.name, file.sha256] for file in files)]


def pack(files: Sequence[File], target: Path) -> Made:
    """Write the archive of ``files`` to ``target``. Raises like ``write_zip``."""
    size, sha256 = write_zip(_members(files), target)
    return Made(0, 0, size, sha256)


def plan(files: Sequence[File]) -> Archive:
    """The archive of ``files``, not written anywhere. Raises like ``plan_archive``."""
    return plan_archive(_members(files))


def note(archive: Archive, target: Path) -> Made:
    """Read ``archive`` once for its SHA-256 and keep that in ``target``. Raises ``Rejected``, ``OSError``."""
    data = json.dumps({"size": archive.size, "sha256": archive.sha256()}).encode()
    part = target.with_name(f".{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
    part.write_bytes(data)
    part.replace(target)
    return Made(0, 0, len(data), "")


def noted(place: Path, archive: Archive) -> str:
    """The SHA-256 of ``archive`` as its note tells, or computed when the note is damaged."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(place.read_bytes())
        if known["size"] == archive.size:
            return str(known["sha256"])
    return archive.sha256()


def _members(files: Sequence[File]) -> list[Packed]:
    return [Packed(file.name, file.path, file.crc32) for file in files]
