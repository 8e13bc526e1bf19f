"""channels: what there is, how it is served, what it says about AI images, and what should be looked up again;
``channels check`` examines one account's remote side part by part, and ``login`` lets a person sign in there.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common

if TYPE_CHECKING:
    from rich.table import Table

    from publisher.channel import Context
    from publisher.examined import Examined
    from publisher.matrix import Stale
    from publisher.observe import Account


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(invoke_without_command=True)
    group.callback()(channels)
    group.command()(check)
    app.add_typer(group, name="channels")
    app.command()(login)


def channels(
    context: typer.Context,
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
    if context.invoked_subcommand is not None:
        return
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


def check(
    account: Annotated[str, typer.Argument(help="The account to examine.")],
    project: common.ProjectOption = None,
    as_json: common.JsonOption = False,
    debug: common.DebugOption = False,
) -> None:
    """Walk to an account's form without writing anything, and say what is there as its profile says."""
    from publisher.observe import with_setup_notes

    one, context = _session_context(project, account)
    with one.channel.session(context) as session:
        found = session.examine()
    if as_json:
        common.print_json(examined_document(account, found))
    else:
        _print_examined(account, found)
    if found.problem is not None:
        raise with_setup_notes(found.problem, one.row)
    if found.broken:
        raise typer.Exit(7)


def login(
    account: Annotated[str, typer.Argument(help="The account to sign in to.")],
    project: common.ProjectOption = None,
    as_json: common.JsonOption = False,
    debug: common.DebugOption = False,
) -> None:
    """Open the site's own sign-in in a browser window, and keep the session on this machine."""
    one, context = _session_context(project, account)
    with one.channel.session(context) as session:
        health = session.sign_in()
    if as_json:
        common.print_json({"account": account, "notes": list(health.notes)})
    else:
        typer.echo(f"{account}: {'; '.join(health.notes)}")


def _session_context(project: Path | None, name: str) -> tuple[Account, Context]:
    from publisher.pacing import SystemClock
    from publisher.workspace import open_accounts

    ws = common.open_accounts_only(project)
    (account,) = open_accounts(ws.project, [name])
    return account, common.open_door(ws, SystemClock()).context(account)


def examined_document(account: str, found: Examined) -> dict[str, Any]:
    """The JSON form of an examination."""
    return {
        "account": account,
        "broken": [p.name for p in found.broken],
        "probes": [
            {
                "name": p.name,
                "found": p.found,
                "how": p.how,
                "drift": p.drift,
                "tried": list(p.tried),
                "note": p.note,
            }
            for p in found.probes
        ],
        "notes": list(found.notes),
        "kept": [str(k) for k in found.kept],
        "problem": None if found.problem is None else found.problem.sentence,
    }


def _print_examined(account: str, found: Examined) -> None:
    words = {True: "found", False: "BROKEN", None: "not here"}
    table = _table("locator", "", "matched by", "note")
    for p in found.probes:
        note = "; ".join([*(["drift"] if p.drift else []), *([p.note] if p.note else [])])
        tried = p.how or ", ".join(p.tried)
        table.add_row(p.name, words[p.found], tried, note)
    common.console().print(table)
    for line in (*found.notes, *(f"kept {k}" for k in found.kept)):
        typer.echo(line)
    broken = ", ".join(p.name for p in found.broken)
    typer.echo(f"{account}: broken: {broken}" if broken else f"{account}: nothing is broken")


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
        table.add_column(head, overflow="fold", no_wrap=head in ("channel", "locator"))
    return table
