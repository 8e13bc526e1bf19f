"""Both packages carry a request and its answer in the same way: once, with a time-out, and without a word."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr
from shop_floor import Floor, done

from channels.shopify.client import Client, Lost, Unreached, open_client
from channels.shopify.settings import ShopifySettings
from publisher.errors import ConfigError

WAYS = ("shopifyapp", "shopify-legacy")


class _Counter(BaseHTTPRequestHandler):
    """Answers as it is told, and keeps what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.seen.append((self.path, dict(self.headers), json.loads(body)))
        status, text, more = server.answer
        if status == 0:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        data = text.encode()
        self.send_header("Content-Length", str(len(data) + server.missing))
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        if server.missing:
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def _server() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Counter)
    server.seen, server.answer, server.missing = [], (200, '{"data": {}}', {}), 0
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def _client(way: str, port: int, **more: Any) -> Client:
    settings = ShopifySettings(
        shop="glass",
        token=SecretStr("shpat_unused"),
        base_url=f"http://127.0.0.1:{port}",
        transport=way,  # type: ignore[arg-type]
        data_timeout=0.5,
        connect_timeout=2,
        **more,
    )
    return open_client(settings)


@pytest.mark.parametrize("way", WAYS)
def test_one_call_is_one_request_whatever_comes_back(
    way: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with _server() as server:
        client = _client(way, server.server_port)
        for status in (200, 401, 403, 429, 500, 502, 503, 504):
            server.seen.clear()
            server.answer = (status, '{"errors": "secret page"}', {"Retry-After": "7"})
            reply = client.post("query { shop { name } }", {"a": 1}, SecretStr("shpat_one"))
            assert (reply.status, reply.retry_after) == (status, 7.0)
            assert reply.text == '{"errors": "secret page"}'
            ((path, headers, body),) = server.seen
            assert path == "/admin/api/2026-07/graphql.json"
            assert headers["X-Shopify-Access-Token"] == "shpat_one"
            assert body["query"] == "query { shop { name } }" and body["variables"] == {"a": 1}
        client.close()
        client.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("way", WAYS)
def test_a_client_never_mixes_up_two_shops(way: str) -> None:
    with _server() as one, _server() as other:
        first, second = _client(way, one.server_port), _client(way, other.server_port)
        first.post("{ a }", {}, SecretStr("shpat_first"))
        second.post("{ b }", {}, SecretStr("shpat_second"))
        first.post("{ c }", {}, SecretStr("shpat_first"))
        tokens = [[h["X-Shopify-Access-Token"] for _, h, _ in s.seen] for s in (one, other)]
        assert tokens == [["shpat_first"] * 2, ["shpat_second"]]


@pytest.mark.parametrize("way", WAYS)
def test_what_was_not_sent_is_told_from_what_got_lost(way: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreached):
        _client(way, port).post("{ a }", {}, SecretStr("t"))
    with _server() as server:
        server.answer = (0, "", {})
        with pytest.raises(Lost):
            _client(way, server.server_port).post("{ a }", {}, SecretStr("t"))
        server.answer, server.missing = (200, '{"data": {}}', {}), 100
        with pytest.raises(Lost):
            _client(way, server.server_port).post("{ a }", {}, SecretStr("t"))
        assert len(server.seen) == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_silent_server_is_left_after_the_time_out(way: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(Lost):
            _client(way, silent.getsockname()[1]).post("{ a }", {}, SecretStr("t"))


@pytest.mark.parametrize("way", WAYS)
def test_a_token_is_asked_for_with_the_secret_of_the_app(way: str) -> None:
    with _server() as server:
        server.answer = (200, '{"access_token": "shpat_new", "expires_in": 86399}', {})
        reply = _client(way, server.server_port).fetch_token("id-1", SecretStr("shpss_secret"))
        assert json.loads(reply.text)["access_token"] == "shpat_new"
        ((path, _, body),) = server.seen
        assert path == "/admin/oauth/access_token"
        assert body == {
            "client_id": "id-1",
            "client_secret": "shpss_secret",
            "grant_type": "client_credentials",
        }


@pytest.mark.parametrize(
    ("way", "module", "extra"),
    [
        ("shopifyapp", "shopify_app", "[shopify]"),
        ("shopify-legacy", "shopify", "[shopify-legacy]"),
    ],
)
def test_a_missing_package_is_told_with_the_command(
    way: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [m for m in sys.modules if m == module or m.startswith(f"{module}.")]
    for name in [*known, "channels.shopify.client_shopifyapp", "channels.shopify.client_legacy"]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError) as caught:
        _client(way, 1)
    assert "pip install" in caught.value.remedy and extra in caught.value.remedy


@pytest.mark.parametrize("way", WAYS)
def test_a_release_goes_through_either_package(floor: Floor, way: str) -> None:
    floor.settings["TRANSPORT"] = way
    assert done(floor.push()) == {"published": 3}
    floor.reprice(0, "std", "21.00")
    floor.repaint(1)
    assert done(floor.push())["updated"] == 2
    floor.right()
    assert floor.plan().nothing_to_do
    loaded = {"shopifyapp": "shopify_app", "shopify-legacy": "shopify"}[way]
    assert loaded in sys.modules
