"""channels: what there is, how it is served, what it says about AI images, and what should be looked up again."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import common

if TYPE_CHECKING:
    from rich.table import Table

    from publisher.matrix import Stale


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(channels)


def channels(
    project: common.ProjectOption = None,
    stale: Annotated[
        bool, typer.Option("--stale", help="Only what should be looked up again at its source.")
    ] = False,
    days: Annotated[
        int | None,
        typer.Option(
            "--days", min=0, help="With --stale: read longer ago than so many days; default 180."
        ),
    ] = None,
    as_of: common.DayOption = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print docs/channels.md instead.")
    ] = False,
    as_json: common.JsonOption = False,
    debug: common.DebugOption = False,
) -> None:
    """List the channels: AI verdict, how it is declared, mode, and when it was last verified."""
    from publisher.pacing import SystemClock

    folder = common.project_folder(project) if project is not None else None
    day = common.chosen_day(as_of, SystemClock())
    if markdown:
        from publisher.channel_pages import channels_page

        typer.echo(channels_page(), nl=False)
    elif stale:
        from publisher.matrix import STALE_DAYS
        from publisher.matrix import stale as stale_parts

        limit = STALE_DAYS if days is None else days
        _print_stale(day, limit, stale_parts(day, limit, folder), as_json)
    else:
        from publisher.matrix import channel_matrix

        _print_matrix(day, channel_matrix(day, folder), as_json)


def _print_matrix(day: dt.date, rows: list[dict[str, str]], as_json: bool) -> None:
    if as_json:
        common.print_json({"as_of": day.isoformat(), "channels": rows})
        return
    from publisher.matrix import in_words

    table = _table("channel", "AI images", "declared by", "mode", "transport", "last verified")
    for row in rows:
        table.add_row(
            row["channel"], in_words(row["ai"]), row["mechanism"], row["mode"], row["transport"],
            row["seen"],
        )  # fmt: skip
    common.console().print(table)


def _print_stale(day: dt.date, days: int, found: list[Stale], as_json: bool) -> None:
    if as_json:
        stale = [
            {
                "channel": s.channel,
                "place": s.place,
                "why": s.why.value,
                "seen": s.seen.isoformat(),
                "expires": s.expires.isoformat() if s.expires else None,
                "source": s.source,
            }
            for s in found
        ]
        common.print_json({"as_of": day.isoformat(), "days": days, "stale": stale})
        return
    if not found:
        typer.echo(f"nothing to look up again: all sources were read within {days} days")
        return
    table = _table("channel", "what", "why", "seen", "expires", "source")
    for s in found:
        expires = s.expires.isoformat() if s.expires else ""
        table.add_row(s.channel, s.place, s.why.value, s.seen.isoformat(), expires, s.source)
    common.console().print(table)


def _table(*heads: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for head in heads:
        # What one has to type, such as a name, is never cut off or broken.
        table.add_column(head, overflow="fold", no_wrap=head == "channel")
    return table
