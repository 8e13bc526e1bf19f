"""What the nine agencies say today and said before, for pictures by a person, edited and made with AI."""

from __future__ import annotations

import datetime as dt

import pytest
from policy_samples import EDITED, GENERATED, HUMAN, TODAY, asset, bundle_of, item, row

from publisher.compose import compose
from publisher.policy import Verdict, VerdictWord, judge
from publisher.rules import ActionKind

ALLOW, ACTIONS, HOLD, DENY = VerdictWord
MADE = {"human": HUMAN, "edited": EDITED, "generated": GENERATED}

#                 human  edited   generated
TODAYS = {
    "adobe-stock": (ALLOW, ACTIONS, ACTIONS),
    "shutterstock": (ALLOW, HOLD, DENY),
    "alamy": (ALLOW, DENY, DENY),
    "dreamstime": (ALLOW, HOLD, ACTIONS),
    "freepik": (ALLOW, ACTIONS, ACTIONS),
    "depositphotos": (ALLOW, HOLD, DENY),
    "123rf": (ALLOW, ACTIONS, ACTIONS),
    "pond5": (ALLOW, HOLD, DENY),
    "vecteezy": (ALLOW, HOLD, HOLD),
}
IN_JANUARY_2023 = {
    **TODAYS,
    "alamy": (ALLOW, ALLOW, ALLOW),
    "123rf": (ALLOW, HOLD, HOLD),
    "freepik": (ALLOW, HOLD, HOLD),
}
IN_SUMMER_2022 = {
    **TODAYS,
    "adobe-stock": (ALLOW, HOLD, HOLD),
    "shutterstock": (ALLOW, HOLD, HOLD),
    "alamy": (ALLOW, ALLOW, ALLOW),
    "dreamstime": (ALLOW, HOLD, HOLD),
    "123rf": (ALLOW, HOLD, HOLD),
    "freepik": (ALLOW, HOLD, HOLD),
}
CASES = [
    (day, agency, made, word)
    for day, table in (
        (TODAY, TODAYS),
        (dt.date(2023, 1, 15), IN_JANUARY_2023),
        (dt.date(2022, 7, 1), IN_SUMMER_2022),
    )
    for agency, words in table.items()
    for made, word in zip(MADE, words, strict=True)
]


def say(agency: str, provenance: dict, day: dt.date = TODAY, **changes) -> Verdict:
    return judge(item(provenance, **changes), row(agency), day=day, account=agency)


@pytest.mark.parametrize(("day", "agency", "made", "word"), CASES)
def test_verdict(day: dt.date, agency: str, made: str, word: VerdictWord) -> None:
    verdict = say(agency, MADE[made], day)
    assert verdict.word is word, verdict.because
    assert verdict.because
    assert (verdict.actions != ()) is (word is ACTIONS)
    assert verdict.missing == ()
    assert verdict.findings == ()


def test_alamy_before_and_after_its_ban() -> None:
    assert say("alamy", GENERATED, dt.date(2023, 1, 15)).word is ALLOW
    assert say("alamy", GENERATED, dt.date(2023, 3, 30)).word is ALLOW
    after = say("alamy", GENERATED, dt.date(2023, 5, 16))
    assert say("alamy", GENERATED, dt.date(2023, 3, 31)).word is after.word is DENY
    assert after.because[0].rule == "ai-banned"
    assert "brutallyhonestmicrostock.com/2023/05/16" in after.because[0].source
    assert (after.because[0].grade, after.because[0].seen) == ("T", "2026-11-20")


@pytest.mark.parametrize("agency", ["shutterstock", "depositphotos", "pond5"])
def test_generative_edits_where_ai_is_banned(agency: str) -> None:
    much = say(agency, {**EDITED, "edit_share": 0.4})
    assert (much.word, much.because[0].rule) == (DENY, "ai-edited-much")
    unstated = say(agency, {**GENERATED, "class": "ai-edited"})
    assert (unstated.word, unstated.missing) == (HOLD, ("provenance.edit_share",))


def tasks(verdict: Verdict) -> str:
    return "\n".join(a.value for a in verdict.actions if a.kind is ActionKind.HUMAN_TASK)


def test_adobe_boxes() -> None:
    plain = say("adobe-stock", GENERATED)
    assert "Created using generative AI tools" in tasks(plain)
    assert "People and Property are fictional" not in tasks(plain)
    for shown in ({"people": "fictional"}, {"property": "fictional"}):
        verdict = say("adobe-stock", GENERATED, depicts=shown)
        assert verdict.word is ACTIONS
        assert tasks(verdict).count("People and Property are fictional") == 1
    assert "to Photos" in tasks(plain)
    assert "to Illustrations" in tasks(say("adobe-stock", EDITED, style="3d"))


def test_adobe_wants_to_know_who_is_shown() -> None:
    verdict = say("adobe-stock", GENERATED, depicts={"people": None, "property": None})
    assert verdict.word is HOLD
    assert verdict.missing == ("depicts.people", "depicts.property")
    assert "depicts.people" in verdict.because[0].text
    assert say("adobe-stock", HUMAN, depicts={"people": None}).word is ALLOW


