"""Memory must not grow with the file: big masters through the whole program, watched from outside."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from shapes import Factory
from small_project import manifest
from stagehand import ROOT, World, family, running

MB = 1024 * 1024
LIMIT = 300 * MB


def tiff(path: Path, width: int, height: int, *, noise: bool = False) -> Path:
    """An uncompressed RGB TIFF. Without noise its strips are a hole in the file and cost no disk."""
    size = width * height * 3
    rows = 64
    strips = -(-height // rows)
    tables = 8 + 2 + 10 * 12 + 4
    bits, places = tables, tables + 8
    counts = places + 4 * strips
    first = counts + 4 * strips
    stripe = width * 3 * rows
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 3, bits),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, strips, places),
        (277, 3, 1, 3),
        (278, 4, 1, rows),
        (279, 4, strips, counts),
        (284, 3, 1, 1),
    ]
    with path.open("wb") as file:
        file.write(struct.pack("<2sHI", b"II", 42, 8))
        file.write(struct.pack("<H", len(tags)))
        for tag in tags:
            file.write(struct.pack("<HHII", *tag))
        file.write(struct.pack("<I", 0) + struct.pack("<4H", 8, 8, 8, 0))
        file.write(struct.pack(f"<{strips}I", *(first + n * stripe for n in range(strips))))
        lengths = [min(stripe, size - n * stripe) for n in range(strips)]
        file.write(struct.pack(f"<{strips}I", *lengths))
        file.truncate(first + size)
        if noise:
            file.seek(first)
            chance = random.Random(width)
            for left in range(size, 0, -MB):
                file.write(chance.randbytes(min(left, MB)))
    return path


def watched(world: World, *arguments: str) -> tuple[dict[str, int], bytes, bytes, int]:
    """Run a command and poll the peak resident memory of it and of its children, in bytes by name."""
    child = world.start(*arguments)
    peaks: dict[str, int] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for pid in (child.pid, *(process.pid for process in family(child))):
                name = "push" if pid == child.pid else "worker"
                try:
                    status = Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue
                line = next((x for x in status.splitlines() if x.startswith("VmHWM")), "x 0")
                peaks[name] = max(peaks.get(name, 0), int(line.split()[1]) * 1024)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        out, err = child.communicate(timeout=280)
    finally:
        over.set()
        watcher.join()
    return peaks, out, err, child.returncode


@contextmanager
def sink() -> Iterator[int]:
    """An S3 service that hashes and forgets; yields its port."""
    process = subprocess.Popen(
        [sys.executable, "-c", SINK, str(ROOT / "tests" / "transport")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


SINK = """
import sys
sys.path.insert(0, sys.argv[1])
import threading
from http.server import ThreadingHTTPServer
from s3_sink import Sink

class Bucket(Sink):
    def do_HEAD(self):
        path = self.path.partition("?")[0]
        if path.strip("/").count("/") and path not in self.done:
            return self.answer(404)
        self.send_response(200)
        self.send_header("Content-Length", str(self.done.get(path, 0)))
        self.end_headers()

server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
"""
"""The sink with a bucket that is there; it says the size of what it swallowed."""


def told(peaks: dict[str, int]) -> str:
    return ", ".join(f"{name} {peak / MB:.0f} MB" for name, peak in peaks.items())


@pytest.mark.slow
@pytest.mark.rare
@pytest.mark.timeout(600)
def test_a_bundle_of_two_gigabytes(make_world: Factory) -> None:
    data = manifest()
    world = make_world({"bundles": ()}, data=data, warm=False, sandboxes=False)
    for number, item in enumerate(data["assets"][3:], start=1):
        item["file"] = f"masters/ai-{number}.tif"
        tiff(world.folder / item["file"], 16000, 14000 + number)
    world.write_manifest(data)
    with sink() as port:
        world.changes |= {
            "BUNDLES_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "BUNDLES_BUCKET": "big",
            "BUNDLES_ACCESS_KEY_ID": "watched-key-id",
            "BUNDLES_SECRET_ACCESS_KEY": "watched-secret",
        }
        peaks, out, err, code = watched(world, "push", "--json")
    done = world.completed(code, out, err)
    print(f"2 GB to S3: {told(peaks)}")
    assert done.words("bundles")["small-pack"] == "published", done.document["items"]
    (archive,) = [f for f in world.bindings("bundles")["small-pack"].files if ".zip" in f.name]
    assert archive.size > 1900 * MB
    assert max(peaks.values()) < LIMIT, told(peaks)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    # What SFTP alone holds in memory is measured in every run by the transport's own test.
    "channel",
    ["dreamstime", pytest.param("vecteezy", marks=pytest.mark.rare)],
)
def test_a_big_master_to_a_file_server(make_world: Factory, channel: str) -> None:
    """The row is the project's own: one that takes TIFF as it is, by FTP or by SFTP."""
    world = make_world({}, accounts={"own": {}}, data=_big(), warm=False, sandboxes=False)
    folder = world.folder / "channels" / "stock"
    folder.mkdir(parents=True)
    row = (ROOT / "channels" / "stock" / f"{channel}.toml").read_text("utf-8")
    row = row.replace(f'name = "{channel}"', 'name = "own"', 1)
    row = row.replace('formats = ["jpeg"]', 'formats = ["tiff"]')
    row = row.replace('convert_to = "jpeg"', 'convert_to = "tiff"')
    row = row.replace("megapixels_max = 70.0\n", "")
    (folder / "own.toml").write_text(row, "utf-8")
    tiff(world.folder / "masters" / "photo-1.tif", 11000, 9533, noise=True)
    world.expected = {"own": ("photo-1",)}
    with running(world):
        peaks, out, err, code = watched(world, "push", "--json")
        done = world.completed(code, out, err)
        assert done.words("own")["photo-1"] == "published", done.document["items"]
        assert world.differences() == []
    (sent,) = world.bindings("own")["photo-1"].files
    print(f"{sent.size / MB:.0f} MB by {channel}'s transport: {told(peaks)}")
    assert sent.size > 280 * MB
    assert max(peaks.values()) < LIMIT, told(peaks)


def _big() -> dict[str, object]:
    data = manifest(("photo-1",), pack=False)
    data["assets"][0]["file"] = "masters/photo-1.tif"
    return data
