"""The sandbox S3 service with a bucket that everybody may read, and a network in front of it that may spoil files.

It stands in for public storage behind a content network. Requests without a signature may read; faults strike
what they get, never what is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import quote

from channels.transport.s3_server import REGION, App, Respond, S3SandboxServer

_PACKET = re.compile(
    rb"<\?xpacket begin.*?<\?xpacket end[^>]*\?>|<x:xmpmeta.*?</x:xmpmeta>", re.DOTALL
)
_FEEDS = (".xml", ".tsv", ".csv")


class PublicS3SandboxServer(S3SandboxServer):
    """One public bucket. Two more faults:

    - ``strips_xmp``: visitors get pictures whose XMP packet is blank
    - ``half_feed``: everybody gets the first half of a feed, with the length of that half
    """

    faults: ClassVar[tuple[str, ...]] = (*S3SandboxServer.faults, "strips_xmp", "half_feed")

    def door(self, inner: App) -> App:
        """The network in front of the bucket."""
        self._kept = inner
        return _Network(self, super().door(inner))

    def object(self, key: str) -> bytes | None:
        """What is kept under a key, past all faults; None when there is nothing."""
        from werkzeug.test import Client

        answer = Client(self._kept).open(
            f"/{self.bucket}/{quote(key)}", headers={"Authorization": _signed("ours")}
        )
        return bytes(answer.data) if answer.status_code == 200 else None


class _Network:
    """A WSGI application in front of the service."""

    def __init__(self, server: PublicS3SandboxServer, inner: App) -> None:
        self._server, self._inner = server, inner

    def __call__(self, environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        visitor = not environ.get("HTTP_AUTHORIZATION") and "X-Amz-" not in environ.get(
            "QUERY_STRING", ""
        )
        reads = environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        if visitor and reads:
            # A public bucket: the service is asked in the owner's name.
            environ["HTTP_AUTHORIZATION"] = _signed(self._server.access_key)
        answer: list[Any] = []
        body = b"".join(self._inner(environ, lambda *given: answer.append(given)))
        status, headers = answer[-1][:2]
        if reads and status.startswith("200") and body:
            spoiled = self._spoiled(environ["PATH_INFO"], body, visitor=visitor)
            if spoiled != body:
                body = spoiled
                headers = [(n, v) for n, v in headers if n.lower() not in _LENGTHS]
                headers.append(("Content-Length", str(len(body))))
        respond(status, headers)
        return [body]

    def _spoiled(self, path: str, body: bytes, *, visitor: bool) -> bytes:
        board = self._server.switchboard
        is_feed = path.endswith(_FEEDS) and "/snapshots/" not in path
        if is_feed and board.strike("half_feed") is not None:
            return body[: len(body) // 2]
        if visitor and "/images/" in path and board.strike("strips_xmp") is not None:
            # Blank instead of cut out: lengths and checksums inside the container still hold.
            return _PACKET.sub(lambda found: b" " * len(found[0]), body)
        return body


def _signed(key: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential={key}/20260101/{REGION}/s3/aws4_request"


_LENGTHS = ("content-length", "etag", "x-amz-checksum-sha256")
