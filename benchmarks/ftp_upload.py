"""Uploads many files over FTP and FTPS to one real vsftpd: FtpStore against lftp and curl.

    python benchmarks/ftp_upload.py --files 200 --megabytes 5 --connections 4 --tolerance 0.05

Both sides are on this machine and the files are in memory if there is room, so that the clients are
what differs. A peer's time is that of its process less what it needs to start and do nothing.
Exits with 1 when the ratio to the best peer is above 1 plus the tolerance.
"""

from __future__ import annotations

import argparse
import os
import queue
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests" / "transport")]

from compare import Contender, Result, compare, timed  # noqa: E402
from servers import PASSWORD, Served, vsftpd  # noqa: E402

from channels.transport.ftp import FtpStore  # noqa: E402


def ours(served: Served, files: Sequence[Path], connections: int) -> float:
    """Threads with one connection each, and a queue of files."""

    def lane(waiting: queue.SimpleQueue[Path]) -> None:
        with FtpStore(served.endpoint) as store:
            store.login()
            while True:
                try:
                    file = waiting.get_nowait()
                except queue.Empty:
                    return
                store.put(
                    file, file.name, progress=lambda _name, _count: None, sending=lambda: None
                )

    def upload() -> None:
        waiting: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for file in files:
            waiting.put(file)
        with ThreadPoolExecutor(connections) as pool:
            list(pool.map(lane, [waiting] * connections))

    return checked(served, files, timed(upload))


def lftp(served: Served, files: Sequence[Path], connections: int) -> float:
    """One lftp that mirrors the folder to the server."""
    at = served.endpoint
    secure = "true" if at.tls else "false"
    script = (
        f"set ftp:ssl-force {secure}; set ftp:ssl-allow {secure}; set ftp:ssl-protect-data true; "
        f"set ssl:ca-file {at.tls_ca_file or ''}; set xfer:clobber true; "
        f"open -u {at.username},{PASSWORD} -p {at.port} ftp://{at.host}; "
        f"lcd {files[0].parent}; mirror -R --parallel={connections} --no-perms . . ; exit"
    )
    start = idle(["lftp", "-c", "exit"])
    return checked(served, files, timed(lambda: run(["lftp", "-c", script])) - start)


def curl(served: Served, files: Sequence[Path], connections: int) -> float:
    """One curl with parallel transfers, without encryption.

    Over FTPS its parallel transfers do not resume the control connection's TLS session, which the
    server demands, so there it is no contender.
    """
    at = served.endpoint
    command = ["curl", "--no-progress-meter", "--parallel", "--parallel-max", str(connections)]
    command += ["-u", f"{at.username}:{PASSWORD}", "-T", "{" + ",".join(map(str, files)) + "}"]
    command.append(f"ftp://{at.host}:{at.port}/")
    start = idle(["curl", "--version"])
    return checked(served, files, timed(lambda: run(command)) - start)


def run(command: Sequence[str]) -> None:
    """Run a peer to its end; its failure is the benchmark's."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-500:]}")


def idle(command: Sequence[str]) -> float:
    """Seconds that a peer needs to start and end."""
    return statistics.median(timed(lambda: run(command)) for _ in range(3))


def checked(served: Served, files: Sequence[Path], seconds: float) -> float:
    """The seconds, if every file is there in full."""
    for file in files:
        if (served.folder / file.name).stat().st_size != file.stat().st_size:
            raise RuntimeError(f"{file.name} did not arrive whole")
    return seconds


def make_files(folder: Path, count: int, size: int) -> list[Path]:
    """Files of random bytes; several names share one content, as the disk is not the subject."""
    folder.mkdir()
    files = [folder / f"image-{number:05}.jpg" for number in range(count)]
    for number, file in enumerate(files):
        if number < 8:
            file.write_bytes(os.urandom(size))
        else:
            file.hardlink_to(files[number % 8])
    return files


def race(options: argparse.Namespace, work: Path, *, tls: bool) -> Result:
    """All contenders against one server."""
    kind = "FTPS" if tls else "FTP"
    work = work / kind
    work.mkdir()
    files = make_files(work / "masters", options.files, int(options.megabytes * 1_000_000))
    with vsftpd(work, tls=tls) as served:

        def clean() -> None:
            for file in served.folder.iterdir():
                file.unlink()

        peers = [peer for peer in ((lftp,) if tls else (lftp, curl)) if shutil.which(peer.__name__)]
        if not peers:
            raise SystemExit("no peer to compare with: install lftp")
        contenders = [
            Contender("FtpStore", lambda: ours(served, files, options.connections), ours=True),
            *(
                Contender(peer.__name__, lambda peer=peer: peer(served, files, options.connections))
                for peer in peers
            ),
        ]
        title = f"{kind}, {options.files} x {options.megabytes} MB, C={options.connections}"
        result = compare(title, contenders, rounds=options.rounds, between=clean)
        clean()
    return result


def main() -> int:
    """Print a table for each protocol; 1 when ours is slower than allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--megabytes", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tolerance", type=float, default=0.05)
    parser.add_argument("--only", choices=("ftp", "ftps"))
    parser.add_argument("--folder", type=Path, help="where to work; default: in memory")
    options = parser.parse_args()
    memory = Path("/dev/shm")
    room = options.files * options.megabytes * 1_500_000
    fits = memory.is_dir() and shutil.disk_usage(memory).free > room
    slow: list[str] = []
    with tempfile.TemporaryDirectory(dir=options.folder or (memory if fits else None)) as work:
        for tls in (False, True):
            if options.only in (None, "ftps" if tls else "ftp"):
                result = race(options, Path(work), tls=tls)
                print(result.text(), flush=True)
                slow += result.slower_than(1 + options.tolerance)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
