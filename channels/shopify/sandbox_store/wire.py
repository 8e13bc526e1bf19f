"""HTTP as the shop's doors speak it: whole bodies in, whole answers out, and a line that can be cut."""

from __future__ import annotations

import io
import json
import socket
import struct
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

VERSION_HEADER = "X-Shopify-API-Version"
_BODY_LIMIT = 120_000_000


class Cut(Exception):
    """The connection ends here without an answer."""


class Wire(BaseHTTPRequestHandler):
    """One connection. Every answer leaves in one piece."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True
    server_version = "sandbox"
    sys_version = ""
    mistakes: list[Exception]

    def log_message(self, *_: Any) -> None:
        """Nothing: the books say what matters."""

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Cut:
            # Without lingering, the client is told at once, also in the middle of its body.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.wfile = io.BytesIO()
            self.connection.close()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except Exception as error:  # a mistake of the sandbox itself: tests read it there
            self.mistakes.append(error)
            self.close_connection = True
            self._say(500, {"errors": f"the sandbox made a mistake: {error!r}"})

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").casefold():
            return self._chunks()
        length = int(self.headers.get("Content-Length") or 0)
        if length > _BODY_LIMIT:
            raise Cut
        data = self.rfile.read(length)
        if len(data) < length:
            raise Cut
        return data

    def _chunks(self) -> bytes:
        data = bytearray()
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            data += self.rfile.read(size)
            self.rfile.readline()
            if len(data) > _BODY_LIMIT:
                raise Cut
        self.rfile.readline()
        return bytes(data)

    def _say(
        self,
        status: int,
        body: Mapping[str, Any],
        served: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        more = dict(headers or {}) | ({VERSION_HEADER: served} if served else {})
        self._send(status, data, "application/json; charset=utf-8", more)

    def _send_part(self, data: bytes, count: int) -> None:
        """Promise all of the bytes, send some, and go."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:count])
        self.wfile.flush()
        raise Cut

    def _send(
        self, status: int, data: bytes, kind: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/octet-stream")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()
