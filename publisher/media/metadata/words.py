"""What a manifest may take over from a file: texts, rights, dates and provenance, each with its origin.

Prompts are told apart from captions, and a caption that is a prompt is none. Everything is a suggestion: it
is checked by the manifest's schema like anything else that a seller writes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from publisher.manifest.model import ProvenanceClass
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE_PREFIX
from publisher.media.metadata import xmp
from publisher.media.metadata.keep import unfit
from publisher.media.metadata.read import Embedded
from publisher.rights import mining_said

_CLASSES: Mapping[str, ProvenanceClass] = {
    "trainedAlgorithmicMedia": ProvenanceClass.AI_GENERATED,
    "compositeWithTrainedAlgorithmicMedia": ProvenanceClass.AI_EDITED,
    "compositeSynthetic": ProvenanceClass.AI_EDITED,
    "digitalCapture": ProvenanceClass.HUMAN,
    "negativeFilm": ProvenanceClass.HUMAN,
    "positiveFilm": ProvenanceClass.HUMAN,
    "print": ProvenanceClass.HUMAN,
    "humanEdits": ProvenanceClass.HUMAN,
    "digitalCreation": ProvenanceClass.HUMAN,
}
"""IPTC digital source types that say which class an image has."""
_SPACE = re.compile(r"\s+")
_TEXTS = (
    "title", "description", "creator", "copyright", "credit", "state", "city", "sublocation",
    "rights_url", "usage_terms", "licensor_name", "licensor_url", "licensor_email",
)  # fmt: skip
_TEXT_MAX = 5_000
"""Characters of the longest text that is taken over; no channel takes as many."""


@dataclass(frozen=True, slots=True)
class Words:
    """Suggestions by the manifest's fields, "" where the file says nothing.

    ``origin`` has ``xmp``, ``iim``, ``exif`` or ``png`` for each that is there.
    """

    title: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()
    creator: str = ""
    copyright: str = ""
    credit: str = ""
    created: str = ""
    country: str = ""
    state: str = ""
    city: str = ""
    sublocation: str = ""
    rights_url: str = ""
    usage_terms: str = ""
    licensor_name: str = ""
    licensor_url: str = ""
    licensor_email: str = ""
    data_mining: str = ""
    """As the manifest spells it."""
    model_release: str = ""
    property_release: str = ""
    """PLUS codes, such as MR-UMR."""
    provenance: ProvenanceClass | None = None
    system: str = ""
    version: str = ""
    prompt: str = ""
    origin: Mapping[str, str] = field(default_factory=dict)


def words_in(found: Embedded) -> Words:
    """The suggestions of one file."""
    refused = unfit(found.said) | found.said.unasked
    texts: dict[str, str] = {}
    for label in _TEXTS:
        if xmp.FIELDS[label].partition("/")[0] not in refused:
            texts[label] = _line(getattr(found, label))
    keywords = () if "dc:subject" in refused else _distinct(found.keywords)
    generator = found.generator
    prompt = found.ai_prompt or (generator.prompt if generator else "")
    provenance = _CLASSES.get(found.digital_source_type.removeprefix(DIGITAL_SOURCE_TYPE_PREFIX))
    if provenance is None and not found.digital_source_type and generator is not None:
        provenance = ProvenanceClass.AI_GENERATED
    made = provenance in (ProvenanceClass.AI_GENERATED, ProvenanceClass.AI_EDITED)
    code = next(iter(found.said.properties.get("Iptc4xmpCore:CountryCode", ())), "")
    said = {
        **texts,
        "created": _day(found.date_created),
        "country": next((c for c in (code, found.country) if re.fullmatch("[A-Z]{2}", c)), ""),
        "data_mining": mined.value if (mined := mining_said(found.data_mining)) else "",
        "model_release": _release(found.model_release),
        "property_release": _release(found.property_release),
    }
    origin = {
        name: found.origin.get("date_created" if name == "created" else name, "xmp")
        for name, text in {**said, "keywords": keywords}.items()
        if text
    }
    return Words(
        **said,
        keywords=keywords,
        provenance=provenance,
        system=(found.ai_system or (generator.system if generator else "")) if made else "",
        version=(found.ai_system_version or (generator.version if generator else ""))
        if made
        else "",
        prompt=_line(prompt) if made else "",
        origin=origin,
    )


def _line(text: str) -> str:
    """One line of text, whatever spaces and line ends it had; nothing when it is absurdly long."""
    plain = _SPACE.sub(" ", "".join(c if c.isprintable() else " " for c in text)).strip()
    return plain if len(plain) <= _TEXT_MAX else ""


def _release(code: str) -> str:
    """A code of the PLUS vocabulary without its address; "" for anything else."""
    match = re.fullmatch(r"(?:https?://ns\.useplus\.org/ldf/vocab/)?([MP]R-[A-Z]{3})", code.strip())
    return match.group(1) if match else ""


def _distinct(words: tuple[str, ...]) -> tuple[str, ...]:
    """Keywords in their order, each once; lists that a program wrote as one keyword are taken apart."""
    if len(words) == 1:
        words = tuple(re.split(r"[,;]", words[0]))
    found = {line.casefold(): line for word in reversed(words) if (line := _line(word))}
    return tuple(reversed(found.values()))[: xmp.KEYWORDS_MAX]


def _day(text: str) -> str:
    try:
        return dt.date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return ""


__all__ = ["Words", "words_in"]
