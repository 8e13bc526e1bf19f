"""Plans, pushes, states, findings and reasons for a person at a terminal, made from ``--json`` documents.

Everything foreign is printed as plain text: no markup is interpreted and no control character gets through,
so that a title can neither colour a terminal nor move its cursor. Nothing here decides anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from publisher.cards import GRADES
from publisher.plan import Done, Word
from publisher.report import headline
from publisher.terminal import WORD_SIGNS, clean, grid, say, style_of, text_of

if TYPE_CHECKING:
    from rich.console import Console

_STOPPED = (Word.HELD.value, Word.DENIED.value)
_SHOWN = 6
"""Item ids that a cause names before it only counts the others."""


def print_plan(console: Console, document: Mapping[str, Any]) -> None:
    """Print a plan document: accounts with their counts, causes, changes, findings, digest and legend."""
    _heading(console, document)
    if not _to_do(document):
        say(console, "Nothing to do: every account already shows what this release says.", "green")
    _accounts(console, document)
    _causes(console, document["items"])
    _changes(console, document["items"])
    _submissions(console, document.get("submissions") or ())
    print_findings(console, document.get("findings") or ())
    say(console, f"digest {document['digest']}", "dim")
    _legend(console, document["counts"])


def print_push(console: Console, document: Mapping[str, Any]) -> None:
    """Print a push document: what is unclear, what failed, what waits for a person, and the counts."""
    _heading(console, document)
    items = document["items"]
    for word in (Done.UNKNOWN.value, Done.FAILED.value, Done.WAITING.value):
        _troubles(console, [i for i in items if i["word"] == word])
    _tasks(console, items)
    _accounts(console, document)
    _causes(console, items)
    print_findings(console, document.get("findings") or ())
    say(console, headline(document["counts"]))
    _legend(console, document["counts"])


def print_status(console: Console, document: Mapping[str, Any]) -> None:
    """Print what ``status --json`` has: one line per item and account, then the counts."""
    items = document["items"]
    if not items:
        say(console, "Nothing was published yet: publisher push will be the first to do so.")
        return
    table = grid(6)
    for item in items:
        state = item.get("status") or ""
        table.add_row(
            text_of(WORD_SIGNS.get(item["word"], " "), style_of(item["word"])),
            text_of(item["item"]),
            text_of(item["account"]),
            text_of(item["word"], style_of(item["word"])),
            text_of(state, style_of(state)),
            text_of(" ".join(str(item.get(k) or "") for k in ("remote", "at")), "dim"),
        )
    console.print(table)
    console.print()
    say(console, ", ".join(f"{n} {clean(w)}" for w, n in document["counts"].items()))


def print_findings(console: Console, findings: Iterable[Mapping[str, Any]]) -> None:
    """Print findings, errors first, each with its place and remedy; nothing when there are none."""
    order = {"error": 0, "warning": 1, "notice": 2}
    listed = sorted(findings, key=lambda f: order.get(f["level"], 3))
    for finding in listed:
        line = text_of(finding["level"], f"bold {style_of(finding['level'])}".strip())
        about = " on ".join(clean(finding[k]) for k in ("item", "account") if finding.get(k))
        line.append(f"  {about}: " if about else "  ")
        line.append(clean(finding["text"]))
        console.print(line)
        file, number = finding.get("file"), finding.get("line")
        if file:
            say(console, f"{file}:{number}" if number else file, "dim", indent=4)
        if finding.get("before") is not None or finding.get("after") is not None:
            say(console, f"was: {finding.get('before') or ''}", indent=4)
            say(console, f"now: {finding.get('after') or ''}", indent=4)
        if finding.get("remedy"):
            say(console, finding["remedy"], indent=4)
    if listed:
        console.print()


def print_why(console: Console, document: Mapping[str, Any]) -> None:
    """Print the chain of rules for each pair of a ``check`` document, or for one such pair."""
    for item in document.get("items", [document]):
        word = item.get("verdict") or item.get("word") or ""
        line = text_of(item["item"], "bold")
        line.append(f" on {clean(item['account'])}: ").append(clean(word), style=style_of(word))
        console.print(line)
        chain = item.get("because") or ()
        for number, because in enumerate(chain, start=1):
            say(console, f"{number}. {clean(because['text'])}", indent=2)
            _source(console, because, indent=5)
        if not chain:
            say(console, "No rule of this channel speaks about it.", indent=2)
        for action in item.get("actions") or ():
            say(console, f"asks for: {_action(action)}", indent=2)
        console.print()


def _action(action: object) -> str:
    if not isinstance(action, Mapping):
        return clean(action)
    return clean(" ".join(str(v) for v in action.values() if v))


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
            _source(console, (members[0].get("because") or [{}])[0], indent=7)
            say(console, _some([m["item"] for m in members]), "dim", indent=7)
        console.print()


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(clean(n) for n in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _source(console: Console, because: Mapping[str, str], *, indent: int) -> None:
    grade = because.get("grade") or ""
    seen = f"seen {because['seen']}" if because.get("seen") else ""
    known = (because.get("rule"), because.get("source"), GRADES.get(grade, grade), seen)
    parts = [clean(k) for k in known if k]
    if parts:
        say(console, " · ".join(parts), "dim", indent=indent)


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
            name = f"{item['item']} ({item['remote']})" if item.get("remote") else item["item"]
            found.setdefault((item["account"], task), []).append(name)
    if not found:
        return
    say(console, "Waits for you", "bold magenta")
    for (account, task), names in found.items():
        say(console, f"{clean(account)}: {clean(task)}", indent=4)
        say(console, _some(names), "dim", indent=7)
    console.print()


def _legend(console: Console, counts: Mapping[str, int]) -> None:
    from rich.columns import Columns

    found: dict[str, list[str]] = {}
    for word in counts:
        found.setdefault(WORD_SIGNS.get(word, " "), []).append(clean(word))
    used = [text_of(f"{sign} {' or '.join(words)}", "dim") for sign, words in found.items()]
    console.print(Columns([text_of("signs", "dim"), *used], padding=(0, 2)))
