"""The straight line as a person or a script walks it: check, plan, push, status, and nothing left to do."""

from __future__ import annotations

import datetime as dt
import json
import resource
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from shapes import Factory, FirstRun
from small_project import AI, EVERY, HUMAN, PACK, manifest
from stagehand import PUBLISHER, ROOT

ITEMS = (*HUMAN, *AI, PACK)
PAIRS = len(ITEMS) * len(EVERY)
STOCK = {"vecteezy": ("photo-1",)}


def test_every_file_is_there_once_and_intact(first_run: FirstRun) -> None:
    assert first_run.push.code == 0
    assert first_run.world.differences() == []
    assert first_run.world.leaks() == []


def test_the_csv_of_a_batch_is_on_the_server(first_run: FirstRun) -> None:
    server = first_run.world.server("vecteezy")
    (sheet,) = server.folder.rglob("*.csv")
    names = {b.key for b in first_run.world.bindings("vecteezy").values()}
    assert sum(sheet.read_text("utf-8-sig").count(name) for name in names) == 3


def test_words_and_counts_add_up(first_run: FirstRun) -> None:
    for document, word, prepared in (
        (first_run.plan.document, "create", "prepare"),
        (first_run.push.document, "published", "prepared"),
    ):
        assert document["pairs"] == PAIRS == len(document["items"])
        assert sum(document["counts"].values()) == PAIRS
        for account in document["accounts"]:
            assert sum(account["counts"].values()) == len(ITEMS)
        wanted = {(i, a) for a, items in EVERY.items() for i in items}
        said = {
            (i["item"], i["account"])
            for i in document["items"]
            if i["word"] == (prepared if i["account"] == "handoff" else word)
        }
        assert said == wanted
    assert first_run.plan.words("alamy")["photo-3"] == "held"
    assert {first_run.plan.words("alamy")[i] for i in AI} == {"denied"}


def test_second_plan_and_second_push_do_nothing(first_run: FirstRun) -> None:
    words = {"unchanged", "held", "denied"}
    assert set(first_run.second.document["counts"]) == words
    assert set(first_run.again.document["counts"]) == words
    assert first_run.again.code == 0
    for account, items in EVERY.items():
        if account in ("handoff", "bundles"):
            continue
        books = first_run.world.books(account)
        images = [e for e in books if e["event"] == "completed" and e["name"].endswith(".jpg")]
        assert len(images) == len(items), account


def test_keys_of_the_documents(first_run: FirstRun) -> None:
    every = {"digest", "release", "pairs", "counts", "accounts", "items", "findings"}
    for document in (first_run.plan.document, first_run.push.document):
        assert every <= set(document)
        account = {"account", "channel", "mode", "confidence", "counts", "forecast"}
        assert all(account <= set(a) for a in document["accounts"])
        item = {"item", "account", "word", "because", "changes", "remote"}
        assert all(item <= set(i) for i in document["items"])
        chain = {"rule", "text", "source", "seen"}
        assert all(chain <= set(b) for i in document["items"] for b in i["because"])
    check = first_run.check.document
    item = {"item", "account", "channel", "verdict", "actions", "because"}
    assert all(item <= set(i) for i in check["items"])
    finding = {"level", "file", "line", "item", "account", "text", "remedy"}
    assert all(finding <= set(f) for f in check["findings"])
    status = first_run.status.document
    assert set(status) == {"items", "counts"}
    keys = {"item", "account", "word", "status", "remote", "at"}
    assert all(keys <= set(i) for i in status["items"])
    assert sum(status["counts"].values()) == sum(len(items) for items in EVERY.values())


def test_alamy_by_the_rules_of_the_day(first_run: FirstRun) -> None:
    verdicts = {}
    for day in ("2023-01-15", "2023-05-16"):
        done = first_run.world.cli("check", "--json", "--as-of", day, "--account", "alamy")
        verdicts[day] = {i["item"]: i for i in done.document["items"]}["ai-1"]
    assert verdicts["2023-01-15"]["verdict"] == "allow"
    assert verdicts["2023-05-16"]["verdict"] == "deny"
    (because,) = [b for b in verdicts["2023-05-16"]["because"] if b["rule"] == "ai-banned"]
    assert "brutallyhonestmicrostock.com/2023/05/16" in because["source"]
    assert because["seen"]
    plan = first_run.world.cli("plan", "--json", "--as-of", "2023-01-15", "--account", "alamy")
    assert plan.words("alamy")["ai-1"] in (
        "create",
        "held",
    )  # held for its size, not for its origin


