"""The ``ssh`` program as a child process: what it is told, how it gets a secret, and how it ends.

A secret goes through a named pipe in a private folder, once; it is never an argument, in the environment,
in a file or in a log. The user's own ssh configuration, agent and keys are left out. No child outlives us.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh
from pydantic import SecretStr

from channels.transport.loop_thread import shared_loop
from channels.transport.sftp_keys import KINDS, algorithms_of
from channels.transport.sftp_line import CIPHERS, SftpEndpoint

OLDEST = (8, 5)
"""8.4 brought SSH_ASKPASS_REQUIRE; 8.5 puts user and host before the prompts that a server words itself,
so that none can pass for the prompt for a passphrase."""
LONGEST_SECRET = 1000
"""Bytes; ssh takes the first line of at most 1023 from its helper."""

PIPE = 1024 * 1024
"""Bytes of the pipe to ``ssh``: some blocks, so that we are not woken for every packet. The most that Linux
gives without privileges."""

_ASK = """#!/bin/sh
case "$1" in
"Enter passphrase for "*) want=passphrase ;;
*[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]*|*[Pp][Aa][Ss][Ss][Cc][Oo][Dd][Ee]*) want=password ;;
*) exit 1 ;;
esac
mv "$want" "$want.taken" 2>/dev/null || exit 1
command -v timeout >/dev/null && exec timeout 5 head -n 1 <>"$want.taken"
exec head -n 1 <>"$want.taken"
"""
"""Renaming the pipe first makes it serve once: a second prompt, after a refusal, gets nothing.

The secret lies in the pipe before ssh starts. When we were killed it is gone with us, and nothing may wait for
it: the pipe is opened for both ways, which never blocks, and read for a few seconds only.
"""

_FIXED = {
    "AddKeysToAgent": "no",
    "CheckHostIP": "no",
    "ClearAllForwardings": "yes",
    "Compression": "no",
    "ConnectionAttempts": "1",
    "ControlMaster": "no",
    "ControlPath": "none",
    "EscapeChar": "none",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "GlobalKnownHostsFile": "/dev/null",
    "GSSAPIAuthentication": "no",
    "HostbasedAuthentication": "no",
    "HostKeyAlias": "trusted",
    "IdentitiesOnly": "yes",
    "IdentityAgent": "none",
    "LogLevel": "ERROR",
    "LogVerbose": "kex.c:kex_exchange_identification():*,sshconnect2.c:load_identity_file():*",
    "NumberOfPasswordPrompts": "1",
    "PermitLocalCommand": "no",
    "RequestTTY": "no",
    "ServerAliveCountMax": "3",
    "ServerAliveInterval": "15",
    "UpdateHostKeys": "no",
    "VerifyHostKeyDNS": "no",
}
"""LogLevel ERROR leaves out the server's banner; LogVerbose brings two things back:
the server's name, and that a passphrase was wrong."""


@functools.cache
def find_ssh(path: str) -> str | None:
    """The ``ssh`` on this search path; None when it is missing, older than OLDEST, or not OpenSSH."""
    program = shutil.which("ssh", path=path) if os.name == "posix" else None
    if program is None:
        return None
    try:
        done = subprocess.run([program, "-V"], capture_output=True, text=True, timeout=10)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"OpenSSH_(\d+)\.(\d+)", done.stderr + done.stdout)
    return program if found and (int(found[1]), int(found[2])) >= OLDEST else None


@functools.cache
def _leash(path: str) -> tuple[str, ...]:
    """What to put before a command so that the kernel ends it with us; empty where there is no such tool.

    Without it the end of our pipe ends the child, after it has sent what it already holds.
    """
    setpriv = shutil.which("setpriv", path=path)
    if setpriv is None:
        return ()
    leash = (setpriv, "--pdeathsig", "KILL")
    try:
        done = subprocess.run([*leash, "true"], capture_output=True, timeout=10)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ()
    return leash if done.returncode == 0 else ()


