"""Whether a text reads as English, and whether it shouts. Both are guesses from letters and small words.

A guess never changes a language: it is for a warning that a person reads. Pure.
"""

from __future__ import annotations

import re
import unicodedata

_LATIN_LETTERS = re.compile(r"[^\W\d_]")
_WORDS = re.compile(r"[^\W\d_]+")
_SENTENCE_STARTS = re.compile(r"(?:^|[.!?]\s+)[^\w]*\w")

_SMALL_ENGLISH = """
a above across after all among an and are around as at before behind below beside between but by during for
from has have in inside into is it its near no not of off on or out over she that the their them there they
this through to under up was were which while who with without you
"""
_SMALL_FOREIGN = """
auf aus bei das dem den der des ein eine einem einen einer für ist mit nicht oder über und unter vom von zum zur
au aux avec dans de des du elle est et les leur mais ne par pas pour qui sous sur une
con del desde donde el ella entre hacia las los muy para pero por que sin sobre una uno y
che dei della delle di gli il nel nella non più tra
ao com como dos em mais na não nas nos num numa os ou sem um uma
het een op te van voor zijn naar niet met
jest nie przez się w z ze
"""
"""German, French, Spanish, Italian, Portuguese, Dutch and Polish words that English hardly has."""
_ENGLISH = frozenset(_SMALL_ENGLISH.split())
_FOREIGN = frozenset(_SMALL_FOREIGN.split())
_ALONE = 4
"""A text of fewer words says too little about its language."""


def foreign_signs(text: str) -> tuple[str, ...]:
    """The words or letters because of which ``text`` does not read as English; empty when it may be."""
    letters = _LATIN_LETTERS.findall(text)
    if not letters:
        return ()
    if not text.isascii():
        strange = [c for c in letters if not c.isascii() and not _is_latin(c)]
        if len(strange) * 4 > len(letters):
            return tuple(dict.fromkeys(strange))[:5]
    words = [w.casefold() for w in _WORDS.findall(text)]
    foreign = [w for w in words if w in _FOREIGN]
    english = sum(w in _ENGLISH for w in words)
    if len(words) >= _ALONE and len(foreign) >= 2 and len(foreign) > english:
        return tuple(dict.fromkeys(foreign))[:5]
    return ()


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN ")


def calmed(text: str) -> str:
    """``text`` in sentence case when it shouts, else as it is.

    A text shouts when it has at least two words of four letters or more and all but a fifth of its letters
    are capitals; names and abbreviations alone are left alone.
    """
    if text.upper() != text and sum(c.isupper() for c in text) * 5 < 4 * sum(
        c.isalpha() for c in text
    ):
        return text
    if sum(len(w) >= 4 for w in _WORDS.findall(text)) < 2:
        return text
    capitals = {m.end() - 1 for m in _SENTENCE_STARTS.finditer(text)}
    quiet = "".join(c if n in capitals else c.lower() for n, c in enumerate(text))
    return unicodedata.normalize("NFC", quiet)
