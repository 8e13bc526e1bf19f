"""The pages and endpoints of the replicas by plain requests: each answers, and each lies as its site is said to."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from channels.browser.replicas import portal
from channels.browser.replicas.ledger import ReplicaBooks
from channels.browser.sandbox import SITES, AdapterSandbox
from publisher.discovery import load_row

PAGES = {
    "redbubble": ["/portfolio/images/new", "/portfolio/manage_works", "/auth/login", "/explore/for-you/"],
    "stock-portal": ["/contribute/batches", "/contribute/batches/7001", "/sign-in"],
    "zazzle": ["/my/account", "/lgn/signin?mlru=images", "/pd/spp/pt-poster", "/sell/postforsale", "/winterglass/rss"],
    "society6": ["/upload", "/login"],
}  # fmt: skip
PICTURE = "https://pictures.example/a.jpg"


class Line:
    """A client that is signed in as a browser would be."""

    def __init__(self, name: str, folder: Path) -> None:
        self.sandbox = AdapterSandbox(load_row(name), name, folder)
        rules = self.sandbox.start()["RESOLVER_RULES"]
        self.port = int(rules.partition("127.0.0.1:")[2].partition(",")[0])
        self.host = self.sandbox.site.hosts[0]
        assert rules.endswith("MAP * ~NOTFOUND,EXCLUDE 127.0.0.1")

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        line = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=20)
        line.request(method, path, body, {"Host": self.host, "Cookie": "member=seller"})
        answer = line.getresponse()
        found = answer.status, answer.read().decode("utf-8")
        line.close()
        return found


@pytest.mark.parametrize("name", sorted(SITES))
def test_every_page_answers_and_others_do_not(name: str, tmp_path: Path) -> None:
    line = Line(name, tmp_path)
    try:
        for path in PAGES[name]:
            status, text = line.ask("GET", path)
            assert status == 200 and len(text) > 40, path
        assert line.ask("GET", "/no/such/page")[0] == 404
        line.sandbox.fault("signed_out")
        private = PAGES[name][0]
        assert line.ask("GET", private)[0] == 302
        line.sandbox.clear_faults()
        assert line.ask("GET", private)[0] == 200
    finally:
        line.sandbox.stop()


@pytest.mark.rare
def test_the_portal_says_nothing_of_files_beyond_its_cap(tmp_path: Path) -> None:
    line = Line("stock-portal", tmp_path)
    try:
        for number in range(portal.CAP + 5):
            status, text = line.ask("POST", f"/api/upload/7001?name=f{number}.jpg", b"x%d" % number)
            assert status == 200 and json.loads(text)["upload"]
        address = "/api/submission/v1/submission_batches/7001/contributions?page_size=200"
        assert json.loads(line.ask("GET", address)[1])["total"] == portal.CAP
        line.sandbox.fault("empty_401")
        status, text = line.ask("GET", address)
        assert status == 401 and json.loads(text)["error"] == "TokenRequired"
    finally:
        line.sandbox.stop()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, "Your product"),
        ({"pd": "12"}, "The product id is invalid"),
        ({"ax": "Other"}, "The action is unknown"),
        ({"tc": "no spaces here"}, "The parameter tc is invalid"),
        ({"t_image1_iid": "https://elsewhere.example/a.jpg"}, "Image failed to upload"),
        ({"t_image1_url": PICTURE}, "use _iid"),
    ],
)
def test_a_link_that_is_wrong_is_told_inside_a_page_that_is_right(
    change: dict[str, str], says: str, tmp_path: Path
) -> None:
    line = Line("zazzle", tmp_path)
    try:
        given = {"ax": "Linkover", "pd": "1" * 18, "t_image1_iid": PICTURE, **change}
        status, text = line.ask(
            "GET", f"/api/create/at-{'2' * 18}?{urlencode(given, quote_via=quote)}"
        )
        assert status == 200 and says in text
    finally:
        line.sandbox.stop()


def test_the_books_outlive_the_one_who_kept_them(tmp_path: Path) -> None:
    place = tmp_path / "works.jsonl"
    books = ReplicaBooks(place, 100)
    picture = books.upload("a.jpg", b"abc")
    books.submit("One")
    work = books.create("One", picture, "form", {"tags": ["a"]}, state="review")
    books.change(work.id, state="rejected")
    again = ReplicaBooks(place, 100)
    assert again.landed() == books.landed() and again.submits == 1
    assert (
        again.works[work.id].state == "rejected" and again.made_from("form") == again.works[work.id]
    )
    assert again.create("One", picture, "other", {}).id == "101"
    assert [e.count for e in again.landed()] == [2, 2]
