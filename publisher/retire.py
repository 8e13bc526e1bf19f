"""Takes away what updates put out of use, once nobody can miss it: after a grace time, and with no link left.

A link that a shop shows never points at a missing file: what any binding of the ledger still names stays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from publisher.channel import Replaced, Session
from publisher.errors import ConfigError
from publisher.ledger.store import Ledger
from publisher.observe import Account, Door

OPTION = "retire_after_days"
USUAL_DAYS = 7


@dataclass(frozen=True, slots=True)
class Retired:
    """What became of something out of use: taken away, or kept with the reason and the day it may go."""

    account: str
    key: str
    url: str
    gone: bool
    reason: str = ""
    until: dt.datetime | None = None


def keeps_replaced(account: Account) -> bool:
    """Whether something may lie there that is out of use."""
    kind = account.channel.SessionType
    return not account.prepares and kind.replaced is not Session.replaced


def grace(account: Account) -> dt.timedelta:
    """How long what was replaced stays. Raises ConfigError for what is no number of days."""
    days = account.options.get(OPTION, USUAL_DAYS)
    if isinstance(days, bool) or not isinstance(days, (int, float)) or days < 0:
        raise ConfigError(
            f"accounts.{account.name}.{OPTION} is no number of days",
            remedy=f"write it like {OPTION} = {USUAL_DAYS}",
        )
    return dt.timedelta(days=days)


def retire(
    accounts: Sequence[Account], ledger: Ledger, door: Door, *, dry_run: bool = False
) -> list[Retired]:
    """Look at every account that keeps replaced files, and take away what may go.

    Raises Busy while another run has an account, and what the channel raises.
    """
    found: list[Retired] = []
    for account in (a for a in accounts if keeps_replaced(a)):
        waits = grace(account)
        with (
            ledger.lock(account.name, door.clock.now()),
            account.channel.session(door.context(account)) as session,
        ):
            linked = dict(_links(ledger, besides=account.name))
            for each in list(session.replaced()):
                answer = _judge(account, each, linked, each.at + waits, door.clock.now())
                if answer.gone and not dry_run:
                    session.drop(each)
                found.append(answer)
    return found


def _judge(
    account: Account,
    each: Replaced,
    linked: dict[str, str],
    until: dt.datetime,
    now: dt.datetime,
) -> Retired:
    if each.url in linked:
        text = f"{linked[each.url]} still links to it"
        return Retired(account.name, each.key, each.url, False, text)
    if until > now:
        text = f"buyers may have its link until {until:%Y-%m-%d}"
        return Retired(account.name, each.key, each.url, False, text, until)
    return Retired(account.name, each.key, each.url, True)


def _links(ledger: Ledger, besides: str) -> Iterator[tuple[str, str]]:
    """Every address that the other accounts' bindings name, and by whom."""
    for (account, item), binding in ledger.bindings().items():
        if account == besides:
            continue
        for value in binding.fields.values():
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and "://" in text:
                    yield text, f"{item} at {account}"
