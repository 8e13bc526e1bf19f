"""Binds what is at a channel already to the items that it shows, as a plan that a person has looked at.

It writes the ledger and no channel. Pictures are compared only for what has no key of ours there.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from publisher.channel import Session
from publisher.diff import changes
from publisher.errors import Conflict, PublisherError, Unsupported
from publisher.ledger.store import Ledger
from publisher.listing import REMOTE, Because, FieldValue, Finding, Level, Listing, Remote
from publisher.manifest.item import Item, ItemKind
from publisher.matching import By, Doubt, Match, matched
from publisher.observe import Account, Door
from publisher.pacing import retried
from publisher.pipeline import make_plan
from publisher.plan import AccountPlan, Confidence, Plan, PlanItem, Word
from publisher.readonly import ReadOnlySession
from publisher.row import Verb
from publisher.workspace import Workspace

_WORDS = {
    By.KEY: "it has our key there",
    By.TITLE_AND_LOOKS: "its title and its picture are the same",
    By.LOOKS: "its picture is the same, its title is not",
    By.TITLE: "its title is the same; its picture could not be compared",
}


@dataclass(frozen=True)
class Adoption:
    """What could be bound: the plan for eyes, the matches behind it, and what a person has to look at."""

    plan: Plan
    matches: Mapping[tuple[str, str], Match]
    seen: Mapping[str, int] = field(default_factory=dict)
    """How many things each account has, ours or not."""


def adoption(ws: Workspace, ledger: Ledger, door: Door, now: dt.datetime) -> Adoption:
    """Read the accounts and match what is not bound yet. Writes nothing anywhere.

    Raises Unsupported for an account that cannot be listed, and what reading raises: a part of a shop is
    never taken for the whole.
    """
    planned = make_plan(ws, ledger, day=now.date(), now=now)
    items = {i.id: i for i in ws.items}
    pairs: list[PlanItem] = []
    findings: list[Finding] = []
    matches: dict[tuple[str, str], Match] = {}
    seen: dict[str, int] = {}
    for account in ws.accounts:
        bound = ledger.bindings(account.name)
        wanted = {
            p.item: planned.listings[p.item, account.name]
            for p in planned.items
            if p.account == account.name and (account.name, p.item) not in bound
        }
        found, doubts, count = _look(account, door, wanted, bound, items, ws)
        seen[account.name] = count
        for match in found:
            pairs.append(_pair(account, wanted[match.item], match))
            matches[match.item, account.name] = match
        findings += [_told(account, d, items) for d in doubts]
    accounts = tuple(
        AccountPlan(a.name, a.row.name, a.row.title, a.mode.value, Confidence.OBSERVED)
        for a in ws.accounts
    )
    plan = Plan(ws.release, tuple(pairs), accounts, tuple(findings), listings=planned.listings)
    return Adoption(plan, matches, seen)


def adopt(found: Adoption, ledger: Ledger, now: dt.datetime) -> int:
    """Bind every match of the plan; returns the run's id. The next push changes what differs."""
    run = ledger.begin_run("adopt", found.plan.digest, now)
    for (item, account), match in found.matches.items():
        listing = found.plan.listings[item, account]
        ledger.adopt(
            run=run,
            account=account,
            item=item,
            # Under its own key it is found again, and what others know it by stays.
            key=match.remote.key,
            remote=match.remote,
            fields=_known(listing, match),
            release=found.plan.release,
            at=now,
        )
    ledger.end_run(run, f"{len(found.matches)} adopted", now)
    return run


def _known(listing: Listing, match: Match) -> dict[str, FieldValue]:
    """What is known of our fields there; what the channel does not show is taken to be as wanted."""
    there = match.remote.fields
    fields = {n: there.get(n, value) for n, value in listing.fields.items()}
    if match.by is not By.KEY:
        # It lacks our marks; an update brings them, so there must be something to update.
        fields.pop("title", None)
    return fields | {n: v for n, v in there.items() if n.startswith(REMOTE)}


