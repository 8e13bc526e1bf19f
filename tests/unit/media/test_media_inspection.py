"""What a plan says of files before one is made: too small, enlarged, and marks that would not be written."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from media_samples import wanted

from publisher.inspection import INSIDE_THE_FILE, inspect
from publisher.listing import Declaration, Level, Listing, Metadata, Recipe
from publisher.manifest.item import Item, ItemKind, Master
from publisher.manifest.model import ProvenanceClass

MASTER = Master(Path("a.jpg"), "a.jpg", "0" * 64, 9, "jpeg", 1000, 800)
ITEM = Item("a", ItemKind.ASSET, "r", "A", "", (), (), (MASTER,))


def _codes(metadata: Metadata | None = None, mechanism: str = "", **recipe: Any) -> list[str]:
    request = dataclasses.replace(wanted(MASTER, metadata), recipe=Recipe(**recipe))
    said = (Declaration("ai-generated", mechanism),) if mechanism else ()
    listing = Listing("a", "acc", "a.jpg", {}, (request,), declarations=said)
    return [f"{f.level.value} {f.code}" for f in inspect(ITEM, listing)]


@pytest.mark.parametrize(
    ("recipe", "codes"),
    [
        ({}, []),
        ({"megapixels_min": 0.8}, []),
        ({"megapixels_min": 1.5}, ["error too-small"]),
        ({"megapixels_min": 1.5, "upsample": True}, ["notice upsampled"]),
        ({"side_min": 900, "upsample": True}, ["notice upsampled"]),
        ({"side_min": 900, "long_side_max": 1000, "upsample": True}, ["error too-small"]),
        ({"megapixels_min": 50, "upsample": True}, ["notice upsampled", "error too-small"]),
    ],
)
def test_small_masters(recipe: dict[str, Any], codes: list[str]) -> None:
    assert _codes(**recipe) == codes


def test_a_declaration_inside_the_file_needs_a_mark_that_is_written() -> None:
    generated = Metadata(digital_source_type="http://example.com/generated")
    ruled = Metadata(extra_xmp=(("Iptc4xmpExt:DigitalSourceType", "http://example.com/x"),))
    classed = Metadata(provenance=ProvenanceClass.AI_GENERATED)
    for marked in (generated, ruled, classed):
        assert _codes(marked, INSIDE_THE_FILE) == []
    assert _codes(Metadata(title="A"), INSIDE_THE_FILE) == [f"{Level.ERROR.value} unmarked"]
    assert _codes(Metadata(title="A"), "keyword") == []
