"""Reads an XMP packet, whoever wrote it: attribute form, element form, nested descriptions, structures.

It never expands entities and never fetches anything; a packet that it cannot read raises ``ValueError``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from xml.etree import ElementTree

from publisher.media.metadata.xmp import NAMESPACES, RDF, escape

PACKET_MAX = 16 * 1024 * 1024
"""Bytes of the largest packet that is read."""

_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}
_XML = "{http://www.w3.org/XML/1998/namespace}"
_XML_LANG = _XML + "lang"
_LANGUAGE = frozenset({_XML_LANG})
_LISTS = {f"{{{RDF}}}{kind}" for kind in ("Alt", "Bag", "Seq")}
_DESCRIPTION = f"{{{RDF}}}Description"
_RESOURCE = f"{{{RDF}}}resource"
_DOCUMENT_TYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_DEPTH_MAX = 8
_NESTING_MAX = 64
"""Elements inside each other; what describes a picture has about ten."""
_TAGS_MAX = 400_000
"""Tags in a packet. Programs are known to pile up a few ten thousand."""
_PROPERTIES_MAX, _VALUES_MAX = 2_000, 1_000
"""Properties in a packet, and values of one of them that are read; more keywords than that nobody takes."""


def parse_packet(packet: bytes) -> dict[str, tuple[str, ...]]:
    """The properties of ``packet`` by name. The default language of an Alt comes first; members of structures
    are named ``owner/member``. Names of other namespaces keep their URI in braces.

    Raises ``ValueError`` when the packet is no XML, over 16 MiB, has a document type, is nested absurdly
    deeply, or has thousands of properties.
    """
    return properties_in(open_packet(packet))


def open_packet(packet: bytes) -> ElementTree.Element:
    """The root of ``packet``. Raises like ``parse_packet``."""
    start, end = packet.find(b"<"), packet.rfind(b">")
    body = packet[start : end + 1] if 0 <= start < end else b""
    if not body or len(body) > PACKET_MAX:
        raise ValueError("no XMP packet of a readable size")
    if _DOCUMENT_TYPE.search(body.replace(b"\0", b"")):
        raise ValueError("the XMP packet has a document type")
    if body.count(b"<") > _TAGS_MAX:
        raise ValueError("the XMP packet has too many tags")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise ValueError(f"the XMP packet is not XML: {error}") from error
    _check_nesting(root)
    return root


def _check_nesting(root: ElementTree.Element) -> None:
    """Level by level: a walk that calls itself would end with the stack."""
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > _NESTING_MAX:
            raise ValueError("the XMP packet is nested too deeply")
        level = [child for element in level for child in element]


def properties_in(root: ElementTree.Element) -> dict[str, tuple[str, ...]]:
    """The properties under ``root`` by name, as ``parse_packet`` tells them. Raises like it."""
    found: dict[str, list[str]] = {}
    for description in _descriptions(root):
        _collect(description, "", found, 0)
    return {name: tuple(values) for name, values in found.items()}


def elements_in(root: ElementTree.Element) -> Iterator[tuple[str, ElementTree.Element]]:
    """The properties under ``root`` that are elements, with their names."""
    for description in _descriptions(root):
        for child in description:
            if isinstance(child.tag, str):
                yield _name(child.tag), child


def _descriptions(root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    for rdf in root.iter(f"{{{RDF}}}RDF"):
        yield from rdf.findall(_DESCRIPTION)


def as_text(element: ElementTree.Element, depth: int = 0) -> str:
    """``element`` as XML that declares each namespace where it is used; whitespace between tags is left out.

    Raises ``ValueError`` when it is nested too deeply to be a property.
    """
    if depth > 2 * _DEPTH_MAX:
        raise ValueError("an XMP property is nested too deeply")
    spaces: dict[str, str] = {}
    name = _qualified(element.tag, spaces)
    attributes = {_qualified(a, spaces): value for a, value in element.attrib.items()}
    attributes |= {f"xmlns:{prefix}": uri for uri, prefix in spaces.items()}
    start = "".join(f' {a}="{_quoted(value)}"' for a, value in attributes.items())
    inner = "".join(as_text(c, depth + 1) for c in element if isinstance(c.tag, str))
    return f"<{name}{start}>{inner or escape(element.text or '')}</{name}>"


def _qualified(tag: str, spaces: dict[str, str]) -> str:
    """A name with a prefix; ``spaces`` notes the prefix by its namespace."""
    if not tag.startswith("{"):
        return tag
    uri, _, local = tag[1:].rpartition("}")
    if uri == _XML[1:-1]:
        return f"xml:{local}"
    known = "rdf" if uri == RDF else _PREFIXES.get(uri, f"n{len(spaces)}")
    return f"{spaces.setdefault(uri, known)}:{local}"


def _quoted(text: str) -> str:
    whole = escape(text).replace('"', "&quot;")
    return whole.replace("\n", "&#xA;").replace("\t", "&#x9;")


def _collect(
    holder: ElementTree.Element, owner: str, found: dict[str, list[str]], depth: int
) -> None:
    if depth > _DEPTH_MAX:
        return
    for attribute, value in holder.attrib.items():
        if not attribute.startswith((f"{{{RDF}}}", _XML)):
            _add(found, owner + _name(attribute), value)
    for child in holder:
        if isinstance(child.tag, str):
            _value(child, owner + _name(child.tag), found, depth)


def _value(
    element: ElementTree.Element, name: str, found: dict[str, list[str]], depth: int
) -> None:
    children = [child for child in element if isinstance(child.tag, str)]
    if len(children) == 1 and children[0].tag in _LISTS:
        items = [item for item in children[0] if isinstance(item.tag, str)]
        if children[0].tag.endswith("Alt"):
            items.sort(key=lambda item: item.get(_XML_LANG) != "x-default")
        for item in items:
            # Nearly all values are such items: a text and at most its language.
            if not len(item) and (not item.attrib or item.attrib.keys() <= _LANGUAGE):
                if item.text:
                    _add(found, name, item.text)
            else:
                _value(item, name, found, depth + 1)
    elif len(children) == 1 and children[0].tag == _DESCRIPTION:
        _collect(children[0], name + "/", found, depth + 1)
    elif children or any(not _is_plain(attribute) for attribute in element.attrib):
        _collect(element, name + "/", found, depth + 1)
    else:
        text = element.get(_RESOURCE) or element.text or ""
        if text:
            _add(found, name, text)


def _add(found: dict[str, list[str]], name: str, value: str) -> None:
    values = found.get(name)
    if values is None:
        values = found[name] = []
        if len(found) > _PROPERTIES_MAX:
            raise ValueError("the XMP packet has too many properties")
    if len(values) < _VALUES_MAX:
        values.append(value)


def _is_plain(attribute: str) -> bool:
    return attribute.startswith((f"{{{RDF}}}", _XML))


@lru_cache(maxsize=1024)
def _name(tag: str) -> str:
    uri, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    prefix = _PREFIXES.get(uri)
    return f"{prefix}:{local}" if prefix else tag
