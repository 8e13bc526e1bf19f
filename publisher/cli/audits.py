"""audit: everything that is live, judged by the rules of a day, and what has to come off."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from publisher.cli import common
from publisher.cli.carrying import carried_out
from publisher.cli.common import (
    AccountOption,
    DayOption,
    DebugOption,
    ItemOption,
    JsonOption,
    ProjectOption,
)


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(audit)


def audit(
    project: ProjectOption = None,
    account: AccountOption = None,
    item: ItemOption = None,
    as_of: DayOption = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Take off what the program can take off.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show it: open no task for a person.")
    ] = False,
    digest: Annotated[
        str | None, typer.Option("--digest", help="Refuse unless the plan has this digest.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option("--allow", help="Let one guard pass, for this digest only.")
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Judge everything live or prepared by the rules of a day, and say what has to come off."""
    from publisher.audit import audit as judge_all
    from publisher.audit import audit_document, open_tasks, withdrawals
    from publisher.outcome import push_document
    from publisher.pacing import SystemClock

    ws = common.open_project(project, account, item)
    clock = SystemClock()
    day = common.chosen_day(as_of, clock)
    result = None
    with common.open_ledger(ws) as ledger:
        found = judge_all(ws, ledger, day)
        plan = withdrawals(found, ws)
        if not dry_run:
            open_tasks(found, ledger, clock.now())
        if apply and not dry_run:
            result = carried_out(
                ws,
                ledger,
                plan,
                command="audit --apply",
                digest=digest,
                allow=allow,
                quiet=as_json,
            )
        document: dict[str, Any] = audit_document(found, day) | {"digest": plan.digest}
    if result is not None:
        document["push"] = push_document(result)
    if as_json:
        common.print_json(document)
    else:
        from publisher.console import print_audit, print_push

        print_audit(common.console(), document)
        if result is not None:
            print_push(common.console(), document["push"])
    raise typer.Exit(result.exit_code if result is not None else 0)
