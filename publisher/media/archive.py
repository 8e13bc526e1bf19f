"""Bundles as ZIP files: stored, sorted, dated 1980-01-01, so that equal members give equal bytes.

Source: PKWARE APPNOTE 6.3.10 (sections 4.3 to 4.5). Members are read twice: once for the checksum that stands
in front of the data, once while copying, and both must agree. Memory does not grow with the members.
"""

from __future__ import annotations

import contextlib
import os
import struct
import unicodedata
import uuid
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from publisher.errors import Rejected, Transient

ARCHIVE_VERSION = 1
"""Raise it when the same members give other bytes."""

Progress = Callable[[int, int], None]
"""Called with the bytes of members packed so far and their total."""

_BUFFER = 1024 * 1024
_LIMIT_32, _LIMIT_16 = 0xFFFFFFFF, 0xFFFF
_UTF8 = 0x0800
_DOS_DATE = (0 << 9) | (1 << 5) | 1
_UNIX, _MODE = 3, 0o100644
_NAME_MAX = 1024


@dataclass(frozen=True, slots=True)
class _Member:
    name: bytes
    flags: int
    path: Path
    size: int
    crc: int


def write_zip(
    members: Sequence[tuple[str, Path]], target: Path, progress: Progress | None = None
) -> None:
    """Write ``target`` with ``members`` (name inside, file on disk), stored, by a rename at the end.

    Raises ``Rejected`` for an unsafe or doubled name, a missing member, or one that changes meanwhile;
    ``Transient`` when the disk does not take the file.
    """
    names = [checked_name(name) for name, _ in members]
    _refuse_doubles(names)
    part = target.with_name(f".{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
    try:
        # The order of the bytes of the names, which is the same everywhere.
        ordered = sorted(zip(names, (path for _, path in members), strict=True))
        buffer = memoryview(bytearray(_BUFFER))
        plan = [_measured(name, path, buffer) for name, path in ordered]
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            _write(file, plan, buffer, progress)
        part.replace(target)
    except OSError as error:
        raise Transient(
            f"The bundle {target.name} cannot be written: "
            f"{(error.strerror or 'disk error').lower()}.",
            detail=repr(error),
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def checked_name(name: str) -> str:
    """``name`` when it is safe on every system: relative, forward slashes, no ``..``, no control characters.

    Raises ``Rejected`` otherwise.
    """
    parts = name.split("/")
    bad = (
        not name
        or len(name.encode("utf-8", "replace")) > _NAME_MAX
        or any(part in ("", ".", "..") or part != part.rstrip(" .") for part in parts)
        or any(ord(c) < 32 or c in '\\:*?"<>|\x7f' or 0xD800 <= ord(c) <= 0xDFFF for c in name)
        or any(PurePosixPath(part).stem.upper() in _RESERVED for part in parts)
    )
    if bad:
        raise Rejected(
            f"{name!r} cannot be the name of a file in a bundle.",
            remedy="Use letters, digits, dots, dashes and single slashes.",
        )
    return name


_RESERVED = frozenset(
    ["CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))]
)


def _refuse_doubles(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in seen:
            raise Rejected(
                f"Two files of the bundle would be named {name!r}.",
                remedy="Give the assets ids that differ in more than case.",
            )
        seen.add(folded)


def _measured(name: str, path: Path, buffer: memoryview) -> _Member:
    encoded = name.encode()
    try:
        with path.open("rb", buffering=0) as file:
            crc = size = 0
            while count := file.readinto(buffer):
                crc = zlib.crc32(buffer[:count], crc)
                size += count
    except OSError as error:
        raise Rejected(
            f"{name} cannot be read for the bundle: {(error.strerror or 'input error').lower()}.",
            detail=repr(error),
        ) from error
    return _Member(encoded, 0 if encoded.isascii() else _UTF8, path, size, crc)


def _write(
    file: BinaryIO, plan: Sequence[_Member], buffer: memoryview, progress: Progress | None
) -> None:
    total, done, at = sum(member.size for member in plan), 0, 0
    directory: list[bytes] = []
    for member in plan:
        directory.append(_central(member, at))
        header = _local(member)
        file.write(header)
        crc, left = 0, member.size
        with member.path.open("rb", buffering=0) as source:
            # One byte more than measured is asked for, so that a file that grew is seen.
            while count := source.readinto(buffer[: min(_BUFFER, left + 1)]):
                left -= count
                if left < 0:
                    break
                crc = zlib.crc32(buffer[:count], crc)
                file.write(buffer[:count])
                done += count
                if progress is not None:
                    progress(done, total)
        if left != 0 or crc != member.crc:
            raise Rejected(f"{member.name.decode()} changed while it was packed.")
        at += len(header) + member.size
    body = b"".join(directory)
    file.write(body + _end(len(plan), at, len(body)))


def _local(member: _Member) -> bytes:
    big = member.size >= _LIMIT_32
    extra = struct.pack("<HHQQ", 1, 16, member.size, member.size) if big else b""
    size = _LIMIT_32 if big else member.size
    return (
        struct.pack(
            "<IHHHHHIIIHH",
            0x04034B50,
            45 if big else 10,
            member.flags,
            0,
            0,
            _DOS_DATE,
            member.crc,
            size,
            size,
            len(member.name),
            len(extra),
        )
        + member.name
        + extra
    )


def _central(member: _Member, offset: int) -> bytes:
    wide: list[int] = []
    if member.size >= _LIMIT_32:
        wide += [member.size, member.size]
    if offset >= _LIMIT_32:
        wide.append(offset)
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    size, version = min(member.size, _LIMIT_32), 45 if wide else 10
    record = struct.pack(
        "<IBBHHHHHIIIHHHHHII",
        0x02014B50,
        version,
        _UNIX,
        version,
        member.flags,
        0,
        0,
        _DOS_DATE,
        member.crc,
        size,
        size,
        len(member.name),
        len(extra),
        0,
        0,
        0,
        _MODE << 16,
        min(offset, _LIMIT_32),
    )
    return record + member.name + extra


def _end(count: int, offset: int, length: int) -> bytes:
    """The end of the archive; the 64-bit records only when a figure needs them."""
    wide = b""
    if count >= _LIMIT_16 or offset >= _LIMIT_32 or length >= _LIMIT_32:
        record = (0x06064B50, 44, 45, 45, 0, 0, count, count, length, offset)
        wide = struct.pack("<IQHHIIQQQQ", *record)
        wide += struct.pack("<IIQI", 0x07064B50, 0, offset + length, 1)
    short = min(count, _LIMIT_16)
    return wide + struct.pack(
        "<IHHHHIIH",
        0x06054B50,
        0,
        0,
        short,
        short,
        min(length, _LIMIT_32),
        min(offset, _LIMIT_32),
        0,
    )
