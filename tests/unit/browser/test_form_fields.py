"""What goes into a form: transforms of a closed list, account options, product classes, royalties. Pure."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from channels.browser.accounts import facts_of, missing_options, read_terms, values_for
from channels.browser.fields import FormField, normal, same_text, too_much_or_little, value_of
from channels.browser.profile import load_profile
from publisher.discovery import load_row
from publisher.errors import ConfigError, Rejected
from publisher.listing import Declaration, Listing

DAY = dt.date(2026, 11, 26)
WORDS = ("Glass", "glass", "blue ice", "a very long keyword indeed", "gift")


def value(source: str, *steps: dict[str, Any], **facts: Any) -> Any:
    return value_of(FormField.model_validate({"from": source, "to": steps}), facts)


def test_transforms() -> None:
    words = {"keywords": WORDS}
    assert value("keywords", {"do": "first", "n": 1}, **words) == ("Glass",)
    assert value("keywords", {"do": "skip", "n": 1}, {"do": "first", "n": 2}, **words) == WORDS[1:3]
    assert value("keywords", {"do": "dedupe"}, **words) == ("Glass", *WORDS[2:])
    assert value("keywords", {"do": "shorter", "n": 8}, **words) == (
        "Glass",
        "glass",
        "blue ice",
        "gift",
    )
    assert value("keywords", {"do": "drop_words", "words": ["GIFT"]}, **words) == WORDS[:4]
    assert (
        value("keywords", {"do": "dashed"}, {"do": "join", "text": " "}, **words).split()[2]
        == "blue-ice"
    )
    assert value("title", {"do": "truncate", "n": 12}, title="Frozen glass dunes") == "Frozen glass"
    assert value("title", {"do": "cut", "n": 3}, title="Frozen") == "Fro"
    assert value("title", {"do": "lower"}, {"do": "prefix", "text": "x "}, title="AB") == "x ab"
    assert value("title", {"do": "map", "table": {"a": "1"}, "default": "9"}, title="b") == "9"
    assert value("mature", {"do": "negate"}, mature=True) is False
    assert value("title") == "" and value("mature", mature=False) is False
    assert value_of(FormField(text="fixed"), {}) == "fixed"


def test_a_field_has_one_origin_of_a_known_kind() -> None:
    for wrong in ({}, {"from": "title", "text": "x"}, {"from": "env.HOME"}, {"from": "price.x"}):
        with pytest.raises(ValidationError):
            FormField.model_validate(wrong)


def test_sizes_are_told_and_nothing_is_cut_in_silence() -> None:
    field = FormField.model_validate({"from": "title", "least": 2, "most": 5})
    assert too_much_or_little("title", field, "abc") == ""
    assert "wants 2" in too_much_or_little("title", field, "a")
    assert "takes 5" in too_much_or_little("title", field, "abcdef")


@given(st.text(max_size=400), st.integers(1, 100))
def test_a_truncated_text_is_a_beginning_of_it(text: str, most: int) -> None:
    found = value("title", {"do": "truncate", "n": most}, title=text)
    assert len(found) <= most and text.startswith(found)


@given(st.text(max_size=60))
def test_titles_are_compared_as_a_person_does(text: str) -> None:
    assert same_text(text, f"  {text}\t") and normal(normal(text)) == normal(text)


def listing(**fields: Any) -> Listing:
    given = {"title": "T", "description": "D", "keywords": ("a", "b"), "mature": True, **fields}
    return Listing("i", "acc", "T", given, declarations=(Declaration("ai-generated", "field"),))


def test_facts_hold_declarations_royalties_and_options() -> None:
    row = load_row("redbubble")
    terms = read_terms("acc", {"product": "mug", "media": "photo", "unattended": False}, row, DAY)
    fields = {"royalty.mug": "15 %", "royalty.default": "20 %", "csv.rating": "G"}
    facts = facts_of(listing(**fields), (), terms, "en")
    assert facts["declares.ai-generated"] is True and "declares.mature" not in facts
    assert facts["royalty.product"] == "15" and facts["royalty.default"] == "20"
    assert facts["option.media"] == "photo" and facts["field.rating"] == "G"
    assert "option.unattended" not in facts


def test_product_classes_become_the_sites_keys() -> None:
    profile = load_profile("redbubble")
    terms = read_terms("acc", {}, load_row("redbubble"), DAY)
    chosen = facts_of(listing(products=("mugs", "stickers", "mugs")), (), terms, "en")
    assert values_for(profile, chosen)["products"] == (
        "mug",
        "travel_mug",
        "water_bottle",
        "sticker",
    )
    default = values_for(profile, facts_of(listing(), (), terms, "en"))["products"]
    assert isinstance(default, tuple) and "sticker" in default
    with pytest.raises(Rejected, match="no product class sofas"):
        values_for(profile, facts_of(listing(products=("sofas",)), (), terms, "en"))


def test_main_and_supporting_tags() -> None:
    profile = load_profile("redbubble")
    terms = read_terms("acc", {}, load_row("redbubble"), DAY)
    words = tuple(f"w{n}" for n in range(20))
    values = values_for(profile, facts_of(listing(keywords=words), (), terms, "en"))
    assert values["main_tag"] == ("w0",) and values["supporting_tags"] == words[1:15]
    assert values["ai"] is True and values["mature"] is True


def test_terms_name_every_mistake_at_once() -> None:
    row = load_row("redbubble")
    wrong = {"unattended": "yes", "terms_acknowledged": "soon", "fallback": "x", "session": "../up"}
    with pytest.raises(ConfigError) as caught:
        read_terms("acc", wrong, row, DAY)
    assert len(caught.value.problems) == 4
    good = read_terms("acc", {"unattended": True, "terms_acknowledged": DAY}, row, DAY)
    assert good.unattended and good.acknowledged == DAY and good.pack
    assert not read_terms("acc", {"terms_acknowledged": "2026-11-20"}, row, DAY).unattended
    with pytest.raises(ConfigError, match="unattended is not offered here"):
        final = load_row("society6")
        read_terms("acc", {"unattended": True, "terms_acknowledged": DAY}, final, DAY)


def test_what_a_profile_needs_of_an_account_is_asked_for() -> None:
    terms = read_terms("acc", {"store": "glass"}, load_row("zazzle"), DAY)
    with pytest.raises(ConfigError, match="product must be stated"):
        missing_options("acc", load_profile("zazzle"), terms)
    whole = read_terms("acc", {"store": "glass", "product": "mug"}, load_row("zazzle"), DAY)
    missing_options("acc", load_profile("zazzle"), whole)
