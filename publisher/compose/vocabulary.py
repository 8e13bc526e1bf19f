"""The canonical vocabulary of categories: which of its words lie near each other, and what to suggest instead.

docs/categories.md explains each word to sellers; a test keeps both in step. Pure: it maps nothing by itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping

NEAR: Mapping[str, tuple[str, ...]] = {
    "abstract": ("backgrounds", "graphics"),
    "animals": ("nature", "environment"),
    "architecture": ("travel", "interiors"),
    "arts": ("culture", "graphics"),
    "backgrounds": ("graphics", "abstract"),
    "beauty": ("fashion", "lifestyle", "people"),
    "business": ("technology", "industry"),
    "celebrities": ("people", "lifestyle"),
    "culture": ("arts", "religion", "travel"),
    "drinks": ("food", "lifestyle"),
    "education": ("science", "business"),
    "emotions": ("people", "lifestyle", "abstract"),
    "environment": ("nature", "landscape"),
    "fashion": ("beauty", "lifestyle", "people"),
    "food": ("drinks", "lifestyle"),
    "graphics": ("backgrounds", "abstract", "signs"),
    "health": ("science", "people", "lifestyle"),
    "hobbies": ("sports", "lifestyle"),
    "holidays": ("culture", "lifestyle", "travel"),
    "industry": ("technology", "business"),
    "interiors": ("architecture", "lifestyle"),
    "landscape": ("nature", "travel"),
    "lifestyle": ("people", "hobbies"),
    "nature": ("landscape", "plants", "environment"),
    "objects": ("graphics", "hobbies", "backgrounds"),
    "parks": ("nature", "landscape", "plants"),
    "people": ("lifestyle", "emotions"),
    "plants": ("nature", "landscape"),
    "religion": ("culture", "holidays"),
    "science": ("technology", "education"),
    "signs": ("graphics", "objects"),
    "social-issues": ("people", "environment", "lifestyle"),
    "sports": ("hobbies", "lifestyle"),
    "technology": ("science", "industry"),
    "transport": ("travel", "technology", "industry"),
    "travel": ("landscape", "architecture"),
    "vintage": ("objects", "arts", "culture"),
}
"""Every word with the nearest ones, the nearest first."""

_MOST = 3


def nearest(word: str, mapped: Collection[str]) -> tuple[str, ...]:
    """Words among ``mapped`` for ``word``: near to what it shows, or spelled like what may be meant."""
    plain = word.strip().lower()
    if plain in NEAR:
        return tuple(near for near in NEAR[plain] if near in mapped)[:_MOST]
    spelled = difflib.get_close_matches(plain, sorted(mapped), n=_MOST)
    meant = difflib.get_close_matches(plain, sorted(NEAR), n=1, cutoff=0.75)
    related = [near for known in meant for near in NEAR[known] if near in mapped]
    return tuple(dict.fromkeys((*spelled, *related)))[:_MOST]


def alike(value: str, names: Iterable[str]) -> tuple[str, ...]:
    """Names of a channel's own categories that are spelled like ``value`` or hold it, at most three."""
    wanted = value.strip().casefold()
    listed = {name.casefold(): name for name in names}
    holding = [name for plain, name in listed.items() if len(wanted) > 2 and wanted in plain]
    last = {plain.rpartition(" > ")[2]: name for plain, name in listed.items()}
    near = [last[m] for m in difflib.get_close_matches(wanted, sorted(last), n=_MOST)]
    return tuple(dict.fromkeys((*near, *holding)))[:_MOST]
