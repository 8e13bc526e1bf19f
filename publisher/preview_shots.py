"""Further pictures on the cards of a preview: those drawn for a listing, and mock-ups that the seller asks for.

They are the very files that a push would send, made by the studio. What cannot be drawn is left out of
the page, not out of the plan, where its finding stands.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.errors import Rejected
from publisher.listing import FileRequest, Metadata, RenditionRequest, SheetRequest
from publisher.manifest.item import Item
from publisher.plan import Plan
from publisher.recipes import scene_recipe

if TYPE_CHECKING:
    from publisher.media.studio import Studio

SIDE = 900
"""Longer side in pixels of a mock-up that is made for the preview alone."""

Place = tuple[str, str]
"""Item and account; the account "" stands for all of them."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One further picture (a JPEG, PNG or WebP file) and what it is, in words."""

    text: str
    path: Path


def shots_of(
    plan: Plan, items: Iterable[Item], studio: Studio, scenes: Sequence[str]
) -> dict[Place, tuple[Shot, ...]]:
    """The drawn files of the plan's listings, and each work in ``scenes``. Raises ConfigError for a scene
    that nobody drew."""
    found: dict[Place, tuple[Shot, ...]] = {}
    for place, listing in plan.listings.items():
        drawn = [r for r in listing.files if _drawn(r)]
        if shots := tuple(s for r in drawn if (s := _shot(studio, r, r.name)) is not None):
            found[place] = shots
    for item in items:
        masters = [m for m in item.masters[:1] if not m.problem]
        requests = [
            (
                scene,
                RenditionRequest(
                    "mockup", f"{scene}.jpg", m, scene_recipe(scene, SIDE), Metadata()
                ),
            )
            for m in masters
            for scene in scenes
        ]
        if shots := tuple(s for n, r in requests if (s := _shot(studio, r, n)) is not None):
            found[item.id, ""] = shots
    return found


def copy_shots(
    folder: Path, shots: Mapping[Place, Sequence[Shot]]
) -> dict[Place, list[dict[str, str]]]:
    """Copy the pictures into ``folder``/shots; for each place their relative addresses and words."""
    found: dict[Place, list[dict[str, str]]] = {}
    if shots:
        (folder / "shots").mkdir()
    for number, (place, each) in enumerate(shots.items()):
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", place[0]).strip("-")[:60] or "x"
        for count, shot in enumerate(each):
            address = f"shots/{stem}-{number}-{count}{shot.path.suffix}"
            shutil.copyfile(shot.path, folder / address)
            found.setdefault(place, []).append({"image": address, "text": shot.text})
    return found


def _drawn(request: FileRequest) -> bool:
    if isinstance(request, SheetRequest):
        return True
    recipe = request.recipe if isinstance(request, RenditionRequest) else None
    return recipe is not None and bool(recipe.scene or recipe.watermark)


def _shot(studio: Studio, request: FileRequest, text: str) -> Shot | None:
    try:
        path = studio.make(request).path
    except Rejected:
        return None
    return Shot(text, path) if path.suffix in (".jpg", ".png", ".webp") else None
