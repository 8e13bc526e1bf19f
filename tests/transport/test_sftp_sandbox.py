"""SftpStore against the sandbox server: what is said about each fault, and what the books then hold."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sshd
from pydantic import SecretStr

from channels.transport.sftp import SftpEndpoint, SftpStore
from channels.transport.sftp_server import SftpSandboxServer
from publisher.errors import (
    AuthFailed,
    OutcomeUnknown,
    PublisherError,
    Rejected,
    Throttled,
    Transient,
)

MB = 1024 * 1024


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SftpSandboxServer]:
    server = SftpSandboxServer(tmp_path / "agency", "ana", "pass-word-1")
    yield server
    server.stop()


@pytest.fixture(params=sshd.CLIENTS)
def there(sandbox: SftpSandboxServer, request: pytest.FixtureRequest) -> SftpEndpoint:
    client = sshd.need_client(request.param)
    host, port, key = sandbox.start()
    secret = SecretStr("pass-word-1")
    return SftpEndpoint(
        host, port, "ana", secret, "/", host_key=key, data_timeout=20, client=client
    )


def put(end: SftpEndpoint, path: Path, *, resume: bool = False, name: str = "") -> list[str]:
    """Upload, and return what happened in which order: numbers of bytes, and the word ``sending``."""
    story: list[str] = []
    with SftpStore(end) as store:
        store.login()
        store.put(
            path,
            name or path.name,
            progress=lambda _name, count: story.append(str(count)),
            sending=lambda: story.append("sending"),
            resume=resume,
        )
    return story


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "glass.jpg"
    path.write_bytes(os.urandom(4 * MB + 77))
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def events(server: SftpSandboxServer) -> list[str]:
    """The events in the books, as soon as there is one: a cut is noticed by the server, not told."""
    deadline = time.monotonic() + 10
    while not server.books() and time.monotonic() < deadline:
        time.sleep(0.01)
    return [entry["event"] for entry in server.books()]


def test_books_hold_one_whole_file(
    there: SftpEndpoint, sandbox: SftpSandboxServer, picture: Path
) -> None:
    story = put(there, picture)
    assert story.index("sending") == len(story) - 2
    (entry,) = sandbox.books()
    assert (entry["event"], entry["name"]) == ("completed", "glass.jpg")
    assert (entry["sha256"], entry["size"]) == (digest(picture), 4 * MB + 77)


def test_temporary_name_and_rename_are_one_file(
    there: SftpEndpoint, sandbox: SftpSandboxServer, picture: Path
) -> None:
    with SftpStore(there) as store:
        store.login()
        store.put(picture, "part-1", progress=lambda _n, _c: None)
        store.rename("part-1", "glass.jpg")
    (landed,) = sandbox.landed()
    assert (landed.key, landed.sha256, landed.count) == ("glass.jpg", digest(picture), 1)
    sandbox.fault("no_rename")
    with SftpStore(there) as store:
        store.login()
        with pytest.raises(Rejected):
            store.rename("glass.jpg", "other.jpg")


@pytest.mark.parametrize("after", [0, 300_000, 3 * MB])
def test_cut_in_the_middle_then_resumed_is_one_file(
    there: SftpEndpoint, sandbox: SftpSandboxServer, picture: Path, after: int
) -> None:
    sandbox.fault("drop_mid_file", after=after, times=1)
    with pytest.raises(Transient):
        put(there, picture)
    assert events(sandbox) == ["partial"]
    assert sandbox.landed() == []
    put(there, picture, resume=True)
    (landed,) = sandbox.landed()
    assert (landed.sha256, landed.count) == (digest(picture), 1)


def test_cut_in_the_last_block_is_unknown(
    there: SftpEndpoint, sandbox: SftpSandboxServer, picture: Path
) -> None:
    sandbox.fault("drop_mid_file", after=4 * MB + 76, times=1)
    with pytest.raises(OutcomeUnknown):
        put(there, picture)
    assert events(sandbox) == ["partial"]


def test_taken_in_but_no_answer_is_unknown(
    there: SftpEndpoint, sandbox: SftpSandboxServer, picture: Path
) -> None:
    sandbox.fault("drop_after_commit", times=1)
    with pytest.raises(OutcomeUnknown) as caught:
        put(there, picture)
    assert "pass-word-1" not in f"{caught.value.sentence}{caught.value.detail}"
    assert [landed.sha256 for landed in sandbox.landed()] == [digest(picture)]


def test_gone_as_soon_as_it_is_whole_is_success(
    there: SftpEndpoint, sandbox: SftpSandboxServer, picture: Path
) -> None:
    sandbox.fault("vanish")
    put(there, picture)
    with SftpStore(there) as store:
        store.login()
        assert store.size("glass.jpg") is None
        assert list(store.names()) == []
    assert [landed.count for landed in sandbox.landed()] == [1]


@pytest.mark.parametrize("status", ["failure", "no_space"])
@pytest.mark.parametrize("after", [0, 4 * MB])
def test_disk_full_is_the_servers_word(
    there: SftpEndpoint, sandbox: SftpSandboxServer, picture: Path, status: str, after: int
) -> None:
    sandbox.fault("disk_full", after=after, status=status)
    with pytest.raises(Rejected, match="No space left"):
        put(there, picture)
    assert sandbox.landed() == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("wrong_password", AuthFailed),
        ("too_many", Throttled),
        ("refuse_permission", Rejected),
    ],
)
def test_refusals_leave_nothing(
    there: SftpEndpoint,
    sandbox: SftpSandboxServer,
    picture: Path,
    fault: str,
    expected: type[PublisherError],
) -> None:
    sandbox.fault(fault, times=1)
    with pytest.raises(expected):
        put(there, picture)
    assert sandbox.books() == []
    put(there, picture)
    assert events(sandbox) == ["completed"]


def test_too_slow_is_given_up(
    there: SftpEndpoint, sandbox: SftpSandboxServer, picture: Path
) -> None:
    import dataclasses

    sandbox.fault("slow", rate=10_000)
    with pytest.raises(Transient):
        put(dataclasses.replace(there, data_timeout=0.5), picture)
    assert sandbox.landed() == []


def test_a_journal_that_fails_stops_before_the_last_block(
    there: SftpEndpoint, sandbox: SftpSandboxServer, picture: Path
) -> None:
    def full_disk() -> None:
        raise OSError("journal")

    with SftpStore(there) as store:
        store.login()
        with pytest.raises(OSError, match="journal"):
            store.put(picture, "a.jpg", progress=lambda _n, _c: None, sending=full_disk)
        with pytest.raises(Transient):
            store.size("a.jpg")
        store.login()
        size = store.size("a.jpg")
    assert size is not None
    assert size < picture.stat().st_size
    assert events(sandbox) == ["partial"]


def test_the_sandbox_keeps_its_host_key_and_refuses_unknown_faults(
    sandbox: SftpSandboxServer,
) -> None:
    first = sandbox.start()
    sandbox.stop()
    sandbox.stop()
    assert sandbox.start()[2] == first[2]
    with pytest.raises(ValueError, match="no fault"):
        sandbox.fault("typo")
