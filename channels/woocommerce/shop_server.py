"""The web server of the sandbox's shop: HTTP or HTTPS on loopback, with faults that can be switched on.

A request whose body is cut short changes nothing. Every request is counted, so that tests can say what a run cost.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from channels.transport.sandbox_books import Switchboard
from channels.woocommerce.shop_books import ShopBooks
from channels.woocommerce.shop_door import Door, Request
from channels.woocommerce.shop_rest import ShopRest
from channels.woocommerce.shop_words import Reply, refuse

FAULTS = (
    "wrong_credentials",
    "read_only_key",
    "refuse_429",
    "refuse_500",
    "media_500",
    "drop_before_commit",
    "drop_after_commit",
    "created_500",
    "slow",
    "wrong_price",
    "wrong_total",
)
"""``times`` limits each; ``path`` limits it to addresses that match a pattern; refuse_429 has ``after``."""

API = "/wp-json"


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that came in: its method, its path under the API, and the status of the answer."""

    method: str
    path: str
    status: int
    body: Any = None


class Dropped(Exception):
    """The line is to be cut without an answer."""


class ShopServer:
    """One shop. ``start`` may be called once."""

    def __init__(self, folder: Path, *, tls: bool = False) -> None:
        self.books = ShopBooks(folder)
        self.door = Door()
        self.seen: list[Seen] = []
        self.faults = Switchboard(FAULTS)
        self._folder = folder
        self.tls = tls
        self._server: ThreadingHTTPServer | None = None
        self.rest: ShopRest | None = None
        self.ca_file: Path | None = None

    def start(self) -> str:
        """Listen on 127.0.0.1, on a free port; returns the shop's address."""
        server = _Server(("127.0.0.1", 0), _Handler)
        server.shop = self
        port = server.server_address[1]
        if self.tls:
            server.socket = self._wrapped(server.socket)
        root = f"{'https' if self.tls else 'http'}://127.0.0.1:{port}"
        self.rest = ShopRest(self.books, root)
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return root

    def _wrapped(self, listener: socket.socket) -> socket.socket:
        from channels.transport.sandbox_certificate import make_certificate

        made = make_certificate(self._folder / "tls", dt.datetime.now(dt.UTC))
        self.ca_file = made.ca_file
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.chain)
        return context.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)

    def stop(self) -> None:
        """Stop listening. Safe to call twice."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def answer(self, request: Request) -> Reply:
        """The answer to one request, with whatever is switched on. Raises Dropped."""
        reply = self._faulty(request)
        body = json.loads(request.body) if _is_json(request) else None
        self.seen.append(Seen(request.method, request.path, reply.status, body))
        return reply

    def _faulty(self, request: Request) -> Reply:
        if self.faults.options("wrong_credentials") is not None:
            return refuse(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        early = self._early(request)
        if early is not None:
            return early
        door = replace(self.door, read_only=True) if self._on("read_only_key") else self.door
        closed = door.refusal(request)
        if closed is not None:
            return closed
        if self.rest is None:
            raise Dropped
        changes = request.method != "GET" and request.body not in (b"", b"{}")
        if changes and self._strikes("drop_before_commit", request) is not None:
            raise Dropped
        reply = self.rest.answer(request)
        if changes:
            self.books.sync()
        if changes and reply.status < 400:
            if self._strikes("drop_after_commit", request) is not None:
                raise Dropped
            if self._strikes("created_500", request) is not None:
                return refuse(500, "internal_server_error", "There has been a critical error.")
            spoilt = _spoilt(reply.data)
            if spoilt != reply.data and self._strikes("wrong_price", request) is not None:
                return Reply(reply.status, spoilt, reply.headers)
        listed = "X-WP-Total" in reply.headers
        if listed and self._strikes("wrong_total", request) is not None:
            more = str(int(reply.headers["X-WP-Total"]) + 1)
            return Reply(reply.status, reply.data, {**reply.headers, "X-WP-Total": more})
        return reply

    def _early(self, request: Request) -> Reply | None:
        if (slow := self._strikes("slow", request)) is not None:
            time.sleep(float(slow.get("seconds", 1.0)))
        if (busy := self._strikes("refuse_429", request)) is not None:
            after = busy.get("after")
            headers = {} if after is None else {"Retry-After": str(after)}
            body = refuse(429, "too_many_requests", "Too many requests.").data
            return Reply(429, body, headers)
        if self._strikes("refuse_500", request) is not None:
            return refuse(500, "internal_server_error", "There has been a critical error.")
        upload = request.method == "POST" and request.path == "/wp/v2/media"
        if upload and self._strikes("media_500", request) is not None:
            return refuse(500, "rest_upload_unknown_error", "The file could not be stored.")
        return None

    def _on(self, name: str) -> bool:
        return self.faults.options(name) is not None

    def _strikes(self, name: str, request: Request) -> dict[str, Any] | None:
        options = self.faults.options(name)
        if options is None or not re.search(str(options.get("path", "")), request.path):
            return None
        return self.faults.strike(name)


def _spoilt(data: Any) -> Any:
    """The answer with another price in it: a plug-in that changes prices when they are saved."""
    if isinstance(data, dict) and "regular_price" in data:
        return {**data, "regular_price": "0.01"}
    if isinstance(data, dict):
        return {
            k: [_spoilt(e) for e in v] if isinstance(v, list) and k in ("create", "update") else v
            for k, v in data.items()
        }
    return data


def _is_json(request: Request) -> bool:
    return bool(request.body) and "json" in request.headers.get("content-type", "")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    shop: ShopServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: addresses hold signatures."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        try:
            reply = self._reply(body)
        except Dropped:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = reply.body() if not isinstance(reply.data, bytes) else reply.data
        self._send(reply.status, content, reply.headers)

    def _reply(self, body: bytes) -> Reply:
        parts = urlsplit(self.path)
        shop = self.server.shop
        if not parts.path.startswith(API):
            found = shop.rest.library.bytes_of(parts.path) if shop.rest is not None else None
            return Reply(404 if found is None else 200, found or b"")
        scheme = "https" if shop.tls else "http"
        headers = {k.lower(): v for k, v in self.headers.items()}
        request = Request(
            method=self.command,
            path=parts.path.removeprefix(API),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers=headers,
            body=body,
            tls=shop.tls,
            address=f"{scheme}://{headers.get('host', '')}{parts.path}",
        )
        return shop.answer(request)

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = _serve
