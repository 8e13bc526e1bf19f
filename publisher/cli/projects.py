"""init and schema: starting a project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from publisher.cli import common


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(init)
    app.command()(schema)


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make the project in.")] = Path(),
    project: Annotated[
        Path | None, typer.Option("--project", help="The same, as an option.")
    ] = None,
    from_files: Annotated[
        Path | None,
        typer.Option(
            "--from-files",
            help="Draft the manifest from the pictures in this folder, from what they say of themselves.",
        ),
    ] = None,
    debug: common.DebugOption = False,
) -> None:
    """Make a project that works at once, with an example or from a folder of pictures."""
    from publisher.manifest.scaffold import scaffold

    place = project if project is not None else folder
    if from_files is not None:
        _from_files(place, from_files)
        return
    for path in scaffold(place):
        typer.echo(f"made {path}")
    typer.echo(f"next: publisher check --project {place}")


def _from_files(place: Path, source: Path) -> None:
    from publisher.intake import begin_from_files

    begun = begin_from_files(place, source)
    for path in begun.written:
        typer.echo(f"made {path}")
    for remark in begun.remarks:
        typer.echo(f"note: {remark}", err=True)
    typer.echo(f"described {begun.pictures} pictures; look at every text and complete it")
    typer.echo(f"next: publisher check --project {place}")


def schema(
    env: Annotated[bool, typer.Option("--env", help="Print .env.example instead.")] = False,
    debug: common.DebugOption = False,
) -> None:
    """Print the manifest's JSON Schema, for editors."""
    if env:
        from publisher.environment import env_example

        typer.echo(env_example(), nl=False)
        return
    from publisher.manifest.schema import json_schema

    common.print_json(json_schema())
