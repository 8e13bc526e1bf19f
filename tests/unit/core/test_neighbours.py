"""What pairs of a plan do to each other: motifs, promises, routes, gates, batches and quotas."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy
import pytest
import pyvips
from test_pipeline import NOON, World, asset, publish, words

from publisher.audit import Action, audit, open_tasks, withdrawals
from publisher.guards import Guard
from publisher.ledger import Ledger
from publisher.looks import remembered
from publisher.pipeline import make_plan, plan_guards, unsafe
from publisher.preview import write_preview
from publisher.standing import status_document
from publisher.workspace import open_workspace

AI = {"class": "ai-generated", "system": "X", "version": "1", "plan": "pro", "rights": "commercial"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.accounts = {"adobe-stock": {"qualified": True}}
    return made


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as opened:
        yield opened


def picture(world: World, name: str, seed: int, size: int = 2500) -> None:
    """A motif of its own for every seed; the same seed in another size is a variant."""
    chance = numpy.random.default_rng(seed)
    tiles = numpy.kron(
        chance.integers(20, 235, (10, 10, 3)), numpy.ones((size // 10, size // 10, 1))
    )
    image = pyvips.Image.new_from_array(tiles.astype("uint8")).copy(interpretation="srgb")
    image.write_to_file(str(world.folder / f"{name}.png"), compression=1)


def reasons(plan, account: str) -> dict[str, str]:
    return {i.item: i.because[0].rule for i in plan.items if i.account == account and i.because}


def pair(plan, item: str, account: str):
    return next(i for i in plan.items if (i.item, i.account) == (item, account))


def test_a_motif_gets_its_budget_and_the_best_go(world: World, ledger: Ledger) -> None:
    world.assets = [asset(f"v-{n}") for n in range(5)] + [asset("other")]
    for n, size in enumerate((2100, 2200, 2600, 2100, 2500)):
        picture(world, f"v-{n}", 1, size)
    picture(world, "other", 2)
    workspace, plan = world.plan(ledger)
    assert words(plan, "adobe-stock") == {
        "v-0": "held", "v-1": "create", "v-2": "create", "v-3": "held", "v-4": "create", "other": "create",
    }  # fmt: skip
    held = pair(plan, "v-0", "adobe-stock")
    assert held.because[0].rule == "similarity"
    assert "takes 3 pictures of one motif; chosen: v-2, v-4, v-1" in held.because[0].text
    assert held.because[0].source and held.siblings == ("v-2", "v-4", "v-1")
    # What is there already comes first, also when its master is gone from the manifest.
    ledger.remember(remembered(plan, workspace), NOON)
    publish(ledger, plan, "adobe-stock", "v-1")
    publish(ledger, plan, "adobe-stock", "v-4")
    world.assets = [a for a in world.assets if a["id"] not in ("v-1", "v-4")]
    _, second = world.plan(ledger)
    assert words(second, "adobe-stock") == {
        "v-0": "held", "v-2": "create", "v-3": "held", "other": "create",
    }  # fmt: skip
    assert pair(second, "v-0", "adobe-stock").siblings == ("v-1", "v-4", "v-2")


def test_a_series_is_one_motif_and_a_waiver_says_so_where_it_acts(world, ledger) -> None:
    world.accounts["adobe-stock"]["variants_per_motif"] = 1
    world.assets = [asset("a", series="dunes"), asset("b", series="dunes"), asset("c")]
    for seed, name in enumerate("abc"):
        picture(world, name, seed + 1)
    _, plan = world.plan(ledger)
    assert words(plan, "adobe-stock") == {"a": "create", "b": "held", "c": "create"}
    world.waivers = [
        {"item": "b", "account": "adobe-stock", "rule": "similarity", "reason": "asked support",
         "until": "2026-12-31"}
    ]  # fmt: skip
    _, waived = world.plan(ledger)
    assert words(waived, "adobe-stock")["b"] == "create"
    (notice,) = [f for f in waived.findings if f.code == "waived"]
    assert (notice.item, notice.account) == ("b", "adobe-stock")
    assert "similarity is waived until 2026-12-31: asked support" in notice.text
    workspace, _ = world.plan(ledger)
    rows = {a.name: a.row for a in workspace.accounts}
    pages = world.folder / "pages"
    index = write_preview(
        pages, waived, rows=rows, thumbnails={}, release_title="r", generated=NOON
    )
    for page in (index, pages / "adobe-stock.html"):
        assert "similarity is waived until 2026-12-31: asked support" in page.read_text("utf-8")


def test_a_promise_in_the_manifest_denies_everybody_else(world, ledger) -> None:
    world.accounts = {"depositphotos": {}, "pack": {"channel": "handoff"}}
    world.assets[0]["exclusivity"] = [{"to": "depositphotos", "until": "2027-01-31"}]
    _, plan = world.plan(ledger)
    assert words(plan, "pack") == {"a-1": "denied", "a-2": "prepare"}
    assert words(plan, "depositphotos")["a-1"] == "create"
    text = pair(plan, "a-1", "pack").because[0].text
    assert text.startswith(
        "the picture is promised to depositphotos alone until 2027-01-31 (a-1 in "
    )
    assert "release.json" in text
    workspace = open_workspace(world.folder)
    late = make_plan(workspace, ledger, day=dt.date(2027, 2, 1), now=NOON)
    assert words(late, "pack")["a-1"] == "prepare"
    world.assets[0]["exclusivity"] = [{"to": "a buyer", "kind": "delivery", "since": "2026-10-01"}]
    _, sold = world.plan(ledger)
    assert words(sold, "pack")["a-1"] == words(sold, "depositphotos")["a-1"] == "denied"
    assert "delivered to a buyer alone" in pair(sold, "a-1", "pack").because[0].text


def test_an_exclusive_account_and_the_ledger_name_each_other(world, ledger) -> None:
    world.accounts = {
        "arcangel": {"invited": True, "rm_premium": True}, "depositphotos": {}, "redbubble": {},
    }  # fmt: skip
    world.assets = [asset("a-1")]
    picture(world, "a-1", 1, 3000)
    _, plan = world.plan(ledger)
    assert reasons(plan, "depositphotos")["a-1"] == "promise-broken"
    assert (
        "Arcangel Images has the picture exclusively"
        in pair(plan, "a-1", "depositphotos").because[0].text
    )
    assert words(plan, "redbubble")["a-1"] != "denied"  # prints are excepted
    # Turned round: what is at the open agency keeps the picture from the exclusive one.
    world.accounts = dict(reversed(world.accounts.items()))
    _, turned = world.plan(ledger)
    publish(ledger, turned, "depositphotos", "a-1")
    world.accounts = dict(reversed(world.accounts.items()))
    _, second = world.plan(ledger)
    assert words(second, "depositphotos")["a-1"] == "unchanged"
    assert words(second, "arcangel")["a-1"] == "denied"
    text = pair(second, "a-1", "arcangel").because[0].text
    assert "since 2026-11-20" in text and "Depositphotos as" in text
    # An account that was not asked for counts all the same.
    alone = open_workspace(world.folder, accounts=["arcangel"])
    third = make_plan(alone, ledger, day=NOON.date(), now=NOON)
    assert words(third, "arcangel") == {"a-1": "denied"}


def test_an_aggregator_and_its_partner_are_held_unless_waived(world, ledger) -> None:
    world.accounts = {"wirestock": {}, "adobe-stock": {"qualified": True}}
    world.assets = [asset("a-1")]
    _, plan = world.plan(ledger)
    assert words(plan, "wirestock")["a-1"] == "prepare"
    assert reasons(plan, "adobe-stock")["a-1"] == "route-conflict"
    assert (
        "Wirestock forwards it to Adobe Stock" in pair(plan, "a-1", "adobe-stock").because[0].text
    )
    world.waivers = [
        {"item": "a-1", "account": account, "rule": "route-conflict",
         "reason": "Adobe is switched off there", "until": "2026-12-31"}
        for account in world.accounts
    ]  # fmt: skip
    workspace, waived = world.plan(ledger)
    assert words(waived, "adobe-stock")["a-1"] == "create"
    for account in ("wirestock", "adobe-stock"):
        publish(ledger, waived, account, "a-1")
    (told,) = [  # of two of the same moment the second one meets the first
        a
        for a in audit(workspace, ledger, NOON.date())
        if a.because[-1].rule == "waiver:route-conflict"
    ]
    assert "waived until 2026-12-31: Adobe is switched off there" in told.because[-1].text
    with Ledger.open(world.folder / "fresh" / "ledger.sqlite") as fresh:
        world.waivers = []
        world.accounts["wirestock"]["forwards_to"] = ["shutterstock"]
        _, closed = world.plan(fresh)
    assert words(closed, "adobe-stock")["a-1"] == "create"


def test_what_was_delivered_to_a_buyer_is_locked_by_the_ledger(world, ledger) -> None:
    world.accounts = {"fiverr": {}, "depositphotos": {}, "fiverr-2": {"channel": "fiverr"}}
    world.assets = [asset("a-1"), asset("a-2")]
    for name in ("a-1", "a-2"):
        picture(world, name, 1 if name == "a-1" else 2, 3000)
    _, plan = world.plan(ledger)
    publish(ledger, plan, "fiverr", "a-1")
    _, second = world.plan(ledger)
    for account in ("depositphotos", "fiverr-2"):
        assert words(second, account)["a-1"] == "denied"
        because = pair(second, "a-1", account).because[0]
        assert because.rule == "promise-broken"
        assert because.text.startswith("what goes through Fiverr is delivered to one buyer alone")
        assert "a-1 is at Fiverr as" in because.text and "2026-11-20" in because.text
        assert "help.fiverr.com" in because.source and because.grade == "INF" and because.seen
    assert words(second, "fiverr")["a-1"] == "unchanged"
    # Turned round: what is for sale elsewhere is no work for one buyer.
    world.accounts = dict(reversed(world.accounts.items()))
    world.accounts["fiverr-2"]["one_buyer"] = False
    _, third = world.plan(ledger)
    assert words(third, "fiverr-2")["a-2"] == "prepare"
    assert words(third, "fiverr")["a-2"] == "denied"
    assert (
        "made for one buyer alone, but a-2 goes to" in pair(third, "a-2", "fiverr").because[0].text
    )


def test_a_gate_holds_with_what_is_missing(world, ledger) -> None:
    world.accounts = {"arcangel": {}}
    _, plan = world.plan(ledger)
    text = pair(plan, "a-1", "arcangel").because[0].text
    assert "state it in publisher.toml, as in invited = true" in text
    world.accounts = {"freepik": {"published_count": 120}}
    _, few = world.plan(ledger)
    assert "needs 500, you state 120" in pair(few, "a-1", "freepik").because[0].text
    assert words(few, "freepik")["a-1"] == "held"


def photograph(world: World, name: str, seed: int, camera: bool) -> None:
    """A motif of its own as a JPEG, with or without a camera's make and model."""
    picture(world, name, seed)
    image = pyvips.Image.new_from_file(str(world.folder / f"{name}.png")).copy()
    for entry in ("Make", "Model") if camera else ():
        image.set_type(pyvips.GValue.gstr_type, f"exif-ifd0-{entry}", "Nikon (Nikon, ASCII, 6)")
    image.jpegsave(str(world.folder / f"{name}.jpg"))


