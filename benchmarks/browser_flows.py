"""Forms filled by the flow engine against a bare Playwright script that does the same clicks on the same pages.

Run it with ``python benchmarks/browser_flows.py [flows]``. Both drive their own browser, flow by flow in turn, so
that what else the machine does strikes both. The bare script reads nothing back, looks for nothing in the way, keeps
no note and proves nothing but the address; the engine does all of that. Then four accounts fill forms side by side.
The site is a small one on loopback whose answers take as long as a near server's (LATENCY).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[1]))

from channels.browser.browser import ARGUMENTS, chromium
from channels.browser.session import BrowserSession
from channels.browser.settings import BrowserSettings
from publisher.channel import Context
from publisher.discovery import load_row
from publisher.listing import Declaration, File, Listing, Staged
from tests.browser.shop_site import Shop, profile

FLOWS = 50
ACCOUNTS = 4
LATENCY = 0.25
"""Seconds that the site takes for an answer."""
OVERHEAD = 1.15
PARALLEL = 2.0
NOW = dt.datetime(2026, 11, 26, 12, 0, tzinfo=dt.UTC)
TAGS = ("glass", "blue ice", "dunes")


def listing(title: str) -> Listing:
    """One work with three tags and an AI declaration."""
    fields: dict[str, Any] = {
        "title": title, "description": "Dunes of glass in low sun", "keywords": TAGS, "mature": False,
        "products": ("stickers", "mugs"),
    }  # fmt: skip
    declared = (Declaration("ai-generated", "field", "true"),)
    return Listing(title, "bench", title, fields, declarations=declared)


def session(shop: Shop, folder: Path, account: str) -> BrowserSession:
    """An unattended account of the shop."""
    place = folder / "channels" / "browser"
    place.mkdir(parents=True, exist_ok=True)
    (place / "shop.profile.yaml").write_text(profile(shop), encoding="utf-8")
    return BrowserSession(
        Context(
            account=account,
            row=load_row("redbubble"),
            settings=BrowserSettings(headless=True),
            release="r",
            project=folder,
            outbox=folder / "outbox",
            now=lambda: NOW,
            render=lambda _name, _variables: "",
            options={"profile": "shop", "unattended": True, "terms_acknowledged": "2026-11-20"},
            state=folder / "state",
        )
    )


def bare(page: Page, url: str, title: str, picture: Path) -> None:
    """The same clicks, and nothing else."""
    page.goto(f"{url}/new", wait_until="domcontentloaded")
    page.locator("#choose").click()
    page.locator("#picture").set_input_files(str(picture))
    page.locator("#preview.has-image").wait_for(state="attached")
    page.locator("#title").fill(title)
    for tag in TAGS:
        page.locator("#tags").click()
        page.locator("#tags").press_sequentially(tag)
        page.locator("#tags").press("Enter")
    page.locator("#about").fill("Dunes of glass in low sun")
    for name in ("sticker", "mug"):
        page.locator(f'[data-type="{name}"] .on').click()
    page.locator('[data-type="cap"] .no').click()
    page.locator("#safe").click()
    page.locator("#ai-label").click()
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    page.locator("#rights").click()
    page.locator("#save:enabled").click()
    page.wait_for_url("**/done/*")


def timed(action: Callable[[], object]) -> float:
    """Seconds that it took."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def overhead(shop: Shop, folder: Path, staged: Staged, flows: int) -> float:
    """Time of the engine over that of the bare script, flow by flow in turn."""
    ours: list[float] = []
    theirs: list[float] = []
    with session(shop, folder, "bench") as opened:
        opened.create(listing("warm"), [staged], "warm")
        # One driver for both: Playwright starts only one in a thread.
        assert opened._browser is not None and opened._browser._playwright is not None
        browser = opened._browser._playwright.chromium.launch(
            executable_path=chromium(""), args=list(ARGUMENTS)
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        bare(page, shop.url, "warm", staged.file.path)
        for number in range(flows):
            title = f"work {number}"
            theirs.append(timed(lambda t=title: bare(page, shop.url, t, staged.file.path)))
            ours.append(timed(lambda t=title: opened.create(listing(t), [staged], t)))
        browser.close()
    ratio = sum(ours) / sum(theirs)
    print(
        f"{flows} flows: engine {sum(ours):.1f} s (median {statistics.median(ours) * 1000:.0f} ms), "
        f"bare script {sum(theirs):.1f} s (median {statistics.median(theirs) * 1000:.0f} ms): "
        f"{ratio:.2f} times, medians {statistics.median(ours) / statistics.median(theirs):.2f}"
    )
    return ratio


def parallel(shop: Shop, folder: Path, staged: Staged, flows: int) -> float:
    """Throughput of four accounts over that of one, each with a browser and a thread of its own."""
    rates = []
    for count in (1, ACCOUNTS):
        ready, go = threading.Barrier(count + 1), threading.Barrier(count + 1)

        def work(name: str, ready: threading.Barrier = ready, go: threading.Barrier = go) -> None:
            with session(shop, folder / name, name) as opened:
                opened.create(listing(f"{name} warm"), [staged], f"{name} warm")
                ready.wait()
                go.wait()
                for number in range(flows):
                    title = f"{name} {number}"
                    opened.create(listing(title), [staged], title)
                ready.wait()

        threads = [threading.Thread(target=work, args=(f"a{n}",)) for n in range(count)]
        for thread in threads:
            thread.start()
        ready.wait()
        seconds = timed(lambda ready=ready, go=go: (go.wait(), ready.wait()))
        for thread in threads:
            thread.join()
        rates.append(count * flows / seconds)
        print(f"{count} account{'s' if count > 1 else ''}: {rates[-1]:.2f} works a second")
    return rates[1] / rates[0]


def main() -> int:
    """Print the figures; 1 when they are worse than promised."""
    flows = int(sys.argv[1]) if len(sys.argv) > 1 else FLOWS
    shop = Shop()
    shop.latency = LATENCY
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        picture = folder / "picture.jpg"
        picture.write_bytes(bytes(range(256)) * 1200)
        digest = hashlib.sha256(picture.read_bytes()).hexdigest()
        file = File("image", picture.name, picture, picture.stat().st_size, digest)
        slower = overhead(shop, folder, Staged(file), flows)
        faster = parallel(shop, folder, Staged(file), max(3, flows // 5))
        print(f"{ACCOUNTS} accounts: {faster:.2f} times the throughput of one")
    shop.stop()
    made = [w.fields["title"] for w in shop.works]
    assert len(made) == shop.submits
    return 0 if slower <= OVERHEAD and faster >= PARALLEL else 1


if __name__ == "__main__":
    raise SystemExit(main())
