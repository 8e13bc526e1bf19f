"""Carrying a plan out, the same way for every command that makes one beside ``push``; and its guards as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from publisher.cli import common

if TYPE_CHECKING:
    from publisher.ledger.store import Ledger
    from publisher.outcome import PushResult
    from publisher.plan import Plan
    from publisher.workspace import Workspace


def carried_out(
    ws: Workspace,
    ledger: Ledger,
    plan: Plan,
    *,
    command: str,
    digest: str | None,
    allow: list[str] | None,
    quiet: bool,
    narrow: Callable[[Plan], Plan] | None = None,
) -> PushResult:
    """Carry the plan out when it is the one that ``digest`` names, with the guards that ``allow`` lets pass.

    With ``narrow``, accounts that follow others come after them, with what it leaves of a plan of then.
    Raises StalePlan, UnsafePlan and ConfigError before the first write.
    """
    from publisher.pacing import SystemClock
    from publisher.pipeline import push
    from publisher.progress import reporter
    from publisher.saved import allowed_guards, check_saved

    check_saved(plan, None, digest, ledger)
    allowed = allowed_guards(allow, named=digest is not None)
    with common.open_studio(ws) as studio, reporter(plan, quiet=quiet) as follow:
        return push(
            plan,
            ws,
            ledger=ledger,
            studio=studio,
            door=common.open_door(ws, SystemClock()),
            reporter=follow,
            allowed=allowed,
            command=command,
            staged=narrow is not None,
            narrow=narrow or (lambda later: later),
        )


def told_guards(plan: Plan, ledger: Ledger) -> list[dict[str, str]]:
    """The guards that trip for a plan, as JSON."""
    from publisher.pipeline import plan_guards

    return [
        {"guard": t.guard.value, "account": t.account, "text": t.text}
        for t in plan_guards(plan, ledger)
    ]
