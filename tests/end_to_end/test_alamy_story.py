"""An agency changes its mind about AI images: published before, to be taken off after, and denied from then on.

The dates are those of the agency's real history; the sandbox's own books say what arrived.
"""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Factory
from small_project import GENERATED, asset, manifest
from stagehand import World

BEFORE, AFTER = "2023-01-15", "2023-05-16"
FIRST, SECOND, HUMAN = "photo-1", "photo-2", "photo-3"
"""The first two are made with AI in this story; the third one is the photograph of a person."""


def told(*names: str) -> dict[str, Any]:
    """The manifest with these images; what is not the human one is generated."""
    data = manifest((), pack=False)
    for number, name in enumerate(names, start=1):
        one = asset(name, number)
        if name != HUMAN:
            one |= {"provenance": GENERATED, "style": "illustration"}
        data["assets"].append(one)
    return data


@pytest.fixture
def world(make_world: Factory) -> World:
    return make_world({"alamy": (FIRST,)}, data=told(FIRST), warm=False)


def test_published_then_a_task_then_denied(world: World) -> None:
    # January 2023: nothing speaks against it, and it goes out.
    pushed = world.cli("push", "--as-of", BEFORE, "--json")
    assert (pushed.code, pushed.words()) == (0, {f"{FIRST}@alamy": "published"})
    assert world.differences() == []
    bound = world.bindings("alamy")[FIRST]
    books = world.books("alamy")
    assert [e["event"] for e in books] == ["completed"]
    assert world.cli("audit", "--as-of", BEFORE, "--json").document["counts"] == {"none": 1}
    assert world.bindings("alamy")[FIRST].tasks == bound.tasks

    # May 2023: the audit finds it, cannot take it off by FTP, and asks a person.
    audit = world.cli("audit", "--as-of", AFTER, "--json")
    assert audit.code == 0
    (found,) = audit.document["items"]
    assert audit.document["as_of"] == AFTER
    assert audit.document["counts"] == {"task": 1}
    assert (found["item"], found["account"], found["verdict"]) == (FIRST, "alamy", "deny")
    assert (found["action"], found["remote"]) == ("task", bound.remote_id)
    assert found["because"][0]["rule"] == "ai-banned"
    assert found["because"][0]["source"] and found["page"].startswith("https://")

    # The task stays in the ledger, and a second audit does not ask again.
    tasks = world.bindings("alamy")[FIRST].tasks
    (task,) = set(tasks) - set(bound.tasks)
    assert bound.remote_id in task and found["page"] in task
    assert f"publisher resolve {FIRST} alamy --as gone" in task
    status = world.cli("status", "--json").document
    assert task in status["items"][0]["tasks"]
    assert bound.remote_id in world.cli("status").out
    again = world.cli("audit", "--as-of", AFTER, "--apply", "--json")
    assert again.code == 0
    assert again.document["push"]["counts"] == {"held": 1}
    assert world.bindings("alamy")[FIRST].tasks == tasks

    # A new AI image is denied from now on; a photograph by a person still goes.
    world.write_manifest(told(FIRST, SECOND))
    plan = world.cli("plan", "--as-of", AFTER, "--json")
    assert plan.words("alamy") == {FIRST: "denied", SECOND: "denied"}
    assert world.cli("push", "--as-of", AFTER, "--json").document["counts"] == {"denied": 2}
    assert world.books("alamy") == books

    # The person deleted it there and says so: nothing is bound, and nothing goes back.
    assert world.cli("resolve", FIRST, "alamy", "--as", "gone").code == 0
    assert world.bindings("alamy") == {}
    assert world.cli("audit", "--as-of", AFTER, "--json").document["items"] == []
    assert world.cli("push", "--as-of", AFTER, "--json").document["counts"] == {"denied": 2}
    assert world.books("alamy") == books


def test_a_look_opens_no_task_and_people_read_what_to_do(world: World) -> None:
    world.cli("push", "--as-of", BEFORE, "--json")
    before = world.bindings("alamy")[FIRST].tasks
    shown = world.cli("audit", "--as-of", AFTER, "--dry-run")
    assert shown.code == 0
    assert "ai-banned" in shown.out and "wait for you" in shown.out
    assert world.bindings("alamy")[FIRST].tasks == before


def test_what_can_be_withdrawn_is_withdrawn_and_a_promise_counts(make_world: Factory) -> None:
    """A pack that is ours is removed by ``--apply``; what has left the manifest is told and left alone."""
    names = (FIRST, SECOND, HUMAN)
    data = told(*names)
    world = make_world({"handoff": names}, data=data, warm=False, sandboxes=False)
    assert world.cli("push", "--json").document["counts"] == {"prepared": 3}
    promised = told(*names)
    promised["assets"][0]["exclusivity"] = [{"to": "A gallery", "until": "2099-12-31"}]
    world.write_manifest(promised)
    audit = world.cli("audit", "--json").document
    verdicts = {i["item"]: (i["verdict"], i["action"]) for i in audit["items"]}
    assert verdicts[FIRST] == ("deny", "withdraw")
    assert audit["counts"] == {"withdraw": 1, "none": 2}
    (first,) = [i for i in audit["items"] if i["item"] == FIRST]
    assert first["because"][0]["rule"] == "promise-broken"
    assert "promised to A gallery alone until 2099-12-31" in first["because"][0]["text"]
    pack = world.state / "outbox" / "small-things" / "handoff" / first["remote"]
    assert pack.is_dir()
    done = world.cli("audit", "--apply", "--json").document
    assert done["push"]["counts"] == {"withdrawn": 1}
    assert not pack.exists()
    assert set(world.bindings("handoff")) == {SECOND, HUMAN}
