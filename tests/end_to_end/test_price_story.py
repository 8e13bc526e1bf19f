"""Prices by themselves: one price changed, synced, seen on the page, taken back; guards with their override."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import boto3
import pytest
from shapes import Factory
from small_project import AI, PACK, manifest
from stagehand import Completed, World

SOLD = {"bundles": (PACK,)}


def priced(price: str, **more: Any) -> dict[str, Any]:
    """The manifest with the pack at that price, and nothing but what the pack needs."""
    data = manifest(AI)
    data["bundles"][0]["offer"]["variants"][0]["price"] = price
    data["bundles"][0] |= more
    return data


def card(world: World) -> dict[str, Any]:
    """What lies in the bucket beside the pack's page."""
    words: dict[str, Any] = json.loads(there(world, "listing.json"))
    return words


def there(world: World, name: str) -> bytes:
    """The bytes of the pack's page or card as the server has them."""
    place = {k.removeprefix("BUNDLES_").lower(): v for k, v in world.environment.items()}
    client = boto3.client(
        "s3",
        endpoint_url=place["endpoint_url"],
        region_name=place["region"],
        aws_access_key_id=place["access_key_id"],
        aws_secret_access_key=place["secret_access_key"],
    )
    key = next(k for k in writes(world) if k.endswith(f"{PACK}/{name}"))
    body: bytes = client.get_object(Bucket=place["bucket"], Key=key)["Body"].read()
    return body


def writes(world: World) -> dict[str, int]:
    """How often each object of the bucket was written."""
    return {o.key: o.count for o in world.server("bundles").landed()}


def changes(done: Completed) -> list[tuple[str, str, str, str]]:
    return [
        (i["item"], c["field"], c["old"], c["new"])
        for i in done.document["items"]
        for c in i["changes"]
    ]


@pytest.fixture(scope="module")
def world(module_world: Factory) -> World:
    """The pack, sold for 29.00; each test leaves it there for that price."""
    made = module_world(SOLD, data=priced("29.00"), warm=False)
    assert made.cli("push", "--json", "--account", "bundles").code == 0
    return made


def test_one_price_goes_there_and_comes_back(world: World) -> None:
    before = writes(world)
    data = priced("31.00", description="Other words that wait for the next push of everything")
    world.write_manifest(data)
    planned = world.cli("sync", "prices", "--dry-run", "--json")
    wanted = [(PACK, "price.pack", "29.00 EUR", "31.00 EUR")]
    assert changes(planned) == wanted
    assert [(p["old"], p["new"], p["percent"]) for p in planned.document["prices"]] == [
        ("29.00 EUR", "31.00 EUR", 6.9)
    ]
    assert writes(world) == before, "a dry run writes nothing"

    done = world.cli("sync", "prices", "--json")
    assert (done.code, changes(done)) == (0, wanted)
    assert done.words("bundles") == {PACK: "updated"}
    page = there(world, "index.html").decode()
    assert "31.00 EUR" in page and "29.00 EUR" not in page
    assert "Other words" not in page, "everything else waits for a push"
    after = writes(world)
    assert {k for k in after if after[k] != before.get(k)} == {
        k for k in after if k.endswith((f"{PACK}/index.html", f"{PACK}/listing.json"))
    }, "page and card, and no file"
    assert world.cli("sync", "prices", "--json").words("bundles") == {PACK: "unchanged"}
    rest = world.cli("plan", "--json", "--account", "bundles")
    assert [c[1] for c in changes(rest) if c[0] == PACK] == ["description"]

    back = world.cli("undo", "last", "--json")
    assert back.code == 0
    assert changes(back) == [(PACK, "price.pack", "31.00 EUR", "29.00 EUR")]
    assert "29.00 EUR" in there(world, "index.html").decode()
    (finding,) = [f for f in back.document["findings"] if f["code"] == "manifest-says-other"]
    assert "31.00 EUR" in finding["text"] and finding["file"] == "release.json"
    world.write_manifest(priced("29.00"))
    second = world.cli("plan", "--json", "--account", "bundles")
    assert {i["word"] for i in second.document["items"] if i["item"] == PACK} == {"unchanged"}

    listed = world.cli("runs", "--json").document["runs"]
    assert [(r["command"], r["writes"]) for r in listed[:3]] == [
        (f"undo {listed[2]['run']}", {"update": 1}),
        ("sync prices", {}),
        ("sync prices", {"update": 1}),
    ]


def test_a_big_step_is_refused_and_the_printed_override_works(world: World) -> None:
    world.write_manifest(priced("45.00"))
    before = writes(world)
    refused = world.cli("sync", "prices", "--json")
    assert refused.code == 4
    assert "more than 40 %" in refused.document["error"]["sentence"]
    assert writes(world) == before
    printed = re.search(r"publisher (sync prices .*)$", refused.document["error"]["remedy"])
    assert printed is not None
    done = world.cli(*shlex.split(printed[1]), "--json")
    assert (done.code, done.words("bundles")) == (0, {PACK: "updated"})
    assert "45.00 EUR" in there(world, "index.html").decode()
    taken = world.cli("undo", "last", "--json")
    assert taken.code == 0, "back from 45 to 29 is less than 40 %"
    world.write_manifest(priced("0"))
    nothing = world.cli("sync", "prices", "--json")
    assert nothing.code == 4 and "would be 0.00 EUR" in nothing.document["error"]["sentence"]


def test_text_for_a_person(world: World) -> None:
    world.write_manifest(priced("31.00"))
    shown = world.cli("sync", "prices", "--dry-run")
    assert re.search(r"price\.pack +29\.00 EUR +31\.00 EUR +\+6\.9", shown.out), shown.out
    assert "guards ok" in shown.out and "digest" in shown.out
    done = world.cli("sync", "prices")
    again = re.search(r"publisher (undo \d+)", done.out)
    assert again is not None and "sync prices" in world.cli("runs").out
    assert world.cli(*again[1].split()).code == 0
