"""The matrix of channels, derived from the rows: for the command line, for the README and for docs/channels.md.

What a row says about images of each provenance is asked of policy itself, with a plain sample image, so that
the matrix cannot say anything else than ``check`` does. It asks no channel and opens no project.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pydantic import BaseModel

from publisher.discovery import known_rows, load_row
from publisher.manifest.item import Item, ItemKind
from publisher.manifest.model import Asset, Bundle, ProvenanceClass
from publisher.policy import Verdict, VerdictWord, judge
from publisher.row import Row
from publisher.rules import ActionKind, RuleAction

STALE_DAYS = 180
"""A source that was read longer ago than this should be read again."""
SOON_DAYS = 30
"""A rule that expires within so many days should be looked up now."""

_MECHANISMS = {
    ActionKind.SET_FIELD: "column",
    ActionKind.ADD_KEYWORD: "keyword",
    ActionKind.SET_CATEGORY: "category",
    ActionKind.APPEND_SENTENCE: "sentence",
    ActionKind.HUMAN_TASK: "person",
    ActionKind.WRITE_XMP: "XMP",
    ActionKind.ATTACH_RELEASE: "release",
    ActionKind.CONVERT_FILE: "file",
}
_NAMED = (ActionKind.SET_FIELD, ActionKind.ADD_KEYWORD, ActionKind.SET_CATEGORY)


def newest_day(project: Path | None = None) -> dt.date:
    """The newest day on which a source of any row was read: what generated pages are dated by."""
    return max(rule.seen for name in known_rows(project) for rule in load_row(name, project).rule)


def channel_matrix(day: dt.date | None = None, project: Path | None = None) -> list[dict[str, str]]:
    """One line per row, sorted by name: mode, transport, the verdict for each provenance, how an AI image is
    declared, and the rule that decides about it with its source, grade and the day it was last verified (ISO).
    """
    today = day or dt.datetime.now(dt.UTC).date()
    return [_line(load_row(name, project), today) for name in sorted(known_rows(project))]


def _line(row: Row, day: dt.date) -> dict[str, str]:
    verdicts = {made: _verdict(row, made, day) for made in ProvenanceClass}
    ai = verdicts[ProvenanceClass.AI_GENERATED]
    because = ai.because[0]
    return {
        "channel": row.name,
        "title": row.title,
        "mode": row.mode.value,
        "transport": row.transport.kind + (" + CSV" if row.csv is not None else ""),
        "human": verdicts[ProvenanceClass.HUMAN].word.value,
        "ai_edited": verdicts[ProvenanceClass.AI_EDITED].word.value,
        "ai": ai.word.value,
        "mechanism": _mechanism(row, ai),
        "rule": because.rule,
        "seen": because.seen,
        "source": because.source,
        "grade": because.grade,
    }


def sample(kind: ItemKind, made: ProvenanceClass) -> Item:
    """A plain image of one provenance (or a bundle of it) of which every fact is stated and harmless.

    It is offered as a print, which nobody refuses. Of an edited one a twentieth comes from a generator, which
    every channel would call a small edit.
    """
    origin = {"class": made.value}
    if made is not ProvenanceClass.HUMAN:
        origin |= {"system": "Generator", "version": "1", "plan": "paid", "rights": "commercial"}
    if made is ProvenanceClass.AI_EDITED:
        origin["edit_share"] = "0.05"
    shown = dict.fromkeys(("people", "property", "places", "brands"), "none")
    data = {
        "id": "sample",
        "file": "sample.jpg",
        "title": "Blue glass",
        "provenance": origin,
        "style": "photo",
        "mature": False,
        "depicts": {**shown, "text": False, "news_event": False},
        "offer": {
            "currency": "EUR",
            "product": "physical",
            "variants": [{"id": "print", "title": "Print", "price": "49.00"}],
        },
    }
    asset = Asset.model_validate(data)
    pack = kind is ItemKind.BUNDLE
    bundle = Bundle(id="sample-pack", title="Blue glass", assets=("sample",)) if pack else None
    return Item(
        id="sample-pack" if pack else "sample",
        kind=kind,
        release="sample",
        title="Blue glass",
        description="",
        keywords=(),
        members=(asset,),
        masters=(),
        asset=None if pack else asset,
        bundle=bundle,
    )


def _verdict(row: Row, made: ProvenanceClass, day: dt.date) -> Verdict:
    kind = ItemKind.ASSET if ItemKind.ASSET in row.accepts else row.accepts[0]
    return judge(sample(kind, made), row, day=day, account=row.name)


def _mechanism(row: Row, verdict: Verdict) -> str:
    """How the channel is told that an image is AI-made; of a held one, how it would be."""
    if verdict.word is VerdictWord.DENY:
        return ""
    actions: Sequence[RuleAction] = verdict.actions
    if verdict.word is VerdictWord.HOLD:
        held = {b.rule for b in verdict.because}
        actions = [a for rule in row.rule if rule.id in held for a in rule.actions]
    told = [_told(a) for a in actions if a.declares]
    return ", ".join(dict.fromkeys(told))


def _told(action: RuleAction) -> str:
    kind = _MECHANISMS[action.kind]
    if action.kind not in _NAMED:
        return kind
    return f"{kind} {action.field or action.value}"


_WORDS = {
    "allow": "allowed",
    "allow-with-actions": "allowed, with actions",
    "hold": "held",
    "deny": "denied",
}


def in_words(verdict: str) -> str:
    """A verdict as a person says it."""
    return _WORDS[verdict]


def matrix_markdown(day: dt.date | None = None) -> str:
    """The README's table, as of the day on which the newest source was read unless told otherwise."""
    lines = [
        "| channel | mode | transport | AI images | declared by | source (grade) | last verified |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in channel_matrix(day or newest_day()):
        source = row["source"].replace("|", "/")
        grade = f" ({row['grade']})" if row["grade"] else ""
        lines.append(
            f"| {row['title']} (`{row['channel']}`) | {row['mode']} | {row['transport']} "
            f"| {in_words(row['ai'])} | {row['mechanism']} | {source}{grade} | {row['seen']} |"
        )
    return "\n".join(lines) + "\n"


class Why(str, Enum):
    """Why something should be looked up again."""

    EXPIRED = "expired"
    EXPIRES_SOON = "expires soon"
    OLD = "read long ago"


@dataclass(frozen=True, slots=True)
class Stale:
    """A rule or a figure of a row whose source should be read again. ``place`` is where it stands in the row."""

    channel: str
    place: str
    why: Why
    seen: dt.date
    expires: dt.date | None
    source: str


def stale(day: dt.date, days: int = STALE_DAYS, project: Path | None = None) -> list[Stale]:
    """What has expired on ``day``, expires within ``SOON_DAYS``, or was read more than ``days`` days ago.

    The most urgent first. Rules that are no longer in force are history and never stale.
    """
    found = []
    for name in sorted(known_rows(project)):
        for place, dated in _dated(load_row(name, project), ""):
            seen, expires = dated.seen, getattr(dated, "expires", None)  # type: ignore[attr-defined]
            ended = getattr(dated, "effective_until", None)
            if ended is not None and ended <= day:
                continue
            why = _why(seen, expires, day, days)
            if why is not None:
                source = getattr(dated, "source", "")
                found.append(Stale(name, place, why, seen, expires, source))
    urgency = list(Why)
    return sorted(found, key=lambda s: (urgency.index(s.why), s.expires or dt.date.max, s.seen))


def _why(seen: dt.date, expires: dt.date | None, day: dt.date, days: int) -> Why | None:
    if expires is not None and expires <= day:
        return Why.EXPIRED
    if expires is not None and (expires - day).days <= SOON_DAYS:
        return Why.EXPIRES_SOON
    return Why.OLD if (day - seen).days > days else None


def _dated(part: object, place: str) -> Iterator[tuple[str, BaseModel]]:
    """Everything in a row that says when its source was read, with its place as in ``rule ai-banned``."""
    if isinstance(part, BaseModel):
        if isinstance(getattr(part, "seen", None), dt.date):
            yield place.removesuffix(".evidence").strip("."), part
            return
        for name in type(part).model_fields:
            yield from _dated(getattr(part, name), f"{place}.{name}")
    elif isinstance(part, tuple):
        for number, one in enumerate(part):
            yield from _dated(one, f"{place} {getattr(one, 'id', number)}")
    elif isinstance(part, dict):
        for name, one in part.items():
            yield from _dated(one, f"{place}.{name}")
