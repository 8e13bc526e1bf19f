"""Listed terms in texts: what is found, what is left alone, and what a project adds."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.policy import TermBook, shipped_book, shipped_terms
from publisher.policy.terms import Term, TermList, fold
from publisher.rules import TermClass

BOOK = shipped_book()


def found(text: str, *more: str) -> set[str]:
    fields = [("title", text), *(("keywords", t) for t in more)]
    return {hit.term.casefold() for hit in BOOK.scan(fields)}


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("a sky in Van Gogh's manner", "van gogh"),
        ("VAN GOGH", "van gogh"),
        ("van-gogh style", "van gogh"),
        ("after Van Gogh\u2019s letters", "van gogh"),
        ("Leonardo da Vinci machine", "leonardo da vinci"),
        ("Salvador Dalí clocks", "salvador dali"),
        ("ce\u0301zanne apples", "cezanne"),
        ("Georgia O\u2019Keeffe flowers", "o'keeffe"),
        ("M. C. Escher stairs", "m. c. escher"),
        ("shot at f/1.8 at night", "f/1.8"),
        ("a Spider-Man mask", "spider-man"),
        ("spider man mask", "spider-man"),
        ("a Coca Cola can", "coca-cola"),
        ("New Apple phone on a desk", "apple"),
        ("a view by Turner on the wall", "turner"),
    ],
)
def test_what_is_found(text: str, term: str) -> None:
    assert term in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "a white van on a road",
        "van life, gogh is no word",
        "van\ngogh",
        "a van. Gogh",
        "vango ghost",
        "Apple orchard in autumn",
        "Apple on a wooden table",
        "Red Apple On Wooden Table In Kitchen",
        "an apple a day",
        "Crispy Bacon with eggs for breakfast",
        "a jaguar in the jungle",
        "The Amazon rainforest from above",
        "a seashell on the beach, Shell collection",
        "polishing windows of a house",
        "a page turner by the window",
        "police constable in the rain",
        "icons on a screen",
        "the vectorial field",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    plain = {"vector", "illustration", "photo"}
    assert found(text) - plain == set()


def test_a_telling_word_elsewhere_in_the_texts_excuses() -> None:
    assert "amazon" in found("a parcel of Amazon at the door")
    assert found("a parcel of Amazon at the door", "rainforest") == set()


def test_scope_is_kept() -> None:
    hits = BOOK.scan([("title", "by Monet"), ("prompt", "by Klimt")])
    assert [(h.term, h.listed, h.field) for h in hits] == [
        ("Monet", "artist", "title"),
        ("Klimt", "artist", "prompt"),
    ]


def test_a_project_adds_names_and_licences() -> None:
    given_terms = {
        "artist": ["Ana Vidal", {"term": "Rose", "case": "exact", "unless_near": ["flower"]}],
        "licensed": [{"term": "lego", "reason": "contract", "until": "2026-12-01"}],
    }
    book = BOOK.with_own(given_terms)
    assert [h.term for h in book.scan([("title", "by ana vidal")])] == ["Ana Vidal"]
    assert not book.scan([("title", "a big Rose"), ("keywords", "flower")])
    assert book.scan([("title", "a big Rose")])
    assert book.licensed(dt.date(2026, 12, 1)) == {"lego"}
    assert book.licensed(dt.date(2026, 12, 2)) == set()
    assert book.digest != BOOK.digest == shipped_book().digest
    with pytest.raises(ValueError, match="painter"):
        BOOK.with_own({"painter": ["x"]})


def test_the_lists_are_whole() -> None:
    sizes = {lists.listed: len(lists.terms) + len(lists.term) for lists in shipped_terms()}
    assert set(sizes) == set(TermClass)
    assert sizes[TermClass.ARTIST] >= 150
    assert sizes[TermClass.BRAND] >= 120
    assert sizes[TermClass.CHARACTER] >= 60


@given(st.sampled_from([t for x in shipped_terms() for t in x.terms]), st.booleans())
def test_every_plain_term_is_found_as_it_is_written(term: str, upper: bool) -> None:
    text = f"a picture with {term.upper() if upper else term} in it"
    if fold(text) != fold(text.lower()):
        return
    assert fold(term) in {fold(h.term) for h in BOOK.scan([("title", text)])}


@given(st.text(max_size=80), st.text(max_size=80))
def test_scanning_never_raises_and_knows_its_order(one: str, other: str) -> None:
    texts = [("title", one), ("prompt", other)]
    assert BOOK.scan(texts) == BOOK.scan(texts)


def test_a_term_of_no_words_is_nothing() -> None:
    book = TermBook.of([TermList.model_validate({"class": "brand", "term": [Term(term="!?")]})])
    assert book.scan([("title", "what!?")]) == ()
