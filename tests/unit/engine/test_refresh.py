"""Reading accounts back: complete or nothing, decisions in the ledger, and no write to any channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stage import MemorySession, Stage, row_of

from publisher.errors import Conflict, Transient
from publisher.listing import Declaration, Remote, Status
from publisher.refresh import decide, refresh
from publisher.stances import Stance


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    made = Stage(tmp_path, row_of(transport={"kind": "folder", "absence": "proof"}))
    shown: dict[str, dict[str, Any]] = {}

    def find(self: MemorySession, key: str, files: object = ()) -> Remote | None:
        if key not in self.agency.there:
            return None
        return Remote(key, key, Status.LIVE, fields=shown.get(key, {}))

    monkeypatch.setattr(MemorySession, "find", find)
    made.shown = shown  # type: ignore[attr-defined]
    made.lane(made.plan(3))
    yield made
    made.ledger.close()


def read(stage: Stage) -> Any:
    return refresh([stage.account], stage.ledger, stage.door)


def change(stage: Stage, key: str, **fields: Any) -> None:
    stage.shown[key] = fields  # type: ignore[attr-defined]


def title(stage: Stage, item: str) -> Any:
    binding = stage.ledger.binding("memory", item)
    assert binding is not None
    return binding.fields["title"]


def test_what_was_changed_there_is_told_and_nothing_is_written_there(stage: Stage) -> None:
    before = dict(stage.agency.there)
    change(stage, "i01.jpg", title="By hand")
    found = read(stage)
    assert [(d.item, d.field, d.ours, d.theirs) for d in found.drift] == [
        ("i01", "title", "i01", "By hand")
    ]
    assert found.looked_at == {"memory": 3}
    assert stage.agency.there == before
    assert title(stage, "i01") == "i01", "telling is not deciding"


def test_keeping_mine_lets_the_next_plan_put_it_back(stage: Stage) -> None:
    change(stage, "i01.jpg", title="By hand")
    decide(read(stage).drift, Stance.MINE, {}, stage.ledger, stage.door)
    assert title(stage, "i01") == "By hand"


def test_ignored_changes_are_followed_and_no_longer_told(stage: Stage) -> None:
    listings = stage.plan(3).listings
    change(stage, "i01.jpg", title="By hand")
    decide(read(stage).drift, Stance.IGNORE, listings, stage.ledger, stage.door)
    change(stage, "i01.jpg", title="By hand again")
    assert read(stage).drift == []
    assert title(stage, "i01") == "By hand again"


def test_something_gone_is_noted_and_made_again_when_the_seller_keeps_his(stage: Stage) -> None:
    del stage.agency.there["i02.jpg"]
    found = read(stage)
    assert [(d.item, d.field) for d in found.drift] == [("i02", "status")]
    binding = stage.ledger.binding("memory", "i02")
    assert binding is not None and binding.status is Status.GONE
    decide(found.drift, Stance.MINE, {}, stage.ledger, stage.door)
    assert stage.ledger.binding("memory", "i02") is None


def test_a_broken_reading_tells_nothing_of_the_account(stage: Stage) -> None:
    del stage.agency.there["i00.jpg"]
    stage.agency.opening = [Transient("no line")] * 9
    found = read(stage)
    assert found.drift == [] and found.looked_at == {}
    assert isinstance(found.problems["memory"], Transient)
    binding = stage.ledger.binding("memory", "i00")
    assert binding is not None and binding.status is not Status.GONE


def test_a_decision_that_loses_a_declaration_is_refused_with_all_others(stage: Stage) -> None:
    listings = stage.plan(3).listings
    mark = Declaration("ai-generated", "sentence", "i01")
    listings = {
        pair: replace(lst, declarations=(mark,)) if pair[0] == "i01" else lst
        for pair, lst in listings.items()
    }
    change(stage, "i01.jpg", title="By hand")
    change(stage, "i00.jpg", title="By hand")
    with pytest.raises(Conflict, match="ai-generated"):
        decide(read(stage).drift, Stance.THEIRS, listings, stage.ledger, stage.door)
    assert title(stage, "i00") == "i00", "nothing is half decided"
