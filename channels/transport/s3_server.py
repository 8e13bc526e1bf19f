"""A sandbox S3 service on loopback (moto behind our own door), with books of its own and faults.

It stands in for an object store in rehearsals and tests. It listens on 127.0.0.1 only, forgets its
objects when the process ends, and is no measure of speed: objects live in memory.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn
from urllib.parse import parse_qs, unquote

from channels.transport.sandbox_books import Books, Switchboard
from publisher.channel import Landed
from publisher.errors import ConfigError

REGION = "eu-central-1"
Respond = Callable[..., Any]
App = Callable[[dict[str, Any], Respond], Iterable[bytes]]


class S3SandboxServer:
    """One bucket of one imagined provider; the books are beside ``folder``.

    Faults and their options (each also takes ``times``, how often it strikes; always by default):

    - ``wrong_credentials``: every request is refused with 403 AccessDenied
    - ``no_bucket``: every request is answered with 404 NoSuchBucket
    - ``refuse_503``: writes are answered with 503 SlowDown
    - ``drop_mid_file`` (parts=0): the connection is cut on writes once so many parts have come
    - ``drop_after_commit``: an object appears, then the connection is cut before the answer
    - ``no_conditions``: conditional writes are answered with 501 NotImplemented
    """

    faults: ClassVar[tuple[str, ...]] = (
        "wrong_credentials",
        "no_bucket",
        "refuse_503",
        "drop_mid_file",
        "drop_after_commit",
        "no_conditions",
    )

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.beside = folder.parent / f"{folder.name}.sandbox"
        self.ledger = Books(self.beside / "books.jsonl")
        self.switchboard = Switchboard(self.faults)
        self.bucket = f"sandbox-{secrets.token_hex(6)}"
        self.access_key, self.secret_key = "SANDBOX" + secrets.token_hex(6).upper(), ""
        self.parts = 0
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def start(self) -> Mapping[str, str]:
        """Listen; return endpoint_url, bucket, region, access_key and secret_key.

        Raises ConfigError when the extra ``sandbox`` is not installed.
        """
        try:
            from moto.moto_server.werkzeug_app import (
                DomainDispatcherApplication,
                create_backend_app,
            )
            from werkzeug.serving import WSGIRequestHandler, make_server
        except ImportError as error:
            raise ConfigError(
                "the S3 sandbox needs the extra packages of storefront-publisher[sandbox]",
                remedy='pip install "storefront-publisher[sandbox]"',
                detail=str(error),
            ) from error

        class Quiet(WSGIRequestHandler):
            protocol_version = "HTTP/1.1"

            def log(self, type: str, message: str, *args: Any) -> None:
                """Nothing: the books say what matters."""

        self.beside.mkdir(parents=True, exist_ok=True)
        self.secret_key = secrets.token_hex(20)
        inner = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", 0, self.door(inner), threaded=True, request_handler=Quiet
        )
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="s3-sandbox", daemon=True
        )
        self._thread.start()
        _Door(self, inner).ask("PUT", f"/{self.bucket}", _LOCATION)
        return {
            "endpoint_url": f"http://127.0.0.1:{self.port}",
            "bucket": self.bucket,
            "region": REGION,
            "access_key": self.access_key,
            "secret_key": self.secret_key,
        }

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return int(self._server.server_port)

    def door(self, inner: App) -> App:
        """What stands in front of the service."""
        return _Door(self, inner)

    def stop(self) -> None:
        """Stop listening. Safe to call twice."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def fault(self, name: str, **options: Any) -> None:
        """Switch a fault on. Raises ValueError for a name that is not in ``faults``."""
        self.parts = 0
        self.switchboard.switch_on(name, **options)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.switchboard.clear()

    def books(self) -> list[dict[str, Any]]:
        """Every object that appeared, in order: event ``completed``, name, size, sha256, time."""
        return self.ledger.entries()

    def landed(self) -> Sequence[Landed]:
        """What was taken in, by key, and how often."""
        return self.ledger.landed()


