"""What goes wrong on this side: mistakes in the project, broken pictures, two pushes at once, an interrupt.

Each ends with a sentence, a remedy and the exit code that a script can rely on, and without a traceback.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from shapes import Factory
from small_project import AI, HUMAN, manifest
from stagehand import Completed, World, kill, until

ONE = {"dreamstime": ("photo-1",)}


def one(make_world: Factory, **options: object) -> World:
    """A world of one photograph and one FTP account."""
    return make_world(ONE, data=manifest(("photo-1",), pack=False), **options)  # type: ignore[arg-type]


def test_missing_credentials_are_all_named(make_world: Factory) -> None:
    names = ("adobe-stock", "dreamstime", "bundles", "handoff")
    world = make_world(dict.fromkeys(names, ()), sandboxes=False, warm=False)
    done = world.cli("push")
    assert done.code == 2
    wanted = [f"{name}_USERNAME" for name in ("ADOBE_STOCK", "DREAMSTIME")]
    wanted += ["BUNDLES_BUCKET", "BUNDLES_ACCESS_KEY_ID", "BUNDLES_SECRET_ACCESS_KEY"]
    assert all(name in done.err for name in wanted), done.err
    assert "error: " in done.err and "remedy: " in done.err
    for command in ("check", "plan", "status"):
        assert world.cli(command).code == 0


def test_thirty_mistakes_are_all_named(make_world: Factory) -> None:
    world = one(make_world, sandboxes=False, warm=False)
    (world.folder / "release.json").unlink()
    lines = ["release: broken", "assets:"]
    wrong = []
    for number in range(15):
        lines.append(f"  - id: item-{number}")
        lines.append(f"    file: masters/none-{number}.png")
        wrong.append(f"broken.yaml:{len(lines)}:")
        lines.append(f"    provenance: {{class: dreamed-{number}}}")
        wrong.append(f"broken.yaml:{len(lines)}:")
    (world.folder / "broken.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    text = (world.folder / "publisher.toml").read_text("utf-8")
    (world.folder / "publisher.toml").write_text(text.replace("release.json", "broken.yaml"))
    for command in ("check", "plan", "push"):
        done = world.cli(command, "--json")
        assert done.code == 3
        assert [w for w in wrong if w not in done.err] == []
        assert done.document["error"]["class"] == "ManifestError"
        problems = done.document["error"]["problems"]
        assert len(problems) >= 30
        assert [w for w in wrong if not any(p.startswith(w) for p in problems)] == []


def test_unknown_names(make_world: Factory) -> None:
    world = one(make_world, sandboxes=False, warm=False)
    for arguments, known in (
        (("push", "--account", "nowhere"), "dreamstime"),
        (("plan", "--item", "photo-9"), "photo-1"),
        (("why", "photo-1", "nowhere"), "dreamstime"),
        (("resolve", "photo-1", "nowhere", "--as", "published"), "dreamstime"),
        (("plan", "--as-of", "last week"), "2023-05-16"),
    ):
        done = world.cli(*arguments)
        assert done.code == 2, (arguments, done)
        assert done.err.startswith("error: ") and "remedy: " in done.err
        assert known in done.err
        assert done.out == ""


@pytest.mark.parametrize("place", ["../secret.jpg", "/etc/hostname", "masters/../../secret.jpg"])
def test_a_path_that_leaves_the_project(make_world: Factory, place: str) -> None:
    world = one(make_world, sandboxes=False, warm=False)
    shutil.copy(world.folder / "masters" / "photo-1.jpg", world.folder.parent / "secret.jpg")
    data = manifest(("photo-1",), pack=False)
    data["assets"][0]["file"] = place
    world.write_manifest(data)
    done = world.cli("push", "--json")
    assert done.code == 3
    assert "outside" in done.err and "release.json:" in done.err


def test_a_link_that_leaves_the_project(make_world: Factory) -> None:
    world = one(make_world, sandboxes=False, warm=False)
    master = world.folder / "masters" / "photo-1.jpg"
    master.rename(world.folder.parent / "secret.jpg")
    master.symlink_to(world.folder.parent / "secret.jpg")
    assert world.cli("push", "--json").code == 3


def test_broken_pictures_fail_alone(make_world: Factory) -> None:
    """A text that is called .png, half a JPEG and a JPEG with a torn end; the rest is published."""
    world = make_world({"dreamstime": ("photo-3", "ai-3")}, data=manifest(pack=False), warm=False)
    folder = world.folder / "masters"
    whole = (folder / "photo-1.jpg").read_bytes()
    for name, data in {
        "ai-1.png": b"This is no picture.\n" * 100,
        "ai-2.png": (folder / "ai-2.png").read_bytes()[: 1 << 20],
        "photo-1.jpg": whole[: len(whole) // 2],
        "photo-2.jpg": b"\xff\xd8\xff\xe0" + bytes(4000),
    }.items():
        (folder / name).unlink()
        (folder / name).write_bytes(data)
    done = world.cli("push", "--json")
    words = done.words("dreamstime")
    assert {i for i, word in words.items() if word == "failed"} == {
        "ai-1",
        "ai-2",
        "photo-1",
        "photo-2",
    }, words
    errors = [i["error"] for i in done.document["items"] if i["error"]]
    assert all(e["sentence"] and e["remedy"] for e in errors), errors
    assert done.code == 5
    assert world.differences() == []


def test_vanished_after_ingest_and_killed_before_the_receipt(make_world: Factory) -> None:
    """The agency takes the file away at once: only a person can tell, and nothing is sent blindly."""
    world = one(make_world)
    world.fault("dreamstime", "vanish")
    world.fault("dreamstime", "silent_after_commit")
    child = world.start("push", "--json")
    taken = until(lambda: any(e["event"] == "completed" for e in world.books("dreamstime")), 60)
    kill(child, group=True)
    assert taken and not world.bindings("dreamstime")
    world.clear_faults()
    done = world.cli("push", "--json")
    assert done.code == 6
    assert done.words("dreamstime") == {"photo-1": "unknown"}
    (told,) = done.document["items"]
    assert "publisher resolve photo-1 dreamstime --as published" in told["error"]["remedy"]
    assert world.cli("push", "--json").code == 6
    assert _times(world) == 1
    assert world.cli("resolve", "photo-1", "dreamstime", "--as", "published").code == 0
    assert world.cli("push", "--json").code == 0
    assert _times(world) == 1
    assert world.cli("plan", "--json").document["counts"] == {"unchanged": 1}
    assert world.cli("resolve", "photo-1", "dreamstime", "--as", "absent").code == 0
    assert world.cli("push", "--json").words("dreamstime") == {"photo-1": "published"}
    assert _times(world) == 2  # because a person said that it was gone


def _times(world: World) -> int:
    return sum(
        e["event"] == "completed" and e["name"].endswith(".jpg") for e in world.books("dreamstime")
    )


def test_two_pushes_at_once(make_world: Factory) -> None:
    every = {"dreamstime": HUMAN, "adobe-stock": (*HUMAN, *AI)}
    data = manifest(pack=False)
    for item in data["assets"]:
        item["channels"] = {"dreamstime": {"publish": item["id"] in HUMAN}}
    world = make_world(every, data=data)
    world.fault("dreamstime", "slow", rate=400_000)
    world.fault("adobe-stock", "slow", rate=400_000)
    children = [world.start("push", "--json") for _ in range(2)]
    ended = [(c.returncode, *out) for c, out in [(c, c.communicate()) for c in children]]
    done = [world.completed(*e) for e in ended]
    busy = [
        a["account"]
        for d in done
        for a in d.document["accounts"]
        if a["error"] and a["error"]["class"] == "Busy"
    ]
    # On a busy machine one run may be through with an account before the other comes to it.
    assert set(busy) <= set(every), [d.document["counts"] for d in done]
    assert "adobe-stock" in busy, [d.document["counts"] for d in done]
    assert all("process" in d.problem(a)["sentence"] for d in done for a in busy if d.problem(a))
    assert max(d.code for d in done) == 5
    assert world.differences() == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_outbox(make_world: Factory) -> None:
    world = make_world({"handoff": ()}, data=manifest(("photo-1",), pack=False))
    outbox = world.state / "outbox"
    outbox.mkdir(parents=True)
    outbox.chmod(0o500)
    _outbox_is_no_place(world)


def test_an_outbox_that_is_a_file(make_world: Factory) -> None:
    world = make_world(
        {"handoff": (), "dreamstime": ("photo-1",)}, data=manifest(("photo-1",), pack=False)
    )
    (world.state / "outbox").write_text("in the way")
    done = _outbox_is_no_place(world)
    assert "outbox" in done.problem("dreamstime")["sentence"]  # its CSV has no place either
    assert [e.count for e in world.server("dreamstime").landed()] == [1]
    (world.state / "outbox").unlink()
    assert world.cli("push", "--json").code == 0
    assert [e.count for e in world.server("dreamstime").landed()] == [1]


def _outbox_is_no_place(world: World) -> Completed:
    done = world.cli("push", "--json")
    assert done.code in (2, 5), done
    error = done.problem("handoff")
    assert "outbox" in error["sentence"] and error["remedy"], error
    assert done.words("handoff")["photo-1"] == "failed"
    return done


def test_an_interrupt_is_polite(make_world: Factory) -> None:
    """One Ctrl-C: transfers break off, every pair has a word, and the next push goes on."""
    world = make_world({"dreamstime": HUMAN}, data=manifest(HUMAN, pack=False))
    world.fault("dreamstime", "slow", rate=400_000)
    child = world.start("push", "--json")
    folder = world.server("dreamstime").folder
    assert until(lambda: any(p.stat().st_size for p in folder.rglob("*.jpg")), 60)
    os.kill(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=60)
    stopped = world.completed(child.returncode, out, err)
    assert stopped.code == 5
    assert "stopping" in stopped.err
    assert set(stopped.words("dreamstime").values()) <= {"failed", "published"}
    errors = [i["error"] for i in stopped.document["items"] if i["error"]]
    assert errors
    assert all("stopped on request" in e["sentence"] for e in errors), errors
    world.clear_faults()
    assert world.cli("push", "--json").code == 0
    assert world.differences() == []


def test_an_interrupt_of_the_group_spares_the_workers(make_world: Factory) -> None:
    """Ctrl-C in a terminal reaches the workers as well; a picture in work must not count as broken."""
    world = make_world({"dreamstime": HUMAN}, data=manifest(HUMAN, pack=False), warm=False)
    child = world.start("push", "--json")
    assert until(lambda: any((world.state / "cache").rglob("*.jpg*")), 60)
    os.killpg(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=60)
    stopped = world.completed(child.returncode, out, err)
    assert not [i for i in stopped.document["items"] if i["error"] and "decoder" in str(i["error"])]
    assert world.cli("push", "--json").code == 0
    assert world.differences() == []


def test_a_ledger_that_is_none(make_world: Factory) -> None:
    world = one(make_world, warm=False)
    world.state.mkdir(exist_ok=True)
    (world.state / "ledger.sqlite").write_bytes(random.Random(3).randbytes(8192))
    for command in ("plan", "push", "status"):
        done = world.cli(command)
        assert done.code == 2
        assert "ledger" in done.err and "remedy: " in done.err
    assert world.books("dreamstime") == []


def test_guards_stop_a_mass_withdrawal_of_words(make_world: Factory) -> None:
    """A push whose digest was not the approved one is refused before the first write."""
    world = one(make_world)
    done = world.cli("push", "--digest", "0123456789ab", "--json")
    assert done.code == 4
    assert world.books("dreamstime") == []
    with closing(sqlite3.connect(world.state / "ledger.sqlite")) as ledger:
        assert ledger.execute("SELECT count(*) FROM intents").fetchone() == (0,)


def test_usage_errors_are_short(tmp_path: Path, make_world: Factory) -> None:
    world = one(make_world, sandboxes=False, warm=False)
    done = world.cli("push", "--acount", "dreamstime")
    assert done.code == 2
    assert "--acount" in done.err
    assert len(done.err.splitlines()) < 10
