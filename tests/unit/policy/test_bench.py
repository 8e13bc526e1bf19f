"""The bench: the same answers as one at a time, stricter with every rule, and remembered across runs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from hypothesis import given, settings
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

from publisher.listing import Because
from publisher.manifest.item import Item
from publisher.manifest.model import Asset, Waiver
from publisher.policy import Bench, RuleOutcome, VerdictWord, judge
from publisher.remembered import Remembered, item_digest

ALLOW, ACTIONS, HOLD, DENY = VerdictWord
ROWS = [row(path.stem) for path in sorted(CHANNELS.glob("*/*.toml"))]
DEPICTED = st.none() | st.sampled_from(["none", "fictional", "real"])
WORDS = st.sampled_from(["glass", "a van", "by Van Gogh", "LEGO brick", "photo", "Apple phone", ""])


@st.composite
def items(draw: st.DrawFn) -> Item:
    made = draw(
        st.none()
        | st.fixed_dictionaries(
            {"class": st.sampled_from(["human", "ai-edited", "ai-generated"])},
            optional={
                "edit_share": st.floats(0, 1),
                "edits": st.lists(st.sampled_from(["retouch", "subject"]), max_size=2),
                "rights": st.sampled_from(["commercial", "personal", "unknown"]),
                "system": st.sampled_from(["Midjourney", "Firefly"]),
                "plan": st.sampled_from(["free", "pro"]),
                "prompt": WORDS,
            },
        )
    )
    shown = {name: draw(DEPICTED) for name in ("people", "property", "places")}
    data: dict[str, Any] = {
        "id": "a",
        "file": "a.png",
        "provenance": made,
        "title": draw(st.none() | WORDS),
        "style": draw(st.none() | st.sampled_from(["photo", "illustration"])),
        "editorial": draw(st.booleans()),
        "depicts": {k: v for k, v in shown.items() if v is not None},
    }
    if draw(st.booleans()):
        data["channels"] = {"acc": {"title": draw(WORDS)}}
    return item_of(Asset.model_validate({k: v for k, v in data.items() if v is not None}))


@given(
    st.lists(items(), min_size=1, max_size=4), st.dates(dt.date(2022, 1, 1), dt.date(2028, 1, 1))
)
@settings(max_examples=60)
def test_a_bench_says_what_one_judgement_says(works: list[Item], day: dt.date) -> None:
    bench = Bench(day, rows=ROWS[:3])
    for channel in ROWS[::4]:
        for work in (*works, *works):
            assert bench.judge(work, channel, "acc") == judge(work, channel, day=day, account="acc")


RULES = st.fixed_dictionaries(
    {
        "verdict": st.sampled_from(["allow", "hold", "deny"]),
        "when": st.fixed_dictionaries(
            {},
            optional={
                "provenance": st.lists(
                    st.sampled_from(["human", "ai-edited", "ai-generated"]), min_size=1, max_size=2
                ),
                "people": st.just(["real"]),
                "style": st.just(["photo"]),
                "edit_share_over": st.floats(0, 1),
                "term_classes": st.just(["artist", "brand"]),
                "editorial": st.booleans(),
            },
        ),
    }
)


def numbered(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**r, "id": f"r{n}"} for n, r in enumerate(rules)]


@given(items(), st.lists(RULES, max_size=5), RULES)
def test_a_further_deny_or_hold_never_relaxes(
    work: Item, rules: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    base = [{"id": "base", "verdict": "allow"}, *numbered(rules)]
    before = judge(work, made_row(base), day=TODAY, account="acc").word
    after = judge(work, made_row([*base, {**more, "id": "x"}]), day=TODAY, account="acc").word
    if more["verdict"] != "allow":
        assert after.strictness >= before.strictness
    turned = judge(work, made_row(list(reversed(base))), day=TODAY, account="acc").word
    assert turned is before  # the order of rules decides nothing


@given(items(), st.sampled_from(list(VerdictWord)))
def test_what_others_found_can_only_make_it_stricter(work: Item, word: VerdictWord) -> None:
    extra = RuleOutcome(word, Because("promise-broken", "promised to another", facts=("to=x",)))
    alone = judge(work, ROWS[0], day=TODAY, account="acc")
    joined = judge(work, ROWS[0], day=TODAY, account="acc", extra=[extra])
    assert joined.word is max(alone.word, word, key=lambda w: w.strictness)
    stopped = joined.word in (HOLD, DENY)
    assert (joined.actions == ()) if stopped else (joined.actions == alone.actions)
    assert any(b.rule == "promise-broken" for b in joined.because) or word.strictness < 2
    assert set(alone.missing) <= set(joined.missing) or joined.word is not alone.word


def test_a_waiver_stands_in_the_chain_where_it_acts() -> None:
    channel = made_row([{"id": "h", "verdict": "hold"}])
    own = [Waiver(item="glass-001", account="acc", rule="h", reason="asked them", until=TODAY)]
    bench = Bench(TODAY, rows=[channel], waivers=own)
    verdict = bench.judge(item(HUMAN), channel, "acc")
    (link,) = [b for b in verdict.because if b.rule == "waiver:h"]
    assert verdict.word is ALLOW and link.text == f"waived until {TODAY}: asked them"
    assert link.facts == ("item=glass-001", "account=acc")
    assert bench.judge(item(HUMAN, id="glass-002"), channel, "acc").word is HOLD
    assert bench.judge(item(HUMAN), channel, "other").word is HOLD


def test_a_row_with_words_of_its_own_may_come_late() -> None:
    plain = made_row([{"id": "a", "verdict": "allow"}])
    words = {"id": "w", "verdict": "deny", "when": {"terms": ["dunes"]}}
    picky = made_row([{"id": "a", "verdict": "allow"}, words], name="picky")
    bench, work = Bench(TODAY, rows=[plain]), item(HUMAN)
    assert bench.judge(work, plain, "acc").word is ALLOW
    assert bench.judge(work, picky, "acc").word is DENY
    assert bench.judge(work, plain, "acc").word is ALLOW


def remembered(path: Path, day: dt.date = TODAY, **more: Any) -> tuple[Bench, Remembered]:
    memory = Remembered.open(path)
    return Bench(day, rows=ROWS, memory=memory, **more), memory


def test_verdicts_are_found_again_and_are_equal(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "verdicts"
    works = [item(HUMAN), item(GENERATED, id="b"), item(None, id="c")]
    works.append(bundle_of(asset(HUMAN), asset(GENERATED, id="b")))
    first, _ = remembered(path)
    said = [first.judge(w, r, "acc") for w in works for r in ROWS]
    first.save()
    again, memory = remembered(path)
    rules = [again.rules_of(r, "acc") for r in ROWS]
    assert [v for found in memory.all(works, rules) for v in found] == said
    assert [again.judge(w, r, "acc") for w in works for r in ROWS] == said
    again.save()
    assert path.stat().st_size > 100


def test_what_changed_is_judged_anew(tmp_path: Path) -> None:
    path, channel = tmp_path / "verdicts", made_row([{"id": "h", "verdict": "hold"}])
    bench, memory = remembered(path)
    work = item(HUMAN)
    bench.judge(work, channel, "acc")
    rules = bench.rules_of(channel, "acc")
    assert memory.get(work, rules) is not None
    assert memory.get(item(HUMAN, title="Another"), rules) is None
    assert memory.get(item(GENERATED), rules) is None
    other = made_row([{"id": "h", "verdict": "deny"}])
    until = TODAY + dt.timedelta(days=5)
    own = [Waiver(item="glass-001", account="acc", rule="h", reason="asked them", until=until)]
    digests = {
        rules,
        bench.rules_of(other, "acc"),
        bench.rules_of(channel, "acc2"),
        remembered(path, waivers=own)[0].rules_of(channel, "acc"),
        remembered(path, until + dt.timedelta(days=1), waivers=own)[0].rules_of(channel, "acc"),
    }
    assert len(digests) == 5
    # A day on which nothing begins or ends is like the day before.
    tomorrow = TODAY + dt.timedelta(days=1)
    assert remembered(path, tomorrow)[0].rules_of(channel, "acc") == rules
    assert remembered(path, dt.date(2026, 12, 2))[0].rules_of(channel, "acc") != rules


def test_a_damaged_memory_is_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "verdicts"
    bench, _ = remembered(path)
    work, channel = item(HUMAN), next(r for r in ROWS if r.name == "bundles")
    said = bench.judge(work, channel, "acc")
    bench.save()
    whole = path.read_bytes()
    for damage in (b"", whole[:-3], whole[:60], whole.replace(b"Bundles", b"bundlEs"), b"\0" * 90):
        path.write_bytes(damage)
        again, memory = remembered(path)
        assert memory.get(work, again.rules_of(channel, "acc")) is None
        assert again.judge(work, channel, "acc") == said


@given(items(), items())
def test_equal_items_have_equal_digests(one: Item, other: Item) -> None:
    assert (item_digest(one) == item_digest(other)) == (one == other)
