"""Texts that a manifest leaves out are taken from the masters themselves, and each time that is said.

Only what is absent is filled: a text that the manifest clears with a null stays empty. Provenance and
everything else that a seller must vouch for is never taken over.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from publisher.listing import Finding, Level
from publisher.manifest.item import Master
from publisher.manifest.model import Asset

if TYPE_CHECKING:
    from publisher.media.metadata.words import Words

_WANTED = ("title", "description", "keywords")
"""Without one of these, a file is asked what it says."""
_TAKEN = (*_WANTED, "creator", "copyright", "credit", "created", "country")
_NAMES = {"xmp": "XMP", "iim": "IPTC", "exif": "EXIF", "png": "PNG text"}


def with_embedded_texts(
    assets: Mapping[str, Asset], masters: Mapping[str, Master], cache: Path
) -> tuple[dict[str, Asset], list[Finding]]:
    """The assets with what their masters say where the manifest says nothing, and a notice for each.

    ``masters`` are by the asset's id; ``cache`` is the folder of the caches.
    """
    asking = {name: masters[name] for name, asset in assets.items() if _lacks(asset)}
    if not asking:
        return dict(assets), []
    # A manifest that says everything does not pay for the readers.
    from publisher.media.words_index import embedded_words

    said = embedded_words(asking.values(), cache)
    filled = dict(assets)
    findings = []
    for name, master in asking.items():
        words = said.get(master.sha256)
        taken = _taken(assets[name], words) if words is not None else {}
        asset = _filled(assets[name], taken) if taken else None
        if words is None or asset is None:
            continue
        filled[name] = asset
        findings.append(_notice(asset, taken, words))
    return filled, findings


def _lacks(asset: Asset) -> bool:
    return any(not getattr(asset, f) and f not in asset.model_fields_set for f in _WANTED)


def _taken(asset: Asset, words: Words) -> dict[str, str | tuple[str, ...]]:
    return {
        name: value
        for name in _TAKEN
        if name not in asset.model_fields_set and (value := getattr(words, name))
    }


def _filled(asset: Asset, taken: Mapping[str, str | tuple[str, ...]]) -> Asset | None:
    """The asset with ``taken``, checked by the schema; None when the file says what no manifest may."""
    fields = {name: getattr(asset, name) for name in asset.model_fields_set}
    try:
        return Asset.model_validate({**fields, **taken})
    except ValidationError:
        return None


def _notice(asset: Asset, taken: Mapping[str, object], words: Words) -> Finding:
    by_origin: dict[str, list[str]] = {}
    for name in taken:
        by_origin.setdefault(_NAMES[words.origin.get(name, "xmp")], []).append(name)
    told = "; ".join(f"{', '.join(names)} ({origin})" for origin, names in by_origin.items())
    return Finding(
        Level.NOTICE,
        f"taken from {asset.file}, because the manifest says nothing: {told}",
        "write it into the manifest to change it, or null to leave it out",
        item=asset.id,
        code="embedded-text",
    )
