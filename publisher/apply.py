"""Carries a plan out: preflight of all accounts, then one lane per account, each in its own thread.

A sick account is set aside with its reason and the rest goes on, unless the run is strict. Nothing here
knows what a write is; that is the lanes' work.
"""

from __future__ import annotations

import threading
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from publisher.engine.desk import Desk, Reporter
from publisher.engine.lane import Lane
from publisher.errors import PublisherError
from publisher.followers import waits_for_source
from publisher.ledger.store import Ledger
from publisher.listing import FileRequest
from publisher.media.studio import Studio
from publisher.observe import Account, Door, missing_settings, preflight
from publisher.outcome import Outcome, PushResult, at_rest, failed
from publisher.plan import ACTIVE, Plan
from publisher.row import Verb


def busy_accounts(plan: Plan, accounts: Sequence[Account], ledger: Ledger) -> list[Account]:
    """The accounts that a push of this plan would open, those that wait for another one included."""
    names = {i.account for i in plan.active()} | {s.account for s in plan.submissions}
    names |= {i.account for i in plan.items if waits_for_source(i)}
    names |= {i.account for i in ledger.unsettled()}
    return [a for a in accounts if a.name in names]


@dataclass(frozen=True)
class Hands:
    """What carrying out takes: the ledger, the maker of pictures, the door to accounts, and who follows it."""

    ledger: Ledger
    studio: Studio
    door: Door
    reporter: Reporter
    stop: threading.Event


def preflighted(
    plan: Plan, accounts: Sequence[Account], hands: Hands, *, strict: bool = False
) -> dict[str, PublisherError]:
    """The accounts that are not well, with the reason; nothing is written yet.

    Raises ConfigError when settings are missing, and with ``strict`` the first sick account's error.
    """
    busy = busy_accounts(plan, accounts, hands.ledger)
    missing_settings(hands.door, busy)
    answers = preflight(hands.door, busy)
    sick = {name: a for name, a in answers.items() if isinstance(a, PublisherError)}
    if strict and sick:
        raise next(iter(sick.values()))
    return sick


def carry_out(
    plan: Plan,
    accounts: Sequence[Account],
    hands: Hands,
    run: int,
    aside: Mapping[str, PublisherError],
) -> PushResult:
    """Carry out the plan for these accounts, except those set ``aside``; every trouble stands in the result."""
    busy = busy_accounts(plan, accounts, hands.ledger)
    sick = {a.name: aside[a.name] for a in accounts if a.name in aside}
    desk = Desk(plan, run, hands.ledger, hands.studio, hands.door, hands.reporter, hands.stop)
    lanes = {a.name: Lane(desk, a) for a in busy if a.name not in sick}
    # Said beforehand, so that the pictures of one master are made of one decode for all accounts.
    hands.studio.expect(_files(plan, lanes))
    _run(lanes.values())
    return PushResult(
        plan=plan,
        run=run,
        outcomes=tuple(_outcomes(plan, lanes, sick)),
        problems={**sick, **{n: x.problem for n, x in lanes.items() if x.problem is not None}},
        tasks={name: lane.tasks for name, lane in lanes.items() if lane.tasks},
    )


def _files(plan: Plan, accounts: Container[str]) -> Iterator[FileRequest]:
    for planned in plan.active():
        if planned.account in accounts and planned.verb is not Verb.WITHDRAW:
            yield from plan.listings[planned.item, planned.account].files


def _run(lanes: Iterable[Lane]) -> None:
    threads = [threading.Thread(target=lane.run, name=lane.account.name) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            # A bare join would keep Ctrl-C from being seen until the lane ends.
            thread.join(0.2)


def _outcomes(
    plan: Plan, lanes: Mapping[str, Lane], sick: Mapping[str, PublisherError]
) -> list[Outcome]:
    found: list[Outcome] = []
    for planned in plan.items:
        if planned.word not in ACTIVE:
            found.append(at_rest(planned))
        elif planned.account in sick:
            found.append(failed(planned, sick[planned.account]))
        else:
            found.append(lanes[planned.account].outcomes[planned.item])
    return found
