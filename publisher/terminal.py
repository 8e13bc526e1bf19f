"""The few ways in which text reaches a terminal, all of them safe: plain, clean and without markup.

Nothing here knows what it prints. Rich is imported on first use, so that a command that prints nothing
starts without it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING

from publisher.plan import SIGNS
from publisher.report import DONE_SIGNS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

STYLES: Mapping[str, str] = {
    **dict.fromkeys(("create", "published", "live"), "green"),
    **dict.fromkeys(("update", "updated", "submitted", "in-review", "uploaded"), "blue"),
    **dict.fromkeys(("adopt", "adopted"), "cyan"),
    **dict.fromkeys(("prepare", "prepared", "unknown"), "magenta"),
    **dict.fromkeys(("withdraw", "withdrawn", "failed", "error", "deny", "rejected"), "red"),
    **dict.fromkeys(("held", "hold", "denied", "warning", "waiting"), "yellow"),
    **dict.fromkeys(("unchanged", "notice", "gone"), "dim"),
}
"""Colour per word, state, verdict and level; Rich leaves it out where NO_COLOR is set."""

WORD_SIGNS: Mapping[str, str] = {**{w.value: s for w, s in SIGNS.items()}, **DONE_SIGNS}

_GAP = 3
_BREAKS = re.compile(r"[^\S ]+")
_UNSAFE = ("Cc", "Cf", "Cs", "Co")
_JOINERS = "\u200c\u200d"
"""Format characters that only join letters; Persian and many emoji need them."""


def clean(value: object) -> str:
    """One line without control, format or surrogate characters: safe to print on any terminal."""
    line = _BREAKS.sub(" ", str(value))
    kept = (c for c in line if c in _JOINERS or unicodedata.category(c) not in _UNSAFE)
    return "".join(kept).strip()


def text_of(value: object, style: str = "") -> Text:
    """The value as one line of Rich text, of which no part is markup."""
    from rich.text import Text

    # Text takes no markup, and clean leaves nothing that a terminal would obey
    return Text(clean(value), style=style, overflow="fold")


def say(console: Console, value: object, style: str = "", *, indent: int = 0) -> None:
    """Print one paragraph, wrapped inside its indent (in characters)."""
    from rich.padding import Padding

    console.print(Padding(text_of(value, style), (0, 0, 0, indent), expand=False))


def style_of(word: object) -> str:
    """The colour of a word, empty when it has none."""
    return STYLES.get(str(word), "")


def grid(columns: int) -> Table:
    """A table without lines whose cells wrap rather than vanish."""
    from rich.table import Table

    table = Table.grid(padding=(0, _GAP, 0, 0))
    for _ in range(columns):
        table.add_column(overflow="fold")
    return table
