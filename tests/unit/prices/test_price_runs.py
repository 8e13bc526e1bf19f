"""Syncing prices and undoing runs through the ordinary engine, against a real bucket and a real folder."""

from __future__ import annotations

import json
import shutil

import pytest
from pricing_shop import Shop

from channels.bundles.sandbox import AdapterSandbox
from publisher.errors import ConfigError, UnsafePlan
from publisher.guards import Guard
from publisher.ledger.bind import fold
from publisher.listing import Status
from publisher.plan import Plan, Word
from publisher.price_sync import price_document
from publisher.runs import chosen_run, runs_document


def changed(plan: Plan, account: str = "bundles") -> list[tuple[str, object, object]]:
    return [(c.field, c.old, c.new) for i in plan.items if i.account == account for c in i.changes]


def words(plan: Plan) -> dict[str, str]:
    return {i.account: i.word.value for i in plan.items}


def codes(plan: Plan) -> list[tuple[str, str]]:
    return [(f.account, f.code) for f in plan.findings]


def test_only_prices_go_out_and_the_rest_waits(shop: Shop) -> None:
    (picture,) = shop.outbox.glob("*.jpg")
    first = picture.read_bytes()
    shop.pack |= {"offer": shop.offer("31.00"), "title": "Another name for the pack"}
    plan = shop.prices()
    assert words(plan) == {"bundles": "update", "handoff": "update"}
    assert changed(plan) == [("price.pack", "29.00 EUR", "31.00 EUR")]
    assert {len(x.files) for x in plan.listings.values()} == {0}
    result = shop.sync()
    assert result.exit_code == 0
    page = shop.page()
    assert "31.00 EUR, 90.00 EUR" in page and "Another name" not in page
    there = shop.ledger.bindings()
    assert {b.fields["price.pack"] for b in there.values()} == {"31.00 EUR"}
    assert {b.fields["title"] for b in there.values()} == {"A pack of one wallpaper"}
    assert all(b.files for b in there.values()), "the files are known as before"
    listed = (shop.outbox / "checklist.md").read_text("utf-8")
    assert "31.00 EUR" in listed and "Another name" not in listed
    assert picture.read_bytes() == first, "its picture stays in the pack"
    assert words(shop.prices()) == {"bundles": "unchanged", "handoff": "unchanged"}
    rest = shop.whole(shop.workspace)
    assert [c[0] for c in changed(rest)] == ["content", "title"]


def test_the_digest_of_a_plan_covers_its_prices(planned: Shop) -> None:
    before = planned.whole(planned.workspace).digest
    planned.rules = '[prices.rules.up]\nmarkup = 10\n[accounts.handoff.prices]\nrules = "up"\n'
    after = planned.whole(planned.workspace)
    assert after.digest != before
    assert changed(after, "handoff") == [
        ("price.pack", "29.00 EUR", "31.90 EUR"),
        ("price.team", "90.00 EUR", "99.00 EUR"),
    ]
    assert changed(after) == []


def test_guards_work_per_variant(shop: Shop) -> None:
    shop.pack["offer"] = shop.offer("29.00")
    shop.pack["offer"]["variants"][1]["price"] = "127.00"
    with pytest.raises(UnsafePlan) as caught:
        shop.sync()
    assert "price.team would go from 90.00 to 127.00 EUR, more than 40 %" in caught.value.sentence
    assert "price.pack" not in caught.value.sentence
    assert "publisher sync prices --account bundles --digest" in caught.value.remedy
    assert "90.00 EUR" in shop.page()
    shop.pack["offer"]["currency"] = "USD"
    with pytest.raises(UnsafePlan, match="another currency"):
        shop.sync()
    assert shop.sync(Guard.PRICE_CHANGE).exit_code == 0
    assert "127.00 USD" in shop.page()


def test_a_missing_rate_holds_and_changes_nothing(planned: Shop) -> None:
    planned.rules = '[accounts.handoff.prices]\ncurrency = "USD"\n'
    plan = planned.prices()
    assert words(plan) == {"bundles": "unchanged", "handoff": "held"}
    (because,) = next(i for i in plan.items if i.account == "handoff").because
    assert because.rule == "price-rate" and "[[prices.rates]]" in because.text
    assert ("handoff", "price-rate") in codes(plan)


