"""The ledger: what was intended, sent, confirmed and observed, and what is bound where.

Importing this package is cheap; the database library is loaded when ``Ledger`` is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from publisher.ledger.bind import fold
    from publisher.ledger.records import (
        Binding,
        Event,
        EventKind,
        Intent,
        IntentState,
        Run,
        SentFile,
    )
    from publisher.ledger.store import Ledger

_HOMES = {
    "Ledger": "store",
    "fold": "bind",
    "Binding": "records",
    "Event": "records",
    "EventKind": "records",
    "Intent": "records",
    "IntentState": "records",
    "Run": "records",
    "SentFile": "records",
}

__all__ = [
    "Binding",
    "Event",
    "EventKind",
    "Intent",
    "IntentState",
    "Ledger",
    "Run",
    "SentFile",
    "fold",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
