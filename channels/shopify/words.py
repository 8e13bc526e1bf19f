"""Words and amounts in the two forms that matter here: as a listing states them, and as a shop holds them.

Pure functions. Going there and back changes nothing; what a person wrote in the shop's editor comes back as
plain text, so that a look at the shop finds a change of words and not one of markup.
"""

from __future__ import annotations

import html
import re
from decimal import Decimal, InvalidOperation
from html.parser import HTMLParser

_PLAIN = frozenset(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "UGX",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    )
)
"""Currencies without a minor unit (ISO 4217)."""

_THOUSANDTHS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))

_BLOCKS = frozenset(
    (
        "p",
        "div",
        "li",
        "ul",
        "ol",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "table",
        "tr",
        "section",
        "article",
    )
)


def to_html(text: str) -> str:
    """Plain text as HTML: an empty line ends a paragraph, a line end is a break, everything is escaped."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    if not plain:
        return ""
    parts = [html.escape(p, quote=False).replace("\n", "<br>") for p in plain.split("\n\n")]
    return "".join(f"<p>{part}</p>" for part in parts)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _BLOCKS:
            self.parts.append("")
            self._open = True
        elif tag == "br":
            self._add("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open or data.strip():
            self._add(re.sub(r"[\r\n]+", " ", data))

    def _add(self, text: str) -> None:
        if not self._open:
            self.parts.append("")
            self._open = True
        self.parts[-1] += text


def to_text(markup: str) -> str:
    """HTML as plain text, the other way round."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return "\n\n".join(reader.parts)


def money(amount: Decimal | str, currency: str) -> str:
    """An amount with its currency, as in ``19.00 EUR``; a fraction that is too fine is kept as it is."""
    value = Decimal(amount)
    places = 0 if currency in _PLAIN else 3 if currency in _THOUSANDTHS else 2
    rounded = value.quantize(Decimal(1).scaleb(-places))
    return f"{rounded if rounded == value else value.normalize():f} {currency}"


def amount(price: object) -> str:
    """The amount of ``19.00 EUR``. Raises ValueError for what is no price."""
    text = str(price).partition(" ")[0]
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{price!r} is no price") from error
    if not value.is_finite() or value < 0:
        raise ValueError(f"{price!r} is no price")
    return text


def same_amount(one: object, other: object) -> bool:
    """Whether two amounts are worth the same, however many zeros they end with; None is only like None."""
    if one is None or other is None:
        return one is other
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return False


def shortened(text: str, longest: int) -> str:
    """The beginning of one line of ``text``, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    cut = line[:longest].rpartition(" ")[0]
    return cut or line[:longest]


def tags(keywords: tuple[str, ...]) -> tuple[str, ...]:
    """Keywords as the shop keeps tags: each once whatever its case, in the order of the alphabet, no commas."""
    known: dict[str, str] = {}
    for word in keywords:
        clean = " ".join(word.replace(",", " ").split())
        if clean:
            known.setdefault(clean.casefold(), clean)
    return tuple(known[k] for k in sorted(known))