def test_adobe_real_people_need_a_release() -> None:
    real = {"people": "real"}
    refused = say("adobe-stock", GENERATED, depicts=real)
    assert (refused.word, refused.because[0].rule) == (DENY, "ai-real-people-unreleased")
    released = say(
        "adobe-stock", GENERATED, depicts=real, releases=[{"kind": "model", "name": "Release Ana"}]
    )
    assert released.word is ACTIONS
    assert ActionKind.ATTACH_RELEASE in {a.kind for a in released.actions}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"editorial": True}, "ai-editorial"),
        ({"depicts": {"news_event": True}}, "ai-news-event"),
        ({"provenance": {**GENERATED, "rights": "personal"}}, "ai-rights-personal"),
    ],
)
def test_adobe_refusals(changes: dict, rule: str) -> None:
    verdict = say("adobe-stock", **{"provenance": GENERATED, **changes})
    assert (verdict.word, verdict.because[0].rule) == (DENY, rule)


def test_adobe_title_rule_turned_round() -> None:
    title = "Glass dunes, generative AI"
    today = say("adobe-stock", GENERATED, title=title)
    assert (today.word, today.because[0].rule) == (HOLD, "ai-words-in-title")
    assert "found: generative ai" in today.because[0].text
    then = say("adobe-stock", GENERATED, dt.date(2023, 5, 1), title=title)
    assert then.word is ACTIONS
    assert {a.kind for a in then.actions} >= {ActionKind.ADD_KEYWORD, ActionKind.SET_FIELD}
    elsewhere = {"other": {"title": title}, "adobe-stock": {"title": "Glass dunes"}}
    assert say("adobe-stock", GENERATED, title=title, channels=elsewhere).word is ACTIONS


def test_adobe_s_title_of_early_2023_is_written_and_the_one_of_today_is_left_alone() -> None:
    what, chosen = item(GENERATED), row("adobe-stock")
    for day, title in (
        (dt.date(2023, 4, 1), "Frozen glass dunes at dawn - Generative AI"),
        (TODAY, "Frozen glass dunes at dawn"),
    ):
        verdict = judge(what, chosen, day=day, account=chosen.name)
        copy = compose(what, chosen, chosen.name, verdict, {})
        assert copy.title == copy.metadata.title == title
        assert ("generative AI" in copy.keywords) is (day < TODAY)


@pytest.mark.parametrize(
    "title", ["Glass dunes --ar 16:9", "Glass dunes at dawn --v 7 --stylize 250"]
)
def test_adobe_takes_no_parameters_in_a_title(title: str) -> None:
    verdict = say("adobe-stock", GENERATED, title=title)
    assert (verdict.word, verdict.because[0].rule) == (HOLD, "ai-parameters-in-title")
    assert say("adobe-stock", HUMAN, title=title).word is ALLOW
    for fine in ("No dunes - version 7 of glass", "Glass--no dunes", "V 7 ar -- dunes"):
        assert say("adobe-stock", GENERATED, title=fine).word is ACTIONS


@pytest.mark.parametrize("agency", ["adobe-stock", "dreamstime", "freepik", "123rf"])
def test_rights_in_the_generators_output(agency: str) -> None:
    assert say(agency, {**GENERATED, "rights": "personal"}).word is DENY
    unknown = say(agency, {**GENERATED, "rights": "unknown"})
    assert (unknown.word, unknown.missing) == (HOLD, ())
    unstated = say(agency, {k: v for k, v in GENERATED.items() if k != "rights"})
    assert (unstated.word, unstated.missing) == (HOLD, ("provenance.rights",))


@pytest.mark.parametrize("who", ["fictional", "real"])
def test_dreamstime_holds_ai_faces(who: str) -> None:
    verdict = say("dreamstime", GENERATED, depicts={"people": who})
    assert (verdict.word, verdict.because[0].rule) == (HOLD, "ai-people")


@pytest.mark.parametrize(
    "shown", [{"people": "real"}, {"places": "real"}, {"brands": ["Some Brand"]}]
)
def test_123rf_takes_nothing_real_in_ai_images(shown: dict) -> None:
    assert say("123rf", GENERATED, depicts=shown).word is DENY
    assert say("123rf", HUMAN, depicts=shown).word is ALLOW


@pytest.mark.parametrize("style", ["illustration", "3d", "vector"])
def test_vecteezy_takes_photographs_only(style: str) -> None:
    assert say("vecteezy", HUMAN, style=style).word is DENY


def test_editorial_pictures_by_a_person() -> None:
    place = {"city": "Porto", "country": "Portugal", "date": "2026-05-16"}
    for agency in ("shutterstock", "pond5", "vecteezy"):
        assert say(agency, HUMAN, editorial=place).word is ACTIONS
    assert say("adobe-stock", HUMAN, editorial=place).word is ALLOW


def test_bundles_and_hand_off() -> None:
    pack = bundle_of(asset(HUMAN), asset(GENERATED, id="glass-002"))
    assert judge(pack, row("bundles"), day=TODAY, account="packs").word is ACTIONS
    assert judge(pack, row("handoff"), day=TODAY, account="folder").word is ACTIONS
    refused = judge(item(HUMAN), row("bundles"), day=TODAY, account="packs")
    assert (refused.word, refused.because[0].rule) == (DENY, "item-kind")