def test_why_names_rule_source_and_date(first_run: FirstRun) -> None:
    told = first_run.world.cli("why", "ai-1", "alamy")
    assert told.code == 0
    assert "ai-banned" in told.out and "2026-11-20" in told.out
    document = first_run.world.cli("why", "photo-1", "dreamstime", "--json").document
    assert document["bound"]["remote"]
    assert [h["event"] for h in document["history"]][:3] == ["intent", "sent", "receipt"]


def test_preview_shows_every_account(first_run: FirstRun, tmp_path: Path) -> None:
    done = first_run.world.cli("preview", "-o", str(tmp_path / "pages"), "--json")
    index = Path(done.document["index"])
    assert index.is_file()
    text = "".join(p.read_text("utf-8") for p in index.parent.rglob("*.html"))
    assert all(name in text for name in (*EVERY, *ITEMS))


def test_no_escape_codes_when_nobody_looks(first_run: FirstRun) -> None:
    for command, variables in (
        ("plan", {"TERM": "xterm-256color", "COLUMNS": "80"}),
        ("status", {"NO_COLOR": "1"}),
        ("push", {"TERM": "xterm-256color"}),
        ("channels", {"TERM": "xterm-256color"}),
    ):
        first_run.world.changes = variables
        done = first_run.world.cli(command)
        assert done.code == 0
        assert done.out
        assert "\x1b" not in done.out + done.err
    first_run.world.changes = {}


def test_a_saved_plan_is_carried_out_or_refused(make_world: Factory) -> None:
    world = make_world(STOCK, data=manifest(("photo-1",), pack=False))
    saved = world.cli("plan", "-o", "plan.json", "--json")
    data = manifest(("photo-1",), pack=False)
    data["assets"][0]["title"] = "Another title that buyers will read"
    world.write_manifest(data)
    stale = world.cli("push", "--plan", "plan.json", "--json")
    assert stale.code == 4
    assert stale.document["error"]["class"] == "StalePlan"
    assert "remedy:" in stale.err
    assert world.books("vecteezy") == []
    world.write_manifest(manifest(("photo-1",), pack=False))
    done = world.cli("push", "--plan", "plan.json", "--json")
    assert done.code == 0
    assert done.document["digest"] == saved.document["digest"]
    assert world.differences() == []
    again = world.cli("push", "--plan", "plan.json", "--json")
    assert again.document["counts"] == {"unchanged": 1}


def test_filters_touch_nothing_else(make_world: Factory) -> None:
    every = {"dreamstime": HUMAN, "vecteezy": HUMAN}
    world = make_world(every, data=manifest(HUMAN, pack=False))
    done = world.cli("push", "--account", "dreamstime", "--item", "photo-2", "--json")
    assert done.words() == {"photo-2@dreamstime": "published"}
    assert [e["event"] for e in world.books("dreamstime")] == ["completed"]
    assert world.books("vecteezy") == []
    assert world.cli("push", "--json").code == 0
    assert world.differences() == []


def test_schema_accepts_the_examples() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    done = subprocess.run([*PUBLISHER, "schema"], cwd=ROOT, capture_output=True, check=True)
    schema = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    check.validate(manifest())
    yaml = pytest.importorskip("yaml")
    text = (ROOT / "examples" / "winter-glass" / "release.yaml").read_text("utf-8")
    example = json.loads(json.dumps(yaml.safe_load(text), default=dt.date.isoformat))
    check.validate(example)
    broken = manifest()
    broken["assets"][0]["provenance"]["class"] = "dreamed"
    with pytest.raises(jsonschema.ValidationError):
        check.validate(broken)


def test_help_starts_like_a_small_tool() -> None:
    command = [*PUBLISHER, "--help"]
    spent = [
        _spent(lambda: subprocess.run(command, cwd=ROOT, capture_output=True, check=True))
        for _ in range(5)
    ]
    assert statistics.median(spent) < 0.35, spent


def test_second_plan_of_a_dozen_images_is_quick(first_run: FirstRun, make_world: Factory) -> None:
    data = manifest()
    for number in range(7, 13):
        copy = dict(data["assets"][number % 3], id=f"more-{number}")
        copy["title"] = f"Soft gradient with grain in gentle light number {number}"
        data["assets"].append(copy)
    world = make_world(data=data, sandboxes=False)
    assert len(world.cli("plan", "--json").document["items"]) == 13 * len(EVERY)
    took = min(_spent(lambda: world.cli("plan", "--json")) for _ in range(5))
    assert took < 1.0, took


def _spent(run: Callable[[], object]) -> float:
    """Processor seconds of the children: the clock on the wall belongs to whoever else is running."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
