"""Three-valued evaluation of a rule's ``when`` against what the manifest states.

A fact that the manifest does not state is unknown, never a no. A condition is false as soon as one predicate
is false, whatever is unknown beside it. Pure: no clock, no I/O, and it never raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from publisher.manifest.item import Item
from publisher.manifest.model import Asset, Depicted, ProvenanceClass
from publisher.rules import When


class Truth(str, Enum):
    """Whether a condition holds, does not hold, or cannot be told."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Held:
    """The value of a condition; ``missing`` names the manifest fields that keep it unknown."""

    truth: Truth
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """One member of an item as it is offered to one account."""

    item: Item
    account: str
    member: Asset


def _known(value: bool) -> Held:
    return Held(Truth.TRUE if value else Truth.FALSE)


def _unknown(field: str) -> Held:
    return Held(Truth.UNKNOWN, (field,))


def _one_of(value: object | None, wanted: tuple[object, ...], field: str) -> Held:
    return _unknown(field) if value is None else _known(value in wanted)


def _same(value: bool | None, wanted: bool, field: str) -> Held:
    return _unknown(field) if value is None else _known(value is wanted)


def _provenance(when: When, subject: Subject) -> Held:
    stated = subject.member.provenance
    return _one_of(stated.class_ if stated else None, when.provenance or (), "provenance.class")


def _edit_share(when: When, subject: Subject) -> Held:
    stated = subject.member.provenance
    if stated is None:
        return _unknown("provenance.class")
    share = stated.edit_share
    if share is None and stated.class_ is not ProvenanceClass.AI_EDITED:
        # Nothing of a human image and all of a generated one came from a generator.
        share = 0.0 if stated.class_ is ProvenanceClass.HUMAN else 1.0
    if share is None:
        return _unknown("provenance.edit_share")
    return _known(share > (when.edit_share_over or 0.0))


def _rights(when: When, subject: Subject) -> Held:
    stated = subject.member.provenance
    if stated is None:
        return _unknown("provenance.class")
    return _one_of(stated.rights, when.rights or (), "provenance.rights")


def _depicted(value: Depicted | None, wanted: tuple[Depicted, ...] | None, name: str) -> Held:
    return _one_of(value, wanted or (), f"depicts.{name}")


def _brands(when: When, subject: Subject) -> Held:
    stated = subject.member.depicts.brands
    shown = None if stated is None else stated != "none" and len(stated) > 0
    return _same(shown, bool(when.brands), "depicts.brands")


def _editorial(when: When, subject: Subject) -> Held:
    return _known((subject.member.editorial is not False) is when.editorial)


def _release(when: When, subject: Subject) -> Held:
    return _known(all(r.kind != when.release for r in subject.member.releases))


def text_of(subject: Subject, field: str) -> str:
    """The text that the account would get for ``field``; empty when there is none."""
    item, override = subject.item, subject.item.override(subject.account)
    if field == "prompt":
        stated = subject.member.provenance
        return (stated.prompt or "") if stated else ""
    if field == "keywords":
        words = override.keywords if "keywords" in override.model_fields_set else item.keywords
        return "\n".join(words or ())
    own = item.title if field == "title" else item.description
    other = override.title if field == "title" else override.description
    return (other if field in override.model_fields_set else own) or ""


def terms_in(when: When, subject: Subject) -> tuple[str, ...]:
    """The terms of ``when`` that occur, as whole words and in any case, in the fields that it names."""
    text = "\n".join(text_of(subject, field) for field in when.fields).casefold()
    return tuple(
        term
        for term in when.terms or ()
        if re.search(rf"(?<!\w){re.escape(term.casefold())}(?!\w)", text)
    )


_Predicate = Callable[[When, Subject], Held]

# A text that is not stated is not published either, so an absent text holds no term: terms are never unknown.
_PREDICATES: dict[str, _Predicate] = {
    "kind": lambda w, s: _known(s.item.kind is w.kind),
    "provenance": _provenance,
    "edit_share_over": _edit_share,
    "people": lambda w, s: _depicted(s.member.depicts.people, w.people, "people"),
    "property": lambda w, s: _depicted(s.member.depicts.property, w.property, "property"),
    "places": lambda w, s: _depicted(s.member.depicts.places, w.places, "places"),
    "brands": _brands,
    "text": lambda w, s: _same(s.member.depicts.text, bool(w.text), "depicts.text"),
    "news_event": lambda w, s: _same(
        s.member.depicts.news_event, bool(w.news_event), "depicts.news_event"
    ),
    "style": lambda w, s: _one_of(s.member.style, w.style or (), "style"),
    "editorial": _editorial,
    "mature": lambda w, s: _same(s.member.mature, bool(w.mature), "mature"),
    "rights": _rights,
    "release": _release,
    "terms": lambda w, s: _known(bool(terms_in(w, s))),
}


def evaluate(when: When, subject: Subject) -> Held:
    """The value of a condition: false beats unknown, unknown beats true. No predicate at all is true."""
    missing: list[str] = []
    given = when.model_fields_set
    for name, predicate in _PREDICATES.items():
        if name not in given or getattr(when, name) is None:
            continue
        held = predicate(when, subject)
        if held.truth is Truth.FALSE:
            return held
        missing.extend(held.missing)
    return Held(Truth.UNKNOWN, tuple(dict.fromkeys(missing))) if missing else Held(Truth.TRUE)
