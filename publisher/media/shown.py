"""Writes an encoded picture to a file, counts its bytes, and shows every one of them to somebody meanwhile.

All of that happens beside the encoder, on a core that would mostly wait, instead of reading the file
afterwards. What becomes of the looking never touches the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from publisher.media.checksums import Checksums, Tally

Look = Callable[[int], None]
"""Is called in a thread of its own with a descriptor to read from, whose bytes end when the file does."""

_PIECE = 64 * 1024
_PIPE = 1024 * 1024
"""Bytes by which a slow onlooker may fall behind before the encoder has to wait."""


def save_shown(
    library: Any, target: Path, save: Callable[[Any], None], look: Look | None = None
) -> Checksums:
    """Call ``save`` with a target of the image library whose bytes go to the file ``target`` and to ``look``.

    It returns when the file is complete; ``look`` may still be busy with the last bytes.
    Raises what ``save`` raises, and ``OSError`` when the disk does not take the file.
    """
    # A socket, as its end can be told whatever the library does with its own copy of the descriptor.
    reading, writing = socket.socketpair()
    with reading, writing:
        carrier = _Carrier(reading, target, look)
        carrier.start()
        try:
            save(library.Target.new_to_descriptor(writing.fileno()))
        except library.Error:
            writing.shutdown(socket.SHUT_WR)
            carrier.join()
            if carrier.failed is not None:
                raise carrier.failed from None
            raise
        finally:
            with contextlib.suppress(OSError):
                writing.shutdown(socket.SHUT_WR)
            carrier.join()
        if carrier.failed is not None:
            raise carrier.failed
        return carrier.tally.checksums()


class _Carrier(threading.Thread):
    """Takes the encoder's bytes to the file and to the onlooker."""

    def __init__(self, reading: socket.socket, target: Path, look: Look | None) -> None:
        super().__init__(daemon=True)
        self.tally = Tally()
        self.failed: Exception | None = None
        self._reading, self._target, self._look = reading, target, look

    def run(self) -> None:
        try:
            with self._target.open("wb", buffering=0) as file:
                self._carry(file.fileno())
        except Exception as error:  # raised again in the thread that waits
            self.failed = error
        finally:
            # The encoder must not wait for somebody who has gone.
            self._reading.shutdown(socket.SHUT_RD)

    def _carry(self, file: int) -> None:
        buffer = memoryview(bytearray(_PIECE))
        shown = _Shown(self._look) if self._look is not None else None
        try:
            # The encoder writes eight kilobytes at a time; to wake up for each would cost more than the copy.
            while count := self._reading.recv_into(buffer, 0, socket.MSG_WAITALL):
                piece = buffer[:count]
                _write_all(file, piece)
                if shown is not None:
                    shown.write(piece)
                self.tally.add(piece)
        finally:
            if shown is not None:
                shown.end()


class _Shown:
    """The pipe to an onlooker, who may leave when he likes."""

    def __init__(self, look: Look) -> None:
        reading, writing = os.pipe()
        with contextlib.suppress(OSError, AttributeError):  # Linux alone has larger pipes
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE)
        self._writing: int | None = writing
        threading.Thread(target=_looked, args=(reading, look), daemon=True).start()

    def write(self, piece: memoryview) -> None:
        if self._writing is not None:
            try:
                _write_all(self._writing, piece)
            except OSError:  # nobody looks any more
                self.end()

    def end(self) -> None:
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None


def _write_all(descriptor: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(descriptor, piece) :]


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
