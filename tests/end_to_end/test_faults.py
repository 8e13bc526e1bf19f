"""What goes wrong at the other side: each account ends with a sentence, a remedy and the right exit code,
and the rest of the release goes on. The sandboxes' books decide what arrived.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncssh
import pytest
from shapes import Factory
from small_project import HUMAN, manifest
from stagehand import Completed, World

FTP, FTPS, SFTP = "dreamstime", "shutterstock", "vecteezy"

SICK = {
    "ftp-password": (FTP, "AuthFailed", 7),
    "sftp-password": (SFTP, "AuthFailed", 7),
    "key-changed": (SFTP, "AuthFailed", 7),
    "key-unknown": (SFTP, "AuthFailed", 7),
    "certificate": (FTPS, "AuthFailed", 7),
    "no-such-host": (FTP, "Transient", 5),
    "port-closed": (FTP, "Transient", 5),
    "bucket-key": ("bundles", "AuthFailed", 7),
    "no-bucket": ("bundles", "NeedsHuman", 7),
}
"""Account → channel, the error that it ends with, and that error's exit code: sick at the login."""

ITEMS = {"disk-full": (FTP, "552"), "sftp-full": (SFTP, ""), "refused": (FTP, "550")}
"""Accounts that let us in and refuse every file."""

HEALTHY = {"well-ftp": FTP, "well-sftp": SFTP}


@dataclass(frozen=True)
class Hospital:
    """One push of one release to many accounts, each with a trouble of its own."""

    world: World
    push: Completed
    plain: Completed


@pytest.fixture(scope="module")
def hospital(module_world: Factory) -> Hospital:
    channels = {
        **{name: channel for name, (channel, *_) in SICK.items()},
        **{name: channel for name, (channel, _) in ITEMS.items()},
        **HEALTHY,
    }
    world = module_world(
        {name: HUMAN if name in HEALTHY else () for name in channels},
        accounts={name: {"channel": channel} for name, channel in channels.items()},
        data=_data(),
    )
    world.fault("ftp-password", "wrong_password")
    world.fault("sftp-password", "wrong_password")
    world.fault("bucket-key", "wrong_credentials")
    world.fault("no-bucket", "no_bucket")
    world.fault("disk-full", "disk_full", after=100_000)
    world.fault("sftp-full", "disk_full", after=100_000)
    world.fault("refused", "refuse_550")
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    world.changes |= {
        "KEY_CHANGED_HOST_KEY": stranger,
        "KEY_UNKNOWN_HOST_KEY": "",
        "CERTIFICATE_TLS_CA_FILE": "",
        "NO_SUCH_HOST_HOST": "upload.invalid",
        "PORT_CLOSED_PORT": "1",
    }
    push = world.cli("push", "--json")
    return Hospital(world, push, world.cli("push", "--account", "ftp-password"))


def _data() -> dict[str, object]:
    data = manifest(HUMAN)
    data["bundles"][0]["assets"] = list(HUMAN)
    return data


@pytest.mark.parametrize("account", SICK)
def test_a_sick_account_is_set_aside(hospital: Hospital, account: str) -> None:
    _, kind, _ = SICK[account]
    error = hospital.push.problem(account)
    assert error["class"] == kind, error
    assert error["sentence"] and error["remedy"], error
    words = set(hospital.push.words(account).values())
    assert words <= {"failed", "denied"} and "failed" in words
    assert hospital.world.books(account) == []
    failed = [i for i in hospital.push.document["items"] if i["account"] == account]
    assert all(i["error"]["sentence"] for i in failed if i["word"] == "failed")


@pytest.mark.parametrize("account", ITEMS)
def test_refused_files_fail_with_a_reason(hospital: Hospital, account: str) -> None:
    failed = [i for i in hospital.push.document["items"] if i["account"] == account]
    failed = [i for i in failed if i["word"] == "failed"]
    assert len(failed) == len(HUMAN)
    assert all(i["error"]["sentence"] and i["error"]["remedy"] for i in failed), failed
    assert ITEMS[account][1] in failed[0]["error"]["sentence"]
    assert not [e for e in hospital.world.books(account) if e["event"] == "completed"]


def test_the_healthy_accounts_are_whole(hospital: Hospital) -> None:
    expected = dict(hospital.world.expected)
    hospital.world.expected = dict.fromkeys(HEALTHY, HUMAN)
    assert hospital.world.differences() == []
    hospital.world.expected = expected


