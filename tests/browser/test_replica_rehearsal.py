"""A rehearsal in front of three replicas, unattended: every work is proved by their books, and nothing is left."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from publisher.rehearsal import Rehearsed, rehearse
from tests.browser.replica_project import write_project

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "winter-glass"
SITES = ("redbubble", "stock-portal", "zazzle")
pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no Chromium")


def made_by_a_generator(project: Path) -> None:
    """Let the second image be made by AI; the seller waives what Redbubble leaves unclear."""
    place = project / "release.json"
    document = json.loads(place.read_text(encoding="utf-8"))
    document["assets"][1]["provenance"] = {
        "class": "ai-generated", "system": "Midjourney", "version": "7", "plan": "pro",
        "rights": "commercial", "prompt": "frozen glass dunes",
    }  # fmt: skip
    rule = {"account": "redbubble", "rule": "ai-unclear", "until": "2099-01-01"}
    document["waivers"] = [{"item": "a002", **rule, "reason": "the form has a box for it"}]
    place.write_text(json.dumps(document), encoding="utf-8")


def works_of(project: Path, account: str) -> list[dict[str, Any]]:
    """Every work of a replica's book, after one submit each."""
    (book,) = (project / "rehearsal" / "sandboxes" / account).glob("*.jsonl")
    events = [json.loads(line) for line in book.read_text(encoding="utf-8").splitlines()]
    works = [e for e in events if e["event"] == "work"]
    assert len({w["name"] for w in works}) == len(works)
    assert sum(e["event"] == "submit" for e in events) == len(works)
    return works


def pictures_of(project: Path, account: str) -> list[Path]:
    """The filled forms of an account."""
    place = project / "rehearsal" / "state" / "browser" / account / "evidence"
    return sorted(place.glob("*-filled.png"))


def all_is_proved(project: Path, done: Rehearsed, *, works: dict[str, int]) -> None:
    """The books of the replicas hold what the ledger says, and a second plan has nothing to do."""
    assert done.differences == ()
    assert done.exit_code == 0
    assert done.landed == done.works == sum(works.values())
    assert set(done.second) <= {"unchanged", "held", "denied"}
    assert done.second["unchanged"] == done.counts["published"] == done.works
    for name, number in works.items():
        assert len(works_of(project, name)) == len(pictures_of(project, name)) == number


def test_a_rehearsal_in_front_of_the_replicas(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", *SITES, works=2)
    made_by_a_generator(project)
    done = rehearse(project)
    all_is_proved(project, done, works={"redbubble": 2, "zazzle": 2, "stock-portal": 1})
    boxes = {w["name"][-1]: w["fields"]["ai"] for w in works_of(project, "redbubble")}
    assert boxes == {"1": False, "2": True}
    tags = {w["name"][-1]: w["fields"]["tags"] for w in works_of(project, "zazzle")}
    assert "generativecontent" in tags["2"] and "generativecontent" not in tags["1"]


def test_without_a_browser_packs_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDBUBBLE_EXECUTABLE", str(tmp_path / "no-such-browser"))
    project = write_project(tmp_path / "project", "redbubble", works=1)
    said: list[str] = []
    done = rehearse(project, say=said.append)
    assert "there is no browser" in said[0] and "install Debian's package chromium" in said[0]
    assert done.differences == () and done.exit_code == 0
    assert dict(done.counts) == {"prepared": 1} and done.landed == 1 and done.works == 0
    assert not list((project / "rehearsal" / "sandboxes" / "redbubble").glob("*.jsonl"))


@pytest.mark.rare
@pytest.mark.timeout(600)
def test_the_example_in_front_of_the_replicas(tmp_path: Path) -> None:
    project = tmp_path / "winter-glass"
    unwanted = shutil.ignore_patterns("rehearsal", "outbox", ".publisher", "preview")
    shutil.copytree(EXAMPLE, project, ignore=unwanted)
    subprocess.run([sys.executable, project / "render.py"], check=True, capture_output=True)
    done = rehearse(project, accounts=SITES)
    all_is_proved(project, done, works={"redbubble": 14, "zazzle": 15, "stock-portal": 7})
    declared = [w for w in works_of(project, "redbubble") if w["fields"]["ai"]]
    assert len(declared) == 7
    assert {w["fields"]["product"] for w in works_of(project, "zazzle")} == {"mug"}
    assert {w["fields"]["type"] for w in works_of(project, "stock-portal")} == {"creative"}
