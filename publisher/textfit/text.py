"""One text into its limit: cleaning, calming, and a cut at a border, around what the rules put in.

What is changed comes back as notes. It judges no missing or short text, and it knows no channel. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from publisher.textfit.language import calmed
from publisher.texts import TextLimit

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


_PLAIN_LINE = re.compile(r"[!-~]+(?: [!-~]+)*")


@dataclass(frozen=True, slots=True)
class Note:
    """One change that was made: a code, a sentence, and the text before and after.

    ``hard`` marks what broke a limit of the channel, unlike a matter of taste or of signs that nobody sees.
    """

    code: str
    text: str
    before: str
    after: str
    hard: bool = False


@dataclass(frozen=True, slots=True)
class FittedText:
    """A text within its limit, and what was done to it."""

    text: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What the rules put round a text: ``lead`` before it, ``tail`` behind it, then ``sentences``."""

    lead: str = ""
    tail: str = ""
    sentences: str = ""

    @property
    def size(self) -> int:
        """Code points that the frame needs, with a full stop and a blank before the sentences."""
        between = 2 if self.sentences else 0
        return len(self.lead) + len(self.tail) + len(self.sentences) + between

    def cleaned(self, forbid: str, ascii_only: bool) -> Frame:
        """The frame in the characters of the channel; the blank at a seam stays."""
        lead = clean(self.lead, forbid=forbid, ascii_only=ascii_only)
        tail = clean(self.tail, forbid=forbid, ascii_only=ascii_only)
        return Frame(
            f"{lead} " if self.lead[-1:].isspace() and lead else lead,
            f" {tail}" if self.tail[:1].isspace() and tail else tail,
            clean(self.sentences, forbid=forbid, ascii_only=ascii_only),
        )

    def bare(self, text: str) -> str:
        """``text`` without a frame that it already has, so that a text is never framed twice."""
        if self.sentences and (text == self.sentences or text.endswith(f" {self.sentences}")):
            text = text[: -len(self.sentences)].rstrip()
        if self.lead and text.startswith(self.lead):
            text = text[len(self.lead) :]
        if self.tail and text.endswith(self.tail):
            text = text[: -len(self.tail)]
        return text.strip()

    def around(self, text: str) -> str:
        """``text`` in its frame. Nothing is led in by nothing: without a text only the sentences are there."""
        framed = f"{self.lead}{text}{self.tail}".strip() if text else ""
        if not self.sentences:
            return framed
        stop = "." if framed and framed[-1].isalnum() else ""
        return f"{framed}{stop} {self.sentences}".strip()


BARE = Frame()


def clean(text: str, *, forbid: str = "", ascii_only: bool = False) -> str:
    """One line in composed form, without control, half-pair, direction and forbidden characters.

    What is taken out leaves a space, so that words do not grow together; runs of white space become one.
    """
    if not (text.isascii() and text.isprintable()):  # plain text is most text: spare it the tables
        text = text.translate(_DIRECTION_MARKS)
        text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
        text = unicodedata.normalize("NFC", text)
    if ascii_only and not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_PLAIN))
        text = "".join(c for c in text if c.isascii() or c.isspace())
    for char in forbid:
        text = text.replace(char, " ")
    return _joined(text)


def _joined(text: str) -> str:
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


def spelled(text: str) -> str:
    """``text`` on one line and in composed form: what it is compared with to see whether it was changed."""
    return text if _PLAIN_LINE.fullmatch(text) else unicodedata.normalize("NFC", _joined(text))


def fit_text(
    text: str,
    limit: TextLimit,
    *,
    name: str,
    sentences: bool = False,
    ascii_only: bool = False,
    frame: Frame = BARE,
    own: bool = False,
) -> FittedText:
    """``text`` cleaned, calmed and cut to ``limit`` inside its ``frame``, which is never cut.

    ``own`` marks a text that was written for this account alone: it is not calmed. Too short and missing are
    the caller's to judge. A frame that does not fit alone is left out, with a note that says so.
    """
    notes: list[Note] = []
    plain_only = ascii_only or limit.ascii_only
    cleaned = clean(text, forbid=limit.forbid, ascii_only=plain_only)
    if cleaned != (before := spelled(text)):
        said = f"the {name} held characters that are not taken there"
        hard = cleaned != clean(before)
        notes.append(Note("characters-replaced", said, text, cleaned, hard))
    if limit.no_caps and not own and (calm := calmed(cleaned)) != cleaned:
        notes.append(Note("capitals-lowered", f"the {name} was in capitals", cleaned, calm))
        cleaned = calm
    if frame != BARE:
        frame = frame.cleaned(limit.forbid, plain_only)
        cleaned = frame.bare(cleaned)
    fitted = frame.around(cleaned)
    if limit.max is None or len(fitted) <= limit.max:
        return FittedText(fitted, tuple(notes))
    room = limit.max - frame.size
    if room < 0:
        said = f"the {name} has no room for what must stand in it: {frame.around('')}"
        notes.append(Note("frame-does-not-fit", said, frame.around(""), "", hard=True))
        frame, room = BARE, limit.max
    fitted = frame.around(cut(cleaned, room, sentences=sentences))
    said = f"the {name} has {len(frame.around(cleaned))} characters and was cut to {len(fitted)} of {limit.max}"
    if frame != BARE:
        said += ", so that what must stand in it still fits"
    if fitted != cleaned:
        notes.append(Note("text-cut", said, cleaned, fitted, hard=True))
    return FittedText(fitted, tuple(notes))
