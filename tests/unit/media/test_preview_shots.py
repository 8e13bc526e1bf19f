"""Further pictures on the cards of a preview: drawn files of listings, and mock-ups on request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from media_samples import picture, wanted

from publisher.errors import ConfigError
from publisher.listing import Listing
from publisher.manifest.item import Item, ItemKind
from publisher.media.probe import probe
from publisher.media.studio import Studio
from publisher.plan import Plan
from publisher.preview import write_preview
from publisher.preview_shots import Shot, shots_of
from publisher.recipes import preview_recipe
from publisher.render import renderer
from tests.preview_sample import HOSTILE, NOW, row, sample_plan


def test_listings_and_wishes_become_pictures(tmp_path: Path) -> None:
    master = probe(picture(tmp_path / "a.png", 300, 200), "a.png")
    (tmp_path / "bad.png").write_bytes(b"none")
    bad = probe(tmp_path / "bad.png", "bad.png")
    items = [
        Item(name, ItemKind.ASSET, "r", "", "", (), (), (m,))
        for name, m in (("one", master), ("broken", bad))
    ]
    marked = wanted(master, watermark="Ana", long_side_max=200)
    listings = {
        ("one", "shop"): Listing("one", "shop", "k", {}, (wanted(master), marked)),
        ("broken", "shop"): Listing("broken", "shop", "k", {}, (wanted(bad, watermark="Ana"),)),
        ("one", "stock"): Listing("one", "stock", "k", {}, (wanted(master),)),
    }
    plan = Plan("r", (), (), (), (), listings)
    with Studio(tmp_path / "cache", renderer(tmp_path), workers=1) as studio:
        found = shots_of(plan, items, studio, ["mug", "framed-print"])
        assert set(found) == {("one", "shop"), ("one", "")}
        assert [s.text for s in found["one", ""]] == ["mug", "framed-print"]
        # The page shows the very file that would be sent.
        assert found["one", "shop"][0].path == studio.make(marked).path
        assert shots_of(plan, [], studio, []).keys() == {("one", "shop")}
        with pytest.raises(ConfigError, match="teapot"):
            shots_of(plan, items, studio, ["teapot"])
    assert preview_recipe(200, "Ana").watermark == "Ana"


def test_cards_show_them_and_stay_harmless(tmp_path: Path) -> None:
    plan = sample_plan()
    pair = plan.items[0]
    shot = Shot(f"mug {HOSTILE}", picture(tmp_path / "mug.jpg", 90, 60))
    index = write_preview(
        tmp_path / "preview",
        plan,
        rows={pair.account: row()},
        thumbnails={},
        release_title="Winter",
        generated=NOW,
        shots={(pair.item, ""): [shot], (pair.item, pair.account): [shot, shot]},
    )
    page = (index.parent / f"{pair.account}.html").read_text("utf-8")
    assert HOSTILE not in page
    addresses = set(re.findall(r'<img src="(shots/[^"]+)"', page))
    assert len(addresses) == 3
    for address in addresses:
        assert (index.parent / address).read_bytes() == shot.path.read_bytes()
