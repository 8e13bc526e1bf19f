"""The ssh program as a line: where the secret goes, what is asked for, and that no child is left."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, cast

import asyncssh
import pytest
import sshd
from pydantic import SecretStr

from channels.transport import sftp_child
from channels.transport.sftp import SftpEndpoint, SftpStore
from channels.transport.sftp_openssh import OpensshLine
from publisher.errors import AuthFailed, NeedsHuman, Transient

PASSWORD = "pässwörd ā 'x' $(id) \\n %h"
PROJECT = Path(__file__).resolve().parents[2]
MB = 1024 * 1024


@pytest.fixture(autouse=True)
def _ssh() -> None:
    sshd.need_client("openssh")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Sshd]:
    with sshd.running(tmp_path_factory.mktemp("sshd"), extra="RekeyLimit 1M") as running:
        yield running


@pytest.fixture
def real(server: sshd.Sshd) -> SftpEndpoint:
    return SftpEndpoint(
        "127.0.0.1",
        server.port,
        server.username,
        SecretStr(""),
        str(server.root),
        host_key=server.host_key,
        key_file=server.key_file,
        data_timeout=20,
        client="openssh",
    )


class Door(asyncssh.SSHServer):
    """Lets in by password, by keyboard-interactive, or by both; counts what was given."""

    ways = frozenset({"password", "kbdint"})
    prompt = "Password: "
    given: ClassVar[list[str]]

    def password_auth_supported(self) -> bool:
        return "password" in self.ways

    def validate_password(self, username: str, password: str) -> bool:
        self.given.append(password)
        return password == PASSWORD

    def kbdint_auth_supported(self) -> bool:
        return "kbdint" in self.ways

    def get_kbdint_challenge(
        self, username: str, lang: str, submethods: str
    ) -> tuple[str, str, str, list[tuple[str, bool]]]:
        return "", "", "", [(self.prompt, False)]

    def validate_kbdint_response(self, username: str, responses: list[str]) -> bool:  # type: ignore[override]
        self.given.extend(responses)
        return responses == [PASSWORD]


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[tuple[type[Door], SftpEndpoint]]:
    class Mine(Door):
        given: ClassVar[list[str]] = []

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    key = asyncssh.generate_private_key("ssh-ed25519")

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[key],
            server_factory=Mine,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=bytes(tmp_path)),
        )

    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(20)
    line = key.export_public_key().decode()
    try:
        yield (
            Mine,
            SftpEndpoint(
                "127.0.0.1",
                acceptor.get_port(),
                "ana",
                SecretStr(PASSWORD),
                host_key=line,
                client="openssh",
            ),
        )
    finally:
        loop.call_soon_threadsafe(acceptor.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def child_of(store: SftpStore) -> int:
    child = cast(OpensshLine, store._open_line)._child
    assert child is not None
    return child.number


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z" and int(Path(f"/proc/{pid}/stat").read_text().split()[3]) != os.getpid():
            return True  # an orphan that only awaits the system's reaper
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("ways", [{"password"}, {"kbdint"}, {"password", "kbdint"}])
def test_password_in_both_ways(doors: tuple[type[Door], SftpEndpoint], ways: set[str]) -> None:
    door, end = doors
    door.ways = frozenset(ways)
    before = set(Path(tempfile.gettempdir()).glob("sftp-*"))
    with SftpStore(end) as store:
        store.login()
        pid = child_of(store)
        for what in ("cmdline", "environ"):
            told = Path(f"/proc/{pid}/{what}").read_bytes()
            assert b"ssh" in told.lower()
            assert "pässw".encode() not in told
        assert set(Path(tempfile.gettempdir()).glob("sftp-*")) <= before
    assert door.given == [PASSWORD]
    assert gone(pid)


@pytest.mark.parametrize("ways", [{"password"}, {"kbdint"}, {"password", "kbdint"}])
def test_wrong_password_is_given_once(
    doors: tuple[type[Door], SftpEndpoint], ways: set[str]
) -> None:
    door, end = doors
    door.ways = frozenset(ways)
    wrong = dataclasses.replace(end, password=SecretStr("wrong-one"))
    with pytest.raises(AuthFailed) as caught:
        SftpStore(wrong).login()
    assert "wrong-one" not in f"{caught.value!r} {caught.value.detail}"
    assert [given for given in door.given if given] == ["wrong-one"]


def test_another_question_does_not_get_the_password(
    doors: tuple[type[Door], SftpEndpoint],
) -> None:
    door, end = doors
    door.ways, door.prompt = frozenset({"kbdint"}), "Enter passphrase for key: "
    phrase = dataclasses.replace(end, key_passphrase=SecretStr("phrase-2"))
    with pytest.raises(AuthFailed):
        SftpStore(phrase).login()
    assert [given for given in door.given if given] == []


def test_a_secret_that_ssh_cannot_take_goes_the_other_way(
    doors: tuple[type[Door], SftpEndpoint],
) -> None:
    _door, end = doors
    two_lines = dataclasses.replace(end, password=SecretStr("two\nlines"), client="auto")
    with pytest.raises(AuthFailed, match="user name and password"):
        SftpStore(two_lines).login()


def test_key_with_a_passphrase(real: SftpEndpoint, tmp_path: Path) -> None:
    assert real.key_file is not None
    key = tmp_path / "my %h key"
    shutil.copy(real.key_file, key)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "phrase one", "-f", key], check=True)
    end = dataclasses.replace(real, key_file=key, key_passphrase=SecretStr("phrase one"))
    with SftpStore(end) as store:
        store.login()
    with pytest.raises(AuthFailed, match="private key"):
        SftpStore(dataclasses.replace(end, key_passphrase=SecretStr("other"))).login()


def test_a_key_file_that_ssh_will_not_use(real: SftpEndpoint, tmp_path: Path) -> None:
    assert real.key_file is not None
    end = dataclasses.replace(real, key_file=tmp_path / "open to all")
    shutil.copy(real.key_file, tmp_path / "open to all")
    (tmp_path / "open to all").chmod(0o644)
    with pytest.raises(NeedsHuman, match="cannot be used"):
        SftpStore(end).login()
    with SftpStore(dataclasses.replace(end, client="auto")) as store:
        store.login()


def test_rekeying_long_after_the_login(real: SftpEndpoint, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(os.urandom(8 * MB))
    with SftpStore(real) as store:
        store.login()
        store.put(path, "a.jpg", progress=lambda _n, _c: None)
    assert (Path(real.root) / "a.jpg").read_bytes() == path.read_bytes()


def test_the_line_outlives_the_thread_that_made_it(real: SftpEndpoint) -> None:
    with SftpStore(real) as store:
        maker = threading.Thread(target=store.login)
        maker.start()
        maker.join(30)
        time.sleep(0.2)  # a leash held by that thread would have killed the child by now
        assert store.size("missing") is None


def test_a_child_that_dies_is_a_lost_line(real: SftpEndpoint, tmp_path: Path) -> None:
    path = tmp_path / "b.jpg"
    path.write_bytes(os.urandom(MB))
    with SftpStore(real) as store:
        store.login()
        os.kill(child_of(store), signal.SIGKILL)
        with pytest.raises(Transient):
            store.put(path, "b.jpg", progress=lambda _n, _c: None)
        store.login()
        store.put(path, "b.jpg", progress=lambda _n, _c: None)


def test_a_frozen_child_is_given_up_and_killed(real: SftpEndpoint) -> None:
    with SftpStore(dataclasses.replace(real, data_timeout=0.5)) as store:
        store.login()
        pid = child_of(store)
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(Transient):
            store.size("a.jpg")
        assert gone(pid)


KILLED = """
import sys, time
sys.path.insert(0, "tests/transport")
from pathlib import Path
from pydantic import SecretStr
from channels.transport.sftp import SftpEndpoint, SftpStore
port, user, root, key, line = sys.argv[1:]
store = SftpStore(SftpEndpoint("127.0.0.1", int(port), user, SecretStr(""), root, host_key=line,
                               key_file=Path(key), client="openssh"))
