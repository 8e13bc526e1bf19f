"""Each rule of fitting by itself, and what holds for any text at all."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_samples import GENERATED, HUMAN, TODAY, item, made_row

from publisher.compose import compose
from publisher.listing import Copy, Level
from publisher.policy import judge
from publisher.textfit import Frame, calmed, fit_keywords, fit_text, foreign_signs, stem
from publisher.texts import KeywordLimit, KeywordOrder, TextLimit

PIECES = st.sampled_from(
    [
        "glass ", "GLASS DUNES ", "dunes", "dune ", "Running", "e\u0301", "\u202e\u0301", "\u0130",
        "x" * 60, "\x00", "\u2028", ",;", '"', "…", "שלום ", "\U0001f44d\U0001f3fd", "Made by AI.",
        " Made by AI.", "Porto: ", "ß", "ﬃ", "\ud800", "\u200b", ". ", "_AI",
    ]
)  # fmt: skip
TEXT = st.lists(PIECES | st.text(max_size=12), max_size=10).map("".join)
FRAMES = st.sampled_from(
    [Frame(), Frame("Porto: "), Frame("", " (AI)"), Frame("", "", "Made by AI."),
     Frame("Porto: ", " (AI)", "Made by AI. Really.")]
)  # fmt: skip
LIMITS = st.builds(
    TextLimit,
    max=st.none() | st.integers(0, 120),
    ascii_only=st.booleans(),
    no_caps=st.booleans(),
    forbid=st.sampled_from(["", ",;\"'"]),
)
WORDS = st.builds(
    KeywordLimit,
    max=st.none() | st.integers(2, 8),
    each=st.none() | st.integers(4, 12),
    order=st.sampled_from(["relevance", "alphabetical", "important-first"]),
    important=st.integers(1, 3),
    stems=st.sampled_from(["keep", "drop"]),
    ascii_only=st.booleans(),
    forbid=st.sampled_from(["", "'\""]),
)


def spelled(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


@given(text=TEXT, limit=LIMITS, frame=FRAMES, own=st.booleans(), sentences=st.booleans())
def test_a_text_fits_and_stays(
    text: str, limit: TextLimit, frame: Frame, own: bool, sentences: bool
) -> None:
    how: dict[str, Any] = {"name": "title", "frame": frame, "own": own, "sentences": sentences}
    once = fit_text(text, limit, **how)
    assert limit.max is None or len(once.text) <= limit.max
    assert not set(once.text) & set(limit.forbid)
    assert once.text.isascii() or not limit.ascii_only
    again = fit_text(once.text, limit, **how)
    assert again.text == once.text
    assert {n.code for n in again.notes} <= {"frame-does-not-fit"}


@given(text=TEXT, limit=LIMITS)
def test_a_text_has_a_note_exactly_when_it_changed(text: str, limit: TextLimit) -> None:
    fitted = fit_text(text, limit, name="title")
    assert bool(fitted.notes) == (fitted.text != spelled(text))
    for before, after in zip(fitted.notes, fitted.notes[1:], strict=False):
        assert before.after == after.before
    if fitted.notes:
        assert spelled(fitted.notes[0].before) == spelled(text)
        assert fitted.notes[-1].after == fitted.text


@given(words=st.lists(TEXT, max_size=12), limit=WORDS, required=st.booleans(), own=st.booleans())
def test_keywords_fit_and_stay(
    words: list[str], limit: KeywordLimit, required: bool, own: bool
) -> None:
    must = ("_AI", "generativecontent") if required else ()
    once = fit_keywords(words, limit, required=must, own=own)
    assert set(must) <= set(once.words)
    assert limit.max is None or len(once.words) <= limit.max
    assert len({w.casefold() for w in once.words}) == len(once.words)
    assert all(limit.each is None or len(w) <= limit.each or w in must for w in once.words)
    again = fit_keywords(once.words, limit, required=must, own=own)
    assert again.words == once.words
    assert {n.code for n in again.notes} <= {"required-does-not-fit", "characters-replaced"}


@given(words=st.lists(TEXT, max_size=12), limit=WORDS)
def test_keywords_have_a_note_exactly_when_they_changed(
    words: list[str], limit: KeywordLimit
) -> None:
    fitted = fit_keywords(words, limit)
    assert bool(fitted.notes) == (fitted.words != tuple(spelled(w) for w in words))


@given(words=st.lists(TEXT, max_size=12), limit=WORDS)
def test_keywords_keep_their_order_unless_the_row_has_another(
    words: list[str], limit: KeywordLimit
) -> None:
    plain = limit.model_copy(update={"order": KeywordOrder.RELEVANCE})
    kept = fit_keywords(words, plain).words
    assert fit_keywords(words, limit, own=True).words == fit_keywords(words, plain, own=True).words
    every = fit_keywords(words, KeywordLimit(ascii_only=limit.ascii_only, forbid=limit.forbid))
    rest = iter(every.words)
    assert all(any(k == other for other in rest) for k in kept)
    ordered = fit_keywords(words, limit).words
    assert sorted(ordered) == sorted(kept)
    front = {"relevance": 99, "alphabetical": 0, "important-first": limit.important}[
        limit.order.value
    ]
    assert ordered[:front] == kept[:front]
    folded = [(w.casefold(), w) for w in ordered[front:]]
    assert folded == sorted(folded)


PORTER = """
caresses caress, ponies poni, ties ti, caress caress, cats cat, feed feed, agreed agre, plastered plaster,
bled bled, motoring motor, sing sing, conflated conflat, troubled troubl, sized size, hopping hop, tanned tan,
falling fall, hissing hiss, fizzed fizz, failing fail, filing file, happy happi, sky sky, relational relat,
conditional condit, rational ration, digitizer digit, operator oper, feudalism feudal, decisiveness decis,
hopefulness hope, callousness callous, formative form, formalize formal, electrical electr, hopeful hope,
goodness good, revival reviv, allowance allow, inference infer, airliner airlin, adjustable adjust,
irritant irrit, replacement replac, adjustment adjust, dependent depend, adoption adopt, communism commun,
activate activ, effective effect, probate probat, rate rate, cease ceas, controlling control, roll roll
"""


@pytest.mark.parametrize("pair", [p.split() for p in PORTER.split(",")], ids=lambda p: p[0])
def test_stems_are_those_of_the_published_algorithm(pair: list[str]) -> None:
    assert stem(pair[0]) == pair[1]


def test_words_of_one_stem() -> None:
    assert stem("dunes") == stem("Dune") and stem("running") == stem("run") == stem("runs")
    assert stem("frozen lakes") == stem("frozen lake") != stem("frozen")
    assert stem("日本") == "日本" and stem("café") == "café" and stem("") == ""


def test_related_words_are_dropped_where_the_row_wants_it() -> None:
    words = ["dune", "dunes", "Run", "running", "glass"]
    assert fit_keywords(words, KeywordLimit()).words == tuple(words)
    fitted = fit_keywords(words, KeywordLimit(stems="drop"))
    assert fitted.words == ("dune", "Run", "glass")
    (note,) = fitted.notes
    assert (note.code, note.before, note.after) == ("keywords-alike", "dunes, running", "dune, Run")
    own = fit_keywords(words, KeywordLimit(stems="drop"), own=True)
    assert own.words == tuple(words) and not own.notes


def test_orders() -> None:
    words = ["sun", "ice", "Blue", "dawn"]
    for order, expected in (
        ("relevance", ("sun", "ice", "Blue")),
        ("alphabetical", ("Blue", "ice", "sun")),
        ("important-first", ("sun", "Blue", "ice")),
    ):
        limit = KeywordLimit(order=order, important=1, max=3)
        assert fit_keywords(words, limit).words == expected


def test_what_joins_keywords_is_not_in_one() -> None:
    assert fit_keywords(["a|b"], KeywordLimit(), joiner="|").words == ("a b",)
    fitted = fit_keywords(["northern lights", "ice"], KeywordLimit(), joiner=" ")
    assert fitted.words == ("northern", "lights", "ice")
    assert [n.code for n in fitted.notes] == ["keywords-parted"]


def test_capitals_and_language() -> None:
    assert calmed("FROZEN GLASS DUNES. AT DAWN") == "Frozen glass dunes. At dawn"
    assert calmed("NASA and the ISS") == "NASA and the ISS" and calmed("NASA") == "NASA"
    assert foreign_signs("Blaue Dünen aus Glas unter der Sonne und dem Himmel")
    assert foreign_signs("Замерзшие дюны") and foreign_signs("氷の砂丘")
    for text in ("Frozen glass dunes at dawn", "Café de Flore in Paris at night", "Rio", "", "123"):
        assert foreign_signs(text) == ()


def write(limits: dict[str, Any], **changes: Any) -> Copy:
    text = limits.pop("text", None)
    more = {"text": text} if text else {}
    made = made_row([{"id": "a", "verdict": "allow"}], limits=limits, **more)
    what = item(HUMAN, **changes)
    return compose(what, made, "made", judge(what, made, day=TODAY, account="made"), {})


def levels(copy: Copy) -> dict[str, Level]:
    return {f.code: f.level for f in copy.findings}


@pytest.mark.parametrize(
    ("limits", "override", "code"),
    [
        ({"title": {"max": 10}}, {"title": "much longer than ten"}, "text-cut"),
        ({"title": {"forbid": ","}}, {"title": "one, two"}, "characters-replaced"),
        ({"title": {"ascii_only": True}}, {"title": "café"}, "characters-replaced"),
        ({"keywords": {"max": 2}}, {"keywords": ["a", "b", "c"]}, "keywords-dropped"),
        ({"keywords": {"each": 3}}, {"keywords": ["abcd"]}, "keywords-dropped"),
    ],
)
def test_an_override_that_breaks_a_limit_is_an_error(
    limits: dict[str, Any], override: dict[str, Any], code: str
) -> None:
    copy = write(dict(limits), channels={"made": override})
    assert levels(copy)[code] is Level.ERROR
    assert "channels.made" in next(f.remedy for f in copy.findings if f.code == code)
    assert levels(write(dict(limits), **override))[code] is Level.WARNING


def test_an_override_keeps_its_capitals_and_its_order() -> None:
    limits = {"title": {"no_caps": True}, "keywords": {"order": "alphabetical", "stems": "drop"}}
    own = {"title": "GLASS DUNES IN WINTER", "keywords": ["dunes", "dune", "a"]}
    copy = write(dict(limits), channels={"made": own})
    assert (copy.title, list(copy.keywords)) == (own["title"], own["keywords"])
    assert copy.findings == ()
    fitted = write(dict(limits), **own)
    assert (fitted.title, fitted.keywords) == ("Glass dunes in winter", ("a", "dunes"))
    assert levels(fitted) == {
        "capitals-lowered": Level.WARNING,
        "keywords-alike": Level.NOTICE,
        "keywords-reordered": Level.NOTICE,
    }


def test_english_and_distinct_are_warnings_that_change_nothing() -> None:
    german = "Blaue Dünen aus Glas unter der Sonne"
    copy = write({"title": {"english_only": True}}, title=german)
    assert copy.title == german and levels(copy) == {"not-english": Level.WARNING}
    same = write({"text": {"distinct": True}}, title="Glass dunes", description="Glass dunes.")
    assert levels(same) == {"texts-alike": Level.WARNING}
    assert write({"text": {"distinct": True}}).findings == ()


def test_captions_are_whole_or_not_there() -> None:
    value = "{city_capitals}, {country_capitals} - {slash_date}: {title}"
    action = {"kind": "set-field", "field": "title", "value": value}
    made = made_row([{"id": "a", "verdict": "allow", "actions": [action]}])
    event = {"city": "Porto", "country": "Portugal", "date": "2026-05-06"}
    for place, expected in (
        (event, "PORTO, PORTUGAL - 05/06/2026: Dunes"),
        ({"city": "Porto"}, "Dunes"),
    ):
        what = item(GENERATED, title="Dunes", editorial=place)
        copy = compose(what, made, "made", judge(what, made, day=TODAY, account="made"), {})
        assert copy.title == expected
        assert ("fact-missing" in levels(copy)) == (expected == "Dunes")
