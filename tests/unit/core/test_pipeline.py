"""The straight line on a small project: words, saved plans, quotas, clashes, and what a person says."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from publisher.documents import plan_document
from publisher.errors import ConfigError, Conflict, StalePlan
from publisher.guards import Guard
from publisher.ledger.store import Ledger
from publisher.listing import Remote, Status
from publisher.manifest.scaffold import example_png
from publisher.pipeline import make_plan
from publisher.plan import Word
from publisher.row import Verb
from publisher.saved import allowed_guards, check_saved, read_saved, save_plan
from publisher.standing import resolve_pair, status_document, withdrawal_plan
from publisher.workspace import open_workspace

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
TEXT = "Blue dunes of ice under a low winter sun with long shadows"
WORDS = [
    "ice",
    "dunes",
    "winter",
    "blue",
    "sun",
    "shadow",
    "snow",
    "cold",
    "light",
    "calm",
    "nature",
    "frost",
]


def asset(name: str, **more: object) -> dict:
    return {
        "id": name,
        "file": f"{name}.png",
        "title": TEXT,
        "description": f"{TEXT}, seen from a hill in the early morning",
        "keywords": WORDS,
        "style": "photo",
        "provenance": {"class": "human"},
        "depicts": {"people": "none", "property": "none", "brands": "none", "places": "none"},
        "categories": ["nature"],
        **more,
    }


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


class World:
    """A project folder that can be written anew between two plans."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.accounts = {"depositphotos": {}, "pack": {"channel": "handoff"}}
        self.assets: list[dict] = [asset("a-1"), asset("a-2")]
        self.waivers: list[dict] = []
        self.picture = example_png(1, (10, 20, 30), (200, 220, 250))

    def write(self) -> None:
        lines = ['manifests = ["release.json"]']
        for name, options in self.accounts.items():
            lines.append(f"[accounts.{name}]")
            lines += [f"{k} = {_toml(v)}" for k, v in options.items()]
        (self.folder / "publisher.toml").write_text("\n".join(lines))
        manifest = {"release": "r", "assets": self.assets, "waivers": self.waivers}
        (self.folder / "release.json").write_text(json.dumps(manifest))
        for one in self.assets:
            path = self.folder / one["file"]
            if not path.exists():
                path.write_bytes(self.picture)

    def plan(self, ledger: Ledger, **more):
        self.write()
        workspace = open_workspace(self.folder, **more)
        return workspace, make_plan(workspace, ledger, day=NOON.date(), now=NOON)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as opened:
        yield opened


def words(plan, account: str) -> dict[str, str]:
    return {i.item: i.word.value for i in plan.items if i.account == account}


def publish(ledger: Ledger, plan, account: str, item: str) -> None:
    """What a push would leave in the ledger."""
    listing = plan.listings[item, account]
    intent = ledger.open_intent(
        run=1, account=account, item=item, verb=Verb.CREATE, key=listing.key,
        fields=listing.fields, files=(), tags=(), release="r", at=NOON,
    )  # fmt: skip
    remote = Remote(listing.key, listing.key, Status.UPLOADED)
    ledger.confirm(intent.id, remote=remote, tasks=(), prepared=account == "pack", at=NOON)


def test_every_pair_has_one_word_and_planning_writes_nothing(world: World, ledger: Ledger) -> None:
    before = ledger.head()
    workspace, plan = world.plan(ledger)
    assert len(plan.items) == len(workspace.items) * len(workspace.accounts) == 4
    assert words(plan, "depositphotos") == {"a-1": "create", "a-2": "create"}
    assert words(plan, "pack") == {"a-1": "prepare", "a-2": "prepare"}
    assert ledger.head() == before


def test_what_was_published_is_unchanged_and_a_changed_text_is_held(world, ledger) -> None:
    _, plan = world.plan(ledger)
    publish(ledger, plan, "depositphotos", "a-1")
    _, second = world.plan(ledger)
    assert words(second, "depositphotos") == {"a-1": "unchanged", "a-2": "create"}
    world.assets[0]["title"] = "Another title of the same dunes in a low winter sun"
    _, third = world.plan(ledger)
    pair = next(i for i in third.items if (i.item, i.account) == ("a-1", "depositphotos"))
    assert pair.word is Word.HELD
    assert [c.field for c in pair.changes] == ["title"]
    assert pair.because[0].rule == "cannot-update"


def test_publish_false_and_a_broken_master_are_held(world, ledger) -> None:
    world.assets[0]["channels"] = {"depositphotos": {"publish": False}}
    world.write()
    (world.folder / "a-2.png").write_text("this is no picture")
    _, plan = world.plan(ledger)
    reasons = {i.item: i.because[0].rule for i in plan.items if i.account == "depositphotos"}
    assert reasons == {"a-1": "publish-false", "a-2": "master-unusable"}


def test_two_items_never_share_a_name(world, ledger, monkeypatch) -> None:
    monkeypatch.setattr("channels.stock.safe_name", lambda *_args: "same.jpg")
    _, plan = world.plan(ledger)
    assert words(plan, "depositphotos") == {"a-1": "create", "a-2": "held"}
    assert any(f.code == "key-clash" for f in plan.findings)


def test_what_left_the_manifest_is_never_withdrawn_by_itself(world, ledger) -> None:
    _, plan = world.plan(ledger)
    publish(ledger, plan, "depositphotos", "a-2")
    world.assets.pop()
    workspace, second = world.plan(ledger)
    assert words(second, "depositphotos") == {"a-1": "create"}
    assert [f.code for f in second.findings if f.item == "a-2"] == ["left-behind"]
    _, filtered = world.plan(ledger, items=["a-1"])
    assert [f.code for f in filtered.findings if f.item == "a-2"] == ["left-behind"]
    held = withdrawal_plan(workspace, ledger, ["a-2"])
    assert [(i.word, i.because[0].rule) for i in held.items] == [(Word.HELD, "cannot-withdraw")]