def _look(
    account: Account,
    door: Door,
    wanted: Mapping[str, Listing],
    bound: Mapping[tuple[str, str], object],
    items: Mapping[str, Item],
    ws: Workspace,
) -> tuple[list[Match], list[Doubt], int]:
    if Verb.LIST not in account.row.can:
        raise Unsupported(
            f"{account.name}: {account.row.cannot.get(Verb.LIST, 'it cannot be listed')}",
            remedy="bind single items with publisher resolve ITEM ACCOUNT --as published --remote ID",
        )
    taken = {getattr(b, "remote_id", "") for b in bound.values()}
    with ReadOnlySession(account.channel.session(door.context(account))) as session:
        remotes = retried(door.clock, lambda: [r for page in session.list() for r in page])
        with tempfile.TemporaryDirectory() as place:
            looks = _looks(session, Path(place), items, ws)
            found, doubts = matched(wanted, remotes, taken, looks)
    return found, doubts, len(remotes)


def _looks(
    session: Session, place: Path, items: Mapping[str, Item], ws: Workspace
) -> Callable[[Remote], Iterable[str]]:
    """Items that a remote's picture resembles; measured when it is first asked for."""
    from publisher.media.motif_index import MotifIndex
    from publisher.media.probing import probed

    works = [i for i in items.values() if i.kind is ItemKind.ASSET and i.masters]
    by_sha: dict[str, list[str]] = {}
    for item in works:
        by_sha.setdefault(item.masters[0].sha256, []).append(item.id)
    index = MotifIndex(ws.state / "cache", workers=ws.settings.workers)
    ready: list[bool] = []

    def look(remote: Remote) -> Iterable[str]:
        if not works:
            return ()
        try:
            data = session.picture(remote)
        except PublisherError:
            data = None
        if data is None:
            return ()
        if not ready:
            index.alike([i.masters[0] for i in works], {})
            ready.append(True)
        path = place / "picture"
        path.write_bytes(data)
        (master,) = probed([("picture", path)])
        likeness = None if master.problem else index.measured_now(master)
        if likeness is None:
            return ()
        return [name for sha in index.resembling(likeness) for name in by_sha.get(sha, ())]

    return look


def _pair(account: Account, listing: Listing, match: Match) -> PlanItem:
    there = match.remote
    known = {n: v for n, v in there.fields.items() if n in listing.fields}
    differing = tuple(c for c in changes(listing.fields, known) if c.field in known)
    because = (Because(f"adopt-by-{match.by.value}", _WORDS[match.by]),)
    return PlanItem(match.item, account.name, Word.ADOPT, because, differing, there.id, listing.key)


def _told(account: Account, doubt: Doubt, items: Mapping[str, Item]) -> Finding:
    item = items[doubt.items[0]]
    return Finding(
        Level.WARNING,
        f"{doubt.text} ({', '.join(doubt.remotes)})",
        f"publisher resolve {item.id} {account.name} --as published --remote ID",
        item.file,
        item.line,
        item.id,
        account.name,
        "adopt-doubt",
    )


def check_adoption(found: Adoption, digest: str | None) -> None:
    """Raise Conflict unless the plan is still the one that was looked at."""
    if digest is not None and not found.plan.digest.startswith(digest):
        raise Conflict(
            f"what is there now makes plan {found.plan.digest[:12]} and not {digest[:12]}",
            remedy="look at a new plan: publisher adopt -o plan.json",
        )


def only(found: Adoption, sure: Sequence[By]) -> Adoption:
    """The part of an adoption that rests on these grounds."""
    matches = {k: m for k, m in found.matches.items() if m.by in sure}
    items = tuple(p for p in found.plan.items if (p.item, p.account) in matches)
    plan = Plan(
        found.plan.release,
        items,
        found.plan.accounts,
        found.plan.findings,
        listings=found.plan.listings,
    )
    return Adoption(plan, matches, found.seen)
