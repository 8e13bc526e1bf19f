"""How rules become a verdict: strictness, unknown facts, waivers, expiry, bundles. Own rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_samples import (
    CHANNELS,
    GENERATED,
    HUMAN,
    TODAY,
    asset,
    bundle_of,
    item,
    item_of,
    made_row,
    row,
)

from publisher.listing import Level
from publisher.manifest.item import Item
from publisher.manifest.model import Asset, Waiver
from publisher.policy import VerdictWord, judge, quotas_for

ALLOW, ACTIONS, HOLD, DENY = VerdictWord
TASK = [{"kind": "human-task", "value": "tick the box", "declares": "ai"}]


def rule(name: str, verdict: str, **rest: Any) -> dict[str, Any]:
    return {"id": name, "verdict": verdict, **rest}


def waiver(name: str, **changes: Any) -> Waiver:
    data = {"item": "glass-001", "account": "acc", "rule": name, "reason": "asked them"}
    return Waiver.model_validate({**data, "until": dt.date(2026, 12, 31), **changes})


def run(rules: list[dict[str, Any]], *waivers: Waiver, what: Item | None = None):
    return judge(
        what or item(GENERATED), made_row(rules), day=TODAY, waivers=waivers, account="acc"
    )


def test_the_strictest_rule_wins_and_comes_first() -> None:
    rules = [rule("a", "allow"), rule("b", "allow", actions=TASK)]
    assert run(rules[:1]).word is ALLOW
    both = run(rules)
    assert (both.word, [a.value for a in both.actions]) == (ACTIONS, ["tick the box"])
    assert [b.rule for b in both.because if not b.rule.startswith("law:")] == ["b", "a"]
    held = run([*rules, rule("h", "hold")])
    assert (held.word, held.actions, [b.rule for b in held.because]) == (HOLD, (), ["h"])
    denied = run([*rules, rule("h", "hold"), rule("d", "deny")])
    assert (denied.word, [b.rule for b in denied.because]) == (DENY, ["d", "h"])


def test_no_rule_says_anything() -> None:
    verdict = run([rule("a", "allow", when={"provenance": ["human"]})])
    assert (verdict.word, verdict.because[0].rule) == (HOLD, "no-rule")
    assert "no rule of Made" in verdict.because[0].text


def test_an_unknown_plain_allow_is_no_allow() -> None:
    what = item(GENERATED, style=None)
    verdict = run([rule("a", "allow", when={"style": ["photo"]})], what=what)
    assert (verdict.word, verdict.missing) == (HOLD, ("style",))


@pytest.mark.parametrize("verdict", ["deny", "hold", "allow"])
def test_an_unknown_fact_holds_and_is_named(verdict: str) -> None:
    what = item(GENERATED, depicts={"people": None})
    asked = rule("p", verdict, when={"people": ["real"]}, actions=TASK)
    answer = run([rule("a", "allow"), asked], what=what)
    assert (answer.word, answer.missing) == (HOLD, ("depicts.people",))
    passed = run([rule("a", "allow"), {**asked, "unknown": "pass"}], what=what)
    assert (passed.word, passed.missing) == (ALLOW, ())


def test_a_false_predicate_beats_an_unknown_one() -> None:
    what = item(HUMAN, depicts={"people": None})
    rules = [
        rule("a", "allow"),
        rule("d", "deny", when={"provenance": ["ai-generated"], "people": ["real"]}),
    ]
    assert run(rules, what=what).word is ALLOW


def test_a_denial_stands_whatever_is_unknown() -> None:
    what = item(GENERATED, depicts={"people": None})
    rules = [rule("h", "hold", when={"people": ["real"]}), rule("d", "deny")]
    verdict = run(rules, what=what)
    assert (verdict.word, verdict.because[0].rule) == (DENY, "d")


def test_without_provenance_nothing_is_allowed() -> None:
    what = item(None)
    verdict = run([rule("a", "allow")], what=what)
    assert (verdict.word, verdict.missing) == (HOLD, ("provenance.class",))
    adobe = judge(what, row("adobe-stock"), day=TODAY, account="adobe-stock")
    assert (adobe.word, adobe.missing[0]) == (HOLD, "provenance.class")


def test_a_waiver_turns_a_hold_into_its_rules_allowance() -> None:
    rules = [rule("h", "hold", actions=TASK)]
    verdict = run(rules, waiver("h"))
    assert (verdict.word, [a.value for a in verdict.actions]) == (ACTIONS, ["tick the box"])
    assert "waived until 2026-12-31: asked them" in verdict.because[0].text
    for other in ({"rule": "x"}, {"item": "glass-9"}, {"account": "b"}):
        assert run(rules, waiver(name="h").model_copy(update=other)).word is HOLD


def test_a_waiver_is_told_where_it_acts_and_only_there() -> None:
    acting = run([rule("h", "hold")], waiver("h"))
    (notice,) = acting.findings
    assert (notice.code, notice.level) == ("waived", Level.NOTICE)
    assert notice.text.startswith("h is waived until ") and notice.line == 7
    assert run([rule("a", "allow")], waiver("h"), what=item(HUMAN)).findings[0].code != "waived"


def test_a_waiver_lifts_one_rule_only() -> None:
    verdict = run([rule("h", "hold"), rule("i", "hold")], waiver("h"))
    assert (verdict.word, [b.rule for b in verdict.because]) == (HOLD, ["i"])


def test_a_waiver_that_is_over_is_said() -> None:
    verdict = run([rule("h", "hold")], waiver("h", until=dt.date(2026, 11, 20)))
    assert (verdict.word, [f.code for f in verdict.findings]) == (HOLD, ["waiver-ended"])


def test_a_ban_is_never_waived() -> None:
    verdict = run([rule("a", "allow"), rule("d", "deny")], waiver("d"))
    assert (verdict.word, [f.code for f in verdict.findings]) == (DENY, ["waiver-of-a-ban"])


def test_a_waiver_of_a_rule_that_does_not_exist_is_said() -> None:
    verdict = run([rule("ai-unclear", "hold")], waiver("ai-unclaer"))
    (told,) = verdict.findings
    assert (verdict.word, told.code) == (HOLD, "waiver-of-nothing")
    assert told.remedy == "did you mean ai-unclear?"
    for name in ("similarity", "irreversible", "law:eu-ai-act-50-2", "file.alpha"):
        assert run([rule("ai-unclear", "hold")], waiver(name)).findings == ()


@pytest.mark.parametrize("verdict", ["deny", "allow"])
def test_a_waiver_does_not_stand_in_for_a_missing_fact(verdict: str) -> None:
    what = item(GENERATED, depicts={"people": None})
    asked = rule("p", verdict, when={"people": ["fictional"]}, actions=TASK)
    answer = run([rule("a", "allow"), asked], waiver("p"), what=what)
    assert (answer.word, [f.code for f in answer.findings]) == (HOLD, ["waiver-of-a-gap"])


def expiring(days: int, verdict: str = "allow") -> dict[str, Any]:
    return rule("old", verdict, expires=TODAY - dt.timedelta(days=days))


def test_an_expired_rule_warns_and_later_holds() -> None:
    assert run([expiring(0)]).findings == ()
    warned = run([expiring(1)])
    assert (warned.word, [f.code for f in warned.findings]) == (ALLOW, ["rule-expired"])
    assert warned.findings[0].file == "release.yaml" and warned.findings[0].line == 7
    assert run([expiring(90)]).word is ALLOW
    held = run([expiring(91)])
    assert (held.word, held.because[0].rule) == (HOLD, "old")
    assert run([expiring(91)], waiver("old")).word is ALLOW
    assert run([expiring(400, "deny")]).word is DENY


def test_a_rule_speaks_only_in_its_time() -> None:
    dated = rule(
        "a", "allow", effective_from=dt.date(2026, 1, 2), effective_until=dt.date(2026, 3, 1)
    )
    for day, word in (("01-01", HOLD), ("01-02", ALLOW), ("02-28", ALLOW), ("03-01", HOLD)):
        then = dt.date.fromisoformat(f"2026-{day}")
        assert judge(item(HUMAN), made_row([dated]), day=then, account="acc").word is word


def test_a_bundle_is_as_strict_as_its_strictest_member() -> None:
    rules = [
        rule("a", "allow"),
        rule("d", "deny", when={"provenance": ["ai-generated"]}),
    ]
    made = made_row(rules, accepts=["bundle"])
    pack = bundle_of(asset(HUMAN), asset(GENERATED, id="glass-002"))
    verdict = judge(pack, made, day=TODAY, account="acc")
    assert verdict.word is DENY
    assert verdict.because[0].text.startswith("glass-002: ")
    assert judge(bundle_of(asset(HUMAN)), made, day=TODAY, account="acc").word is ALLOW


def test_the_kind_must_be_accepted() -> None:
    verdict = run([rule("a", "allow")], what=bundle_of(asset(HUMAN)))
    assert (verdict.word, verdict.because[0].rule) == (DENY, "item-kind")


def test_quotas_count_what_may_match() -> None:
    adobe = row("adobe-stock")
    assert [q.id for q in quotas_for(item(GENERATED), adobe, "x")] == ["generative-weekly"]
    assert [q.id for q in quotas_for(item(None), adobe, "x")] == ["generative-weekly"]
    assert quotas_for(item(HUMAN), adobe, "x") == ()


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


DEPICTED = _maybe(st.sampled_from(["none", "fictional", "real"]))
ASSETS = st.builds(
    lambda provenance, depicts, **rest: Asset.model_validate(
        {
            **{k: v for k, v in rest.items() if v is not None},
            "id": "a",
            "file": "a.png",
            "provenance": provenance,
            "depicts": {k: v for k, v in depicts.items() if v is not None},
        }
    ),
    provenance=_maybe(
        st.fixed_dictionaries(
            {"class": st.sampled_from(["human", "ai-edited", "ai-generated"])},
            optional={
                "rights": st.sampled_from(["commercial", "personal", "unknown"]),
                "edit_share": st.floats(0, 1),
                "prompt": st.text(max_size=30),
            },
        )
    ),
    depicts=st.fixed_dictionaries(
        {
            "people": DEPICTED,
            "property": DEPICTED,
            "places": DEPICTED,
            "brands": _maybe(st.just("none") | st.lists(st.text(max_size=5), max_size=2)),
            "text": _maybe(st.booleans()),
            "news_event": _maybe(st.booleans()),
        }
    ),
    title=_maybe(st.text(max_size=40)),
    style=_maybe(st.sampled_from(["photo", "illustration", "3d", "vector"])),
    editorial=st.booleans() | st.just({"city": "Porto"}),
    mature=_maybe(st.booleans()),
)
ROWS = [row(path.stem) for path in sorted(CHANNELS.glob("*/*.toml"))]


@given(members=st.lists(ASSETS, max_size=3), index=st.integers(0, len(ROWS) - 1), day=st.dates())
def test_judging_never_raises_and_is_deterministic(
    members: list[Asset], index: int, day: dt.date
) -> None:
    what = item_of(members[0]) if len(members) == 1 else _pack(members)
    first = judge(what, ROWS[index], day=day, waivers=[waiver("ai-label")], account="acc")
    assert first == judge(what, ROWS[index], day=day, waivers=[waiver("ai-label")], account="acc")
    assert first.because
    assert (first.word is ACTIONS) is bool(first.actions)
    if any(m.provenance is None for m in members):
        assert first.word in (HOLD, DENY)


def _pack(members: list[Asset]) -> Item:
    return replace(bundle_of(asset(HUMAN)), members=tuple(members))
