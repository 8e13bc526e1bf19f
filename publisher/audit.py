"""Everything that is live or prepared, judged by the rules of a day, and what follows from it.

What may not be there any more is withdrawn where the channel has a way to do that; elsewhere it becomes a
task for a person, with the id there and the page to open, which stands in the ledger until it is settled.
It asks no channel, and only ``open_tasks`` writes.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from publisher.admission import waived
from publisher.documents import because_document
from publisher.exclusivity import Conflict, Severity
from publisher.ledger.records import Binding
from publisher.ledger.store import Ledger
from publisher.listing import Because, Status
from publisher.manifest.item import Item
from publisher.observe import Account
from publisher.plan import AccountPlan, Confidence, Plan, PlanItem, Word
from publisher.policy import VerdictWord, by_waiver
from publisher.promises import standing_conflicts
from publisher.row import Verb
from publisher.workspace import Workspace

UNKNOWN = "unknown"
"""The verdict on what nothing can be said about: the manifest or the project does not know it any more."""


class Action(str, Enum):
    """What follows: the program takes it off, a person does, or nothing has to happen."""

    WITHDRAW = "withdraw"
    TASK = "task"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Audited:
    """One binding with its verdict. ``page`` is where a person goes on; "" when that is not known."""

    item: str
    account: str
    remote: str
    verdict: str
    because: tuple[Because, ...]
    action: Action
    page: str = ""
    key: str = ""
    title: str = ""

    @property
    def task(self) -> str:
        """What a person has to do, in words that stay the same from day to day."""
        rule = self.because[0].rule if self.because else "the rules"
        where = f" at {self.page}" if self.page else f" at {self.title}"
        return (
            f"no longer allowed there ({rule}): delete {self.remote}{where}, "
            f"then say: publisher resolve {self.item} {self.account} --as gone"
        )


def audit(ws: Workspace, ledger: Ledger, day: dt.date) -> list[Audited]:
    """Every binding of the workspace's accounts, judged as of ``day``, in the order of account and item."""
    accounts = {a.name: a for a in ws.accounts}
    every = {a.name for a in ws.project.enabled_accounts()}
    wanted = {i.id for i in ws.items}
    standing = ledger.bindings()
    bound = {
        (account, item): binding
        for (account, item), binding in standing.items()
        if item and (account in accounts or account not in every)
        and (item in wanted or item not in ws.known)
    }  # fmt: skip
    conflicts = standing_conflicts(ws, standing, day)
    items = {i.id: i for i in ws.items}
    bench = ws.bench(day)
    found = []
    for (name, item_id), binding in bound.items():
        account, item = accounts.get(name), items.get(item_id)
        if account is None:
            text = f"{name} is no account of this project any more"
            found.append(_unjudged(binding, "no-account", text, None))
        elif item is None:
            text = "it is in no manifest any more, so nothing is known about it"
            found.append(_unjudged(binding, "left-behind", text, account))
        else:
            item = account.drafts(item).item
            verdict = bench.judge(item, account.row, name)
            word, because = verdict.word, verdict.because
            conflict = conflicts.get((name, item_id))
            waiver = _waiver(ws, conflict, item, name, day)
            if waiver is not None:
                because = (*because, waiver)
            elif conflict is not None:
                word, because = _stricter(conflict, word, because)
            found.append(_judged(binding, account, word, because))
    return found


def _waiver(
    ws: Workspace, conflict: Conflict | None, item: Item, account: str, day: dt.date
) -> Because | None:
    """The link of the waiver by which a person lives with it; a broken promise is never waived."""
    if conflict is None or conflict.severity is Severity.DENY:
        return None
    waiver = waived(ws.waivers, conflict.because.rule, item, account, day)
    return by_waiver(waiver) if waiver is not None else None


def _stricter(
    conflict: Conflict, word: VerdictWord, because: tuple[Because, ...]
) -> tuple[VerdictWord, tuple[Because, ...]]:
    """The verdict of the rules and the conflict in one: the strictest decides, and both are told."""
    other = VerdictWord(conflict.severity.value)
    if other.strictness > word.strictness:
        return other, (conflict.because, *because)
    return word, (*because, conflict.because)


def _judged(
    binding: Binding, account: Account, word: VerdictWord, because: tuple[Because, ...]
) -> Audited:
    action = Action.NONE
    if word is VerdictWord.DENY and binding.status is not Status.GONE:
        # A pack is ours to remove; what a person carried from it to a site is not.
        ours = not account.prepares or binding.prepared
        action = Action.WITHDRAW if ours and Verb.WITHDRAW in account.row.can else Action.TASK
    return Audited(
        binding.item, binding.account, binding.remote_id, word.value, because, action,
        binding.url or account.row.page, binding.key, account.row.title,
    )  # fmt: skip


def _unjudged(binding: Binding, rule: str, text: str, account: Account | None) -> Audited:
    page = binding.url or (account.row.page if account is not None else "")
    return Audited(
        binding.item, binding.account, binding.remote_id, UNKNOWN, (Because(rule, text),),
        Action.NONE, page, binding.key,
    )  # fmt: skip


def open_tasks(found: Sequence[Audited], ledger: Ledger, at: dt.datetime) -> int:
    """Give a person what the program cannot do; returns how many tasks are new. Safe to repeat."""
    asked = [a for a in found if a.action is Action.TASK]
    return sum(ledger.assign(a.account, a.item, (a.task,), at, "audit") for a in asked)


def withdrawals(found: Sequence[Audited], ws: Workspace) -> Plan:
    """The plan that takes off what the program can take off; what a person must do stands in it as held."""
    pairs = tuple(_pair(a) for a in found if a.action is not Action.NONE)
    accounts = tuple(
        AccountPlan(a.name, a.row.name, a.row.title, a.mode.value, Confidence.OFFLINE)
        for a in ws.accounts
    )
    return Plan(ws.release, pairs, accounts)


def _pair(found: Audited) -> PlanItem:
    if found.action is Action.WITHDRAW:
        return PlanItem(
            found.item, found.account, Word.WITHDRAW, found.because,
            remote=found.remote, key=found.key, verb=Verb.WITHDRAW,
        )  # fmt: skip
    because = (Because("cannot-withdraw", found.task), *found.because)
    return PlanItem(
        found.item, found.account, Word.HELD, because, remote=found.remote, key=found.key
    )


def audit_document(found: Sequence[Audited], day: dt.date) -> dict[str, Any]:
    """The JSON form of an audit."""
    counts: Mapping[str, int] = Counter(a.action.value for a in found)
    return {
        "as_of": day.isoformat(),
        "items": [
            {
                "item": a.item,
                "account": a.account,
                "remote": a.remote,
                "verdict": a.verdict,
                "because": [because_document(b) for b in a.because],
                "action": a.action.value,
                "page": a.page,
            }
            for a in found
        ],
        "counts": {a.value: counts[a.value] for a in Action if counts[a.value]},
    }
