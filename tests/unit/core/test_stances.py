"""Changes made by hand: what counts as one, what a decision does, and what it can never do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from publisher.listing import Declaration, FieldValue, Listing, Remote, Status
from publisher.stances import (
    STANCE,
    STATUS,
    Drift,
    Stance,
    decided,
    drifts,
    loses_declaration,
    with_stances,
)

SENTENCE = "Made with generative AI."
AI = Declaration("ai-generated", "sentence", SENTENCE)


def listing(**fields: FieldValue) -> Listing:
    return Listing("a", "shop", "a", fields, declarations=(AI,))


def there(**fields: FieldValue) -> Remote:
    return Remote("1", "a", Status.LIVE, fields=fields)


def test_only_what_is_ours_and_shown_there_can_drift() -> None:
    bound: dict[str, FieldValue] = {
        "title": "Dunes", "price.s": "19.00 EUR", "hidden": "x", "remote.image": "old",
    }  # fmt: skip
    found = drifts("a", "shop", bound, Status.LIVE, there(title="Sand", other="y"))
    assert found == [Drift("a", "shop", "title", "Dunes", "Sand")]


def test_something_gone_is_told_once() -> None:
    bound: dict[str, FieldValue] = {"title": "Dunes"}
    (gone,) = drifts("a", "shop", bound, Status.LIVE, None)
    assert (gone.field, gone.theirs) == (STATUS, "gone")
    assert drifts("a", "shop", bound, Status.GONE, None) == []


def test_keeping_mine_shows_the_difference_to_the_next_plan() -> None:
    drift = Drift("a", "shop", "title", "Dunes", "Sand")
    assert decided(Stance.MINE, drift, "Dunes") == {"title": "Sand", "stance.title": None}


def test_theirs_stays_until_the_manifest_says_something_new() -> None:
    drift = Drift("a", "shop", "title", "Dunes", "Sand")
    bound = decided(Stance.THEIRS, drift, "Dunes")
    kept = with_stances(listing(title="Dunes"), bound)
    assert kept.fields["title"] == "Sand"
    assert kept.findings[0].code == "stance"
    over = with_stances(listing(title="Dunes at dawn"), bound)
    assert over.fields["title"] == "Dunes at dawn"
    assert over.findings[0].code == "stance-over"


def test_a_decision_never_takes_a_declaration_away() -> None:
    ours = f"Dunes. {SENTENCE}"
    assert loses_declaration((AI,), ours, "Dunes.") == "ai-generated"
    assert loses_declaration((AI,), ours, f"Sand. {SENTENCE}") == ""
    drift = Drift("a", "shop", "description", ours, "Dunes.")
    bound = decided(Stance.IGNORE, drift, ours)
    kept = with_stances(listing(description=ours), bound)
    assert kept.fields["description"] == ours
    assert kept.findings[0].code == "stance-declaration"


def test_a_declared_keyword_is_guarded_like_a_sentence() -> None:
    mark = Declaration("ai-generated", "keyword", "_ai_generated")
    assert loses_declaration((mark,), ("a", "_ai_generated"), ("a",)) == "ai-generated"
    assert loses_declaration((mark,), ("a", "_ai_generated"), ("_ai_generated",)) == ""


value = st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none())
names = st.sampled_from(["title", "description", "price.s", "tags"])


@given(st.dictionaries(names, value), st.dictionaries(names, value), st.sampled_from(Stance))
def test_after_a_decision_nothing_drifts_any_more(
    bound: dict[str, FieldValue], shown: dict[str, FieldValue], stance: Stance
) -> None:
    remote = there(**shown)
    after = dict(bound)
    for drift in drifts("a", "shop", bound, Status.LIVE, remote):
        after |= decided(stance, drift, bound.get(drift.field))
    left = [d for d in drifts("a", "shop", after, Status.LIVE, remote) if d.theirs is not None]
    assert left == []
    assert all(n.startswith(STANCE) or n in bound for n in after)
