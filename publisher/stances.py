"""What a seller decided about changes made by hand at a channel: keep mine, take theirs, or ignore. Pure.

A decision lives with the binding, in a field ``stance.NAME``. It is over when the manifest says something new
for that field, and it never takes a declaration away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from publisher.listing import (
    REMOTE,
    Declaration,
    FieldValue,
    Finding,
    Level,
    Listing,
    Remote,
    Status,
    fingerprint,
)

STANCE = "stance."
"""Names of fields of a binding that hold a decision; a listing never has them."""

STATUS = "status"
"""The field under which it is told that something is gone, or there again."""


class Stance(str, Enum):
    """What to do about a change that was made by hand."""

    MINE = "mine"
    """The next push makes it as the manifest says."""
    THEIRS = "theirs"
    """As it is there is how it shall be, until the manifest says something new."""
    IGNORE = "ignore"
    """As it is there, whatever it becomes, until the manifest says something new."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One field of a bound pair that is not as we last made it. ``stance`` is what was decided before."""

    item: str
    account: str
    field: str
    ours: FieldValue
    theirs: FieldValue
    stance: str = ""


def drifts(
    item: str, account: str, bound: Mapping[str, FieldValue], status: Status, there: Remote | None
) -> list[Drift]:
    """What differs between the ledger and the channel. A field that the channel does not show is no drift."""
    gone = there is None or there.status is Status.GONE
    if gone or there is None:
        return (
            []
            if status is Status.GONE
            else [Drift(item, account, STATUS, status.value, Status.GONE.value)]
        )
    found = []
    for name, ours in sorted(bound.items()):
        if name.startswith((REMOTE, STANCE)) or name not in there.fields:
            continue
        theirs = there.fields[name]
        if fingerprint(ours) != fingerprint(theirs):
            found.append(Drift(item, account, name, ours, theirs, _kind(bound, name)))
    return found


def decided(stance: Stance, drift: Drift, wanted: FieldValue) -> dict[str, FieldValue]:
    """The fields that the binding gets by a decision; ``wanted`` is what the manifest asks for now.

    Keeping mine only notes what is there, so that the next plan sees the difference.
    """
    noted: dict[str, FieldValue] = {drift.field: drift.theirs}
    name = f"{STANCE}{drift.field}"
    if stance is Stance.MINE:
        return noted | {name: None}
    return noted | {name: f"{stance.value}:{fingerprint(wanted)}"}


def loses_declaration(
    declarations: tuple[Declaration, ...], ours: FieldValue, theirs: FieldValue
) -> str:
    """Name of the declaration that our value carries and theirs does not, or ""."""
    for declaration in declarations:
        value = declaration.value
        if value and _carries(ours, value) and not _carries(theirs, value):
            return declaration.name
    return ""


def with_stances(listing: Listing, bound: Mapping[str, FieldValue]) -> Listing:
    """The listing with the values that the seller left as they are there; the rest stays as the manifest says.

    A decision that is over, or would lose a declaration, is told and does nothing.
    """
    fields = dict(listing.fields)
    findings: list[Finding] = []
    for name, stance in bound.items():
        field = name.removeprefix(STANCE)
        if not name.startswith(STANCE) or not isinstance(stance, str) or field not in fields:
            continue
        kind, _, mark = stance.partition(":")
        if mark != fingerprint(fields[field]):
            findings.append(_over(listing, field, kind))
            continue
        lost = loses_declaration(listing.declarations, fields[field], bound.get(field))
        if lost:
            findings.append(_refused(listing, field, lost))
            continue
        fields[field] = bound.get(field)
        findings.append(_acting(listing, field, kind))
    return replace(listing, fields=fields, findings=(*listing.findings, *findings))


def _kind(bound: Mapping[str, FieldValue], name: str) -> str:
    stance = bound.get(f"{STANCE}{name}")
    return stance.partition(":")[0] if isinstance(stance, str) else ""


def _carries(value: FieldValue, declared: str) -> bool:
    if isinstance(value, str):
        return declared in value
    return declared in value if isinstance(value, tuple) else False


def _over(listing: Listing, field: str, kind: str) -> Finding:
    return Finding(
        Level.NOTICE,
        f"the manifest says something new for {field}, so '{kind}' no longer counts there",
        item=listing.item,
        account=listing.account,
        code="stance-over",
    )


def _refused(listing: Listing, field: str, declaration: str) -> Finding:
    return Finding(
        Level.WARNING,
        f"{field} cannot stay as it is there: it would lose the declaration {declaration}",
        item=listing.item,
        account=listing.account,
        code="stance-declaration",
    )


def _acting(listing: Listing, field: str, kind: str) -> Finding:
    return Finding(
        Level.NOTICE,
        f"{field} stays as it is there ({kind}), by your decision",
        "to undo it: publisher status --refresh --keep mine",
        item=listing.item,
        account=listing.account,
        code="stance",
    )
