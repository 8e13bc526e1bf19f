"""Whether the files a manifest names are inside the project and can be read. Looks, never opens or writes.

Whether a file is a usable image is not asked here: that is measured later, and reported there.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from publisher.manifest.shape import nearest

_DRIVE = re.compile(r"[A-Za-z]:")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class ProjectFiles:
    """Answers for one project folder; folders are resolved and listed once."""

    def __init__(self, project: Path) -> None:
        self.root = os.path.realpath(project)
        self._folders: dict[str, str] = {}
        self._names: dict[str, tuple[str, ...]] = {}

    def complaint(self, name: str) -> str:
        """What is wrong with a path of the manifest, as a sentence; empty when the file can be read."""
        shape = self._shape(name)
        if shape:
            return shape
        relative = os.path.normpath(name)
        if relative == ".":
            return f"file '{name}' is a folder, an image is needed"
        if relative.split("/", 1)[0] == "..":
            return f"file '{name}' is outside the project"
        try:
            return self._look(name)
        except (OSError, ValueError):
            return f"file '{name}' cannot be read"

    def _shape(self, name: str) -> str:
        if not name:
            return "the file name is empty"
        if "\0" in name or not name.isprintable():
            return "the file name holds characters that no file name may have"
        if _ADDRESS.match(name):
            return f"file '{name}' is an address, only files of the project can be used"
        if name.startswith(("/", "\\", "~")) or _DRIVE.match(name):
            return (
                f"file '{name}' is outside the project, write the path from the project's folder on"
            )
        if "\\" in name:
            return f"file '{name}' has a backslash, write '/' between folders"
        return ""

    def _look(self, name: str) -> str:
        folder, _sep, last = name.rstrip("/").rpartition("/")
        # The path as written is followed, not its short form: "a/../b" depends on what "a" links to.
        real_folder = self._real(folder)
        if not self._inside(real_folder):
            return f"file '{name}' is outside the project"
        target = f"{real_folder}/{last}"
        try:
            found = os.lstat(target)
        except (FileNotFoundError, NotADirectoryError):
            prefix = f"{folder}/" if folder else ""
            hint = nearest(last, self._listing(real_folder)).replace("mean '", f"mean '{prefix}")
            return f"file '{name}' does not exist{hint}"
        if stat.S_ISLNK(found.st_mode):
            target = os.path.realpath(target)
            if not self._inside(target):
                return f"file '{name}' is a link to a place outside the project"
            try:
                found = os.stat(target)  # noqa: PTH116
            except FileNotFoundError:
                return f"file '{name}' is a link to a file that does not exist"
        return self._content(name, target, found)

    def _content(self, name: str, target: str, found: os.stat_result) -> str:
        if stat.S_ISDIR(found.st_mode):
            return f"file '{name}' is a folder, an image is needed"
        if not stat.S_ISREG(found.st_mode):
            return f"file '{name}' is not a regular file"
        if found.st_size == 0:
            return f"file '{name}' is empty"
        if not os.access(target, os.R_OK):
            return f"file '{name}' cannot be read, its permissions forbid it"
        return ""

    def _real(self, folder: str) -> str:
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(os.path.join(self.root, folder))  # noqa: PTH118
        return self._folders[folder]

    def _inside(self, real: str) -> bool:
        return real == self.root or real.startswith(self.root.rstrip(os.sep) + os.sep)

    def _listing(self, folder: str) -> tuple[str, ...]:
        if folder not in self._names:
            try:
                self._names[folder] = tuple(sorted(os.listdir(folder)))  # noqa: PTH208
            except OSError:
                self._names[folder] = ()
        return self._names[folder]
