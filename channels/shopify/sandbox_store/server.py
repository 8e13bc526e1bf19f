"""The shop's doors on 127.0.0.1: the Admin API, the token endpoint, the upload place, files and bulk results.

Speaks HTTP as the real ones do: a throttled answer is a 200, a dead token a 401, and an unknown API version is served
as the oldest known with a header that says so. Every request is in the books before its answer leaves.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from channels.shopify.sandbox_store import files, tokens, uploads
from channels.shopify.sandbox_store.books import Asked
from channels.shopify.sandbox_store.engine import Answer, Engine, Request
from channels.shopify.sandbox_store.prepared import abouts
from channels.shopify.sandbox_store.runner import SERVED as RESULTS
from channels.shopify.sandbox_store.shop import Shop
from channels.shopify.sandbox_store.wire import Cut, Wire
from channels.shopify.schema import VERSIONS

API = "/admin/api/"


class ShopServer:
    """Listens while it is started."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.engine = Engine(shop)
        self.mistakes: list[Exception] = []
        """Errors of the sandbox itself, which no request should bring about."""
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> str:
        """Listen on a free port; returns the address."""
        owner = self

        class Door(_Door):
            place = owner
            mistakes = owner.mistakes

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, _request: object, _client_address: object) -> None:
                error = sys.exc_info()[1]
                # A client that hangs up is nothing to speak of.
                if isinstance(error, Exception) and not isinstance(error, OSError):
                    owner.mistakes.append(error)

        self._server = Quiet(("127.0.0.1", 0), Door)
        self.shop.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name="shopify-sandbox",
            daemon=True,
        ).start()
        return self.shop.address

    def stop(self) -> None:
        """Stop listening, and stop what runs in the background. Safe to call twice."""
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        server.server_close()
        self.engine.shop.bulk_runner.stop()
        self.shop.books.close()


