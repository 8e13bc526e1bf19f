"""Reading the listings of FTP servers: MLSD facts (RFC 3659) and bare NLST names.

Pure: text in, files out. LIST is left alone, because every server writes it differently.
"""

from __future__ import annotations

from collections.abc import Iterable

from channels.transport.store import RemoteFile

MACHINE = "MLSD"
PLAIN = "NLST"


def machine_files(lines: Iterable[str]) -> list[RemoteFile]:
    """The plain files of an MLSD answer, in the server's order. Folders and links are left out.

    Raises ValueError for a line that is not MLSD, so that no file is lost silently.
    """
    files = []
    for line in lines:
        facts_text, space, name = line.rstrip("\r\n").partition(" ")
        if not space or not name:
            raise ValueError(f"not a line of MLSD: {line!r}")
        facts = {
            key.lower(): value
            for key, _, value in (fact.partition("=") for fact in facts_text.split(";") if fact)
        }
        if facts.get("type", "file").lower() != "file":
            continue
        size = facts.get("size", "")
        files.append(RemoteFile(name, int(size) if size.isascii() and size.isdigit() else None))
    return files


def plain_names(lines: Iterable[str]) -> list[str]:
    """The names of an NLST answer without the paths that some servers put before them."""
    names = (line.rstrip("\r\n").rpartition("/")[2] for line in lines)
    return [name for name in names if name not in ("", ".", "..")]
