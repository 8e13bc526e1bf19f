"""channels: what there is, how it is served, and what it says about AI images."""

from __future__ import annotations

import typer

from publisher.cli import common


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(channels)


def channels(
    as_json: common.JsonOption = False,
    debug: common.DebugOption = False,
) -> None:
    """List the channels: mode, transport, AI verdict and the source's date."""
    from publisher.matrix import channel_matrix

    rows = channel_matrix()
    if as_json:
        common.print_json({"channels": rows})
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for head in ("channel", "title", "mode", "transport", "AI images", "seen"):
        table.add_column(head)
    for row in rows:
        table.add_row(
            row["channel"], row["title"], row["mode"], row["transport"], row["ai"], row["seen"]
        )
    common.console().print(table)
