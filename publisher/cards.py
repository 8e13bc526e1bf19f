"""One pair of a plan as a card for the eyes: text with limits, word by word differences, reasons.

Pure: plain data in, plain data out. It never renders, escapes or reads a file; that is the templates' work.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from publisher.listing import Because, Change, FieldValue, Finding, Listing, RenditionRequest
from publisher.plan import SIGNS, PlanItem, Word
from publisher.render import web_link
from publisher.row import Grade, KeywordLimit, NameLimit, Row, TextLimit

GRADES = {
    Grade.OFFICIAL.value: "official",
    Grade.OFFICIAL_COPY.value: "official, read in a copy",
    Grade.CODE.value: "read in code",
    Grade.THIRD_PARTY.value: "third party",
    Grade.GENERAL.value: "general knowledge",
    Grade.INFERRED.value: "inferred",
}
"""What a grade of a source means, in words."""

MEANINGS: Mapping[Word, str] = {
    Word.CREATE: "new there",
    Word.UPDATE: "there, and would change",
    Word.UNCHANGED: "there, and as it should be",
    Word.WITHDRAW: "would be taken off",
    Word.ADOPT: "found there, would be ours from now on",
    Word.PREPARE: "made ready, a person finishes it",
    Word.HELD: "stopped until a question is answered",
    Word.DENIED: "not accepted there",
    Word.WAITING: "over a quota, goes later",
    Word.UNKNOWN: "unclear whether an earlier write landed",
}
"""The legend. Words are used nowhere with another meaning."""

FIRST = ("title", "description", "keywords", "category", "categories")
"""Fields in the order in which a buyer sees them; the others follow by name."""

MAX_TOKENS = 4000
"""Words and blanks of both sides together, above which a text counts as replaced as a whole."""

_TOKENS = re.compile(r"\s+|\d[\d.,]*\d|\w+|[^\w\s]")


def word_diff(old: str, new: str) -> list[dict[str, str]]:
    """What was taken out of a text and put in, by words: parts of kind ``same``, ``del`` or ``ins``.

    The parts without ``ins`` give ``old`` again, those without ``del`` give ``new``.
    """
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    if len(before) + len(after) > MAX_TOKENS:
        return _parts([("del", before), ("ins", after)], "")
    return _parts(_steps(before, after), "")


def list_diff(old: Sequence[str], new: Sequence[str]) -> list[dict[str, str]]:
    """The same for a list such as keywords: one part per entry, and the order counts."""
    parts = []
    for kind, entries in _steps(list(old), list(new)):
        parts += [{"kind": kind, "text": entry} for entry in entries]
    return parts


def _steps(before: list[str], after: list[str]) -> list[tuple[str, list[str]]]:
    steps = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, start, end, begin, stop in matcher.get_opcodes():
        if kind == "equal":
            steps.append(("same", before[start:end]))
        else:
            steps += [("del", before[start:end]), ("ins", after[begin:stop])]
    return steps


def _parts(steps: Iterable[tuple[str, list[str]]], joiner: str) -> list[dict[str, str]]:
    return [{"kind": kind, "text": joiner.join(words)} for kind, words in steps if words]


def text_limit(value: str, limit: TextLimit | NameLimit) -> dict[str, Any]:
    """Characters used of the characters allowed, with a state and shares in per cent for a bar."""
    least = limit.min if isinstance(limit, TextLimit) else 0
    if isinstance(limit, TextLimit) and limit.required:
        least = max(least, 1)
    text = f"{len(value)}/{limit.max} characters" if limit.max else f"{len(value)} characters"
    if least > 1:
        text += f", at least {least}"
    return _bar(len(value), least, limit.max, text)


def keyword_limit(words: Sequence[str], limit: KeywordLimit) -> dict[str, Any]:
    """How many keywords of how many, and how many of them are too long."""
    count = len(words)
    if limit.max and limit.min:
        text = f"{count} of {limit.min}-{limit.max} keywords"
    elif limit.max:
        text = f"{count}/{limit.max} keywords"
    else:
        text = f"{count} keywords" + (f", at least {limit.min}" if limit.min else "")
    bar = _bar(count, limit.min, limit.max, text)
    long = sum(limit.each is not None and len(w) > limit.each for w in words)
    if long:
        bar |= {"text": f"{text}, {long} longer than {limit.each} characters", "state": "over"}
    return bar


def _bar(used: int, least: int, most: int | None, text: str) -> dict[str, Any]:
    state = "short" if used < least else "over" if most is not None and used > most else "ok"
    share = min(100, round(100 * used / most)) if most else None
    mark = round(100 * least / most) if most and least > 1 else None
    return {"text": text, "state": state, "share": share, "mark": mark}


def reason(because: Because) -> dict[str, str]:
    """One link of the chain; ``link`` is empty unless the source is a web address."""
    return {
        "rule": because.rule,
        "text": because.text,
        "source": because.source,
        "link": web_link(because.source),
        "grade": GRADES.get(because.grade, because.grade),
        "seen": because.seen,
    }


def causes(pairs: Sequence[PlanItem]) -> list[dict[str, Any]]:
    """The first reasons of the pairs with how often each occurs, the commonest first."""
    firsts = [p.because[0] for p in pairs if p.because]
    return [{**reason(b), "count": n} for b, n in Counter(firsts).most_common()]


def notice(finding: Finding) -> dict[str, Any]:
    """A finding; ``parts`` is the difference when a text was fitted, else empty."""
    fitted = finding.before is not None or finding.after is not None
    return {
        "level": finding.level.value,
        "text": finding.text,
        "remedy": finding.remedy,
        "item": finding.item,
        "account": finding.account,
        "where": f"{finding.file}:{finding.line}" if finding.line else finding.file,
        "parts": word_diff(finding.before or "", finding.after or "") if fitted else [],
    }


def card(
    pair: PlanItem, listing: Listing | None, row: Row | None, waived: Sequence[Finding] = ()
) -> dict[str, Any]:
    """Everything that the page shows of one pair, apart from its picture and its anchor.

    ``waived`` are the notices of the waivers that act on it.
    """
    own = listing.findings if listing is not None else ()
    findings = [notice(f) for f in (*waived, *own)]
    return {
        "item": pair.item,
        "word": pair.word.value,
        "sign": SIGNS[pair.word],
        "title": _title(listing),
        "fields": _fields(pair, listing, row),
        "declarations": [
            {"name": d.name, "mechanism": d.mechanism, "value": d.value}
            for d in (listing.declarations if listing is not None else ())
        ],
        "tasks": list(listing.tasks) if listing is not None else [],
        "because": [reason(b) for b in pair.because],
        "fitted": [f for f in findings if f["parts"]],
        "findings": [f for f in findings if not f["parts"]],
        "until": pair.until.isoformat(timespec="minutes") if pair.until else "",
        "remote": pair.remote,
        "siblings": [{"item": name} for name in pair.siblings],
    }


def _title(listing: Listing | None) -> str:
    value = listing.fields.get("title") if listing is not None else None
    return value if isinstance(value, str) else ""


FINGERPRINTS = frozenset({"file", "content"})
"""Fields that stand for bytes: pixels of a picture, members of a bundle."""


def _fields(pair: PlanItem, listing: Listing | None, row: Row | None) -> list[dict[str, Any]]:
    values = dict(listing.fields) if listing is not None else {}
    changes = {c.field: c for c in pair.changes}
    # A fingerprint says nothing to a person, unless it is what changed.
    names = {*values, *changes} - {n for n in FINGERPRINTS if n not in changes}
    ordered = [n for n in FIRST if n in names] + sorted(names.difference(FIRST))
    shown = [_field(name, values.get(name), changes.get(name), row) for name in ordered]
    files = [f for f in (listing.files if listing else ()) if isinstance(f, RenditionRequest)]
    for file in files:
        limit = text_limit(file.name, row.limits.filename) if row is not None else None
        shown.append(_shape("file", file.name, None, limit))
    return shown


def _field(name: str, value: FieldValue, change: Change | None, row: Row | None) -> dict[str, Any]:
    if change is not None:
        value = change.new
    limit = None
    if row is not None and isinstance(value, str) and name in ("title", "description"):
        limit = text_limit(value, getattr(row.limits, name))
    elif row is not None and isinstance(value, tuple) and name == "keywords":
        limit = keyword_limit(value, row.limits.keywords)
    return _shape(name, value, change, limit)


def _shape(
    name: str, value: FieldValue, change: Change | None, limit: dict[str, Any] | None
) -> dict[str, Any]:
    chips = isinstance(value, tuple) or (change is not None and isinstance(change.old, tuple))
    if change is None:
        parts: list[dict[str, str]] = []
    elif chips:
        parts = list_diff(_entries(change.old), _entries(change.new))
    else:
        parts = word_diff(_words(change.old), _words(change.new))
    return {
        "name": name,
        "label": name.replace("_", " ").replace("-", " ").capitalize(),
        "chips": _entries(value) if chips else [],
        "text": "" if chips else _words(value),
        "cleared": value is None,
        "is_list": chips,
        "parts": parts,
        "limit": limit,
    }


def _entries(value: FieldValue) -> list[str]:
    if value is None:
        return []
    return list(value) if isinstance(value, tuple) else [_words(value)]


def _words(value: FieldValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
