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
from publisher.row import Column, Dialect, Row


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
    rows = [line for listing, _ in batch for line in sheet_lines(listing, dialect)]
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


def sheet_lines(listing: Listing, dialect: Dialect) -> list[dict[str, Value]]:
    """The lines of one listing: one, or one per variant of its offer where the dialect wants that."""
    if dialect.rows == "item":
        return [column_values(listing, dialect)]
    lines = [column_values(listing, dialect, offered) for offered in offered_as(listing)]
    for line in lines[1:]:
        line |= {c.header: "" for c in dialect.columns if c.first}
    return lines


def offered_as(listing: Listing) -> list[dict[str, Value]]:
    """What a column may name of each variant: ``variant`` (its title), ``price`` (the amount alone),
    ``price_text`` (amount and currency), ``compare_at`` and ``compare_at_text`` (the usual price during a sale,
    else None), ``sku`` and ``name`` (the title with the variant's). At least one.
    """
    title = str(listing.fields.get("title") or "")
    order = listing.fields.get("variants")
    ids = [v for v in order if f"price.{v}" in listing.fields] if isinstance(order, tuple) else []
    found: list[dict[str, Value]] = []
    for variant in ids:
        price = str(listing.fields[f"price.{variant}"])
        usual = str(listing.fields.get(f"compare_at.{variant}") or "")
        called = str(listing.fields.get(f"variant.{variant}") or variant)
        found.append(
            {
                "variant": called,
                "price": price.partition(" ")[0],
                "price_text": price,
                "compare_at": usual.partition(" ")[0] or None,
                "compare_at_text": usual or None,
                "sku": f"{listing.item}-{variant}",
                "name": f"{title}, {called}" if len(ids) > 1 else title,
            }
        )
    return found or [{"sku": listing.item, "name": title}]


def column_values(
    listing: Listing, dialect: Dialect, offered: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """Header → value; what a rule or the manifest set for a column wins over the column's own field.

    ``offered`` is one of ``offered_as``; without it the columns speak of the item and its first variant.
    """
    first = {**offered_as(listing)[0], "sku": listing.item, "name": listing.fields.get("title")}
    created = str(listing.fields.get("created") or "")
    known: dict[str, Value] = {
        "handle": listing.item.lower(),
        "created_us": f"{created[5:7]}/{created[8:10]}/{created[:4]}" if created else None,
        **(offered or first),
        **sheet_row(listing),
    }
    own = {n.casefold(): _cell(v) for n, v in listing.fields.items() if n.startswith("csv.")}

    def value(column: Column) -> Value:
        if (header := f"csv.{column.header}".casefold()) in own:
            return own[header]
        return known.get(column.field, own.get(f"csv.{column.field}".casefold()))

    return {c.header: value(c) for c in dialect.columns}


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
