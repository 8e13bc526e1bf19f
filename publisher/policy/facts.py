"""What the manifest states about one member of an item, flattened once, and three-valued predicates on it.

A fact that the manifest does not state is unknown, never a no. A condition is false as soon as one predicate
is false, whatever is unknown beside it. Pure: no clock, no I/O, and it never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from publisher.manifest.item import Item, ItemKind
from publisher.manifest.model import Asset, Depicted, Edit, Product, ProvenanceClass, Style
from publisher.policy.terms import Hit, TermBook, fold, shipped_book
from publisher.rules import TermClass, When


class Truth(str, Enum):
    """Whether a condition holds, does not hold, or cannot be told."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Held:
    """The value of a condition.

    ``missing`` names the manifest fields that keep it unknown; ``used`` the facts that it looked at, as
    ``name=value``.
    """

    truth: Truth
    missing: tuple[str, ...] = ()
    used: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """One member of an item as it is offered to one account."""

    item: Item
    account: str
    member: Asset


class Facts(NamedTuple):
    """All facts that a rule may ask for, as hashable values; None is unknown.

    ``hits`` are the listed terms that the texts hold, licensed ones left out. ``aspect`` (width divided by
    height), ``alpha``, ``exif`` and ``extension`` (whether the name tells the format) come from the master.
    """

    kind: ItemKind
    provenance: ProvenanceClass | None
    edit_share: float | None
    edits: tuple[Edit, ...] | None
    people: Depicted | None
    property: Depicted | None
    places: Depicted | None
    brands: bool | None
    text: bool | None
    news_event: bool | None
    style: Style | None
    editorial: bool
    mature: bool | None
    rights: str | None
    system: str | None
    plan: str | None
    product: Product | None
    releases: tuple[tuple[str, str, str], ...]
    hits: tuple[Hit, ...]
    approved: tuple[str, ...]
    aspect: float | None
    alpha: bool | None
    exif: tuple[str, ...] | None
    extension: bool | None


_GENERATIVE = (Edit.BACKGROUND, Edit.ELEMENTS, Edit.SUBJECT)
_SUFFIXES = {
    "jpeg": ("jpg", "jpeg", "jpe"),
    "png": ("png",),
    "tiff": ("tif", "tiff"),
    "webp": ("webp",),
}


def facts_of(subject: Subject, hits: tuple[Hit, ...] = ()) -> Facts:
    """The facts of one member. ``hits`` are those of its texts; see ``texts_of`` and ``TermBook.scan``."""
    item, member = subject.item, subject.member
    made, shown = member.provenance, member.depicts
    master = None
    if item.masters:
        at = next((n for n, m in enumerate(item.members) if m is member), 0)
        master = item.masters[at] if at < len(item.masters) else None
    if master is not None and (master.problem or not master.height):
        master = None  # a broken master is told by the inspection of files
    offer = item.override(subject.account).offer or item.offer
    source = item.asset if item.asset is not None else item.bundle
    return Facts(
        kind=item.kind,
        provenance=made.class_ if made else None,
        edit_share=_share(member),
        edits=_edits(member),
        people=shown.people,
        property=shown.property,
        places=shown.places,
        brands=None if shown.brands is None else shown.brands != "none" and len(shown.brands) > 0,
        text=shown.text,
        news_event=shown.news_event,
        style=member.style,
        editorial=member.editorial is not False,
        mature=member.mature,
        rights=made.rights if made else None,
        system=made.system.casefold() if made and made.system else None,
        plan=made.plan.casefold() if made and made.plan else None,
        product=offer.product if offer is not None else None,
        releases=tuple((r.kind, r.name, r.file or "") for r in member.releases),
        hits=hits,
        approved=tuple(sorted({*member.approve, *(source.approve if source else ())})),
        aspect=round(master.width / master.height, 3) if master else None,
        alpha=master.alpha if master else None,
        exif=master.exif if master else None,
        extension=_extension(master.relative, master.format) if master else None,
    )


def _share(member: Asset) -> float | None:
    made = member.provenance
    if made is None:
        return None
    if made.edit_share is None and made.class_ is not ProvenanceClass.AI_EDITED:
        # Nothing of a human image and all of a generated one came from a generator.
        return 0.0 if made.class_ is ProvenanceClass.HUMAN else 1.0
    return made.edit_share


def _edits(member: Asset) -> tuple[Edit, ...] | None:
    made = member.provenance
    if made is None:
        return None
    if made.edits is None and made.class_ is not ProvenanceClass.AI_EDITED:
        return () if made.class_ is ProvenanceClass.HUMAN else _GENERATIVE
    return made.edits


def _extension(name: str, format_: str) -> bool:
    return name.rpartition(".")[2].casefold() in _SUFFIXES.get(format_, (format_,))


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


FIELDS = ("title", "description", "keywords", "prompt")


def texts_of(subject: Subject) -> tuple[tuple[str, str], ...]:
    """(field, text) of everything that terms are looked for in."""
    return tuple((field, text_of(subject, field)) for field in FIELDS)


def terms_in(when: When, subject: Subject) -> tuple[str, ...]:
    """The terms of ``when`` that occur in the fields that it names, as whole words."""
    book = shipped_book().with_words(when.terms or ())
    return found_terms(when, facts_of(subject, book.scan(texts_of(subject))))