def test_alamy_s_first_submission_is_a_test_of_three_photographs(world, ledger) -> None:
    names = [f"a-{n}" for n in range(5)]
    world.assets = [asset(name, file=f"{name}.jpg") for name in names]
    for seed, name in enumerate(names):
        photograph(world, name, seed + 1, camera=name != "a-1")
    world.accounts = {"alamy": {"test_passed": False}}
    _, plan = world.plan(ledger)
    assert words(plan, "alamy") == {
        "a-0": "create", "a-1": "held", "a-2": "create", "a-3": "create", "a-4": "held",
    }  # fmt: skip
    assert reasons(plan, "alamy")["a-1"] == "first-test"
    assert (
        "the EXIF of the master has no Make and no Model"
        in pair(plan, "a-1", "alamy").because[0].text
    )
    over = pair(plan, "a-4", "alamy").because[0]
    assert (
        over.rule == "first-test-files" and "state test_passed = true" in over.text and over.source
    )
    (request,) = plan.listings["a-0", "alamy"].files
    assert request.metadata.camera  # what Alamy gets shows the camera
    # The three are there: the others wait for the answer.
    for name in ("a-0", "a-2", "a-3"):
        publish(ledger, plan, "alamy", name)
    _, second = world.plan(ledger)
    assert words(second, "alamy")["a-4"] == "held"
    world.accounts["alamy"]["test_passed"] = True
    _, passed = world.plan(ledger)
    assert words(passed, "alamy")["a-1"] == words(passed, "alamy")["a-4"] == "create"
    # Two are no test.
    world.accounts["alamy"]["test_passed"] = False
    world.assets = world.assets[3:]
    with Ledger.open(world.folder / "fresh" / "ledger.sqlite") as fresh:
        _, few = world.plan(fresh)
    assert set(words(few, "alamy").values()) == {"held"}
    assert "needs 3 to 3 works, this release has 2" in pair(few, "a-3", "alamy").because[0].text


