"""The matrix of channels, derived from the rows: for the command line and for the README's table."""

from __future__ import annotations

import datetime as dt

from publisher.discovery import known_rows, load_row
from publisher.manifest.model import ProvenanceClass
from publisher.row import Row, Rule, RuleVerdict

_STRICTNESS = [RuleVerdict.ALLOW, RuleVerdict.HOLD, RuleVerdict.DENY]


def channel_matrix(day: dt.date | None = None) -> list[dict[str, str]]:
    """One line per row: name, title, mode, transport, the AI rule in force and when it was seen (ISO)."""
    today = day or dt.datetime.now(dt.UTC).date()
    found = []
    for name in sorted(known_rows()):
        row = load_row(name)
        rule = _ai_rule(row, today)
        found.append(
            {
                "channel": row.name,
                "title": row.title,
                "mode": row.mode.value,
                "transport": row.transport.kind + (" + CSV" if row.csv is not None else ""),
                "ai": _word(rule),
                "seen": rule.seen.isoformat() if rule is not None else "",
                "source": rule.source if rule is not None else "",
                "grade": rule.grade.value if rule is not None else "",
            }
        )
    return found


def _ai_rule(row: Row, day: dt.date) -> Rule | None:
    """The rule that decides about a fully generated image with no other facts."""
    general = [
        r
        for r in row.rule
        if r.in_force(day)
        and r.when.provenance is not None
        and ProvenanceClass.AI_GENERATED in r.when.provenance
        and not (r.when.model_fields_set - {"provenance"})
    ]
    return max(general, key=lambda r: _STRICTNESS.index(r.verdict), default=None)


def _word(rule: Rule | None) -> str:
    if rule is None:
        return "no rule: held"
    if rule.verdict is RuleVerdict.ALLOW and rule.actions:
        return "allowed, with a label"
    words = {
        RuleVerdict.ALLOW: "allowed",
        RuleVerdict.HOLD: "held",
        RuleVerdict.DENY: "denied",
    }
    return words[rule.verdict]


def matrix_markdown(day: dt.date | None = None) -> str:
    """The README's table."""
    lines = [
        "| channel | mode | transport | AI images | source (grade) | seen |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in channel_matrix(day):
        source = row["source"].replace("|", "/")
        grade = f" ({row['grade']})" if row["grade"] else ""
        lines.append(
            f"| {row['title']} (`{row['channel']}`) | {row['mode']} | {row['transport']} "
            f"| {row['ai']} | {source}{grade} | {row['seen']} |"
        )
    return "\n".join(lines) + "\n"
