"""media inspect: what a picture file is, what it carries, who takes it, and what would be changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from publisher.cli import common
from publisher.cli.common import DayOption, DebugOption, JsonOption


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    media = typer.Typer(help="Look at picture files.", no_args_is_help=True, rich_markup_mode=None)
    media.command()(inspect)
    media.callback()(_media)
    app.add_typer(media, name="media")


def _media() -> None:
    """Look at picture files."""


def inspect(
    files: Annotated[list[Path], typer.Argument(help="Picture files to look at.", metavar="FILE")],
    channel: Annotated[
        list[str] | None, typer.Option("--channel", help="Only this channel; may be repeated.")
    ] = None,
    project: Annotated[
        Path | None, typer.Option("--project", help="A project whose own channels count, too.")
    ] = None,
    as_of: DayOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what a file is, what it carries, which channels take it, and what would be changed."""
    from publisher.discovery import known_rows, load_row
    from publisher.file_report import report, words_of
    from publisher.pacing import SystemClock

    day = common.chosen_day(as_of, SystemClock())
    folder = common.project_folder(project) if project is not None else None
    names = channel or sorted(known_rows(folder))
    document = report(files, [load_row(name, folder) for name in names], day)
    if as_json:
        common.print_json(document)
    else:
        from publisher.terminal import say

        console = common.console()
        for text, style, indent in words_of(document):
            say(console, text, style, indent=indent)
    if any(file["problem"] for file in document["files"]):
        raise typer.Exit(5)
