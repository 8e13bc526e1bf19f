"""A shop, the bucket that its downloads lie in, and a feed of what it sells: one push, then small changes.

Each change is looked for in the books of the other side: one price is one write, one picture one upload, one
member one archive and one switched link. Nothing ever points at a file that is not there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from shapes import Factory
from small_project import AI, PACK, grain, manifest
from stagehand import World

HOST, SHOP, FEED = "bundles", "woocommerce", "google-merchant"
SOLD = {HOST: (PACK,), SHOP: (*AI, PACK), FEED: (*AI, PACK)}
ACCOUNTS = {
    HOST: {"retire_after_days": 0},
    SHOP: {"follows": HOST},
    FEED: {"follows": SHOP},
}


@pytest.fixture(scope="module")
def world(module_world: Factory) -> World:
    """Everything is published; the tests of this file build on each other, in their order."""
    return module_world(SOLD, accounts=ACCOUNTS, data=sold(), warm=False)


def sold(price: str = "19.00", members: Sequence[str] = AI) -> dict[str, Any]:
    """Prints of each work, the first one at ``price``, and a pack of some of them to download."""
    data = manifest(AI)
    data["defaults"]["offer"]["product"] = "physical"
    data["bundles"][0]["offer"]["product"] = "digital"
    data["bundles"][0]["assets"] = list(members)
    variant = {"id": "standard", "title": "Standard licence", "price": price}
    data["assets"][0]["offer"] = {"currency": "EUR", "product": "physical", "variants": [variant]}
    return data


def shop(world: World) -> Any:
    assert world.boxes is not None
    return world.boxes.boxes[SHOP]


def product(world: World, sku: str) -> dict[str, Any]:
    """A product as the shop has it."""
    found: dict[str, Any] = shop(world).shop.books.with_sku(sku)
    return found


def writes_since(world: World, start: int) -> list[tuple[str, str]]:
    """Requests that changed something at the shop; the preflight asks with an empty batch whether it may."""
    seen = shop(world).seen()[start:]
    return [(s.method, s.path) for s in seen if s.method != "GET" and s.body != {}]


def archives(world: World) -> set[str]:
    return {o.key for o in world.server(HOST).landed() if o.key.endswith(".zip")}


def reachable(world: World) -> int:
    """Status of the pack's download, as the shop links to it."""
    (download,) = product(world, PACK)["downloads"]
    return 200 if any(download["file"].endswith(f"/{key}") for key in archives(world)) else 404


def entries(world: World) -> dict[str, dict[str, Any]]:
    assert world.boxes is not None
    landed = world.boxes.boxes[FEED].landed()
    assert all(entry.count == 1 for entry in landed)
    return {e.key: dict(e.fields) for e in landed if "/" not in e.key}


def left_to_do(world: World) -> dict[str, str]:
    idle = {"unchanged", "held", "denied"}
    return {k: w for k, w in world.cli("plan", "--json").words().items() if w not in idle}


def test_one_push_serves_the_host_the_shop_and_the_feed_in_that_order(world: World) -> None:
    planned = world.cli("plan", "--json").words()
    assert planned[f"{PACK}@{SHOP}"] == "waiting"
    assert planned[f"{AI[0]}@{FEED}"] == "waiting"
    pushed = world.cli("push", "--json")
    assert pushed.code == 0, pushed.document
    words = pushed.words()
    assert words[f"{PACK}@{HOST}"] == "published"
    assert {words[f"{i}@{SHOP}"] for i in SOLD[SHOP]} == {"published"}
    assert {words[f"{i}@{FEED}"] for i in AI} == {"published"}
    assert reachable(world) == 200
    for item in AI:
        link = entries(world)[item]["link"]
        assert link == product(world, item)["permalink"], "a feed entry leads to the shop's page"
        seen = httpx.get(entries(world)[item]["image_link"])
        assert seen.headers["content-type"] == "image/jpeg"
        assert b"trainedAlgorithmicMedia" in seen.content, "and its picture says what it is"
    assert left_to_do(world) == {}


