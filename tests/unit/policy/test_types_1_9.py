"""Rule types 1 to 9: provenance, edits, declarations, forbidden words, flags, subjects, captions, licences."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from policy_samples import EDITED, GENERATED, HUMAN, TODAY, item, made_row, row

from publisher.compose import compose
from publisher.manifest.item import Item
from publisher.policy import TermBook, Verdict, VerdictWord, judge, shipped_book
from publisher.rules import RuleAction

ALLOW, ACTIONS, HOLD, DENY = VerdictWord
ANYTHING = {"id": "all", "verdict": "allow"}
MADE_BY_AI = ["ai-generated", "ai-edited"]


def say(
    what: Item, *rules: dict[str, Any], day: dt.date = TODAY, terms: TermBook | None = None
) -> Verdict:
    made = made_row([ANYTHING, *rules])
    return judge(what, made, day=day, account="acc", terms=terms)


def asked(verdict: Verdict) -> list[RuleAction]:
    return [a for a in verdict.actions if a.declares]


def used(verdict: Verdict, rule: str) -> tuple[str, ...]:
    (link,) = [b for b in verdict.because if b.rule == rule]
    return link.facts


def test_type_01_provenance_class_with_dates() -> None:
    ban = {
        "id": "ban",
        "verdict": "deny",
        "when": {"provenance": ["ai-generated"]},
        "effective_from": dt.date(2023, 4, 1),
        "effective_until": dt.date(2026, 1, 1),
    }
    during = dt.date(2024, 6, 1)
    denied = say(item(GENERATED), ban, day=during)
    assert denied.word is DENY and used(denied, "ban") == ("provenance.class=ai-generated",)
    assert say(item(HUMAN), ban, day=during).word is ALLOW
    assert say(item(None), ban, day=during).missing == ("provenance.class",)
    assert say(item(GENERATED), ban, day=dt.date(2023, 3, 31)).word is ALLOW
    assert say(item(GENERATED), ban, day=dt.date(2026, 1, 1)).word is ALLOW
    alamy = row("alamy")
    january, may = dt.date(2023, 1, 15), dt.date(2023, 5, 15)
    assert judge(item(GENERATED), alamy, day=january, account="a").word is not DENY
    assert judge(item(GENERATED), alamy, day=may, account="a").word is DENY


@pytest.mark.parametrize(
    ("edits", "word"),
    [
        (["retouch"], ALLOW),
        ([], ALLOW),
        (["background"], DENY),
        (["retouch", "subject"], DENY),
        (None, HOLD),
    ],
)
def test_type_02_share_and_kind_of_edit(edits: list[str] | None, word: VerdictWord) -> None:
    kind = {
        "id": "kind",
        "verdict": "deny",
        "when": {"provenance": ["ai-edited"], "edits": ["background", "elements", "subject"]},
    }
    made = {**EDITED, **({} if edits is None else {"edits": edits})}
    verdict = say(item(made), kind)
    assert verdict.word is word
    assert verdict.missing == (("provenance.edits",) if edits is None else ())


def test_type_02_share_over_a_threshold() -> None:
    share = {"id": "much", "verdict": "deny", "when": {"edit_share_over": 0.1}}
    for stated, word in ((0.1, ALLOW), (0.11, DENY), (None, HOLD)):
        made = {**EDITED, "edit_share": stated}
        assert say(item(made), share).word is word
    dated = {**share, "effective_from": TODAY + dt.timedelta(days=1)}
    assert say(item({**EDITED, "edit_share": 0.9}), dated).word is ALLOW
    # All of a generated picture was generated, and nothing of a photograph.
    edited = {"id": "kind", "verdict": "deny", "when": {"edits": ["subject"]}}
    assert say(item(GENERATED), edited).word is DENY
    assert say(item(HUMAN), edited).word is ALLOW


def test_type_03_required_declarations_by_every_mechanism() -> None:
    kinds = [
        "human-task",
        "add-keyword",
        "set-category",
        "append-sentence",
        "set-field",
        "write-xmp",
    ]
    actions = [{"kind": k, "field": "x", "value": "v", "declares": "ai"} for k in kinds]
    rule = {
        "id": "told",
        "verdict": "allow",
        "when": {"provenance": MADE_BY_AI},
        "actions": actions,
    }
    verdict = say(item(GENERATED), rule)
    assert verdict.word is ACTIONS and [a.kind.value for a in asked(verdict)] == kinds
    assert asked(say(item(HUMAN), rule)) == []
    assert say(item(None), rule).word is HOLD
    later = {**rule, "effective_from": TODAY + dt.timedelta(days=1)}
    assert asked(say(item(GENERATED), later)) == []
    for name in ("adobe-stock", "freepik", "dreamstime", "zazzle", "google-merchant"):
        assert asked(judge(item(GENERATED), row(name), day=TODAY, account=name)), name


def test_type_04_forbidden_declaration_in_one_field() -> None:
    rule = {
        "id": "words",
        "verdict": "hold",
        "when": {"provenance": MADE_BY_AI, "terms": ["generative ai"], "fields": ["title"]},
        "effective_from": dt.date(2023, 10, 10),
    }
    title = item(GENERATED, title="Dunes, Generative-AI art")
    held = say(title, rule)
    assert (held.word, used(held, "words")[-1]) == (HOLD, "title=generative ai")
    elsewhere = item(GENERATED, description="Dunes, generative AI art")
    assert say(elsewhere, rule).word is ALLOW
    assert say(item(GENERATED, title=None), rule).word is ALLOW
    assert say(title, rule, day=dt.date(2023, 10, 9)).word is ALLOW
    # Adobe Stock asked for these words until 2023-10-10 and forbids them since.
    for day, word in ((dt.date(2023, 1, 15), ACTIONS), (TODAY, HOLD)):
        assert judge(title, row("adobe-stock"), day=day, account="a").word is word


def test_type_05_flags_that_depend_on_each_other() -> None:
    adobe = row("adobe-stock")
    box = 'Tick "People and Property are fictional"'

    def boxes(**shown: Any) -> tuple[VerdictWord, bool]:
        verdict = judge(item(GENERATED, depicts=shown), adobe, day=TODAY, account="a")
        return verdict.word, any(a.value == box for a in verdict.actions)

    assert boxes(people="fictional") == (ACTIONS, True)
    assert boxes(property="fictional") == (ACTIONS, True)
    assert boxes(people="none") == (ACTIONS, False)
    assert boxes(people="real")[0] is DENY  # a real person without a release
    assert boxes(people=None)[0] is HOLD
    before = judge(
        item(GENERATED, depicts={"people": "fictional"}),
        adobe,
        day=dt.date(2022, 12, 4),
        account="a",
    )
    assert box not in [a.value for a in before.actions]


def test_type_06_subjects_of_ai_images() -> None:
    for name, shown, word in (
        ("123rf", {"people": "real"}, DENY),
        ("123rf", {"places": "real"}, DENY),
        ("123rf", {"brands": ["Acme"]}, DENY),
        ("dreamstime", {"people": "fictional"}, HOLD),
        ("adobe-stock", {"news_event": True}, DENY),
    ):
        channel = row(name)
        assert judge(item(GENERATED, depicts=shown), channel, day=TODAY, account=name).word is word
        human = judge(item(HUMAN, depicts=shown), channel, day=TODAY, account=name)
        assert human.word is not DENY
    gap = judge(item(GENERATED, depicts={"people": None}), row("123rf"), day=TODAY, account="a")
    assert gap.word is HOLD and "depicts.people" in gap.missing
    dated = {"id": "faces", "verdict": "deny", "when": {"people": ["fictional"]}}
    dated["effective_until"] = TODAY
    assert say(item(GENERATED, depicts={"people": "fictional"}), dated).word is ALLOW


def test_type_07_editorial_exclusion_and_caption() -> None:
    place = {"city": "Porto", "country": "Portugal", "date": "2026-05-16"}
    news = {"editorial": place, "depicts": {"news_event": True}}
    adobe, shutter = row("adobe-stock"), row("shutterstock")
    assert judge(item(GENERATED, **news), adobe, day=TODAY, account="a").word is DENY
    what = item(HUMAN, **news)
    verdict = judge(what, shutter, day=TODAY, account="s")
    copy = compose(what, shutter, "s", verdict, {})
    assert copy.description.startswith("Porto, Portugal - May 16, 2026: Abstract dunes")
    plain = item(HUMAN)
    copy = compose(plain, shutter, "s", judge(plain, shutter, day=TODAY, account="s"), {})
    assert copy.description.startswith("Abstract dunes")
    unplaced = item(HUMAN, editorial=True)
    copy = compose(unplaced, shutter, "s", judge(unplaced, shutter, day=TODAY, account="s"), {})
    assert {f.code for f in copy.findings} >= {"fact-missing"}
    early = {"id": "ed", "verdict": "deny", "when": {"editorial": True}}
    early["effective_from"] = TODAY + dt.timedelta(days=1)
    assert say(what, early).word is ALLOW


CLASSES = {
    "artist": ("in the manner of Vincent van Gogh's nights", "a white van on a road"),
    "person": ("portrait of Taylor Swift", "a swift tailor at work"),
    "character": ("Darth Vader at breakfast", "a dark father figure"),
    "brand": ("a can of Coca-Cola", "apple pie on a table"),
    "agency": ("an astronaut of NASA", "a nasal spray"),
    "camera": ("shot on a Nikon D850", "an icon on a wall"),
    "asset-type": ("royalty-free dunes", "a royal palace, free of people"),
}


@pytest.mark.parametrize("listed", CLASSES)
def test_type_08_forbidden_terms_by_class_and_scope(listed: str) -> None:
    found, harmless = CLASSES[listed]
    rule = {
        "id": "names",
        "verdict": "deny",
        "when": {"term_classes": [listed], "fields": ["prompt", "title"]},
        "effective_from": dt.date(2024, 9, 10),
    }
    prompted = item({**GENERATED, "prompt": found})
    denied = say(prompted, rule)
    assert denied.word is DENY and f"({listed})" in used(denied, "names")[-1]
    assert say(item(GENERATED, title=found), rule).word is DENY
    assert say(item(GENERATED, description=found), rule).word is ALLOW  # out of scope
    assert say(item({**GENERATED, "prompt": harmless}), rule).word is ALLOW
    assert say(item(GENERATED), rule).word is ALLOW  # a text that is not there holds no term
    assert say(prompted, rule, day=dt.date(2024, 9, 9)).word is ALLOW


def test_type_08_own_lists_and_licensed_exceptions() -> None:
    rule = {"id": "names", "verdict": "deny", "when": {"term_classes": ["artist", "brand"]}}
    own = shipped_book().with_own({"artist": ["Ana Vidal"]})
    mine = item({**GENERATED, "prompt": "like Ana Vidal"})
    assert say(mine, rule).word is ALLOW
    assert say(mine, rule, terms=own).word is DENY
    lego = item({**GENERATED, "prompt": "a LEGO tower"})
    licence = {"term": "Lego", "reason": "contract 7", "until": dt.date(2026, 11, 30)}
    licensed = shipped_book().with_own({"licensed": [licence]})
    assert say(lego, rule).word is DENY
    assert say(lego, rule, terms=licensed).word is ALLOW
    assert say(lego, rule, terms=licensed, day=dt.date(2026, 12, 1)).word is DENY
    own_licence = [{"term": "lego", "reason": "contract 7", "until": "2026-11-30"}]
    free = item({**GENERATED, "prompt": "a LEGO tower"}, licensed_terms=own_licence)
    assert say(free, rule).word is ALLOW
    assert say(free, rule, day=dt.date(2026, 12, 1)).word is DENY


def test_type_09_generator_plan_and_licence() -> None:
    free = {"id": "free", "verdict": "deny", "when": {"system": ["Midjourney"], "plan": ["free"]}}
    for changes, word in (
        ({"plan": "pro"}, ALLOW),
        ({"plan": "Free"}, DENY),
        ({"plan": None}, HOLD),
        ({"plan": "free", "system": "Adobe Firefly"}, ALLOW),
    ):
        verdict = say(item({**GENERATED, **changes}), free)
        assert verdict.word is word
        assert verdict.missing == (("provenance.plan",) if word is HOLD else ())
    rights = {"id": "rights", "verdict": "deny", "when": {"rights": ["personal"]}}
    assert say(item({**GENERATED, "rights": "personal"}), rights).word is DENY
    assert say(item({**GENERATED, "rights": None}), rights).missing == ("provenance.rights",)
    old = {**free, "effective_until": TODAY}
    assert say(item({**GENERATED, "plan": "free"}), old).word is ALLOW