store.login()
print(store._open_line._child.number, flush=True)
time.sleep(60)
"""


def test_killed_with_us(real: SftpEndpoint) -> None:
    given = [str(real.port), real.username, real.root, str(real.key_file), real.host_key]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, *given], stdout=subprocess.PIPE, cwd=PROJECT
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    os.kill(pid, 0)
    process.kill()
    process.communicate()
    assert gone(pid)


def test_without_the_program(
    real: SftpEndpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NeedsHuman, match="ssh program"):
        SftpStore(real).login()
    with SftpStore(dataclasses.replace(real, client="auto")) as store:
        store.login()
    old = tmp_path / "ssh"
    old.write_text("#!/bin/sh\necho OpenSSH_8.0p1, OpenSSL >&2\n")
    old.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}/.")
    with pytest.raises(NeedsHuman, match="ssh program"):
        SftpStore(real).login()


def test_the_helper_does_not_wait_for_a_secret_that_is_gone(tmp_path: Path) -> None:
    """What is left of a login whose master was killed: the pipe without what lay in it."""
    ask = tmp_path / "ask"
    ask.write_text(sftp_child._ASK, encoding="utf-8")
    os.mkfifo(tmp_path / "password")
    command = ["/bin/sh", str(ask), "seller@host's password:"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=30)
    assert (done.returncode, done.stdout) == (124, b"")
