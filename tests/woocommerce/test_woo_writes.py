"""One product at a time: what it says, what is sent for a change, and what happens where something is in the way."""

from __future__ import annotations

import pytest
from shopfront import (
    Shopfront,
    bundle_listing,
    changes,
    hosted,
    listing,
    repriced,
)

from publisher.errors import (
    AuthFailed,
    ConfigError,
    Conflict,
    NeedsHuman,
    OutcomeUnknown,
    PublisherError,
    SiteChanged,
    Throttled,
    Transient,
)
from publisher.listing import REMOTE, Listing, Remote, Status


def _own(remote: Remote | None) -> dict[str, object]:
    assert remote is not None
    return {k: v for k, v in remote.fields.items() if not k.startswith(REMOTE)}


def _meta(front: Shopfront, sku: str) -> dict[str, object]:
    return {m["key"]: m["value"] for m in front.product(sku)["meta_data"]}


def test_the_product_says_what_the_listing_says(either: Shopfront) -> None:
    made = listing("Glass-1", {"standard": "19.90"}, fields={"slug": "blue-dunes", "Own": "x"})
    remote = either.created(made)
    there = either.product("Glass-1")
    assert there["name"] == "Glass &amp; dunes &#91;Glass-1&#93;"
    assert there["description"] == "<p>Blue &lt;glass&gt; &amp; dunes</p>"
    assert [t["name"] for t in there["tags"]] == ["blue", "Dunes &amp; more", "glass"]
    assert [c["name"] for c in there["categories"]] == ["Arts &amp; Crafts"]
    assert (there["slug"], there["regular_price"], there["sale_price"]) == (
        "blue-dunes",
        "19.90",
        "",
    )
    assert (there["virtual"], there["downloadable"], there["status"]) == (False, False, "publish")
    meta = _meta(either, "Glass-1")
    assert meta["publisher_item"] == "Glass-1" and meta["Own"] == "x"
    assert len(there["images"]) == 1 and there["images"][0]["alt"] == there["name"]
    assert remote.status is Status.LIVE and remote.url.endswith("/product/blue-dunes/")
    assert remote.fields["remote.image"] == there["images"][0]["src"]
    for found in (
        either.session().find("Glass-1"),
        either.session().find_many(["Glass-1"])["Glass-1"],
    ):
        assert _own(found) == dict(made.fields)
    assert [r.key for page in either.session().list() for r in page] == ["Glass-1"]


def test_a_second_look_at_the_same_listing_writes_nothing(front: Shopfront) -> None:
    made = listing("a1")
    front.created(made)
    front.forget()
    again = front.created(made)
    assert front.writes() == [] and again.status is Status.LIVE


def test_check_says_what_it_found_and_writes_nothing(either: Shopfront) -> None:
    health = either.session().check()
    assert health.notes == (
        "WooCommerce 11.0.1",
        "prices in EUR",
        "pictures are uploaded by Ana Vidal",
    )
    assert either.products() == [] and either.writes() == []


def test_plain_http_to_another_machine_is_said(front: Shopfront) -> None:
    assert not front.configured().is_open
    assert front.configured(url="http://shop.example").is_open
    assert not front.configured(url="https://shop.example").is_open


def test_check_knows_a_key_that_may_only_read(front: Shopfront) -> None:
    front.box.fault("read_only_key")
    with pytest.raises(NeedsHuman, match="write permissions") as caught:
        front.session().check()
    assert "read and write" in caught.value.remedy


def test_check_compares_the_currency(front: Shopfront) -> None:
    front.options["prices"] = {"currency": "USD"}
    with pytest.raises(ConfigError, match=r"USD.*EUR"):
        front.session().check()


def test_check_knows_expired_credentials_and_a_wrong_address(front: Shopfront) -> None:
    with pytest.raises(AuthFailed) as caught:
        front.session(consumer_secret="cs_expired").check()
    assert "CONSUMER_KEY" in caught.value.remedy
    with pytest.raises(AuthFailed):
        front.session(wp_password="expired").check()
    with pytest.raises(PublisherError) as moved:
        front.session(url=front.settings["URL"] + "/blog").check()
    assert isinstance(moved.value, (NeedsHuman, SiteChanged, AuthFailed))


def test_an_untrusted_certificate_is_refused_unless_the_check_is_off_by_name(
    secure: Shopfront,
) -> None:
    with pytest.raises(AuthFailed, match="certificate") as caught:
        secure.session(tls_ca_file=None).check()
    assert "VERIFY_SSL" in caught.value.remedy
    assert secure.session(tls_ca_file=None, verify_ssl=False).check().notes
    with pytest.raises(ConfigError, match="cannot be read"):
        secure.session(tls_ca_file="/nowhere/ca.pem").check()


