"""Real FTP servers for tests and benchmarks: vsftpd, ProFTPD and the sandbox, on loopback.

Each is an own instance with generated settings in a temporary folder. The settings are those that
agencies run and clients stumble over: required session reuse, passive ports, no rename by default.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import grp
import os
import pwd
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from debian import free_port, need_program, running
from pydantic import SecretStr

from channels.transport.ftp import FtpEndpoint
from channels.transport.ftp_server import FtpSandboxServer
from channels.transport.sandbox_certificate import make_certificate

PASSWORD = "correct-horse"


@dataclass(frozen=True)
class Served:
    """A running server: how to log in, and where its files really are."""

    endpoint: FtpEndpoint
    folder: Path


@contextlib.contextmanager
def vsftpd(work: Path, *, tls: bool) -> Iterator[Served]:
    """vsftpd with ``require_ssl_reuse=YES``.

    The login is vsftpd's anonymous one with a list of accepted passwords, which needs neither a
    system user nor PAM, so that it runs as any user.
    """
    program = need_program("vsftpd")
    folder = work / "vsftpd"
    folder.mkdir(parents=True)
    made = make_certificate(work / "vsftpd-tls", dt.datetime.now(dt.UTC))
    (work / "vsftpd.passwords").write_text(PASSWORD + "\n")
    port = free_port()
    yes_no = "YES" if tls else "NO"
    settings = {
        "listen": "YES",
        "background": "NO",
        "listen_address": "127.0.0.1",
        "listen_port": port,
        "run_as_launching_user": "YES",
        "anonymous_enable": "YES",
        # The user "ftp" comes with the package's installation, which unpacking is not.
        "ftp_username": "nobody",
        "anon_root": folder,
        "anon_upload_enable": "YES",
        "anon_mkdir_write_enable": "YES",
        "anon_other_write_enable": "YES",
        "anon_world_readable_only": "NO",
        "anon_umask": "022",
        "write_enable": "YES",
        "secure_email_list_enable": "YES",
        "email_password_file": work / "vsftpd.passwords",
        "allow_writeable_chroot": "YES",
        "secure_chroot_dir": work,
        "seccomp_sandbox": "NO",
        "isolate": "NO",
        "isolate_network": "NO",
        "xferlog_enable": "NO",
        "max_clients": 16,
        "max_login_fails": 1,
        "delay_failed_login": 0,
        "ssl_enable": yes_no,
        "allow_anon_ssl": yes_no,
        "force_anon_logins_ssl": yes_no,
        "force_anon_data_ssl": yes_no,
        "require_ssl_reuse": "YES",
        "ssl_ciphers": "HIGH",
        "rsa_cert_file": made.chain,
    }
    file = work / "vsftpd.conf"
    file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    with running(program, [file], port, work / "vsftpd.log"):
        yield Served(_endpoint(port, "anonymous", "/", made.ca_file if tls else None), folder)


@contextlib.contextmanager
def proftpd(work: Path, *, tls: bool) -> Iterator[Served]:
    """ProFTPD with mod_tls as it comes, which demands session reuse, and a user file of its own."""
    program = need_program("proftpd")
    folder = work / "proftpd"
    folder.mkdir(parents=True)
    made = make_certificate(work / "proftpd-tls", dt.datetime.now(dt.UTC))
    users = proftpd_users(work, folder)
    port = free_port()
    settings = proftpd_settings(work, port, users) + "AllowOverwrite on\nAllowStoreRestart on\n"
    settings += "<IfModule mod_delay.c>\nDelayEngine off\n</IfModule>\n"
    if tls:
        settings = f"ModulePath {_modules(program.prefix)}\nLoadModule mod_tls.c\n" + settings
        settings += (
            "TLSEngine on\nTLSRequired on\nTLSProtocol TLSv1.2 TLSv1.3\nTLSLog none\n"
            f"TLSECCertificateFile {made.chain}\nTLSECCertificateKeyFile {made.chain}\n"
        )
    file = work / "proftpd.conf"
    file.write_text(settings)
    with running(program, ["-n", "-q", "-c", file], port, work / "proftpd.log"):
        yield Served(_endpoint(port, "ana", str(folder), made.ca_file if tls else None), folder)


def proftpd_users(work: Path, home: Path) -> Path:
    """A user file with the one login ``ana``, mapped to the user who runs this."""
    made = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"],
        input=PASSWORD,
        capture_output=True,
        text=True,
        check=True,
    )
    users = work / "proftpd.users"
    users.touch(mode=0o600)
    digest = made.stdout.strip()
    users.write_text(f"ana:{digest}:{os.getuid()}:{os.getgid()}::{home}:/bin/sh\n")
    return users


def proftpd_settings(work: Path, port: int, users: Path) -> str:
    """What every ProFTPD instance here needs, whatever protocol it speaks."""
    me, us = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    return (
        f"ServerName test\nServerType standalone\nDefaultAddress 127.0.0.1\nPort {port}\n"
        f"SocketBindTight on\nUser {me}\nGroup {us}\nRootLogin on\nUseIPv6 off\n"
        f"PidFile {work}/proftpd.pid\nScoreboardFile {work}/proftpd.scoreboard\n"
        f"AuthOrder mod_auth_file.c\nAuthUserFile {users}\nRequireValidShell off\n"
        f"UseFtpUsers off\nWtmpLog off\nTransferLog none\nSystemLog {work}/proftpd.log\n"
        "<IfModule mod_ctrls.c>\nControlsEngine off\n</IfModule>\n"
        "UseReverseDNS off\nTimesGMT on\nUmask 022\nMaxInstances 30\n"
    )


def _modules(prefix: Path) -> Path:
    return prefix / "usr" / "lib" / "proftpd"


def _endpoint(port: int, username: str, root: str, ca_file: Path | None) -> FtpEndpoint:
    return FtpEndpoint(
        "127.0.0.1",
        port,
        username,
        SecretStr(PASSWORD),
        root,
        connect_timeout=10,
        data_timeout=20,
        tls=ca_file is not None,
        tls_ca_file=ca_file,
    )


@contextlib.contextmanager
def sandbox(work: Path, *, tls: bool) -> Iterator[tuple[Served, FtpSandboxServer]]:
    """The sandbox server with its switchboard."""
    server = FtpSandboxServer(work / "sandbox", "ana", PASSWORD, tls)
    _host, port, ca_file = server.start()
    try:
        yield Served(_endpoint(port, "ana", "/", ca_file), server.folder), server
    finally:
        server.stop()


@contextlib.contextmanager
def serve(kind: str, work: Path, *, tls: bool) -> Iterator[Served]:
    """Any of the three by name."""
    if kind == "sandbox":
        with sandbox(work, tls=tls) as (served, _server):
            yield served
    else:
        with {"vsftpd": vsftpd, "proftpd": proftpd}[kind](work, tls=tls) as served:
            yield served