def test_what_may_not_be_written_to_is_held_with_its_reason(planned: Shop) -> None:
    planned.pack |= {"offer": planned.offer("31.00"), "channels": {"bundles": {"publish": False}}}
    plan = planned.prices()
    assert words(plan) == {"bundles": "held", "handoff": "update"}
    assert changed(plan) == [("price.pack", "29.00 EUR", "31.00 EUR")]
    document = price_document(plan)
    assert [(p["account"], p["word"], p["percent"]) for p in document["prices"]] == [
        ("bundles", "held", 6.9), ("handoff", "update", 6.9)]  # fmt: skip


def test_undo_restores_and_undo_of_undo_restores_again(shop: Shop) -> None:
    shop.pack["offer"] = shop.offer("31.00")
    synced = shop.sync().run
    plan = shop.back()
    assert changed(plan) == [("price.pack", "31.00 EUR", "29.00 EUR")]
    listing = plan.listings["pack", "bundles"]
    assert listing.fields["price.pack"] == "29.00 EUR", "for an adapter that reads the listing"
    assert ("bundles", "manifest-says-other") in codes(plan)
    assert shop.undo().exit_code == 0
    assert "29.00 EUR" in shop.page()
    shop.pack["offer"] = shop.offer("29.00")
    assert words(shop.whole(shop.workspace)) == {"bundles": "unchanged", "handoff": "unchanged"}
    assert changed(shop.back(str(synced))) == [], "the first run is taken back already"
    assert shop.undo().exit_code == 0
    assert "31.00 EUR" in shop.page()
    commands = [r["command"] for r in runs_document(shop.ledger)["runs"]]
    assert commands == ["undo last", "undo last", "sync prices", "push"]
    assert fold(shop.ledger.events()) == shop.ledger.bindings()


def test_a_sale_that_was_begun_is_undone_to_the_last_field(shop: Shop) -> None:
    sale = {"from": "2026-11-01T00:00Z", "until": "2026-12-01T00:00Z", "percent": 10}
    shop.pack["offer"] = shop.offer("29.00", sale=sale)
    begun = shop.prices()
    assert changed(begun)[:2] == [
        ("compare_at.pack", None, "29.00 EUR"), ("compare_at.team", None, "90.00 EUR")]  # fmt: skip
    assert shop.sync().exit_code == 0
    assert "26.10 EUR (usually 29.00 EUR)" in shop.page()
    assert shop.undo().exit_code == 0
    assert "usually" not in shop.page()
    assert "compare_at" not in shop.page("listing.json")
    shop.now = shop.now.replace(month=12)
    assert words(shop.prices()) == {"bundles": "unchanged", "handoff": "unchanged"}


def test_a_later_run_is_not_undone_by_accident(shop: Shop) -> None:
    found = []
    for price in ("31.00", "35.00"):
        shop.pack["offer"] = shop.offer(price)
        found.append(shop.sync().run)
    first, second = found
    with pytest.raises(UnsafePlan) as caught:
        shop.back(str(first))
    assert f"run {second} changed price.pack of pack at bundles" in caught.value.sentence
    assert f"publisher undo {first} --over {second}" in caught.value.remedy
    plan = shop.back(str(first), over=[second])
    assert changed(plan) == [("price.pack", "35.00 EUR", "29.00 EUR")]
    assert shop.undo(str(second)).exit_code == 0
    assert changed(shop.back(str(first))) == [("price.pack", "31.00 EUR", "29.00 EUR")]


def test_texts_come_back_with_the_files_and_without_losing_a_declaration(shop: Shop) -> None:
    shop.pack |= {"description": "Other words for the same pack", "offer": shop.offer("31.00")}
    pushed = shop.carry_out(shop.whole(shop.workspace), "push")
    assert pushed.exit_code == 0 and "Other words" in shop.page()
    plan = shop.back()
    assert [c[0] for c in changed(plan)] == ["description", "price.pack"]
    assert plan.listings["pack", "bundles"].files
    assert shop.undo().exit_code == 0
    page = shop.page()
    assert "One wallpaper in full size" in page and "29.00 EUR" in page


