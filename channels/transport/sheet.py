"""CSV in whatever dialect a row describes: order, separators, BOM, line ends, quotes and caps.

It writes bytes and knows no channel. A value never breaks the table: line breaks become spaces, and a
keyword that holds the joiner loses it (the adapter reports both as findings).
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from publisher.errors import Rejected
from publisher.row import Column, Dialect

Value = str | int | bool | None | Sequence[str]

_QUOTING = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL, "none": csv.QUOTE_NONE}
_EOL = {"crlf": "\r\n", "lf": "\n"}
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


def write_sheets(dialect: Dialect, rows: Sequence[Mapping[str, Value]]) -> list[bytes]:
    """The CSV files for these rows, as few as the dialect's caps on rows and bytes allow.

    Each has its own header. Raises Rejected when one row alone is over the cap on bytes.
    """
    header = _encode(dialect, [_line(dialect, [c.header for c in dialect.columns], header=True)])
    sheets: list[bytes] = []
    lines: list[bytes] = []
    size = len(header)
    for row in rows:
        cells = [cell(dialect, column, row) for column in dialect.columns]
        line = _line(dialect, cells).encode("utf-8")
        full = dialect.rows_max is not None and len(lines) >= dialect.rows_max
        heavy = dialect.bytes_max is not None and size + len(line) > dialect.bytes_max
        if lines and (full or heavy):
            sheets.append(header + b"".join(lines))
            lines, size = [], len(header)
        if dialect.bytes_max is not None and size + len(line) > dialect.bytes_max:
            raise Rejected(f"one line of the CSV is larger than {dialect.bytes_max} bytes")
        lines.append(line)
        size += len(line)
    if lines:
        sheets.append(header + b"".join(lines))
    return sheets


def cell(dialect: Dialect, column: Column, row: Mapping[str, Value]) -> str:
    """The text of one cell, before quoting."""
    value = row.get(column.field) if column.field else column.value
    if value is None:
        value = column.value
    if isinstance(value, bool):
        text = column.true if value else column.false
    elif isinstance(value, (str, int)):
        text = str(value)
    else:
        joiner = column.joiner if column.joiner is not None else dialect.joiner
        core = joiner.strip() or joiner
        text = joiner.join(" ".join(_BREAKS.sub(" ", v).replace(core, " ").split()) for v in value)
    text = _BREAKS.sub(" ", text).strip()
    if dialect.ascii_only:
        text = plain_ascii(text)
    if dialect.quoting == "none" and not _is_free(dialect, text):
        text = " ".join(re.sub(rf'[{re.escape(dialect.delimiter)}"]', " ", text).split())
    return text


def _is_free(dialect: Dialect, text: str) -> bool:
    return dialect.delimiter not in text and '"' not in text


def plain_ascii(text: str) -> str:
    """The nearest ASCII spelling: accents fall off, typographic signs become plain, the rest a space."""
    signs = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
                           "\u2013": "-", "\u2014": "-", "\u2026": "...", "\u00df": "ss"})  # fmt: skip
    folded = unicodedata.normalize("NFKD", text.translate(signs))
    letters = (c if c.isascii() else " " for c in folded if not unicodedata.combining(c))
    return " ".join("".join(letters).split())


def _line(dialect: Dialect, cells: Sequence[str], *, header: bool = False) -> str:
    out = io.StringIO()
    quoting = _QUOTING[dialect.quoting]
    if header and not dialect.quote_header:
        quoting = csv.QUOTE_MINIMAL
    if quoting == csv.QUOTE_NONE:
        return dialect.delimiter.join(cells) + _EOL[dialect.eol]
    writer = csv.writer(
        out,
        delimiter=dialect.delimiter,
        quoting=quoting,  # type: ignore[arg-type]
        lineterminator=_EOL[dialect.eol],
    )
    writer.writerow(cells)
    return out.getvalue()


def _encode(dialect: Dialect, lines: Iterable[str]) -> bytes:
    return "".join(lines).encode("utf-8-sig" if dialect.bom else "utf-8")
