"""Plans and pushes for a person at a terminal, made from the documents of ``--json``.

Everything foreign is printed as plain text: no markup is interpreted and no control character gets through,
so that a title can neither colour a terminal nor move its cursor. Nothing here decides anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from publisher.answers import (
    print_audit,
    print_check,
    print_findings,
    print_source,
    print_status,
    print_why,
    some,
)
from publisher.plan import Done, Word
from publisher.report import headline
from publisher.terminal import WORD_SIGNS, clean, grid, say, style_of, text_of

if TYPE_CHECKING:
    from rich.console import Console

CALENDAR_DAYS = 14
"""Days that the release calendar shows before it only counts the rest; ``--json`` has them all."""

NOTHING_GOES = "nothing of this release may go out as it stands."
"""When every pair is held or denied, so that nothing is there either."""

_STOPPED = (Word.HELD.value, Word.DENIED.value)


def print_plan(console: Console, document: Mapping[str, Any]) -> None:
    """Print a plan document: accounts with their counts, causes, changes, findings, digest and legend."""
    _heading(console, document)
    if not _to_do(document):
        stopped = bool(document["items"]) and all(i["word"] in _STOPPED for i in document["items"])
        there = "every account already shows what this release says."
        say(
            console,
            f"Nothing to do: {NOTHING_GOES if stopped else there}",
            "" if stopped else "green",
        )
    _accounts(console, document)
    _causes(console, document["items"])
    _changes(console, document["items"])
    _submissions(console, document.get("submissions") or ())
    _calendar(console, document.get("calendar") or ())
    print_findings(console, document.get("findings") or ())
    print_guards(console, document.get("guards"))
    say(console, f"digest {document['digest']}", "dim")
    _legend(console, document["counts"])


def print_push(console: Console, document: Mapping[str, Any]) -> None:
    """Print a push document: what is unclear, what failed, what waits for a person, and the counts."""
    _heading(console, document)
    items = document["items"]
    for word in (Done.UNKNOWN.value, Done.FAILED.value, Done.WAITING.value):
        _troubles(console, [i for i in items if i["word"] == word])
    _sick(console, document["accounts"])
    _tasks(console, [*items, *document["accounts"]])
    _accounts(console, document)
    _causes(console, items)
    print_findings(console, document.get("findings") or ())
    say(console, headline(document["counts"]))
    _legend(console, document["counts"])


def _to_do(document: Mapping[str, Any]) -> int:
    idle = (Word.UNCHANGED.value, Word.WAITING.value, *_STOPPED)
    counts: Mapping[str, int] = document["counts"]
    active = sum(n for w, n in counts.items() if w not in idle)
    return active + len(document.get("submissions") or ())


def _heading(console: Console, document: Mapping[str, Any]) -> None:
    items, pairs = len({i["item"] for i in document["items"]}), document["pairs"]
    line = text_of(f"release {clean(document['release'])}", "bold")
    accounts = len(document["accounts"])
    shape = f"{_many(items, 'item')} × {_many(accounts, 'account')} = {_many(pairs, 'pair')}"
    if items * accounts != pairs:
        shape = f"{_many(items, 'item')}, {_many(accounts, 'account')}, {_many(pairs, 'pair')}"
    console.print(line.append(f"   {shape}", style="dim"))
    console.print()


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _accounts(console: Console, document: Mapping[str, Any]) -> None:
    """One line per account: its counts with signs, and how far the plan was checked."""
    table = grid(3)
    for account in document["accounts"]:
        counts = text_of("")
        for word, number in (account.get("counts") or {}).items():
            sign = WORD_SIGNS.get(word, " ")
            counts.append("   " if counts.plain else "")
            counts.append(f"{sign} {number} {clean(word)}", style=style_of(word))
        if not counts.plain:
            counts.append("nothing for it in this release", style="dim")
        table.add_row(
            text_of(account["account"], "bold"), counts, text_of(account["confidence"], "dim")
        )
        if account.get("forecast"):
            table.add_row(text_of(""), text_of(account["forecast"], "dim"), text_of(""))
    console.print(table)
    console.print()


def _causes(console: Console, items: Sequence[Mapping[str, Any]]) -> None:
    """Held and denied pairs by account, then by their first reason; ids only as examples."""
    stopped = [i for i in items if i["word"] in _STOPPED]
    for account, word in dict.fromkeys((i["account"], i["word"]) for i in stopped):
        group = [i for i in stopped if i["account"] == account and i["word"] == word]
        line = text_of(
            f"! {len(group)} {word} on {clean(account)}", f"bold {style_of(word)}".strip()
        )
        console.print(line)
        found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for item in group:
            first = (item.get("because") or [{}])[0]
            found.setdefault((first.get("rule", ""), first.get("text", "")), []).append(item)
        for (_, text), members in sorted(found.items(), key=lambda f: -len(f[1])):
            say(console, f"{len(members)}  {clean(text) or 'no reason is recorded'}", indent=4)
            print_source(console, (members[0].get("because") or [{}])[0], indent=7)
            say(console, some([m["item"] for m in members]), "dim", indent=7)
        console.print()


def _changes(console: Console, items: Sequence[Mapping[str, Any]]) -> None:
    """Updates by account and set of fields; one pair alone is shown with its values."""
    for account in dict.fromkeys(i["account"] for i in items if i.get("changes")):
        changed = [i for i in items if i["account"] == account and i.get("changes")]
        console.print(text_of(f"~ {len(changed)} with changes on {clean(account)}", "bold blue"))
        fields = Counter(", ".join(c["field"] for c in i["changes"]) for i in changed)
        for names, number in fields.most_common():
            say(console, f"{number}  {names}", indent=4)
        for change in changed[0]["changes"] if len(changed) == 1 else ():
            old, new = (_value(change[k]) for k in ("old", "new"))
            say(console, f"{clean(change['field'])}: {old} -> {new}", "dim", indent=7)
        console.print()


def _value(value: object) -> str:
    if value is None:
        return "nothing"
    return clean(", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value)


def _submissions(console: Console, submissions: Iterable[Mapping[str, Any]]) -> None:
    for batch in submissions:
        number = len(batch["items"])
        text = f"+ batch of {_many(number, 'item')} to be submitted on {clean(batch['account'])}"
        say(console, text, "green")
        console.print()


def _calendar(console: Console, entries: Sequence[Mapping[str, Any]]) -> None:
    """On which day how many items go where; one line when all of them go on one day."""
    days = list(dict.fromkeys(e["date"] for e in entries))
    if len(days) < 2:
        count = sum(e["count"] for e in entries)
        for day in days:
            say(
                console,
                f"Release calendar: {_many(count, 'new item')}, all on {clean(day)}",
                "bold",
            )
            console.print()
        return
    say(console, "Release calendar", "bold")
    table = grid(2)
    for day in days[:CALENDAR_DAYS]:
        parts = [f"{e['count']} to {clean(e['account'])}" for e in entries if e["date"] == day]
        table.add_row(text_of(day), text_of(", ".join(parts)))
    console.print(table)
    if len(days) > CALENDAR_DAYS:
        rest = sum(e["count"] for e in entries if e["date"] > days[CALENDAR_DAYS - 1])
        say(console, f"and {rest} more until {days[-1]}", "dim", indent=4)
    console.print()


def _troubles(console: Console, items: Sequence[Mapping[str, Any]]) -> None:
    for item in items:
        word = item["word"]
        line = text_of(f"{WORD_SIGNS.get(word, ' ')} {word}", f"bold {style_of(word)}".strip())
        line.append(f"  {clean(item['item'])} on {clean(item['account'])}")
        if item.get("remote"):
            line.append(f", there as {clean(item['remote'])}")
        if item.get("until"):
            line.append(f", until {clean(item['until'])}")
        console.print(line)
        error = item.get("error") or {}
        for text in (error.get("sentence"), error.get("remedy")):
            if text:
                say(console, text, indent=4)
    if items:
        console.print()


def _tasks(console: Console, items: Iterable[Mapping[str, Any]]) -> None:
    found: dict[tuple[str, str], list[str]] = {}
    for item in items:
        for task in item.get("tasks") or ():
            names = found.setdefault((item["account"], task), [])
            if item.get("item"):
                names.append(
                    f"{item['item']} ({item['remote']})" if item.get("remote") else item["item"]
                )
    if not found:
        return
    say(console, "Waits for you", "bold magenta")
    for (account, task), names in found.items():
        say(console, f"{clean(account)}: {clean(task)}", indent=4)
        if names:
            say(console, some(names), "dim", indent=7)
    console.print()


def _sick(console: Console, accounts: Iterable[Mapping[str, Any]]) -> None:
    """Accounts that were set aside, each with its reason."""
    for account in accounts:
        if account.get("error"):
            say(console, f"x {clean(account['account'])} was set aside", "bold red")
            for text in (account["error"].get("sentence"), account["error"].get("remedy")):
                say(console, text or "", indent=4)
            console.print()


def print_guards(console: Console, guards: Sequence[Mapping[str, str]] | None) -> None:
    """The guards that tripped, with the narrow override; one word when they were asked and none did."""
    for trip in guards or ():
        say(console, f"guard  {clean(trip['account'])}: {clean(trip['text'])}", "bold red")
        override = f"--allow {trip['guard']} --account {trip['account']}"
        say(console, f"to let this one plan pass: {clean(override)}", indent=7)
    if guards is not None and not guards:
        say(console, "guards ok", "dim")


def _legend(console: Console, counts: Mapping[str, int]) -> None:
    from rich.columns import Columns

    found: dict[str, list[str]] = {}
    for word in counts:
        found.setdefault(WORD_SIGNS.get(word, " "), []).append(clean(word))
    used = [text_of(f"{sign} {' or '.join(words)}", "dim") for sign, words in found.items()]
    console.print(Columns([text_of("signs", "dim"), *used], padding=(0, 2)))


__all__ = [
    "print_audit",
    "print_check",
    "print_findings",
    "print_guards",
    "print_plan",
    "print_push",
    "print_status",
    "print_why",
]
