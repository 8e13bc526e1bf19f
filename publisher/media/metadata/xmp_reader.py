"""Reads an XMP packet, whoever wrote it: attribute form, element form, nested descriptions, structures.

It never expands entities and never fetches anything; a packet that it cannot read raises ``ValueError``.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from publisher.media.metadata.xmp import NAMESPACES, RDF

PACKET_MAX = 16 * 1024 * 1024
"""Bytes of the largest packet that is read."""

_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_LISTS = {f"{{{RDF}}}{kind}" for kind in ("Alt", "Bag", "Seq")}
_DESCRIPTION = f"{{{RDF}}}Description"
_RESOURCE = f"{{{RDF}}}resource"
_DOCUMENT_TYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_DEPTH_MAX = 8


def parse_packet(packet: bytes) -> dict[str, tuple[str, ...]]:
    """The properties of ``packet`` by name. The default language of an Alt comes first; members of structures
    are named ``owner/member``. Names of other namespaces keep their URI in braces.

    Raises ``ValueError`` when the packet is no XML, over 16 MiB, or has a document type.
    """
    start, end = packet.find(b"<"), packet.rfind(b">")
    body = packet[start : end + 1] if 0 <= start < end else b""
    if not body or len(body) > PACKET_MAX:
        raise ValueError("no XMP packet of a readable size")
    if _DOCUMENT_TYPE.search(body.replace(b"\0", b"")):
        raise ValueError("the XMP packet has a document type")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise ValueError(f"the XMP packet is not XML: {error}") from error
    found: dict[str, list[str]] = {}
    for rdf in root.iter(f"{{{RDF}}}RDF"):
        for description in rdf.findall(_DESCRIPTION):
            _collect(description, "", found, 0)
    return {name: tuple(values) for name, values in found.items()}


def _collect(
    holder: ElementTree.Element, owner: str, found: dict[str, list[str]], depth: int
) -> None:
    if depth > _DEPTH_MAX:
        return
    for attribute, value in holder.attrib.items():
        if not attribute.startswith((f"{{{RDF}}}", "{http://www.w3.org/XML/1998/namespace}")):
            found.setdefault(owner + _name(attribute), []).append(value)
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
            _value(item, name, found, depth + 1)
    elif len(children) == 1 and children[0].tag == _DESCRIPTION:
        _collect(children[0], name + "/", found, depth + 1)
    elif children or any(not _is_plain(attribute) for attribute in element.attrib):
        _collect(element, name + "/", found, depth + 1)
    else:
        text = element.get(_RESOURCE) or element.text or ""
        if text:
            found.setdefault(name, []).append(text)


def _is_plain(attribute: str) -> bool:
    return attribute.startswith((f"{{{RDF}}}", "{http://www.w3.org/XML/1998/namespace}"))


def _name(tag: str) -> str:
    uri, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    prefix = _PREFIXES.get(uri)
    return f"{prefix}:{local}" if prefix else tag
