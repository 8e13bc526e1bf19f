"""The text of a drafted manifest: YAML with a comment at every suggestion that says where it comes from. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from publisher.media.metadata.words import Words

_ORIGIN = {
    "xmp": "from the file's XMP",
    "iim": "from the file's IPTC",
    "exif": "from the file's EXIF",
    "png": "from the file's PNG text",
    "name": "from the file's name",
}
_COMMON = ("creator", "copyright", "credit", "country", "rights_url", "usage_terms", "data_mining")
_MAPPINGS: Mapping[str, Mapping[str, str]] = {
    "licensor": {"name": "licensor_name", "url": "licensor_url", "email": "licensor_email"},
    "location": {"city": "city", "state": "state", "place": "sublocation"},
}
"""Fields of the manifest that are mappings: their keys, and the suggestions for these."""
_RELEASES: Mapping[str, str] = {
    "MR-NON": "there is no model release",
    "MR-UMR": "there are model releases for everybody",
    "MR-LMR": "there are model releases, but limited or incomplete ones",
    "PR-NON": "there is no property release",
    "PR-UPR": "there are property releases for everything",
    "PR-LPR": "there are property releases, but limited or incomplete ones",
}
"""PLUS LDF, the vocabularies of the release status. Not applicable is nothing to be told."""
_HEAD = """\
# yaml-language-server: $schema=manifest.schema.json
#
# A draft from {count} and from what they say of themselves. Every comment says where a text comes
# from. Nothing is published from it until you have looked at it: try "publisher check".
"""
_UNKNOWN = """\
  # What only you know. As long as it is left out, channels that ask for it hold the pictures back.
  # provenance: {class: ai-generated, system: Midjourney, version: "7", plan: pro, rights: commercial}
  # style: photo            # photo, illustration, 3d or vector
  # depicts: {people: none, property: none, places: none, brands: none, text: false}
  # offer: {currency: EUR, variants: [{id: standard, title: Standard licence, price: "19.00"}]}
"""


@dataclass(frozen=True, slots=True)
class Suggested:
    """One asset of the draft: its id, its file relative to the project, and what is suggested for it."""

    id: str
    file: str
    words: Words


def manifest_text(release: str, assets: Sequence[Suggested], shared: Words) -> str:
    """The whole manifest. What is in ``shared`` stands in the defaults and nowhere else."""
    count = "1 picture" if len(assets) == 1 else f"{len(assets)} pictures"
    lines = [_HEAD.format(count=count), f"release: {scalar(release)}\n", "\ndefaults:\n"]
    lines += [
        _line("  ", name, value, shared) for name in _COMMON if (value := getattr(shared, name))
    ]
    lines += _mappings("  ", shared, Words())
    lines += [_UNKNOWN, "\nassets:\n"]
    for number, asset in enumerate(assets):
        lines.append("\n" if number else "")
        lines += _asset(asset, shared)
    return "".join(lines)


def _asset(asset: Suggested, shared: Words) -> Iterator[str]:
    words = asset.words
    yield f"  - id: {scalar(asset.id)}\n"
    yield f"    file: {scalar(asset.file)}\n"
    for name in ("title", "description", "keywords"):
        value = getattr(words, name)
        if value:
            yield _line("    ", name, value, words)
        else:
            yield f"    # {name}: the file says nothing\n"
    for name in (*_COMMON, "created"):
        value = getattr(words, name)
        if value and getattr(shared, name) != value:
            yield _line("    ", name, value, words)
    yield from _mappings("    ", words, shared)
    for code in (words.model_release, words.property_release):
        if code in _RELEASES:
            yield f"    # releases: the file says: {_RELEASES[code]}\n"
    if words.provenance is not None:
        origin = {
            "class": words.provenance.value,
            "system": words.system,
            "version": words.version,
            # It stays in the manifest: no prompt is embedded or sent unless an account asks for it.
            "prompt": words.prompt,
        }
        pairs = ", ".join(f"{name}: {scalar(text)}" for name, text in origin.items() if text)
        yield f"    provenance: {{{pairs}}}  # from the file; check it\n"


def _mappings(indent: str, words: Words, shared: Words) -> Iterator[str]:
    """Licensor and location; whole, as a manifest replaces them whole, unless ``shared`` says the same."""
    for name, parts in _MAPPINGS.items():
        own = [f for f in parts.values() if (v := getattr(words, f)) and getattr(shared, f) != v]
        if own:
            said = {p: getattr(words, f) or getattr(shared, f) for p, f in parts.items()}
            pairs = ", ".join(f"{part}: {scalar(value)}" for part, value in said.items() if value)
            comment = _origin(words, own[0])
            yield f"{indent}{name}: {{{pairs}}}  # {comment}\n"


def _origin(words: Words, field: str) -> str:
    return _ORIGIN.get(words.origin.get(field, ""), "from the file")


def _line(indent: str, name: str, value: str | tuple[str, ...], words: Words) -> str:
    comment = _origin(words, name)
    shown = scalar(value) if isinstance(value, str) else f"[{', '.join(map(scalar, value))}]"
    return f"{indent}{name}: {shown}  # {comment}\n"


def scalar(value: str) -> str:
    """``value`` as YAML reads it back as the same text, wherever it stands in a line."""
    listed: Any = yaml.safe_dump(
        [value], allow_unicode=True, default_flow_style=True, width=float("inf")
    )
    return str(listed).strip()[1:-1]
