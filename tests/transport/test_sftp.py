"""SftpStore against a real OpenSSH server, and against the sandbox server for the faults it can play."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest
import sshd
from pydantic import SecretStr

from channels.transport.sftp import IN_FLIGHT, SftpEndpoint, SftpStore
from publisher.errors import (
    AuthFailed,
    Conflict,
    NeedsHuman,
    Rejected,
    Transient,
)

MB = 1024 * 1024


class Watch:
    """Counts progress, and remembers how much was acknowledged when ``sending`` was called."""

    def __init__(self) -> None:
        self.bytes = 0
        self.steps: list[int] = []
        self.before_sending: list[int] = []

    def progress(self, _name: str, count: int) -> None:
        self.bytes += count
        self.steps.append(count)

    def sending(self) -> None:
        self.before_sending.append(self.bytes)


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def made(folder: Path, size: int, name: str = "glass.jpg") -> Path:
    path = folder / name
    path.write_bytes(os.urandom(size))
    return path


@pytest.fixture(scope="module")
def openssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Sshd]:
    with sshd.running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(params=sshd.CLIENTS)
def real(openssh: sshd.Sshd, request: pytest.FixtureRequest) -> SftpEndpoint:
    root = openssh.root / os.urandom(4).hex()
    root.mkdir()
    return SftpEndpoint(
        host="127.0.0.1",
        port=openssh.port,
        username=openssh.username,
        password=SecretStr(""),
        root=str(root),
        host_key=openssh.host_key,
        key_file=openssh.key_file,
        data_timeout=20,
        client=sshd.need_client(request.param),
    )


def put(end: SftpEndpoint, path: Path, *, resume: bool = False, name: str = "") -> Watch:
    watch = Watch()
    with SftpStore(end) as store:
        store.login()
        store.put(
            path,
            name or path.name,
            progress=watch.progress,
            sending=watch.sending,
            resume=resume,
        )
    return watch


@pytest.mark.parametrize("size", [0, 1, 32 * 1024, 255 * 1024, 255 * 1024 + 1, 7 * MB + 13])
def test_openssh_has_the_same_bytes(real: SftpEndpoint, tmp_path: Path, size: int) -> None:
    path = made(tmp_path, size)
    watch = put(real, path)
    assert sha(Path(real.root) / path.name) == sha(path)
    assert watch.bytes == size
    assert len(watch.before_sending) == 1
    # The last block is held back until the caller has noted that it goes.
    assert watch.before_sending[0] < size or size == 0
    assert size - watch.before_sending[0] <= 255 * 1024


def test_openssh_names_size_rename_delete(real: SftpEndpoint, tmp_path: Path) -> None:
    (Path(real.root) / "folder").mkdir()
    path = made(tmp_path, 1000)
    with SftpStore(real) as store:
        notes = store.login()
        assert "OpenSSH" in notes[0]
        for number in range(1203):
            (Path(real.root) / f"f{number}").touch()
        store.put(path, "a.jpg", progress=Watch().progress)
        store.rename("a.jpg", "b.jpg")
        assert store.size("a.jpg") is None
        assert store.size("b.jpg") == 1000
        pages = list(store.names())
        assert len(pages) > 1
        names = [file.name for page in pages for file in page]
        assert len(names) == len(set(names)) == 1204
        store.delete("b.jpg")
        store.delete("b.jpg")
        with pytest.raises(Rejected):
            store.rename("b.jpg", "c.jpg")


def test_openssh_resume(real: SftpEndpoint, tmp_path: Path) -> None:
    path = made(tmp_path, 6 * MB)
    target = Path(real.root) / path.name
    # A hole near the end is what parallel writes may leave behind when the line is cut.
    half = bytearray(path.read_bytes()[: 4 * MB + 5])
    half[3 * MB : 3 * MB + 999] = bytes(999)
    target.write_bytes(half)
    watch = put(real, path, resume=True)
    assert sha(target) == sha(path)
    assert watch.bytes == 6 * MB
    assert watch.steps[0] == 4 * MB + 5 - IN_FLIGHT
    before = target.stat().st_mtime_ns
    assert put(real, path, resume=True).before_sending == []
    assert target.stat().st_mtime_ns == before
    target.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(Conflict):
        put(real, path, resume=True)


def test_a_longer_old_file_is_replaced(real: SftpEndpoint, tmp_path: Path) -> None:
    path = made(tmp_path, 1000)
    (Path(real.root) / path.name).write_bytes(b"o" * 5000)
    put(real, path)
    assert sha(Path(real.root) / path.name) == sha(path)


def test_unknown_host_key_prints_the_fingerprint(
    real: SftpEndpoint, openssh: sshd.Sshd, tmp_path: Path
) -> None:
    fingerprint = asyncssh.import_public_key(openssh.host_key).get_fingerprint()
    stranger = dataclasses.replace(real, host_key="", known_hosts=(tmp_path / "none",))
    with pytest.raises(AuthFailed) as caught:
        SftpStore(stranger).login()
    assert fingerprint in caught.value.remedy
    assert "_HOST_KEY" in caught.value.remedy
    SftpStore(dataclasses.replace(stranger, host_key=fingerprint)).login()
    SftpStore(dataclasses.replace(stranger, host_key_check=False)).login()
    line = f"[127.0.0.1]:{real.port} {openssh.host_key}\n"
    (tmp_path / "known").write_text(line)
    SftpStore(dataclasses.replace(stranger, known_hosts=(tmp_path / "known",))).login()
    SftpStore(dataclasses.replace(stranger, host_key=line)).login()


def test_changed_host_key(real: SftpEndpoint, tmp_path: Path) -> None:
    other = sshd.make_key(tmp_path / "other")
    (tmp_path / "known").write_text(f"[127.0.0.1]:{real.port} {other}\n")
    changed = dataclasses.replace(real, host_key="", known_hosts=(tmp_path / "known",))
    with pytest.raises(AuthFailed, match="has changed"):
        SftpStore(changed).login()
    with pytest.raises(AuthFailed, match="than the pinned one"):
        SftpStore(dataclasses.replace(real, host_key=other)).login()
    wrong = asyncssh.import_public_key(other).get_fingerprint()
    with pytest.raises(AuthFailed, match="than the pinned one"):
        SftpStore(dataclasses.replace(real, host_key=wrong)).login()
    with pytest.raises(AuthFailed, match="cannot be read"):
        SftpStore(dataclasses.replace(real, host_key="ssh-ed25519 nonsense")).login()


def test_a_pin_of_the_servers_other_key_is_found(tmp_path: Path) -> None:
    rsa = sshd.make_key(tmp_path / "rsa_host", "rsa")
    with sshd.running(tmp_path, extra=f"HostKey {tmp_path / 'rsa_host'}") as server:
        pin = asyncssh.import_public_key(rsa).get_fingerprint()
        end = SftpEndpoint(
            "127.0.0.1",
            server.port,
            server.username,
            SecretStr(""),
            str(server.root),
            host_key=pin,
            key_file=server.key_file,
        )
        with SftpStore(end) as store:
            store.login()


def test_wrong_password_says_no_secret(real: SftpEndpoint) -> None:
    wrong = dataclasses.replace(real, key_file=None, password=SecretStr("hunter-two-3"))
    with pytest.raises(AuthFailed) as caught:
        SftpStore(wrong).login()
    assert "_PASSWORD" in caught.value.remedy
    told = f"{caught.value!r}{caught.value.sentence}{caught.value.remedy}{caught.value.detail}"
    assert "hunter" not in told
    assert "hunter" not in repr(wrong)


def test_nobody_there_and_no_such_folder(real: SftpEndpoint, tmp_path: Path) -> None:
    with pytest.raises(Transient, match="cannot be reached"):
        SftpStore(dataclasses.replace(real, port=sshd.free_port())).login()
    with pytest.raises(NeedsHuman, match="missing"):
        SftpStore(dataclasses.replace(real, root=real.root + "/missing")).login()
    with pytest.raises(AuthFailed, match="private key"):
        SftpStore(dataclasses.replace(real, key_file=tmp_path / "missing")).login()


def test_a_silent_server_is_given_up(real: SftpEndpoint) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(Transient, match="did not answer"):
            SftpStore(dataclasses.replace(real, port=port, connect_timeout=0.5)).login()


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", "a\\b", "a\nb", ".hidden", "x" * 300])
def test_hostile_names_never_reach_the_server(real: SftpEndpoint, name: str) -> None:
    with SftpStore(real) as store:
        store.login()
        with pytest.raises(Rejected):
            store.put(Path(__file__), name, progress=Watch().progress)
        assert list(store.names()) == []


def test_odd_but_plain_names(real: SftpEndpoint, tmp_path: Path) -> None:
    path = made(tmp_path, 10)
    for name in ("winter glass*?[1].jpg", "-rf", "naïve ☃.jpg", "$(id);'\".jpg"):
        put(real, path, name=name)
        assert sha(Path(real.root) / name) == sha(path)
    (Path(real.root) / os.fsdecode(b"\xff\xfe.jpg")).touch()
    with SftpStore(real) as store:
        store.login()
        assert sum(len(page) for page in store.names()) == 5


def test_parallel_connections(real: SftpEndpoint, tmp_path: Path) -> None:
    paths = [made(tmp_path, MB + n, f"p{n}.jpg") for n in range(12)]
    faults: list[BaseException] = []

    def lane(mine: list[Path]) -> None:
        try:
            with SftpStore(real) as store:
                store.login()
                for path in mine:
                    store.put(path, path.name, progress=Watch().progress)
        except BaseException as error:
            faults.append(error)

    lanes = [threading.Thread(target=lane, args=(paths[n::4],)) for n in range(4)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join(60)
    assert faults == []
    assert {p.name: sha(p) for p in paths} == {p.name: sha(p) for p in Path(real.root).iterdir()}
