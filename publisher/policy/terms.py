"""Listed terms in texts: whole words, any case, diacritics and possessives apart, with few false alarms.

A term of several words is found across blanks, hyphens and apostrophes, never across a line, a comma or the
end of a sentence; a part of it alone ("van") is nothing. A term with ``case = "exact"`` counts only where it
is capitalised in the middle of a text that is not all capitalised, or beside one of its ``near`` words. Pure.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from pydantic import Field

from publisher.listing import fingerprint
from publisher.rules import RowData, TermClass

_TOKEN = re.compile(
    r"(?<![\w-])--[a-z]\w*|f/\d+(?:\.\d+)?|\w+|(?<!\b\w)\.(?!\d)|[\n,;:!?()|/\[\]\"“”]",
    re.IGNORECASE,
)
"""Words, apertures, parameters of a prompt, and the signs that a name does not cross; the dot of an initial is
none of them."""
_PLAIN = re.compile(r"\w+")
_NEAR = 4
"""So many words on either side of a term are beside it."""
_CAPITALS = 0.6
"""From this share of capitalised words on, a text is in title case and a capital tells nothing."""


class Term(RowData):
    """One entry of a list. ``near`` and ``unless_near`` are words of one token each, in any case."""

    term: str
    case: Literal["any", "exact"] = "any"
    near: tuple[str, ...] = ()
    unless_near: tuple[str, ...] = ()


class TermList(RowData):
    """One file under ``publisher/policy/terms``: its class, plain terms, and those with conditions."""

    listed: TermClass = Field(alias="class")
    note: str = ""
    terms: tuple[str, ...] = ()
    term: tuple[Term, ...] = ()


class Licence(RowData):
    """A term that the seller may use, and why; ``until`` is the last day."""

    term: str
    reason: str
    until: dt.date | None = None


class Hit(NamedTuple):
    """A term that was found: as it is listed, the class of its list ("" for a row's own), and the field."""

    term: str
    listed: str
    field: str


class _Entry(NamedTuple):
    words: tuple[str, ...]
    term: str
    listed: str
    capital: bool
    near: frozenset[str]
    unless: frozenset[str]


def fold(text: str) -> str:
    """The text without case and diacritics, for comparison."""
    if not text.isascii():
        split = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in split if not unicodedata.combining(c))
    return text.casefold()


def _words(text: str) -> tuple[str, ...]:
    return tuple(t for t in _TOKEN.findall(fold(text)) if t[0].isalnum() or t[0] in "_-")


