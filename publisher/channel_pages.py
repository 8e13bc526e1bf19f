"""docs/channels.md, written from the rows: what each channel takes, how it is told, and which rules say so.

Generated and never edited: a test keeps it in step. It is dated by the newest source, so that it does not
change by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from publisher.discovery import load_row
from publisher.matrix import channel_matrix, in_words, newest_day
from publisher.row import Exclusivity, Row
from publisher.rules import Rule

_HEAD = """\
# Channels

Written from the rows with `publisher channels --markdown`; change a row, not this page. Sources were last read
on {day}. Grades: O official page, O~ a copy of one, C public code, T third party, G general knowledge,
INF inferred.

| channel | human | edited with AI (a twentieth) | AI-generated | declared by | mode |
| --- | --- | --- | --- | --- | --- |
"""


def channels_page() -> str:
    """The whole page, deterministic."""
    day = newest_day()
    lines = channel_matrix(day)
    table = [
        f"| [{_cell(x['title'])}](#{x['channel']}) | {in_words(x['human'])} | {in_words(x['ai_edited'])} "
        f"| {in_words(x['ai'])} | {_cell(x['mechanism'])} | {x['mode']} |\n"
        for x in lines
    ]
    parts = [_HEAD.format(day=day.isoformat()), *table]
    parts += ["".join(_section(load_row(x["channel"]))) for x in lines]
    return "".join(parts)


def _section(row: Row) -> Iterator[str]:
    yield f'\n<a id="{row.name}"></a>\n\n## {row.title}\n\n'
    where = row.transport.host or row.transport.kind
    takes = " and ".join(f"{kind.value}s" for kind in row.accepts)
    yield f"`{row.name}`: {row.mode.value}, {where}. Takes {takes}."
    yield f" Goes on at <{row.page}>.\n" if row.page else "\n"
    yield "".join(f"\n- {step}" for step in row.setup) + "\n" if row.setup else ""
    yield f"\nText: {_text(row)}. File: {_file(row)}.\n"
    if row.csv is not None:
        yield f"CSV: {', '.join(f'`{d}`' for d in row.csv.dialects)}; `{row.csv.dialect}` by default.\n"
    yield from _conditions(row)
    yield "\n| rule | verdict | in force | source (grade, seen) |\n| --- | --- | --- | --- |\n"
    yield from (_rule(rule) for rule in row.rule)


def _conditions(row: Row) -> Iterator[str]:
    """What it asks of an account and a release, in sentences of one line each."""
    said = [
        *(f"Gate `{g.id}` (`{g.option}`): {g.text} [{g.source}]" for g in row.gate),
        *(f"Quota `{q.id}`: {q.limit} ({q.window}, {q.counts}) [{q.source}]" for q in row.quota),
        *(f"Afterwards, for each {s.per}: {s.text} [{s.source}]" for s in row.after),
    ]
    if row.similarity is not None:
        said.append(f"At most {row.similarity.variants_per_motif} variants of a motif")
    if row.exclusivity is not None and row.exclusivity.promises != "none":
        said.append(_promise(row.exclusivity))
    if row.exclusivity is not None and row.exclusivity.forwards_to:
        said.append(f"Forwards to {', '.join(row.exclusivity.forwards_to)}")
    if row.automation is not None:
        said.append(f"Automation: {row.automation.kind}. {row.automation.text}")
    if row.irreversible is not None:
        said.append(f"Cannot be taken back: {row.irreversible.reason}")
    if said:
        yield "\n" + "".join(f"- {line}\n" for line in said)


def _promise(terms: Exclusivity) -> str:
    if terms.promises == "delivery":
        unless = f", unless `{terms.option}` is false" if terms.option else ""
        return f"A delivery to one buyer alone{unless}"
    when = f", where `{terms.option}` is true" if terms.option else ""
    return f"Exclusive for the {terms.promises}{when}"


def _rule(rule: Rule) -> str:
    begin, end = rule.effective_from, rule.effective_until
    span = f"{begin or ''} to {end or ''}".strip() if begin or end else ""
    span = span.removesuffix(" to") + " on" if begin and not end else span
    done = " " + "; ".join(_act(a.kind.value, a.field, a.value) for a in rule.actions)
    return (
        f"| `{rule.id}`: {_cell(rule.text)} | {rule.verdict.value}{_cell(done) if rule.actions else ''} "
        f"| {span} | {_cell(rule.source)} ({rule.grade.value}, {rule.seen}) |\n"
    )


def _act(kind: str, field: str, value: str) -> str:
    return f"[{kind} {field}: {value}]" if field else f"[{kind}: {value}]"


def _text(row: Row) -> str:
    limits, words = row.limits, row.limits.keywords
    parts = [
        f"{name} {_span(limit.min, limit.max, 'characters')}"
        for name, limit in (("title", limits.title), ("description", limits.description))
    ]
    keywords = f"keywords {_span(words.min, words.max, '')}".strip()
    each = f" of at most {words.each} characters" if words.each else ""
    return ", ".join([*parts, keywords + each])


def _file(row: Row) -> str:
    file = row.file
    found = [f"sent as {file.convert_to}"]
    if file.megapixels_min or file.megapixels_max:
        found.append(_span(file.megapixels_min, file.megapixels_max, "megapixels"))
    if file.side_min or file.side_max:
        found.append("sides " + _span(file.side_min, file.side_max, "pixels"))
    if file.bytes_min or file.bytes_max:
        found.append(_span(_mega(file.bytes_min), _mega(file.bytes_max), "MB"))
    return ", ".join(found)


def _mega(count: int | None) -> float | None:
    return None if count is None else count / 1_000_000


def _span(least: float | None, most: float | None, unit: str) -> str:
    low = f"{least:,g}" if least else ""
    high = f"{most:,g}" if most is not None else ""
    if low and high:
        return f"{low} to {high} {unit}".strip()
    if low or high:
        return f"{'at least' if low else 'at most'} {low or high} {unit}".strip()
    return "as long as you like" if unit == "characters" else "as many as you like"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