class Anteroom:
    """A private folder with what ``ssh`` needs for a login; a context manager that takes it away after.

    ``host_keys`` are the only ones to be believed; None believes any. Raises OSError when the folder cannot
    be made, or cannot hold a program.
    """

    def __init__(self, end: SftpEndpoint, host_keys: tuple[asyncssh.SSHKey, ...] | None) -> None:
        self._end, self._host_keys = end, host_keys
        self._pipes: list[int] = []
        self._folder = Path()

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="sftp-"))
        try:
            self._furnish()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    def start(self, program: str) -> Child:
        """Start ``ssh`` with SFTP on its standard input and output. Raises OSError."""
        end = self._end
        command = [*_leash(_path()), program, "-F", "none", "-p", str(end.port), "-l", end.username]
        if end.key_file is not None:
            command += ["-i", "key"]
        for name, value in {**_FIXED, **self._options()}.items():
            command += ["-o", f"{name}={value}"]
        return Child([*command, "-s", "--", end.host, "sftp"], self._folder, self._environment())

    def _furnish(self) -> None:
        end, folder = self._end, self._folder
        if self._host_keys is not None:
            lines = [f"trusted {key.export_public_key().decode()}" for key in self._host_keys]
            self._write("known_hosts", "".join(lines), 0o600)
        if end.key_file is not None:
            # A link has a plain name, whatever signs the real one has that ssh would expand.
            (folder / "key").symlink_to(end.key_file.expanduser().absolute())
        if self._has_secret:
            self._write("ask", _ASK, 0o700)
            if not os.access(folder / "ask", os.X_OK):
                raise PermissionError(f"{folder} cannot hold a program")
        for name, secret in (("password", end.password), ("passphrase", end.key_passphrase)):
            if secret is not None and secret.get_secret_value():
                self._serve(name, secret)

    def _write(self, name: str, content: str, mode: int) -> None:
        path = self._folder / name
        path.touch(mode, exist_ok=False)
        path.write_text(content, encoding="utf-8")

    def _serve(self, name: str, secret: SecretStr) -> None:
        """A named pipe that holds the secret in the kernel until it is read or the login is over."""
        os.mkfifo(self._folder / name, 0o600)
        pipe = os.open(self._folder / name, os.O_RDWR | os.O_NONBLOCK)
        self._pipes.append(pipe)
        os.write(pipe, secret.get_secret_value().encode() + b"\n")

    def _leave(self) -> None:
        for pipe in self._pipes:
            os.close(pipe)
        self._pipes.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _has_secret(self) -> bool:
        phrase = self._end.key_passphrase
        return bool(self._end.password.get_secret_value() or (phrase and phrase.get_secret_value()))

    def _options(self) -> dict[str, str]:
        end, keys = self._end, self._host_keys
        ways = ["publickey"] if end.key_file is not None else []
        if end.password.get_secret_value():
            ways += ["password", "keyboard-interactive"]
        names = [n for kind in KINDS for n in kind] if keys is None else algorithms_of(keys)
        return {
            "Ciphers": ",".join(CIPHERS),
            "ConnectTimeout": str(max(1, math.ceil(end.connect_timeout))),
            "HostKeyAlgorithms": ",".join(names),
            "StrictHostKeyChecking": "no" if keys is None else "yes",
            "UserKnownHostsFile": "/dev/null" if keys is None else "known_hosts",
            "PreferredAuthentications": ",".join(ways) or "none",
            "PubkeyAuthentication": "yes" if "publickey" in ways else "no",
            "PasswordAuthentication": "yes" if "password" in ways else "no",
            "KbdInteractiveAuthentication": "yes" if "password" in ways else "no",
            "BatchMode": "no" if self._has_secret else "yes",
        }

    def _environment(self) -> dict[str, str]:
        kept = {
            name: os.environ[name] for name in ("HOME", "LD_LIBRARY_PATH") if name in os.environ
        }
        asking = {"SSH_ASKPASS": "./ask", "SSH_ASKPASS_REQUIRE": "force"}
        never = {"SSH_ASKPASS_REQUIRE": "never"}
        words = {"PATH": _path(), "LC_ALL": "C"}
        return {**kept, **words, **(asking if self._has_secret else never)}


class Child:
    """A running ``ssh`` and its three pipes. It is ended by its own process id, and always waited for."""

    def __init__(self, command: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
        async def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=folder,
                env=environment,
                # An interrupt from the keyboard is for us: the file on its way may still be finished.
                start_new_session=True,
            )

        # The leash is held by the thread that starts the child, and that one lives as long as we do.
        self._process = asyncio.run_coroutine_threadsafe(start(), shared_loop()).result(30)
        streams = (self._process.stdin, self._process.stdout, self._process.stderr)
        requests, answers, errors = (stream.fileno() for stream in streams if stream is not None)
        self.pipes = (requests, answers, errors)
        _widen(requests)

    @property
    def number(self) -> int:
        """The process id."""
        return self._process.pid

    def kill(self) -> None:
        """End it now. The server sees a connection that was cut."""
        self._process.kill()
        self._process.wait()
        self._shut()

    def leave(self, patience: float) -> None:
        """Let it say goodbye, for ``patience`` seconds; then end it."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._shut()

    def _shut(self) -> None:
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _widen(pipe: int) -> None:
    import fcntl  # POSIX only, as is everything that gets here

    if setting := getattr(fcntl, "F_SETPIPE_SZ", None):
        # The system may allow less; a block that does not fit only takes more turns.
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, setting, PIPE)


def fits(secret: SecretStr | None) -> bool:
    """Whether ``ssh`` can take this secret from its helper: one line, not too long."""
    value = secret.get_secret_value() if secret is not None else ""
    return len(value.encode()) <= LONGEST_SECRET and not set(value) & set("\r\n\0")


def _path() -> str:
    return os.environ.get("PATH", "/usr/bin:/bin")
