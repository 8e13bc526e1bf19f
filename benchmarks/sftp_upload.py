"""Uploads many files over SFTP to one real sshd: both lines of SftpStore against OpenSSH sftp and lftp.

    python benchmarks/sftp_upload.py --files 200 --megabytes 5 --connections 4 --rounds 5

Both sides are on this machine and the files are in memory if there is room. Each connection is a thread of
one process, as a lane is. Peers use the same cipher. Prints ratios, and the processor seconds of the client
with its children; exits with 1 when the ssh line is slower than the best peer times 1 plus the tolerance.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests" / "transport")]

import sshd  # noqa: E402
from compare import Contender, compare, timed  # noqa: E402
from pydantic import SecretStr  # noqa: E402

from channels.transport.sftp import SftpEndpoint, SftpStore  # noqa: E402

OURS = "SftpStore, ssh"
CIPHER = "aes128-gcm@openssh.com"


def lane(end: SftpEndpoint, files: Sequence[Path]) -> None:
    """One connection and its share of the files."""
    with SftpStore(end) as store:
        store.login()
        for file in files:
            store.put(file, file.name, progress=lambda _name, _count: None, sending=lambda: None)


def ssh_options(server: sshd.Sshd) -> list[str]:
    """Options that sftp, and ssh below lftp, take alike."""
    pairs = {
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
        "Ciphers": CIPHER,
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
    }
    options = ["-F", "/dev/null", "-i", str(server.key_file)]
    return options + [word for name, value in pairs.items() for word in ("-o", f"{name}={value}")]


def openssh(server: sshd.Sshd, files: Sequence[Path], connections: int) -> None:
    """As many sftp processes as connections, each with its share."""
    running = []
    for number in range(connections):
        batch = server.root.parent / f"batch-{number}"
        lines = [f"cd {server.root}", *(f"put {file}" for file in files[number::connections])]
        batch.write_text("\n".join(lines) + "\n")
        command = ["sftp", "-q", "-b", str(batch), "-P", str(server.port), *ssh_options(server)]
        command.append(f"{server.username}@127.0.0.1")
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
    codes = [process.wait() for process in running]
    if any(codes):
        raise RuntimeError("sftp failed")


def lftp(server: sshd.Sshd, files: Sequence[Path], connections: int) -> None:
    """One lftp that mirrors the folder."""
    program = " ".join(["ssh", "-a", "-x", *ssh_options(server)])
    script = (
        f'set sftp:connect-program "{program}"; set xfer:clobber true; '
        f"open -u {server.username}, -p {server.port} sftp://127.0.0.1; "
        f"lcd {files[0].parent}; cd {server.root}; "
        f"mirror -R --parallel={connections} --no-perms . . ; exit"
    )
    subprocess.run(["lftp", "--norc", "-c", script], check=True, capture_output=True)


def main() -> int:
    """Print the table; 1 when ours is slower than allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--megabytes", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tolerance", type=float, default=0.05)
    options = parser.parse_args()
    size, count = int(options.megabytes * 1_000_000), options.connections
    memory = Path("/dev/shm")
    fits = memory.is_dir() and shutil.disk_usage(memory).free > options.files * size * 1.5
    with (
        tempfile.TemporaryDirectory(dir=memory if fits else None) as work,
        sshd.running(Path(work)) as server,
        ThreadPoolExecutor(count) as threads,
    ):
        files = make_files(Path(work) / "masters", options.files, size)
        end = SftpEndpoint(
            "127.0.0.1",
            server.port,
            server.username,
            SecretStr(""),
            str(server.root),
            host_key=server.host_key,
            key_file=server.key_file,
        )
        shares = [files[number::count] for number in range(count)]
        burnt: dict[str, list[float]] = {}

        def clean() -> None:
            for file in server.root.iterdir():
                file.unlink()

        def race(name: str, work: Callable[[], object]) -> float:
            before = processor_seconds()
            seconds = timed(work)
            burnt.setdefault(name, []).append(processor_seconds() - before)
            assert all((server.root / file.name).stat().st_size == size for file in files)
            return seconds

        def contender(name: str, work: Callable[[], object], *, ours: bool = False) -> Contender:
            return Contender(name, lambda: race(name, work), ours=ours)

        def lanes(client: Literal["openssh", "asyncssh"]) -> None:
            chosen = dataclasses.replace(end, client=client)
            list(threads.map(lambda share: lane(chosen, share), shares))

        contenders = [
            contender(OURS, lambda: lanes("openssh"), ours=True),
            contender("SftpStore, asyncssh", lambda: lanes("asyncssh"), ours=True),
            contender("OpenSSH sftp", lambda: openssh(server, files, count)),
        ]
        if shutil.which("lftp"):
            contenders.append(contender("lftp", lambda: lftp(server, files, count)))
        title = f"SFTP, {options.files} x {options.megabytes} MB, C={count}"
        result = compare(title, contenders, rounds=options.rounds, between=clean)
    print(result.text())
    for name, seconds in burnt.items():
        print(f"   {name:<24} {statistics.median(seconds):7.3f} processor seconds of the client")
    return 1 if result.ratio(OURS) > 1 + options.tolerance else 0


def processor_seconds() -> float:
    """Of this process and all children that have ended, user and system."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def make_files(folder: Path, count: int, size: int) -> list[Path]:
    """Files of random bytes; several names share one content, as the disk is not the subject."""
    folder.mkdir()
    files = [folder / f"image-{number:05}.jpg" for number in range(count)]
    with Path("/dev/urandom").open("rb") as noise:
        for number, file in enumerate(files):
            if number < 8:
                file.write_bytes(noise.read(size))
            else:
                file.hardlink_to(files[number % 8])
    return files


if __name__ == "__main__":
    sys.exit(main())