def test_what_cannot_be_taken_back_is_named(shop: Shop) -> None:
    plan = shop.back("last")
    assert plan.items == () and plan.nothing_to_do
    assert [(f.code, f.remedy) for f in plan.findings] == [
        ("not-undone", "publisher withdraw pack --account bundles"),
        ("not-undone", "publisher withdraw pack --account handoff"),
    ]
    shop.pack |= {"title": "Another name for the pack", "offer": shop.offer("31.00")}
    assert shop.carry_out(shop.whole(shop.workspace), "push").exit_code == 0
    mixed = shop.back()
    assert changed(mixed) == [("price.pack", "31.00 EUR", "29.00 EUR")], (
        "its archive is another one"
    )
    assert any(
        f.code == "not-undone" and "its files were replaced" in f.text for f in mixed.findings
    )
    shop.rules = "enabled = false\n"  # of the account that stands last in the file
    unused = shop.back()
    assert words(unused) == {"bundles": "update"}
    assert any("that account is not in use here" in f.text for f in unused.findings)
    shop.rules = ""
    shop.ledger.release("bundles", "pack", shop.now, "gone")
    gone = shop.back()
    assert words(gone) == {"handoff": "update"}
    assert any("is not at bundles any more" in f.text for f in gone.findings)


def test_the_last_run_is_one_that_wrote(shop: Shop) -> None:
    wrote = chosen_run(shop.ledger, "last")
    assert shop.sync().run > wrote
    assert chosen_run(shop.ledger, "last") == wrote
    with pytest.raises(ConfigError, match="there is no run '99'"):
        chosen_run(shop.ledger, "99")


@pytest.mark.parametrize("lost", [1, 2, pytest.param(3, marks=pytest.mark.rare)])
def test_answers_that_get_lost_never_leave_a_wrong_price(
    shop: Shop, bucket: AdapterSandbox, lost: int
) -> None:
    shop.pack["offer"] = shop.offer("31.00")
    plan = shop.prices()
    bucket.fault("drop_after_commit", times=lost)
    first = shop.carry_out(plan, "sync prices")
    bucket.clear_faults()
    assert first.counts("bundles") in ({"updated": 1}, {"unknown": 1}, {"failed": 1})
    shop.carry_out(shop.whole(shop.workspace), "push")
    bound = shop.ledger.binding("bundles", "pack")
    assert bound is not None and bound.fields["price.pack"] == "31.00 EUR"
    assert "31.00 EUR" in shop.page()
    assert shop.ledger.unsettled() == []
    assert words(shop.prices()) == {"bundles": "unchanged", "handoff": "unchanged"}


def test_a_pack_that_somebody_took_away_gets_no_price(shop: Shop) -> None:
    shutil.rmtree(shop.outbox)
    shop.pack["offer"] = shop.offer("31.00")
    result = shop.sync()
    words = {o.planned.account: o.done.value for o in result.outcomes}
    assert words == {"bundles": "updated", "handoff": "failed"}
    (failed,) = [o.error for o in result.outcomes if o.error is not None]
    assert "is not there any more" in failed.sentence and not shop.outbox.exists()


def test_a_page_from_before_says_why_its_price_cannot_change_alone(shop: Shop) -> None:
    import boto3

    card = json.loads(shop.page("listing.json"))
    del card["page"]
    client = boto3.client(
        "s3", endpoint_url=shop.place["ENDPOINT_URL"], region_name=shop.place["REGION"],
        aws_access_key_id=shop.place["ACCESS_KEY_ID"],
        aws_secret_access_key=shop.place["SECRET_ACCESS_KEY"],
    )  # fmt: skip
    body = json.dumps(card).encode()
    client.put_object(Bucket=shop.place["BUCKET"], Key="pack/listing.json", Body=body)
    shop.pack["offer"] = shop.offer("31.00")
    result = shop.sync()
    (failed,) = [o for o in result.outcomes if o.planned.account == "bundles"]
    assert failed.error is not None and "cannot be changed alone" in failed.error.sentence
    bound = shop.ledger.binding("bundles", "pack")
    assert bound is not None and bound.status is Status.LIVE
    assert bound.fields["price.pack"] == "29.00 EUR"
    assert Word.UPDATE in {i.word for i in shop.prices().items}
