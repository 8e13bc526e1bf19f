"""Writes an encoded picture to a file, and shows every byte of it to somebody while the file grows.

Whoever looks works beside the encoder, on a core that would mostly wait, instead of reading the file
afterwards. What becomes of the looking never touches the file.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

Look = Callable[[int], None]
"""Is called in a thread of its own with a descriptor to read from, whose bytes end when the file does."""


def save_shown(library: Any, target: Path, save: Callable[[Any], None], look: Look) -> None:
    """Call ``save`` with a target of the image library whose bytes go to the file ``target`` and to ``look``.

    It returns when the file is complete; ``look`` may still be busy with the last bytes.
    Raises what ``save`` raises, and ``OSError`` when the disk does not take the file.
    """
    reading, writing = os.pipe()
    shown = _Shown(writing)
    threading.Thread(target=_looked, args=(reading, look), daemon=True).start()
    try:
        with target.open("wb") as file:
            shown.file = file
            custom = library.TargetCustom()
            custom.on_write(shown.write)
            try:
                save(custom)
            except library.Error:
                if shown.refused is not None:
                    raise shown.refused from None
                raise
            if shown.refused is not None:
                raise shown.refused
    finally:
        shown.end()


class _Shown:
    """Takes the encoder's bytes. The library swallows exceptions of such calls, so that they are kept."""

    def __init__(self, writing: int) -> None:
        self.file: Any = None
        self.refused: OSError | None = None
        self._writing: int | None = writing

    def write(self, chunk: Any) -> int:
        piece = bytes(chunk)
        try:
            self.file.write(piece)
        except OSError as error:
            self.refused = error
            return -1
        if self._writing is not None:
            try:
                _write_all(self._writing, piece)
            except OSError:  # nobody looks any more
                self.end()
        return len(piece)

    def end(self) -> None:
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None


def _write_all(descriptor: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]


def _looked(reading: int, look: Look) -> None:
    try:
        # It reads a file of our own making; whatever it stumbles over, the file is what counts.
        with contextlib.suppress(Exception):
            look(reading)
        # The encoder must not wait for somebody who has gone.
        with contextlib.suppress(OSError):
            while os.read(reading, 65536):
                pass
    finally:
        os.close(reading)
