"""Finds the real servers that the transport tests talk to, and runs them as child processes.

A server is taken from the system, or from ``.servers/`` in the project, which ``.ci/servers.sh``
fills without installing anything. Nothing here downloads, and nothing listens beyond loopback.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TREE = PROJECT / ".servers"


@dataclass(frozen=True)
class Program:
    """A server program; ``prefix`` is ``/`` for an installed one, else the unpacked tree."""

    path: Path
    prefix: Path

    def environment(self) -> dict[str, str]:
        """The environment to start it in, with the tree's own libraries in reach."""
        known = dict(os.environ)
        if self.prefix != Path("/"):
            folders = [str(found) for found in self.prefix.glob("usr/lib/*-linux-gnu*")]
            folders += [known["LD_LIBRARY_PATH"]] if known.get("LD_LIBRARY_PATH") else []
            known["LD_LIBRARY_PATH"] = ":".join(folders)
        return known


def find_program(name: str) -> Program | None:
    """``vsftpd``, ``sshd`` or ``proftpd``, installed or unpacked; None when in neither place."""
    installed = shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if installed:
        return Program(Path(installed), Path("/"))
    unpacked = TREE / "usr" / "sbin" / name
    return Program(unpacked, TREE) if os.access(unpacked, os.X_OK) else None


def need_program(name: str) -> Program:
    """The same, but the test is skipped with a reason when there is none."""
    program = find_program(name)
    if program is None:
        pytest.skip(f"{name} is neither installed nor in .servers/: run .ci/servers.sh")
    return program


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def wait_for_port(
    port: int, process: subprocess.Popen[bytes], log: Path, *, seconds: float = 20.0
) -> None:
    """Return as soon as somebody listens; raise with the server's last words when it dies first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
            return
        time.sleep(0.02)
    words = log.read_text(errors="replace")[-2000:] if log.exists() else ""
    raise RuntimeError(f"the server does not listen on port {port}: {process.returncode} {words}")


@contextlib.contextmanager
def running(
    program: Program, arguments: Sequence[str | Path], port: int, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A server in the foreground, from when it listens until the block is left.

    Its output goes to ``log``. It is ended by its own process id, first asked and then forced.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [program.path, *arguments],
            env=program.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
        )
    try:
        wait_for_port(port, process, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
