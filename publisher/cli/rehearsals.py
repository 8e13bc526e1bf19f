"""rehearse and sandbox: the whole release against stand-ins on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from publisher.cli import common


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(rehearse)
    app.command()(sandbox)


def rehearse(
    project: common.ProjectOption = None,
    account: common.AccountOption = None,
    chaos: Annotated[
        int, typer.Option("--chaos", min=0, help="Kill the push so many times before it may end.")
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the random moments.")] = 1,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the state of an earlier rehearsal.")
    ] = False,
    as_json: common.JsonOption = False,
    debug: common.DebugOption = False,
) -> None:
    """Publish to local sandboxes, plan again, and compare with the sandboxes' own books."""
    from publisher.rehearsal import rehearse as run

    folder = common.project_folder(project)
    say = (lambda _text: None) if as_json else (lambda text: typer.echo(text))
    result = run(folder, accounts=account or [], chaos=chaos, seed=seed, keep=keep, say=say)
    if as_json:
        common.print_json(result.document())
    else:
        for difference in result.differences:
            typer.echo(f"differs: {difference}", err=True)
        typer.echo(result.summary())
        typer.echo(f"report: {result.report}")
    raise typer.Exit(result.exit_code)


def sandbox(
    project: common.ProjectOption = None,
    account: common.AccountOption = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where the sandboxes keep their files.")
    ] = None,
    debug: common.DebugOption = False,
) -> None:
    """Run the sandboxes until standard input closes; prints the settings that point accounts at them."""
    from publisher.manifest.project import load_project
    from publisher.rehearsal import Sandboxes
    from publisher.workspace import open_accounts

    place = common.project_folder(project)
    accounts = open_accounts(load_project(place), account or [])
    with Sandboxes(accounts, folder or place / "rehearsal" / "sandboxes") as boxes:
        typer.echo(json.dumps(boxes.environment(), indent=2))
        sys.stdout.flush()
        sys.stdin.read()
