"""What the ledger says is where, what a person corrects in it, and the plan of a withdrawal.

It reads and writes the ledger and asks no channel.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from publisher.errors import ConfigError, Conflict
from publisher.followers import OPTION, pointed_at
from publisher.ledger.records import Binding
from publisher.ledger.store import Ledger
from publisher.listing import Because, Remote, Status
from publisher.plan import AccountPlan, Confidence, Done, Plan, PlanItem, Word
from publisher.row import Verb
from publisher.workspace import Workspace, unknown

ANSWERS = ("published", "absent", "done", "gone")


def status_document(
    ledger: Ledger, accounts: Collection[str] = (), items: Collection[str] = ()
) -> dict[str, Any]:
    """Every pair that the ledger knows, with its word, its status there and when that was seen."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for (account, item), binding in ledger.bindings().items():
        word = Done.PREPARED if binding.prepared else Done.PUBLISHED
        found[account, item] = {
            "item": item,
            "account": account,
            "word": word.value,
            "status": binding.status.value,
            "remote": binding.remote_id,
            "url": binding.url,
            "at": binding.at.isoformat(),
            "release": binding.release,
            "submitted": bool(binding.submitted),
            "tasks": list(binding.tasks),
        }
    for intent in ledger.unsettled():
        if not intent.item:
            continue
        before = found.get((intent.account, intent.item), {})
        found[intent.account, intent.item] = {
            "item": intent.item,
            "account": intent.account,
            "word": Done.UNKNOWN.value,
            "status": before.get("status", Status.UNKNOWN.value),
            "remote": before.get("remote", ""),
            "url": before.get("url", ""),
            "at": intent.changed_at.isoformat(),
            "release": intent.release,
            "submitted": False,
            "tasks": [
                f"look there, then say: publisher resolve {intent.item} {intent.account} --as ..."
            ],
        }
    shown = [
        row
        for (account, item), row in sorted(found.items())
        if (not accounts or account in accounts) and (not items or item in items)
    ]
    return {"items": shown, "counts": dict(Counter(row["word"] for row in shown))}


def resolve_pair(
    ws: Workspace,
    ledger: Ledger,
    item: str,
    account: str,
    answer: str,
    remote_id: str,
    at: dt.datetime,
) -> str:
    """Write a person's answer into the ledger; returns a sentence on what it means now.

    Raises ConfigError for an answer that does not fit the state of the pair.
    """
    if answer not in ANSWERS:
        raise ConfigError(
            f"{answer!r} is no answer", remedy=f"--as takes one of: {', '.join(ANSWERS)}"
        )
    ws.account(account)
    intent = next((i for i in ledger.unsettled(account) if i.item == item), None)
    binding = ledger.binding(account, item)
    if intent is not None and answer in ("published", "absent"):
        found = None
        if answer == "published":
            found = Remote(remote_id or intent.key, intent.key, Status.SUBMITTED)
        ledger.settle(intent.id, found=found, at=at, by="person")
        said = "is there" if found is not None else "is not there; the next push sends it again"
        return f"{item} at {account} {said}"
    if intent is not None:
        raise Conflict(
            f"the {intent.verb.value} of {item} at {account} has no known outcome",
            remedy="answer that first, with --as published or --as absent",
        )
    if binding is None and answer == "published":
        return _adopt(ws, ledger, item, account, remote_id, at)
    if binding is None:
        raise Conflict(f"the ledger knows nothing of {item} at {account}", remedy="push it first")
    return _about_bound(ws, ledger, binding, answer, remote_id, at)


def _adopt(
    ws: Workspace, ledger: Ledger, item: str, account: str, remote_id: str, at: dt.datetime
) -> str:
    """Bind what a person says is there already; nothing is written to the channel."""
    from publisher.pipeline import make_plan

    plan = make_plan(ws, ledger, day=at.date(), now=at)
    listing = plan.listings.get((item, account))
    if listing is None:
        raise unknown("item", item, [p.item for p in plan.items])
    key = listing.key
    run = ledger.begin_run("resolve", plan.digest, at)
    ledger.adopt(
        run=run,
        account=account,
        item=item,
        key=key,
        remote=Remote(remote_id or key, key, Status.UPLOADED),
        fields=listing.fields,
        release=plan.release,
        at=at,
    )
    ledger.end_run(run, "adopted", at)
    return f"{item} is bound to {remote_id or key} at {account}, as the manifest describes it"


def _about_bound(
    ws: Workspace, ledger: Ledger, bound: Binding, answer: str, remote_id: str, at: dt.datetime
) -> str:
    where = f"{bound.item} at {bound.account}"
    if answer in ("gone", "absent"):
        ledger.release(bound.account, bound.item, at, "a person said that it is gone")
        return f"{where} is forgotten; the next push sends it again"
    if answer == "published":
        ledger.amend(bound.account, bound.item, {}, at, "person")
        ledger.observe(bound.account, bound.item, Status.LIVE, at, remote_id)
        return f"{where} is noted as live"
    from publisher.pipeline import make_plan

    plan = make_plan(ws, ledger, day=at.date(), now=at)
    planned = next((p for p in plan.items if p.item == bound.item), None)
    if planned is None:
        raise unknown("item", bound.item, [p.item for p in plan.items])
    ledger.amend(bound.account, bound.item, {c.field: c.new for c in planned.changes}, at, "person")
    return f"{where}: {len(planned.changes)} changed fields are noted as carried out"


def withdrawal_plan(ws: Workspace, ledger: Ledger, items: Sequence[str]) -> Plan:
    """The plan that takes the items off; where a channel cannot, the pair is held with the row's reason."""
    bindings = ledger.bindings()
    known = {i for _, i in bindings}
    for item in items:
        if item not in known:
            raise unknown("published item", item, known)
    pairs = []
    # Followers that this plan does not cover: what they point to stays.
    outside: dict[str, list[str]] = {}
    named = {a.name for a in ws.accounts}
    for name, other in ws.project.accounts.items():
        if name not in named and OPTION in other.options:
            outside.setdefault(str(other.options[OPTION]), []).append(name)
    for account in ws.accounts:
        for item in items:
            bound = bindings.get((account.name, item))
            if bound is None:
                continue
            can = Verb.WITHDRAW in account.row.can
            reason = account.row.cannot.get(Verb.WITHDRAW, "")
            page = f" ({account.row.page})" if account.row.page else ""
            because = Because("cannot-withdraw", f"{reason}; its id there: {bound.remote_id}{page}")
            pair = PlanItem(
                item,
                account.name,
                Word.WITHDRAW if can else Word.HELD,
                () if can else (because,),
                remote=bound.remote_id,
                key=bound.key,
                verb=Verb.WITHDRAW if can else None,
            )
            others = [n for n in outside.get(account.name, ()) if (n, item) in bindings]
            pairs.append(pointed_at(pair, others[0]) if others and can else pair)
    accounts = tuple(
        AccountPlan(a.name, a.row.name, a.row.title, a.mode.value, Confidence.OFFLINE)
        for a in ws.accounts
    )
    return Plan(ws.release, tuple(pairs), accounts)