def found_terms(when: When, facts: Facts) -> tuple[str, ...]:
    """The hits that a condition is about, in the order of the texts, each term once."""
    words = {fold(term) for term in when.terms or ()}
    classes = {c.value for c in when.term_classes or ()}
    return tuple(
        dict.fromkeys(
            hit.term
            for hit in facts.hits
            if hit.field in when.fields
            and (hit.listed in classes or (not hit.listed and fold(hit.term) in words))
        )
    )


_Test = Callable[[Any, Facts], bool | None]
"""What a predicate wants and the facts, giving true, false, or None for unknown."""


def _member_of(name: str) -> _Test:
    def test(wanted: Any, facts: Facts) -> bool | None:
        value = getattr(facts, name)
        return None if value is None else value in wanted

    return test


def _equals(name: str) -> _Test:
    def test(wanted: Any, facts: Facts) -> bool | None:
        value = getattr(facts, name)
        return None if value is None else value is wanted

    return test


def _any_case(name: str) -> _Test:
    def test(wanted: Any, facts: Facts) -> bool | None:
        value = getattr(facts, name)
        return None if value is None else value in {w.casefold() for w in wanted}

    return test


def _over(wanted: Any, facts: Facts) -> bool | None:
    return None if facts.edit_share is None else facts.edit_share > wanted


def _edited(wanted: Any, facts: Facts) -> bool | None:
    return None if facts.edits is None else any(e in wanted for e in facts.edits)


def _unreleased(wanted: Any, facts: Facts) -> bool | None:
    return all(kind != wanted for kind, _, _ in facts.releases)


_TESTS: dict[str, tuple[_Test, str, str]] = {
    # predicate: (test, the manifest field that states the fact, the fact's name in Facts)
    "kind": (_equals("kind"), "kind", "kind"),
    "provenance": (_member_of("provenance"), "provenance.class", "provenance"),
    "edit_share_over": (_over, "provenance.edit_share", "edit_share"),
    "edits": (_edited, "provenance.edits", "edits"),
    "people": (_member_of("people"), "depicts.people", "people"),
    "property": (_member_of("property"), "depicts.property", "property"),
    "places": (_member_of("places"), "depicts.places", "places"),
    "brands": (_equals("brands"), "depicts.brands", "brands"),
    "text": (_equals("text"), "depicts.text", "text"),
    "news_event": (_equals("news_event"), "depicts.news_event", "news_event"),
    "style": (_member_of("style"), "style", "style"),
    "editorial": (_equals("editorial"), "editorial", "editorial"),
    "mature": (_equals("mature"), "mature", "mature"),
    "rights": (_member_of("rights"), "provenance.rights", "rights"),
    "system": (_any_case("system"), "provenance.system", "system"),
    "plan": (_any_case("plan"), "provenance.plan", "plan"),
    "product": (_member_of("product"), "offer.product", "product"),
    "release": (_unreleased, "releases", "releases"),
}
_NEED_PROVENANCE = frozenset({"edit_share_over", "edits", "rights", "system", "plan"})
"""Facts of the provenance: without any provenance its class is what is missing."""


def needs(when: When) -> tuple[str, ...]:
    """The names in ``Facts`` that a condition looks at."""
    names = [_TESTS[name][2] for name in _TESTS if getattr(when, name) is not None]
    if when.terms is not None or when.term_classes is not None:
        names.append("hits")
    if _NEED_PROVENANCE & {name for name in _TESTS if getattr(when, name) is not None}:
        names.append("provenance")
    return tuple(names)


def check(when: When, facts: Facts) -> Held:
    """The value of a condition: false beats unknown, unknown beats true. No predicate at all is true."""
    missing: list[str] = []
    used: list[str] = []
    for name, (test, home, fact) in _TESTS.items():
        wanted = getattr(when, name)
        if wanted is None:
            continue
        truth = test(wanted, facts)
        if truth is False:
            return Held(Truth.FALSE, used=(f"{home}={plain(getattr(facts, fact))}",))
        if truth is None:
            lost = facts.provenance is None and name in _NEED_PROVENANCE
            missing.append("provenance.class" if lost else home)
        else:
            used.append(f"{home}={plain(getattr(facts, fact))}")
    # A text that is not stated is not published either: terms are found or not, and never unknown.
    if when.terms is not None or when.term_classes is not None:
        found = found_terms(when, facts)
        if not found:
            return Held(Truth.FALSE)
        used += [_told(hit) for hit in facts.hits if hit.term in found and hit.field in when.fields]
    if missing:
        return Held(Truth.UNKNOWN, tuple(dict.fromkeys(missing)), tuple(used))
    return Held(Truth.TRUE, used=tuple(dict.fromkeys(used)))


def _told(hit: Hit) -> str:
    listed = f" ({hit.listed})" if hit.listed else ""
    return f"{hit.field}={hit.term}{listed}"


def plain(value: Any) -> str:
    """A fact's value as it stands in a chain."""
    if value is None:
        return "not stated"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        parts = (v[0] if isinstance(v, tuple) else plain(v) for v in value)
        return ", ".join(str(p) for p in parts) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def evaluate(when: When, subject: Subject, terms: TermBook | None = None) -> Held:
    """The value of a condition for one member. ``terms`` are the lists of terms; the shipped ones if absent."""
    if when.terms is None and when.term_classes is None:
        return check(when, facts_of(subject))
    book = (terms or shipped_book()).with_words(when.terms or ())
    return check(when, facts_of(subject, book.scan(texts_of(subject))))


__all__ = [
    "Facts",
    "Held",
    "Subject",
    "TermClass",
    "Truth",
    "check",
    "evaluate",
    "facts_of",
    "found_terms",
    "needs",
    "terms_in",
    "text_of",
    "texts_of",
]
