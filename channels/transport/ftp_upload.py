"""One upload over one FTP connection, from the first command to the server's last word.

It knows at every step whether the file can be complete over there, and raises accordingly. It opens
no connection of its own and leaves the decision to try again to others.
"""

from __future__ import annotations

import contextlib
import ftplib
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path

from channels.transport.ftp_replies import (
    FAULTS,
    UNKNOWN_COMMAND,
    clean,
    code_of,
    refusal,
    translated,
    wrong_size,
)
from channels.transport.ftp_wire import Pipe, RestartRefused, Wire
from publisher.errors import OutcomeUnknown, PublisherError, Rejected, Transient

BLOCK = 512 * 1024
"""Bytes read from the file at a time."""

LAST = 16 * 1024
"""Bytes at most in the last block: one TLS record, so that the time of doubt is short."""

_REPLY_SECONDS = 5.0
"""How long to wait for the reason on the control connection when a data connection breaks."""


class Upload:
    """One file on its way. ``usable`` tells afterwards whether the connection can go on."""

    def __init__(
        self,
        wire: Wire,
        local: Path,
        name: str,
        *,
        patience: float,
        secret: str,
        progress: Callable[[str, int], None],
        sending: Callable[[], None] | None,
    ) -> None:
        self._wire = wire
        self._host = wire.host
        self._local = local
        self._name = name
        self._patience = patience
        self._secret = secret
        self._progress = progress
        self._sending = sending
        self._size = local.stat().st_size
        self._sent = 0
        self._final = False
        self.usable = False

    def run(self, there: int | None) -> int:
        """Send the file, continuing at ``there`` bytes if given; return the verified size."""
        if there is not None and there > self._size:
            self.usable = True
            raise wrong_size(self._host, self._name, there, self._size)
        if there and there == self._size:
            self.usable = True
            self._progress(self._name, there)
            return there
        with contextlib.closing(self._open(there or 0)) as pipe:
            reply = self._stream(pipe)
        self._judge(reply)
        return self._verify()

    # Opening

    def _open(self, there: int) -> Pipe:
        if self._size == 0:
            # An empty file is complete as soon as the server has opened it.
            self._announce()
        try:
            pipe = self._continue(there) if there else None
            if pipe is None:
                pipe = self._wire.begin(f"STOR {self._name}")
        except FAULTS as error:
            self.usable = code_of(error) not in (0, 421) and isinstance(error, ftplib.Error)
            raise self._lost(error) from error
        if self._sent:
            self._progress(self._name, self._sent)
        return pipe

    def _continue(self, there: int) -> Pipe | None:
        """Take up at ``there`` with REST, else with APPE; None when the server does neither."""
        for command, rest in ((f"STOR {self._name}", there), (f"APPE {self._name}", None)):
            try:
                pipe = self._wire.begin(command, rest)
            except RestartRefused:
                continue
            except (ftplib.error_perm, ftplib.error_temp) as error:
                if code_of(error) not in UNKNOWN_COMMAND and code_of(error) not in (451, 554):
                    raise
            else:
                self._sent = there
                return pipe
        return None

    # Sending

    def _stream(self, pipe: Pipe) -> str:
        """Send what is left and return the server's reply."""
        for block in self._blocks():
            if self._sent + len(block) == self._size:
                if self._wire.speaks():
                    return self._reason(pipe, ConnectionAbortedError("it broke the upload off"))
                self._announce()
            try:
                pipe.send(block)
            except FAULTS as error:
                return self._reason(pipe, error)
            self._sent += len(block)
            self._progress(self._name, len(block))
        try:
            pipe.finish()
            return self._reply(self._patience)
        except FAULTS as error:
            return self._reason(pipe, error)

    def _blocks(self) -> Iterator[memoryview]:
        """What is left of the file; the last block is a small one."""
        buffer = memoryview(bytearray(BLOCK))
        left = self._size - self._sent
        with contextlib.closing(self._source()) as source:
            while left > 0:
                wanted = min(BLOCK, left - LAST if left > LAST else left)
                got = self._read(source, buffer[:wanted])
                yield buffer[:got]
                left -= got

    def _source(self) -> FileIO:
        try:
            source = FileIO(self._local)
            source.seek(self._sent)
        except OSError as error:
            raise unreadable(self._local, error) from error
        return source

    def _read(self, source: FileIO, buffer: memoryview) -> int:
        try:
            got = source.readinto(buffer)
        except OSError as error:
            raise unreadable(self._local, error) from error
        if not got:
            raise Rejected(f"{self._local.name} became shorter while it was sent")
        return got

    def _announce(self) -> None:
        if not self._final and self._sending is not None:
            self._sending()
        self._final = True

    def _reply(self, patience: float) -> str:
        reply = self._wire.answer(patience)
        while reply[:1] == "1":
            reply = self._wire.answer(patience)
        return reply

    def _reason(self, pipe: Pipe, error: Exception) -> str:
        """What the server says about a broken transfer; raises when it says nothing."""
        pipe.close()
        if isinstance(error, TimeoutError):
            raise self._lost(error) from error
        try:
            reply = self._reply(_REPLY_SECONDS)
        except FAULTS:
            raise self._lost(error) from error
        if code_of(reply) < 400 and not self._final:
            raise self._lost(error) from error
        return reply

    # Judging

    def _judge(self, reply: str) -> None:
        code = code_of(reply)
        self.usable = code != 421
        if 200 <= code < 300:
            return
        if self._final and (code == 421 or code < 400):
            # A good-bye or nonsense says nothing about the file that was just finished.
            self.usable = False
            raise self._unknown(clean(reply, self._secret))
        raise refusal(reply, self._host, f"take {self._name}", self._secret)

    def _verify(self) -> int:
        """Compare the size; a file that is gone already was taken in."""
        self.usable = False
        try:
            there = self._wire.ask_size(self._name)
        except ftplib.Error as error:
            if code_of(error) not in UNKNOWN_COMMAND:
                raise self._unknown(clean(error, self._secret)) from error
            there = None
        except FAULTS as error:
            raise self._unknown(clean(error)) from error
        self.usable = True
        if there is not None and there != self._size:
            raise wrong_size(self._host, self._name, there, self._size)
        return self._size

    def _lost(self, error: Exception) -> PublisherError:
        if self._final and not (isinstance(error, ftplib.Error) and code_of(error)):
            return self._unknown(clean(error, self._secret) or type(error).__name__)
        doing = f"take {self._name}"
        meant = translated(error, self._host, self._wire.port, doing, self._secret)
        if type(meant) is Transient and self._sent:
            return Transient(
                f"{meant.sentence} (after {self._sent:,} of {self._size:,} bytes)",
                remedy=meant.remedy,
                detail=meant.detail,
            )
        return meant

    def _unknown(self, why: str) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"the connection to {self._host} broke when {self._name} was sent but not confirmed",
            remedy="It is looked for there before anything is sent again.",
            detail=why,
        )


def unreadable(local: Path, error: OSError) -> Rejected:
    """The error for a file of ours that cannot be read."""
    return Rejected(f"{local.name} cannot be read", detail=str(error))
