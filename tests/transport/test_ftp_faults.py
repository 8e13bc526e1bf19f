"""What FtpStore says when the server misbehaves, checked against the sandbox server's own books."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from debian import PROJECT
from servers import Served, sandbox

from channels.transport.ftp import FtpStore
from channels.transport.ftp_server import FtpSandboxServer
from publisher.errors import (
    AuthFailed,
    OutcomeUnknown,
    PublisherError,
    Rejected,
    Throttled,
    Transient,
)

# More than the buffers of both kernels together, so that a cut is felt before the last block.
SIZE = 24_000_001


class Desk:
    """A sandbox server, a logged-in store, a file, and whether the last block was announced."""

    def __init__(self, served: Served, server: FtpSandboxServer, local: Path) -> None:
        self.served = served
        self.server = server
        self.local = local
        self.digest = hashlib.sha256(local.read_bytes()).hexdigest()
        self.announced = 0
        self.store = FtpStore(served.endpoint)
        self.store.login()

    def put(self, name: str = "dunes.jpg", *, resume: bool = False) -> list[int]:
        counts: list[int] = []
        self.store.put(
            self.local,
            name,
            progress=lambda _name, count: counts.append(count),
            sending=self._announce,
            resume=resume,
        )
        return counts

    def fails(self, kind: type[PublisherError], *, resume: bool = False) -> PublisherError:
        with pytest.raises(PublisherError) as caught:
            self.put(resume=resume)
        assert type(caught.value) is kind, repr(caught.value)
        return caught.value

    def events(self, kind: str) -> list[tuple[str, int, str]]:
        return [
            (entry["name"], entry["size"], entry["sha256"])
            for entry in self.server.books()
            if entry["event"] == kind
        ]

    def _announce(self) -> None:
        self.announced += 1


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("masters") / "dunes.jpg"
    file.write_bytes(os.urandom(SIZE))
    return file


@pytest.fixture(params=[False, True], ids=["ftp", "ftps"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, local: Path) -> Iterator[Desk]:
    with sandbox(tmp_path, tls=request.param) as (served, server):
        desk = Desk(served, server, local)
        yield desk
        desk.store.close()


def test_books_hold_each_completed_upload_once(desk: Desk) -> None:
    desk.put("a.jpg")
    desk.put("b.jpg")
    desk.store.rename("b.jpg", "c.jpg")
    assert desk.events("completed") == [("a.jpg", SIZE, desk.digest), ("b.jpg", SIZE, desk.digest)]
    assert [(got.key, got.sha256, got.count) for got in desk.server.landed()] == [
        ("a.jpg", desk.digest, 1),
        ("c.jpg", desk.digest, 1),
    ]
    desk.put("a.jpg")
    assert {got.key: got.count for got in desk.server.landed()} == {"a.jpg": 2, "c.jpg": 1}


@pytest.mark.parametrize("fault", ["", "no_rest"])
def test_a_cut_in_the_middle_is_transient_and_resumes_as_one_ingest(desk: Desk, fault: str) -> None:
    desk.server.fault("drop_mid_file", after=1_000_000, times=1)
    error = desk.fails(Transient)
    assert "bytes" in error.sentence
    assert desk.announced == 0
    assert desk.events("completed") == []
    if fault:
        desk.server.fault(fault)
    desk.store.login()
    there = desk.store.size("dunes.jpg")
    assert there is not None
    assert 1_000_000 <= there < SIZE
    assert desk.put(resume=True)[0] == there
    assert desk.announced == 1
    assert desk.events("completed") == [("dunes.jpg", SIZE, desk.digest)]
    assert desk.events("partial")[0][1] == there


def test_without_rest_and_append_the_file_is_sent_from_its_start(desk: Desk) -> None:
    (desk.served.folder / "dunes.jpg").write_bytes(desk.local.read_bytes()[:5_000])
    desk.server.fault("no_rest")
    desk.server.fault("no_appe")
    counts = desk.put(resume=True)
    assert sum(counts) == SIZE
    assert counts[0] != 5_000
    assert desk.events("completed") == [("dunes.jpg", SIZE, desk.digest)]


def test_a_line_lost_after_the_last_block_leaves_the_outcome_open(desk: Desk) -> None:
    desk.server.fault("drop_after_commit", times=1)
    desk.fails(OutcomeUnknown)
    assert desk.announced == 1
    desk.store.login()
    assert desk.store.size("dunes.jpg") == SIZE
    assert desk.put(resume=True) == [SIZE]
    assert desk.events("completed") == [("dunes.jpg", SIZE, desk.digest)]


def test_a_file_that_vanishes_when_it_is_taken_in_is_a_success(desk: Desk) -> None:
    desk.server.fault("vanish")
    desk.put()
    assert desk.store.size("dunes.jpg") is None
    assert [file for page in desk.store.names() for file in page] == []
    assert desk.events("completed") == [("dunes.jpg", SIZE, desk.digest)]


def test_too_many_connections_asks_to_slow_down(desk: Desk) -> None:
    desk.server.fault("too_many", connections=1)
    with FtpStore(desk.served.endpoint) as second, pytest.raises(Throttled) as caught:
        second.login()
    assert caught.value.after > 0
    assert "too many connections" in caught.value.sentence.lower()
    desk.put()


def test_a_refused_login(desk: Desk) -> None:
    desk.server.fault("wrong_password")
    with FtpStore(desk.served.endpoint) as other, pytest.raises(AuthFailed):
        other.login()
    desk.server.clear_faults()
    with FtpStore(desk.served.endpoint) as other:
        other.login()


@pytest.mark.parametrize(("fault", "kind"), [("refuse_450", Transient), ("refuse_550", Rejected)])
def test_a_refused_upload_keeps_the_connection(
    desk: Desk, fault: str, kind: type[PublisherError]
) -> None:
    desk.server.fault(fault, times=1)
    desk.fails(kind)
    assert desk.announced == 0
    desk.put()
    assert desk.events("completed") == [("dunes.jpg", SIZE, desk.digest)]


def test_a_full_disk_is_named_as_such(desk: Desk) -> None:
    desk.server.fault("disk_full", after=2_000_000, times=1)
    error = desk.fails(Rejected)
    assert "full (552)" in error.sentence
    assert desk.events("completed") == []
    desk.put()


def test_listing_and_size_without_their_commands(desk: Desk) -> None:
    for name in ("b.jpg", "a.jpg"):
        (desk.served.folder / name).write_bytes(b"123")
    (desk.served.folder / "folder").mkdir()
    desk.server.fault("no_mlsd")
    listed = [(file.name, file.size) for page in desk.store.names() for file in page]
    assert sorted(listed) == [("a.jpg", 3), ("b.jpg", 3)]
    desk.server.clear_faults()
    desk.server.fault("no_size")
    desk.store.login()
    assert desk.store.size("a.jpg") == 3
    assert desk.store.size("c.jpg") is None
    desk.put()


@pytest.mark.parametrize("fault", ["nat", "no_pasv"])
def test_data_connections_behind_nat_and_without_pasv(desk: Desk, fault: str) -> None:
    desk.server.fault(fault)
    desk.put()
    assert desk.events("completed") == [("dunes.jpg", SIZE, desk.digest)]


def test_parts_that_the_server_deletes_start_again(desk: Desk) -> None:
    desk.server.fault("delete_partial")
    desk.server.fault("drop_mid_file", after=1_000_000, times=1)
    desk.fails(Transient)
    desk.store.login()
    assert desk.store.size("dunes.jpg") is None
    assert sum(desk.put(resume=True)) == SIZE
    assert desk.events("completed") == [("dunes.jpg", SIZE, desk.digest)]


def test_a_slow_server_gets_there(desk: Desk, tmp_path: Path) -> None:
    desk.server.fault("slow", rate=400_000)
    desk.local = tmp_path / "small.jpg"
    desk.local.write_bytes(os.urandom(600_000))
    desk.put()
    assert desk.events("completed")[0][1] == 600_000


def test_a_server_that_stands_still_after_the_last_block(desk: Desk, tmp_path: Path) -> None:
    patient = dataclasses.replace(desk.served.endpoint, data_timeout=0.3)
    desk.server.fault("slow", rate=50_000)
    small = tmp_path / "small.jpg"
    small.write_bytes(os.urandom(300_000))
    announced: list[int] = []
    with FtpStore(patient) as store:
        store.login()
        with pytest.raises(OutcomeUnknown):
            store.put(small, "s.jpg", progress=lambda *_: None, sending=lambda: announced.append(1))
    assert announced == [1]


def test_unknown_faults_are_refused(desk: Desk) -> None:
    with pytest.raises(ValueError, match="no fault"):
        desk.server.fault("no_such_fault")


def test_a_killed_process_never_leaves_a_completed_file(desk: Desk) -> None:
    endpoint = desk.served.endpoint

    def one(number: int) -> None:
        child = subprocess.Popen(
            [
                sys.executable,
                "-c",
                _CHILD,
                desk.local,
                str(endpoint.port),
                str(endpoint.tls_ca_file or ""),
                f"k{number}.jpg",
                str(number * 3_000_000),
            ],
            env={
                **os.environ,
                "PYTHONPATH": str(PROJECT),
                "SECRET": endpoint.password.get_secret_value(),
            },
        )
        assert child.wait(30) == -9

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(1, 7)))
    deadline = threading.Event()
    for _ in range(600):
        if len(desk.events("partial")) == 6:
            break
        deadline.wait(0.05)
    assert desk.events("completed") == []
    assert len(desk.events("partial")) == 6


_CHILD = """
import os, signal, sys
from pathlib import Path
from pydantic import SecretStr
from channels.transport.ftp import FtpEndpoint, FtpStore
file, port, ca, name, until = sys.argv[1:]
sent = 0
def progress(_name, count):
    global sent
    sent += count
    if sent > int(until):
        os.kill(os.getpid(), signal.SIGKILL)
with FtpStore(FtpEndpoint("127.0.0.1", int(port), "ana", SecretStr(os.environ["SECRET"]),
                          tls=bool(ca), tls_ca_file=Path(ca) if ca else None)) as store:
    store.login()
    store.put(Path(file), name, progress=progress)
"""
