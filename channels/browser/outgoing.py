"""Gives a file the name under which a site shall know it: a browser tells the site the name that it has on disk.

The bytes are linked, and copied only where the disk has no links. It never changes the file itself.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from channels.browser.browser import private_folder
from publisher.listing import File


def under_their_names(files: Sequence[File], folder: Path) -> tuple[Path, ...]:
    """Paths of the files that end in their names; what lay in ``folder`` before is gone."""
    if all(file.path.name == file.name for file in files):
        return tuple(file.path for file in files)
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)
    found = []
    for file in files:
        target = folder / file.name
        try:
            os.link(file.path, target)
        except OSError:
            shutil.copyfile(file.path, target)
        found.append(target)
    return tuple(found)
