"""Console output at a width of 100 characters: shape, sums, and text that tries to steer the terminal."""

from __future__ import annotations

import io
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from publisher.console import (
    print_audit,
    print_check,
    print_findings,
    print_plan,
    print_push,
    print_status,
    print_why,
)
from publisher.documents import plan_document
from publisher.plan import Plan, PlanItem, Word
from publisher.terminal import clean
from tests.preview_sample import ARTIST, sample_plan
from tests.push_sample import ESCAPE, push_document

Printer = Callable[[Console, Any], None]


def shown(printer: Printer, document: Any, *, colour: bool = False, width: int = 100) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=colour, no_color=not colour, legacy_windows=False
    )
    printer(console, document)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_a_plan() -> None:
    text = shown(print_plan, plan_document(sample_plan()))
    assert text.splitlines()[:6] == [
        "release winter-glass   10 items × 3 accounts = 30 pairs",
        "",
        "north     + 7 create   ~ 1 update   ! 1 held   @ 1 waiting                       observed",
        "shop-eu   . 2 unchanged   - 2 withdraw   = 2 adopt   + 2 prepare   ? 2 unknown   offline",
        "          done on 3 December",
        "west      ! 10 denied                                                            "
        "unverifiable",
    ]
    assert (
        "! 10 denied on west\n"
        "    10  AI images are not accepted there\n"
        "       ai-banned · javascript:alert(1) · inferred · seen 2025-02-01\n"
        "       glass-001, glass-002, glass-003, glass-004, glass-005, glass-006 and 4 more\n"
    ) in text
    assert "variants.standard.price: 19.00 EUR -> 24.00 EUR" in text
    assert "+ batch of 1 item to be submitted on north" in text
    assert f"digest {sample_plan().digest}" in text
    assert text.index("error  glass-005") < text.index("warning  glass-001")
    assert all(len(line) <= 100 for line in text.splitlines())


def test_the_legend_has_used_signs_only() -> None:
    text = shown(print_plan, plan_document(sample_plan().restricted("west")))
    assert text.splitlines()[-1] == "signs  ! denied"


def test_nothing_to_do_is_a_sentence() -> None:
    plan = Plan("r", (PlanItem("a", "b", Word.UNCHANGED), PlanItem("c", "b", Word.HELD)), ())
    text = shown(print_plan, plan_document(plan))
    assert "Nothing to do: every account already shows what this release says." in text
    assert "Nothing to do" not in shown(print_plan, plan_document(sample_plan()))
    held = Plan("r", (PlanItem("a", "b", Word.DENIED), PlanItem("c", "b", Word.HELD)), ())
    text = shown(print_plan, plan_document(held))
    assert "Nothing to do: nothing of this release may go out as it stands." in text


def test_causes_are_grouped_and_counted() -> None:
    items = tuple(PlanItem(f"i{n}", "a", Word.HELD, because=(ARTIST,)) for n in range(2000))
    text = shown(print_plan, plan_document(Plan("r", items, ())))
    assert "    2000  The title names an artist" in text
    assert "and 1994 more" in text
    assert len(text.splitlines()) < 15


def test_a_push() -> None:
    text = shown(print_push, push_document())
    places = ["? unknown", "x failed", "@ waiting", "Waits for you", "north     +", "! 1 held on"]
    found = [text.index(p) for p in places]
    assert found == sorted(found)
    assert "shop-eu: Open the page and publish <b>it</b>" in text
    assert "glass-005 (gid/5), glass-010 (gid/10)" in text
    assert "there as gid/3" in text
    assert "[bold]x[/bold]" in text
    assert "2 with an unknown outcome, 1 failed, 6 published" in text


def test_a_calendar_of_one_day_is_one_line() -> None:
    document = plan_document(sample_plan())
    day = {"account": f"north{ESCAPE}", "count": 2}
    one = [{"date": "2026-11-21", **day}]
    told = shown(print_plan, {**document, "calendar": one})
    assert "Release calendar: 2 new items, all on 2026-11-21" in told and ESCAPE not in told
    assert "Release calendar" not in shown(print_plan, {**document, "calendar": []})
    many = [{"date": f"2026-12-{n:02}", **day} for n in range(1, 20)]
    text = shown(print_plan, {**document, "calendar": many})
    assert "2026-12-01   2 to north" in text and ESCAPE not in text
    assert "and 10 more until 2026-12-19" in text


