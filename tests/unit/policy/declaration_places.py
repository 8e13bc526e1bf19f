"""Where a declaration must be found once an item is a listing: written from the rows, not from the code that declares.

Everything is read from what leaves the core: listing fields, tasks, requests, and the bytes of the CSV.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from policy_samples import asset, bundle_of, item_of

from channels.transport.batch import batch_sheets, chosen_dialect
from publisher.channel import Channel, Context
from publisher.listing import (
    BundleRequest,
    FileRequest,
    Level,
    Listing,
    Metadata,
    Remote,
    RenditionRequest,
    TextRequest,
)
from publisher.manifest.item import Item, ItemKind, Master
from publisher.manifest.model import Waiver
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.policy import Verdict
from publisher.row import Row
from publisher.rules import ActionKind, RuleAction

REASON = "the test wants to know"
SAFE_STOPS = {
    "declaration-has-no-column", "declaration-unwritable", "frame-does-not-fit",
    "required-does-not-fit", "fact-missing",
}  # fmt: skip
"""Errors that say that a declaration cannot be made: such a pair is held and nothing is published."""


def master(name: str) -> Master:
    return Master(Path(name), name, f"{len(name):064x}", 9_000_000, "png", 4000, 3000)


def offered(row: Row, provenance: Mapping[str, Any], **changes: Any) -> Item:
    """An item of a kind that the row takes: an asset, or a bundle with a picture by a person beside it."""
    made = asset(dict(provenance), **changes)
    if ItemKind.ASSET in row.accepts:
        return replace(item_of(made), masters=(master("glass-001.png"),))
    human = asset({"class": "human"}, id="glass-000", channels={})
    words = {k: v for k, v in changes.items() if k in ("title", "description", "keywords")}
    whole = bundle_of(human, made, channels=changes.get("channels", {}), **words)
    return replace(whole, masters=(master("glass-000.png"), master("glass-001.png")))


def waivers_for(row: Row, what: Item, day: dt.date) -> tuple[Waiver, ...]:
    """A waiver of every rule of the row: what can be waived is waived."""
    return tuple(
        Waiver(item=what.id, account=row.name, rule=rule.id, reason=REASON, until=day)
        for rule in row.rule
    )


def declared(verdict: Verdict) -> tuple[RuleAction, ...]:
    return tuple(a for a in verdict.actions if a.declares)


def stopped(listing: Listing) -> set[str]:
    errors = {f.code for f in listing.findings if f.level is Level.ERROR}
    return errors & SAFE_STOPS


def renditions(files: tuple[FileRequest, ...]) -> Iterator[RenditionRequest]:
    for request in files:
        if isinstance(request, RenditionRequest):
            yield request
        elif isinstance(request, BundleRequest):
            yield from (m for m in request.members if isinstance(m, RenditionRequest))


def disclosures(listing: Listing) -> list[TextRequest]:
    packed = [f for f in listing.files if isinstance(f, BundleRequest)]
    return [m for f in packed for m in f.members if isinstance(m, TextRequest) and "AI" in m.name]


def sheet_cells(
    channel: Channel, listing: Listing, outbox: Path, options: Mapping[str, Any]
) -> dict[str, str] | None:
    """The listing's line of the real CSV, read back from its bytes; None where the row has no CSV."""
    dialect = chosen_dialect(channel.row, str(options.get("csv_dialect", "")))
    if dialect is None:
        return None
    context = Context(
        account=channel.row.name,
        row=channel.row,
        settings=None,
        release="winter-glass",
        project=outbox,
        outbox=outbox,
        now=lambda: dt.datetime(2026, 11, 21, tzinfo=dt.UTC),
        render=lambda name, variables: "",
        options=options,
    )
    remote = Remote(listing.key, listing.key)
    ((_, path),) = batch_sheets(context, [(listing, remote)], "d" * 32)
    text = path.read_bytes().decode("utf-8-sig")
    quoting = csv.QUOTE_NONE if dialect.quoting == "none" else csv.QUOTE_MINIMAL
    header, line, *_more = csv.reader(
        io.StringIO(text), delimiter=dialect.delimiter, quoting=quoting
    )
    assert len(header) == len(line) == len(dialect.columns)
    return dict(zip(header, line, strict=True))


def cells_of(channel: Channel, cells: Mapping[str, str], options: Any, *fields: str) -> list[str]:
    dialect = chosen_dialect(channel.row, str(options.get("csv_dialect", "")))
    assert dialect is not None
    wanted = {f.casefold() for f in fields}
    return [
        cells[c.header]
        for c in dialect.columns
        if c.field.casefold() in wanted or c.header.casefold() in wanted
    ]


