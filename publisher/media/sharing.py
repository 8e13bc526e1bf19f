"""What several renditions have in common: the picture behind them, and the one decode of their master.

A picture is the pixels of a recipe, encoded, without words and whatever its size in bytes. Nothing here
opens a file.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from publisher.listing import BundleRequest, FileRequest, Recipe, RenditionRequest, canonical_json
from publisher.manifest.item import Master
from publisher.media import vips
from publisher.media.limits import RENDER_VERSION
from publisher.media.metadata.embed import WRITER_VERSION
from publisher.media.pixels import flattened, planned_size

TOGETHER_MAX = 8
"""Pictures of one master that are made in one job."""


def versions() -> list[str | int]:
    """What the bytes of every made file depend on besides its request."""
    return [vips.version(), RENDER_VERSION, WRITER_VERSION]


def cache_key(kind: str, parts: list[Any]) -> str:
    """The name of a made file in the cache."""
    return hashlib.sha256(
        canonical_json([kind, *parts]).encode("utf-8", "surrogatepass")
    ).hexdigest()


def shares_picture(request: RenditionRequest) -> bool:
    """Whether the rendition is a picture and words. A kept original, a mock-up and a marked preview are not."""
    recipe = request.recipe
    original = recipe.keep_original and recipe.format == request.master.format
    return not (original or recipe.scene or recipe.watermark)


def picture_key(master: Master, recipe: Recipe) -> str:
    """The name of a picture in the cache: all that its bytes depend on, and nothing else."""
    in_pixels = recipe.format in ("png", "tiff")
    parts = [
        master.sha256,
        recipe.format,
        recipe.quality if not in_pixels else 0,
        planned_size(master, recipe),
        recipe.dpi if in_pixels else 0,
        recipe.background if flattened(recipe) else (),
        recipe.color_space,
        recipe.bit_depth if in_pixels else 8,
        versions(),
    ]
    return cache_key("pixels", parts)


class Expected:
    """Pictures that will be asked for, by master, so that one decode makes them all. Thread-safe."""

    def __init__(self) -> None:
        self._recipes: dict[str, dict[Recipe, None]] = {}
        self._lock = threading.Lock()

    def add(self, requests: Iterable[FileRequest]) -> None:
        """Renditions that are about to be made; members of bundles count, too."""
        with self._lock:
            for request in _renditions(requests):
                if not request.master.problem and shares_picture(request):
                    self._recipes.setdefault(request.master.sha256, {})[request.recipe] = None

    def take(self, master: Master) -> dict[str, Recipe]:
        """The pictures of ``master`` that nobody has taken yet, by key."""
        with self._lock:
            recipes = self._recipes.pop(master.sha256, {})
        return {picture_key(master, recipe): recipe for recipe in recipes}


def _renditions(requests: Iterable[FileRequest]) -> Iterator[RenditionRequest]:
    for request in requests:
        if isinstance(request, RenditionRequest):
            yield request
        elif isinstance(request, BundleRequest):
            yield from (m for m in request.members if isinstance(m, RenditionRequest))