def test_an_account_has_a_purpose_and_a_contract_has_a_word_on_ai(world, ledger) -> None:
    world.assets = [asset("made", provenance=AI), asset("taken")]
    world.accounts = {
        "adobe-stock": {"qualified": True, "purpose": "human"},
        "adobe-ai": {"channel": "adobe-stock", "qualified": True, "purpose": "ai"},
        "upwork": {"contract_allows_ai": False},
        "upwork-2": {"channel": "upwork"},
    }
    _, plan = world.plan(ledger)
    assert words(plan, "adobe-stock") == {"made": "held", "taken": "create"}
    assert words(plan, "adobe-ai") == {"made": "create", "taken": "held"}
    assert reasons(plan, "adobe-ai")["taken"] == "purpose-human"
    assert words(plan, "upwork") == {"made": "held", "taken": "prepare"}
    assert words(plan, "upwork-2") == {"made": "prepare", "taken": "prepare"}
    (warned,) = [f for f in plan.findings if f.account == "upwork-2" and f.code == "gate-unstated"]
    assert "may restrict AI tools" in warned.text


def test_freepik_s_levels_and_first_submission(world, ledger) -> None:
    world.assets = [asset(f"a-{n}") for n in range(22)]
    for seed in range(22):
        picture(world, f"a-{seed}", seed + 1, 2000)
    world.accounts = {
        "freepik": {"published_count": 620, "level": 1},
        "by-hand": {"channel": "freepik", "mode": "handoff"},
    }
    _, plan = world.plan(ledger)
    assert [(e.date.day, e.count) for e in plan.calendar if e.account == "freepik"] == [
        (20, 20), (21, 2),
    ]  # fmt: skip
    assert "20 in a batch" in pair(plan, "a-21", "freepik").because[0].text
    assert set(words(plan, "by-hand").values()) == {"held"}
    assert reasons(plan, "by-hand")["a-0"] == "first-submission"
    world.accounts = {
        "freepik": {},
        "by-hand": {**world.accounts["by-hand"], "published_count": 40},
    }
    _, past = world.plan(ledger)
    assert set(words(past, "freepik").values()) == {"create"}  # no level is stated
    assert set(words(past, "by-hand").values()) == {"prepare"}


