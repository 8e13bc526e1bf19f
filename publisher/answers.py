"""Verdicts, reasons, states and findings for a person at a terminal, made from the documents of ``--json``.

Everything foreign goes through ``publisher.terminal``. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from publisher.cards import GRADES
from publisher.terminal import WORD_SIGNS, clean, grid, say, style_of, text_of

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_ALIKE = 3
"""Findings of one kind at one account that are told in full."""
SHOWN = 6
"""Item ids that a group names before it only counts the others."""


def print_check(console: Console, document: Mapping[str, Any]) -> None:
    """Print a ``check`` document: verdicts by account, causes of holds, findings, and health when asked."""
    items = document["items"]
    table = grid(2)
    for account in dict.fromkeys(i["account"] for i in items):
        verdicts = [i["verdict"] for i in items if i["account"] == account]
        line = text_of("")
        for word in dict.fromkeys(verdicts):
            line.append("   " if line.plain else "")
            line.append(f"{verdicts.count(word)} {clean(word)}", style=style_of(word))
        table.add_row(text_of(account, "bold"), line)
    console.print(table)
    console.print()
    for word in ("hold", "deny"):
        _verdicts(console, word, [i for i in items if i["verdict"] == word])
    print_findings(console, document.get("findings") or ())
    for answer in document.get("accounts") or ():
        _health(console, answer)
    if not document.get("findings") and not any(i["verdict"] in ("hold", "deny") for i in items):
        say(console, "All is well: every item may go to every account, and no text needs care.")


def _verdicts(console: Console, word: str, items: Sequence[Mapping[str, Any]]) -> None:
    """Held or denied items, by account and rule."""
    found: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for item in items:
        first = (item.get("because") or [{}])[0]
        key = (item["account"], first.get("rule", ""), first.get("text", ""))
        found.setdefault(key, []).append(item)
    for (account, _, text), members in found.items():
        head = f"{word}  {len(members)} on {clean(account)}: {clean(text)}"
        say(console, head, style_of(word))
        print_source(console, (members[0].get("because") or [{}])[0], indent=6)
        say(console, some([m["item"] for m in members]), "dim", indent=6)
    if found:
        console.print()


def _health(console: Console, answer: Mapping[str, Any]) -> None:
    healthy = answer.get("healthy")
    word = "well" if healthy else "not well"
    line = text_of(answer["account"], "bold")
    console.print(line.append(f": {word}", style="green" if healthy else "red"))
    error = answer.get("error") or {}
    for text in (*(answer.get("notes") or ()), error.get("sentence"), error.get("remedy")):
        if text:
            say(console, text, indent=4)


def print_why(console: Console, document: Mapping[str, Any]) -> None:
    """Print the chain of rules for each pair of a ``check`` document, or all that ``why`` knows of one."""
    for item in document.get("items", [document]):
        word = item.get("verdict") or item.get("word") or ""
        line = text_of(item["item"], "bold")
        line.append(f" on {clean(item['account'])}: ").append(clean(word), style=style_of(word))
        console.print(line)
        chain = item.get("because") or ()
        for number, because in enumerate(chain, start=1):
            say(console, f"{number}. {clean(because['text'])}", indent=2)
            print_source(console, because, indent=5)
            if because.get("facts"):
                say(console, f"from {', '.join(map(clean, because['facts']))}", "dim", indent=5)
        if not chain:
            say(console, "No rule of this channel speaks about it.", indent=2)
        for action in item.get("actions") or ():
            say(console, f"asks for: {_action(action)}", indent=2)
        _known(console, item)
        console.print()


def _known(console: Console, item: Mapping[str, Any]) -> None:
    """What a plan would do with the pair, what a person does, and what the ledger knows of it."""
    plan, bound = item.get("plan") or {}, item.get("bound") or {}
    if item.get("missing"):
        say(console, f"missing facts: {', '.join(map(clean, item['missing']))}", indent=2)
    if plan:
        say(console, f"a push would say: {clean(plan['word'])}", indent=2)
    for task in item.get("tasks") or ():
        say(console, f"your part: {clean(task)}", indent=2)
    if bound:
        state = " · ".join(
            clean(moment(bound[k]) if k == "at" else bound[k])
            for k in ("status", "remote", "at")
            if bound.get(k)
        )
        say(console, f"in the ledger: {state}", indent=2)
    for event in item.get("history") or ():
        line = f"{clean(event['at'])}  {clean(event['event'])}  run {clean(event['run'])}"
        say(console, line, "dim", indent=4)


def _action(action: object) -> str:
    if not isinstance(action, Mapping):
        return clean(action)
    return clean(" ".join(str(v) for v in action.values() if v))


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
            text_of(f"{item.get('remote') or ''} {moment(item.get('at'))}".strip(), "dim"),
        )
    console.print(table)
    console.print()
    for item in items:
        for task in item.get("tasks") or ():
            say(console, f"{clean(item['item'])} on {clean(item['account'])}: {clean(task)}")
    say(console, ", ".join(f"{n} {clean(w)}" for w, n in document["counts"].items()))


def print_audit(console: Console, document: Mapping[str, Any]) -> None:
    """Print an ``audit`` document: what the program takes off, what a person does, and what stays."""
    items = document["items"]
    say(console, f"{len(items)} live or prepared, judged as of {clean(document['as_of'])}", "bold")
    heads = {
        "withdraw": "would be taken off: publisher audit --apply",
        "task": "wait for you, because the channel has no way to do it from here",
    }
    for action, head in heads.items():
        found = [i for i in items if i["action"] == action]
        if found:
            say(console, f"! {len(found)} {head}", "bold red")
        for item in found:
            where = f"{clean(item['item'])} on {clean(item['account'])}, there as"
            say(console, f"{where} {clean(item['remote'])}", indent=4)
            first = (item["because"] or [{}])[0]
            say(console, clean(first.get("text", "")), "dim", indent=7)
            print_source(console, first, indent=7)
            if action == "task" and item["page"]:
                say(console, f"open {clean(item['page'])}", indent=7)
    _unclear(console, [i for i in items if i["action"] == "none" and i["verdict"] in _UNCLEAR])
    _by_waiver(console, items)
    if not any(i["action"] in heads for i in items):
        say(console, "Nothing has to come off.", "green")


_UNCLEAR = ("hold", "unknown")


def _unclear(console: Console, items: Sequence[Mapping[str, Any]]) -> None:
    """What is there and would not go there today without an answer; it stays."""
    for item in items:
        first = (item["because"] or [{}])[0]
        where = f"{clean(item['item'])} on {clean(item['account'])}"
        say(console, f"? {where} stays, but: {clean(first.get('text', ''))}", "dim")


def _by_waiver(console: Console, items: Sequence[Mapping[str, Any]]) -> None:
    """What stays only because a person let it: for how long, and why."""
    for item in items:
        for link in item["because"]:
            prefix, _, rule = str(link["rule"]).partition(":")
            if prefix == "waiver" and rule:
                where = f"{clean(item['item'])} on {clean(item['account'])}"
                say(console, f"* {where}: {clean(rule)} is {clean(link['text'])}", "dim")


def print_findings(console: Console, findings: Iterable[Mapping[str, Any]]) -> None:
    """Print findings, errors first, each with its place and remedy; nothing when there are none.

    Errors are all told. Of warnings and notices of one kind at one account the first ``SHOWN_ALIKE`` are
    told, then how many items have the same: a release of a thousand images says each thing once.
    """
    order = {"error": 0, "warning": 1, "notice": 2}
    listed = sorted(findings, key=lambda f: order.get(f["level"], 3))
    alike: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for number, finding in enumerate(listed):
        single = finding["level"] == "error" or not finding.get("code")
        kind = (number,) if single else (finding["level"], finding["code"], finding.get("account"))
        alike.setdefault(kind, []).append(finding)
    for found in alike.values():
        shown = found if len(found) <= SHOWN_ALIKE + 1 else found[:SHOWN_ALIKE]
        for finding in shown:
            _print_finding(console, finding)
        others = [str(f.get("item") or "") for f in found[len(shown) :]]
        if others:
            names = some(list(dict.fromkeys(name for name in others if name)))
            say(console, f"and {len(others)} more of this kind: {names} (--json has all)", indent=4)
    if listed:
        console.print()


def _print_finding(console: Console, finding: Mapping[str, Any]) -> None:
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


def print_source(console: Console, because: Mapping[str, str], *, indent: int) -> None:
    """Print a rule, its source, the grade of the source and the day on one line."""
    grade = because.get("grade") or ""
    seen = f"seen {because['seen']}" if because.get("seen") else ""
    known = (because.get("rule"), because.get("source"), GRADES.get(grade, grade), seen)
    parts = [clean(k) for k in known if k]
    if parts:
        say(console, " · ".join(parts), "dim", indent=indent)


def some(names: Sequence[str]) -> str:
    """The first names and how many more there are."""
    shown = ", ".join(clean(n) for n in names[:SHOWN])
    return shown + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def moment(value: object) -> str:
    """An ISO moment to the minute, as a person reads it."""
    text = str(value or "")
    return f"{text[:10]} {text[11:16]} UTC" if len(text) > 16 else text
