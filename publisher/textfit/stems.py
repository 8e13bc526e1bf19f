"""Stems of English words, after Martin Porter's algorithm of 1980 ("An algorithm for suffix stripping").

Two keywords of one stem say the same thing to a search: dune and dunes, run and running. A stem is a key for
comparing and never shown. Words outside a to z are their own stem. Pure.
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[a-z]+")

_ENDINGS_2 = (
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"),
    ("abli", "able"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"),
    ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"),
    ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
)  # fmt: skip
_ENDINGS_3 = (
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""),
    ("ness", ""),
)  # fmt: skip
_ENDINGS_4 = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous",
    "ive", "ize", "ion", "al", "er", "ic", "ou",
)  # fmt: skip


@lru_cache(maxsize=65_536)
def stem(words: str) -> str:
    """The stem of each word of ``words``, in small letters, joined by blanks."""
    return " ".join(map(_stem, words.casefold().split()))


def _stem(word: str) -> str:
    """One word. Words of one or two letters, and those with other signs than a to z, stay as they are."""
    if len(word) <= 2 or not _WORD.fullmatch(word):
        return word
    word = _plurals(word)
    word = _past_and_ing(word)
    if word.endswith("y") and _has_vowel(word[:-1]):
        word = f"{word[:-1]}i"
    word = _replace(word, _ENDINGS_2)
    word = _replace(word, _ENDINGS_3)
    word = _strip(word)
    return _tidy(word)


def _shape(word: str) -> str:
    """The word as v for vowels and c for consonants; y is a vowel after a consonant."""
    shape = ""
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and shape.endswith("c"))
        shape += "v" if vowel else "c"
    return shape


def _measure(word: str) -> int:
    """How often a vowel is followed by a consonant: the length of a stem as the algorithm sees it."""
    return _shape(word).count("vc")


def _has_vowel(word: str) -> bool:
    return "v" in _shape(word)


def _short(word: str) -> bool:
    """Whether it ends with consonant, vowel, consonant, the last one not w, x or y."""
    return _shape(word).endswith("cvc") and word[-1] not in "wxy"


def _doubled(word: str) -> bool:
    return len(word) > 1 and word[-1] == word[-2] and _shape(word)[-1] == "c"


def _plurals(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past_and_ing(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        if word.endswith(ending):
            root = word[: -len(ending)]
            return _mended(root) if _has_vowel(root) else word
    return word


def _mended(root: str) -> str:
    """What is left when -ed or -ing is gone, made a word again: hop(p), creat(e), fil(e)."""
    if root.endswith(("at", "bl", "iz")):
        return f"{root}e"
    if _doubled(root) and root[-1] not in "lsz":
        return root[:-1]
    return f"{root}e" if _measure(root) == 1 and _short(root) else root


def _replace(word: str, endings: tuple[tuple[str, str], ...]) -> str:
    """The longest ending that fits, replaced when a stem of some length is left."""
    fitting = [(old, new) for old, new in endings if word.endswith(old)]
    if not fitting:
        return word
    old, new = max(fitting, key=lambda pair: len(pair[0]))
    root = word[: -len(old)]
    return f"{root}{new}" if _measure(root) > 0 else word


def _strip(word: str) -> str:
    ending = next((e for e in _ENDINGS_4 if word.endswith(e)), "")
    root = word[: -len(ending)] if ending else word
    if not ending or _measure(root) <= 1 or (ending == "ion" and not root.endswith(("s", "t"))):
        return word
    return root


def _tidy(word: str) -> str:
    if word.endswith("e"):
        root = word[:-1]
        length = _measure(root)
        if length > 1 or (length == 1 and not _short(root)):
            word = root
    return word[:-1] if word.endswith("ll") and _measure(word) > 1 else word
