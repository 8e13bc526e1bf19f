"""Bundles and the accounts that have to do with them: who hosts the archives, and who links to them.

Data only: what a push of bundles covers. It writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from publisher.errors import ConfigError
from publisher.followers import followed
from publisher.manifest.item import ItemKind
from publisher.observe import Account
from publisher.retire import keeps_replaced
from publisher.workspace import Workspace


def hosts(accounts: Sequence[Account]) -> list[Account]:
    """The accounts that hold archives which others may link to."""
    return [a for a in accounts if keeps_replaced(a)]


def bundle_workspace(ws: Workspace) -> Workspace:
    """The project with its bundles only, for their hosts and those who list them as a host has them.

    Raises ConfigError when no account hosts bundles.
    """
    holding = {a.name for a in hosts(ws.accounts)}
    if not holding:
        raise ConfigError(
            "no account of this project hosts bundles",
            remedy="add one to publisher.toml, such as [accounts.packs] with a channel that does (publisher channels)",
        )
    chosen = tuple(a for a in ws.accounts if a.name in holding or followed(a) in holding)
    items = tuple(i for i in ws.items if i.kind is ItemKind.BUNDLE)
    return replace(ws, accounts=chosen, items=items)
