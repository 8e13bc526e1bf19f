"""sync, undo and runs: what follows the manifest by itself, what is taken back, and what has been run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common
from publisher.cli.bundles import bundles
from publisher.cli.common import (
    AccountOption,
    DayOption,
    DebugOption,
    ItemOption,
    JsonOption,
    ProjectOption,
)

if TYPE_CHECKING:
    from publisher.ledger.store import Ledger
    from publisher.plan import Plan
    from publisher.workspace import Workspace

DigestOption = Annotated[
    str | None, typer.Option("--digest", help="Refuse unless the plan has this digest.")
]
AllowOption = Annotated[
    list[str] | None, typer.Option("--allow", help="Let one guard pass, for this digest only.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")]

sync = typer.Typer(help="Bring one thing alone in step with the manifest.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(sync, name="sync")
    sync.command("bundles")(bundles)
    app.command()(undo)
    app.command()(runs)


@sync.command("prices")
def sync_prices(
    project: ProjectOption = None,
    account: AccountOption = None,
    item: ItemOption = None,
    as_of: DayOption = None,
    dry_run: DryRunOption = False,
    digest: DigestOption = None,
    allow: AllowOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Change prices, and nothing else, of what is published; shows old and new with per cent."""
    from publisher.price_sync import price_plan

    ws = common.open_project(project, account, item)
    with common.open_ledger(ws) as ledger:
        plan = price_plan(_whole(ws, ledger, as_of), ws, ledger.bindings())
        named = "".join(f" --item {i}" for i in item or ()) + (f" --as-of {as_of}" if as_of else "")
        command = f"sync prices{named}"
        nothing = "No price changes: every account already shows them."

        def prices_alone(later: Plan) -> Plan:
            return price_plan(later, ws, ledger.bindings())

        code = _carry_out(
            ws, ledger, plan, command, nothing, dry_run, digest, allow, as_json, prices_alone
        )
    raise typer.Exit(code)


def undo(
    run: Annotated[str, typer.Argument(help="Number of the run (publisher runs), or last.")],
    over: Annotated[
        list[int] | None,
        typer.Option("--over", help="Also give up what this later run set; may be repeated."),
    ] = None,
    project: ProjectOption = None,
    account: AccountOption = None,
    dry_run: DryRunOption = False,
    digest: DigestOption = None,
    allow: AllowOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Put back what a run changed: the values that the ledger had before it."""
    from publisher.runs import chosen_run
    from publisher.undo import undo_plan

    ws = common.open_project(project, account, None)
    with common.open_ledger(ws) as ledger:
        number = chosen_run(ledger, run)
        plan = undo_plan(ws, ledger, _whole(ws, ledger, None), number, over or ())
        command = f"undo {number}" + "".join(f" --over {r}" for r in over or ())
        nothing = f"Nothing to put back: no value that run {number} set is there any more."
        code = _carry_out(ws, ledger, plan, command, nothing, dry_run, digest, allow, as_json)
    raise typer.Exit(code)


def runs(
    project: ProjectOption = None, as_json: JsonOption = False, debug: DebugOption = False
) -> None:
    """List the runs: when, what was run, and what it wrote."""
    from publisher.runs import runs_document

    ws = common.open_accounts_only(project)
    with common.open_ledger(ws) as ledger:
        document = runs_document(ledger)
    if as_json:
        common.print_json(document)
    else:
        from publisher.price_answers import print_runs

        print_runs(common.console(), document)


def _whole(ws: Workspace, ledger: Ledger, as_of: str | None) -> Plan:
    from publisher.pacing import SystemClock
    from publisher.pipeline import make_plan

    clock = SystemClock()
    return make_plan(ws, ledger, day=common.chosen_day(as_of, clock), now=clock.now())


def _carry_out(
    ws: Workspace,
    ledger: Ledger,
    plan: Plan,
    command: str,
    nothing: str,
    dry_run: bool,
    digest: str | None,
    allow: list[str] | None,
    as_json: bool,
    narrow: Callable[[Plan], Plan] | None = None,
) -> int:
    """Show the plan, and carry it out unless it is only to be shown; returns the exit code.

    With ``narrow``, accounts that follow others come after them, with what it leaves of a plan of then.
    """
    from publisher.outcome import push_document
    from publisher.pacing import SystemClock
    from publisher.pipeline import plan_guards
    from publisher.pipeline import push as carry_out
    from publisher.price_sync import price_document
    from publisher.progress import reporter
    from publisher.saved import allowed_guards, check_saved

    trips = plan_guards(plan, ledger)
    guards = [{"guard": t.guard.value, "account": t.account, "text": t.text} for t in trips]
    document = price_document(plan) | {"guards": guards}
    if not as_json:
        _show(document, nothing)
    if dry_run:
        if as_json:
            common.print_json(document)
        return 0
    check_saved(plan, None, digest, ledger)
    allowed = allowed_guards(allow, named=digest is not None)
    with common.open_studio(ws) as studio, reporter(plan, quiet=as_json) as follow:
        result = carry_out(
            plan,
            ws,
            ledger=ledger,
            studio=studio,
            door=common.open_door(ws, SystemClock()),
            reporter=follow,
            allowed=allowed,
            command=command,
            staged=narrow is not None,
            narrow=narrow or (lambda later: later),
        )
    done = push_document(result)
    if as_json:
        common.print_json(done | {"prices": document["prices"]})
    else:
        from publisher.console import print_push

        print_push(common.console(), done)
        typer.echo(f"run {result.run}; to take it back: publisher undo {result.run}")
    return result.exit_code


def _show(document: Mapping[str, Any], nothing: str) -> None:
    from publisher.console import print_findings, print_guards
    from publisher.price_answers import print_prices
    from publisher.terminal import say

    console = common.console()
    print_prices(console, document, nothing)
    print_findings(console, document["findings"])
    print_guards(console, document["guards"])
    say(console, f"digest {document['digest']}", "dim")
