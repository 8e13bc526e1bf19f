"""The sandbox shop's files: staged uploads, registering, names that are taken, and processing in its own time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from shopify_client import FILE_CREATE, FILE_STATES, FILES, JPEG, SET, STAGE, Client, product

OTHER = JPEG + b"other"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Client]:
    client = Client(tmp_path, real=True)
    client.define()
    yield client
    client.close()


def files(shop: Client) -> dict[str, tuple[str, int]]:
    return {e.key: (e.sha256, e.count) for e in shop.box.landed() if not e.key.endswith(".json")}


def create(shop: Client, *given: dict[str, Any]) -> tuple[list[str], list[str]]:
    answer = shop.ask(FILE_CREATE, files=list(given))["fileCreate"]
    return [f["id"] for f in answer["files"]], [e["code"] for e in answer["userErrors"]]


def states(shop: Client, *ids: str) -> list[Any]:
    return [n and n["fileStatus"] for n in shop.ask(FILE_STATES, ids=list(ids))["nodes"]]


def test_bytes_by_form_and_by_put(shop: Client) -> None:
    target = shop.staged(method="PUT", name="b c.jpg")
    assert shop.send("PUT", target["url"], OTHER)[0] == 200
    (one,), errors = create(shop, {"originalSource": target["resourceUrl"]})
    assert errors == []
    create(shop, {"originalSource": shop.uploaded()})
    digests = [hashlib.sha256(d).hexdigest() for d in (OTHER, JPEG)]
    assert files(shop) == {"b c.jpg": (digests[0], 1), "a.jpg": (digests[1], 1)}
    assert states(shop, one) == ["UPLOADED"]
    assert states(shop, one, "gid://shopify/MediaImage/999") == ["READY", None]
    url = shop.ask(FILE_STATES, ids=[one])["nodes"][0]["image"]["url"]
    assert shop.send("GET", url)[2] == OTHER


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_place_takes_only_what_it_was_made_for(shop: Client, method: str) -> None:
    target = shop.staged(method=method)
    if method == "PUT":
        plain = target["url"].partition("?")[0]
        assert shop.send("PUT", plain, JPEG)[0] == 403
        assert shop.send("PUT", plain + "?X-Goog-Signature=0", JPEG)[0] == 403
    else:
        for part in target["parameters"]:
            if part["name"] == "x-goog-signature":
                part["value"] = "0"
        assert shop.form(target, JPEG)[0] == 403
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        assert shop.send("POST", target["url"], b"--x\r\nno end", headers)[0] == 400
    (empty,), errors = create(shop, {"originalSource": target["resourceUrl"]})
    assert errors == []
    assert states(shop, empty, empty) == ["UPLOADED", "FAILED"]


def test_an_upload_that_is_too_large(shop: Client) -> None:
    status, _ = shop.form(shop.staged(), JPEG + bytes(20_000_001))
    assert status == 400


def test_the_same_source_makes_another_file_each_time(shop: Client) -> None:
    source = shop.uploaded()
    ids = [create(shop, {"originalSource": source})[0][0] for _ in range(2)]
    assert len(set(ids)) == 2
    assert [count for _, count in files(shop).values()] == [2]


def test_a_name_that_is_taken(shop: Client) -> None:
    named = {"originalSource": shop.uploaded(), "filename": "x.jpg"}
    (first,), _ = create(shop, named)
    assert create(shop, named | {"duplicateResolutionMode": "RAISE_ERROR"}) == (
        [],
        ["FILENAME_ALREADY_EXISTS"],
    )
    (second,), _ = create(shop, named)
    assert second != first
    found = shop.ask(FILES, query="filename:x.jpg")["files"]["nodes"]
    assert [f["id"] for f in found] == [first]
    other = {"originalSource": shop.uploaded(OTHER), "filename": "x.jpg"}
    (third,), _ = create(shop, other | {"duplicateResolutionMode": "REPLACE"})
    assert third == first
    assert files(shop)["x.jpg"][0] in {hashlib.sha256(d).hexdigest() for d in (OTHER, JPEG)}
    nameless = {"originalSource": shop.uploaded(), "duplicateResolutionMode": "REPLACE"}
    assert create(shop, nameless)[1] == ["MISSING_FILENAME_FOR_DUPLICATE_MODE_REPLACE"]
    ending = {"originalSource": shop.uploaded(), "filename": "x.png"}
    assert create(shop, ending)[1] == ["MISMATCHED_FILENAME_AND_ORIGINAL_SOURCE"]


def test_one_bad_file_of_many_makes_none(shop: Client) -> None:
    good = {"originalSource": shop.uploaded()}
    assert create(shop, good, good | {"alt": "x" * 513}) == ([], ["ALT_VALUE_LIMIT_EXCEEDED"])
    assert create(shop, good, {"originalSource": "nowhere"}) == ([], ["INVALID_IMAGE_SOURCE_URL"])
    assert files(shop) == {}


@pytest.mark.parametrize("polls", [0, 2])
def test_processing_takes_its_time(shop: Client, polls: int) -> None:
    shop.box.terms.file_polls = polls
    (one,), _ = create(shop, {"originalSource": shop.uploaded()})
    seen = [states(shop, one)[0] for _ in range(polls + 1)]
    assert seen == ["UPLOADED", "PROCESSING", "READY"][-len(seen) :] if polls else ["READY"]


def test_what_fails_in_processing_says_why(shop: Client) -> None:
    (text,), errors = create(shop, {"originalSource": shop.uploaded(b"no picture")})
    assert errors == []
    shop.box.fault("file_fails", nth=1, code="IMAGE_PROCESSING_FAILURE")
    (broken,), _ = create(shop, {"originalSource": shop.uploaded()})
    assert states(shop, text, broken) == ["UPLOADED"] * 2
    nodes = shop.ask(FILE_STATES, ids=[text, broken])["nodes"]
    assert [n["fileStatus"] for n in nodes] == ["FAILED", "FAILED"]
    codes = [n["fileErrors"][0]["code"] for n in nodes]
    assert codes == ["UNSUPPORTED_IMAGE_FILE_TYPE", "IMAGE_PROCESSING_FAILURE"]


def test_a_product_takes_files_by_id_and_by_source(shop: Client) -> None:
    (known,), _ = create(shop, {"originalSource": shop.uploaded(), "filename": "known.jpg"})
    fresh = {"originalSource": shop.uploaded(OTHER), "filename": "fresh.jpg", "alt": "F"}
    made = shop.set("k1", files=[{"id": known}, fresh])
    assert made["userErrors"] == []
    shown = made["product"]["media"]["nodes"]
    assert shown[0]["id"] == known and len(shown) == 2
    again = shop.set("k1", files=[{"id": m["id"]} for m in shown])
    assert [m["id"] for m in again["product"]["media"]["nodes"]] == [m["id"] for m in shown]
    assert {n: c for n, (_, c) in files(shop).items()} == {"known.jpg": 1, "fresh.jpg": 1}


def test_a_variant_shows_a_file_of_its_product(shop: Client) -> None:
    source = shop.uploaded()
    given = product("k1", files=[{"originalSource": source}])
    given["input"]["variants"][0]["file"] = {"originalSource": source}
    answer = shop.ask(SET, **given)["productSet"]
    assert answer["userErrors"] == []
    read = "query ($id: ID!) { productVariant(id: $id) { media(first: 5) { nodes { id } } } }"
    identity = answer["product"]["variants"]["nodes"][0]["id"]
    media = shop.ask(read, id=identity)["productVariant"]["media"]["nodes"]
    assert media == answer["product"]["media"]["nodes"]
    assert [count for _, count in files(shop).values()] == [1]


def test_the_mark_of_the_content_is_left_out_of_the_books(shop: Client) -> None:
    digest = hashlib.sha256(JPEG).hexdigest()
    create(shop, {"originalSource": shop.uploaded(), "filename": f"sea-{digest[:12]}.jpg"})
    create(shop, {"originalSource": shop.uploaded(OTHER), "filename": "sea-0123456789ab.jpg"})
    assert set(files(shop)) == {"sea.jpg", "sea-0123456789ab.jpg"}


def test_files_change_and_go(shop: Client) -> None:
    update = """mutation ($files: [FileUpdateInput!]!) {
      fileUpdate(files: $files) { files { id alt } userErrors { code } } }"""
    delete = """mutation ($ids: [ID!]!) {
      fileDelete(fileIds: $ids) { deletedFileIds userErrors { code } } }"""
    (one,), _ = create(shop, {"originalSource": shop.uploaded()})
    made = shop.set("k1")["product"]
    early = shop.ask(update, files=[{"id": one, "alt": "B"}])["fileUpdate"]
    assert [e["code"] for e in early["userErrors"]] == ["NON_READY_STATE"]
    assert states(shop, one, one) == ["UPLOADED", "READY"]
    change = {"id": one, "alt": "B", "referencesToAdd": [made["id"]]}
    done = shop.ask(update, files=[change])["fileUpdate"]
    assert done == {"files": [{"id": one, "alt": "B"}], "userErrors": []}
    shown = shop.there("k1")
    assert shown is not None
    assert [m["id"] for m in shown["media"]["nodes"]] == [one]
    assert shop.ask(delete, ids=[one])["fileDelete"] == {"deletedFileIds": [one], "userErrors": []}
    missing = shop.ask(delete, ids=[one])["fileDelete"]
    assert [e["code"] for e in missing["userErrors"]] == ["FILE_DOES_NOT_EXIST"]
    bare = shop.there("k1")
    assert bare is not None and bare["media"]["nodes"] == []


def test_a_place_behind_another_address_is_known_by_its_path(shop: Client) -> None:
    source = shop.uploaded()
    moved = f"http://127.0.0.1:1{urlsplit(source).path}"
    (one,), errors = create(shop, {"originalSource": moved})
    assert errors == [] and states(shop, one, one) == ["UPLOADED", "READY"]


def test_many_places_in_one_request(shop: Client) -> None:
    wanted = {
        "filename": "a.jpg",
        "mimeType": "image/jpeg",
        "resource": "IMAGE",
        "httpMethod": "POST",
    }
    answer = shop.ask(STAGE, input=[wanted] * 40)["stagedUploadsCreate"]
    assert len({t["resourceUrl"] for t in answer["stagedTargets"]}) == 40
    video = wanted | {"resource": "VIDEO"}
    refused = shop.ask(STAGE, input=[wanted, video])["stagedUploadsCreate"]
    assert refused["stagedTargets"] == [] and refused["userErrors"][0]["field"] == [
        "input",
        "1",
        "fileSize",
    ]


def test_addresses_are_those_under_which_the_client_came(shop: Client) -> None:
    headers = {
        "Host": "127.0.0.1:1",
        "X-Shopify-Access-Token": shop.token,
        "Content-Type": "application/json",
    }
    wanted = {"filename": "a.jpg", "mimeType": "image/jpeg", "resource": "IMAGE"}
    body = json.dumps({"query": STAGE, "variables": {"input": [wanted]}}).encode()
    hosts = []
    for host in ("127.0.0.1:1", "sandbox-shop.myshopify.com"):
        _, _, data = shop.send(
            "POST", "/admin/api/2026-07/graphql.json", body, headers | {"Host": host}
        )
        target = json.loads(data)["data"]["stagedUploadsCreate"]["stagedTargets"][0]
        hosts.append(urlsplit(target["url"]).netloc)
    assert hosts == ["127.0.0.1:1", urlsplit(shop.settings["BASE_URL"]).netloc]
