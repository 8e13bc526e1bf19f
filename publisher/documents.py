"""The JSON forms of plans, pairs, reasons and findings, as the command line prints them. Pure."""

from __future__ import annotations

from typing import Any

from publisher.listing import Because, Finding, plain
from publisher.plan import Plan, PlanItem
from publisher.row import RuleAction


def plan_document(plan: Plan) -> dict[str, Any]:
    """The JSON form of a plan, as ``plan --json`` and ``plan -o`` write it."""
    return {
        "digest": plan.digest,
        "release": plan.release,
        "pairs": len(plan.items),
        "counts": plan.counts(),
        "accounts": [
            {
                "account": a.account,
                "channel": a.channel,
                "mode": a.mode,
                "confidence": a.confidence.value,
                "counts": plan.counts(a.account),
                "forecast": a.forecast,
            }
            for a in plan.accounts
        ],
        "items": [item_document(i, i.word.value) for i in plan.items],
        "findings": [finding_document(f) for f in plan.findings],
        "submissions": [
            {"account": s.account, "items": list(s.items), "digest": s.digest}
            for s in plan.submissions
        ],
        "calendar": [
            {"date": e.date.isoformat(), "account": e.account, "count": e.count}
            for e in plan.calendar
        ],
    }


def item_document(item: PlanItem, word: str) -> dict[str, Any]:
    """One pair as JSON, with the word of a plan or of a push."""
    return {
        "item": item.item,
        "account": item.account,
        "word": word,
        "because": [because_document(b) for b in item.because],
        "changes": [
            {"field": c.field, "old": plain(c.old), "new": plain(c.new)} for c in item.changes
        ],
        "remote": item.remote,
        "until": item.until.isoformat() if item.until else None,
    }


def because_document(because: Because) -> dict[str, Any]:
    """One link of a chain as JSON."""
    return {
        "rule": because.rule,
        "text": because.text,
        "source": because.source,
        "grade": because.grade,
        "seen": because.seen,
        "facts": list(because.facts),
    }


def plain_action(action: RuleAction) -> dict[str, str]:
    """A typed action as JSON."""
    return {"kind": action.kind.value, "field": action.field, "value": action.value}


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding as JSON."""
    document: dict[str, Any] = {
        "level": finding.level.value,
        "file": finding.file,
        "line": finding.line,
        "item": finding.item,
        "account": finding.account,
        "text": finding.text,
        "remedy": finding.remedy,
        "code": finding.code,
    }
    if finding.before is not None or finding.after is not None:
        document |= {"before": finding.before, "after": finding.after}
    return document
