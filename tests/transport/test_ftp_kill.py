"""Uploads of a process that is killed: what is left is a prefix, and never counts as complete."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from debian import PROJECT
from servers import Served

from channels.transport.ftp import FtpStore


def test_a_process_killed_between_blocks_leaves_a_prefix_to_resume(
    served: Served, tmp_path: Path
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
    with FtpStore(endpoint) as store:
        store.login()
        assert store.put(file, "large.bin", progress=lambda *_: None, resume=True) == 12_000_000
    assert there.read_bytes() == file.read_bytes()


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