class _Door(Wire):
    place: ShopServer

    def do_GET(self) -> None:
        """Files and results."""
        self._guarded(self._get)

    def do_POST(self) -> None:
        """The API, tokens and forms."""
        self._guarded(self._post)

    def do_PUT(self) -> None:
        """Uploads."""
        self._guarded(self._put)

    # The doors

    def _get(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.startswith(files.SERVED):
            self._serve_file(path.removeprefix(files.SERVED))
        elif path.startswith(RESULTS):
            self._serve_results(path.removeprefix(RESULTS).removesuffix(".jsonl"))
        else:
            self._say(404, {"errors": "Not Found"})

    def _serve_file(self, name: str) -> None:
        shop = self.place.shop
        with shop.books.lock:
            found = shop.books.numbers("filename", name.casefold())
            doc = shop.books.get("File", found[-1]) if found else None
        self._book("file", name, "ok" if doc else "refused")
        if doc is None or doc["sha256"] is None:
            self._say(404, {"errors": "Not Found"})
            return
        self._send(200, shop.kept(doc["sha256"]).read_bytes(), doc["mimeType"])

    def _serve_results(self, number: str) -> None:
        shop = self.place.shop
        runner = shop.bulk_runner
        with shop.books.lock:
            doc = runner.look(int(number)) if number.isdigit() else None
        signature = parse_qs(urlsplit(self.path).query).get("signature", [""])[0]
        gone = shop.faults.strike("bulk_result_gone", {"file"}) is not None
        known = doc is not None and signature == doc["signature"] and not gone
        if self._before("file", {"file"}, f"bulk/{number}") is None:
            return
        self._book("file", f"bulk/{number}", "ok" if known else "refused")
        if not known:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>", "application/xml")
            return
        data = runner.results(int(number)).read_bytes()
        cut = shop.faults.on("drop_mid_download")
        if cut is not None and len(data) > int(cut.get("after", 0)):
            self._send_part(data, int(cut.get("after", 0)))
        self._send(200, data, "application/jsonl")

    def _put(self) -> None:
        parts = urlsplit(self.path)
        self._cut_short()
        body = self._body()
        fields = dict(parse_qsl(parts.query))
        fields["key"] = unquote(parts.path).removeprefix(uploads.PATH)
        self._take("PUT", fields, memoryview(body))

    def _post(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == uploads.PATH:
            self._cut_short()
        body = self._body()
        if path == uploads.PATH:
            try:
                fields, data = uploads.form(memoryview(body), self.headers.get("Content-Type", ""))
            except ValueError as error:
                self._book("upload", "", "refused")
                self._say(400, {"errors": str(error)})
                return
            self._take("POST", fields, data)
        elif path == tokens.PATH:
            self._token(body)
        elif path.startswith(API) and path.endswith("/graphql.json"):
            self._graphql(path.removeprefix(API).removesuffix("/graphql.json"), body)
        else:
            self._say(404, {"errors": "Not Found"})

    def _cut_short(self) -> None:
        """Take only a part of an upload, while the fault is on."""
        cut = self.place.shop.faults.on("drop_mid_file")
        length = int(self.headers.get("Content-Length") or 0)
        if cut is not None and length > int(cut.get("after", 0)):
            self.rfile.read(int(cut.get("after", 0)))
            self._book("upload", "", "drop_mid_file")
            raise Cut

    def _take(self, method: str, fields: Mapping[str, str], data: memoryview) -> None:
        shop = self.place.shop
        name = self._before("upload", {"upload"}, fields.get("key", "").rpartition("/")[2])
        if name is None:
            return
        status, word = uploads.take(shop, method, fields, data)
        self._book("upload", name, "ok" if status < 300 else "refused")
        if not self._spoilt({"upload"}):
            self._send(
                status, f"<Response><Key>{word}</Key></Response>".encode(), "application/xml"
            )

    def _token(self, body: bytes) -> None:
        if self._before("token", {"token"}, "token") is None:
            return
        if "json" in self.headers.get("Content-Type", ""):
            try:
                given = json.loads(body)
            except ValueError:
                given = {}
        else:
            given = dict(parse_qsl(body.decode("utf-8", "replace")))
        status, answer = tokens.grant(self.place.shop, given)
        self._book("token", "client_credentials", "ok" if status == 200 else "refused")
        if not self._spoilt({"token"}):
            self._say(status, answer)

    def _graphql(self, version: str, body: bytes) -> None:
        served = version if version in VERSIONS else VERSIONS[0]
        shop = self.place.shop
        token = self.headers.get("X-Shopify-Access-Token", "")
        try:
            given = json.loads(body)
            text, name = given["query"], given.get("operationName")
            variables = given.get("variables") or {}
        except (ValueError, KeyError, TypeError, AttributeError):
            self._book("graphql", "", "refused")
            self._say(400, {"errors": {"query": "Required parameter missing or invalid"}})
            return
        prepared = self.place.engine.prepare(served, str(text))
        found = prepared.operation(name)
        about = abouts(found[0]) if found else {"invalid"}
        label = "+".join(sorted(about - {"query", "mutation"}))
        if shop.faults.strike("token_expires", about) is not None:
            tokens.expire_all(shop)
        if not tokens.valid(shop, token):
            message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            self._book("graphql", label, "refused")
            self._say(401, {"errors": message}, served)
            return
        if self._before("graphql", about, label, served) is None:
            return
        asked = Request(served, str(text), variables, name, self._address())
        answer = self.place.engine.answer(asked)
        self._book("graphql", label, answer.outcome, answer)
        if not self._spoilt(about):
            self._say(200, answer.body, served)

    def _address(self) -> str:
        """Where the client finds us; behind a proxy on this machine that is the proxy."""
        host = self.headers.get("Host", "")
        return f"http://{host}" if host.startswith("127.0.0.1:") else self.place.shop.address

    # Faults of the line

    def _before(self, kind: str, about: set[str], name: str, served: str = "") -> str | None:
        """The faults that strike before anything is done; None when one did."""
        faults = self.place.shop.faults
        slow = faults.strike("slow", about)
        if slow is not None:
            time.sleep(float(slow.get("seconds", 1.0)))
        if faults.strike("wrong_credentials", about) is not None:
            self._book(kind, name, "wrong_credentials")
            self._say(401, {"errors": "[API] Invalid API key or access token"}, served)
        elif faults.strike("refuse_503", about) is not None:
            self._book(kind, name, "refuse_503")
            self._say(503, {"errors": "Service Unavailable"}, served, {"Retry-After": "2"})
        elif (busy := faults.strike("refuse_429", about)) is not None:
            self._book(kind, name, "refuse_429")
            after = {"Retry-After": str(busy.get("seconds", 2))}
            self._say(429, {"errors": "Exceeded 2 calls per second"}, served, after)
        elif faults.strike("echo_secret", about) is not None:
            self._book(kind, name, "echo_secret")
            self._echo(served)
        elif faults.strike("error_before_commit", about) is not None:
            self._book(kind, name, "error_before_commit")
            self._say(500, {"errors": "Internal Server Error"}, served)
        elif faults.strike("drop_before_commit", about) is not None:
            self._book(kind, name, "drop_before_commit")
            raise Cut
        else:
            return name
        return None

    def _echo(self, served: str) -> None:
        token = self.headers.get("X-Shopify-Access-Token", "")
        message = f"internal error near X-Shopify-Access-Token: {token}"
        link = f'<{self.place.shop.address}/?access_token={token}>; rel="next"'
        body = {"errors": [{"message": message, "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
        self._say(200, body, served, {"Link": link, "X-Echo": token})

    def _spoilt(self, about: set[str]) -> bool:
        """The faults that strike when everything is done and booked; whether one answered instead."""
        faults = self.place.shop.faults
        if faults.strike("error_after_commit", about) is not None:
            self._say(500, {"errors": "Internal Server Error"})
            return True
        if faults.strike("drop_after_commit", about) is not None:
            raise Cut
        return False

    def _book(self, kind: str, name: str, outcome: str, answer: Answer | None = None) -> None:
        requested = answer.requested if answer else 0.0
        actual = answer.actual if answer else 0.0
        self.place.shop.books.record(Asked(kind, name, requested, actual, outcome))
