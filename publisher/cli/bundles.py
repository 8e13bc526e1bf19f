"""sync bundles and links: archives that follow the manifest, and addresses for one customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common
from publisher.cli.common import (
    AccountOption,
    DebugOption,
    ItemOption,
    JsonOption,
    ProjectOption,
)

if TYPE_CHECKING:
    from publisher.retire import Retired

LONGEST_DAYS = 7


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(links)


def bundles(
    project: ProjectOption = None,
    account: AccountOption = None,
    item: ItemOption = None,
    digest: Annotated[
        str | None, typer.Option("--digest", help="Refuse unless the plan has this digest.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option("--allow", help="Let one guard pass, for this digest only.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Make new archives where members changed, switch shops to them, and retire the old ones."""
    from publisher.console import print_plan, print_push
    from publisher.documents import plan_document
    from publisher.hosting import bundle_workspace
    from publisher.outcome import push_document
    from publisher.pacing import SystemClock
    from publisher.pipeline import make_plan, plan_guards
    from publisher.pipeline import push as carry_out
    from publisher.progress import reporter
    from publisher.retire import retire
    from publisher.saved import allowed_guards, check_saved

    ws = bundle_workspace(common.open_project(project, account, item))
    clock = SystemClock()
    door = common.open_door(ws, clock)
    with common.open_ledger(ws) as ledger:
        plan = make_plan(ws, ledger, day=clock.now().date(), now=clock.now())
        if dry_run:
            trips = plan_guards(plan, ledger)
            document = plan_document(plan) | {
                "guards": [
                    {"guard": t.guard.value, "account": t.account, "text": t.text} for t in trips
                ]
            }
            if as_json:
                common.print_json(document)
            else:
                print_plan(common.console(), document)
            return
        check_saved(plan, None, digest, ledger)
        guards = allowed_guards(allow, named=digest is not None)
        with common.open_studio(ws) as studio, reporter(plan, quiet=as_json) as follow:
            result = carry_out(
                plan,
                ws,
                ledger=ledger,
                studio=studio,
                door=door,
                reporter=follow,
                allowed=guards,
                command="sync bundles",
                staged=True,
            )
        well = [a for a in ws.accounts if a.name not in result.problems]
        retired = retire(well, ledger, door)
    document = push_document(result) | {"retired": [_retired(r) for r in retired]}
    if as_json:
        common.print_json(document)
    else:
        print_push(common.console(), document)
        for each in retired:
            typer.echo(_sentence(each))
    raise typer.Exit(result.exit_code)


def links(
    item: Annotated[str, typer.Argument(help="The bundle's id.")],
    account: Annotated[str, typer.Option("--account", help="The account that hosts it.")],
    days: Annotated[
        float, typer.Option("--days", help=f"How long it works, {LONGEST_DAYS} days at most.")
    ] = 1.0,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Print an address for one customer that ends by itself. It is kept nowhere."""
    import datetime as dt

    from publisher.errors import ConfigError, Conflict
    from publisher.listing import Remote
    from publisher.pacing import SystemClock

    if not 0 < days <= LONGEST_DAYS:
        raise ConfigError(
            f"a link can work for up to {LONGEST_DAYS} days, not {days:g}",
            remedy=f"choose --days between 0.01 and {LONGEST_DAYS}; a new link can be had at any time",
        )
    ws = common.open_project(project, [account], None)
    clock = SystemClock()
    door = common.open_door(ws, clock)
    with common.open_ledger(ws) as ledger:
        bound = ledger.binding(account, item)
    if bound is None:
        raise Conflict(f"{item} is not at {account} by the ledger", remedy="push it first")
    until = clock.now() + dt.timedelta(days=days)
    chosen = ws.account(account)
    with chosen.channel.session(door.context(chosen)) as session:
        address = session.link(Remote(bound.remote_id, bound.key), int(days * 86_400))
    if as_json:
        common.print_json(
            {"item": item, "account": account, "link": address, "until": until.isoformat()}
        )
    else:
        typer.echo(address)


def _retired(each: Retired) -> dict[str, Any]:
    return {
        "account": each.account,
        "key": each.key,
        "url": each.url,
        "gone": each.gone,
        "reason": each.reason,
        "until": each.until.isoformat() if each.until else None,
    }


def _sentence(each: Retired) -> str:
    if each.gone:
        return f"{each.account}: {each.url} is taken away, nobody links to it any more"
    return f"{each.account}: {each.url} stays, {each.reason}"
