"""The report of a push: order, sums, tasks with remote ids, and hostile text in HTML and Markdown."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from publisher.plan import Done
from publisher.report import headline, report_variables, write_report
from tests.preview_sample import HOSTILE, NOW
from tests.push_sample import push_document
from tests.unit.test_render import assert_harmless


def test_the_page_is_harmless_and_starts_with_what_is_unclear(tmp_path: Path) -> None:
    path = write_report(tmp_path / "out", push_document(), generated=NOW, release_title=HOSTILE)
    assert path == tmp_path / "out" / "report.html"
    page = path.read_text(encoding="utf-8")
    assert_harmless(page)
    assert HOSTILE not in page
    assert "\x1b" not in page
    order = [page.index(f'id="{i}"') for i in ("unknown", "failed", "todo", "accounts", "causes")]
    assert order == sorted(order)
    assert "The line broke while the file was sent." in page
    assert "there as <code>gid/10</code>" in page
    assert {p.name for p in path.parent.iterdir()} == {"report.html", "report.md"}


def test_the_markdown_holds_the_same_and_no_html(tmp_path: Path) -> None:
    write_report(tmp_path, push_document(), generated=NOW)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "<script" not in text.replace("\\<script", "")
    assert "\x1b" not in text
    assert text.index("Outcome unknown") < text.index("## Failed") < text.index("Waits for you")
    assert "Shorten \\| it." in text
    assert "- [ ] glass-010, there as gid/10" in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1
    assert len(table) == 2 + 3 + 1


def test_the_numbers_add_up() -> None:
    found = report_variables(push_document(), generated=NOW)
    assert found["adds_up"] is True
    assert sum(found["totals"]) == found["pairs"] == 30
    assert all(sum(a["counts"]) == a["total"] for a in found["accounts"])
    columns = zip(*(a["counts"] for a in found["accounts"]), strict=True)
    assert [sum(c) for c in columns] == found["totals"]
    assert found["sum"].endswith("= 30 pairs. Every pair has exactly one word.")
    assert found["words"] == [d.value for d in Done]


def test_numbers_that_do_not_add_up_are_said_so() -> None:
    document = push_document()
    for broken in (
        {**document, "pairs": 31},
        {**document, "counts": {**document["counts"], "published": 99}},
        {**document, "accounts": document["accounts"][:1]},
        {**document, "items": [{**document["items"][0], "word": "odd"}, *document["items"][1:]]},
    ):
        found = report_variables(broken, generated=NOW)
        assert found["adds_up"] is False
        assert "do not add up" in found["sum"]


def test_tasks_and_causes_are_grouped() -> None:
    found = report_variables(push_document(), generated=NOW)
    (todo,) = found["todo"]
    assert [i["item"] for i in todo["items"]] == ["glass-005", "glass-010"]
    assert [(c["account"], c["count"], c["rule"]) for c in found["causes"]] == [
        ("west", 10, "ai-banned"),
        ("north", 1, "terms-artist"),
    ]


def test_accounts_that_were_set_aside_and_their_tasks(tmp_path: Path) -> None:
    document = push_document()
    error = {"class": "AuthFailed", "sentence": f"Refused {HOSTILE}", "remedy": "Set it."}
    document["accounts"][2] |= {"error": error, "tasks": ["Upload the CSV"]}
    page = write_report(tmp_path, document, generated=NOW).read_text(encoding="utf-8")
    assert_harmless(page)
    assert page.index("Accounts that were set aside") < page.index("Upload the CSV")
    assert "Set it." in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_headlines() -> None:
    assert headline({}) == headline({"held": 3, "unchanged": 5})
    assert headline({}).startswith("Nothing had to be done: every account already shows")
    assert headline({"held": 3, "unchanged": 0}).startswith("Nothing was done: nothing of this")
    assert headline({"published": 2}) == "2 published; nothing failed and nothing is unclear."
    assert headline({"published": 2, "unknown": 1}) == "1 with an unknown outcome, 2 published."


@given(st.lists(st.sampled_from([d.value for d in Done]), max_size=40))
def test_any_push_adds_up(words: list[str]) -> None:
    items = [{"item": str(n), "account": f"a{n % 3}", "word": w} for n, w in enumerate(words)]
    accounts = [{"account": f"a{n}", "channel": "c", "mode": "api"} for n in range(3)]
    document = {"release": "r", "digest": "d", "items": items, "accounts": accounts}
    found = report_variables(document, generated=NOW)
    assert found["adds_up"] is True
    assert sum(found["totals"]) == len(words)
