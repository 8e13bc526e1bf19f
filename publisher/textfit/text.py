"""Fitting text into a channel's limits: cleaning, cutting at a border, counting keywords.

Every function gives back what it did as notes, so that nothing is changed silently. Lengths are in Unicode
code points. Pure, and it knows no channel.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from publisher.row import KeywordLimit, TextLimit

_DIRECTION_MARKS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF))
"""Embedding and override marks: half of a pair, left over after a cut, would turn a whole table round."""

_PLAIN = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
        "\u00d7": "x",
        "\u00df": "ss",
        "\u00c6": "AE",
        "\u00e6": "ae",
        "\u00d8": "O",
        "\u00f8": "o",
        "\u0141": "L",
        "\u0142": "l",
    }
)
_SENTENCE_END = re.compile(r"[.!?\u3002\uff01\uff1f\u061f](?=\s|$)")
_SENTENCE_SHARE = 0.6
"""A cut at a sentence is preferred while it keeps this share of the room."""
_JOINERS = ("\u200d", "\ufe0e", "\ufe0f")


@dataclass(frozen=True, slots=True)
class Note:
    """One change that was made: a code, a sentence, and the text before and after."""

    code: str
    text: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FittedText:
    """A text within its limit, and what was done to it."""

    text: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class FittedWords:
    """A keyword list within its limit, and what was done to it."""

    words: tuple[str, ...]
    notes: tuple[Note, ...] = ()


def clean(text: str, *, forbid: str = "", ascii_only: bool = False) -> str:
    """One line in composed form, without control, half-pair, direction and forbidden characters.

    What is taken out leaves a space, so that words do not grow together; runs of white space become one.
    """
    if not (text.isascii() and text.isprintable()):  # plain text is most text: spare it the tables
        text = unicodedata.normalize("NFC", text).translate(_DIRECTION_MARKS)
        text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
    if ascii_only and not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_PLAIN))
        text = "".join(c for c in text if c.isascii() or c.isspace())
    for char in forbid:
        text = text.replace(char, " ")
    return " ".join(text.split())


def _whole(text: str, at: int) -> int:
    """The nearest place not after ``at`` where no letter is torn from its marks, and no emoji is split."""
    start = at
    while at > 0 and at < len(text):
        here, before = text[at], text[at - 1]
        marked = unicodedata.combining(here) or unicodedata.category(here) in ("Mn", "Me", "Mc")
        skin = "\U0001f3fb" <= here <= "\U0001f3ff"
        if not (marked or skin or here in _JOINERS or before == "\u200d"):
            break
        at -= 1
    # A text of nothing but marks has no whole place: better cut than empty.
    return at or start


def cut(text: str, longest: int, *, sentences: bool = False) -> str:
    """``text`` in at most ``longest`` code points, cut after a sentence (if asked), a word or a letter."""
    if len(text) <= longest:
        return text
    if longest <= 0:
        return ""
    room = text[:longest]
    if sentences:
        ends = [m.end() for m in _SENTENCE_END.finditer(text, 0, longest + 1) if m.end() <= longest]
        if ends and ends[-1] >= longest * _SENTENCE_SHARE:
            return text[: ends[-1]]
    border = longest if text[longest].isspace() else room.rfind(" ")
    if border <= 0:
        return text[: _whole(text, longest)]
    return text[:border].rstrip(" ,;:-\u2013\u2014/&(") or text[: _whole(text, longest)]


def fit_text(
    text: str, limit: TextLimit, *, name: str, sentences: bool = False, ascii_only: bool = False
) -> FittedText:
    """``text`` cleaned and cut to ``limit``. Too short and missing are the caller's to judge."""
    notes: list[Note] = []
    plain = " ".join(text.split())
    cleaned = clean(text, forbid=limit.forbid, ascii_only=ascii_only or limit.ascii_only)
    if cleaned != unicodedata.normalize("NFC", plain):
        said = f"the {name} held characters that are not taken there"
        notes.append(Note("characters-replaced", said, text, cleaned))
    fitted = cleaned
    if limit.max is not None and len(cleaned) > limit.max:
        fitted = cut(cleaned, limit.max, sentences=sentences)
        said = (
            f"the {name} has {len(cleaned)} characters and was cut to {len(fitted)} of {limit.max}"
        )
        notes.append(Note("text-cut", said, cleaned, fitted))
    return FittedText(fitted, tuple(notes))


def append_sentences(text: str, sentences: Sequence[str], longest: int | None) -> FittedText | None:
    """``text`` that ends with ``sentences``; what is before gives way. None when they do not fit alone."""
    tail = " ".join(s for s in sentences if s)
    if not tail or text.casefold().endswith(tail.casefold()):
        return FittedText(text)
    if longest is not None and len(tail) > longest:
        return None
    head = text
    if longest is not None:
        head = cut(text, longest - len(tail) - 2, sentences=True)
    if head and head[-1].isalnum():
        head += "."
    fitted = f"{head} {tail}".strip()
    if head.rstrip(".") == text.rstrip("."):
        return FittedText(fitted)
    said = f"the text was cut so that {tail!r} still fits"
    return FittedText(fitted, (Note("text-cut", said, text, fitted),))


def fit_keywords(
    words: Iterable[str],
    limit: KeywordLimit,
    *,
    required: Sequence[str] = (),
    ascii_only: bool = False,
) -> FittedWords:
    """Keywords cleaned, without repeats in any case, within the limit; ``required`` ones stay, at the end.

    Separators inside a keyword become spaces. A keyword that is too long is left out, never cut: half a word
    means something else.
    """
    given = tuple(words)
    notes: list[Note] = []
    kept: dict[str, str] = {}
    must = {w.casefold() for w in required}
    replaced: list[tuple[str, str]] = []
    dropped: dict[str, list[str]] = {"repeated": [], "too long": [], "empty": []}
    for word in given:
        plain = clean(word, forbid=",;", ascii_only=ascii_only)
        if plain != unicodedata.normalize("NFC", " ".join(word.split())):
            replaced.append((word, plain))
        if not plain:
            dropped["empty"].append(word)
        elif limit.each is not None and len(plain) > limit.each:
            dropped["too long"].append(plain)
        elif plain.casefold() in kept:
            dropped["repeated"].append(plain)
        elif plain.casefold() not in must:
            kept[plain.casefold()] = plain
    if replaced:
        said = "keywords held characters that are not taken there"
        notes.append(_words_note("characters-replaced", said, *zip(*replaced, strict=True)))
    for why, which in dropped.items():
        if which:
            code = "keywords-repeated" if why == "repeated" else "keywords-dropped"
            said = f"{len(which)} keywords are {why} and were left out"
            notes.append(_words_note(code, said, which, ()))
    listed = [*kept.values()]
    room = len(listed) if limit.max is None else max(0, limit.max - len(required))
    if len(listed) > room:
        said = (
            f"{len(listed) + len(required)} keywords, {limit.max} are taken: the last were left out"
        )
        after = (*listed[:room], *required)
        notes.append(_words_note("keywords-dropped", said, listed, after))
        listed = listed[:room]
    return FittedWords((*listed, *required), tuple(notes))


def _words_note(code: str, said: str, before: Sequence[str], after: Sequence[str]) -> Note:
    return Note(code, said, ", ".join(before), ", ".join(after))
