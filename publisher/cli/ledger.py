"""status, resolve and withdraw: what is live where, and what a person knows better than the program."""

from __future__ import annotations

from typing import Annotated

import typer

from publisher.cli import common
from publisher.cli.common import (
    AccountOption,
    DebugOption,
    ItemOption,
    JsonOption,
    ProjectOption,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(status)
    app.command()(resolve)
    app.command()(withdraw)


def status(
    project: ProjectOption = None,
    account: AccountOption = None,
    item: ItemOption = None,
    refresh: Annotated[
        bool,
        typer.Option("--refresh", help="Read the accounts back and show changes made by hand."),
    ] = False,
    keep: Annotated[
        str | None,
        typer.Option("--keep", help="Decide about such changes: mine, theirs or ignore."),
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option("--field", help="Only this field; may be repeated.")
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what is where, from the ledger; with --refresh, as it is there now."""
    from publisher.cli import drift
    from publisher.standing import status_document

    read = drift.refreshed(project, account, item, keep, field) if refresh or keep else None
    ws = common.open_accounts_only(project)
    with common.open_ledger(ws) as ledger:
        document = status_document(ledger, set(account or ()), set(item or ()))
    if as_json:
        common.print_json(document | (read or {}))
    else:
        from publisher.console import print_status

        print_status(common.console(), document)
        if read is not None:
            drift.print_drift(read)
    raise typer.Exit(drift.worst(read) if read is not None else 0)


def resolve(
    item: Annotated[str, typer.Argument(help="The item's id.")],
    account: Annotated[str, typer.Argument(help="The account's name.")],
    as_: Annotated[
        str,
        typer.Option(
            "--as",
            help="published (it is there), absent (it surely is not), done (changed by hand there), "
            "gone (it was there and is not any more).",
        ),
    ],
    remote: Annotated[str, typer.Option("--remote", help="Its id there, when it has one.")] = "",
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Tell the ledger what you saw at the channel."""
    from publisher.pacing import SystemClock
    from publisher.standing import resolve_pair

    ws = common.open_project(project, [account], None)
    with common.open_ledger(ws) as ledger:
        clock = SystemClock()
        text = resolve_pair(ws, ledger, item, account, as_, remote, clock.now())
    if as_json:
        common.print_json({"item": item, "account": account, "resolved": as_, "text": text})
    else:
        typer.echo(text)


def withdraw(
    item: Annotated[list[str], typer.Argument(help="The items to take off.")],
    project: ProjectOption = None,
    account: AccountOption = None,
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
    """Take items off where that can be done, and say what a person must do elsewhere."""
    from publisher.console import print_plan, print_push
    from publisher.documents import plan_document
    from publisher.outcome import push_document
    from publisher.pacing import SystemClock
    from publisher.pipeline import push as carry_out
    from publisher.progress import reporter
    from publisher.saved import allowed_guards, check_saved
    from publisher.standing import withdrawal_plan

    ws = common.open_project(project, account, None)
    clock = SystemClock()
    with common.open_ledger(ws) as ledger:
        plan = withdrawal_plan(ws, ledger, item)
        if dry_run:
            document = plan_document(plan) | {"guards": []}
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
                door=common.open_door(ws, clock),
                reporter=follow,
                allowed=guards,
                command=f"withdraw {' '.join(item)}",
            )
    document = push_document(result)
    if as_json:
        common.print_json(document)
    else:
        print_push(common.console(), document)
    raise typer.Exit(result.exit_code)