def test_one_price_is_one_write_and_nothing_else(world: World) -> None:
    world.write_manifest(sold("21.00"))
    start, before = len(shop(world).seen()), archives(world)
    done = world.cli("sync", "prices", "--json")
    assert done.code == 0, done.document
    words = {k: w for k, w in done.words().items() if w != "unchanged"}
    assert words == {f"{AI[0]}@{SHOP}": "updated", f"{AI[0]}@{FEED}": "updated"}
    assert len(writes_since(world, start)) == 1, "one variant, one write"
    assert product(world, AI[0])["regular_price"] == "21.00"
    assert product(world, AI[1])["regular_price"] == "19.00"
    assert archives(world) == before
    assert entries(world)[AI[0]]["price"] == "21.00 EUR", "the feed says what the page says"
    assert left_to_do(world) == {}


def test_one_picture_is_one_upload(world: World) -> None:
    before = {(o.key, o.sha256) for o in shop(world).landed() if not o.key.endswith(".json")}
    (world.folder / "masters" / f"{AI[1]}.png").unlink()
    grain(world.folder / "masters" / f"{AI[1]}.png", 99)
    start = len(shop(world).seen())
    pushed = world.cli("push", "--json", "--account", SHOP, "--item", AI[1])
    assert pushed.code == 0, pushed.document
    uploads = [p for m, p in writes_since(world, start) if m == "POST" and "media" in p]
    assert len(uploads) == 1
    after = {(o.key, o.sha256) for o in shop(world).landed() if not o.key.endswith(".json")}
    assert len(after - before) == 1


def test_one_member_less_is_one_archive_and_one_switched_link(world: World) -> None:
    assert world.cli("push", "--json").code == 0
    (old,) = product(world, PACK)["downloads"]
    before, start = archives(world), len(shop(world).seen())
    world.write_manifest(sold("21.00", AI[:2]))
    done = world.cli("sync", "bundles", "--json")
    assert done.code == 0, done.document
    (new,) = product(world, PACK)["downloads"]
    assert new["file"] != old["file"], "the link was switched"
    assert new["id"] == old["id"], "buyers keep their download"
    assert len(writes_since(world, start)) == 1
    assert reachable(world) == 200
    assert len(archives(world) - before) == 1
    gone = {r["url"] for r in done.document["retired"] if r["gone"]}
    assert old["file"] in gone, "nobody links to it, and its grace time is over"
    again = world.cli("sync", "bundles", "--json")
    assert set(again.words().values()) <= {"unchanged"}
    assert again.document["retired"] == []


def test_a_link_for_one_customer_ends_within_seven_days(world: World) -> None:
    # Not by ``cli``: such a link names the access key, which is no secret, on purpose.
    out, _ = world.start("links", PACK, "--account", HOST, "--days", "2", "--json").communicate()
    answer = httpx.get(json.loads(out)["link"])
    assert (answer.status_code, answer.content[:2]) == (200, b"PK")
    assert world.cli("links", PACK, "--account", HOST, "--days", "8").code == 2
    assert [p for p in world.leaks() if "link" in p] == []


def test_a_change_by_hand_is_told_and_decided(world: World) -> None:
    assert world.cli("push", "--json").code == 0
    books = shop(world).shop.books
    changed = product(world, AI[2]) | {"name": "Another name, by hand"}
    books.keep("product", changed)
    read = world.cli("status", "--refresh", "--account", SHOP, "--json")
    (drift,) = read.document["drift"]
    assert (drift["item"], drift["field"]) == (AI[2], "title")
    assert drift["theirs"] == "Another name, by hand"
    assert left_to_do(world) == {}, "telling decides nothing"
    kept = world.cli("status", "--refresh", "--keep", "mine", "--account", SHOP, "--json")
    assert len(kept.document["decided"]) == 1
    assert world.cli("push", "--json").code == 0
    assert product(world, AI[2])["name"].startswith("Soft gradient")
    assert world.cli("status", "--refresh", "--account", SHOP, "--json").document["drift"] == []


