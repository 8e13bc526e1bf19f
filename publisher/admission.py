"""Whether an account may send at all: a row's gates held against what the seller states of the account. Pure.

What is not stated holds the item and names the option that is missing; nothing is ever assumed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from publisher.conditions import Gate
from publisher.listing import Because, Finding, Level
from publisher.manifest.item import Item
from publisher.manifest.model import Waiver
from publisher.policy import Subject, Truth, Verdict, VerdictWord, evaluate
from publisher.row import Row

UNSTATED = "gate-unstated"
"""The code of a warning that is about an account as a whole, and said once for all its items."""


def gated(
    verdict: Verdict,
    item: Item,
    row: Row,
    *,
    account: str,
    options: Mapping[str, Any],
    day: dt.date,
    waivers: Sequence[Waiver] = (),
) -> Verdict:
    """The verdict, or a HOLD that says what the account lacks. A DENY stays as it is. Never raises."""
    if not row.gate or verdict.word is VerdictWord.DENY:
        return verdict
    closed: list[Because] = []
    findings: list[Finding] = []
    for gate in row.gate:
        lacking = _lacking(gate, options, item) if _concerns(gate, item, row, account, day) else ""
        if not lacking:
            continue
        waiver = waived(waivers, gate.id, item, account, day)
        if waiver is not None:
            findings.append(acting(waiver, item, account))
            continue
        if gate.unknown == "warn" and options.get(gate.option) is None:
            findings.append(_unstated(gate, account, lacking))
            continue
        text = f"{gate.text}: {lacking}"
        seen = gate.seen.isoformat()
        closed.append(Because(gate.id, text, gate.source, gate.grade.value, seen))
    told = (*verdict.findings, *findings)
    if not closed:
        return replace(verdict, findings=told)
    held = verdict.because if verdict.word is VerdictWord.HOLD else ()
    because = (*closed, *held)
    return replace(verdict, word=VerdictWord.HOLD, actions=(), because=because, findings=told)


def waived(
    waivers: Sequence[Waiver], rule: str, item: Item, account: str, day: dt.date
) -> Waiver | None:
    """The waiver in force that names the rule for the item, or for a member of it."""
    names = {item.id, *(member.id for member in item.members)}
    for waiver in waivers:
        same = waiver.rule == rule and waiver.account == account and waiver.item in names
        if same and day <= waiver.until:
            return waiver
    return None


def acting(waiver: Waiver, item: Item, account: str) -> Finding:
    """The notice that a waiver decides something."""
    return Finding(
        Level.NOTICE,
        f"{waiver.rule} is waived until {waiver.until}: {waiver.reason}",
        item=item.id,
        account=account,
        file=item.file,
        line=item.line,
        code="waived",
    )


def _unstated(gate: Gate, account: str, lacking: str) -> Finding:
    """One warning per account, not per item, about what the channel itself will check."""
    return Finding(Level.WARNING, gate.text, lacking, account=account, code=UNSTATED)


def _concerns(gate: Gate, item: Item, row: Row, account: str, day: dt.date) -> bool:
    """Whether the gate is there on the day, for the mode, and for any member of the item."""
    if not gate.in_force(day) or (gate.modes and row.mode.value not in gate.modes):
        return False
    subjects = [Subject(item, account, member) for member in item.members]
    return any(evaluate(gate.when, s).truth is not Truth.FALSE for s in subjects)


def _lacking(gate: Gate, options: Mapping[str, Any], item: Item) -> str:
    """What is missing, in words; "" when the gate is open, or when the picture passes all the same."""
    stated = options.get(gate.option)
    if stated is None and gate.unknown == "pass":
        return ""
    lacking = _stated(gate, stated)
    if not lacking or stated is None or not gate.unless_exif:
        return lacking
    there = [set(m.exif or ()) for m in item.masters if not m.problem]
    gone = [name for name in gate.unless_exif if not there or any(name not in e for e in there)]
    return f"{lacking}, and the EXIF of the master has no {' and no '.join(gone)}" if gone else ""


def _stated(gate: Gate, stated: Any) -> str:
    """What the seller's word on the account lacks; "" when it opens the gate."""
    if stated is None:
        example = "true" if gate.at_least is None else f"{gate.at_least:g}"
        example = f'"{gate.one_of[0]}"' if gate.one_of else example
        return f"state it in publisher.toml, as in {gate.option} = {example}"
    if gate.at_least is not None:
        if isinstance(stated, bool) or not isinstance(stated, (int, float)):
            return f"{gate.option} must be a number, not {stated!r}"
        enough = stated >= gate.at_least
        return "" if enough else f"needs {gate.at_least:g}, you state {stated:g}"
    if gate.one_of is not None:
        return (
            "" if stated in gate.one_of else f"needs {_either(gate.one_of)}, you state {stated!r}"
        )
    return "" if stated is True else f"you state {gate.option} = {str(stated).lower()}"


def _either(words: Sequence[str]) -> str:
    return " or ".join(words)
