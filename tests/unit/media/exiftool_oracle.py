"""ExifTool as a process that stays open: an independent reader for thousands of files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

GROUPS = {
    "dc": "XMP-dc",
    "xmp": "XMP-xmp",
    "photoshop": "XMP-photoshop",
    "xmpRights": "XMP-xmpRights",
    "Iptc4xmpCore": "XMP-iptcCore",
    "Iptc4xmpExt": "XMP-iptcExt",
    "plus": "XMP-plus",
    "TC260": "XMP-TC260",
}
"""ExifTool's group for each prefix of ours."""


class ExifTool:
    """Reads one file after the other. Values come back as text, never as numbers."""

    def __init__(self) -> None:
        command = ["exiftool", "-stay_open", "True", "-@", "-"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)

    def run(self, *arguments: str) -> bytes:
        """What ExifTool prints for ``arguments``, which must not hold line ends."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n".join([*arguments, "-execute\n"]).encode())
        self._process.stdin.flush()
        answer = b""
        while not answer.endswith(b"{ready}\n"):
            line = self._process.stdout.readline()
            if not line:
                raise EOFError(answer)
            answer += line
        return answer.removesuffix(b"{ready}\n")

    def read(self, path: Path) -> dict[str, Any]:
        """Every tag of ``path`` by group and name, structures as mappings, without conversions for people."""
        options = ["-j", "-G1", "-struct", "-u", "-n", "-charset", "iptc=utf8", str(path)]
        found: dict[str, Any] = json.loads(self.run(*options), parse_float=str, parse_int=str)[0]
        return found

    def __enter__(self) -> ExifTool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"-stay_open\nFalse\n")
        self._process.stdin.close()
        self._process.wait(timeout=30)
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()


def tag(name: str) -> str:
    """ExifTool's name for an XMP property such as ``dc:title``."""
    prefix, _, local = name.partition(":")
    local = "DigitalImageGUID" if local == "DigImageGUID" else local
    return f"{GROUPS[prefix]}:{local[0].upper()}{local[1:]}"
