"""A plan of prices alone: of everything that a whole plan would do, only the price fields of what is there.

It takes a finished plan and what the ledger has bound; it asks no channel and writes nothing. Whatever else
waits for a push goes on waiting for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from publisher.diff import changes
from publisher.documents import plan_document
from publisher.guards import amount_of
from publisher.ledger.records import Binding, Pair
from publisher.listing import REMOTE, Because, Change, Listing, plain
from publisher.plan import ACTIVE, Plan, PlanItem, Word, mark
from publisher.pricing import PRICE_FIELDS, is_price
from publisher.row import Verb
from publisher.stances import STANCE
from publisher.workspace import Workspace

_UNSETTLED = Because(
    "unsettled", "an earlier write of it has no known outcome; publisher push asks for it first"
)


def price_plan(whole: Plan, ws: Workspace, bindings: Mapping[Pair, Binding]) -> Plan:
    """The plan that writes price fields of bound pairs and nothing else.

    A pair whose prices differ and that may not be written to, for whatever reason, is held and says why.
    """
    rows = {a.name: a.row for a in ws.accounts}
    pairs: list[PlanItem] = []
    listings: dict[Pair, Listing] = {}
    for planned in whole.items:
        bound = bindings.get((planned.account, planned.item))
        listing = whole.listings.get((planned.item, planned.account))
        if bound is None or listing is None:
            continue
        wanted = {n: v for n, v in listing.fields.items() if is_price(n)}
        differing = tuple(changes(wanted, bound.fields))
        word, because = _word(planned, differing)
        if word is Word.UPDATE and Verb.UPDATE not in rows[planned.account].can:
            row = rows[planned.account]
            reason = row.cannot.get(Verb.UPDATE, f"{row.title} has no way to update")
            word, because = Word.HELD, (Because("cannot-update", reason),)
        alone = restated(listing, bound, differing)
        listings[planned.item, planned.account] = alone
        pairs.append(
            PlanItem(
                planned.item,
                planned.account,
                word,
                because,
                differing,
                bound.remote_id,
                bound.key,
                Verb.UPDATE if word is Word.UPDATE else None,
                mark(alone),
                planned.tags,
            )
        )
    accounts = tuple(replace(a, forecast="") for a in whole.accounts)
    known = {(p.item, p.account) for p in pairs}
    findings = tuple(
        f for f in whole.findings if f.code.startswith("price-") and (f.item, f.account) in known
    )
    return Plan(whole.release, tuple(pairs), accounts, findings, listings=listings, day=whole.day)


def restated(listing: Listing, bound: Binding, differing: tuple[Change, ...]) -> Listing:
    """The listing as it is there, with the changes laid over it and without files: those stay as they are."""
    there = {n: v for n, v in bound.fields.items() if not n.startswith((REMOTE, STANCE))}
    there |= {c.field: c.new for c in differing}
    return replace(listing, key=bound.key, fields=there, files=(), findings=())


def _word(planned: PlanItem, differing: tuple[Change, ...]) -> tuple[Word, tuple[Because, ...]]:
    unpriced = tuple(b for b in planned.because if b.rule.startswith("price-"))
    if planned.word is Word.UNKNOWN:
        return Word.HELD, (_UNSETTLED,)
    if planned.word is Word.HELD and unpriced:
        return Word.HELD, unpriced
    if not differing:
        return Word.UNCHANGED, ()
    if planned.word in (Word.HELD, Word.DENIED, Word.WAITING):
        other = [b for b in planned.because if b.rule != "cannot-update"]
        if other or planned.word is not Word.HELD:
            return Word.HELD, planned.because
    return Word.UPDATE, ()


def price_document(plan: Plan) -> dict[str, Any]:
    """The plan's document with ``prices``: every field that changes, old and new, for a price with per cent."""
    return plan_document(plan) | {"prices": price_lines(plan)}


def price_lines(plan: Plan) -> list[dict[str, Any]]:
    """Field by field what changes. ``percent`` is None where there is nothing to compare with."""
    return [
        {
            "item": pair.item,
            "account": pair.account,
            "word": pair.word.value,
            "field": change.field,
            "variant": _variant(change.field),
            "old": plain(change.old),
            "new": plain(change.new),
            "percent": _percent(change),
        }
        for pair, change in _changed(plan)
    ]


def _changed(plan: Plan) -> Iterator[tuple[PlanItem, Change]]:
    for pair in plan.items:
        if pair.word in ACTIVE or pair.word is Word.HELD:
            for change in pair.changes:
                yield pair, change


def _variant(field: str) -> str:
    return next((field.removeprefix(p) for p in PRICE_FIELDS if field.startswith(p)), "")


def _percent(change: Change) -> float | None:
    old, new = amount_of(change.old), amount_of(change.new)
    if old is None or new is None or not old[0] or old[1] != new[1]:
        return None
    return float(round((new[0] - old[0]) / old[0] * 100, 1) + Decimal(0))