@dataclass(frozen=True)
class TermBook:
    """Terms by their first word. Immutable; ``with_`` methods give a larger book."""

    entries: Mapping[str, tuple[_Entry, ...]] = field(default_factory=dict)
    licences: tuple[Licence, ...] = ()

    @functools.cached_property
    def _starts(self) -> frozenset[str]:
        """The first word of every first word, as a plain split finds it ("f" for an aperture)."""
        return frozenset(_PLAIN.findall(w)[0] for w in self.entries if not w.startswith("--"))

    @functools.cached_property
    def digest(self) -> str:
        """A digest of all entries and licences."""
        entries = [
            [*e[:4], sorted(e.near), sorted(e.unless)]
            for word in sorted(self.entries)
            for e in self.entries[word]
        ]
        return fingerprint([entries, [x.model_dump_json() for x in self.licences]])

    @classmethod
    def of(cls, lists: Iterable[TermList]) -> TermBook:
        """A book of the given lists."""
        made: dict[str, list[_Entry]] = {}
        for found in lists:
            plain = (Term(term=t) for t in found.terms)
            for term in (*plain, *found.term):
                _put(made, term, found.listed.value)
        return cls({k: tuple(v) for k, v in made.items()})

    def with_words(self, words: Iterable[str]) -> TermBook:
        """With words that belong to no list, such as those of a row's rule."""
        wanted = [Term(term=w) for w in dict.fromkeys(words)]
        return self._with((t, "") for t in wanted) if wanted else self

    def with_own(self, given: Mapping[str, Any]) -> TermBook:
        """With a project's ``[terms]``: lists by class, and ``licensed`` entries.

        Raises ValueError for an unknown class or a malformed entry.
        """
        own = dict(given)
        licences = tuple(Licence.model_validate(x) for x in own.pop("licensed", ()))
        more: list[tuple[Term, str]] = []
        for name, values in own.items():
            listed = TermClass(name).value
            more += [
                (Term(term=v) if isinstance(v, str) else Term.model_validate(v), listed)
                for v in values
            ]
        return replace(self._with(more), licences=(*self.licences, *licences))

    def _with(self, more: Iterable[tuple[Term, str]]) -> TermBook:
        made = {k: list(v) for k, v in self.entries.items()}
        for term, listed in more:
            _put(made, term, listed)
        return replace(self, entries={k: tuple(v) for k, v in made.items()})

    def scan(self, texts: Sequence[tuple[str, str]]) -> tuple[Hit, ...]:
        """The terms in (field, text) pairs, in the order in which they stand. One pass over the texts."""
        entries = self.entries
        # Most texts hold no listed word at all, and a plain split finds that out at a third of the price.
        whole = fold("\n".join([t for _, t in texts]))
        if self._starts.isdisjoint(_PLAIN.findall(whole)) and "--" not in whole:
            return ()
        hits: list[Hit] = []
        everything: frozenset[str] | None = None
        for name, text in texts:
            if not text:
                continue
            folded = _TOKEN.findall(fold(text))
            candidates = [n for n, token in enumerate(folded) if token in entries]
            if not candidates:
                continue
            raw: list[str] | None = None
            for at in candidates:
                for entry in entries[folded[at]]:
                    if tuple(folded[at : at + len(entry.words)]) != entry.words:
                        continue
                    if entry.capital or entry.near:
                        raw = raw if raw is not None else _TOKEN.findall(text)
                        if not _meant(entry, at, folded, raw):
                            continue
                    if entry.unless:
                        if everything is None:
                            everything = frozenset(w for _, t in texts for w in _words(t))
                        if entry.unless & everything:
                            continue
                    hits.append(Hit(entry.term, entry.listed, name))
        return tuple(dict.fromkeys(hits))

    def licensed(self, day: dt.date) -> frozenset[str]:
        """Folded terms that the project may use on ``day``."""
        return frozenset(fold(x.term) for x in self.licences if x.until is None or day <= x.until)


def _put(made: dict[str, list[_Entry]], term: Term, listed: str) -> None:
    words = _words(term.term)
    if not words:
        return
    near = frozenset(fold(w) for w in term.near)
    unless = frozenset(fold(w) for w in term.unless_near)
    entry = _Entry(words, term.term, listed, term.case == "exact", near, unless)
    bucket = made.setdefault(words[0], [])
    if entry not in bucket:
        bucket.append(entry)


def _meant(entry: _Entry, at: int, folded: list[str], raw: list[str]) -> bool:
    """Whether the words stand for the listed term: beside a telling word, or capitalised without need."""
    end = at + len(entry.words)
    beside = {*folded[max(0, at - _NEAR) : at], *folded[end : end + _NEAR]}
    if entry.near & beside:
        return True
    if not entry.capital or len(raw) != len(folded):
        return False
    first = at == 0 or not raw[at - 1][0].isalnum()
    return raw[at][:1].isupper() and not first and not _title_case(raw)


def _title_case(raw: Sequence[str]) -> bool:
    long = [t for t in raw[1:] if len(t) > 3]
    return len(long) > 1 and sum(t[0].isupper() for t in long) >= _CAPITALS * len(long)


@functools.cache
def shipped_book() -> TermBook:
    """The book of all lists that come with the program."""
    from publisher.policy.library import shipped_terms

    return TermBook.of(shipped_terms())