def has_column(row: Row, *fields: str) -> bool:
    """Whether any dialect of the row has a column for one of the fields."""
    wanted = {f.casefold() for f in fields}
    dialects = row.csv.dialects.values() if row.csv is not None else ()
    return any(
        c.field.casefold() in wanted or c.header.casefold() in wanted
        for d in dialects
        for c in d.columns
    )


def lost(
    channel: Channel, listing: Listing, action: RuleAction, outbox: Path, options: Mapping[str, Any]
) -> list[str]:
    """The places in which the declaration of ``action`` should be and is not; empty when nothing is lost."""
    missing: list[str] = []
    cells = sheet_cells(channel, listing, outbox, options)

    def need(there: bool, place: str) -> None:
        if not there:
            missing.append(f"{action.declares} by {action.kind.value} is not in {place}")

    def need_cell(fields: tuple[str, ...], there: Any) -> None:
        if cells is not None and has_column(channel.row, *fields):
            found = cells_of(channel, cells, options, *fields)
            need(any(there(c) for c in found), f"the CSV: {found}")

    files = [r.metadata for r in renditions(listing.files)]
    single = channel.row.accepts == (ItemKind.ASSET,) or len(files) == 1
    match action.kind:
        case ActionKind.ADD_KEYWORD:
            need(action.value in (listing.fields["keywords"] or ()), "the keywords")  # type: ignore[operator]
            need(not single or all(action.value in m.keywords for m in files), "the file")
            need_cell(("keywords",), lambda c: action.value in _parted(channel, options, c))
        case ActionKind.APPEND_SENTENCE:
            field = action.field or "description"
            need(_ends(str(listing.fields[field]), action.value), f"the {field}")
            need(not single or all(_ends(_text(m, field), action.value) for m in files), "the file")
            need_cell((field,), lambda c: _ends(c, action.value))
        case ActionKind.SET_CATEGORY:
            need(action.value in (listing.fields["categories"] or ()), "the categories")  # type: ignore[operator]
            shelves = ("category", "categories", "category1", "category2", "category3")
            need_cell(shelves, lambda c: action.value in _parted(channel, options, c))
        case ActionKind.SET_FIELD if action.field in ("title", "description"):
            before, _, after = action.value.partition(f"{{{action.field}}}")
            text = str(listing.fields[action.field])
            whole = (before.strip(), after.strip())
            need(_framed(text, *whole), f"the {action.field}")
            need(
                not single or all(_framed(_text(m, action.field), *whole) for m in files),
                "the file",
            )
            need_cell((action.field,), lambda c: _framed(c, *whole))
        case ActionKind.SET_FIELD:
            value = str(listing.fields.get(f"csv.{action.field}") or "")
            need(any(c.isalnum() for c in value), f"the field {action.field}")
            need(
                "{" in action.value or value.casefold() == action.value.casefold(), "its own words"
            )
            need_cell((action.field,), lambda c: any(x.isalnum() for x in c))
        case ActionKind.WRITE_XMP:
            need(all(_in_xmp(m, action) for m in files) and bool(files), "the XMP")
        case _:
            start = action.value.partition("{")[0]
            need(any(t.startswith(start) for t in listing.tasks), "the tasks of the person")
    shown = listing.fields.get("declarations")
    if isinstance(shown, tuple):
        need(any(s.startswith(f"{action.declares} (") for s in shown), "the listing")
    need(any(d.name == action.declares for d in listing.declarations), "the declarations")
    return missing


def embedded(listing: Listing, what: Item) -> list[str]:
    """The files that do not carry the IPTC term of their own picture."""
    terms = {DIGITAL_SOURCE_TYPE.get(m.provenance.class_, "") for m in what.members if m.provenance}
    found = {r.metadata.digital_source_type for r in renditions(listing.files)}
    return sorted(terms - found - {""})


def _parted(channel: Channel, options: Mapping[str, Any], text: str) -> list[str]:
    dialect = chosen_dialect(channel.row, str(options.get("csv_dialect", "")))
    assert dialect is not None
    joiners = {dialect.joiner, *(c.joiner for c in dialect.columns if c.joiner is not None)}
    return [text, *(part.strip() for j in joiners for part in text.split(j.strip() or j))]


def _ends(text: str, sentence: str) -> bool:
    """Other declarations may follow, so it is somewhere in the end, as a sentence of its own."""
    return f" {sentence} " in f" {text} "


def _framed(text: str, before: str, after: str) -> bool:
    """Whether what a rule puts round a text is still there."""
    return text.startswith(before) and text.endswith(after)


def _text(metadata: Metadata, field: str) -> str:
    return metadata.title if field == "title" else metadata.description


def _in_xmp(metadata: Metadata, action: RuleAction) -> bool:
    start = action.value.partition("{")[0]
    if metadata.digital_source_type and action.value == metadata.digital_source_type:
        return True
    return any(n == action.field and v.startswith(start) for n, v in metadata.extra_xmp)
