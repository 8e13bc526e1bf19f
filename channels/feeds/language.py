"""What the readers of product feeds agree on and where they differ: spellings, lengths, formats. Pure data.

Which of the two a row speaks is read off its columns, so that a further reader of feeds is one more row. The
figures are those of support.google.com/merchants (7052112, 6324350) and of the catalogue pages of
developers.facebook.com; no feed is written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from publisher.errors import ConfigError
from publisher.row import Dialect, Row

LINE_MAX = 5_242_880
"""Bytes of the longest line that Meta reads."""
URL_MAX = 2000
"""Characters of the longest address that Google takes."""


class Format(str, Enum):
    """How a feed is written. The value is the extension of its file."""

    RSS = "xml"
    TSV = "tsv"
    CSV = "csv"


MEDIA_TYPES: Mapping[Format, str] = {
    Format.RSS: "application/rss+xml; charset=utf-8",
    Format.TSV: "text/tab-separated-values; charset=utf-8",
    Format.CSV: "text/csv; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Language:
    """One reader's rules. Lengths are in characters."""

    structured: bool
    """Whether texts that a machine wrote travel in attributes of their own."""
    free_shipping: bool
    """Whether a download says that shipping it costs nothing."""
    identity: bool
    """Whether one of brand, mpn and gtin must be there."""
    id_max: int
    title_max: int
    description_max: int
    additional_max: int
    availability: frozenset[str]
    condition: frozenset[str]


GOOGLE = Language(
    structured=True,
    free_shipping=True,
    identity=False,
    id_max=50,
    title_max=150,
    description_max=5000,
    additional_max=10,
    availability=frozenset({"in_stock", "out_of_stock", "preorder", "backorder"}),
    condition=frozenset({"new", "refurbished", "used"}),
)
META = Language(
    structured=False,
    free_shipping=False,
    identity=True,
    id_max=100,
    title_max=200,
    description_max=9999,
    additional_max=20,
    availability=frozenset(
        {
            "in stock",
            "out of stock",
            "preorder",
            "available for order",
            "discontinued",
            "pending",
            "mark_as_sold",
        }
    ),
    condition=frozenset(
        {
            "new",
            "refurbished",
            "used",
            "used_like_new",
            "used_good",
            "used_fair",
            "cpo",
            "open_box_new",
        }
    ),
)


def columns_of(row: Row) -> Dialect:
    """The attributes of the row's feed, as the columns of its default dialect. Raises ConfigError."""
    if row.csv is None:
        raise ConfigError(f"{row.name}: a feed needs its attributes as columns, under [csv]")
    return row.csv.dialects[row.csv.dialect]


def language_of(row: Row) -> Language:
    """Google's where the row has a column for structured titles, else Meta's."""
    headers = {c.header for c in columns_of(row).columns}
    return GOOGLE if "structured_title" in headers else META


def formats_of(row: Row) -> tuple[Format, Format]:
    """What the feed may be written as; the first is the default."""
    if columns_of(row).delimiter == "\t":
        return Format.RSS, Format.TSV
    return Format.CSV, Format.RSS


def chosen_format(row: Row, options: Mapping[str, Any]) -> Format:
    """The account's ``feed_format``, or the row's default. Raises ConfigError for anything else."""
    known = formats_of(row)
    asked = options.get("feed_format")
    if asked is None:
        return known[0]
    name = "xml" if asked == "rss" else asked
    for found in known:
        if name == found.value:
            return found
    raise ConfigError(
        f"{row.title} takes no feed in the format {asked!r}",
        remedy=f"feed_format is one of {', '.join(f.value for f in known)}",
    )


def spelled(value: str, known: frozenset[str]) -> str:
    """``value`` as one of ``known``, however its words are joined; as it is when it is none of them."""
    by_words = {_words(k): k for k in known}
    return by_words.get(_words(value), value)


def _words(text: str) -> str:
    return " ".join(re.split(r"[\s_-]+", text.strip().casefold()))
