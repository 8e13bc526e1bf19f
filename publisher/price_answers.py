"""Prices and runs for a person at a terminal, made from the documents of ``--json``. Nothing here decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from publisher.terminal import WORD_SIGNS, clean, say, style_of, text_of

if TYPE_CHECKING:
    from rich.console import Console

RUNS = 20
"""Runs that the table shows; ``--json`` has them all."""


def print_prices(console: Console, document: Mapping[str, Any], nothing: str) -> None:
    """What changes: old, new and per cent, a line for each field; held pairs with their reason.

    ``nothing`` is the sentence for a plan without any change.
    """
    from rich.table import Table

    lines = document["prices"]
    table = Table(box=None, pad_edge=False)
    for head in ("", "item", "account", "field"):
        table.add_column(head, overflow="fold")
    for head in ("old", "new", "%"):
        table.add_column(head, justify="right", overflow="fold")
    for line in lines:
        table.add_row(
            text_of(WORD_SIGNS.get(line["word"], " "), style_of(line["word"])),
            *(text_of(line[k]) for k in ("item", "account", "field")),
            *(text_of(_value(line[k])) for k in ("old", "new")),
            text_of(_signed(line["percent"])),
        )
    if lines:
        console.print(table)
    else:
        say(console, nothing, "green")
    for item in document["items"]:
        if item["word"] == "held":
            reason = (item["because"] or [{"text": "no reason is recorded"}])[0]["text"]
            text = f"! held  {item['item']} on {item['account']}: {reason}"
            say(console, text, style_of("held"))
    console.print()


def print_runs(console: Console, document: Mapping[str, Any]) -> None:
    """The latest runs: number, when, what was run, and what it wrote."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for head in ("run", "at (UTC)", "command", "wrote", "exit code"):
        table.add_column(head, overflow="fold")
    for run in document["runs"][:RUNS]:
        wrote = ", ".join(f"{n} {verb}" for verb, n in run["writes"].items()) or "nothing"
        code = "did not end" if run["exit_code"] is None else str(run["exit_code"])
        table.add_row(
            str(run["run"]),
            text_of(run["at"][:19].replace("T", " ")),
            text_of(run["command"]),
            text_of(wrote),
            text_of(code),
        )
    if document["runs"]:
        console.print(table)
    else:
        say(console, "No run has been recorded yet.", "dim")


def _value(value: object) -> str:
    if value is None:
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _signed(percent: float | None) -> str:
    return clean(f"{percent:+.1f}") if percent is not None else ""
