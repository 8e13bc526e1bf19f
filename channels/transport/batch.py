"""The CSV of a batch: listing fields into the columns of the row's dialect, written once per digest.

The files land in the account's outbox, for a person or for a session to send. It knows no channel.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from channels.transport.sheet import Value, write_sheets
from publisher.channel import Context
from publisher.errors import ConfigError, Rejected
from publisher.listing import FieldValue, Listing, Remote
from publisher.row import Dialect, Row


def sheet_row(listing: Listing) -> Mapping[str, Value]:
    """The values that a column's ``field`` may name.

    ``filename``, every listing field, ``category1`` to ``category3``, and whatever the rules or the
    manifest set for a column under that column's own header.
    """
    categories = listing.fields.get("categories")
    known = categories if isinstance(categories, tuple) else ()
    row: dict[str, Value] = {"filename": listing.key}
    for name, value in listing.fields.items():
        row[name] = _cell(value)
    for place in range(3):
        row[f"category{place + 1}"] = known[place] if place < len(known) else None
    row["category"] = known[0] if known else None
    return row


def _cell(value: FieldValue) -> Value:
    return value


def chosen_dialect(row: Row, name: str) -> Dialect | None:
    """The dialect that the account asks for, or the row's default. Raises ConfigError for an unknown one."""
    if row.csv is None:
        return None
    chosen = name or row.csv.dialect
    if chosen not in row.csv.dialects:
        known = ", ".join(sorted(row.csv.dialects))
        raise ConfigError(
            f"{row.name}: there is no CSV dialect {chosen!r}",
            remedy=f"csv_dialect is one of {known}",
        )
    return row.csv.dialects[chosen]


def batch_sheets(
    context: Context, batch: Sequence[tuple[Listing, Remote]], digest: str
) -> list[tuple[str, Path]]:
    """Write the batch's CSV files into the outbox; returns their names and paths."""
    dialect = chosen_dialect(context.row, str(context.options.get("csv_dialect", "")))
    if context.row.csv is None or dialect is None:
        return []
    rows = [column_values(listing, dialect) for listing, _ in batch]
    columns = tuple(c.model_copy(update={"field": c.header}) for c in dialect.columns)
    sheets = write_sheets(dialect.model_copy(update={"columns": columns}), rows)
    try:
        return _written(context, digest, sheets)
    except OSError as error:
        raise Rejected(
            f"the CSV cannot be written to the outbox {context.outbox}: "
            f"{(error.strerror or 'disk error').lower()}",
            remedy="make room on that disk, or change the rights of the folder",
            detail=repr(error),
        ) from error


def _written(context: Context, digest: str, sheets: Sequence[bytes]) -> list[tuple[str, Path]]:
    assert context.row.csv is not None
    found = []
    context.outbox.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(sheets, start=1):
        part = digest[:8] if len(sheets) == 1 else f"{digest[:8]}_{number}"
        name = context.row.csv.name.format(
            release=_plain(context.release), account=_plain(context.account), digest=part
        )
        path = context.outbox / name
        temporary = path.with_name(f".{name}.{os.getpid()}")
        temporary.write_bytes(content)
        temporary.replace(path)
        found.append((name, path))
    return found


def column_values(listing: Listing, dialect: Dialect) -> dict[str, Value]:
    """Header → value; what a rule or the manifest set for a column wins over the column's own field."""
    known = sheet_row(listing)
    own: dict[str, Value] = {n.casefold(): _cell(v) for n, v in listing.fields.items()}
    return {
        c.header: own.get(f"csv.{c.header}".casefold(), known.get(c.field)) for c in dialect.columns
    }


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
