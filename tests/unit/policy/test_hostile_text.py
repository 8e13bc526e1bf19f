"""No text, however odd, gets past a row's limits, and nothing is changed without a finding."""

from __future__ import annotations

import unicodedata
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from policy_samples import CHANNELS, GENERATED, HUMAN, TODAY, item, row

from publisher.compose import compose
from publisher.listing import Level
from publisher.policy import judge
from publisher.row import KeywordLimit, TextLimit
from publisher.textfit import Frame, cut, fit_keywords, fit_text

ROWS = [row(path.stem) for path in sorted(CHANNELS.glob("*/*.toml"))]
LONG = "x" * 400
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
PIECES = st.sampled_from(
    [
        LONG, FAMILY, "\U0001f44d\U0001f3fd", "e\u0301" * 30, "\u0301" * 90, "שלום עולם", "مرحبا",
        "\u202eabc", "\u2066x", "\x00\x1f", "a,b;c", '"q"', "=1+1", "。", ". ", "word ",
        "\u200b", "ﬃ", "ß", "generative AI", "{system}", "{description}", "{nope}", "{",
    ]
)  # fmt: skip
TEXT = st.lists(PIECES | st.text(max_size=30), max_size=12).map("".join)


@settings(deadline=None, max_examples=60)
@example(title=LONG, description=LONG, words=[LONG] * 60, prompt=LONG, made="ai-generated")
@example(title="\u0301" * 300, description="", words=[], prompt="", made="human")
@given(
    title=TEXT,
    description=TEXT,
    words=st.lists(TEXT, max_size=60),
    prompt=TEXT,
    made=st.sampled_from(["human", "ai-generated", "ai-edited"]),
)
def test_a_copy_keeps_every_limit(
    title: str, description: str, words: list[str], prompt: str, made: str
) -> None:
    provenance: dict[str, Any] = {**(HUMAN if made == "human" else GENERATED), "class": made}
    provenance |= {"prompt": prompt, "system": prompt[:50], "edit_share": 0.01}
    place = {"city": title[:20], "country": "Portugal", "date": "2026-05-06"}
    what = item(provenance, title=title, description=description, keywords=words, editorial=place)
    for one in ROWS:
        verdict = judge(what, one, day=TODAY, account=one.name)
        copy = compose(what, one, one.name, verdict, {})
        assert copy == compose(what, one, one.name, verdict, {})
        _within(one.limits.title, copy.title, copy.findings, "title")
        _within(one.limits.description, copy.description, copy.findings, "description")
        limit = one.limits.keywords
        assert limit.max is None or len(copy.keywords) <= limit.max
        assert len({k.casefold() for k in copy.keywords}) == len(copy.keywords)
        assert len(copy.keywords) >= limit.min or "keywords-too-few" in {
            f.code for f in copy.findings
        }
        assert not any(c in k for k in copy.keywords for c in ",;\n")


def _within(limit: TextLimit, text: str, findings: tuple[Any, ...], name: str) -> None:
    assert limit.max is None or len(text) <= limit.max
    assert not set(text) & set(limit.forbid)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)
    errors = {f.code for f in findings if f.level is Level.ERROR}
    if len(text) < limit.min:
        assert not text or f"{name}-too-short" in errors
    if limit.required and not text:
        assert f"{name}-missing" in errors


@given(text=TEXT, longest=st.integers(0, 60))
def test_a_changed_text_has_a_note(text: str, longest: int) -> None:
    fitted = fit_text(text, TextLimit(max=longest), name="title")
    assert len(fitted.text) <= longest
    if fitted.text != unicodedata.normalize("NFC", " ".join(text.split())):
        assert fitted.notes
        assert fitted.notes[-1].after == fitted.text
    assert fit_text(fitted.text, TextLimit(max=longest), name="title").text == fitted.text


@given(text=TEXT, longest=st.integers(1, 80))
def test_a_sentence_at_the_end_always_survives(text: str, longest: int) -> None:
    frame = Frame(sentences="Made by AI.")
    fitted = fit_text(text, TextLimit(max=longest), name="description", frame=frame)
    assert len(fitted.text) <= longest
    if longest >= frame.size:
        assert fitted.text == "Made by AI." or fitted.text.endswith(" Made by AI.")
    elif not fitted.text.endswith("Made by AI."):
        assert any(n.code == "frame-does-not-fit" and n.hard for n in fitted.notes)


@given(words=st.lists(TEXT, max_size=30), most=st.integers(1, 10), each=st.integers(1, 20))
def test_required_keywords_always_survive(words: list[str], most: int, each: int) -> None:
    fitted = fit_keywords(words, KeywordLimit(max=most, each=each), required=("_AI",))
    assert "_AI" in fitted.words and len(fitted.words) <= most
    assert all(len(w) <= each or w == "_AI" for w in fitted.words)


def test_letters_and_emoji_are_not_torn() -> None:
    assert cut("x" + FAMILY, 3) == "x"
    assert cut("xe\u0301", 2) == "x"
    assert cut("ab\U0001f44d\U0001f3fd", 3) == "ab"
    assert cut("one two three", 7) == "one two"
    assert cut("one two three", 8) == "one two"
    assert cut("one two, three", 9) == "one two"
    assert len(cut(LONG, 70)) == 70
    assert cut("First one. Second one goes on", 14, sentences=True) == "First one."
