"""SftpStore against ProFTPD's mod_sftp: a password login, 32 KB blocks, a server that is not OpenSSH."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sshd
from debian import free_port, need_program, running
from pydantic import SecretStr
from servers import PASSWORD, proftpd_settings, proftpd_users

from channels.transport.sftp import SftpEndpoint, SftpStore
from publisher.errors import AuthFailed

MB = 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpEndpoint]:
    program, work, port = need_program("proftpd"), tmp_path_factory.mktemp("mod_sftp"), free_port()
    modules = program.prefix / "usr" / "lib" / "proftpd"
    if not (modules / "mod_sftp.so").exists():
        pytest.skip("mod_sftp is missing: run .ci/servers.sh")
    folder = work / "home"
    folder.mkdir()
    host_key = sshd.make_key(work / "host_key")
    file = work / "proftpd.conf"
    file.write_text(
        f"ModulePath {modules}\nLoadModule mod_sftp.c\n"
        + proftpd_settings(work, port, proftpd_users(work, folder))
        + "AllowOverwrite on\nAllowStoreRestart on\n<IfModule mod_delay.c>\nDelayEngine off\n"
        + f"</IfModule>\nSFTPEngine on\nSFTPLog none\nSFTPHostKey {work / 'host_key'}\n"
        + "SFTPAuthMethods password\n"
    )
    with running(program, ["-n", "-q", "-c", file], port, work / "proftpd.log"):
        yield SftpEndpoint(
            "127.0.0.1",
            port,
            "ana",
            SecretStr(PASSWORD),
            str(folder),
            host_key=host_key,
            data_timeout=20,
        )


@pytest.fixture(params=sshd.CLIENTS)
def end(server: SftpEndpoint, request: pytest.FixtureRequest) -> SftpEndpoint:
    for file in Path(server.root).iterdir():
        file.unlink()
    return dataclasses.replace(server, client=sshd.need_client(request.param))


def test_upload_resume_list_rename_delete(end: SftpEndpoint, tmp_path: Path) -> None:
    path = tmp_path / "glass.jpg"
    path.write_bytes(os.urandom(5 * MB + 9))
    there = Path(end.root) / "glass.jpg"
    there.write_bytes(path.read_bytes()[: 3 * MB])
    with SftpStore(end) as store:
        store.login()
        store.put(path, "glass.jpg", progress=lambda _n, _c: None, resume=True)
        store.put(path, "again.jpg", progress=lambda _n, _c: None)
        for name in ("glass.jpg", "again.jpg"):
            found = hashlib.sha256((Path(end.root) / name).read_bytes()).hexdigest()
            assert found == hashlib.sha256(path.read_bytes()).hexdigest()
        store.rename("again.jpg", "other.jpg")
        names = sorted(file.name for page in store.names() for file in page)
        assert names == ["glass.jpg", "other.jpg"]
        store.delete("other.jpg")
        store.delete("other.jpg")
        assert store.size("other.jpg") is None


def test_wrong_password(end: SftpEndpoint) -> None:
    with pytest.raises(AuthFailed):
        SftpStore(dataclasses.replace(end, password=SecretStr("wrong-one"))).login()
