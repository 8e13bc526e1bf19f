"""check, why, plan, preview and push: the straight line as commands."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common
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
    from publisher.outcome import PushResult
    from publisher.plan import Plan
    from publisher.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(check)
    app.command()(why)
    app.command()(plan)
    app.command()(preview)
    app.command()(push)


def check(
    project: ProjectOption = None,
    account: AccountOption = None,
    item: ItemOption = None,
    as_of: DayOption = None,
    accounts: Annotated[
        bool, typer.Option("--accounts", help="Also log in to every account; writes nothing.")
    ] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Check the manifest, and judge every item for every account."""
    from publisher.pacing import SystemClock
    from publisher.verdicts import check_document

    clock = SystemClock()
    ws = common.open_project(project, account, item)
    document = check_document(ws, common.chosen_day(as_of, clock), common.known_bindings(ws))
    worst = 0
    if accounts:
        document["accounts"], worst = _health(ws)
    if as_json:
        common.print_json(document)
    else:
        from publisher.console import print_check

        print_check(common.console(), document)
    raise typer.Exit(worst)


def _health(ws: Workspace) -> tuple[list[dict[str, Any]], int]:
    from publisher.errors import PublisherError
    from publisher.observe import preflight
    from publisher.outcome import error_document
    from publisher.pacing import SystemClock

    answers = preflight(common.open_door(ws, SystemClock()), ws.accounts)
    found = []
    worst = 0
    for name, answer in answers.items():
        sick = isinstance(answer, PublisherError)
        worst = max(worst, answer.exit_code if isinstance(answer, PublisherError) else 0)
        found.append(
            {
                "account": name,
                "healthy": not sick,
                "notes": [] if isinstance(answer, PublisherError) else list(answer.notes),
                "error": error_document(answer if isinstance(answer, PublisherError) else None),
            }
        )
    return found, worst


