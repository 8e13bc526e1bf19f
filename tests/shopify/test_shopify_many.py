"""Many products at once: a handful of requests, and still nothing twice, nothing lost and no wrong price."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from shop_floor import Floor, done

from publisher.errors import OutcomeUnknown, Rejected, Throttled
from publisher.listing import Remote, Status
from publisher.plan import Done

FloorOf = Callable[[int], Floor]
UPLOADS = {"upload", "stagedUploadsCreate"}


def _beside_uploads(floor: Floor) -> dict[str, int]:
    return {name: n for name, n in floor.asked().items() if name not in UPLOADS}


def test_below_the_threshold_each_product_is_one_productset(floor_of: FloorOf) -> None:
    floor = floor_of(60)
    assert done(floor.push()) == {"published": 60}
    asked = floor.asked()
    assert asked["productSet"] == 60 and asked["upload"] == 60
    # The sales channel does not take new products by itself in this shop.
    assert asked["publishablePublish"] == 60
    assert asked["stagedUploadsCreate"] <= 12
    others = {"productSet", "upload", "publishablePublish", "stagedUploadsCreate"}
    assert sum(n for name, n in asked.items() if name not in others) <= 2, asked
    assert floor.refused() <= 3, "requests were sent without the points for them"
    assert len(floor.shop.requests()) - sum(asked.values()) <= 12
    floor.right()


def test_without_sales_channels_nothing_follows_the_productset(floor_of: FloorOf) -> None:
    floor = floor_of(5)
    floor.settings["PUBLICATIONS"] = ""
    floor.push()
    assert floor.asked()["productSet"] == 5 and floor.asked()["publishablePublish"] == 0


def test_points_of_a_product_are_those_of_the_formula(floor_of: FloorOf) -> None:
    floor = floor_of(20)
    floor.settings["PUBLICATIONS"] = ""
    floor.push()
    listing = floor.listing(floor.ws.items[0])
    metafields = 5 + sum(n.startswith("meta.") for n in listing.fields)
    formula = 10 + 0.2 * 3 + 1.9 + 0.4 * metafields
    paid = floor.shop.points()["productSet"] / 20
    # The shop counts the lists that the answer shows as well: three variants, a picture, their pages.
    assert formula <= paid <= formula + 12


def test_a_batch_takes_a_handful_of_requests(floor_of: FloorOf) -> None:
    floor = floor_of(120)
    floor.batches(50, 1000)
    assert done(floor.push()) == {"published": 120}
    asked = _beside_uploads(floor)
    # The first product goes alone, to see that all is well; then one run makes them and one shows them.
    assert asked["productSet"] == 1 and asked["publishablePublish"] == 1
    assert asked["bulkOperationRunMutation"] == 2
    assert sum(asked.values()) <= 9, asked
    assert floor.asked()["upload"] == 120 + 2
    floor.right()
    assert floor.plan().nothing_to_do


def test_prices_of_many_change_in_one_run_and_touch_nothing_else(floor_of: FloorOf) -> None:
    floor = floor_of(60)
    floor.batches(20, 1000)
    floor.push()
    floor.forget()
    for place in range(60):
        floor.reprice(place, "ext", "59.50")
    assert done(floor.push()) == {"updated": 60}
    asked = floor.asked()
    assert asked["productSet"] == 0
    # The first goes alone.
    assert asked["productVariantsBulkUpdate"] == 1
    assert asked["bulkOperationRunMutation"] == 1 and asked["upload"] == 1
    floor.right()


def test_words_and_pictures_of_many_change_in_a_few_runs(floor_of: FloorOf) -> None:
    floor = floor_of(40)
    floor.batches(10, 1000)
    floor.push()
    floor.forget()
    for place in range(40):
        floor.change(place, title=f"Glass dunes, number {place}")
    for place in range(20, 40):
        floor.repaint(place)
    assert done(floor.push()) == {"updated": 40}
    assert floor.asked()["bulkOperationRunMutation"] <= 3
    floor.right()
    assert floor.plan().nothing_to_do


def test_many_are_taken_off_in_one_run(floor_of: FloorOf) -> None:
    from publisher.standing import withdrawal_plan

    floor = floor_of(30)
    floor.batches(10, 1000)
    floor.push()
    floor.forget()
    plan = withdrawal_plan(floor.ws, floor.ledger, [i.id for i in floor.ws.items])
    result = floor.push(plan)
    assert done(result) == {"withdrawn": 30}
    assert {p["status"] for p in floor.products().values()} == {"ARCHIVED"}
    assert floor.asked()["bulkOperationRunMutation"] <= 2


def test_one_refused_product_does_not_spoil_the_run(floor_of: FloorOf) -> None:
    floor = floor_of(30)
    floor.batches(10, 1000)
    session: Any = floor.session()
    stranger = {"title": "Somebody else's", "handle": "w00007"}
    from channels.shopify import documents, inputs

    created = session.shop.tell(
        documents.SET_PRODUCT, inputs.command({"handle": "w00007"}, stranger), first=False
    )
    assert not created["productSet"]["userErrors"]
    result = floor.push()
    failed = [o for o in result.outcomes if o.done is Done.FAILED]
    assert [o.planned.item for o in failed] == ["w00007"]
    assert isinstance(failed[0].error, Rejected)
    assert done(result) == {"published": 29, "failed": 1}


@pytest.mark.parametrize("fault", ["drop_after_commit", "error_after_commit"])
def test_a_lost_start_is_found_and_not_started_again(floor_of: FloorOf, fault: str) -> None:
    floor = floor_of(30)
    floor.batches(1, 1000)
    floor.shop.fault(fault, operation="bulkOperationRunMutation", times=1)
    assert done(floor.push()) == {"published": 30}
    assert floor.shop.strikes(fault) == 1
    assert floor.asked()["bulkOperationRunMutation"] == 2
    floor.right()


def test_a_run_that_ends_too_early_is_asked_for_and_finished(floor_of: FloorOf) -> None:
    floor = floor_of(40)
    floor.batches(1, 1000)
    floor.shop.fault("bulk_fails", times=1)
    floor.push()
    floor.shop.clear_faults()
    floor.clock.sleep(3600)
    floor.push()
    assert floor.ledger.unsettled() == []
    assert floor.plan().nothing_to_do
    floor.right()


def test_a_result_that_cannot_be_had_is_settled_by_looking(floor_of: FloorOf) -> None:
    floor = floor_of(40)
    floor.batches(1, 1000)
    floor.shop.fault("bulk_result_gone")
    floor.push()
    floor.shop.clear_faults()
    floor.clock.sleep(3600)
    floor.push()
    assert floor.ledger.unsettled() == []
    floor.right()
    assert floor.plan().nothing_to_do


def test_no_free_slot_is_waited_for(floor_of: FloorOf) -> None:
    floor = floor_of(12)
    floor.batches(1, 1000)
    floor.shop.terms.bulk_parallel = 0

    def free() -> None:
        floor.shop.terms.bulk_parallel = 5

    floor.clock.on_sleep = free
    assert done(floor.push()) == {"published": 12}
    floor.right()


def test_a_running_operation_of_ours_is_waited_for_before_anything_is_settled(
    floor_of: FloorOf,
) -> None:
    floor = floor_of(10)
    session: Any = floor.session_in()
    listings = [floor.listing(i) for i in floor.ws.items]
    from publisher.channel import Write
    from publisher.row import Verb

    writes = [
        Write(Verb.CREATE, x.key, x, tuple(session.stage(f) for f in floor.files(x)))
        for x in listings
    ]
    floor.shop.fault("bulk_stalls")

    def leave() -> None:
        raise KeyboardInterrupt

    floor.clock.on_sleep = leave
    with pytest.raises(KeyboardInterrupt):
        list(session.write_many(writes))
    floor.clock.on_sleep = floor.shop.clear_faults
    slept = floor.clock.slept
    found = floor.session().find_many([x.key for x in listings])
    assert len(found) == 10 and floor.clock.slept > slept


def test_find_many_reads_the_shop_at_once(floor_of: FloorOf) -> None:
    floor = floor_of(60)
    floor.push()
    floor.forget()
    keys = [floor.listing(i).key for i in floor.ws.items]
    found = floor.session_in().find_many([*keys, "never-there"])
    assert set(found) == set(keys)
    assert {r.status for r in found.values()} == {Status.LIVE}
    listing = floor.listing(floor.ws.items[3])
    fields = found[listing.key].fields
    assert {n: fields.get(n) for n in listing.fields} == dict(listing.fields)
    assert floor.shop.counts()["bulkOperationRunQuery"] == 1


def test_errors_of_a_batch_have_the_right_class(floor_of: FloorOf) -> None:
    floor = floor_of(3)
    session: Any = floor.session_in()
    from publisher.channel import Write
    from publisher.row import Verb

    listing = floor.listing(floor.ws.items[0])
    staged = tuple(session.stage(f) for f in floor.files(listing))
    write = Write(Verb.CREATE, listing.key, listing, staged)
    floor.shop.terms.bulk_parallel = 0
    with pytest.raises(Throttled):
        list(session.write_many([write]))
    floor.shop.terms.bulk_parallel = 5
    floor.shop.fault("drop_before_commit", operation="bulkOperationRunMutation", times=1)
    with pytest.raises(OutcomeUnknown):
        list(floor.session_in().write_many([write]))
    gone = Write(Verb.WITHDRAW, "never", remote=Remote("gid://shopify/Product/999999", "never"))
    (wrote,) = floor.session_in().write_many([gone])
    assert wrote.receipt is not None and wrote.receipt.remote.status is Status.GONE
