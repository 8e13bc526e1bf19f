"""What ``check`` and ``why`` report: the verdict of every pair with the whole chain behind it. No channel is asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from publisher.admission import UNSTATED, acting, gated, waived
from publisher.compose import compose
from publisher.documents import because_document, finding_document, item_document, plain_action
from publisher.exclusivity import Severity
from publisher.inspection import inspect
from publisher.ledger.records import Binding, Pair
from publisher.ledger.store import Ledger
from publisher.listing import Finding, Level
from publisher.manifest.item import Item
from publisher.observe import Account
from publisher.pipeline import make_plan
from publisher.plan import PlanItem, Word
from publisher.policy import Bench, Verdict, VerdictWord
from publisher.promises import plan_conflicts
from publisher.workspace import Workspace

_WORDS = {VerdictWord.HOLD: Word.HELD, VerdictWord.DENY: Word.DENIED}
_STOPS = {Severity.HOLD: "holds", Severity.DENY: "denies"}


def check_document(
    ws: Workspace, day: dt.date, bindings: Mapping[Pair, Binding] = MappingProxyType({})
) -> dict[str, Any]:
    """Every pair's verdict, and every finding with its file and line.

    The verdict is about one item and one account. What pairs do to each other, such as a promise that one of
    them would break, is a finding here and a word in the plan.
    """
    items: list[dict[str, Any]] = []
    findings: list[Finding] = list(ws.findings)
    pairs: list[PlanItem] = []
    bench = ws.bench(day)
    moment = dt.datetime.combine(day, dt.time(), dt.UTC)
    for account in ws.accounts:
        for item in ws.items:
            verdict = _verdict(ws, item, account, bench)
            items.append(_verdict_document(item, account, verdict))
            findings += _findings(item, account, verdict, moment)
            pairs.append(PlanItem(item.id, account.name, _WORDS.get(verdict.word, Word.CREATE)))
    bench.save()
    findings += _promises(ws, pairs, bindings, day)
    return {
        "release": ws.release,
        "as_of": day.isoformat(),
        "items": items,
        "findings": [finding_document(f) for f in dict.fromkeys(findings)],
    }


def _promises(
    ws: Workspace, pairs: Sequence[PlanItem], bindings: Mapping[Pair, Binding], day: dt.date
) -> list[Finding]:
    """What a plan will deny or hold because of a promise, or of a second route to one channel."""
    items = {item.id: item for item in ws.items}
    found = []
    for (account, name), conflict in plan_conflicts(ws, pairs, bindings, day).items():
        item, rule = items[name], conflict.because.rule
        waiver = waived(ws.waivers, rule, item, account, day)
        if waiver is not None and conflict.severity is Severity.HOLD:
            found.append(acting(waiver, item, account))
            continue
        found.append(
            Finding(
                Level.WARNING,
                f"{conflict.because.text}: the plan {_STOPS[conflict.severity]} it",
                f"publisher plan --item {name}",
                item.file,
                item.line,
                name,
                account,
                rule,
            )
        )
    return found


def _verdict(ws: Workspace, item: Item, account: Account, bench: Bench) -> Verdict:
    """What the row says of the item, and of the account."""
    item = account.drafts(item).item
    return gated(
        bench.judge(item, account.row, account.name),
        item,
        account.row,
        account=account.name,
        options=account.options,
        day=bench.day,
        waivers=ws.waivers,
    )


def _verdict_document(item: Item, account: Account, verdict: Verdict) -> dict[str, Any]:
    return {
        "item": item.id,
        "account": account.name,
        "channel": account.row.name,
        "verdict": verdict.word.value,
        "actions": [plain_action(a) for a in verdict.actions],
        "because": [because_document(b) for b in verdict.because],
        "missing": list(verdict.missing),
    }


def _findings(item: Item, account: Account, verdict: Verdict, at: dt.datetime) -> list[Finding]:
    drafts = account.drafts(item)
    item = drafts.item
    copy = compose(item, account.row, account.name, verdict, account.options)
    priced = account.pricing.offer(item, account.name, at)
    listing = account.channel.to_listing(item, priced.offer, copy)
    found = [*drafts.findings, *priced.findings, *listing.findings, *inspect(item, listing)]
    found += account.channel.validate(listing)
    if verdict.word.value == "deny":
        # Advice on the text is of no use where the item may not go; a broken master always is.
        found = [f for f in found if f.code == "master-unusable" and f.level is Level.ERROR]
    return [
        f
        if f.code == UNSTATED
        else Finding(
            f.level,
            f.text,
            f.remedy,
            f.file or item.file,
            f.line or item.line,
            f.item or item.id,
            f.account or account.name,
            f.code,
            f.before,
            f.after,
        )
        for f in [*verdict.findings, *found]
    ]


def why_document(ws: Workspace, ledger: Ledger, day: dt.date, now: dt.datetime) -> dict[str, Any]:
    """One pair: its verdict, its word in a plan, its text, what the ledger knows, and its history."""
    account, item = ws.accounts[0], ws.items[0]
    verdict = _verdict(ws, item, account, ws.bench(day))
    plan = make_plan(ws, ledger, day=day, now=now)
    planned = plan.items[0]
    listing = plan.listings[item.id, account.name]
    binding = ledger.binding(account.name, item.id)
    return {
        **_verdict_document(item, account, verdict),
        "title": account.row.title,
        "as_of": day.isoformat(),
        "plan": item_document(planned, planned.word.value),
        "tasks": list(listing.tasks),
        "declarations": [
            {"name": d.name, "mechanism": d.mechanism, "value": d.value}
            for d in listing.declarations
        ],
        "findings": [finding_document(f) for f in plan.findings],
        "bound": None
        if binding is None
        else {
            "remote": binding.remote_id,
            "status": binding.status.value,
            "at": binding.at.isoformat(),
            "tasks": list(binding.tasks),
        },
        "history": [
            {"at": e.at.isoformat(), "event": e.kind.value, "run": e.run}
            for e in ledger.events(item=item.id, account=account.name)
        ],
    }
