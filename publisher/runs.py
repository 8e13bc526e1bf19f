"""The runs that the ledger remembers: which there were, what they wrote, and which one a person means.

It reads the ledger and writes nothing.
"""

from __future__ import annotations

from typing import Any

from publisher.errors import ConfigError
from publisher.ledger.store import Ledger
from publisher.row import Verb
from publisher.workspace import unknown

LAST = "last"
_WRITES = (Verb.CREATE.value, Verb.UPDATE.value, Verb.WITHDRAW.value)


def chosen_run(ledger: Ledger, text: str) -> int:
    """The run that a person names: its number, or the last one that wrote something. Raises ConfigError."""
    runs = [r.id for r in ledger.runs()]
    if text == LAST:
        wrote = [r for r, found in ledger.writes_of_runs().items() if set(found) & set(_WRITES)]
        if not wrote:
            raise ConfigError("no run has written anything yet", remedy="publisher runs lists them")
        return max(wrote)
    if not text.isdigit() or int(text) not in runs:
        raise unknown("run", text, [str(r) for r in runs[-10:]] + [LAST])
    return int(text)


def runs_document(ledger: Ledger) -> dict[str, Any]:
    """All runs with what they wrote, the latest first."""
    wrote = ledger.writes_of_runs()
    return {
        "runs": [
            {
                "run": run.id,
                "command": run.kind,
                "at": run.at.isoformat(),
                "ended": run.ended_at.isoformat() if run.ended_at is not None else None,
                "exit_code": int(run.outcome) if run.outcome.isdigit() else None,
                "writes": wrote.get(run.id, {}),
            }
            for run in reversed(ledger.runs())
        ]
    }
