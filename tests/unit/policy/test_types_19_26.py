"""Rule types 19 to 26: exclusivity, automation, products, steps, approval, marks, law, evidence."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from policy_samples import GENERATED, HUMAN, TODAY, item, made_row, row
from pydantic import ValidationError

from publisher.exclusivity import Graph, Piece, Place, Reach, Severity, Vow
from publisher.manifest.item import Item
from publisher.manifest.model import Waiver
from publisher.policy import Verdict, VerdictWord, batch_steps, judge, shipped_law

ALLOW, ACTIONS, HOLD, DENY = VerdictWord
ANYTHING = {"id": "all", "verdict": "allow"}
EVIDENCE = {"source": "test", "grade": "O", "seen": dt.date(2026, 1, 1)}
TOMORROW = TODAY + dt.timedelta(days=1)


def say(what: Item, *rules: dict[str, Any], day: dt.date = TODAY, **sections: Any) -> Verdict:
    return judge(what, made_row([ANYTHING, *rules], **sections), day=day, account="acc")


def waiver(rule: str, until: dt.date = TOMORROW) -> Waiver:
    return Waiver(item="glass-001", account="acc", rule=rule, reason="asked them", until=until)


def test_type_19_exclusivity() -> None:
    here, there = Place("one", "one", "One"), Place("two", "two", "Two")
    vow = Vow("one", until=dt.date(2026, 12, 31))
    piece = Piece("glass-001", frozenset({"glass-001"}), vows=(vow,))
    graph = Graph(TODAY)
    assert graph.conflict(piece, here) is None
    broken = graph.conflict(piece, there)
    assert broken is not None and broken.severity is Severity.DENY
    assert Graph(dt.date(2027, 1, 1)).conflict(piece, there) is None
    prints = Place("two", "two", "Two", prints=True)
    assert (
        Graph(TODAY).conflict(
            Piece("x", frozenset("x"), vows=(Vow("one", prints_excepted=True),)), prints
        )
        is None
    )
    route = Graph(TODAY)
    free = Piece("free", frozenset({"free"}))
    route.stand(free, there, "is at Two")
    forwards = Place("hub", "hub", "Hub", forwards_to=("two",))
    double = route.conflict(free, forwards)
    assert double is not None and double.severity is Severity.HOLD
    wirestock = row("wirestock").exclusivity
    assert wirestock is not None and set(wirestock.forwards_to) >= {"adobe-stock", "shutterstock"}
    assert Reach("portfolio") is Reach.PORTFOLIO


def test_type_20_automation() -> None:
    said = {"text": "bots are forbidden", "evidence": EVIDENCE}
    manual = {"kind": "manual", **said}
    with pytest.raises(ValidationError, match="does more than automation manual permits"):
        made_row([ANYTHING], automation=manual)
    assert made_row([ANYTHING], automation={**manual, "kind": "transfer"}).automation
    assert made_row([ANYTHING], automation={**manual, "kind": "api"}).mode.value == "transfer"
    assert made_row([ANYTHING]).automation is None  # unknown: the mode is a person's decision
    for name in ("redbubble", "society6"):
        found = row(name).automation
        assert found is not None and found.kind == "assisted"
    for name in ("arcangel", "canva"):
        assert row(name).automation is not None and row(name).automation.kind == "manual"


def test_type_21_products() -> None:
    rule = {"id": "digital", "verdict": "deny", "when": {"product": ["digital"]}}
    offer = {"currency": "EUR", "variants": [{"id": "a", "title": "A", "price": "9"}]}
    assert say(item(HUMAN, offer={**offer, "product": "digital"}), rule).word is DENY
    assert say(item(HUMAN, offer={**offer, "product": "physical"}), rule).word is ALLOW
    for unknown in (item(HUMAN, offer=offer), item(HUMAN)):
        assert say(unknown, rule).missing == ("offer.product",)
    own = {"acc": {"offer": {**offer, "product": "physical"}}}
    both = item(HUMAN, offer={**offer, "product": "digital"}, channels=own)
    assert say(both, rule).word is ALLOW  # the account's own offer counts
    later = {**rule, "effective_from": TOMORROW}
    assert say(item(HUMAN), later).word is ALLOW


def test_type_22_steps_after_the_upload() -> None:
    step = {"id": "button", "text": "press the button", **EVIDENCE}
    each = {**step, "per": "item", "when": {"provenance": ["ai-generated"]}}
    verdict = say(item(GENERATED), after=[each])
    assert verdict.word is ACTIONS and verdict.actions[0].value == "press the button"
    assert say(item(HUMAN), after=[each]).word is ALLOW
    assert say(item(HUMAN), after=[{**each, "when": {"mature": True}}]).word is ALLOW
    gap = {**each, "when": {"style": ["photo"]}}
    assert say(item(HUMAN, style=None), after=[gap]).missing == ("style",)
    assert say(item(GENERATED), after=[{**each, "effective_from": TOMORROW}]).word is ALLOW
    # What is done once for a batch is no condition of an item.
    channel = made_row([ANYTHING], after=[step])
    assert judge(item(HUMAN), channel, day=TODAY, account="acc").word is ALLOW
    assert [s.id for s in batch_steps(channel, TODAY)] == ["button"]
    ended = made_row([ANYTHING], after=[{**step, "effective_until": TODAY}])
    assert batch_steps(ended, TODAY) == ()


def test_type_23_what_cannot_be_taken_back() -> None:
    final = {"reason": "a mint stays", "evidence": EVIDENCE}
    held = say(item(HUMAN), irreversible=final)
    assert (held.word, held.because[0].rule) == (HOLD, "irreversible")
    assert "approve: [acc]" in held.because[0].text
    assert say(item(HUMAN, approve=["acc"]), irreversible=final).word is ALLOW
    assert say(item(HUMAN, approve=["other"]), irreversible=final).word is HOLD
    channel = made_row([ANYTHING], irreversible=final)
    for until, word in ((TODAY, ALLOW), (TODAY - dt.timedelta(days=1), HOLD)):
        own = [waiver("irreversible", until)]
        verdict = judge(item(HUMAN), channel, day=TODAY, account="acc", waivers=own)
        assert verdict.word is word
        assert any(b.rule == "waiver:irreversible" for b in verdict.because) is (word is ALLOW)
    only = {**final, "when": {"provenance": ["ai-generated"]}}
    assert say(item(HUMAN), irreversible=only).word is ALLOW


def test_type_24_marks_that_must_survive() -> None:
    xmp = {"kind": "write-xmp", "field": "Iptc4xmpExt:DigitalSourceType", "value": "x"}
    inside = {"id": "mark", "verdict": "allow", "actions": [{**xmp, "declares": "ai"}]}
    keep = {"keep": ["Iptc4xmpExt:DigitalSourceType"], "c2pa": "last", "evidence": EVIDENCE}
    verdict = say(item(GENERATED), inside, metadata=keep)
    assert [a.field for a in verdict.actions] == ["Iptc4xmpExt:DigitalSourceType"]
    assert made_row([inside], metadata={**keep, "strip": None}).metadata  # nobody knows
    with pytest.raises(ValidationError, match="where the channel strips it"):
        made_row([inside], metadata={**keep, "strip": True})
    kept = row("google-merchant").metadata
    assert kept is not None and "Iptc4xmpExt:DigitalSourceType" in kept.keep


def test_type_25_law_comes_after_the_row_and_by_date() -> None:
    shown = item(GENERATED, depicts={"people": "real"})

    def laws(what: Item, day: dt.date) -> list[str]:
        return [b.rule for b in say(what, day=day).because if b.rule.startswith("law:")]

    assert laws(shown, dt.date(2026, 8, 1)) == []
    assert laws(shown, dt.date(2026, 8, 2)) == ["law:eu-ai-act-50-4-people", "law:eu-ai-act-50-2"]
    assert laws(shown, dt.date(2026, 12, 2))[-1] == "law:eu-ai-act-50-2-all"
    assert laws(item(HUMAN, depicts={"people": "real"}), TODAY) == []
    assert laws(item(GENERATED, depicts={"people": None}), TODAY) == ["law:eu-ai-act-50-2"]
    verdict = say(shown)
    assert verdict.word is ACTIONS and verdict.actions[0].declares == "depicts-real-person-with-ai"
    banned = say(shown, {"id": "no", "verdict": "deny"})
    assert banned.word is DENY and banned.actions == ()
    assert all(r.source and r.expires for law in shipped_law() for r in law.rule)


def test_type_26_evidence_and_its_age() -> None:
    old = TODAY - dt.timedelta(days=1)
    rule = {"id": "a", "verdict": "allow", "source": "page (2026)", "grade": "T", "expires": old}
    verdict = judge(item(HUMAN), made_row([rule]), day=TODAY, account="acc")
    (link,) = verdict.because
    assert (link.rule, link.source, link.grade, link.seen) == (
        "a",
        "page (2026)",
        "T",
        "2026-01-01",
    )
    assert (verdict.word, [f.code for f in verdict.findings]) == (ALLOW, ["rule-expired"])
    past = judge(item(HUMAN), made_row([rule]), day=TODAY + dt.timedelta(days=90), account="acc")
    assert past.word is HOLD
    before = judge(item(HUMAN), made_row([rule]), day=old, account="acc")
    assert (before.word, before.findings) == (ALLOW, ())
    with pytest.raises(ValidationError, match="source"):
        made_row([{**rule, "source": None}])
