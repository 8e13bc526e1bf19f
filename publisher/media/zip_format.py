"""The records of a stored ZIP file, as bytes: 64-bit ones only where a figure needs them.

Source: PKWARE APPNOTE 6.3.10 (sections 4.3 to 4.5). Every entry is dated 1980-01-01 with mode 0644, so that
nothing but names and content shows. Pure: it reads no file.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from publisher.errors import Rejected

_LIMIT_32, _LIMIT_16 = 0xFFFFFFFF, 0xFFFF
_UTF8 = 0x0800
_DOS_DATE = (0 << 9) | (1 << 5) | 1
_UNIX, _MODE = 3, 0o100644
_NAME_MAX = 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """What the records say of one member: its encoded name, its size in bytes and its CRC-32."""

    name: bytes
    size: int
    crc: int

    @property
    def flags(self) -> int:
        """UTF-8 is only announced where it matters."""
        return 0 if self.name.isascii() else _UTF8


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


def refuse_doubles(names: Sequence[str]) -> None:
    """Raise ``Rejected`` when two names would be one on a system that does not tell cases apart."""
    seen: set[str] = set()
    for name in names:
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in seen:
            raise Rejected(
                f"Two files of the bundle would be named {name!r}.",
                remedy="Give the assets ids that differ in more than case.",
            )
        seen.add(folded)


def local_header(member: Entry) -> bytes:
    """What stands in front of a member's bytes."""
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


def central_header(member: Entry, offset: int) -> bytes:
    """A member's line of the directory; ``offset`` is where its local header begins."""
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


def end_records(count: int, offset: int, length: int) -> bytes:
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