def why(
    item: Annotated[str, typer.Argument(help="The item's id.")],
    account: Annotated[str, typer.Argument(help="The account's name.")],
    project: ProjectOption = None,
    as_of: DayOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say why an item may or may not go to an account: rule, source and date."""
    from publisher.pacing import SystemClock
    from publisher.verdicts import why_document

    clock = SystemClock()
    ws = common.open_project(project, [account], [item])
    with common.open_ledger(ws) as ledger:
        document = why_document(ws, ledger, common.chosen_day(as_of, clock), clock.now())
    if as_json:
        common.print_json(document)
    else:
        from publisher.console import print_why

        print_why(common.console(), document)


def _planned(ws: Workspace, ledger: Ledger, as_of: str | None) -> Plan:
    from publisher.pacing import SystemClock
    from publisher.pipeline import make_plan

    clock = SystemClock()
    return make_plan(ws, ledger, day=common.chosen_day(as_of, clock), now=clock.now())


def plan(
    project: ProjectOption = None,
    account: AccountOption = None,
    item: ItemOption = None,
    as_of: DayOption = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Save the plan for push --plan.")
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what a push would do, without doing it."""
    from publisher.documents import plan_document
    from publisher.saved import save_plan

    ws = common.open_project(project, account, item)
    with common.open_ledger(ws) as ledger:
        made = _planned(ws, ledger, as_of)
        document = plan_document(made) | {"guards": _guards(made, ledger)}
    if output is not None:
        save_plan(output, document, accounts=account, items=item, as_of=as_of)
    if as_json:
        common.print_json(document)
    else:
        from publisher.console import print_plan

        print_plan(common.console(), document)


def _guards(made: Plan, ledger: Ledger) -> list[dict[str, str]]:
    from publisher.pipeline import plan_guards

    trips = plan_guards(made, ledger)
    return [{"guard": t.guard.value, "account": t.account, "text": t.text} for t in trips]


def preview(
    project: ProjectOption = None,
    account: AccountOption = None,
    item: ItemOption = None,
    as_of: DayOption = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for the pages.")
    ] = None,
    mockup: Annotated[
        list[str] | None,
        typer.Option("--mockup", help="Also show each work as framed-print, t-shirt, mug, ..."),
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write pages that show every account as it will look, for a person to approve."""
    from publisher.pacing import SystemClock
    from publisher.pipeline import plan_guards
    from publisher.preview import write_preview
    from publisher.preview_shots import shots_of

    ws = common.open_project(project, account, item)
    folder = output if output is not None else ws.folder / "preview"
    with common.open_ledger(ws) as ledger, common.open_studio(ws) as studio:
        made = _planned(ws, ledger, as_of)
        thumbnails = {
            i.id: thumb
            for i in ws.items
            if i.masters and (thumb := studio.thumbnail(i.masters[0])) is not None
        }
        index = write_preview(
            folder,
            made,
            rows={a.name: a.row for a in ws.accounts},
            thumbnails=thumbnails,
            release_title=ws.release,
            generated=SystemClock().now(),
            trips=plan_guards(made, ledger),
            project=ws.folder,
            shots=shots_of(made, ws.items, studio, mockup or ()),
        )
    if as_json:
        common.print_json({"index": str(index), "digest": made.digest, "counts": made.counts()})
    else:
        typer.echo(f"preview: {index}")


def push(
    project: ProjectOption = None,
    account: AccountOption = None,
    item: ItemOption = None,
    as_of: DayOption = None,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="Carry out exactly this saved plan, or refuse.")
    ] = None,
    digest: Annotated[
        str | None, typer.Option("--digest", help="Refuse unless the plan has this digest.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option("--allow", help="Let one guard pass, for this digest only.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop when any account is not well.")
    ] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Publish: carry the plan out. Safe to kill and to run again."""
    from publisher.outcome import push_document
    from publisher.pacing import SystemClock
    from publisher.pipeline import push as carry_out
    from publisher.progress import reporter
    from publisher.saved import allowed_guards, check_saved, read_saved

    saved = read_saved(plan_file) if plan_file is not None else None
    if saved is not None:
        account, item, as_of = list(saved.accounts), list(saved.items), saved.as_of
    ws = common.open_project(project, account, item)
    clock = SystemClock()
    with common.open_ledger(ws) as ledger, common.open_studio(ws) as studio:
        made = _planned(ws, ledger, as_of)
        check_saved(made, saved, digest, ledger)
        guards = allowed_guards(allow, named=saved is not None or digest is not None)
        stop = _stop_on_interrupt()
        with reporter(made, quiet=as_json) as follow:
            result = carry_out(
                made,
                ws,
                ledger=ledger,
                studio=studio,
                door=common.open_door(ws, clock),
                reporter=follow,
                allowed=guards,
                strict=strict,
                stop=stop,
                command="push" + "".join(f" --item {i}" for i in item or ()),
                staged=True,
            )
    document = push_document(result)
    report = _report(ws, document)
    if debug:
        _tell_details(ws, result)
    if as_json:
        common.print_json(document)
    else:
        from publisher.console import print_push

        print_push(common.console(), document)
        typer.echo(f"report: {report}")
    raise typer.Exit(result.exit_code)


def _tell_details(ws: Workspace, result: PushResult) -> None:
    """The inner details of every error, for a bug report; secrets are masked."""
    from publisher.settings import redactor

    mask = redactor(ws.folder)
    errors = [*result.problems.values(), *(o.error for o in result.outcomes if o.error)]
    for error in dict.fromkeys(errors):
        if error.detail:
            typer.echo(mask(f"{type(error).__name__}: {error.sentence}\n{error.detail}"), err=True)


def _report(ws: Workspace, document: dict[str, Any]) -> Path:
    from publisher.pacing import SystemClock
    from publisher.report import write_report

    folder = ws.state / "runs" / f"{document['run']:05d}"
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, ensure_ascii=False, indent=2)
    (folder / "push.json").write_text(text, encoding="utf-8")
    return write_report(folder, document, generated=SystemClock().now(), project=ws.folder)


def _stop_on_interrupt() -> threading.Event:
    """The first Ctrl-C stops after the current blocks; the second one at once, which is safe as well."""
    stop = threading.Event()

    def interrupted(_signal: int, _frame: object) -> None:
        if stop.is_set():
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)
        typer.echo("stopping; once more to stop at once", err=True)
        stop.set()

    signal.signal(signal.SIGINT, interrupted)
    return stop
