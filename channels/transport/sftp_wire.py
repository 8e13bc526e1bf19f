"""SFTP version 3 over two pipes: requests out, answers in by their number, many on the way at once.

The format is that of draft-ietf-secsh-filexfer-02. It never blocks on a full pipe without reading
answers, never waits longer than it is told, and holds nothing but the answers due.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import time
from collections.abc import Callable, Collection
from enum import IntEnum
from typing import NamedTuple

from channels.transport.sftp_line import LOST, Attributes, LineLost, Refused, Source, Status

VERSION = 3
_LONGEST = 1024 * 1024
"""Bytes of the longest answer we take; nothing that we ask for comes near."""
_WORDS = 16 * 1024
"""How much of the error output is kept: the latest."""


class NoAnswer(LineLost):
    """Nothing came in time."""


class Kind(IntEnum):
    """Packet types, section 3 of the draft, and the reply to an extended request."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    WRITE = 6
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    STAT = 17
    RENAME = 18
    STATUS = 101
    HANDLE = 102
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class Flag(IntEnum):
    """``pflags`` of an open, section 6.3."""

    WRITE = 0x02
    CREATE = 0x08
    TRUNCATE = 0x10


def text(value: str | bytes) -> bytes:
    """A string with its length before it; names keep bytes that are not UTF-8."""
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data


class Block(NamedTuple):
    """Bytes of a local file that end a request."""

    source: Source
    offset: int
    length: int


class Answer:
    """An answer, read from front to back. Raises LineLost where it ends too early."""

    def __init__(self, kind: int, body: bytes) -> None:
        self.kind, self._body, self._at = kind, body, 0

    @property
    def more(self) -> bool:
        """Whether anything is left."""
        return self._at < len(self._body)

    def number(self, form: str = ">I") -> int:
        """An unsigned number; ``form`` as for struct."""
        return int(struct.unpack(form, self._take(struct.calcsize(form)))[0])

    def string(self) -> bytes:
        """A string with its length before it."""
        return self._take(self.number())

    def text(self) -> str:
        """The same as text."""
        return self.string().decode("utf-8", "surrogateescape")

    def attributes(self) -> Attributes:
        """ATTRS, section 5: flags say which fields follow."""
        flags = self.number()
        size = self.number(">Q") if flags & 0x01 else None
        if flags & 0x02:
            self._take(8)
        mode = self.number() if flags & 0x04 else None
        if flags & 0x08:
            self._take(8)
        for _ in range(self.number() if flags & 0x80000000 else 0):
            self.string()
            self.string()
        return Attributes(size, mode)

    def expect(self, kind: Kind) -> Answer:
        """Itself when it is of this kind, or a status of OK where one is due. Raises Refused, LineLost."""
        if self.kind == Kind.STATUS:
            code = self.number()
            reason = self.text() if self.more else ""
            if code in LOST:
                raise LineLost(f"status {code}: {reason}")
            if code != Status.OK or kind != Kind.STATUS:
                raise Refused(code, reason or f"status {code}")
        elif self.kind != kind:
            raise LineLost(f"an answer of type {self.kind} instead of {kind.name}")
        return self

    def _take(self, count: int) -> bytes:
        data = self._body[self._at : self._at + count]
        if len(data) != count:
            raise LineLost("an answer was cut short")
        self._at += count
        return data


