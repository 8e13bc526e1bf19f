"""The pages in a real browser, from file:// addresses as a seller opens them.

No request leaves the folder, nothing is logged to the console, nothing overflows on a telephone or a desk,
every picture loads, and a title that tries to open a dialog opens none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from publisher.preview import write_preview
from publisher.render import render_text
from publisher.report import write_report
from tests.preview_sample import HOSTILE, NOW, row, sample_plan, thumbnails
from tests.push_sample import push_document

CHROMIUM = Path("/usr/bin/chromium")
ARTEFACTS = Path(__file__).parents[2] / "test-artefacts"
VIEWS = ((1280, "light"), (390, "dark"))
PAGES = ("index", "north", "shop-eu", "west", "report", "bundle", "handoff", "gone")
PRIVATE = "private"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    plan = sample_plan()
    (root / PRIVATE).mkdir()
    write_preview(
        root / "p",
        plan,
        rows={"north": row(), "shop-eu": row("shop"), "west": row("west")},
        thumbnails=thumbnails(root / PRIVATE, plan),
        release_title=f"Winter Glass {HOSTILE}",
        generated=NOW,
        accounts=None,
        trips=(),
    )
    write_report(root / "p", push_document(), generated=NOW, release_title="Winter Glass")
    bundle = {
        "title": f"Winter Glass, eight wallpapers {HOSTILE}",
        "description": "Calm dunes of blue glass.",
        "creator": "Ana Vidal",
        "copyright": "© 2026 Ana Vidal",
        "price": "49.00 EUR",
        "updated": "21 November 2026",
        "keywords": ["glass", "W" * 300],
        "images": [{"name": f"images/glass-00{n}.jpg", "alt": HOSTILE} for n in range(1, 9)],
        "files": [{"name": "W" * 90 + ".png", "size": 12_345_678, "width": 4096, "height": 4096}],
        "archive": {"name": "winter-glass.zip", "size": 98_765_432, "sha256": "ab" * 32},
        "download": "winter-glass.zip",
        "licence": {"name": "Standard licence", "file": "licence.txt"},
        "count": 8,
        "ai": [{"class": "ai-generated", "system": "Maker", "version": "7", "count": 8}],
    }
    handoff = {
        "channel": "North Stock",
        "page": "https://example.com/upload",
        "item": "glass-001",
        "files": [{"name": "W" * 200, "size": 1, "sha256": "cd" * 32}],
        "fields": {"title": HOSTILE, "keywords": ["W" * 300, "b"], "mature": False, "note": None},
        "declarations": [{"name": "AI", "mechanism": "checkbox", "value": "yes"}],
        "tasks": ["Press publish"],
    }
    gone = {"title": HOSTILE, "creator": "", "message": "", "link": "https://example.com/"}
    for name, variables in (("bundle", bundle), ("handoff", handoff), ("gone", gone)):
        text = render_text(f"{name}.html.j2", variables)
        (root / "p" / f"{name}.html").write_text(text, encoding="utf-8")
    return root / "p"


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_whole_and_fits(
    chromium: Any, folder: Path, name: str, width: int, scheme: str
) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    requests: list[str] = []
    noises: list[str] = []
    page.on("request", lambda r: requests.append(r.url))
    page.on("requestfailed", lambda r: noises.append(f"failed {r.url}"))
    page.on("console", lambda m: noises.append(f"console {m.text}"))
    page.on("pageerror", lambda e: noises.append(f"error {e}"))
    page.on("dialog", lambda d: (noises.append(f"dialog {d.message}"), d.dismiss()))
    try:
        page.goto((folder / f"{name}.html").as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        page.evaluate("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
        page.evaluate("Promise.all([...document.images].map(i => i.decode()))")
        assert page.evaluate("[...document.images].filter(i => !i.naturalWidth).length") == 0
        if name in ("index", "north", "shop-eu", "bundle"):
            assert page.evaluate("document.images.length") >= 8
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("getComputedStyle(document.body).maxWidth") != "none", "no style"
        ARTEFACTS.mkdir(exist_ok=True)
        shot = ARTEFACTS / f"preview-{name}-{width}-{scheme}.png"
        page.screenshot(path=str(shot), full_page=True)
    finally:
        page.close()
    assert requests
    assert all(url.startswith(folder.as_uri()) for url in requests), requests
    assert noises == []


def test_a_link_of_the_matrix_leads_to_the_folded_card(chromium: Any, folder: Path) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto((folder / "index.html").as_uri())
        page.get_by_role("link", name="held").first.click()
        page.wait_for_url("**/north.html#item-glass-009")
        assert page.locator("#item-glass-009").count() == 1
        fold = page.locator("details#held")
        assert fold.evaluate("d => d.open"), "the address opens the fold"
        fold.locator("> summary").press("Enter")
        assert not fold.evaluate("d => d.open"), "and the keyboard works it"
        fold.locator("> summary").press("Enter")
        assert page.locator("#item-glass-009").get_by_text("names an artist").is_visible()
    finally:
        page.close()


def test_text_is_readable_in_both_schemes(chromium: Any, folder: Path) -> None:
    """Every word's pill has a contrast of at least 4.5 to 1 against the card, as WCAG 2.2 asks of text."""
    script = """() => {
      const light = c => { const v = c.map(x => { x /= 255;
        return x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4 });
        return .2126 * v[0] + .7152 * v[1] + .0722 * v[2] };
      const paint = css => { const c = document.createElement('canvas').getContext('2d');
        c.fillStyle = css; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data] };
      const ground = paint(getComputedStyle(document.querySelector('.tile')).backgroundColor);
      return [...document.querySelectorAll('.pill, .soft, small')].map(e => {
        const style = getComputedStyle(e), veil = paint(style.backgroundColor);
        const share = veil[3] / 255;
        const under = [0, 1, 2].map(i => veil[i] * share + ground[i] * (1 - share));
        const a = light(paint(style.color).slice(0, 3)), b = light(under);
        return [e.className, (Math.max(a, b) + .05) / (Math.min(a, b) + .05)] }) }"""
    for scheme in ("light", "dark"):
        page = chromium.new_page(color_scheme=scheme)
        try:
            page.goto((folder / "index.html").as_uri())
            found = page.evaluate(script)
        finally:
            page.close()
        assert len(found) > 20
        assert min(ratio for _, ratio in found) >= 4.5, (scheme, min(found, key=lambda f: f[1]))
