"""A real OpenSSH server of our own: free high port, own host key, own authorised key."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from channels.transport.sftp_child import find_ssh

Client = Literal["openssh", "asyncssh"]
CLIENTS: tuple[Client, ...] = ("openssh", "asyncssh")


def need_client(client: Client) -> Client:
    """The same, but the test is skipped with a reason where there is no ``ssh`` to be one."""
    if client == "openssh" and find_ssh(os.environ.get("PATH", "")) is None:
        pytest.skip("there is no ssh program of OpenSSH 8.5 or later")
    return client


@dataclass(frozen=True)
class Sshd:
    port: int
    username: str
    key_file: Path
    host_key: str
    root: Path
    process: subprocess.Popen[bytes]


def find(program: str) -> str | None:
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/lib/openssh")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
                if line.recv(3) == b"SSH":
                    return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"the server did not come up on port {port}")


def make_key(path: Path, kind: str = "ed25519") -> str:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "test", "-f", str(path)], check=True
    )
    return path.with_suffix(".pub").read_text().strip()


@contextmanager
def running(folder: Path, *, port: int | None = None, extra: str = "") -> Iterator[Sshd]:
    """Start sshd in ``folder``; skips the test with a reason where it is not installed."""
    sshd, server = find("sshd"), find("sftp-server")
    if sshd is None or server is None or shutil.which("ssh-keygen") is None:
        pytest.skip("openssh-server is not installed")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd refuses to start as root without it
    root = folder / "root"
    root.mkdir(exist_ok=True)
    host, user = folder / "host_key", folder / "user_key"
    host_key = host.with_suffix(".pub").read_text() if host.exists() else make_key(host)
    if not user.exists():
        make_key(user)
    shutil.copy(user.with_suffix(".pub"), folder / "authorized")
    (folder / "authorized").chmod(0o600)
    port = port or free_port()
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {host}\nPidFile none\nStrictModes no\n"
        f"AuthorizedKeysFile {folder / 'authorized'}\nPermitRootLogin yes\n"
        "PasswordAuthentication yes\nUsePAM no\nMaxStartups 100\nLogLevel ERROR\n"
        f"Subsystem sftp {server}\n{extra}\n"
    )
    process = subprocess.Popen([sshd, "-D", "-e", "-f", str(config)], stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        yield Sshd(port, getpass.getuser(), user, host_key.strip(), root, process)
    finally:
        process.terminate()
        process.wait(10)
