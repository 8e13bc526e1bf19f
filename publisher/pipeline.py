"""The straight line, on one page: manifest to verdict to listing to findings to changes to plan to report.

Every (item, account) pair goes down the same line and comes out with one word. Planning asks the ledger and
never a channel; only ``push`` opens sessions, and only through ``apply``.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from publisher.admission import gated
from publisher.calendar import release_calendar
from publisher.channel import Write
from publisher.compose import compose
from publisher.decide import Bound, Open, broken, decide
from publisher.engine.batch import batch_digest
from publisher.errors import Rejected, UnsafePlan
from publisher.followers import (
    after_followers,
    after_sources,
    source_of,
    stages,
    with_sources,
)
from publisher.guards import Guard, Trip, guards
from publisher.inspection import inspect
from publisher.ledger.records import Binding, Intent
from publisher.listing import Finding, Listing, Remote, Status
from publisher.looks import looks, remembered
from publisher.manifest.item import Item
from publisher.neighbours import (
    by_account,
    with_motifs_thinned,
    with_promises_kept,
    within_quotas,
    without_clashes,
)
from publisher.observe import Account, Door
from publisher.outcome import Outcome, PushResult, joined
from publisher.plan import AccountPlan, Confidence, Done, Plan, PlanItem, Submission, Word
from publisher.policy import Bench, quotas_for
from publisher.pricing import price_moment, with_sales_ended
from publisher.promises import plan_conflicts
from publisher.remarks import gone_by_hand, left_behind, live_but_denied, placed
from publisher.row import Verb
from publisher.stances import with_stances
from publisher.workspace import Workspace

if TYPE_CHECKING:
    from publisher.engine.desk import Reporter
    from publisher.ledger.store import Ledger
    from publisher.media.studio import Studio


def make_plan(ws: Workspace, ledger: Ledger, *, day: dt.date, now: dt.datetime) -> Plan:
    """All pairs of the project with what a push would do. Reads the ledger, writes nothing."""
    bindings = ledger.bindings()
    unsettled = {(i.account, i.item): i for i in ledger.unsettled()}
    pairs: list[PlanItem] = []
    findings: list[Finding] = list(ws.findings)
    listings: dict[tuple[str, str], Listing] = {}
    bench = ws.bench(day)
    moment = price_moment(day, now)
    for account in ws.accounts:
        own = []
        for item in ws.items:
            pair = (account.name, item.id)
            # The rules of the row that are in force on the day, and what it asks of the account, decide
            # whether and how. The item's words are fitted to the account, and the adapter puts them into a
            # listing. The listing is held against the row's limits and the facts of the masters. What we
            # want is held against what the ledger has bound; one word comes out.
            planned, listing, found = _pair(
                ws,
                account,
                item,
                bench,
                moment,
                bindings.get(pair),
                unsettled.get(pair),
                source_of(account, item, bindings),
            )
            own.append(planned)
            listings[item.id, account.name] = listing
            findings += found
        # Two items must not share a name there.
        own, clashing = without_clashes(own, listings)
        pairs += own
        findings += clashing
    bench.save()
    # What is listed as another account has it waits until it is live there.
    pairs, orphans = with_sources(ws.accounts, {i.id: i for i in ws.items}, pairs, bindings)
    findings += orphans
    # A promise that was made for a work, here or by what is there already, is kept everywhere.
    promised = plan_conflicts(ws, pairs, bindings, day)
    pairs, unkept = with_promises_kept(ws, pairs, promised, day)
    findings += unkept
    # Pictures are compared with each other and with everything that was ever published.
    seen = looks(ws, ledger, bindings)
    items: list[PlanItem] = []
    accounts: list[AccountPlan] = []
    remaining = by_account(pairs)
    for account in ws.accounts:
        own = remaining.get(account.name, [])
        # Of one motif, a channel gets as many variants as it takes.
        own, thinned = with_motifs_thinned(ws, account, own, seen, day)
        # A quota may put some off to another day.
        own, forecast, scaled = within_quotas(account, own, ledger, now)
        items += own
        findings += [*thinned, *scaled]
        told = (account.channel.forecast(_writes(own, listings)), forecast)
        accounts.append(_account_plan(account, "; ".join(t for t in told if t)))
    findings += left_behind(ws, bindings)
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
        calendar=release_calendar(items, now.date()),
        day=day,
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
    command: str = "push",
    staged: bool = False,
    narrow: Callable[[Plan], Plan] = lambda plan: plan,
) -> PushResult:
    """Carry a plan out. Raises UnsafePlan before the first write when a guard trips that is not allowed.

    ``command`` is what the seller ran, for the override that a guard's error names. With ``staged`` accounts
    that follow others are served after them, by what is live then, as far as ``narrow`` lets through of such
    a later plan; without, their pairs wait as planned.
    """
    # Planning never needs what can write, so only a push loads it.
    from publisher.apply import Hands, carry_out, preflighted

    trips = [t for t in plan_guards(plan, ledger) if t.guard not in set(allowed)]
    if trips:
        raise unsafe(plan, trips, command)
    # What goes out now is compared with for ever, also when its master is long gone.
    ledger.remember(remembered(plan, ws), door.clock.now())
    hands = Hands(ledger, studio, door, reporter, stop or threading.Event())
    sick = preflighted(plan, ws.accounts, hands, strict=strict)
    run = ledger.begin_run(command, plan.digest, door.clock.now())
    taking_off = all(p.verb is Verb.WITHDRAW for p in plan.active())
    order = stages(ws.accounts) if staged or taking_off else [ws.accounts]
    result = PushResult(plan, run, ())
    # Whoever points to something goes before it.
    for number, stage in enumerate(order[::-1] if taking_off and not staged else order):
        todo = plan.limited(a.name for a in stage)
        aside = dict(sick)
        if not staged:
            todo = after_followers(todo, ws.accounts, result.outcomes)
        elif number:
            # Who follows another account is planned anew, with what is live there by now.
            now = door.clock.now()
            later = narrow(make_plan(ws, ledger, day=plan.day or now.date(), now=now))
            todo = after_sources(plan, later, stage)
            trips = [t for t in plan_guards(todo, ledger) if t.guard not in set(allowed)]
            aside |= {t.account: unsafe(todo, trips, command) for t in trips}
        result = joined(result, carry_out(todo, stage, hands, run, aside))
    ledger.end_run(run, str(result.exit_code), door.clock.now())
    return replace(result, outcomes=tuple(_told(o) for o in result.outcomes))


def _writes(pairs: Sequence[PlanItem], listings: Mapping[tuple[str, str], Listing]) -> list[Write]:
    """The writes that pairs would be, for a channel's forecast."""
    return [
        Write(
            p.verb,
            p.key,
            listings[p.item, p.account],
            remote=Remote(p.remote, p.key) if p.remote else None,
            changes=p.changes,
        )
        for p in pairs
        if p.word in (Word.CREATE, Word.UPDATE) and p.verb is not None
    ]


