"""Findings about what is at a channel already: no longer allowed, taken away by hand, no longer in a manifest.

Data only; nothing is done about any of it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from publisher.admission import UNSTATED
from publisher.ledger.records import Binding
from publisher.listing import Finding, Level
from publisher.manifest.item import Item
from publisher.observe import Account
from publisher.workspace import Workspace


def live_but_denied(item: Item, account: Account, bound: Binding) -> Finding:
    """What is there, but no longer allowed."""
    return Finding(
        Level.WARNING,
        f"{item.id} is at {account.row.title} as {bound.remote_id}, but is no longer allowed there",
        f"publisher withdraw {item.id} --account {account.name}",
        code="live-but-denied",
    )


def gone_by_hand(item: Item, account: Account) -> Finding:
    """What somebody else took away there."""
    return Finding(
        Level.WARNING,
        f"{item.id} was taken away at {account.row.title} by somebody else",
        f"to make it again: publisher status --refresh --keep mine --item {item.id} --account {account.name}",
        code="gone-by-hand",
    )


def left_behind(ws: Workspace, bindings: Mapping[tuple[str, str], Binding]) -> list[Finding]:
    """What is bound, but no longer in a manifest: it is never withdrawn by leaving it out."""
    names = {a.name for a in ws.accounts}
    return [
        Finding(
            Level.NOTICE,
            f"{item} is at {account}, but no longer in the manifest",
            f"publisher withdraw {item} --account {account}",
            item=item,
            account=account,
            code="left-behind",
        )
        for account, item in bindings
        if account in names and item not in ws.known
    ]


def placed(finding: Finding, item: Item, account: Account) -> Finding:
    """The finding at its place in the manifest; one that is about the account as a whole has none there."""
    if finding.code == UNSTATED:
        return finding
    return replace(
        finding,
        item=finding.item or item.id,
        account=finding.account or account.name,
        file=finding.file or item.file,
        line=finding.line or item.line,
    )
