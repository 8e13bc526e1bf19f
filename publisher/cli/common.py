"""What the commands share: their options, the opening of a project, and the printing of one document."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from publisher.ledger.records import Binding, Pair
    from publisher.ledger.store import Ledger
    from publisher.media.signing import Signatory
    from publisher.media.studio import Studio
    from publisher.observe import Door
    from publisher.pacing import Clock
    from publisher.workspace import Workspace

ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", help="The project's folder; the default is here or above."),
]
AccountOption = Annotated[
    list[str] | None, typer.Option("--account", help="Only this account; may be repeated.")
]
ItemOption = Annotated[
    list[str] | None, typer.Option("--item", help="Only this item; may be repeated.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Print tracebacks.")]
DayOption = Annotated[
    str | None,
    typer.Option("--as-of", help="Judge by the rules in force on this day (YYYY-MM-DD)."),
]


def project_folder(given: Path | None) -> Path:
    """The project to work in. Raises ConfigError when there is none."""
    from publisher.errors import ConfigError
    from publisher.manifest.project import FILE_NAME, find_project

    if given is None:
        return find_project(Path.cwd())
    if not (given / FILE_NAME).is_file():
        raise ConfigError(
            f"there is no {FILE_NAME} in {given}", remedy="make a project with publisher init"
        )
    return given.absolute()


def chosen_day(given: str | None, clock: Clock) -> dt.date:
    """The day whose rules count. Raises ConfigError for what is no date."""
    from publisher.errors import ConfigError

    if given is None:
        return clock.now().date()
    try:
        return dt.date.fromisoformat(given)
    except ValueError:
        raise ConfigError(f"{given!r} is not a date", remedy="write it as 2023-05-16") from None


def open_project(
    project: Path | None, accounts: Sequence[str] | None = None, items: Sequence[str] | None = None
) -> Workspace:
    """Open the project that the options name."""
    from publisher.workspace import open_workspace

    folder = project_folder(project)
    return open_workspace(folder, accounts=accounts or (), items=items or ())


@contextmanager
def open_ledger(ws: Workspace) -> Iterator[Ledger]:
    """The project's ledger; secrets of its accounts are kept out of it."""
    from publisher.ledger.store import Ledger
    from publisher.settings import redactor

    url = ws.settings.database_url
    place: Path | str = ws.state / "ledger.sqlite" if url is None else url.get_secret_value()
    with Ledger.open(place, redact=redactor(ws.folder)) as ledger:
        yield ledger


def known_bindings(ws: Workspace) -> Mapping[Pair, Binding]:
    """What the ledger has bound; nothing when there is no ledger yet, which is not made for a question."""
    if ws.settings.database_url is None and not (ws.state / "ledger.sqlite").exists():
        return {}
    with open_ledger(ws) as ledger:
        return ledger.bindings()


def open_door(ws: Workspace, clock: Clock) -> Door:
    """What it takes to open sessions in this project."""
    from publisher.observe import Door
    from publisher.render import renderer

    return Door(ws.folder, ws.outbox, ws.release, clock, renderer(ws.folder), state=ws.state)


@contextmanager
def open_studio(ws: Workspace) -> Iterator[Studio]:
    """The maker of renditions, with the project's cache."""
    from publisher.media.motif_index import MotifIndex
    from publisher.media.studio import Studio
    from publisher.render import renderer

    signatory = None
    if ws.settings.c2pa_certificate is not None or ws.settings.c2pa_key is not None:
        signatory = _signatory(ws)
    studio = Studio(
        ws.state / "cache",
        renderer(ws.folder),
        cache_bytes=ws.settings.cache_bytes,
        workers=ws.settings.workers,
        memory=ws.settings.memory_bytes,
        signatory=signatory,
        motifs=MotifIndex(ws.state / "cache", workers=ws.settings.workers),
    )
    try:
        yield studio
    finally:
        studio.close()


def _signatory(ws: Workspace) -> Signatory:
    """Who signs. Raises ConfigError when the settings, the files or the package are not there."""
    from publisher.errors import ConfigError
    from publisher.media.signing import signatory
    from publisher.pacing import SystemClock

    settings = ws.settings
    if settings.c2pa_certificate is None or settings.c2pa_key is None:
        raise ConfigError(
            "Content credentials need a certificate and its key.",
            remedy="set both PUBLISHER_C2PA_CERTIFICATE and PUBLISHER_C2PA_KEY, or neither",
        )
    secret = settings.c2pa_passphrase
    return signatory(
        ws.folder / settings.c2pa_certificate,
        ws.folder / settings.c2pa_key,
        now=SystemClock().now(),
        passphrase=secret.get_secret_value() if secret is not None else None,
    )


def print_json(document: Mapping[str, Any]) -> None:
    """One document on stdout, and nothing else there."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def console() -> Console:
    """A console on stdout; colours go away when it is no terminal or NO_COLOR is set."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def open_accounts_only(project: Path | None) -> Workspace:
    """The project without its manifests: the ledger can be read even when a manifest is broken."""
    from publisher.manifest.project import load_project
    from publisher.settings import PublisherSettings
    from publisher.workspace import Workspace, state_folder

    folder = project_folder(project)
    settings = PublisherSettings()
    loaded = load_project(folder)
    return Workspace(loaded, state_folder(folder, settings), loaded.name, (), (), settings=settings)
