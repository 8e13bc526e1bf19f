"""Memory must not grow with the file: big uploads in a child process that reports its own peak."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sshd

MB = 1024 * 1024
PROJECT = Path(__file__).resolve().parents[2]

SFTP = """
import json, sys
from pathlib import Path
from pydantic import SecretStr
from channels.transport.sftp import SftpEndpoint, SftpStore
given = json.loads(sys.argv[1])
end = SftpEndpoint("127.0.0.1", given["port"], given["user"], SecretStr(""), given["root"],
                   host_key=given["host_key"], key_file=Path(given["key"]))
with SftpStore(end) as store:
    store.login()
    store.put(Path(given["file"]), "big.tif", progress=lambda _n, _c: None)
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""

S3 = """
import json, sys
from pathlib import Path
from pydantic import SecretStr
from channels.transport.s3 import ObjectStore, S3Endpoint
given = json.loads(sys.argv[1])
end = S3Endpoint(f"http://127.0.0.1:{given['port']}", "eu-central-1", "b", SecretStr("a"),
                 SecretStr("s"), path_style=True)
with ObjectStore(end) as store:
    facts = store.put_file("big.zip", Path(given["file"]), sha256="0" * 64,
                           content_type="application/zip")
assert facts.etag == str(given["size"]), facts
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


def peak(code: str, **given: object) -> int:
    """Peak resident memory of a child that runs ``code``, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(given)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout) * 1024


def sparse(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


@pytest.mark.slow
def test_sftp_300_mb(tmp_path: Path) -> None:
    big = sparse(tmp_path / "big", 300 * MB)
    with sshd.running(tmp_path) as server:
        used = peak(
            SFTP,
            port=server.port,
            user=server.username,
            root=str(server.root),
            host_key=server.host_key,
            key=str(server.key_file),
            file=str(big),
        )
        assert (server.root / "big.tif").stat().st_size == 300 * MB
    print(f"peak {used / MB:.0f} MB")
    assert used < 150 * MB


@pytest.mark.slow
def test_s3_2_gb(tmp_path: Path) -> None:
    size = 2048 * MB
    big = sparse(tmp_path / "big", size)
    script = Path(__file__).with_name("s3_sink.py")
    sink = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    stop = threading.Timer(280, sink.kill)
    stop.start()
    try:
        assert sink.stdout is not None
        used = peak(S3, port=int(sink.stdout.readline()), file=str(big), size=size)
    finally:
        stop.cancel()
        sink.kill()
        sink.communicate()
    print(f"peak {used / MB:.0f} MB")
    assert used < 300 * MB
