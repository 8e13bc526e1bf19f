"""The program ``publisher``: its commands, and the one place where an error becomes words and an exit code.

Heavy modules are imported inside the commands, so that ``--help`` starts like a small tool.
"""

from __future__ import annotations

import gc
import json
import sys
from typing import Annotated

import typer

from publisher import __version__
from publisher.cli import (
    accounts,
    audits,
    bundles,
    drift,
    ledger,
    pictures,
    plans,
    projects,
    rehearsals,
    sync,
)
from publisher.errors import ConfigError, ManifestError, PublisherError

app = typer.Typer(
    name="publisher",
    help="One manifest, every storefront: publish images everywhere they are allowed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"publisher {__version__}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """One manifest, every storefront."""


for group in (
    projects,
    plans,
    ledger,
    drift,
    sync,
    bundles,
    audits,
    accounts,
    pictures,
    rehearsals,
):
    group.register(app)


def run() -> None:
    """Entry point of the console script: run a command and turn an error into a sentence."""
    # Loading modules makes objects that stay; looking through them again and again is a tenth of a start.
    gc.set_threshold(50_000, 20, 50)
    try:
        # Outside its standalone mode the framework hands typer.Exit back as a number.
        code = app(standalone_mode=False)
    except PublisherError as error:
        raise SystemExit(tell(error)) from None
    except typer.Exit as done:
        raise SystemExit(done.exit_code) from None
    except typer.Abort:
        sys.stderr.write("stopped\n")
        raise SystemExit(130) from None
    except KeyboardInterrupt:
        sys.stderr.write("stopped; run it again to go on\n")
        raise SystemExit(130) from None
    except BrokenPipeError:
        raise SystemExit(141) from None
    except Exception as error:
        usage = getattr(error, "exit_code", None)
        if usage is not None and hasattr(error, "show"):
            error.show()
            raise SystemExit(usage) from None
        if "--debug" in sys.argv:
            raise
        sys.stderr.write(
            f"error: the program failed ({type(error).__name__}: {error})\n"
            "remedy: run it again with --debug and report what it prints\n"
        )
        raise SystemExit(1) from None
    raise SystemExit(code if isinstance(code, int) else 0)


def tell(error: PublisherError) -> int:
    """Print an error for a person, and as a document when ``--json`` was asked for."""
    problems = (
        getattr(error, "problems", ()) if isinstance(error, (ConfigError, ManifestError)) else ()
    )
    out = sys.stderr
    out.write(f"error: {_plain(error.sentence)}\n")
    if len(problems) > 1 or (problems and problems[0] not in error.sentence):
        for problem in problems:
            out.write(f"  {_plain(problem)}\n")
    if error.remedy:
        out.write(f"remedy: {_plain(error.remedy)}\n")
    if "--debug" in sys.argv:
        import traceback

        out.write(f"{error.detail}\n")
        traceback.print_exception(error, file=out)
    if "--json" in sys.argv:
        document = {
            "error": {
                "class": type(error).__name__,
                "sentence": error.sentence,
                "remedy": error.remedy,
                "problems": list(problems),
            }
        }
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    return error.exit_code


def _plain(text: str) -> str:
    """Text without control characters: a file name must not steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
