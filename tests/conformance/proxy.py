"""A small TCP proxy on loopback that cuts, refuses or garbles a line at an exact place.

A place is counted in pieces of one direction: the n-th answer that never reaches the client, or the n-th request
that never reaches the server. It understands no protocol, so it serves all of them.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass

GARBAGE = b"<html><body>Welcome to the hotel network, please log in</body></html>\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Cut:
    """Where to cut: ``answer`` or ``request``, and which one, counted from 1 since the cut was armed."""

    direction: str
    place: int


class CuttingProxy:
    """Passes bytes between clients and one server. Counts what it passed; cuts where it was told to."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._lock = threading.Lock()
        self._lines: set[socket.socket] = set()
        self._cut: Cut | None = None
        self._passed = {"answer": 0, "request": 0}
        self._garbling = False
        self.accepted = 0
        self.struck = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._listen()

    def _listen(self) -> None:
        listener = self._listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.accepted += 1
            try:
                server = socket.create_connection(self._target, 5)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            for line in (client, server):
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._lines |= {client, server}
            for source, sink, direction in (
                (client, server, "request"),
                (server, client, "answer"),
            ):
                threading.Thread(
                    target=self._pump, args=(source, sink, direction), daemon=True
                ).start()

    def _pump(self, source: socket.socket, sink: socket.socket, direction: str) -> None:
        try:
            while data := source.recv(65536):
                if self._strikes(direction):
                    self.cut()
                    return
                if self._garbling and direction == "answer":
                    data = GARBAGE
                    self.struck = True
                sink.sendall(data)
        except OSError:
            pass
        finally:
            self._hang_up(source, sink)

    def _strikes(self, direction: str) -> bool:
        with self._lock:
            self._passed[direction] += 1
            wanted = self._cut
            if wanted is None or wanted != Cut(direction, self._passed[direction]):
                return False
            self._cut, self.struck = None, True
            return True

    def _hang_up(self, *lines: socket.socket) -> None:
        with self._lock:
            self._lines -= set(lines)
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    @property
    def open_lines(self) -> int:
        """How many connections are open right now, both ends counted as one."""
        with self._lock:
            return (len(self._lines) + 1) // 2

    def arm(self, direction: str, place: int) -> None:
        """Cut every line when the ``place``-th answer or request from now on comes by; it is not passed on."""
        with self._lock:
            self._passed = {"answer": 0, "request": 0}
            self._cut, self.struck = Cut(direction, place), False

    def garble(self) -> None:
        """From now on every answer is a page of a hotel network."""
        self.struck = False
        self._garbling = True

    def cut(self) -> None:
        """End every connection with a reset."""
        with self._lock:
            lines, self._lines = list(self._lines), set()
        for line in lines:
            with contextlib.suppress(OSError):
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                line.shutdown(socket.SHUT_RD)
            with contextlib.suppress(OSError):
                line.close()

    def refuse(self) -> None:
        """Stop listening, and end what is open: nobody is there any more."""
        self._close_listener()
        self.cut()

    def heal(self) -> None:
        """Everything is well again, on the same port."""
        with self._lock:
            self._cut = None
        self._garbling = False
        if self._listener.fileno() == -1:
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
            self._listen()

    def stop(self) -> None:
        """Stop for good."""
        self._close_listener()
        self.cut()

    def _close_listener(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