def test_a_hand_off_pack_is_withdrawn_and_updated(world, ledger) -> None:
    workspace, plan = world.plan(ledger)
    publish(ledger, plan, "pack", "a-1")
    assert [i.word for i in withdrawal_plan(workspace, ledger, ["a-1"]).items] == [Word.WITHDRAW]
    world.assets[0]["keywords"] = [*WORDS, "horizon"]
    _, second = world.plan(ledger)
    assert words(second, "pack")["a-1"] == "update"


def test_an_open_intent_is_asked_for_first(world, ledger) -> None:
    _, plan = world.plan(ledger)
    intent = ledger.open_intent(
        run=1, account="depositphotos", item="a-1", verb=Verb.CREATE, key="k", fields={"title": "t"},
        files=(), tags=(), release="r", at=NOON,
    )  # fmt: skip
    workspace, second = world.plan(ledger)
    assert words(second, "depositphotos")["a-1"] == "unknown"
    assert status_document(ledger)["counts"] == {"unknown": 1}
    with pytest.raises(Conflict, match="no known outcome"):
        resolve_pair(workspace, ledger, "a-1", "depositphotos", "gone", "", NOON)
    text = resolve_pair(workspace, ledger, "a-1", "depositphotos", "absent", "", NOON)
    assert "sends it again" in text
    _, third = world.plan(ledger)
    assert words(third, "depositphotos")["a-1"] == "create"
    assert intent.id and plan.digest == third.digest


def test_a_person_can_bind_and_forget(world, ledger) -> None:
    workspace, _ = world.plan(ledger)
    resolve_pair(workspace, ledger, "a-1", "depositphotos", "published", "there-7", NOON)
    _, plan = world.plan(ledger)
    assert words(plan, "depositphotos")["a-1"] == "unchanged"
    assert status_document(ledger)["items"][0]["remote"] == "there-7"
    resolve_pair(workspace, ledger, "a-1", "depositphotos", "gone", "", NOON)
    _, again = world.plan(ledger)
    assert words(again, "depositphotos")["a-1"] == "create"
    with pytest.raises(ConfigError, match="no answer"):
        resolve_pair(workspace, ledger, "a-1", "depositphotos", "perhaps", "", NOON)


def test_quotas_put_off_what_is_over_them(world, ledger) -> None:
    world.accounts = {"adobe-stock": {"variants_per_motif": 9}}  # all share one picture
    world.assets = [
        asset(f"a-{n}", provenance={"class": "ai-generated", "system": "X", "rights": "commercial"})
        for n in range(4)
    ]
    world.write()
    with (world.folder / "publisher.toml").open("a") as file:
        file.write("\nquotas = { generative-weekly = 3 }\n")
    workspace = open_workspace(world.folder)
    plan = make_plan(workspace, ledger, day=NOON.date(), now=NOON)
    assert plan.counts() == {"create": 3, "waiting": 1}
    waiting = next(i for i in plan.items if i.word is Word.WAITING)
    assert waiting.until == NOON + dt.timedelta(days=7)
    assert "2026-11-27" in plan.accounts[0].forecast


def test_a_saved_plan_is_that_plan_or_nothing(world, ledger, tmp_path: Path) -> None:
    _, plan = world.plan(ledger)
    path = tmp_path / "plan.json"
    save_plan(path, plan_document(plan), accounts=None, items=None, as_of=None)
    saved = read_saved(path)
    check_saved(plan, saved, None, ledger)
    check_saved(plan, None, plan.digest[:12], ledger)
    world.assets[0]["title"] = "Another title of the same dunes in a low winter sun"
    _, moved = world.plan(ledger)
    with pytest.raises(StalePlan):
        check_saved(moved, saved, None, ledger)
    with pytest.raises(StalePlan):
        check_saved(moved, None, plan.digest[:12], ledger)


def test_a_killed_push_goes_on_with_its_saved_plan(world, ledger, tmp_path: Path) -> None:
    _, plan = world.plan(ledger)
    path = tmp_path / "plan.json"
    save_plan(path, plan_document(plan), accounts=None, items=None, as_of=None)
    saved = read_saved(path)
    publish(ledger, plan, "depositphotos", "a-1")
    _, rest = world.plan(ledger)
    with pytest.raises(StalePlan):
        check_saved(rest, saved, None, ledger)
    ledger.begin_run("push", plan.digest, NOON)
    check_saved(rest, saved, None, ledger)
    world.assets.append(asset("a-3"))
    _, more = world.plan(ledger)
    with pytest.raises(StalePlan):
        check_saved(more, saved, None, ledger)


def test_a_plan_beside_the_manifest_is_not_taken_for_one(world, ledger) -> None:
    _, plan = world.plan(ledger)
    world.write()
    toml = world.folder / "publisher.toml"
    toml.write_text(toml.read_text().replace('manifests = ["release.json"]', ""))
    save_plan(
        world.folder / "plan.json", plan_document(plan), accounts=None, items=None, as_of=None
    )
    assert len(open_workspace(world.folder).items) == 2


@pytest.mark.parametrize("text", ["", "[]", '{"digest": 1}', "no json"])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="not a saved plan"):
        read_saved(path)


def test_a_guard_passes_for_a_named_digest_only() -> None:
    assert allowed_guards(["updates"], named=True) == [Guard.UPDATES]
    with pytest.raises(ConfigError, match="one digest only"):
        allowed_guards(["updates"], named=False)
    with pytest.raises(ConfigError, match="no guard"):
        allowed_guards(["everything"], named=True)
