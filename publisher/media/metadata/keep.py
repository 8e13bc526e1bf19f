"""What a master says of itself goes along where the listing is silent: rights, contacts, places, AI marks.

Prompts, workflows, editing history and positions are never taken over, of the camera only what a listing asks
for (make and model), and an AI mark is never replaced by something that is none. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from publisher.listing import Metadata
from publisher.manifest.model import ProvenanceClass
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE, DIGITAL_SOURCE_TYPE_PREFIX
from publisher.media.metadata import xmp
from publisher.media.metadata.traces import (
    AIGC_PROPERTY,
    Generator,
    Secrets,
    generator_mark,
    is_private,
    says_nothing,
)
from publisher.media.metadata.xmp_reader import as_text, elements_in

_ELEMENT_MAX = 16 * 1024
"""Characters of the longest property that is taken over as it is."""
_OPEN = ("dc:", "xmpRights:", "Iptc4xmpCore:", "Iptc4xmpExt:", "plus:", "TC260:")
_PHOTOSHOP = (
    "Headline Credit Source Instructions AuthorsPosition CaptionWriter DateCreated City State Country"
    " TransmissionReference Category SupplementalCategories Urgency"
)
_NAMED = frozenset(f"photoshop:{name}" for name in _PHOTOSHOP.split()) | {"xmp:Rating"}
_PRIVATE = frozenset(
    {"dc:format", "Iptc4xmpExt:AIPromptInformation", "Iptc4xmpExt:AIPromptWriterName"}
)
_GENERATED_BY = ("xmp:CreatorTool",)
_CAPTIONS = frozenset({"dc:title", "dc:description", "photoshop:Headline"})
_VALUES_MAX = 2_000
"""Values that are held against the prompts of a file."""
_PLACE = "{http://ns.adobe.com/exif/1.0/}"

AI_MARKS = frozenset(
    DIGITAL_SOURCE_TYPE_PREFIX + name
    for name in (
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "compositeSynthetic",
        "algorithmicMedia",
    )
)
"""Digital source types that tell a viewer that a machine made the picture, or a part of it."""
_MARK = re.compile(rb"digitalsourcetype/(\w{1,60})")


_SPELLED = re.compile(r"(?:https?://cv\.iptc\.org/newscodes/digitalsourcetype/)?([A-Za-z]+)/?")


@dataclass(frozen=True, slots=True)
class Statement:
    """What is written: properties by name, and elements of the master that are written as they were."""

    properties: Mapping[str, tuple[str, ...]]
    elements: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[tuple[int, str], ...] = ()
    """Values of IIM record 2 that no property stands for, by number."""


def publishable(name: str, values: Iterable[str] = ()) -> bool:
    """Whether a property of a master may go along when nobody asked for it by name."""
    if name in _PRIVATE or "{" in name or "/exif:" in name:
        return False
    if name in _GENERATED_BY:
        return any(generator_mark(v) for v in values)
    return name.startswith(_OPEN) or name.partition("/")[0] in _NAMED


def elements_of(root: Element) -> dict[str, str]:
    """Those properties of a packet that a plain value cannot stand for, as XML, without positions."""
    found: dict[str, str] = {}
    for name, element in elements_in(root):
        if not len(element) or not publishable(name) or _is_plain(name, element):
            continue
        _without_places(element)
        try:
            text = as_text(element)
        except ValueError:
            continue
        if len(text) <= _ELEMENT_MAX:
            found.setdefault(name, text + "\n")
    return found


def _is_plain(name: str, element: Element) -> bool:
    """Whether the values alone say all that ``element`` says: a list of texts, or one language."""
    form = xmp.FORMS.get(name, xmp.Form.TEXT)
    items = [item for holder in element for item in holder]
    if form is xmp.Form.ALT:
        return len(items) == 1 and not len(items[0])
    lists = (xmp.Form.BAG, xmp.Form.SEQ)
    return form in lists and not any(len(item) or item.attrib for item in items)


def _without_places(element: Element) -> None:
    for child in list(element):
        if isinstance(child.tag, str) and child.tag.startswith(_PLACE):
            element.remove(child)
        else:
            _without_places(child)
    for attribute in [name for name in element.attrib if name.startswith(_PLACE)]:
        del element.attrib[attribute]


def normal_source(value: str) -> str:
    """A digital source type as the vocabulary spells it, whoever wrote it with https or as a bare name."""
    match = _SPELLED.fullmatch(value.strip())
    return DIGITAL_SOURCE_TYPE_PREFIX + match.group(1) if match else value


def marks_in(data: bytes) -> str:
    """The AI mark that stands somewhere in bytes that no parser understands; "" when there is none."""
    for match in _MARK.finditer(data):
        value = DIGITAL_SOURCE_TYPE_PREFIX + match.group(1).decode()
        if value in AI_MARKS:
            return value
    return ""


@dataclass(frozen=True, slots=True)
class Said:
    """What a file says of itself, as far as merging needs it."""

    properties: Mapping[str, tuple[str, ...]]
    elements: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[tuple[int, str], ...] = ()
    generator: Generator | None = None
    secrets: Secrets = field(default_factory=Secrets)
    """Texts that are or may be prompts; nothing that repeats one goes along."""
    unasked: frozenset[str] = frozenset()
    """Names of properties that stand only where a generator writes what it likes."""
    camera: tuple[str, str] = ("", "")
    """Make and model of the camera; they go along only where the listing asks for them."""


NOTHING = Said({})


def statement(metadata: Metadata, master: Said = NOTHING) -> Statement:
    """``metadata``, and what ``master`` says where it is silent. A property is taken over whole or not at all.

    Raises ``Rejected`` for a property in an unknown namespace.
    """
    own = xmp.properties(metadata)
    spoken = {name.partition("/")[0] for name in own}
    cleared = {xmp.FIELDS[field].partition("/")[0] for field in metadata.cleared} - spoken
    properties = dict(own)
    elements: dict[str, str] = {}
    refused = spoken | cleared | unfit(master) | master.unasked
    for name, values in master.properties.items():
        owner = name.partition("/")[0]
        if owner in master.elements and (owner not in refused or _same(own, master, owner)):
            elements[owner] = master.elements[owner]
        if len(values) > xmp.KEYWORDS_MAX:
            continue
        if owner == name and name not in refused and publishable(name, values):
            single = xmp.FORMS.get(name, xmp.Form.TEXT) in (xmp.Form.ALT, xmp.Form.TEXT)
            properties[name] = values[:1] if single else values
    _keep_mark(properties, elements, metadata, master)
    return Statement(properties, elements, master.datasets)


def _same(own: Mapping[str, tuple[str, ...]], master: Said, name: str) -> bool:
    """Whether the master says the same in its first language; then its other languages stay true."""
    if xmp.FORMS.get(name) is not xmp.Form.ALT or name not in own:
        return False
    theirs = master.properties.get(name, ())
    return len(theirs) > 1 and own[name][-1:] == theirs[:1]


def unfit(master: Said) -> set[str]:
    """Names of properties with a prompt in them, and of captions that a camera writes under every picture.

    Where a file says more than any other file could hold, all of them are unfit.
    """
    asked = {n: v for n, v in master.properties.items() if n not in _PRIVATE and _open(n, v)}
    every = [value for values in asked.values() for value in values]
    if len(every) > _VALUES_MAX or sum(map(len, every)) > xmp.PACKET_MAX:
        return {name.partition("/")[0] for name in asked}
    return {
        name.partition("/")[0]
        for name, values in asked.items()
        if any(is_private(v, master.secrets, caption=name in _CAPTIONS) for v in values)
        or (name in _CAPTIONS and all(says_nothing(v) for v in values))
    }


def _open(name: str, values: Iterable[str]) -> bool:
    """Whether a property, or the structure that it is a part of, may go along."""
    return publishable(name.partition("/")[0], values)


def _keep_mark(
    properties: dict[str, tuple[str, ...]],
    elements: dict[str, str],
    metadata: Metadata,
    master: Said,
) -> None:
    """The AI mark of the master stays; traces of a generator become one, unless the seller says otherwise."""
    name = xmp.DIGITAL_SOURCE_TYPE_PROPERTY
    marked = next((v for v in master.properties.get(name, ()) if v in AI_MARKS), "")
    if marked and properties.get(name, ("",))[-1] not in AI_MARKS:
        properties[name] = (marked,)
        elements.pop(name, None)
    if AIGC_PROPERTY in master.properties and AIGC_PROPERTY not in properties:
        properties[AIGC_PROPERTY] = master.properties[AIGC_PROPERTY]
    if master.generator is None or metadata.provenance is ProvenanceClass.HUMAN:
        return
    if name not in properties:
        properties[name] = (DIGITAL_SOURCE_TYPE[ProvenanceClass.AI_GENERATED],)
    system = master.generator.system
    if system and not metadata.ai_system and "ai_system" not in metadata.cleared:
        properties.setdefault("Iptc4xmpExt:AISystemUsed", (system,))


def marks_of_all(every: Sequence[Said]) -> Said:
    """What is to be said of one picture that shows several works: that a machine made them, or a part of them."""
    name = xmp.DIGITAL_SOURCE_TYPE_PROPERTY
    each = [next((v for v in s.properties.get(name, ()) if v in AI_MARKS), "") for s in every]
    marks = {mark for mark in each if mark}
    if len(marks) > 1 or (marks and not all(each)):
        marks = {DIGITAL_SOURCE_TYPE[ProvenanceClass.AI_EDITED]}
    generator = next((s.generator for s in every if s.generator is not None), None)
    # Which one made which of the works cannot be said of all of them.
    return Said({name: tuple(marks)} if marks else {}, generator=generator and Generator())


def without_texts(master: Said) -> Said:
    """``master`` with nothing but what says that a machine made the picture."""
    names = (xmp.DIGITAL_SOURCE_TYPE_PROPERTY, AIGC_PROPERTY)
    marks = {n: v for n, v in master.properties.items() if n in names}
    return Said(marks, generator=master.generator, camera=master.camera)
