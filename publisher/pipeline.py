"""The straight line, on one page: manifest to verdict to listing to findings to changes to plan to report.

Every (item, account) pair goes down the same line and comes out with one word. Planning asks the ledger and
never a channel; only ``push`` opens sessions, and only through ``apply``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from publisher.compose import compose
from publisher.decide import Bound, Open, broken, decide
from publisher.engine.batch import batch_digest
from publisher.errors import Rejected, UnsafePlan
from publisher.guards import Guard, Trip, guards
from publisher.inspection import inspect, key_clashes
from publisher.ledger.records import Binding, Intent
from publisher.listing import Because, Finding, Level, Listing
from publisher.manifest.item import Item
from publisher.observe import Account, Door
from publisher.outcome import Outcome, PushResult
from publisher.pacing import LONGEST_PAUSE, LOOK_BACK, Schedule, quota_windows
from publisher.plan import AccountPlan, Confidence, Done, Plan, PlanItem, Submission, Word
from publisher.policy import judge, quotas_for
from publisher.row import Verb
from publisher.workspace import Workspace

if TYPE_CHECKING:
    import threading

    from publisher.engine.desk import Reporter
    from publisher.ledger.store import Ledger
    from publisher.media.studio import Studio


def make_plan(ws: Workspace, ledger: Ledger, *, day: dt.date, now: dt.datetime) -> Plan:
    """All pairs of the project with what a push would do. Reads the ledger, writes nothing."""
    bindings = ledger.bindings()
    unsettled = {(i.account, i.item): i for i in ledger.unsettled()}
    items: list[PlanItem] = []
    accounts: list[AccountPlan] = []
    findings: list[Finding] = list(ws.findings)
    listings: dict[tuple[str, str], Listing] = {}
    for account in ws.accounts:
        pairs = []
        for item in ws.items:
            pair = (account.name, item.id)
            # The rules of the row that are in force on the day decide whether and how.
            # The item's words are fitted to the account, and the adapter puts them into a listing.
            # The listing is held against the row's limits and the facts of the masters.
            # What we want is held against what the ledger has bound; one word comes out.
            planned, listing, found = _pair(
                ws, account, item, day, bindings.get(pair), unsettled.get(pair)
            )
            pairs.append(planned)
            listings[item.id, account.name] = listing
            findings += found
        # Two items must not share a name there, and a quota may put some of them off.
        pairs, clashing = _without_clashes(pairs, listings)
        pairs, forecast = _with_quotas(account, pairs, ledger, now)
        items += pairs
        findings += clashing
        accounts.append(_account_plan(account, forecast))
    findings += _left_behind(ws, bindings)
    pending = {
        a.name: [b for b in ledger.unsubmitted(a.name) if not b.prepared or a.prepares]
        for a in ws.accounts
        if Verb.SUBMIT in a.row.can
    }
    submissions = tuple(
        Submission(name, tuple(b.item for b in found), batch_digest(found))
        for name, found in pending.items()
        if found
    )
    return Plan(
        release=ws.release,
        items=tuple(items),
        accounts=tuple(accounts),
        findings=tuple(dict.fromkeys(findings)),
        submissions=submissions,
        listings=listings,
    )


def push(
    plan: Plan,
    ws: Workspace,
    *,
    ledger: Ledger,
    studio: Studio,
    door: Door,
    reporter: Reporter,
    allowed: Iterable[Guard] = (),
    strict: bool = False,
    stop: threading.Event | None = None,
) -> PushResult:
    """Carry a plan out. Raises UnsafePlan before the first write when a guard trips that is not allowed."""
    # Planning never needs what can write, so only a push loads it.
    from publisher.apply import apply

    trips = [t for t in plan_guards(plan, ledger) if t.guard not in set(allowed)]
    if trips:
        raise unsafe(plan, trips)
    result = apply(
        plan,
        ws.accounts,
        ledger=ledger,
        studio=studio,
        door=door,
        reporter=reporter,
        strict=strict,
        stop=stop,
    )
    outcomes = tuple(_told(o) for o in result.outcomes)
    return replace(result, outcomes=outcomes)


def _pair(
    ws: Workspace,
    account: Account,
    item: Item,
    day: dt.date,
    bound: Binding | None,
    intent: Intent | None,
) -> tuple[PlanItem, Listing, list[Finding]]:
    row = account.row
    verdict = judge(item, row, day=day, waivers=ws.waivers, account=account.name)
    copy = compose(item, row, account.name, verdict, account.options)
    listing = account.channel.to_listing(
        item, item.override(account.name).offer or item.offer, copy
    )
    about = [*listing.findings, *inspect(item, listing), *account.channel.validate(listing)]
    planned = decide(
        item,
        listing,
        row,
        verdict,
        about,
        Bound(bound.remote_id, dict(bound.fields)) if bound is not None else None,
        Open(intent.verb, f"{intent.at:%Y-%m-%d %H:%M} UTC") if intent is not None else None,
        tuple(q.id for q in quotas_for(item, row, account.name)),
    )
    # A pair that the rules refuse has no use for advice on its text.
    told = [*verdict.findings, *(about if planned.word is not Word.DENIED else ())]
    if planned.word is Word.DENIED and bound is not None:
        told.append(_live_but_denied(item, account, bound))
    return planned, listing, [_placed(f, item, account) for f in told]


def _live_but_denied(item: Item, account: Account, bound: Binding) -> Finding:
    return Finding(
        Level.WARNING,
        f"{item.id} is at {account.row.title} as {bound.remote_id}, but is no longer allowed there",
        f"publisher withdraw {item.id} --account {account.name}",
        code="live-but-denied",
    )


def _left_behind(ws: Workspace, bindings: Mapping[tuple[str, str], Binding]) -> list[Finding]:
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


def _placed(finding: Finding, item: Item, account: Account) -> Finding:
    return replace(
        finding,
        item=finding.item or item.id,
        account=finding.account or account.name,
        file=finding.file or item.file,
        line=finding.line or item.line,
    )


def _without_clashes(
    pairs: Sequence[PlanItem], listings: dict[tuple[str, str], Listing]
) -> tuple[list[PlanItem], list[Finding]]:
    writing = [p for p in pairs if p.word not in (Word.DENIED, Word.HELD)]
    clashes = key_clashes(listings[p.item, p.account] for p in writing)
    kept: list[PlanItem] = []
    findings: list[Finding] = []
    for pair in pairs:
        other = clashes.get((pair.item, pair.account))
        if other is None:
            kept.append(pair)
            continue
        text = f"{pair.item} and {other} would both be called {pair.key}"
        because = (Because("key-clash", text),)
        kept.append(replace(pair, word=Word.HELD, because=because, verb=None))
        remedy = "rename one of them"
        findings.append(
            Finding(
                Level.ERROR, text, remedy, item=pair.item, account=pair.account, code="key-clash"
            )
        )
    return kept, findings


def _with_quotas(
    account: Account, pairs: Sequence[PlanItem], ledger: Ledger, now: dt.datetime
) -> tuple[list[PlanItem], str]:
    limits = quota_windows(account.row.pace, account.row.quota, account.options)
    if not limits:
        return list(pairs), ""
    history = ledger.writes_since(account.name, now - LOOK_BACK, (Verb.CREATE,))
    schedule = Schedule(limits, history)
    kept: list[PlanItem] = []
    last = now
    for pair in pairs:
        if pair.word not in (Word.CREATE, Word.PREPARE):
            kept.append(pair)
            continue
        moment, why = schedule.take(max(now, last), pair.tags)
        last = moment
        if moment - now > LONGEST_PAUSE:
            because = (Because("quota", f"the limit of {why} is used up"),)
            kept.append(replace(pair, word=Word.WAITING, until=moment, because=because, verb=None))
        else:
            kept.append(pair)
    forecast = f"done on {last:%A %Y-%m-%d %H:%M} UTC" if last - now > LONGEST_PAUSE else ""
    return kept, forecast


def _account_plan(account: Account, forecast: str) -> AccountPlan:
    known = Confidence.UNVERIFIABLE if Verb.FIND not in account.row.can else Confidence.OFFLINE
    return AccountPlan(
        account.name,
        account.row.name,
        account.row.title,
        account.mode.value,
        known,
        forecast,
    )


def plan_guards(plan: Plan, ledger: Ledger) -> list[Trip]:
    """The guards that trip for this plan."""
    bound: dict[str, int] = {}
    for account, _ in ledger.bindings():
        bound[account] = bound.get(account, 0) + 1
    return guards(plan, bound)


def unsafe(plan: Plan, trips: Sequence[Trip]) -> UnsafePlan:
    """The error for tripped guards, with the narrow override for each account."""
    overrides = [
        f"publisher push --account {name} --digest {plan.restricted(name).digest[:12]} "
        + " ".join(f"--allow {t.guard.value}" for t in trips if t.account == name)
        for name in dict.fromkeys(t.account for t in trips)
    ]
    return UnsafePlan(
        "; ".join(f"{t.account}: {t.text}" for t in trips),
        remedy="if that is what you want: " + "; ".join(overrides),
    )


def _told(outcome: Outcome) -> Outcome:
    """A pair that was held because its master is unusable did not fail quietly: it failed."""
    if outcome.done is not Done.HELD or not broken(outcome.planned):
        return outcome
    reason = next(iter(outcome.planned.because))
    error = Rejected(
        reason.text.partition("; ")[0], remedy="repair or replace the master, then push again"
    )
    return replace(outcome, done=Done.FAILED, error=error)