def test_an_audit() -> None:
    because = [
        {"rule": "ai-banned", "text": "not accepted", "source": "s", "grade": "T", "seen": "d"}
    ]
    item = {"account": "b", "because": because, "page": "https://example.com", "verdict": "deny"}
    items = [
        {**item, "item": f"a{ESCAPE}", "remote": "r-1", "action": "task"},
        {**item, "item": "c", "remote": "r-2", "action": "withdraw"},
        {**item, "item": "d", "remote": "r-3", "action": "none", "verdict": "hold"},
        {**item, "item": "e", "remote": "r-4", "action": "none", "verdict": "allow"},
    ]
    text = shown(print_audit, {"as_of": "2023-05-16", "items": items, "counts": {}})
    assert "4 live or prepared, judged as of 2023-05-16" in text
    assert "there as r-1" in text and "open https://example.com" in text
    assert "publisher audit --apply" in text and "? d on b stays" in text
    assert "e on b" not in text and ESCAPE not in text
    link = {"rule": "waiver:ai-unclear", "text": "waived until 2027-05-01: we tick the box"}
    stays = {**items[3], "item": "e", "verdict": "allow", "because": [link]}
    told = shown(print_audit, {"as_of": "2023-05-16", "items": [stays], "counts": {}})
    assert "* e on b: ai-unclear is waived until 2027-05-01: we tick the box" in told
    none = shown(print_audit, {"as_of": "2023-05-16", "items": items[3:], "counts": {}})
    assert "Nothing has to come off." in none


def test_status() -> None:
    item = {"item": "a", "account": "b", "word": "published", "status": "live", "remote": "r-1"}
    document = {"items": [{**item, "at": "2026-11-21T01:13:00Z"}], "counts": {"published": 1}}
    text = shown(print_status, document)
    assert text == "+   a   b   published   live   r-1 2026-11-21 01:13 UTC\n\n1 published"
    assert "Nothing was published yet" in shown(print_status, {"items": [], "counts": {}})


def test_why() -> None:
    because = {"rule": "r-1", "text": "Because.", "source": "https://x", "grade": "O", "seen": "d"}
    item = {"item": "a", "account": "b", "channel": "c", "verdict": "hold", "because": [because]}
    expected = "a on b: hold\n  1. Because.\n     r-1 · https://x · official · seen d\n"
    assert shown(print_why, {"items": [item], "findings": []}) == expected
    assert shown(print_why, item) == expected
    asked = {**item, "actions": [{"kind": "add-keyword", "field": "", "value": "ai"}, "plain"]}
    assert "  asks for: add-keyword ai\n  asks for: plain" in shown(print_why, asked)
    assert "No rule" in shown(print_why, {**item, "because": []})


def test_why_with_all_that_is_known() -> None:
    item = {"item": "a", "account": "b", "verdict": "hold", "because": [], "missing": ["people"]}
    bound = {"remote": "r-1", "status": "live", "at": "2026-11-21", "tasks": []}
    event = {"at": "2026-11-20", "event": "receipt", "run": 3}
    more = {"plan": {"word": "held"}, "tasks": ["Tick it"], "bound": bound, "history": [event]}
    assert shown(print_why, {**item, **more}).splitlines()[2:] == [
        "  missing facts: people",
        "  a push would say: held",
        "  your part: Tick it",
        "  in the ledger: live · r-1 · 2026-11-21",
        "    2026-11-20  receipt  run 3",
    ]


def test_check() -> None:
    because = {"rule": "r-1", "text": "It is banned.", "source": "s", "grade": "O", "seen": "d"}
    items = [
        {"item": f"i{n}", "account": "b", "verdict": "deny" if n else "allow", "because": [because]}
        for n in range(3)
    ]
    health = {"account": "b", "healthy": False, "notes": [], "error": {"sentence": "Refused."}}
    document = {"items": items, "findings": [], "accounts": [health]}
    assert shown(print_check, document) == (
        "b   1 allow   2 deny\n\ndeny  2 on b: It is banned.\n      r-1 · s · official · seen d\n"
        "      i1, i2\n\nb: not well\n    Refused."
    )
    assert "All is well" in shown(print_check, {"items": items[:1], "findings": []})


