"""Templates of titles and descriptions: whose wins, what they may name, and what happens when one is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from policy_samples import GENERATED, HUMAN, TODAY, asset, bundle_of, item, made_row, row

from publisher.compose import compose, no_drafts
from publisher.drafting import drafter
from publisher.listing import Copy, Level
from publisher.manifest.item import Item
from publisher.manifest.scaffold import example_png
from publisher.plan import Word
from publisher.policy import VerdictWord, judge
from publisher.row import Row

ALLOWED = [{"id": "a", "verdict": "allow"}]
EVENT = {"city": "Porto", "country": "Portugal", "date": "2026-05-06"}


def write(folder: Path, what: Item, chosen: Row, account: str = "") -> Copy:
    name = account or chosen.name
    drafts = (drafter(folder, name, chosen) or no_drafts)(what)
    verdict = judge(drafts.item, chosen, day=TODAY, account=name)
    copy = compose(drafts.item, chosen, name, verdict, {})
    return replace(copy, findings=(*drafts.findings, *copy.findings))


def template(folder: Path, name: str, text: str) -> None:
    path = folder / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_without_templates_nothing_is_drafted(tmp_path: Path) -> None:
    assert drafter(tmp_path, "adobe-stock", row("adobe-stock")) is None
    assert no_drafts(item(HUMAN)).item == item(HUMAN)


def test_a_row_may_hold_templates(tmp_path: Path) -> None:
    text = {"title": "{{ title }} by {{ creator }}", "description": "{{ keywords | join(' / ') }}"}
    copy = write(tmp_path, item(HUMAN, keywords=["a", "b"]), made_row(ALLOWED, text=text))
    assert (copy.title, copy.description) == ("Frozen glass dunes at dawn by Ana Vidal", "a / b")
    assert copy.findings == ()


def test_the_project_wins_over_the_row_and_the_account_over_both(tmp_path: Path) -> None:
    made = made_row(ALLOWED, text={"description": "of the row"})
    assert write(tmp_path, item(HUMAN), made).description == "of the row"
    template(tmp_path, "descriptions/made.txt.j2", "of the\n project\n")
    assert write(tmp_path, item(HUMAN), made).description == "of the project"
    assert write(tmp_path, item(HUMAN), made, "other").description == "of the row"
    own = item(HUMAN, channels={"made": {"description": "of the account"}})
    assert write(tmp_path, own, made).description == "of the account"
    cleared = item(HUMAN, channels={"made": {"description": None}})
    assert write(tmp_path, cleared, made).description == ""


def test_a_row_may_name_a_template_of_the_project(tmp_path: Path) -> None:
    template(tmp_path, "descriptions/shops.txt.j2", "Part of {{ series or 'no series' }}")
    made = made_row(ALLOWED, text={"description": "descriptions/shops.txt.j2"})
    assert write(tmp_path, item(HUMAN, series="dunes"), made).description == "Part of dunes"
    assert write(tmp_path, item(HUMAN), made).description == "Part of no series"


def test_every_fact_that_the_page_lists_can_be_named(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "text.md").read_text(encoding="utf-8")
    table = page.partition("<!-- facts -->")[2].partition("<!-- /facts -->")[0]
    names = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert len(names) > 20
    made = made_row(ALLOWED, text={"description": "|".join(f"{{{{ {n} }}}}" for n in names)})
    for what in (item(HUMAN), item({**GENERATED, "prompt": "p"}, editorial=EVENT, series="s")):
        assert write(tmp_path, what, made).findings == ()
    pack = bundle_of(asset(HUMAN), asset(GENERATED, id="glass-002"))
    bundles = made_row(ALLOWED, accepts=["bundle"], text={"description": "{{ provenance.class }}x"})
    assert write(tmp_path, pack, bundles).description == "x"


def test_text_is_not_escaped_and_holds_no_template_of_its_own(tmp_path: Path) -> None:
    made = made_row(ALLOWED, text={"description": "{{ title }}"})
    assert write(tmp_path, item(HUMAN, title="A & B <{{ 7 * 7 }}>"), made).description == (
        "A & B <{{ 7 * 7 }}>"
    )


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("one\n{{ titel }}\n", 2, "'titel' is undefined"),
        ("one\ntwo\n{% for %}\n", 3, "Expected an expression"),
        ("{{ ''.__class__.__mro__ }}", 1, "unsafe"),
        ("\n\n{{ 1 / 0 }}", 3, "ZeroDivisionError"),
        ("{{ 'x' * 9999999 }}", 1, "OverflowError"),
        ("{% include 'nothing.txt.j2' %}", 1, "nothing.txt.j2"),
    ],
)
def test_a_wrong_template_is_a_finding_with_its_line(
    tmp_path: Path, source: str, line: int, said: str
) -> None:
    template(tmp_path, "descriptions/made.txt.j2", source)
    copy = write(tmp_path, item(HUMAN), made_row(ALLOWED))
    (finding,) = copy.findings
    assert (finding.level, finding.code) == (Level.ERROR, "template-error")
    assert (finding.file, finding.line) == ("templates/descriptions/made.txt.j2", line)
    assert said in finding.text
    assert copy.description == item(HUMAN).description


def test_a_template_outside_the_project_is_not_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt.j2"
    outside.write_text("secret")
    folder = tmp_path / "project"
    (folder / "templates" / "descriptions").mkdir(parents=True)
    (folder / "templates" / "descriptions" / "made.txt.j2").symlink_to(outside)
    (finding,) = write(folder, item(HUMAN), made_row(ALLOWED)).findings
    assert finding.level is Level.ERROR and "there is no" in finding.text
    absent = made_row(ALLOWED, text={"title": "../outside.txt.j2"})
    assert write(folder / "x", item(HUMAN), absent).findings[0].code == "template-error"


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "templates" / "titles" / "made.txt.j2"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xfe\x00")
    (finding,) = write(tmp_path, item(HUMAN), made_row(ALLOWED)).findings
    assert "not UTF-8" in finding.text


def test_what_a_template_makes_is_fitted_and_framed_like_any_text(tmp_path: Path) -> None:
    template(tmp_path, "descriptions/dreamstime.txt.j2", "{{ (title ~ '. ') * 50 }}")
    copy = write(tmp_path, item(GENERATED), row("dreamstime"))
    assert copy.description.endswith(" This is AI-generated.") and len(copy.description) <= 250
    assert "text-cut" in [f.code for f in copy.findings]


def test_a_template_cannot_bring_in_a_word_that_a_rule_forbids(tmp_path: Path) -> None:
    template(tmp_path, "titles/adobe-stock.txt.j2", "Generative AI: {{ title }}")
    chosen = row("adobe-stock")
    drafts = (drafter(tmp_path, "adobe-stock", chosen) or no_drafts)(item(GENERATED))
    verdict = judge(drafts.item, chosen, day=TODAY, account="adobe-stock")
    assert verdict.word is VerdictWord.HOLD
    assert "ai-words-in-title" in [b.rule for b in verdict.because]


def test_a_project_with_a_wrong_template_holds_the_pairs_of_its_account(tmp_path: Path) -> None:
    import datetime as dt

    from publisher.ledger.store import Ledger
    from publisher.pipeline import make_plan
    from publisher.workspace import open_workspace

    (tmp_path / "publisher.toml").write_text(
        'manifests = ["release.json"]\naccounts = ["handoff", "freepik"]\n'
    )
    one: dict[str, Any] = {**json.loads(item(HUMAN).members[0].model_dump_json(by_alias=True))}
    one = {k: v for k, v in one.items() if v is not None} | {"file": "a.png", "editorial": False}
    (tmp_path / "release.json").write_text(json.dumps({"release": "r", "assets": [one]}))
    (tmp_path / "a.png").write_bytes(example_png(1, (10, 20, 30), (200, 220, 250)))
    template(tmp_path, "descriptions/handoff.txt.j2", "{{ nothing }}")
    template(tmp_path, "titles/freepik.txt.j2", "{{ title | upper }}")
    now = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    ws = open_workspace(tmp_path)
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as ledger:
        plan = make_plan(ws, ledger, day=now.date(), now=now)
    words = {p.account: p.word for p in plan.items}
    assert words["handoff"] is Word.HELD
    (found,) = [f for f in plan.findings if f.code == "template-error"]
    assert (found.account, found.item, found.line) == ("handoff", "glass-001", 1)
    assert plan.listings["glass-001", "freepik"].fields["title"] == "FROZEN GLASS DUNES AT DAWN"
