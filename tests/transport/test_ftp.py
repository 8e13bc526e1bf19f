"""FtpStore against vsftpd (session reuse required), ProFTPD and the sandbox, plain and encrypted."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from debian import PROJECT
from pydantic import SecretStr
from servers import Served, serve

from channels.transport.ftp import FtpStore
from publisher.errors import (
    AuthFailed,
    ConfigError,
    Conflict,
    NeedsHuman,
    Rejected,
    Transient,
)

SIZE = 3_000_001


def quiet(_name: str, _count: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture(
    scope="module",
    params=[(kind, tls) for kind in ("vsftpd", "proftpd", "sandbox") for tls in (False, True)],
    ids=lambda param: f"{param[0]}-{'ftps' if param[1] else 'ftp'}",
)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    kind, tls = request.param
    with serve(kind, tmp_path_factory.mktemp(kind), tls=tls) as running:
        yield running


@pytest.fixture(autouse=True)
def _empty(served: Served) -> None:
    for file in served.folder.iterdir():
        file.unlink() if file.is_file() else file.rmdir()


@pytest.fixture
def store(served: Served) -> Iterator[FtpStore]:
    with FtpStore(served.endpoint) as opened:
        opened.login()
        yield opened


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("masters") / "dunes.jpg"
    file.write_bytes(os.urandom(SIZE))
    return file


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_upload_arrives_whole_and_is_announced_before_its_last_block(
    served: Served, store: FtpStore, local: Path
) -> None:
    steps: list[int | str] = []
    sent = store.put(
        local,
        "dunes.jpg",
        progress=lambda _name, count: steps.append(count),
        sending=lambda: steps.append("sending"),
    )
    assert sent == SIZE
    assert digest(served.folder / "dunes.jpg") == digest(local)
    assert steps.index("sending") == len(steps) - 2
    last = steps.pop()
    assert isinstance(last, int)
    assert 1 <= last <= 16 * 1024
    assert sum(step for step in steps if isinstance(step, int)) + last == SIZE


@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 16 * 1024 + 1, 512 * 1024, 528 * 1024])
def test_sizes_at_the_edges_of_blocks(
    served: Served, store: FtpStore, tmp_path: Path, size: int
) -> None:
    file = tmp_path / "edge.bin"
    file.write_bytes(os.urandom(size))
    announced: list[bool] = []
    there = served.folder / "edge.bin"
    assert (
        store.put(
            file,
            "edge.bin",
            progress=quiet,
            sending=lambda: announced.append(there.exists()),
        )
        == size
    )
    # An empty file is complete once it is there, so it must be announced before.
    assert announced == [size > 0]
    assert digest(there) == digest(file)


def test_one_connection_carries_many_files(served: Served, store: FtpStore, local: Path) -> None:
    for number in range(8):
        store.put(local, f"f{number}.jpg", progress=quiet)
    listed = {file.name: file.size for page in store.names() for file in page}
    assert listed == {f"f{number}.jpg": SIZE for number in range(8)}


def test_resume_sends_only_the_rest(served: Served, store: FtpStore, local: Path) -> None:
    (served.folder / "dunes.jpg").write_bytes(local.read_bytes()[:1_234_567])
    counts: list[int] = []
    assert (
        store.put(
            local, "dunes.jpg", progress=lambda _name, count: counts.append(count), resume=True
        )
        == SIZE
    )
    assert counts[0] == 1_234_567
    assert sum(counts) == SIZE
    assert digest(served.folder / "dunes.jpg") == digest(local)


def test_resume_of_a_whole_file_sends_nothing(served: Served, store: FtpStore, local: Path) -> None:
    (served.folder / "dunes.jpg").write_bytes(local.read_bytes())
    before = (served.folder / "dunes.jpg").stat().st_mtime_ns
    announced: list[int] = []
    store.put(local, "dunes.jpg", progress=quiet, sending=lambda: announced.append(1), resume=True)
    assert announced == []
    assert (served.folder / "dunes.jpg").stat().st_mtime_ns == before


def test_resume_never_touches_a_larger_file(served: Served, store: FtpStore, local: Path) -> None:
    (served.folder / "dunes.jpg").write_bytes(bytes(SIZE + 1))
    with pytest.raises(Conflict):
        store.put(local, "dunes.jpg", progress=quiet, resume=True)
    assert (served.folder / "dunes.jpg").stat().st_size == SIZE + 1


def test_without_resume_a_file_is_written_from_its_start(
    served: Served, store: FtpStore, local: Path
) -> None:
    (served.folder / "dunes.jpg").write_bytes(b"x" * (SIZE + 5))
    assert store.put(local, "dunes.jpg", progress=quiet) == SIZE
    assert digest(served.folder / "dunes.jpg") == digest(local)


def test_size_rename_delete_and_listing(served: Served, store: FtpStore) -> None:
    (served.folder / "a.jpg").write_bytes(b"12345")
    (served.folder / "folder").mkdir()
    assert store.size("a.jpg") == 5
    assert store.size("b.jpg") is None
    store.rename("a.jpg", "b.jpg")
    assert [(file.name, file.size) for page in store.names() for file in page] == [("b.jpg", 5)]
    store.delete("b.jpg")
    store.delete("b.jpg")
    assert [file for page in store.names() for file in page] == []
    with pytest.raises(Rejected):
        store.rename("gone.jpg", "b.jpg")


@pytest.mark.parametrize("name", ["Dünen é.jpg", "冰沙丘.jpg", "two words (1) 100%.jpg", "-rf.jpg"])
def test_names_beyond_ascii_go_there_and_come_back(
    served: Served, store: FtpStore, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"picture")
    store.put(file, name, progress=quiet)
    assert (served.folder / name).read_bytes() == b"picture"
    assert [found.name for page in store.names() for found in page] == [name]
    assert store.size(name) == 7


def test_a_foreign_name_that_is_not_utf8_does_not_stop_the_listing(
    served: Served, store: FtpStore
) -> None:
    (Path(os.fsdecode(os.fsencode(served.folder) + b"/caf\xe9.jpg"))).write_bytes(b"123")
    (served.folder / "ours.jpg").write_bytes(b"1234")
    listed = {file.name for page in store.names() for file in page}
    assert "ours.jpg" in listed
    assert len(listed) == 2
    os.unlink(os.fsencode(served.folder) + b"/caf\xe9.jpg")


@pytest.mark.parametrize(
    "name", ["../up.jpg", "a/b.jpg", ".hidden", "a\r\nDELE b", "a\\b", "", "tab\t.jpg", "a\u202eb"]
)
def test_hostile_names_are_refused_before_anything_is_sent(
    served: Served, store: FtpStore, local: Path, name: str
) -> None:
    with pytest.raises(Rejected):
        store.put(local, name, progress=quiet)
    assert list(served.folder.iterdir()) == []
    assert store.size("still-usable") is None


def test_wrong_password_is_an_authentication_error_without_the_secret(served: Served) -> None:
    wrong = dataclasses.replace(served.endpoint, password=SecretStr("not-the-secret"))
    with FtpStore(wrong) as store, pytest.raises(AuthFailed) as caught:
        store.login()
    assert "not-the-secret" not in repr(caught.value) + caught.value.detail + repr(wrong)


def test_a_missing_root_needs_a_person(served: Served) -> None:
    elsewhere = dataclasses.replace(served.endpoint, root="/no/such/folder")
    with FtpStore(elsewhere) as store, pytest.raises(NeedsHuman):
        store.login()


def test_a_certificate_that_nobody_vouches_for(served: Served) -> None:
    if not served.endpoint.tls:
        pytest.skip("plain FTP has no certificate")
    strangers = dataclasses.replace(served.endpoint, tls_ca_file=None)
    with FtpStore(strangers) as store, pytest.raises(AuthFailed) as caught:
        store.login()
    assert "TLS_CA_FILE" in caught.value.remedy
    assert "TLS_VERIFY" in caught.value.remedy
    with FtpStore(dataclasses.replace(strangers, tls_verify=False)) as store:
        store.login()
    missing = dataclasses.replace(served.endpoint, tls_ca_file=Path("/no/such.pem"))
    with FtpStore(missing) as store, pytest.raises(ConfigError):
        store.login()


def test_unknown_host_and_closed_port_are_passing_faults_that_name_the_host(
    served: Served,
) -> None:
    for endpoint in (
        dataclasses.replace(served.endpoint, host="no-such-host.invalid"),
        dataclasses.replace(served.endpoint, port=1),
    ):
        with FtpStore(endpoint) as store, pytest.raises(Transient) as caught:
            store.login()
        assert endpoint.host in caught.value.sentence


def test_several_connections_at_once(served: Served, local: Path) -> None:
    def upload(lane: int) -> None:
        with FtpStore(served.endpoint) as store:
            store.login()
            for number in range(5):
                store.put(local, f"{lane}-{number}.jpg", progress=quiet)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upload, range(4)))
    assert {digest(file) for file in served.folder.iterdir()} == {digest(local)}
    assert len(list(served.folder.iterdir())) == 20


def test_a_process_killed_between_blocks_leaves_a_prefix_to_resume(
    served: Served, store: FtpStore, tmp_path: Path
) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(12_000_000))
    endpoint = served.endpoint
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _SLOW_CHILD,
            file,
            str(endpoint.port),
            endpoint.username,
            endpoint.root,
            str(endpoint.tls_ca_file or ""),
        ],
        env={
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "SECRET": endpoint.password.get_secret_value(),
        },
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"half\n"
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    child.stdout.close()
    there = served.folder / "large.bin"
    _settle(there)
    size = there.stat().st_size
    assert size < 12_000_000
    assert there.read_bytes() == file.read_bytes()[:size]
    assert store.put(file, "large.bin", progress=quiet, resume=True) == 12_000_000
    assert digest(there) == digest(file)


def test_a_store_that_is_used_by_a_failing_caller_can_log_in_again(
    served: Served, store: FtpStore, local: Path
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.put(local, "dunes.jpg", progress=quiet, sending=stop)
    with pytest.raises(Transient):
        store.size("dunes.jpg")
    store.login()
    assert (store.size("dunes.jpg") or 0) < SIZE
    assert store.put(local, "dunes.jpg", progress=quiet, resume=True) == SIZE


def _settle(file: Path) -> None:
    """Wait until the server has noticed that its client is gone."""
    deadline, before = time.monotonic() + 10, -1
    while time.monotonic() < deadline:
        now = file.stat().st_size if file.exists() else -1
        if now == before and now >= 0:
            return
        before = now
        threading.Event().wait(0.1)


_SLOW_CHILD = """
import os, sys, time
from pathlib import Path
from pydantic import SecretStr
from channels.transport.ftp import FtpEndpoint, FtpStore
file, port, username, root, ca = sys.argv[1:]
sent = 0
def progress(name, count):
    global sent
    sent += count
    if sent > 6_000_000:
        print("half", flush=True)
        time.sleep(60)
with FtpStore(FtpEndpoint("127.0.0.1", int(port), username, SecretStr(os.environ["SECRET"]), root,
                          tls=bool(ca), tls_ca_file=Path(ca) if ca else None)) as store:
    store.login()
    store.put(Path(file), "large.bin", progress=progress)
"""
