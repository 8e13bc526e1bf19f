"""A submit whose answer is lost goes out once: the browser's own second try is the shop's second work."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from channels.browser.browser import Browser, Launch
from channels.browser.once import predict_nothing, shown

FORM = (
    b"<link rel=icon href=data:,>"
    b"<form method=post action=/submit><input name=a value=1><button>Publish</button></form>"
)


class _Handler(BaseHTTPRequestHandler):
    """Keeps connections open, and closes the one of a submit after it has taken it, without a word."""

    protocol_version = "HTTP/1.1"
    taken: list[str]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(FORM)))
        self.end_headers()
        self.wfile.write(FORM)

    def do_POST(self) -> None:
        self.taken.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def shop() -> Iterator[tuple[str, list[str]]]:
    taken: list[str] = []
    handler = type("Handler", (_Handler,), {"taken": taken})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", taken
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no Chromium")
def test_a_lost_answer_is_no_second_submit(tmp_path: Path, shop: tuple[str, list[str]]) -> None:
    address, taken = shop
    with Browser(Launch(tmp_path / "browser", headless=True)) as browser:
        for number in range(1, 4):
            page = browser.page()
            page.goto(address)
            assert browser.about_to_submit(page)
            with page.expect_event("requestfailed"):
                page.get_by_role("button", name="Publish").click(no_wait_after=True)
            assert taken == ["a=1"] * number
            assert shown(browser.context) == [page]


def test_the_choice_keeps_what_else_was_chosen(tmp_path: Path) -> None:
    place = tmp_path / "Default" / "Preferences"
    predict_nothing(tmp_path)
    assert json.loads(place.read_text()) == {"net": {"network_prediction_options": 2}}
    place.write_text('{"net": {"other": 1, "network_prediction_options": 0}, "more": [1]}')
    predict_nothing(tmp_path)
    assert json.loads(place.read_text()) == {
        "net": {"other": 1, "network_prediction_options": 2},
        "more": [1],
    }
    assert place.stat().st_mode & 0o777 == 0o600
    place.write_text("no JSON")
    predict_nothing(tmp_path)
    assert json.loads(place.read_text())["net"] == {"network_prediction_options": 2}