def test_the_calendar_adds_up(world, ledger) -> None:
    world.accounts["adobe-stock"]["quotas"] = {"generative-weekly": 2}
    world.assets = [asset(f"a-{n}", provenance=AI) for n in range(5)]
    for n in range(5):
        picture(world, f"a-{n}", n + 1)
    _, plan = world.plan(ledger)
    assert [(e.date.isoformat(), e.account, e.count) for e in plan.calendar] == [
        ("2026-11-20", "adobe-stock", 2), ("2026-11-27", "adobe-stock", 2), ("2026-12-04", "adobe-stock", 1),
    ]  # fmt: skip
    assert "2026-12-04" in plan.accounts[0].forecast


def test_an_audit_tells_withdrawals_from_tasks_and_keeps_both_quiet(world, ledger) -> None:
    world.accounts = {"depositphotos": {}, "pack": {"channel": "handoff"}}
    workspace, plan = world.plan(ledger)
    for account in world.accounts:
        for item in ("a-1", "a-2"):
            publish(ledger, plan, account, item)
    assert {a.action for a in audit(workspace, ledger, NOON.date())} == {Action.NONE}
    world.assets[0]["exclusivity"] = [{"to": "a buyer"}]
    world.assets[1]["provenance"] = AI
    workspace, _ = world.plan(ledger)
    found = {(a.item, a.account): a for a in audit(workspace, ledger, NOON.date())}
    assert found["a-1", "depositphotos"].action is Action.TASK
    assert found["a-1", "pack"].action is Action.WITHDRAW
    assert found["a-2", "depositphotos"].action is Action.TASK
    assert found["a-2", "pack"].verdict in ("allow", "allow-with-actions")
    head = ledger.head()
    assert open_tasks(list(found.values()), ledger, NOON) == 2
    assert open_tasks(list(found.values()), ledger, NOON) == 0
    assert ledger.head() == head + 2
    shown = {(i["item"], i["account"]): i["tasks"] for i in status_document(ledger)["items"]}
    assert shown["a-1", "depositphotos"] == [found["a-1", "depositphotos"].task]
    made = withdrawals(list(found.values()), workspace)
    assert made.counts() == {"withdraw": 1, "held": 2}
    world.assets.pop()
    workspace, _ = world.plan(ledger)
    left = {(a.item, a.account): a.verdict for a in audit(workspace, ledger, NOON.date())}
    assert left["a-2", "pack"] == "unknown"


def test_mass_withdrawals_stop_and_name_the_audit(world, ledger) -> None:
    world.accounts = {"pack": {"channel": "handoff"}}
    world.assets = [asset(f"a-{n}") for n in range(10)]
    workspace, plan = world.plan(ledger)
    for one in world.assets:
        publish(ledger, plan, "pack", one["id"])
        one["exclusivity"] = [{"to": "a buyer"}]
    workspace, _ = world.plan(ledger)
    made = withdrawals(audit(workspace, ledger, NOON.date()), workspace)
    trips = plan_guards(made, ledger)
    assert [t.guard for t in trips] == [Guard.WITHDRAWALS]
    assert (
        "publisher audit --apply --account pack --digest"
        in unsafe(made, trips, "audit --apply").remedy
    )