def test_a_network_that_strips_marks_keeps_a_new_picture_out_of_the_feed(world: World) -> None:
    assert world.boxes is not None
    before = entries(world)[AI[0]]
    (world.folder / "masters" / f"{AI[0]}.png").unlink()
    grain(world.folder / "masters" / f"{AI[0]}.png", 77)
    world.boxes.boxes[FEED].fault("strips_xmp")
    pushed = world.cli("push", "--json", "--account", SHOP, "--account", FEED)
    assert pushed.words(FEED)[AI[0]] == "failed"
    assert pushed.words(SHOP)[AI[0]] == "updated", "the shop has its own pictures"
    assert entries(world)[AI[0]] == before
    world.boxes.boxes[FEED].clear_faults()
    assert world.cli("push", "--json").code == 0
    assert entries(world)[AI[0]]["image_link"] != before["image_link"]
    assert left_to_do(world) == {}


def test_a_feed_lets_go_before_its_shop_does(world: World) -> None:
    def withdrawn(account: str) -> str:
        done = world.cli("withdraw", AI[2], "--account", account, "--json")
        return done.words(account)[AI[2]]

    assert withdrawn(SHOP) == "held", "the feed still leads there"
    assert AI[2] in entries(world)
    assert withdrawn(FEED) == "withdrawn"
    assert AI[2] not in entries(world) and AI[0] in entries(world)
    assert withdrawn(SHOP) == "withdrawn"
    assert world.cli("push", "--json").code == 0
    assert AI[2] in entries(world)
    assert left_to_do(world) == {}


def test_a_lost_ledger_is_won_back_without_a_write(world: World) -> None:
    for path in Path(world.state).glob("ledger.sqlite*"):
        if path.is_file():
            path.unlink()
    start = len(shop(world).seen())
    planned = world.cli("adopt", "--account", SHOP, "--json")
    assert set(planned.words().values()) == {"adopt"}
    assert {i["item"] for i in planned.document["items"]} == set(SOLD[SHOP])
    digest = planned.document["digest"]
    bound = world.cli("adopt", "--account", SHOP, "--digest", digest, "--json")
    assert bound.document["adopted"] == len(SOLD[SHOP])
    assert writes_since(world, start) == []
    words = world.cli("plan", "--account", SHOP, "--json").words(SHOP)
    assert {words[i] for i in AI} == {"unchanged"}


def test_products_made_by_hand_are_known_by_their_titles_and_pictures(world: World) -> None:
    for path in Path(world.state).glob("ledger.sqlite*"):
        if path.is_file():
            path.unlink()
    books = shop(world).shop.books
    for number, item in enumerate(AI):
        made = product(world, item)
        # As somebody would have made it who never heard of us: another SKU, none of our marks.
        books.keep("product", made | {"sku": f"OLD-{number}", "meta_data": []})
    swapped = books.with_sku("OLD-2")
    books.keep("product", swapped | {"name": "A name that no work of ours has"})
    start = len(shop(world).seen())
    ours = ("--account", SHOP, "--account", HOST, "--json")
    planned = world.cli("adopt", *ours)
    grounds = {
        i["item"]: i["because"][0]["rule"]
        for i in planned.document["items"]
        if i["account"] == SHOP
    }
    assert grounds == {
        AI[0]: "adopt-by-title-and-looks",
        AI[1]: "adopt-by-title-and-looks",
        AI[2]: "adopt-by-looks",
        PACK: "adopt-by-key",
    }
    digest = planned.document["digest"]
    assert world.cli("adopt", "--digest", digest, *ours).code == 0
    assert writes_since(world, start) == [], "binding writes no shop"
    pushed = world.cli("push", *ours)
    assert {pushed.words(SHOP)[i] for i in AI} == {"updated"}, "they get our marks and our words"
    assert len([o for o in shop(world).landed() if o.key.endswith(".json")]) == len(SOLD[SHOP])
    assert {books.with_sku(f"OLD-{n}")["name"][:4] for n in range(3)} == {"Soft"}
    read = world.cli("status", "--refresh", "--account", SHOP, "--json")
    assert read.document["drift"] == []
    words = world.cli("plan", *ours).words(SHOP)
    assert {words[i] for i in SOLD[SHOP]} == {"unchanged"}
