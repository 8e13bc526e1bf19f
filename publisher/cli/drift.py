"""adopt, and status --refresh: what is at the channels already, and what somebody changed there by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common
from publisher.cli.common import (
    AccountOption,
    DebugOption,
    ItemOption,
    JsonOption,
    ProjectOption,
)

if TYPE_CHECKING:
    from publisher.ledger.store import Ledger
    from publisher.refresh import Refreshed
    from publisher.stances import Drift


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(adopt)


def adopt(
    project: ProjectOption = None,
    account: AccountOption = None,
    item: ItemOption = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Save the plan for adopt --plan.")
    ] = None,
    plan_file: Annotated[
        Path | None,
        typer.Option("--plan", help="Bind exactly what this saved plan says, or refuse."),
    ] = None,
    digest: Annotated[
        str | None, typer.Option("--digest", help="Bind the plan with this digest, or refuse.")
    ] = None,
    by_key: Annotated[
        bool, typer.Option("--by-key", help="Only what has our key there; no looking at pictures.")
    ] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what is there already and is not bound; with --plan or --digest, bind it. Writes no channel."""
    from publisher.adopt import adopt as bind
    from publisher.adopt import adoption, check_adoption, only
    from publisher.console import print_plan
    from publisher.documents import plan_document
    from publisher.matching import By
    from publisher.pacing import SystemClock
    from publisher.saved import read_saved, save_plan

    saved = read_saved(plan_file) if plan_file is not None else None
    if saved is not None:
        account, item, digest = list(saved.accounts), list(saved.items), saved.digest
    ws = common.open_project(project, account, item)
    clock = SystemClock()
    with common.open_ledger(ws) as ledger:
        found = adoption(ws, ledger, common.open_door(ws, clock), clock.now())
        found = only(found, [By.KEY]) if by_key else found
        document = plan_document(found.plan) | {"guards": [], "seen": dict(found.seen)}
        if digest is not None:
            check_adoption(found, digest)
            document |= {"run": bind(found, ledger, clock.now()), "adopted": len(found.matches)}
    if output is not None:
        save_plan(output, document, accounts=account, items=item, as_of=None)
    if as_json:
        common.print_json(document)
        return
    print_plan(common.console(), document)
    if digest is not None:
        typer.echo(f"{len(found.matches)} bound; the next plan shows what differs")
    elif found.matches:
        typer.echo(f"to bind these: publisher adopt --digest {found.plan.digest[:12]}")


def refreshed(
    project: Path | None,
    accounts: Sequence[str] | None,
    items: Sequence[str] | None,
    keep: str | None,
    fields: Sequence[str] | None,
) -> dict[str, Any]:
    """Read the accounts back, decide about the differences when asked to, and tell all of it."""
    from publisher.pacing import SystemClock
    from publisher.refresh import decide, known_stance, refresh

    stance = known_stance(keep) if keep is not None else None
    ws = common.open_project(project, accounts, None)
    clock = SystemClock()
    door = common.open_door(ws, clock)
    with common.open_ledger(ws) as ledger:
        found = refresh(ws.accounts, ledger, door, items or ())
        chosen = [d for d in found.drift if not fields or d.field in fields]
        told: list[str] = []
        if stance is not None and chosen:
            told = decide(chosen, stance, _listings(ws, ledger, clock), ledger, door)
    return _document(found, chosen, told)


def _listings(ws: Any, ledger: Ledger, clock: Any) -> Any:
    from publisher.pipeline import make_plan

    return make_plan(ws, ledger, day=clock.now().date(), now=clock.now()).listings


def _document(found: Refreshed, chosen: Sequence[Drift], told: Sequence[str]) -> dict[str, Any]:
    from publisher.listing import plain
    from publisher.outcome import error_document

    return {
        "drift": [
            {
                "item": d.item,
                "account": d.account,
                "field": d.field,
                "ours": plain(d.ours),
                "theirs": plain(d.theirs),
                "stance": d.stance,
            }
            for d in chosen
        ],
        "read_back": dict(found.looked_at),
        "not_readable": dict(found.skipped),
        "problems": {name: error_document(e) for name, e in found.problems.items()},
        "decided": list(told),
    }


def worst(document: dict[str, Any]) -> int:
    """7 when an account gave no answer, else 0: drift is no failure."""
    return 7 if document["problems"] else 0


def print_drift(document: dict[str, Any]) -> None:
    """The differences as lines for a person."""
    for name, reason in document["not_readable"].items():
        typer.echo(f"{name}: not read back, {reason}")
    for name, problem in document["problems"].items():
        typer.echo(f"{name}: {problem['sentence']}")
    for each in document["drift"]:
        stance = f" (decided: {each['stance']})" if each["stance"] else ""
        typer.echo(
            f"{each['item']} at {each['account']}: {each['field']} was {each['ours']!r}, "
            f"there it is {each['theirs']!r}{stance}"
        )
    for text in document["decided"]:
        typer.echo(text)
    pairs = sum(document["read_back"].values())
    if document["drift"] and not document["decided"]:
        typer.echo("decide with --keep mine, --keep theirs or --keep ignore (and --field, --item)")
    typer.echo(f"{pairs} pairs read back, {len(document['drift'])} differences")