class Wire:
    """The three pipes of the child: where we write, where it answers, and its error output.

    They are made non-blocking, and stay the caller's to close. ``patience`` is in seconds.
    """

    def __init__(self, requests: int, answers: int, errors: int, patience: float) -> None:
        self._out, self._in, self._errors = requests, answers, errors
        self.patience = patience
        self.words = ""
        self._buffer = bytearray()
        self._due: set[int] = set()
        self._came: dict[int, Answer] = {}
        self._last = 0
        self._intact = True
        self._since = time.monotonic()
        self._readers, self._both = select.poll(), select.poll()
        for pipe in (requests, answers, errors):
            os.set_blocking(pipe, False)
        for poll in (self._readers, self._both):
            poll.register(answers, select.POLLIN)
            poll.register(errors, select.POLLIN)
        self._both.register(requests, select.POLLOUT)

    def hello(self, patience: float) -> dict[str, str]:
        """Exchange versions; the server's extensions. Raises LineLost after ``patience`` seconds."""
        usual, self.patience = self.patience, patience
        self._since = time.monotonic()
        self._due.add(VERSION)
        try:
            self._push(struct.pack(">IBI", 5, Kind.INIT, VERSION), None)
            answer = self.any([VERSION])[1].expect(Kind.VERSION)
        finally:
            self.patience = usual
        extensions = {}
        while answer.more:
            name = answer.text()
            extensions[name] = answer.string().decode("utf-8", "replace")
        self._last = VERSION
        return extensions

    def send(self, kind: Kind, body: bytes, block: Block | None = None) -> int:
        """Send a request, ``block`` at its end; its number, to wait for. Raises LineLost, Rejected."""
        self._last = number = self._last % 0xFFFFFFFF + 1
        size = 5 + len(body) + (block.length if block else 0)
        if not self._due:
            self._since = time.monotonic()
        self._due.add(number)
        self._push(struct.pack(">IBI", size, kind, number) + body, block)
        return number

    def ask(self, kind: Kind, body: bytes, expected: Kind) -> Answer:
        """Send a request and wait for its answer. Raises Refused, LineLost."""
        return self.any([self.send(kind, body)])[1].expect(expected)

    def any(self, numbers: Collection[int]) -> tuple[int, Answer]:
        """The answer to one of these requests, as soon as there is one. Raises LineLost."""
        while True:
            for number in numbers:
                if number in self._came:
                    return number, self._came.pop(number)
            self._wait(self._readers)

    def last_words(self, patience: float) -> str:
        """What the child has said on its error output, read to the end or for ``patience`` seconds."""
        deadline, poll = time.monotonic() + patience, select.poll()
        if self._errors >= 0:
            poll.register(self._errors, select.POLLIN)
        while self._errors >= 0 and poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            self._hear()
        return self.words

    def _push(self, head: bytes, block: Block | None) -> None:
        if not self._intact:
            raise LineLost("a request was cut short")
        self._intact = False
        self._fill(len(head), lambda done: os.write(self._out, head[done:]))
        if block is not None:
            source, offset, count = block
            self._fill(count, lambda done: source.move(self._out, offset + done, count - done))
        self._intact = True

    def _fill(self, count: int, put: Callable[[int], int]) -> None:
        done = 0
        while done < count:
            try:
                done += put(done)
            except BlockingIOError:
                self._wait(self._both)
            except OSError as error:
                raise LineLost(f"the request could not be written: {error}") from error

    def _wait(self, poll: select.poll) -> None:
        """Sleep until a pipe is ready, and read. Raises NoAnswer, LineLost."""
        since, deadline = self._since, self._since + self.patience
        ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        for pipe, _event in ready:
            if pipe == self._in:
                self._read()
            elif pipe == self._errors:
                self._hear()
        # A pipe that can always be written, or words without end, must not hide that no answer comes.
        if self._since == since and time.monotonic() >= deadline:
            raise NoAnswer("no answer in time")

    def _read(self) -> None:
        try:
            data = os.read(self._in, 65536)
        except BlockingIOError:
            return
        except OSError as error:
            raise LineLost(f"no answers can be read: {error}") from error
        if not data:
            raise LineLost("the connection ended")
        self._buffer += data
        while len(self._buffer) >= 9:
            size, kind, number = struct.unpack_from(">IBI", self._buffer)
            if not 5 <= size <= _LONGEST:
                raise LineLost("an answer that is not SFTP")
            if len(self._buffer) < 4 + size:
                return
            if number not in self._due:
                raise LineLost("an answer to nothing that was asked")
            self._due.discard(number)
            self._came[number] = Answer(kind, bytes(self._buffer[9 : 4 + size]))
            del self._buffer[: 4 + size]
            self._since = time.monotonic()

    def _hear(self) -> None:
        data = b""
        with contextlib.suppress(OSError):
            data = os.read(self._errors, 4096)
        if not data:
            self._readers.unregister(self._errors)
            self._both.unregister(self._errors)
            self._errors = -1
            return
        said = data.decode("utf-8", "replace").replace("\r\n", "\n")
        self.words = (self.words + said)[-_WORDS:]