def test_the_key_goes_in_the_query_where_the_header_is_dropped(secure: Shopfront) -> None:
    assert secure.session(query_string_auth=True).check().notes


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"url": "shop.example"}, "URL is no address"),
        ({"url": "https://a:b@shop.example"}, "URL has more"),
        ({"url": "https://shop.example/?a=1"}, "URL has more"),
        ({"wp_username": ""}, "go together"),
    ],
)
def test_settings_that_cannot_work_are_named(
    front: Shopfront, wrong: dict[str, str], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        front.configured(**wrong)


# What is in the way


def test_a_create_whose_answer_got_lost_is_found_as_ours(front: Shopfront) -> None:
    made = listing("l1")
    front.box.fault("drop_after_commit", times=1, path="/products$")
    with pytest.raises(OutcomeUnknown):
        front.created(made)
    assert len(front.products()) == 1
    again = front.created(made)
    assert again.status is Status.LIVE and len(front.products()) == 1 and front.uploads() == 1


def test_somebody_else_s_sku_is_a_conflict_and_stays_untouched(front: Shopfront) -> None:
    front.asked("POST", "wc/v3/products", {"name": "Theirs", "sku": "c1", "regular_price": "1"})
    before = front.product("c1")
    front.began["c1.jpg"] = "0" * 64
    with pytest.raises(Conflict, match="c1") as caught:
        front.created(listing("c1"))
    assert "adopt" in caught.value.remedy
    assert front.product("c1") == before and front.uploads() == 0


def test_a_sku_that_is_taken_between_the_look_and_the_write(
    front: Shopfront, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = listing("c2")
    session = front.session()
    monkeypatch.setattr(session.catalogue, "by_sku", lambda _keys, trash=True: {})
    front.asked("POST", "wc/v3/products", {"name": "Theirs", "sku": "c2"})
    with pytest.raises(Conflict):
        front.created(made, session=session)
    assert front.product("c2")["name"] == "Theirs"


def test_ours_in_the_trash_is_brought_back_and_theirs_is_not(front: Shopfront) -> None:
    made = listing("t1")
    remote = front.created(made)
    front.asked("DELETE", f"wc/v3/products/{remote.id}")
    found = front.session().find("t1")
    assert found is not None and (found.status, found.reason) == (
        Status.GONE,
        "it is in the shop's trash",
    )
    assert front.session().find("t1", [s.file for s in front.staged(made)]).status is Status.PARTIAL  # type: ignore[union-attr]
    again = front.created(made)
    assert (again.id, again.status) == (remote.id, Status.LIVE)
    front.asked("DELETE", f"wc/v3/products/{remote.id}")
    front.began.clear()
    with pytest.raises(Conflict, match="trash") as caught:
        front.created(made)
    assert caught.value.remedy
    assert front.product("t1")["status"] == "trash"


def test_withdrawn_it_is_a_draft_and_can_come_back(front: Shopfront) -> None:
    made = listing("d1")
    remote = front.created(made)
    assert front.session().withdraw(remote).remote.status is Status.GONE
    assert (
        front.product("d1")["status"] == "draft" and front.session().status(remote) is Status.GONE
    )
    front.forget()
    front.session().withdraw(remote)
    front.session().withdraw(Remote("999", "d1"))
    assert front.writes() == []
    assert front.created(made).status is Status.LIVE and len(front.products()) == 1


def test_a_product_that_somebody_deleted_is_a_conflict_for_a_change(front: Shopfront) -> None:
    made = listing("e1")
    remote = front.created(made)
    front.asked("DELETE", f"wc/v3/products/{remote.id}", force="true")
    for changed in (listing("e1", title="Other"), repriced(made, price__standard="5.00 EUR")):
        with pytest.raises(Conflict, match="gone") as caught:
            front.session().update(remote, changed, changes(made, changed), ())
        assert "--as absent" in caught.value.remedy
    assert front.products() == []


# Changes


@pytest.mark.parametrize(
    ("words", "moved"),
    [
        ({"title": "Other"}, {"name", "short_description"}),
        ({"description": "Other"}, {"description"}),
        ({"keywords": ("other",)}, {"tags"}),
        ({"categories": ("Images > Nature",)}, {"categories"}),
    ],
)
def test_a_change_sends_what_it_names(
    front: Shopfront, words: dict[str, object], moved: set[str]
) -> None:
    made = listing("u1")
    remote = front.created(made)
    before = front.product("u1")
    changed = listing("u1", **words)
    front.session().update(remote, changed, changes(made, changed), front.staged(changed))
    after = front.product("u1")
    assert {k for k in after if after[k] != before[k]} == moved | {"meta_data"}
    assert _own(front.session().find("u1")) == dict(changed.fields)
    assert front.uploads() == 1


def test_what_a_person_changed_there_stays_when_something_else_changes(front: Shopfront) -> None:
    made = listing("u2")
    remote = front.created(made)
    by_hand = {"description": "<p>Written <b>there</b></p>", "catalog_visibility": "hidden"}
    front.asked("PUT", f"wc/v3/products/{remote.id}", by_hand)
    found = front.session().find("u2")
    assert found is not None and found.fields["description"] == "Written there"
    changed = listing("u2", title="Other")
    front.session().update(remote, changed, changes(made, changed), front.staged(changed))
    after = front.product("u2")
    assert {k: after[k] for k in by_hand} == by_hand


def test_another_picture_is_one_upload_and_one_change(front: Shopfront) -> None:
    made = listing("i1")
    remote = front.created(made)
    first = front.product("i1")["images"][0]["id"]
    changed = repriced(made, file="another")
    front.forget()
    staged = front.staged(changed, "another")
    front.session().update(remote, changed, changes(made, changed), staged)
    assert front.writes() == [("POST", "/wp/v2/media"), ("PUT", f"/wc/v3/products/{remote.id}")]
    (image,) = front.product("i1")["images"]
    assert image["id"] != first and front.uploads() == 2
    found = front.session().find("i1")
    assert found is not None
    assert found.fields["remote.held"] == (f"{staged[0].file.sha256}={image['id']}",)


def test_a_picture_that_the_ledger_knows_is_not_sent_again(front: Shopfront) -> None:
    made = listing("h1")
    remote = front.created(made)
    (pair,) = remote.fields["remote.held"]  # type: ignore[misc]
    sha, _, number = str(pair).partition("=")
    front.asked("DELETE", f"wc/v3/products/{remote.id}", force="true")
    front.held[sha] = number
    front.forget()
    front.created(made)
    assert ("POST", "/wp/v2/media") not in front.writes() and front.uploads() == 1
    # Deleted there, it goes up again, however sure the ledger is.
    front.box.shop.books.forget("media", int(number))
    front.asked("DELETE", f"wc/v3/products/{front.product('h1')['id']}", force="true")
    front.created(made)
    assert front.uploads() == 1 and front.product("h1")["images"][0]["id"] != int(number)


def test_an_upload_whose_answer_got_lost_is_found_by_its_name(front: Shopfront) -> None:
    made = listing("o1")
    front.box.fault("drop_after_commit", times=1, path="/wp/v2/media")
    with pytest.raises(Transient):
        front.created(made)
    assert front.uploads() == 1 and front.products() == []
    front.created(made)
    assert front.uploads() == 1 and len(front.product("o1")["images"]) == 1


def test_a_product_that_cannot_be_uploaded_leaves_nothing_visible(front: Shopfront) -> None:
    front.box.fault("media_500")
    with pytest.raises(Transient):
        front.created(listing("o2"))
    assert front.products() == [] and front.sendings == 0


# Downloads


def test_a_bundle_s_download_is_switched_and_keeps_its_id(front: Shopfront) -> None:
    made = bundle_listing("pack", hosted("one"))
    remote = front.created(made)
    there = front.product("pack")
    assert (there["virtual"], there["downloadable"], there["status"]) == (True, True, "publish")
    (first,) = there["downloads"]
    assert remote.fields["remote.download"] == first["file"]
    switched = bundle_listing("pack", hosted("two"))
    assert {c.field for c in changes(made, switched)} == {"download"}
    front.forget()
    front.session().update(remote, switched, changes(made, switched), front.staged(switched))
    assert front.writes() == [("PUT", f"/wc/v3/products/{remote.id}")]
    (second,) = front.product("pack")["downloads"]
    assert second["id"] == first["id"] and second["file"].endswith("/two/pack.zip")
    assert front.uploads() == 1


def test_without_a_file_to_sell_it_stays_a_draft(front: Shopfront) -> None:
    made = bundle_listing("pack", None)
    assert made.fields["status"] == "draft" and any("Add the file" in t for t in made.tasks)
    remote = front.created(made)
    assert remote.status is Status.PREPARED and front.product("pack")["status"] == "draft"
    filled = bundle_listing("pack", hosted("one"))
    front.session().update(remote, filled, changes(made, filled), front.staged(filled))
    there = front.product("pack")
    assert there["status"] == "publish" and there["downloadable"]


# Variants


LICENCES = {"standard": "19.00", "extended": "79.00"}


def _variations(front: Shopfront) -> dict[str, dict[str, object]]:
    return {v["sku"]: v for v in front.box.shop.books.all("variation")}


def test_several_variants_are_variations_of_one_product(front: Shopfront) -> None:
    made = listing("v1", LICENCES)
    remote = front.created(made)
    there = front.product("v1")
    assert (there["type"], there["status"]) == ("variable", "publish")
    assert there["attributes"][0]["options"] == ["Standard", "Extended"]
    assert {s: v["regular_price"] for s, v in _variations(front).items()} == {
        "v1-standard": "19.00",
        "v1-extended": "79.00",
    }
    assert remote.status is Status.LIVE
    assert _own(front.session().find("v1")) == dict(made.fields)


def test_a_product_whose_variations_are_missing_is_hidden_and_partial(front: Shopfront) -> None:
    made = listing("v2", LICENCES)
    front.box.fault("drop_before_commit", path="/variations")
    with pytest.raises(OutcomeUnknown):
        front.created(made)
    assert front.product("v2")["status"] == "draft"
    found = front.session().find("v2", [s.file for s in front.staged(made)])
    assert found is not None and found.status is Status.PARTIAL
    front.box.clear_faults()
    front.created(made)
    assert front.product("v2")["status"] == "publish" and len(_variations(front)) == 2
    assert _own(front.session().find("v2")) == dict(made.fields)


def test_a_variant_that_is_no_longer_offered_is_hidden_and_not_deleted(front: Shopfront) -> None:
    made = listing("v3", {**LICENCES, "poster": "120.00"})
    remote = front.created(made)
    fewer = listing("v3", LICENCES)
    front.session().update(remote, fewer, changes(made, fewer), front.staged(fewer))
    assert {s: v["status"] for s, v in _variations(front).items()} == {
        "v3-standard": "publish",
        "v3-extended": "publish",
        "v3-poster": "private",
    }
    assert _own(front.session().find("v3")) == dict(fewer.fields)
    front.session().update(remote, made, changes(fewer, made), front.staged(made))
    assert _variations(front)["v3-poster"]["status"] == "publish"


def test_one_variant_becomes_two(front: Shopfront) -> None:
    made = listing("v4", {"standard": "19.00"})
    remote = front.created(made)
    more = listing("v4", LICENCES)
    front.session().update(remote, more, changes(made, more), front.staged(more))
    assert front.product("v4")["type"] == "variable" and len(_variations(front)) == 2
    assert _own(front.session().find("v4")) == dict(more.fields)


# Reads


def test_a_list_that_does_not_add_up_raises(front: Shopfront) -> None:
    front.created(listing("n1"))
    front.box.fault("wrong_total")
    with pytest.raises(Transient, match="counts 2"):
        list(front.session().list())


def test_a_busy_shop_says_for_how_long(front: Shopfront) -> None:
    front.box.fault("refuse_429", after=17)
    with pytest.raises(Throttled) as caught:
        front.session().find("x")
    assert caught.value.after == 17
    front.box.fault("refuse_429")
    with pytest.raises(Throttled) as silent:
        front.session().find("x")
    assert silent.value.after > 0


def test_a_slow_shop_is_waited_for_and_given_up(front: Shopfront) -> None:
    made = listing("s1")
    front.created(made)
    front.box.fault("slow", seconds=0.6)
    with pytest.raises(Transient):
        front.session(timeout=0.2).find("s1")
    assert front.session(timeout=5).find("s1") is not None


def test_a_picture_is_fetched_without_a_login(front: Shopfront) -> None:
    made = listing("b1")
    front.created(made)
    found = front.session().find("b1")
    assert found is not None and found.picture
    assert front.session().picture(found) == front.staged(made)[0].file.path.read_bytes()
    assert front.session().picture(Remote("1", "b1")) is None


def _linked(name: str, address: str) -> Listing:
    return listing(name, fields={"image_link": address})


def test_without_a_login_for_files_a_picture_is_linked_and_fetched_once(front: Shopfront) -> None:
    session = front.session(wp_username="", wp_password=None)
    made = _linked("k1", "https://cdn.example/k1.jpg")
    remote = front.created(made, session=session)
    assert front.uploads() == 1 and len(front.product("k1")["images"]) == 1
    changed = listing("k1", title="Other", fields={"image_link": "https://cdn.example/k1.jpg"})
    session.update(remote, changed, changes(made, changed), front.staged(changed))
    assert front.uploads() == 1 and len(front.product("k1")["images"]) == 1
    bare = session.create(listing("k2"), front.staged(listing("k2")), "k2")
    assert any("Add a picture" in task for task in bare.tasks)
