"""A small site with an upload form, on loopback, with books of its own and switches for what can go wrong."""

from __future__ import annotations

import html
import json
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

FORM = Path(__file__).with_name("shop_form.html").read_text(encoding="utf-8")
PORTAL = Path(__file__).with_name("portal_form.html").read_text(encoding="utf-8")
"""The form of a made-up portal, which the profile in the documentation is for."""
NOTHING = b""


@dataclass
class Work:
    """One row of the site's books."""

    id: int
    fields: dict[str, Any]


@dataclass
class Shop:
    """The site. ``faults`` are switches; ``works`` and ``submits`` are the truth."""

    works: list[Work] = field(default_factory=list)
    submits: int = 0
    uploads: int = 0
    visits: list[str] = field(default_factory=list)
    faults: dict[str, Any] = field(default_factory=dict)
    next_id: int = 100
    latency: float = 0.0
    """Seconds that an answer takes."""

    def __post_init__(self) -> None:
        shop = self

        class Handler(_Handler):
            site = shop

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # A browser that goes away in the middle is nothing to tell about.
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def clear(self) -> None:
        self.works.clear()
        self.faults.clear()
        self.visits.clear()
        self.submits = self.uploads = 0

    def once(self, fault: str) -> Any:
        """The value of a fault that strikes a number of times."""
        left = self.faults.get(fault)
        if isinstance(left, int) and not isinstance(left, bool):
            if left <= 0:
                return None
            self.faults[fault] = left - 1
        return left

    def take(self, fields: dict[str, Any]) -> Work:
        self.submits += 1
        work = Work(self.next_id, fields)
        self.next_id += 1
        self.works.append(work)
        return work


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Shop

    def log_message(self, *_: Any) -> None:
        pass

    def _send(
        self, body: str | bytes, status: int = 200, kind: str = "text/html", **headers: str
    ) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        time.sleep(self.site.latency)
        shop, parts = self.site, urlsplit(self.path)
        shop.visits.append(parts.path)
        if parts.path == "/favicon.ico":
            return self._send(NOTHING)
        if shop.faults.get("signed-out") and not (
            shop.faults.get("cookie-signs-in")
            and "member=yes" in (self.headers.get("Cookie") or "")
        ):
            if parts.path == "/login":
                return self._send(
                    "<title>Sign in</title><input id=search><form id=login-form>"
                    "<input name=user></form>"
                    + (
                        f"<script>location='{to}'</script>"
                        if (to := shop.faults.get("sign-in-leads-to"))
                        else ""
                    ),
                    **(
                        {"Set_Cookie": "member=yes; Path=/"}
                        if shop.faults.get("cookie-signs-in")
                        else {}
                    ),
                )
            return self._send("", 302, Location="/login")
        if shop.once("challenge"):
            return self._send(CHALLENGE.replace("MS", str(shop.faults.get("challenge-ms", 300))))
        if shop.once("challenge-home"):
            return self._send(
                CHALLENGE.replace("MS", "200").replace("location.reload()", "location='/home'")
            )
        if (error := shop.faults.get("error-pages")) and shop.once("errors"):
            return self._send(f"<title>{error}</title><h1>{error}</h1>", int(str(error)[:3]))
        if parts.path == "/upload":
            return self._send(PORTAL)
        if parts.path.startswith(("/uploads/", "/my/uploads")):
            return self._send("<title>Uploads</title><div id=account-menu>me</div><h1>Uploads</h1>")
        if parts.path == "/new":
            return self._form(parse_qs(parts.query))
        if parts.path == "/list":
            return self._list(int(parse_qs(parts.query).get("page", ["1"])[0]))
        if parts.path == "/feed":
            return self._feed()
        if parts.path == "/api":
            if shop.faults.get("signed-out-api"):
                return self._send('{"error": "TokenRequired"}', 401, "application/json")
            found = [
                {"id": w.id, "name": w.fields.get("title", ""), "state": "ok"} for w in shop.works
            ]
            return self._send(
                json.dumps({"data": {"items": found, "total": len(found)}}), 200, "application/json"
            )
        if parts.path.startswith("/done/"):
            return self._send(
                "<title>Thanks</title><h1>Share your work</h1><a id=again href=/new>More</a>"
            )
        if parts.path == "/lost":
            return self._say_nothing()
        if parts.path == "/gone":
            return self._send("<h1>Nothing here</h1>", 404)
        return self._send("<title>Home</title><h1>Home</h1><div id=account>me</div>")

    def _form(self, query: dict[str, list[str]]) -> None:
        page = FORM
        for name in (
            "banner",
            "help",
            "hidden-error",
            "promo",
            "survey",
            "limit",
            "locked",
            "twofactor",
        ):
            if name in self.site.faults:
                page = page.replace(f"<!--{name}-->", PIECES[name])
        for old, new in self.site.faults.get("rename", {}).items():
            page = page.replace(old, new)
        settings = {k: v for k, v in self.site.faults.items() if isinstance(v, (str, int, bool))}
        self._send(page.replace("SETTINGS", json.dumps(settings)))

    def _list(self, page: int) -> None:
        size = int(self.site.faults.get("page-size", 50))
        works = sorted(self.site.works, key=lambda w: -w.id)
        shown = works[(page - 1) * size : page * size]
        rows = "".join(
            f'<li class=work data-id="{w.id}"><b class=title>{html.escape(w.fields.get("title", ""))}</b></li>'
            for w in shown
        )
        more = (
            f'<a class=next href="/list?page={page + 1}">more</a>'
            if page * size < len(works)
            else ""
        )
        total = len(works) + int(self.site.faults.get("wrong-total", 0))
        empty = "" if works else "<p class=none>You have no works yet</p>"
        self._send(
            f"<title>Works</title><div id=account>me</div><i id=total>{total} works</i>{empty}<ul>{rows}</ul>{more}"
        )

    def _feed(self) -> None:
        items = "".join(
            f"<item><title>{html.escape(w.fields.get('title', ''))}</title><link>{self.site.url}/w-{w.id}</link></item>"
            for w in self.site.works
        )
        self._send(
            '<rss xmlns:o="http://a9.com/-/spec/opensearch/1.1/"><channel>'
            f"<o:totalResults>{len(self.site.works)}</o:totalResults>{items}</channel></rss>",
            200,
            "application/rss+xml",
        )

    def do_POST(self) -> None:
        time.sleep(self.site.latency)
        shop = self.site
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/upload":
            shop.uploads += 1
            if shop.faults.get("upload-lost"):
                return self._say_nothing()
            if shop.faults.get("upload-refused"):
                return self._send("The picture is too small", 422, "text/plain")
            return self._send(json.dumps({"size": len(body)}), 200, "application/json")
        fields = json.loads(body)
        if shop.faults.get("refuse"):
            return self._send("Your work could not be saved", 422, "text/plain")
        if shop.once("drop-before"):
            return self._hang_up()
        if shop.once("500-not-made"):
            shop.submits += 1
            return self._send("oops", 500)
        work = shop.take(fields)
        if shop.once("lost-response"):
            return self._hang_up()
        if shop.once("500-made"):
            return self._send("oops", 500)
        where = "/done/" if shop.faults.get("no-id") else f"/done/{work.id}"
        return self._send(json.dumps({"to": where}), 200, "application/json")

    def _say_nothing(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _hang_up(self) -> None:
        # With nothing of an answer, a browser sends the request again by itself when the line was used before.
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        self.wfile.flush()
        self._say_nothing()


CHALLENGE = """<title>Just a moment...</title><h1>Checking your browser</h1>
<script>setTimeout(() => location.reload(), MS)</script>"""
PIECES = {
    "banner": '<div id=banner style="position:fixed;inset:0;background:#fffc;z-index:9">We use cookies '
    '<button id=accept onclick="this.parentNode.remove()">Accept</button></div>',
    "help": "<p>Need help uploading? There is a limit of 60 uploads a day. Your account has been suspended if "
    "you see an error. Your work could not be saved is what we say then. Just a moment...</p>",
    "hidden-error": '<div class=error style="display:none">Your work could not be saved</div>'
    '<div class=upload-error style="visibility:hidden">too small</div><p class=limit hidden>Limit</p>',
    "promo": '<div id=promo style="position:fixed;inset:20px;background:#eee;z-index:8">Sale! '
    '<button class=close onclick="this.parentNode.remove()">x</button></div>',
    "survey": '<iframe id=survey src="/home" style="position:fixed;right:0;bottom:0"></iframe>'
    '<button id=survey-close onclick="survey.remove();this.remove()">no</button>',
    "limit": "<p class=limit>You have reached your limit</p>",
    "locked": "<h1>Your account has been suspended</h1>",
    "twofactor": "<h1>Enter the code we sent you</h1>",
}


def profile(shop: Shop, name: str = "shop", **changes: Any) -> str:
    """The profile of the site, as a file's text."""
    text = (Path(__file__).with_name("shop.profile.yaml")).read_text(encoding="utf-8")
    for old, new in changes.pop("replace", {}).items():
        assert old in text, old
        text = text.replace(old, new)
    text = text.replace("HOST", f"127.0.0.1:{shop.port}").replace("name: shop", f"name: {name}", 1)
    return re.sub(r"\n\n+", "\n", text)
