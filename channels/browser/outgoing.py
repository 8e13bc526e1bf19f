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


def under_their_names(files: Sequence[File], folder: Path, first: str = "") -> tuple[Path, ...]:
    """Paths of the files that end in their names; what lay in ``folder`` before is gone.

    ``first`` is what the first one is called at the site, where that is not its own name.
    """
    names = [file.name for file in files]
    names[:1] = [first or n for n in names[:1]]
    if all(file.path.name == name for file, name in zip(files, names, strict=True)):
        return tuple(file.path for file in files)
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)
    found = []
    for file, name in zip(files, names, strict=True):
        target = folder / name
        try:
            os.link(file.path, target)
        except OSError:
            shutil.copyfile(file.path, target)
        found.append(target)
    return tuple(found)
