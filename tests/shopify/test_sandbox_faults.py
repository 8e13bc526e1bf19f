"""The sandbox shop going wrong on purpose: each fault strikes where it says, and its books stay true."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from shopify_client import BULK, RUN, SET, Client, product

from channels.shopify.sandbox import AdapterSandbox
from channels.shopify.sandbox_store.faults import NAMES, Faults
from channels.shopify.schema import VERSIONS


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Client]:
    client = Client(tmp_path)
    client.define()
    yield client
    client.close()


def keys(shop: Client) -> dict[str, int]:
    return {e.key: e.count for e in shop.box.landed()}


def attempt(shop: Client, key: str) -> tuple[int, Any]:
    """One productSet: its HTTP status and document, or (0, None) when the line was cut."""
    try:
        status, _, body = shop.post(SET, product(key))
    except ConnectionError:
        return 0, None
    return status, body


LINE = {
    "drop_before_commit": (0, False),
    "drop_after_commit": (0, True),
    "error_before_commit": (500, False),
    "error_after_commit": (500, True),
    "refuse_503": (503, False),
    "refuse_429": (429, False),
    "wrong_credentials": (401, False),
}


@pytest.mark.parametrize("fault", LINE)
def test_faults_of_the_line(shop: Client, fault: str) -> None:
    status, landed = LINE[fault]
    shop.box.fault(fault, operation="productSet", nth=2)
    answers = [attempt(shop, f"k{n}")[0] for n in range(3)]
    assert answers == [200, status, 200]
    expected = {"products/k0.json": 1, "products/k2.json": 1}
    assert keys(shop) == expected | ({"products/k1.json": 1} if landed else {})
    assert shop.box.strikes(fault) == 1
    assert attempt(shop, "k1")[0] == 200
    assert keys(shop) == {f"products/k{n}.json": 1 for n in range(3)}


def test_mutations_only_unless_told_otherwise(shop: Client) -> None:
    shop.box.fault("drop_after_commit")
    assert shop.post("{ shop { name } }")[0] == 200
    assert attempt(shop, "k1") == (0, None)
    shop.box.clear_faults()
    assert attempt(shop, "k1")[0] == 200
    assert keys(shop) == {"products/k1.json": 1}


def test_the_line_to_the_uploads_breaks_as_well(shop: Client) -> None:
    shop.box.fault("drop_after_commit", operation="upload", times=1)
    target = shop.staged()
    with pytest.raises(ConnectionError):
        shop.form(target, b"x")
    assert shop.form(target, b"x")[0] == 201


def test_an_upload_and_a_download_break_in_the_middle(shop: Client) -> None:
    target = shop.staged()
    shop.box.fault("drop_mid_file", after=500)
    with pytest.raises(ConnectionError):
        shop.form(target, bytes(100_000))
    shop.box.clear_faults()
    assert shop.form(target, bytes(100_000))[0] == 201
    text = SET.replace("media(first: 50) { nodes { id } }", "")
    path = shop.uploaded(json.dumps(product("k1")).encode(), "BULK_MUTATION_VARIABLES")
    shop.box.terms.bulk_wait = 30
    started = shop.ask(RUN, mutation=text, path=path)["bulkOperationRunMutation"]
    done = shop.ask(BULK, id=started["bulkOperation"]["id"])["bulkOperation"]
    shop.box.fault("drop_mid_download", after=10)
    with pytest.raises(ConnectionError):
        shop.send("GET", done["url"])
    shop.box.clear_faults()
    assert shop.send("GET", done["url"])[2].count(b"\n") == 1


def test_a_client_that_hangs_up_is_no_trouble(
    shop: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    place = urlsplit(shop.settings["BASE_URL"])
    for said in (b"", b"POST /upl", b"POST /upload/ HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"):
        with socket.create_connection((place.hostname, place.port)) as line:
            line.sendall(said)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert shop.post("{ shop { name } }")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_what_the_app_may_not_do(shop: Client) -> None:
    shop.box.terms.scopes = ("read_products",)
    status, body = attempt(shop, "k1")
    assert status == 200 and body["data"] == {"productSet": None}
    assert body["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert "`write_products`" in body["errors"][0]["message"]
    assert shop.post("{ products(first: 1) { nodes { id } } }")[2]["data"]["products"] == {
        "nodes": []
    }
    handles = shop.ask("{ currentAppInstallation { accessScopes { handle } } }")
    assert handles == {"currentAppInstallation": {"accessScopes": [{"handle": "read_products"}]}}
    assert keys(shop) == {}


@pytest.mark.parametrize(
    ("fault", "code"),
    [("throttle", "THROTTLED"), ("variant_throttle", "VARIANT_THROTTLE_EXCEEDED")],
)
def test_throttles_are_ordinary_answers(shop: Client, fault: str, code: str) -> None:
    shop.box.fault(fault, operation="productSet", times=1)
    status, body = attempt(shop, "k1")
    assert status == 200 and body["errors"][0]["extensions"]["code"] == code
    assert body.get("data") == ({"productSet": None} if fault == "variant_throttle" else None)
    assert keys(shop) == {}
    assert attempt(shop, "k1")[1]["data"]["productSet"]["userErrors"] == []


def test_a_fault_says_how_much_is_left_in_the_bucket(shop: Client) -> None:
    shop.box.terms.rate = 0.0
    shop.box.fault("throttle", operation="productSet", times=1, left=3)
    status = attempt(shop, "k1")[1]["extensions"]["cost"]["throttleStatus"]
    assert status["currentlyAvailable"] == 3


def test_a_secret_that_is_echoed(shop: Client) -> None:
    shop.box.fault("echo_secret", times=1)
    status, headers, body = shop.post("{ shop { name } }")
    assert status == 200
    assert shop.token in body["errors"][0]["message"]
    assert shop.token in headers["Link"] and shop.token in shop.box.secrets()


@pytest.mark.parametrize("lag", [1, 2])
def test_search_may_be_behind(shop: Client, lag: int) -> None:
    text = "{ products(first: 50) { nodes { handle title } } }"
    shop.set("k1")
    shop.set("k2")
    shop.set("k1", title="New")
    shop.box.fault("stale_reads", writes=lag, operation="products", times=1)
    stale = {p["handle"]: p["title"] for p in shop.ask(text)["products"]["nodes"]}
    fresh = {p["handle"]: p["title"] for p in shop.ask(text)["products"]["nodes"]}
    assert fresh == {"k1": "New", "k2": "Title of k2"}
    assert stale == ({"k1": "Title of k1"} | ({"k2": "Title of k2"} if lag == 1 else {}))


def test_slowness_is_only_slow(shop: Client) -> None:
    shop.box.fault("slow", seconds=0.01, nth=1)
    assert attempt(shop, "k1")[0] == 200
    assert shop.box.strikes("slow") == 1


def test_an_unknown_fault(shop: Client) -> None:
    assert AdapterSandbox.faults == NAMES
    with pytest.raises(ValueError, match="there is no fault 'rain'"):
        shop.box.fault("rain")


def test_when_a_fault_strikes() -> None:
    faults = Faults()
    faults.switch_on("slow", after=2, times=2)
    assert [faults.strike("slow", {"query"}) is not None for _ in range(6)] == [
        False, False, True, True, False, False,
    ]  # fmt: skip
    faults.switch_on("throttle", chance=0.5, seed=7)
    first = [faults.strike("throttle") is not None for _ in range(50)]
    faults.switch_on("throttle", chance=0.5, seed=7)
    assert [faults.strike("throttle") is not None for _ in range(50)] == first
    assert 10 < sum(first) < 40
    faults.switch_on("drop_after_commit", operation=["productSet", "fileCreate"])
    assert faults.strike("drop_after_commit", {"mutation", "fileCreate"}) is not None
    assert faults.strike("drop_after_commit", {"mutation", "productUpdate"}) is None
    faults.clear()
    assert faults.on("throttle") is None and faults.strikes("slow") == 2


# Who may come in


def test_a_token_of_the_app_lives_a_while(tmp_path: Path) -> None:
    client = Client(tmp_path, login="client")
    now = [5000.0]
    client.box.terms.clock = lambda: now[0]
    assert client.post("{ shop { name } }")[0] == 401
    client.box.terms.token_life = 60.0
    status, answer = client.log_in()
    assert status == 200 and answer["expires_in"] == 60 and "write_products" in answer["scope"]
    assert client.post("{ shop { name } }")[0] == 200
    now[0] += 61
    assert client.post("{ shop { name } }")[0] == 401
    assert client.log_in()[0] == 200
    assert client.post("{ shop { name } }")[0] == 200
    client.settings = dict(client.settings) | {"CLIENT_SECRET": "wrong"}
    assert client.log_in()[0] == 401
    assert client.box.counts() == {"shop": 4, "token": 3}
    client.close()


def test_a_token_dies_in_mid_run(tmp_path: Path) -> None:
    client = Client(tmp_path, login="client")
    client.log_in()
    client.define()
    client.box.fault("token_expires", operation="productSet", nth=2)
    assert [attempt(client, f"k{n}")[0] for n in range(3)] == [200, 401, 401]
    client.log_in()
    assert attempt(client, "k1")[0] == 200
    assert keys(client) == {"products/k0.json": 1, "products/k1.json": 1}
    client.close()


def test_a_token_given_by_hand_dies_and_lives_again(shop: Client) -> None:
    shop.box.fault("token_expires", nth=1)
    assert [shop.post("{ shop { name } }")[0] for _ in range(2)] == [401, 401]
    shop.box.clear_faults()
    assert shop.post("{ shop { name } }")[0] == 200
    shop.token = "shpat_other"
    assert shop.post("{ shop { name } }")[0] == 401


def test_versions(shop: Client) -> None:
    for version in VERSIONS:
        assert (
            shop.post("{ shop { name } }", version=version)[1]["X-Shopify-API-Version"] == version
        )
    for unknown in ("2024-01", "2031-10", "latest"):
        status, headers, body = shop.post("{ shop { name } }", version=unknown)
        assert status == 200 and body["data"]["shop"]["name"] == "sandbox-shop"
        assert headers["X-Shopify-API-Version"] == VERSIONS[0]


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"variables":{}}'])
def test_a_request_without_a_query(shop: Client, body: bytes) -> None:
    headers = {"X-Shopify-Access-Token": shop.token}
    assert shop.send("POST", "/admin/api/2026-07/graphql.json", body, headers)[0] == 400


def test_places_that_are_not_there(shop: Client) -> None:
    assert shop.send("GET", "/admin/api/2026-07/products.json")[0] == 404
    assert shop.send("POST", "/elsewhere")[0] == 404
    assert shop.send("GET", "/cdn/shop/files/none.jpg")[0] == 404
    assert shop.send("GET", "/bulk/1.jsonl?signature=x")[0] == 404


def test_the_world_survives_its_own_end(tmp_path: Path) -> None:
    client = Client(tmp_path)
    client.define()
    client.set("k1")
    before = [(e.key, e.sha256, e.count) for e in client.box.landed()]
    token = client.token
    client.close()
    again = Client(tmp_path)
    assert [(e.key, e.sha256, e.count) for e in again.box.landed()] == before
    assert again.token == token
    found = again.there("k1")
    assert found is not None
    assert again.set("k1")["product"]["id"] == found["id"]
    assert again.box.counts()["productSet"] == 2
    again.close()


def test_a_sandbox_that_is_not_started_has_nothing(tmp_path: Path) -> None:
    client = Client(tmp_path)
    client.close()
    assert client.box.landed() == [] and client.box.requests() == () and client.box.secrets() == ()
    client.box.stop()
