"""The XMP packet: built from ``Metadata`` as text, read back with the XML parser of the standard library.

Source: Adobe XMP Specification part 1 (ISO 16684-1), IPTC Photo Metadata Standard 2025.1, PLUS LDF. The
writer adds no time stamp and no padding, so equal metadata gives equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import lru_cache
from types import MappingProxyType

from publisher.errors import Rejected
from publisher.listing import Metadata
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE

NAMESPACES: Mapping[str, str] = MappingProxyType(
    {
        "dc": "http://purl.org/dc/elements/1.1/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
        "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
        "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
        "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
        "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
        "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
    }
)
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PLUS_VOCABULARY = "http://ns.useplus.org/ldf/vocab/"

DIGITAL_SOURCE_TYPE_PROPERTY = "Iptc4xmpExt:DigitalSourceType"
PACKET_MAX = 1024 * 1024
"""Bytes of the largest packet that is written, in any format."""
KEYWORDS_MAX = 500
"""Keywords that one file can carry, in any format: ten times what the largest agency takes."""
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "title": "dc:title",
        "description": "dc:description",
        "keywords": "dc:subject",
        "creator": "dc:creator",
        "copyright": "dc:rights",
        "credit": "photoshop:Credit",
        "date_created": "photoshop:DateCreated",
        "country": "photoshop:Country",
        "state": "photoshop:State",
        "city": "photoshop:City",
        "sublocation": "Iptc4xmpCore:Location",
        "rights_url": "xmpRights:WebStatement",
        "usage_terms": "xmpRights:UsageTerms",
        "digital_source_type": DIGITAL_SOURCE_TYPE_PROPERTY,
        "ai_system": "Iptc4xmpExt:AISystemUsed",
        "ai_system_version": "Iptc4xmpExt:AISystemVersionUsed",
        "ai_prompt": "Iptc4xmpExt:AIPromptInformation",
        "ai_prompt_writer": "Iptc4xmpExt:AIPromptWriterName",
        "model_release": "plus:ModelReleaseStatus",
        "property_release": "plus:PropertyReleaseStatus",
        "data_mining": "plus:DataMining",
        "licensor_name": "plus:Licensor/plus:LicensorName",
        "licensor_url": "plus:Licensor/plus:LicensorURL",
        "licensor_email": "plus:Licensor/plus:LicensorEmail",
    }
)
"""The XMP property of each field of ``Metadata``."""


class Form(Enum):
    """How a property's values are written."""

    TEXT = ""
    ALT = "Alt"
    BAG = "Bag"
    SEQ = "Seq"


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "dc:title": Form.ALT,
        "dc:description": Form.ALT,
        "dc:rights": Form.ALT,
        "dc:subject": Form.BAG,
        "dc:creator": Form.SEQ,
        "xmpRights:UsageTerms": Form.ALT,
        "xmpRights:Owner": Form.BAG,
        "Iptc4xmpCore:AltTextAccessibility": Form.ALT,
        "Iptc4xmpCore:ExtDescrAccessibility": Form.ALT,
        "Iptc4xmpCore:SubjectCode": Form.BAG,
        "Iptc4xmpCore:Scene": Form.BAG,
        "Iptc4xmpExt:PersonInImage": Form.BAG,
        "Iptc4xmpExt:Event": Form.ALT,
        "plus:ModelReleaseID": Form.BAG,
        "plus:PropertyReleaseID": Form.BAG,
        # Structures: the form of the list that holds them, TEXT when there is exactly one.
        "plus:Licensor": Form.SEQ,
        "plus:CopyrightOwner": Form.SEQ,
        "plus:ImageSupplier": Form.SEQ,
        "plus:ImageCreator": Form.SEQ,
        "Iptc4xmpCore:CreatorContactInfo": Form.TEXT,
    }
)
_PLUS_CODED = frozenset(
    {"plus:DataMining", "plus:ModelReleaseStatus", "plus:PropertyReleaseStatus"}
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
# XML 1.0 section 2.2: everything outside Char cannot be written, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPECIAL = re.compile("[&<>\r]")


def clean(text: str) -> str:
    """``text`` without the characters that XML 1.0 cannot hold (control characters, lone surrogates)."""
    # What can be printed is legal; to ask that is ten times faster than to search.
    return text if text.isprintable() else _ILLEGAL.sub("", text)


def digital_source_type(metadata: Metadata) -> str:
    """The digital source type to write: the stated one, else the one of the provenance class, else ""."""
    if metadata.digital_source_type:
        return metadata.digital_source_type
    return DIGITAL_SOURCE_TYPE.get(metadata.provenance, "") if metadata.provenance else ""


def properties(metadata: Metadata) -> dict[str, tuple[str, ...]]:
    """The XMP properties of ``metadata`` by name (``dc:title``; ``plus:Licensor/plus:LicensorURL``).

    ``extra_xmp`` wins over a field of the same name; its repeated names make lists where the property is one.
    Raises ``Rejected`` for a property in an unknown namespace.
    """
    return dict(_properties(metadata))


# They are asked for twice when a file is written: to write them, and to see that they are there.
@lru_cache(maxsize=4)
def _properties(metadata: Metadata) -> Mapping[str, tuple[str, ...]]:
    given: dict[str, Iterable[str]] = {}
    for field, name in FIELDS.items():
        value = getattr(metadata, field)
        given[name] = (value,) if isinstance(value, str) else value
        if field == "copyright":
            given["xmpRights:Marked"] = ("True",) if value else ()
        elif field == "country":
            coded = re.fullmatch(r"[A-Z]{2,3}", value)
            given["Iptc4xmpCore:CountryCode"] = (value,) if coded else ()
    given[DIGITAL_SOURCE_TYPE_PROPERTY] = (digital_source_type(metadata),)
    for name in _PLUS_CODED:
        given[name] = tuple(_coded(name, v) for v in given[name])
    found = {name: tuple(t for v in values if (t := clean(v))) for name, values in given.items()}
    found.update(_extra(metadata.extra_xmp))
    return {name: values for name, values in found.items() if values}


def _extra(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, raw in pairs:
        for part in name.split("/"):
            prefix, _, local = part.partition(":")
            if prefix not in NAMESPACES or not _NAME.match(local):
                raise Rejected(
                    f"The XMP property {name!r} cannot be written: its name must be one of "
                    f"{', '.join(NAMESPACES)}, a colon, and a letter-only name.",
                    remedy="Correct the property in the rule or in the manifest.",
                )
        value = _coded(name, clean(raw))
        known = found.get(name, ())
        # A text property holds one value: the last one said.
        found[name] = (*known, value) if FORMS.get(name, Form.TEXT) in _LISTS else (value,)
    return {name: tuple(v for v in values if v) for name, values in found.items()}


def _coded(name: str, value: str) -> str:
    """A code of the PLUS vocabulary with its full name; anything else as it is."""
    short = name in _PLUS_CODED and value and "://" not in value
    return PLUS_VOCABULARY + value if short else value


_LISTS = (Form.BAG, Form.SEQ)


def build_packet(
    found: Mapping[str, tuple[str, ...]], elements: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """The complete packet in UTF-8 for ``properties``; empty bytes when there is nothing to write.

    ``elements`` are whole properties as XML that declares its own namespaces, written behind the others.
    """
    if not found and not elements:
        return b""
    structures: dict[str, list[tuple[str, str]]] = {}
    body: list[str] = []
    for name, values in found.items():
        owner, _, child = name.partition("/")
        if child:
            structures.setdefault(owner, []).append((child, values[-1]))
        else:
            body.append(_element(name, values))
    body.extend(_structure(name, children) for name, children in structures.items())
    prefixes = sorted({part.partition(":")[0] for name in found for part in name.split("/")})
    spaces = "".join(f' xmlns:{p}="{NAMESPACES[p]}"' for p in prefixes)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        f'<rdf:RDF xmlns:rdf="{RDF}">\n<rdf:Description rdf:about=""{spaces}>\n'
        + "".join([*body, *elements.values()])
        + '</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
    ).encode()


def escape(text: str) -> str:
    """``text`` as it stands between two tags."""
    if not _SPECIAL.search(text):
        return text
    # A bare carriage return would come back as a line feed (XML 1.0, 2.11).
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
    )


def _element(name: str, values: tuple[str, ...]) -> str:
    form = FORMS.get(name, Form.TEXT)
    if form is Form.TEXT:
        return f"<{name}>{escape(values[-1])}</{name}>\n"
    language = ' xml:lang="x-default"' if form is Form.ALT else ""
    shown = values[-1:] if form is Form.ALT else values
    items = "".join(f"<rdf:li{language}>{escape(v)}</rdf:li>" for v in shown)
    return f"<{name}><rdf:{form.value}>{items}</rdf:{form.value}></{name}>\n"


def _structure(name: str, children: list[tuple[str, str]]) -> str:
    inner = "".join(f"<{child}>{escape(value)}</{child}>" for child, value in children)
    form = FORMS.get(name, Form.TEXT)
    if form is Form.TEXT:
        return f'<{name} rdf:parseType="Resource">{inner}</{name}>\n'
    return (
        f'<{name}><rdf:{form.value}><rdf:li rdf:parseType="Resource">{inner}</rdf:li>'
        f"</rdf:{form.value}></{name}>\n"
    )


__all__ = [
    "DIGITAL_SOURCE_TYPE_PROPERTY",
    "FIELDS",
    "FORMS",
    "Form",
    "KEYWORDS_MAX",
    "NAMESPACES",
    "PACKET_MAX",
    "RDF",
    "build_packet",
    "clean",
    "digital_source_type",
    "escape",
    "properties",
]
