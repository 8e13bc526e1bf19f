"""Fitting text into a channel's limits: characters, length, capitals, and the keyword list.

Every function gives back what it did as notes, so that nothing is changed silently; white space and the
composed form of letters are spelling and no change. Lengths are in Unicode code points. Pure, and it knows
no channel.
"""

from publisher.textfit.keywords import FittedWords, fit_keywords
from publisher.textfit.language import calmed, foreign_signs
from publisher.textfit.stems import stem
from publisher.textfit.text import FittedText, Frame, Note, clean, cut, fit_text

__all__ = [
    "FittedText",
    "FittedWords",
    "Frame",
    "Note",
    "calmed",
    "clean",
    "cut",
    "fit_keywords",
    "fit_text",
    "foreign_signs",
    "stem",
]
