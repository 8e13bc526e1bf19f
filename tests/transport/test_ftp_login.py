"""Connecting, trusting and logging in: what a person is told when it does not work."""

from __future__ import annotations

import dataclasses
import socket
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr
from servers import Served, sandbox

from channels.transport.ftp import FtpStore
from publisher.errors import AuthFailed, ConfigError, NeedsHuman, Transient


def test_wrong_password_is_an_authentication_error_without_the_secret(served: Served) -> None:
    wrong = dataclasses.replace(served.endpoint, password=SecretStr("not-the-secret"))
    with FtpStore(wrong) as store, pytest.raises(AuthFailed) as caught:
        store.login()
    assert "not-the-secret" not in repr(caught.value) + caught.value.detail + repr(wrong)


def test_a_missing_root_needs_a_person(served: Served) -> None:
    elsewhere = dataclasses.replace(served.endpoint, root="/no/such/folder")
    with FtpStore(elsewhere) as store, pytest.raises(NeedsHuman):
        store.login()


def test_a_root_that_is_optional_stays_where_the_login_lands(
    served: Served, tmp_path: Path
) -> None:
    own = dataclasses.replace(served.endpoint, root="no-such-folder", root_optional=True)
    file = tmp_path / "a.jpg"
    file.write_bytes(b"a picture")
    with FtpStore(own) as store:
        assert any("no-such-folder" in note for note in store.login())
        store.put(file, "landed.jpg", progress=lambda _name, _count: None)
        assert store.size("landed.jpg") == 9


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


def test_a_server_that_does_not_speak_ftp(tmp_path: Path) -> None:
    with (
        sandbox(tmp_path, tls=False) as (served, _server),
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        port = listener.getsockname()[1]

        def answer() -> None:
            line, _ = listener.accept()
            line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            line.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with (
            FtpStore(dataclasses.replace(served.endpoint, port=port)) as store,
            pytest.raises(NeedsHuman),
        ):
            store.login()
        thread.join()


def test_encryption_that_the_server_does_not_offer(tmp_path: Path) -> None:
    with sandbox(tmp_path, tls=False) as (served, _server):
        secure = dataclasses.replace(served.endpoint, tls=True)
        with FtpStore(secure) as store, pytest.raises(AuthFailed) as caught:
            store.login()
    assert "encryption" in caught.value.sentence
