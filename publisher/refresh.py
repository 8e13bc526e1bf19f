"""Reads accounts back: what is there now beside what the ledger says, and what the seller decides about it.

It writes to no channel. A reading is complete or it raises; a part of one is never taken for the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from publisher.errors import ConfigError, Conflict, PublisherError
from publisher.ledger.records import Binding
from publisher.ledger.store import Ledger
from publisher.listing import Listing, Remote, Status
from publisher.observe import Account, Door, with_setup_notes
from publisher.pacing import retried
from publisher.readonly import ReadOnlySession
from publisher.row import Verb
from publisher.stances import (
    STATUS,
    Drift,
    Stance,
    decided,
    drifts,
    loses_declaration,
)

PORTION = 1000
"""Bindings that are asked for at a time."""


@dataclass
class Refreshed:
    """What the reading found: differences, how many pairs were looked at, and accounts that gave no answer."""

    drift: list[Drift] = field(default_factory=list)
    looked_at: dict[str, int] = field(default_factory=dict)
    problems: dict[str, PublisherError] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    """Accounts that nothing can be read from, with the row's reason."""


def refresh(
    accounts: Sequence[Account], ledger: Ledger, door: Door, items: Collection[str] = ()
) -> Refreshed:
    """Read every account that can be read, and note the statuses in the ledger."""
    found = Refreshed()
    for account in accounts:
        bound = [
            b
            for b in ledger.bindings(account.name).values()
            if not b.prepared and (not items or b.item in items)
        ]
        if not bound:
            continue
        if Verb.FIND not in account.row.can or account.prepares:
            reason = account.row.cannot.get(Verb.FIND, "what is there cannot be read from here")
            found.skipped[account.name] = reason
            continue
        try:
            _read(account, bound, ledger, door, found)
        except PublisherError as error:
            found.problems[account.name] = with_setup_notes(error, account.row)
    return found


def _read(
    account: Account, bound: Sequence[Binding], ledger: Ledger, door: Door, found: Refreshed
) -> None:
    now = door.clock.now()
    told: list[Drift] = []
    known = [Remote(b.remote_id, b.key, b.status, b.url) for b in bound]
    context = door.context(account, bound=lambda: iter(known))
    with ReadOnlySession(account.channel.session(context)) as session:
        for start in range(0, len(bound), PORTION):
            portion = bound[start : start + PORTION]
            keys = [b.key for b in portion]
            there = retried(door.clock, lambda keys=keys: session.find_many(keys))  # type: ignore[misc]
            for binding in portion:
                told += _compared(account, binding, there, ledger, door)
    # Only a whole reading counts.
    found.drift += told
    found.looked_at[account.name] = len(bound)
    for binding in bound:
        gone = any(d.item == binding.item and d.field == STATUS for d in told)
        if gone and account.row.transport.absence == "proof":
            ledger.observe(account.name, binding.item, Status.GONE, now, "read back")


def _compared(
    account: Account,
    binding: Binding,
    there: Mapping[str, Remote],
    ledger: Ledger,
    door: Door,
) -> list[Drift]:
    remote = there.get(binding.key)
    if remote is None and account.row.transport.absence != "proof":
        return []
    if remote is not None and remote.status not in (Status.UNKNOWN, Status.GONE):
        ledger.observe(account.name, binding.item, remote.status, door.clock.now(), "read back")
    found = drifts(binding.item, account.name, binding.fields, binding.status, remote)
    ignored = {d.field: d.theirs for d in found if d.stance == Stance.IGNORE.value}
    if ignored:
        ledger.note_fields(account.name, binding.item, ignored, door.clock.now(), "ignored")
    return [d for d in found if d.field not in ignored]


def decide(
    drift: Sequence[Drift],
    stance: Stance,
    listings: Mapping[tuple[str, str], Listing],
    ledger: Ledger,
    door: Door,
) -> list[str]:
    """Write the seller's decision about each difference into the ledger; returns a sentence for each.

    Raises Conflict before anything is written when a decision would lose a declaration.
    """
    refused = []
    for each in drift:
        listing = listings.get((each.item, each.account))
        if listing is None or stance is Stance.MINE:
            continue
        lost = loses_declaration(listing.declarations, each.ours, each.theirs)
        if lost:
            refused.append(f"{each.item} at {each.account}: {each.field} carries {lost}")
    if refused:
        raise Conflict(
            "; ".join(refused) + "; a declaration cannot be given up",
            remedy="keep mine for these, or put the declaration back there by hand",
        )
    now = door.clock.now()
    told = []
    for each in drift:
        where = f"{each.item} at {each.account}"
        if each.field == STATUS:
            told.append(_about_gone(each, stance, ledger, door))
            continue
        listing = listings.get((each.item, each.account))
        wanted = listing.fields.get(each.field) if listing is not None else each.ours
        fields = decided(stance, each, wanted)
        ledger.note_fields(each.account, each.item, fields, now, f"keep {stance.value}")
        said = {
            Stance.MINE: "the next push puts it back",
            Stance.THEIRS: "it stays as it is there",
            Stance.IGNORE: "it is left alone from now on",
        }[stance]
        told.append(f"{where}: {each.field}: {said}")
    return told


def _about_gone(each: Drift, stance: Stance, ledger: Ledger, door: Door) -> str:
    where = f"{each.item} at {each.account}"
    if stance is Stance.MINE:
        ledger.release(each.account, each.item, door.clock.now(), "it is gone there")
        return f"{where} is forgotten; the next push makes it again"
    ledger.observe(each.account, each.item, Status.GONE, door.clock.now(), "gone by hand")
    return f"{where} is noted as gone, and nothing is sent"


def known_stance(name: str) -> Stance:
    """The stance of that name. Raises ConfigError with the known ones."""
    try:
        return Stance(name)
    except ValueError:
        known = ", ".join(s.value for s in Stance)
        raise ConfigError(
            f"{name!r} is no answer", remedy=f"--keep takes one of: {known}"
        ) from None
