"""Facts of an item as text: for the braces in a rule's value, for the columns of a CSV, and for embedding.

A bundle speaks for its members: a fact that they share, or all of theirs in order. Pure, and it invents
nothing: a fact that the manifest does not state is an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from publisher.listing import Metadata
from publisher.manifest.item import Item
from publisher.manifest.model import Asset, Editorial, Provenance, ProvenanceClass, Style
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.rights import cleared_by, rights_of
from publisher.row import Column, Dialect
from publisher.textfit import clean

_BRACES = re.compile(r"\{([a-z_]+)\}")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

_GENERATED = (ProvenanceClass.AI_EDITED, ProvenanceClass.AI_GENERATED)


def fill(template: str, facts: Mapping[str, str], *, keep: bool = False) -> tuple[str, list[str]]:
    """``template`` with facts in its braces, and the names of those that are empty.

    A name that is no fact at all stays as it is. With ``keep`` nothing is reported and only the names in
    ``facts`` are looked at, which is how title and description are put in last.
    """
    missing: list[str] = []

    def put(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in facts:
            return match.group(0)
        if not facts[name] and not keep:
            missing.append(name)
        return facts[name]

    return _BRACES.sub(put, template), list(dict.fromkeys(missing))


def facts_of(item: Item) -> dict[str, str]:
    """What braces may name, except {title} and {description}, which stand for the text being written."""
    made = [
        m.provenance for m in item.members if m.provenance and m.provenance.class_ in _GENERATED
    ]
    event = next((m.editorial for m in item.members if isinstance(m.editorial, Editorial)), None)
    when = event.date if event else None
    return {
        "item": item.id,
        "system": _joined(made, lambda p: p.system),
        "version": _joined(made, lambda p: p.version),
        "model": _joined(made, lambda p: " ".join(x for x in (p.system, p.version) if x)),
        "prompt": _joined(made, lambda p: p.prompt),
        "prompt_writer": _joined(made, lambda p: p.prompt_writer),
        "releases": ", ".join(
            dict.fromkeys(clean(r.name) for m in item.members for r in m.releases)
        ),
        "city": (event.city or "") if event else "",
        "city_capitals": (event.city or "").upper() if event else "",
        "country": (event.country or "") if event else "",
        "country_capitals": (event.country or "").upper() if event else "",
        "date": when.isoformat() if when else "",
        "long_date": long_date(when) if when else "",
        "slash_date": f"{when.month:02}/{when.day:02}/{when.year}" if when else "",
    }


def long_date(day: date) -> str:
    """A date in the words of an English caption, as in "May 16, 2023"; the locale plays no part."""
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def _joined(made: list[Provenance], read: Callable[[Provenance], str | None]) -> str:
    if not made:
        return ""
    return "; ".join(dict.fromkeys(clean(value) for p in made if (value := read(p))))


def _shared(item: Item, read: Callable[[Asset], str | None]) -> str:
    """The value that all members share, else nothing."""
    if len(item.members) == 1:
        return read(item.members[0]) or ""
    values = {read(m) or "" for m in item.members}
    return values.pop() if len(values) == 1 else ""


def column_values(item: Item, dialect: Dialect | None, facts: Mapping[str, str]) -> dict[str, str]:
    """Header → value for those columns of ``dialect`` that neither the copy nor the listing has anyway.

    That is ``illustration``, ``country``, ``copyright`` and ``releases``; a column whose fact is not stated
    is left to its constant.
    """
    values = (
        {c.header: _column(c, item, facts) for c in dialect.columns} if dialect is not None else {}
    )
    return {header: value for header, value in values.items() if value}


def _column(column: Column, item: Item, facts: Mapping[str, str]) -> str:
    match column.field:
        case "illustration":
            drawn = {None if m.style is None else m.style is not Style.PHOTO for m in item.members}
            if True in drawn:
                return column.true
            return column.false if drawn == {False} else ""
        case "country":
            return _shared(item, lambda m: m.country)
        case "copyright":
            return clean(_shared(item, lambda m: m.copyright))
        case "releases":
            return facts["releases"]
        case _:
            return ""


def metadata_of(
    item: Item,
    facts: Mapping[str, str],
    *,
    title: str,
    description: str,
    keywords: tuple[str, ...],
    embed_prompt: bool,
    camera: bool = False,
    extra_xmp: tuple[tuple[str, str], ...] = (),
) -> Metadata:
    """What is embedded. The AI facts are there when a generator took part; the prompt only when asked for."""
    classes = item.provenance_classes
    kind = max(classes, key=lambda c: list(ProvenanceClass).index(c)) if classes else None
    generated = kind in _GENERATED
    # What was there and was taken out for this account must not come back from the master's own words.
    emptied = (("title", title, item.title), ("description", description, item.description))
    cleared = {name for name, text, was in emptied if was and not text}
    cleared |= {"keywords"} if item.keywords and not keywords else set()
    return Metadata(
        title=title,
        description=description,
        keywords=keywords,
        creator=_shared(item, lambda m: m.creator),
        copyright=_shared(item, lambda m: m.copyright),
        credit=_shared(item, lambda m: m.credit),
        date_created=_shared(item, lambda m: m.created.isoformat() if m.created else None),
        country=_shared(item, lambda m: m.country),
        provenance=kind,
        digital_source_type=DIGITAL_SOURCE_TYPE.get(kind, "") if kind else "",
        ai_system=facts["system"] if generated else "",
        ai_system_version=facts["version"] if generated else "",
        ai_prompt=facts["prompt"] if generated and embed_prompt else "",
        ai_prompt_writer=facts["prompt_writer"] if generated and embed_prompt else "",
        extra_xmp=extra_xmp,
        camera=camera,
        cleared=tuple(sorted({*cleared, *cleared_by(item.members)})),
        **rights_of(item.members),
    )