def _pair(
    ws: Workspace,
    account: Account,
    item: Item,
    bench: Bench,
    moment: dt.datetime,
    bound: Binding | None,
    intent: Intent | None,
    source: Remote | None,
) -> tuple[PlanItem, Listing, list[Finding]]:
    row = account.row
    # Templates have their say first, so that the rules judge what would be published.
    drafts = account.drafts(item)
    item = drafts.item
    verdict = gated(
        bench.judge(item, row, account.name),
        item,
        row,
        account=account.name,
        options=account.options,
        day=bench.day,
        waivers=ws.waivers,
    )
    copy = compose(item, row, account.name, verdict, account.options)
    if source is not None:
        copy = replace(copy, source=source)
    # The account's rules make its prices of the manifest's; an adapter never calculates one.
    priced = account.pricing.offer(item, account.name, moment)
    listing = account.channel.to_listing(item, priced.offer, copy)
    listing = with_sales_ended(listing, bound.fields if bound is not None else {})
    if bound is not None:
        # What the seller decided to leave as it was changed there stays so.
        listing = with_stances(listing, bound.fields)
    about = [*drafts.findings, *priced.findings, *listing.findings, *inspect(item, listing)]
    about += account.channel.validate(listing)
    planned = decide(
        item,
        listing,
        row,
        verdict,
        about,
        Bound(bound.remote_id, dict(bound.fields), bound.key) if bound is not None else None,
        Open(intent.verb, f"{intent.at:%Y-%m-%d %H:%M} UTC") if intent is not None else None,
        tuple(q.id for q in quotas_for(item, row, account.name)),
    )
    # A pair that the rules refuse has no use for advice on its text.
    told = [*verdict.findings, *(about if planned.word is not Word.DENIED else ())]
    if planned.word is Word.DENIED and bound is not None:
        told.append(live_but_denied(item, account, bound))
    elif bound is not None and bound.status is Status.GONE:
        told.append(gone_by_hand(item, account))
    return planned, listing, [placed(f, item, account) for f in told]


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


def unsafe(plan: Plan, trips: Sequence[Trip], command: str = "push") -> UnsafePlan:
    """The error for tripped guards, with the narrow override for each account."""
    overrides = [
        f"publisher {command} --account {name} --digest {plan.restricted(name).digest[:12]} "
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
