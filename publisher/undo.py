"""The plan that takes a run back: for every update of it, the values that the ledger had before.

It reads the ledger and writes nothing; an undo is carried out, guarded and recorded like any other plan, so an
undo can be undone. What was created, taken off or handed in cannot be taken back, and is named.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from publisher.errors import UnsafePlan
from publisher.ledger.records import Binding, Event, Pair
from publisher.ledger.store import Ledger
from publisher.listing import (
    REMOTE,
    Because,
    Change,
    FieldValue,
    Finding,
    Level,
    Listing,
    fingerprint,
    plain,
)
from publisher.observe import Account
from publisher.plan import Plan, PlanItem, Word, mark
from publisher.price_sync import restated
from publisher.pricing import is_price
from publisher.restorable import kept_as_it_is
from publisher.row import Verb
from publisher.stances import STANCE
from publisher.workspace import Workspace


@dataclass(slots=True)
class _Past:
    """What a run did to one pair: values before its first update and after its last one."""

    before: Mapping[str, FieldValue]
    after: Mapping[str, FieldValue]
    files_differ: bool
    event: int

    def names(self) -> list[str]:
        """The fields that it changed; what only the channel decides is none of ours."""
        return [
            n
            for n in sorted({*self.before, *self.after})
            if not n.startswith((REMOTE, STANCE))
            and fingerprint(self.before.get(n)) != fingerprint(self.after.get(n))
        ]


@dataclass(slots=True)
class _Desk:
    """One undo in the making."""

    ws: Workspace
    ledger: Ledger
    whole: Plan
    run: int
    over: frozenset[int]
    told: list[Finding] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    """Sentence → the later run that is in the way."""
    today: Mapping[Pair, PlanItem] = field(init=False)
    places: Mapping[str, tuple[str, int]] = field(init=False)
    """File and line of each item of the manifest."""

    def __post_init__(self) -> None:
        self.today = {(p.account, p.item): p for p in self.whole.items}
        self.places = {i.id: (i.file, i.line) for i in self.ws.items}

    def cannot(self, pair: Pair, text: str, remedy: str = "") -> None:
        """Note what this undo leaves as it is."""
        self.told.append(self._finding(Level.WARNING, pair, text, remedy, "not-undone"))

    def still(self, pair: Pair, text: str, remedy: str) -> None:
        """Note what the manifest will do to the restored values."""
        self.told.append(self._finding(Level.NOTICE, pair, text, remedy, "manifest-says-other"))

    def _finding(self, level: Level, pair: Pair, text: str, remedy: str, code: str) -> Finding:
        account, item = pair
        file, line = self.places.get(item, ("", 0))
        return Finding(level, text, remedy, file, line, item, account, code)


def undo_plan(
    ws: Workspace, ledger: Ledger, whole: Plan, run: int, over: Collection[int] = ()
) -> Plan:
    """The plan that restores what ``run`` changed; ``whole`` is the plan of today's manifest.

    Raises UnsafePlan when a later run changed the same field again, unless that run is in ``over``.
    """
    desk = _Desk(ws, ledger, whole, run, frozenset(over))
    past = _past(desk)
    bindings = ledger.bindings()
    unsettled = {(i.account, i.item) for i in ledger.unsettled()}
    pairs, listings = [], {}
    for pair, was in sorted(past.items(), key=lambda p: p[0]):
        made = _restoring(desk, pair, was, bindings.get(pair), pair in unsettled)
        if made is not None:
            planned, listing = made
            pairs.append(planned)
            listings[planned.item, planned.account] = listing
    if desk.refused:
        raise _overtaken(desk)
    names = {p.account for p in pairs}
    accounts = tuple(replace(a, forecast="") for a in whole.accounts if a.account in names)
    told = tuple(sorted(desk.told, key=lambda f: (f.account, f.item)))
    return Plan(whole.release, tuple(pairs), accounts, told, listings=listings)


def _past(desk: _Desk) -> dict[Pair, _Past]:
    """The updates of the run by pair; everything else that it did is named as what cannot be taken back."""
    found: dict[Pair, _Past] = {}
    known = {a.name for a in desk.ws.accounts}
    for event in desk.ledger.events(run=desk.run):
        pair = (event.account, event.item)
        if event.account not in known or not event.item:
            _elsewhere(desk, event)
            continue
        old, new = event.data.get("old"), event.data.get("binding")
        if event.data.get("verb") == Verb.UPDATE.value and old and new:
            before, after = old["fields"], new["fields"]
            files = old["files"] != new["files"]
            if pair in found:
                before, files = found[pair].before, files or found[pair].files_differ
            found[pair] = _Past(before, after, files, event.id)
        else:
            _final(desk, pair, event)
    for intent in desk.ledger.unsettled():
        if intent.run == desk.run and intent.account in known:
            text = f"the {intent.verb.value} of {intent.item or 'a batch'} has no known outcome"
            desk.cannot((intent.account, intent.item), text, "publisher push asks for it first")
    return found


def _elsewhere(desk: _Desk, event: Event) -> None:
    """A write at an account that takes part no more; one that was only not asked for is passed over."""
    enabled = {a.name for a in desk.ws.project.enabled_accounts()}
    if event.item and "binding" in event.data and event.account not in enabled:
        text = f"{event.item} at {event.account} stays as it is: that account is not in use here"
        remedy = "enable it in publisher.toml"
        desk.cannot((event.account, event.item), text, remedy)


def _final(desk: _Desk, pair: Pair, event: Event) -> None:
    account, item = pair
    match event.data.get("verb") or event.kind.value:
        case Verb.CREATE.value if event.data.get("binding"):
            text = f"{item} was put up at {account}; that is not undone"
            desk.cannot(pair, text, f"publisher withdraw {item} --account {account}")
        case Verb.WITHDRAW.value if "binding" in event.data:
            text = f"{item} was taken off {account}; that is not undone"
            desk.cannot(pair, text, f"publisher push --item {item} --account {account}")
        case "adopted":
            text = f"{item} was bound to what is at {account}; that is not undone"
            desk.cannot(pair, text, f"publisher resolve {item} {account} --as gone")
        case "submitted" if not next(a for a in desk.ws.accounts if a.name == account).prepares:
            text = f"{item} was handed in at {account} with a batch; that cannot be taken back"
            desk.cannot(pair, text)
        case _:
            pass


def _restoring(
    desk: _Desk, pair: Pair, was: _Past, bound: Binding | None, open_write: bool
) -> tuple[PlanItem, Listing] | None:
    account, item = pair
    if bound is None:
        desk.cannot(pair, f"{item} is not at {account} any more")
        return None
    if open_write:
        text = f"an earlier write of {item} at {account} has no known outcome"
        desk.cannot(pair, text, "publisher push asks for it first")
        return None
    here = next(a for a in desk.ws.accounts if a.name == account)
    listing = desk.whole.listings.get((item, account))
    names = [n for n in was.names() if not _in_the_way(desk, pair, was, bound, n)]
    texts = {n: was.before.get(n) for n in names if not is_price(n)}
    if texts:
        kept = kept_as_it_is(listing, bound, texts, files_differ=was.files_differ)
        names = [n for n in names if n not in kept]
        for why in dict.fromkeys(kept.values()):
            fields = ", ".join(n for n in kept if kept[n] == why)
            desk.cannot(pair, f"{fields} of {item} at {account} stays as it is: {why}")
    back = tuple(
        Change(n, bound.fields.get(n), was.before.get(n))
        for n in sorted(names)
        if fingerprint(bound.fields.get(n)) != fingerprint(was.before.get(n))
    )
    _compare_with_manifest(desk, pair, listing, back)
    made = restated(listing or Listing(item, account, bound.key, {}), bound, back)
    if listing is not None and not all(is_price(c.field) for c in back):
        made = replace(made, files=listing.files)
    return _planned(desk, here, bound, back, made), made


def _planned(
    desk: _Desk, account: Account, bound: Binding, back: tuple[Change, ...], listing: Listing
) -> PlanItem:
    today = desk.today.get((account.name, bound.item))
    word = Word.UPDATE
    because: tuple[Because, ...] = (Because("undo", f"as it was before run {desk.run}"),)
    if not back:
        word, because = Word.UNCHANGED, ()
    elif today is not None and today.word is Word.DENIED:
        word, because = Word.HELD, today.because
    elif Verb.UPDATE not in account.row.can:
        reason = account.row.cannot.get(Verb.UPDATE, f"{account.row.title} has no way to update")
        word, because = Word.HELD, (Because("cannot-update", reason),)
    verb = Verb.UPDATE if word is Word.UPDATE else None
    return PlanItem(
        bound.item, account.name, word, because, back, bound.remote_id, bound.key, verb, mark(listing),
        today.tags if today is not None else (),
    )  # fmt: skip


def _in_the_way(desk: _Desk, pair: Pair, was: _Past, bound: Binding, name: str) -> bool:
    """Whether another run changed the field since; noted as a refusal, unless that run was named."""
    now = fingerprint(bound.fields.get(name))
    if now in (fingerprint(was.after.get(name)), fingerprint(was.before.get(name))):
        return False
    account, item = pair
    later = _changed_by(desk.ledger.events(account=account, item=item), was, name)
    if later in desk.over:
        return False
    who = f"run {later}" if later else "a person"
    text = (
        f"{who} changed {name} of {item} at {account} after run {desk.run}, "
        f"to {_shown(bound.fields.get(name))}"
    )
    desk.refused.setdefault(text, later)
    return True


def _changed_by(events: Sequence[Event], was: _Past, name: str) -> int:
    """The run that changed a field last, after the run in question; 0 when a person noted it."""
    value, run = fingerprint(was.after.get(name)), 0
    for event in events:
        told = event.data.get("binding") or event.data.get("changes") or {}
        if event.id <= was.event or "fields" not in told:
            continue
        now = fingerprint(told["fields"].get(name))
        if now != value:
            value, run = now, event.run
    return run


def _overtaken(desk: _Desk) -> UnsafePlan:
    runs = sorted(set(desk.refused.values()))
    named = " ".join(f"--over {r}" for r in runs)
    first = f"undo it first with publisher undo {runs[-1]}, or " if runs[-1] else ""
    return UnsafePlan(
        "; ".join(desk.refused),
        remedy=f"{first}give its values up by naming it: publisher undo {desk.run} {named}",
    )


def _compare_with_manifest(
    desk: _Desk, pair: Pair, listing: Listing | None, back: Sequence[Change]
) -> None:
    """What the next push would set again, because the manifest was not changed back."""
    account, item = pair
    again = [
        c
        for c in back
        if listing is not None
        and c.field in listing.fields
        and fingerprint(listing.fields[c.field]) != fingerprint(c.new)
    ]
    if again and listing is not None:
        said = ", ".join(f"{c.field} = {_shown(listing.fields[c.field])}" for c in again)
        text = f"the manifest or the price rules still say {said} for {item} at {account}"
        desk.still(pair, text, "change it there as well, or the next push sets it again")


def _shown(value: FieldValue) -> str:
    if value is None:
        return "nothing"
    text = ", ".join(value) if isinstance(value, tuple) else str(plain(value))
    return text if len(text) <= 60 else f"{text[:57]}..."
