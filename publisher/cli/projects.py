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
    debug: common.DebugOption = False,
) -> None:
    """Make a project that works at once."""
    from publisher.manifest.scaffold import scaffold

    place = project if project is not None else folder
    for path in scaffold(place):
        typer.echo(f"made {path}")
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