_LOCATION = (
    '<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    f"<LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
).encode()


class _Door:
    """A WSGI application in front of moto: checks the key, plays the faults, keeps the books."""

    def __init__(self, server: S3SandboxServer, inner: App) -> None:
        self._server, self._inner = server, inner
        self._faults = server.switchboard
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        writes = method in {"PUT", "POST"}
        refusal = self._refusal(environ, query, writes=writes)
        if refusal is not None:
            return self._refuse(environ, respond, *refusal)
        if writes and "uploadId" in query and "partNumber" in query:
            self._server.parts += 1
        answer: list[Any] = []
        body = b"".join(self._inner(environ, lambda *given: answer.append(given)))
        status, headers = answer[-1][:2]
        key = path.removeprefix(f"/{self._server.bucket}/")
        appears = method == "PUT" and not query.keys() & {"partNumber", "tagging", "acl"}
        appears = appears or (method == "POST" and "uploadId" in query)
        if key != path and appears and status.startswith("200") and b"<Error>" not in body:
            self._book(key)
            if self._faults.strike("drop_after_commit") is not None:
                _cut(environ)
        respond(status, headers)
        return [body]

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """A request of our own, past the door."""
        from werkzeug.test import Client

        header = f"AWS4-HMAC-SHA256 Credential=ours/20260101/{REGION}/s3/aws4_request"
        with self._lock:
            answer = Client(self._inner).open(
                path, method=method, data=body, headers={"Authorization": header}
            )
        return bytes(answer.data)

    def _book(self, key: str) -> None:
        data = self.ask("GET", f"/{self._server.bucket}/{key}")
        name = unquote(key) if "%" in key else key
        digest = hashlib.sha256(data).hexdigest()
        self._server.ledger.record("completed", name, size=len(data), sha256=digest)

    def _refusal(
        self, environ: dict[str, Any], query: dict[str, list[str]], *, writes: bool
    ) -> tuple[str, str] | None:
        signed = environ.get("HTTP_AUTHORIZATION", "") or query.get("X-Amz-Credential", [""])[0]
        named = re.search(r"(?:Credential=)?([A-Za-z0-9]+)/\d{8}/", signed)
        if signed and (named is None or named[1] != self._server.access_key):
            return "403 Forbidden", "InvalidAccessKeyId"
        if not signed and environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return "403 Forbidden", "AccessDenied"
        if self._faults.strike("wrong_credentials") is not None:
            return "403 Forbidden", "AccessDenied"
        if self._faults.strike("no_bucket") is not None:
            return "404 Not Found", "NoSuchBucket"
        if writes and self._faults.strike("refuse_503") is not None:
            return "503 Slow Down", "SlowDown"
        if "HTTP_IF_NONE_MATCH" in environ and self._faults.strike("no_conditions") is not None:
            return "501 Not Implemented", "NotImplemented"
        cut = self._faults.options("drop_mid_file") if writes else None
        if cut is not None and self._server.parts >= cut.get("parts", 0):
            self._faults.strike("drop_mid_file")
            return "", ""
        return None

    def _refuse(
        self, environ: dict[str, Any], respond: Respond, status: str, code: str
    ) -> Iterable[bytes]:
        if not status:
            _cut(environ)
        left = int(environ.get("CONTENT_LENGTH") or 0)
        while left > 0 and (got := len(environ["wsgi.input"].read(min(left, 1 << 20)))):
            left -= got
        head = environ["REQUEST_METHOD"] == "HEAD"
        body = b"" if head else f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
        data = body.encode() if isinstance(body, str) else body
        respond(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(data)))])
        return [data]


def _cut(environ: dict[str, Any]) -> NoReturn:
    """End the connection without an answer."""
    line: socket.socket = environ["werkzeug.socket"]
    # Without lingering, the client is told at once, also in the middle of its body.
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(line.detach())
    raise ConnectionResetError("cut")