def test_the_worst_trouble_is_the_exit_code(hospital: Hospital) -> None:
    assert hospital.push.code == 7
    assert sum(hospital.push.document["counts"].values()) == hospital.push.document["pairs"]
    assert hospital.push.err == ""


def test_a_person_reads_sentence_and_remedy(hospital: Hospital) -> None:
    assert hospital.plain.code == 7
    said = hospital.plain.out + hospital.plain.err
    error = hospital.push.problem("ftp-password")
    squeezed = " ".join(said.split())
    assert error["sentence"] in squeezed
    assert error["remedy"].split(". ")[0] in squeezed


def test_no_secret_is_left_anywhere(hospital: Hospital) -> None:
    assert hospital.world.leaks() == []


def test_all_is_well_after_the_repair(hospital: Hospital) -> None:
    """The same command, nothing else: what failed arrives, and what was there is not sent again."""
    world = hospital.world
    world.clear_faults()
    world.changes.clear()
    done = world.cli("push", "--json")
    assert done.code == 0, done.document["counts"]
    bucket = ("small-pack",)
    for name in world.expected:
        channel = SICK.get(name, (None,))[0]
        world.expected = {**world.expected, name: bucket if channel == "bundles" else HUMAN}
    assert world.differences() == []
    second = world.cli("plan", "--json")
    assert set(second.document["counts"]) == {"unchanged", "denied"}


STORMY = {
    "cut-ftp": (FTP, "drop_mid_file", {"after": 300_000, "times": 1}),
    "cut-ftps": (FTPS, "drop_mid_file", {"after": 300_000, "times": 1}),
    "cut-sftp": (SFTP, "drop_mid_file", {"after": 300_000, "times": 1}),
    "late-ftp": (FTP, "drop_after_commit", {"times": 2}),
    "late-sftp": (SFTP, "drop_after_commit", {"times": 2}),
    "crowd-ftp": (FTP, "too_many", {"connections": 1}),
    "crowd-sftp": (SFTP, "too_many", {"connections": 1}),
    "later-ftp": (FTP, "refuse_450", {"times": 2}),
    "gone-ftp": (FTP, "vanish", {}),
    "gone-sftp": (SFTP, "vanish", {}),
    "slow-down": ("bundles", "refuse_503", {"times": 1}),
    "late-bucket": ("bundles", "drop_after_commit", {"times": 1}),
}
"""Account → channel, fault and options: what a push must overcome by itself."""


@pytest.fixture(scope="module")
def storm(module_world: Factory) -> Hospital:
    bundles = {n: c == "bundles" for n, (c, *_) in STORMY.items()}
    world = module_world(
        {name: ("small-pack",) if pack else HUMAN for name, pack in bundles.items()},
        accounts={name: {"channel": channel} for name, (channel, *_) in STORMY.items()},
        data=_data(),
    )
    for name, (_, fault, options) in STORMY.items():
        world.fault(name, fault, **options)
    push = world.cli("push", "--json")
    world.clear_faults()
    return Hospital(world, push, world.cli("plan", "--json"))


@pytest.mark.parametrize("account", STORMY)
def test_a_push_rides_it_out(storm: Hospital, account: str) -> None:
    wanted = storm.world.expected[account]
    words = storm.push.words(account)
    assert {i for i, word in words.items() if word == "published"} == set(wanted), [
        i["error"] for i in storm.push.document["items"] if i["account"] == account
    ]
    landed = {e.key.rpartition("/")[2]: e for e in storm.world.server(account).landed()}
    bound = storm.world.bindings(account)
    for sent in (f for item in wanted for f in bound[item].files):
        assert landed[sent.name].count == 1
        assert landed[sent.name].sha256 == sent.sha256
    images = [name for name in landed if name.endswith((".jpg", ".zip"))]
    assert len(images) == sum(len(b.files) for b in bound.values())


def test_a_cut_upload_is_resumed(storm: Hospital) -> None:
    for account in ("cut-ftp", "cut-ftps", "cut-sftp"):
        books = storm.world.books(account)
        partial = [e for e in books if e["event"] == "partial"]
        assert partial, account
        first = partial[0]
        whole = next(e for e in books if e["event"] == "completed" and e["name"] == first["name"])
        assert first["size"] < whole["size"]


def test_nothing_is_left_after_the_storm(storm: Hospital) -> None:
    assert storm.push.code == 0
    assert set(storm.plain.document["counts"]) == {"unchanged", "denied"}
    assert storm.world.leaks() == []
