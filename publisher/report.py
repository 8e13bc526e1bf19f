"""The report of a push, as a page and as Markdown, made from the document that ``push --json`` prints.

What is unclear stands first, then what failed, then what waits for a person. It never talks to a channel
and never changes a number: it adds them up and says so when they do not agree.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from publisher.cards import GRADES, word_diff
from publisher.plan import Done
from publisher.render import render_text

DONE_SIGNS: Mapping[str, str] = {
    Done.PUBLISHED.value: "+",
    Done.UPDATED.value: "~",
    Done.UNCHANGED.value: ".",
    Done.WITHDRAWN.value: "-",
    Done.ADOPTED.value: "=",
    Done.PREPARED.value: "+",
    Done.HELD.value: "!",
    Done.DENIED.value: "!",
    Done.FAILED.value: "x",
    Done.UNKNOWN.value: "?",
    Done.WAITING.value: "@",
}
"""The sign of each word of a push."""

_STOPPED = (Done.HELD.value, Done.DENIED.value)


def write_report(
    folder: Path,
    document: Mapping[str, Any],
    *,
    generated: dt.datetime,
    release_title: str = "",
    project: Path | None = None,
) -> Path:
    """Write ``report.html`` and ``report.md`` into ``folder``, made when absent; return the page's path.

    ``document`` is a plan document with the words of ``Done``; an item may have ``error`` and ``tasks``.
    Each file is replaced in one step. Raises ConfigError when a template is broken.
    """
    variables = report_variables(document, generated=generated, release_title=release_title)
    folder.mkdir(parents=True, exist_ok=True)
    for template, name in (("report.md.j2", "report.md"), ("report.html.j2", "report.html")):
        text = render_text(template, variables, project=project)
        fresh = folder / f".{name}-{secrets.token_hex(4)}"
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, folder / name)  # noqa: PTH105 (the atomic one, on every platform)
    return folder / "report.html"


def report_variables(
    document: Mapping[str, Any], *, generated: dt.datetime, release_title: str = ""
) -> dict[str, Any]:
    """What the report templates see. Pure."""
    items = [_item(i) for i in document["items"]]
    found = Counter(i["word"] for i in items)
    words = [d.value for d in Done if found[d.value]]
    accounts = [_account(a, items, words) for a in document["accounts"]]
    return {
        "release": document["release"],
        "release_title": release_title or document["release"],
        "generated": f"{generated.day} {generated:%B %Y, %H:%M %Z}".strip(" ,"),
        "digest": document["digest"],
        "headline": headline(found),
        "pairs": len(items),
        **_sum(document, accounts, found, words),
        "words": words,
        "counts": [{"word": w, "sign": DONE_SIGNS[w], "count": found[w]} for w in words],
        "accounts": accounts,
        "totals": [found[w] for w in words],
        "unknown": [i for i in items if i["word"] == Done.UNKNOWN.value],
        "failed": [i for i in items if i["word"] == Done.FAILED.value],
        "waiting": [i for i in items if i["word"] == Done.WAITING.value],
        "sick": [
            {"account": a["account"], "error": a["error"]}
            for a in document["accounts"]
            if a.get("error")
        ],
        "todo": _todo([*items, *document["accounts"]]),
        "causes": _causes(items),
        "findings": [_finding(f) for f in document.get("findings", ())],
        "items": items,
    }


def headline(found: Mapping[str, int]) -> str:
    """One sentence on how a push went, what is unclear first."""
    unknown, failed = found.get(Done.UNKNOWN.value, 0), found.get(Done.FAILED.value, 0)
    changed = sum(found.get(d.value, 0) for d in (Done.PUBLISHED, Done.UPDATED, Done.WITHDRAWN))
    parts = []
    if unknown:
        parts.append(f"{unknown} with an unknown outcome")
    if failed:
        parts.append(f"{failed} failed")
    for word in (Done.PUBLISHED, Done.UPDATED, Done.WITHDRAWN, Done.ADOPTED, Done.PREPARED):
        if found.get(word.value):
            parts.append(f"{found[word.value]} {word.value}")
    stopped = {word for word, number in found.items() if number} <= {
        Done.HELD.value,
        Done.DENIED.value,
    }
    if not parts and any(found.values()) and stopped:
        return "Nothing was done: nothing of this release may go out as it stands."
    if not parts:
        return "Nothing had to be done: every account already shows what this release says."
    end = "." if unknown or failed or not changed else "; nothing failed and nothing is unclear."
    return ", ".join(parts) + end


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "item": item["item"],
        "account": item["account"],
        "word": item["word"],
        "sign": DONE_SIGNS.get(item["word"], "?"),
        "remote": item.get("remote") or "",
        "until": item.get("until") or "",
        "error": item.get("error"),
        "tasks": list(item.get("tasks") or ()),
        "because": [_reason(b) for b in item.get("because") or ()],
    }


def _reason(because: Mapping[str, str]) -> dict[str, str]:
    names = ("rule", "text", "source", "grade", "seen")
    found = {name: because.get(name) or "" for name in names}
    return {**found, "grade": GRADES.get(found["grade"], found["grade"])}


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    before, after = finding.get("before"), finding.get("after")
    fitted = before is not None or after is not None
    line, file = finding.get("line"), finding.get("file") or ""
    return {
        **{k: finding.get(k) or "" for k in ("level", "text", "remedy", "item", "account")},
        "where": f"{file}:{line}" if line else file,
        "parts": word_diff(before or "", after or "") if fitted else [],
    }


def _account(
    account: Mapping[str, Any], items: Iterable[Mapping[str, Any]], words: Sequence[str]
) -> dict[str, Any]:
    found = Counter(i["word"] for i in items if i["account"] == account["account"])
    return {
        "account": account["account"],
        "channel": account["channel"],
        "mode": account["mode"],
        "counts": [found[w] for w in words],
        "total": sum(found.values()),
    }


def _sum(
    document: Mapping[str, Any],
    accounts: Sequence[Mapping[str, Any]],
    found: Mapping[str, int],
    words: Sequence[str],
) -> dict[str, Any]:
    """The addition in words, and whether every count in the document agrees with the items."""
    pairs = len(document["items"])
    line = " + ".join(f"{found[w]} {w}" for w in words) or "0"
    agree = (
        document.get("pairs", pairs) == pairs
        and dict(document.get("counts", found)) == dict(found)
        and sum(a["total"] for a in accounts) == pairs
        and sum(found[w] for w in words) == pairs
    )
    if agree:
        return {"adds_up": True, "sum": f"{line} = {pairs} pairs. Every pair has exactly one word."}
    counted = document.get("pairs", pairs)
    text = (
        f"The numbers do not add up: {line}, but {counted} pairs were planned. Please report this."
    )
    return {"adds_up": False, "sum": text}


def _todo(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tasks for a person, by account and text, with the items that each is about."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for item in items:
        for task in item.get("tasks") or ():
            entries = found.setdefault((item["account"], task), [])
            if "item" in item:
                entries.append({"item": item["item"], "remote": item["remote"]})
    return [{"account": a, "text": task, "items": found[a, task]} for a, task in found]


def _causes(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Held and denied pairs by account and first reason, the commonest first."""
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for item in items:
        if item["word"] in _STOPPED:
            first = item["because"][0] if item["because"] else _reason({})
            key = (item["account"], item["word"], *first.values())
            found.setdefault(key, []).append(item)
    return [
        {
            **(group[0]["because"][0] if group[0]["because"] else _reason({})),
            "account": group[0]["account"],
            "word": group[0]["word"],
            "sign": group[0]["sign"],
            "count": len(group),
            "items": [i["item"] for i in group],
        }
        for group in sorted(found.values(), key=len, reverse=True)
    ]
