"""Many writes in few requests: an answer for each, nothing sent twice, and nothing believed that was not said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shopfront import ROW, Shopfront, bundle_listing, changes, hosted, listing, repriced

from channels.woocommerce import Adapter
from publisher.channel import Write
from publisher.errors import Conflict, OutcomeUnknown, Rejected, Throttled, Transient
from publisher.listing import Change, Listing, Remote, Status
from publisher.row import Verb


def _many(count: int, first: int = 0) -> list[Listing]:
    return [listing(f"m{n:04d}") for n in range(first, first + count)]


def _pricing(made: Listing, remote: Remote, price: str) -> Write:
    dearer = repriced(made, price__standard=f"{price} EUR")
    return Write(
        Verb.UPDATE, made.key, dearer, (), Remote(remote.id, made.key), changes(made, dearer)
    )


def test_a_hundred_creates_are_one_request(front: Shopfront) -> None:
    answers = front.batch(*(front.write(m) for m in _many(100)))
    assert {a.receipt.remote.status for a in answers.values() if a.receipt} == {Status.LIVE}
    assert len(answers) == len(front.products()) == 100 and front.sendings == 1
    assert front.writes().count(("POST", "/wc/v3/products/batch")) == 1
    assert ("POST", "/wc/v3/products") not in front.writes()
    found = front.session().find_many([m.key for m in _many(100)])
    assert {k: r.id for k, r in found.items()} == {
        k: a.receipt.remote.id for k, a in answers.items() if a.receipt
    }


@pytest.mark.parametrize("count", [300, pytest.param(1000, marks=pytest.mark.rare)])
def test_products_and_prices_take_a_request_for_a_hundred(front: Shopfront, count: int) -> None:
    """What pictures cost is two requests each, shown elsewhere; these have none."""
    session = front.session()
    bound: list[tuple[Listing, Remote]] = []
    for start in range(0, count, 100):
        made = _many(100, start)
        told = {w.key: w for w in session.write_many([Write(Verb.CREATE, m.key, m) for m in made])}
        bound += [(m, told[m.key].receipt.remote) for m in made]  # type: ignore[union-attr]
    kinds = [(s.method, s.path) for s in front.box.seen()]
    assert len(front.products()) == count
    assert kinds.count(("POST", "/wc/v3/products/batch")) == count // 100
    # A look-up of a hundred SKUs takes one request, the currency and the categories one each in all.
    assert len([k for k in kinds if k[0] == "GET"]) == count // 100 + 2
    front.forget()
    again = front.session()
    for start in range(0, count, 100):
        part = [_pricing(m, r, "21.50") for m, r in bound[start : start + 100]]
        assert all(w.receipt for w in again.write_many(part))
    assert {p["regular_price"] for p in front.products()} == {"21.50"}
    assert len(front.box.seen()) == count // 100 + 1, "a batch for a hundred, and the currency once"


def test_a_batch_of_everything_answers_each(front: Shopfront) -> None:
    kept, dearer, gone, lost = (listing(n) for n in ("keep", "dear", "gone", "lost"))
    remotes = {m.key: front.created(m) for m in (kept, dearer, gone, lost)}
    front.asked("POST", "wc/v3/products", {"name": "Theirs", "sku": "theirs"})
    front.asked("DELETE", f"wc/v3/products/{remotes['lost'].id}", force="true")
    renamed = listing("keep", title="Other")
    changed = changes(kept, renamed)
    answers = front.batch(
        front.write(listing("new1")),
        front.write(listing("theirs")),
        front.write(listing("v1", {"standard": "19.00", "extended": "79.00"})),
        Write(Verb.UPDATE, "keep", renamed, front.staged(renamed), remotes["keep"], changed),
        _pricing(dearer, remotes["dear"], "25.00"),
        _pricing(lost, remotes["lost"], "25.00"),
        Write(Verb.WITHDRAW, "gone", remote=remotes["gone"]),
        front.write(
            replace(listing("bad"), fields={**listing("bad").fields, "price.standard": "abc EUR"})
        ),
    )
    assert len(answers) == 8
    for key in ("new1", "v1", "keep", "dear", "gone"):
        assert answers[key].receipt is not None, answers[key].error
    assert isinstance(answers["theirs"].error, Conflict)
    assert isinstance(answers["lost"].error, Conflict)
    assert isinstance(answers["bad"].error, Rejected)
    assert front.product("keep")["name"] == "Other"
    assert front.product("dear")["regular_price"] == "25.00"
    assert front.product("gone")["status"] == "draft"
    assert front.product("theirs")["name"] == "Theirs"
    assert {p["sku"] for p in front.products()} >= {"new1", "v1"}
    assert "bad" not in {p["sku"] for p in front.products()}
    batches = [b for b in front.writes() if b[1] == "/wc/v3/products/batch"]
    assert len(batches) == 1


def test_a_batch_whose_answer_got_lost_is_unknown_as_a_whole_and_then_found(
    front: Shopfront,
) -> None:
    writes = [front.write(m) for m in _many(7)]
    front.box.fault("drop_after_commit", times=1, path="/products/batch$")
    with pytest.raises(OutcomeUnknown):
        front.batch(*writes)
    found = front.session().find_many([w.key for w in writes])
    assert len(found) == len(front.products()) == 7
    again = front.batch(*writes)
    assert all(a.receipt for a in again.values()) and len(front.products()) == 7
    assert front.uploads() == 7


@pytest.mark.parametrize(
    ("fault", "error"),
    [("refuse_429", Throttled), ("media_500", Transient), ("created_500", OutcomeUnknown)],
)
def test_what_concerns_all_is_raised(front: Shopfront, fault: str, error: type[Exception]) -> None:
    writes = [front.write(m) for m in _many(3)]
    front.box.fault(fault, path="/media$" if fault == "media_500" else "/products/batch$")
    with pytest.raises(error):
        front.batch(*writes)
    assert len(front.products()) == (3 if fault == "created_500" else 0)


def test_a_shop_with_a_lower_limit_gets_halves(front: Shopfront) -> None:
    assert front.box.shop.rest is not None
    front.box.shop.rest.batch_limit = 30
    answers = front.batch(*(Write(Verb.CREATE, m.key, m) for m in _many(100)))
    assert len([a for a in answers.values() if a.receipt]) == len(front.products()) == 100


def test_a_wrong_price_in_a_batch_is_that_item_s_alone(front: Shopfront) -> None:
    front.box.fault("wrong_price", times=1)
    answers = front.batch(*(front.write(m) for m in _many(3)))
    # The fault spoils the whole answer; each item finds out by itself, and each is hidden.
    assert {type(a.error) for a in answers.values()} == {Rejected}
    assert {p["status"] for p in front.products()} == {"draft"}


def test_what_is_not_from_here_is_never_found_as_a_write_of_ours(front: Shopfront) -> None:
    front.created(listing("ours"))
    front.asked("POST", "wc/v3/products", {"name": "Theirs", "sku": "theirs"})
    found = front.session().find_many(["ours", "theirs", "nothing"])
    assert {k: r.status for k, r in found.items()} == {
        "ours": Status.LIVE,
        "theirs": Status.PARTIAL,
    }
    front.bound.append(Remote(str(front.product("theirs")["id"]), "theirs"))
    assert front.session().find_many(["theirs"])["theirs"].status is Status.LIVE
    assert front.session().find_many([]) == {}


def test_long_keys_are_asked_for_in_addresses_that_servers_take(front: Shopfront) -> None:
    keys = [f"{'x' * 90}{n:04d}" for n in range(60)]
    for key in keys[:2]:
        front.asked("POST", "wc/v3/products", {"name": "A", "sku": key})
    assert set(front.session().find_many(keys)) == set(keys[:2])
    assert max(len(s.path) for s in front.box.seen()) < 2000


def test_the_plan_says_what_it_takes() -> None:
    adapter = Adapter(ROW)
    made = [listing(f"f{n}") for n in range(250)]
    assert adapter.forecast([]) == ""
    creates = [Write(Verb.CREATE, m.key, m) for m in made]
    assert adapter.forecast(creates) == "about 506 requests, 3 minutes or more"
    prices = [
        Write(Verb.UPDATE, m.key, m, (), Remote("1", m.key), (Change("price.standard", "1", "2"),))
        for m in made
    ]
    assert adapter.forecast(prices) == "about 6 requests, 1 minute or more"


def test_what_a_customer_would_miss_is_said_in_the_plan() -> None:
    adapter = Adapter(ROW)
    assert adapter.validate(listing("a")) == []
    assert [f.code for f in adapter.validate(bundle_listing("b", None))] == ["download-missing"]
    assert adapter.validate(bundle_listing("b", hosted("one"))) == []
    signed = Remote(
        "b", "b", fields={"remote.download": "https://s3.example/a.zip?X-Amz-Signature=1"}
    )
    assert [f.code for f in adapter.validate(bundle_listing("b", signed))] == ["download-expires"]