def test_guards_and_accounts_that_were_set_aside() -> None:
    trip = {"guard": "updates", "account": "b", "text": "9 of 10 items would be changed"}
    plan = plan_document(sample_plan())
    text = shown(print_plan, plan | {"guards": [trip]})
    assert "guard  b: 9 of 10 items would be changed" in text
    assert "--allow updates --account b" in text
    assert "guards ok" in shown(print_plan, plan | {"guards": []})
    assert "guards" not in shown(print_plan, plan)
    document = push_document()
    error = {"class": "AuthFailed", "sentence": "The password was refused.", "remedy": "Set it."}
    document["accounts"][2] |= {"error": error, "tasks": ["Upload the CSV"]}
    text = shown(print_push, document)
    assert "x west was set aside\n    The password was refused.\n    Set it." in text
    assert "    west: Upload the CSV\n" in text


@pytest.mark.parametrize("colour", [False, True])
def test_text_cannot_steer_the_terminal(colour: bool) -> None:
    evil = f"{ESCAPE}\r\n\x08\u202e\u2066[red]x[/red] :smile: [link=https://x]y[/link]"
    because = dict.fromkeys(("rule", "text", "source", "grade", "seen"), evil)
    item = {"item": evil, "account": evil, "word": "held", "because": [because], "remote": evil}
    change = {"field": evil, "old": evil, "new": [evil]}
    finding = dict.fromkeys(("level", "text", "remedy", "item", "account", "file", "before"), evil)
    error = {"class": evil, "sentence": evil, "remedy": evil}
    account = {"account": evil, "channel": evil, "mode": evil, "confidence": evil}
    document = {
        "release": evil,
        "digest": evil,
        "pairs": 2,
        "counts": {evil: 2, "held": 1},
        "accounts": [{**account, "forecast": evil, "counts": {evil: 2}, "error": error}],
        "items": [
            {
                **item,
                "changes": [change],
                "until": evil,
                "verdict": evil,
                "status": evil,
                "at": evil,
            },
            {**item, "word": "failed", "error": error, "tasks": [evil], "actions": [{"a": evil}]},
        ],
        "findings": [finding],
        "guards": [{"guard": evil, "account": evil, "text": evil}],
        "submissions": [{"account": evil, "items": [evil], "digest": evil}],
    }
    for printed in document["items"]:
        printed |= {"verdict": "hold", "missing": [evil], "plan": {"word": evil}}
        printed |= {
            "bound": {"remote": evil},
            "history": [dict.fromkeys(("at", "event", "run"), evil)],
        }
    for printer in (print_plan, print_push, print_status, print_why, print_check):
        text = shown(printer, document, colour=colour)
        assert "[red]x[/red]" in text
        assert ":smile:" in text
        assert not set(text) & set("\x07\x08\x9b\r\u202e\u2066")
        assert "\x1b]" not in text and "\x1b[31m\x1b" not in text
        assert colour or "\x1b" not in text


@given(st.text())
@example("\u07b2")
def test_clean_text_is_one_printable_line(text: str) -> None:
    line = clean(text)
    assert "\n" not in line
    assert line == clean(line)
    # What this Python's tables do not know yet may be an emoji of next year; no terminal obeys it.
    known = (c for c in line if unicodedata.category(c) != "Cn")
    assert all(
        c.isprintable() or c in "\u200c\u200d" for c in known if c != " " and ord(c) < 0x3000
    )


def test_no_colour_without_a_terminal_or_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    print_plan(Console(file=out, width=100, force_terminal=True), plan_document(sample_plan()))
    assert "\x1b[3" not in out.getvalue()
    assert "\x1b[32m" in shown(print_plan, plan_document(sample_plan()), colour=True)


def test_findings_print_nothing_when_there_are_none() -> None:
    assert shown(print_findings, []) == ""


def test_importing_the_console_imports_neither_rich_nor_jinja() -> None:
    code = "import sys, publisher.console, publisher.preview, publisher.report\n"
    code += "print([m for m in ('rich', 'jinja2') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_many_findings_of_one_kind_are_told_once_and_errors_always() -> None:
    kinds = [("warning", "column-empty", "etsy"), ("error", "too-small", "alamy")]
    findings = [
        {"level": level, "code": code, "account": account, "item": f"n{n:02d}", "text": f"say {n}"}
        for level, code, account in kinds
        for n in range(12)
    ]
    text = " ".join(shown(print_findings, findings).split())
    assert text.count("on etsy") == 3
    assert "and 9 more of this kind: n03, n04, n05, n06, n07, n08 and 3 more" in text
    assert text.count("on alamy") == 12
