"""The web server of the replicas: TLS on loopback, connections that stay open, and the ways an answer gets lost.

Connections are kept as real sites keep them. A browser that finds a used one closed without an answer sends the
request again by itself, a submit too: a client that lets it come to that has two works here as it has there.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.transport.sandbox_certificate import make_certificate


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. ``query`` and ``form`` hold the last value of each name."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    body: bytes = b""
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def form(self) -> Mapping[str, str]:
        """The fields of a posted form."""
        return _last(self.body.decode("utf-8", "replace"))

    @property
    def document(self) -> Any:
        """The posted JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. ``lost`` cuts the line in its place, ``delay`` comes before it (seconds)."""

    body: str | bytes = b""
    status: int = 200
    kind: str = "text/html"
    headers: tuple[tuple[str, str], ...] = ()
    lost: bool = False
    delay: float = 0.0


Answer = Callable[[Asked], Reply]


def redirect(address: str) -> Reply:
    """Lead on to another page of the site."""
    return Reply(status=302, headers=(("Location", address),))


def as_json(value: Any, status: int = 200) -> Reply:
    """An answer for the scripts of a page."""
    return Reply(json.dumps(value, ensure_ascii=False), status, "application/json")


class ReplicaServer:
    """Listens for one site under all of its names. ``start`` may be called once."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        self._folder = folder
        self._answer = answer
        self._server: _Server | None = None
        self.closing = threading.Event()
        self.requests: list[tuple[str, str]] = []
        """Method and address (host and path) of every request, in order."""

    def start(self) -> int:
        """Listen on 127.0.0.1 and return the port."""
        server = _Server(("127.0.0.1", 0), _Handler)
        made = make_certificate(self._folder / "tls", dt.datetime.now(dt.UTC))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.chain)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        server.owner = self
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return int(server.server_address[1])

    def stop(self) -> None:
        """Stop listening. Safe to call twice."""
        self.closing.set()
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            server.hang_up()

    def answer(self, asked: Asked) -> Reply:
        """Ask the site."""
        self.requests.append((asked.method, asked.host + asked.path))
        return self._answer(asked)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    owner: ReplicaServer

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._lines: set[Any] = set()
        self._guard = threading.Lock()

    def finish_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._lines.add(request)
        super().finish_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._lines.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close what is still open; nobody answers there any more."""
        with self._guard:
            lines = list(self._lines)
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that goes away in the middle is no event for a sandbox.
        pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes: on a connection that is kept, the second would wait for the first's receipt.
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        """Any method is one request to the site."""
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        crumbs = SimpleCookie(self.headers.get("Cookie") or "")
        owner = self.server.owner
        reply = owner.answer(
            Asked(
                self.command,
                re.sub(r":\d+$", "", self.headers.get("Host") or ""),
                parts.path,
                _last(parts.query),
                body,
                {name: crumb.value for name, crumb in crumbs.items()},
            )
        )
        if reply.delay:
            owner.closing.wait(reply.delay)
        self._send(reply)

    do_POST = do_GET

    def _send(self, reply: Reply) -> None:
        if reply.lost:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = reply.body.encode() if isinstance(reply.body, str) else reply.body
        self.send_response(reply.status)
        self.send_header("Content-Type", f"{reply.kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _last(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
