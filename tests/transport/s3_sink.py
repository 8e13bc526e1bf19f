"""An S3 service that keeps nothing: it hashes what comes, part by part, and remembers size and digest.

For measuring memory and speed. It knows the calls of a multipart upload and of a single PUT, checks no
signature, and runs as ``python s3_sink.py``: it prints its port, then serves until its input ends.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

PIECE = 1 << 20


class Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rbufsize = PIECE
    uploads: ClassVar[dict[str, dict[int, tuple[int, str]]]] = {}
    done: ClassVar[dict[str, int]] = {}

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, body: str = "", **headers: str) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def swallow(self) -> tuple[int, str]:
        digest, size = hashlib.md5(), 0
        chunked = "chunked" in self.headers.get("Content-Encoding", "")
        left = int(self.headers.get("Content-Length") or 0)
        assert not chunked or left
        while left:
            data = self.rfile.read1(min(left, PIECE))
            digest.update(data)
            left -= len(data)
            size += len(data)
        return size, digest.hexdigest()

    def do_HEAD(self) -> None:
        self.answer(404)

    def do_GET(self) -> None:
        self.answer(200, "<ListMultipartUploadsResult/>", Content_Type="application/xml")

    def do_PUT(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        size, digest = self.swallow()
        if "partNumber" in query:
            parts = self.uploads[query["uploadId"][0]]
            parts[int(query["partNumber"][0])] = (size, digest)
        else:
            self.done[urlsplit(self.path).path] = size
        self.answer(200, ETag=f'"{digest}"')

    def do_POST(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        self.swallow()
        if "uploadId" in query:
            self.done[path] = sum(size for size, _ in self.uploads[query["uploadId"][0]].values())
            root = f"<CompleteMultipartUploadResult><ETag>{self.done[path]}</ETag>"
            self.answer(200, root + "</CompleteMultipartUploadResult>")
            return
        name = f"upload-{len(self.uploads)}"
        self.uploads[name] = {}
        root = f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId>"
        self.answer(200, root + "</InitiateMultipartUploadResult>")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
