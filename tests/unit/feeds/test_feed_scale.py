"""A feed of a hundred thousand entries: written in bounded time and memory, and read back the same way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

COUNT = 100_000
SCRIPT = """
import json, sys, time
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, {here!r})
from feed_workshop import FeedAccount, listing, picture
from publisher.listing import Remote, Status
from publisher.row import Verb

root, count = Path({root!r}), {count}
(root / "www").mkdir()
account = FeedAccount({channel!r}, root, {{"FOLDER": str(root / "www"), "PUBLIC_URL": "https://127.0.0.1"}})
words = "Dunes of blue glass roll towards a low winter sun. " * 6
first = listing({channel!r}, "g", description=words)
image = "images/0123456789abcdef/g.jpg"

def bound():
    for n in range(count):
        key = f"g{{n:06d}}"
        facts = {{"remote.objects": (image,), "link": f"https://shop.example/{{key}}"}}
        yield Remote(key, key, Status.LIVE, fields={{**first.fields, **facts}})

def peak():
    # Not ru_maxrss: that one remembers whoever started us.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024

started, begun = peak(), time.monotonic()
file = picture(root, "new.jpg")
new = [(Verb.CREATE, listing({channel!r}, f"new{{n}}"), [file]) for n in range(10)]
account.written(*new, bound=bound)
written, most = time.monotonic() - begun, peak()
begun = time.monotonic()
account.written((Verb.UPDATE, listing({channel!r}, "new1", price="5.00"), []), bound=bound)
again = time.monotonic() - begun
begun = time.monotonic()
with account.session() as session:
    found = session.find_many([f"g{{n:06d}}" for n in range(0, count, 1000)])
looked = time.monotonic() - begun
size = next((root / "www").glob("feed.*")).stat().st_size
print(json.dumps({{"written": written, "again": again, "looked": looked, "found": len(found),
                   "megabytes": size / 1e6, "started": started, "peak": most}}))
"""


@pytest.mark.rare
@pytest.mark.parametrize("channel", ["google-merchant", "meta-catalogue"])
def test_a_hundred_thousand_entries(channel: str, tmp_path: Path) -> None:
    script = SCRIPT.format(
        here=str(Path(__file__).parent), root=str(tmp_path), count=COUNT, channel=channel
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": "/usr/bin:/bin"},
    )
    told = json.loads(done.stdout.splitlines()[-1])
    print(channel, told)
    assert told["found"] == COUNT // 1000
    assert told["peak"] - told["started"] < 150, told
    assert max(told["written"], told["again"]) < 120, told
    (feed,) = (tmp_path / "www").glob("feed.*")
    data = feed.read_bytes()
    one = data.count(b"<item>") or data.count(b"\n") - 1
    assert one == COUNT + 10
