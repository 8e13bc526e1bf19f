"""A rehearsal in front of three replicas, unattended: every work is proved by their books, and nothing is left."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from publisher.rehearsal import rehearse
from tests.browser.replica_project import write_project

SITES = ("redbubble", "stock-portal", "zazzle")


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no Chromium")
def test_a_rehearsal_in_front_of_the_replicas(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", *SITES, works=2)
    done = rehearse(project)
    assert done.differences == ()
    assert done.exit_code == 0
    assert done.landed == len(SITES) * 2
    assert set(done.second) == {"unchanged"}
    for name in SITES:
        book = project / "rehearsal" / "sandboxes" / name / "books.jsonl"
        events = [json.loads(line) for line in book.read_text(encoding="utf-8").splitlines()]
        works = [e for e in events if e["event"] == "work"]
        assert len(works) == 2 and len({w["name"] for w in works}) == 2
        assert sum(e["event"] == "submit" for e in events) == 2
