"""Trouble in a shop: whatever gets lost, nothing is there twice, no price is wrong, and the next run ends settled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from shop_floor import Floor, done

from publisher.errors import (
    AuthFailed,
    Conflict,
    NeedsHuman,
    PublisherError,
    Rejected,
)
from publisher.ledger.records import IntentState
from publisher.listing import Change
from publisher.plan import Done

FloorOf = Callable[[int], Floor]


def _until_settled(floor: Floor, most: int = 6) -> None:
    """Push until there is nothing left to do; faults are over by then."""
    for _ in range(most):
        floor.clock.sleep(3600)
        floor.reopen_ledger()
        if floor.plan().nothing_to_do:
            break
        floor.push()
    assert floor.plan().nothing_to_do, floor.plan().counts()
    assert [i for i in floor.ledger.unsettled() if i.state is not IntentState.INTENT] == []
    floor.right()


@pytest.mark.parametrize("fault", ["drop_after_commit", "error_after_commit", "drop_before_commit"])
def test_fifty_lost_answers_leave_no_duplicate(floor_of: FloorOf, fault: str) -> None:
    floor = floor_of(60)
    floor.shop.fault(fault, chance=0.5, times=50, seed=7)
    floor.push()
    # The breaker pauses an account that fails three times in a row: it is pushed again.
    for _ in range(60):
        if floor.shop.strikes(fault) >= 50:
            break
        floor.clock.sleep(3600)
        floor.push()
        for place in range(60):
            floor.change(place, title=f"Dunes, attempt {floor.shop.strikes(fault)} of {place}")
    assert floor.shop.strikes(fault) == 50
    floor.shop.clear_faults()
    _until_settled(floor)


def test_prices_are_right_after_lost_answers_to_price_changes(floor_of: FloorOf) -> None:
    floor = floor_of(30)
    floor.push()
    floor.shop.fault("drop_after_commit", chance=0.4, seed=3)
    for place in range(30):
        floor.reprice(place, "std", f"{20 + place}.50")
    floor.push()
    floor.shop.clear_faults()
    _until_settled(floor)


def test_throttles_cost_time_and_nothing_else(floor_of: FloorOf) -> None:
    floor = floor_of(20)
    floor.shop.fault("throttle", operation="productSet", chance=0.3, seed=5)
    assert done(floor.push()) == {"published": 20}
    assert floor.shop.strikes("throttle") > 3
    floor.shop.clear_faults()
    floor.right()


def test_points_are_waited_for_before_something_is_sent(floor_of: FloorOf) -> None:
    floor = floor_of(40)
    floor.shop.terms.bucket = 300.0
    floor.shop.terms.rate = 20.0
    assert done(floor.push()) == {"published": 40}
    refused = [a for a in floor.shop.requests() if a.outcome == "refused"]
    assert len(refused) <= 4, "requests were sent without the points for them"
    assert floor.clock.slept > 30
    floor.right()


def test_a_token_that_ends_in_mid_run_is_renewed(floor_of: FloorOf) -> None:
    floor = floor_of(20)
    floor.shop.fault("token_expires", after=12, times=1)
    assert done(floor.push()) == {"published": 20}
    assert floor.shop.counts()["token"] >= 2
    floor.right()


def test_a_token_is_renewed_before_it_ends(floor_of: FloorOf) -> None:
    floor = floor_of(6)
    floor.push()
    floor.clock.sleep(86_399 - 60)
    floor.forget()
    floor.reprice(0, "std", "33.00")
    assert done(floor.push())["updated"] == 1
    assert floor.shop.counts()["token"] == 1
    assert all(a.outcome == "ok" for a in floor.shop.requests())


def test_a_given_token_that_is_refused_is_told(floor: Floor) -> None:
    floor.settings["TOKEN"] = "shpat_0000000000000000000000000000dead"
    with pytest.raises(AuthFailed) as caught:
        floor.session().check()
    assert "TOKEN" in caught.value.remedy and "dead" not in str(vars(caught.value))


def test_the_ration_of_variants_is_a_matter_of_tomorrow(floor_of: FloorOf) -> None:
    floor = floor_of(4)
    floor.shop.fault("variant_throttle")
    result = floor.push()
    assert {o.done for o in result.outcomes} == {Done.WAITING}
    assert {o.until for o in result.outcomes if o.until} == {
        floor.clock.now().replace(day=27, hour=0, minute=0)
    }
    floor.shop.clear_faults()
    floor.clock.sleep(86_400)
    assert done(floor.push()) == {"published": 4}
    floor.right()


def test_a_file_that_the_shop_cannot_use_is_told(floor_of: FloorOf) -> None:
    floor = floor_of(1)
    floor.shop.fault("file_fails")
    floor.push()
    floor.shop.clear_faults()
    with floor.session() as session:
        found = session.find("w00000")
        assert found is not None
        found = session.find("w00000")
        found = session.find("w00000")
    assert found is not None and found.fields["file"] == ""


def test_another_currency_is_no_sale(floor: Floor) -> None:
    floor.shop.terms.currency = "USD"
    result = floor.push()
    errors = [o.error for o in result.outcomes]
    assert all(isinstance(e, Rejected) and "EUR" in str(e) and "USD" in str(e) for e in errors)
    assert floor.asked()["productSet"] == 0 and floor.products() == {}


def test_check_tells_what_a_push_would_stumble_over(floor: Floor) -> None:
    notes = floor.session().check().notes
    assert any("EUR" in n for n in notes) and any("2026-07" in n for n in notes)
    floor.settings["PUBLICATIONS"] = "Online Store, The Moon"
    with pytest.raises(NeedsHuman) as caught:
        floor.session().check()
    assert "The Moon" in caught.value.sentence and "Online Store" in caught.value.remedy
    floor.settings["PUBLICATIONS"] = "Online Store"
    floor.settings["API_VERSION"] = "2031-01"
    with pytest.raises(PublisherError):
        floor.session().check()


def test_somebody_else_s_handle_is_a_conflict(floor: Floor) -> None:
    from typing import Any

    from channels.shopify import documents, inputs

    session: Any = floor.session()
    stranger = {"title": "Somebody else's", "handle": "w00001"}
    session.shop.tell(
        documents.SET_PRODUCT, inputs.command({"handle": "w00001"}, stranger), first=False
    )
    before = next(p for p in floor.products().values() if p["handle"] == "w00001")
    result = floor.push()
    by_item = {o.planned.item: o for o in result.outcomes}
    assert isinstance(by_item["w00001"].error, Conflict) and by_item["w00001"].error.remedy
    assert next(p for p in floor.products().values() if p["handle"] == "w00001") == before


def test_a_product_that_is_gone_is_told(floor: Floor) -> None:
    from publisher.listing import Remote

    floor.push()
    listing = floor.listing(floor.ws.items[0])
    remote = Remote("gid://shopify/Product/424242", listing.key)
    session = floor.session()
    for changes in ([Change("title", "a", "b")], [Change("price.std", "1.00 EUR", "2.00 EUR")]):
        with pytest.raises(Rejected) as caught:
            session.update(remote, listing, changes, ())
        assert caught.value.sentence
