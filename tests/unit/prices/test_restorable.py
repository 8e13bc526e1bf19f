"""What an undo leaves as it is: files that changed, changes that wait, and above all declarations."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher.ledger.records import Binding
from publisher.listing import Declaration, FieldValue, Listing, Status
from publisher.restorable import kept_as_it_is, loses_a_declaration

SENTENCE = "Contains images made with generative AI."
DECLARED = (
    Declaration("ai-generated", "sentence", SENTENCE),
    Declaration("ai-generated", "keyword", "generativecontent"),
)


def listing(**fields: FieldValue) -> Listing:
    return Listing("a", "shop", "a", fields, declarations=DECLARED)


def bound(**fields: FieldValue) -> Binding:
    return Binding(
        "shop", "a", "a", "1", "", Status.LIVE, "r", fields, (), (), False, "",
        dt.datetime(2026, 11, 26, tzinfo=dt.UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "today", "before", "lost"),
    [
        ("description", f"Dunes. {SENTENCE}", "Dunes.", True),
        ("description", f"Dunes. {SENTENCE}", f"Ice. {SENTENCE}", False),
        ("description", f"Dunes. {SENTENCE}", None, True),
        ("keywords", ("ice", "generativecontent"), ("ice", "blue"), True),
        ("keywords", ("ice", "generativecontent"), ("generativecontent",), False),
        ("ai", ("ai-generated|Generator|7|3",), ("human|||3",), True),
        ("title", "Ice", "Dunes", False),
    ],
)
def test_a_declaration_is_never_put_away(
    name: str, today: FieldValue, before: FieldValue, lost: bool
) -> None:
    assert loses_a_declaration(listing(**{name: today}), name, before) is lost
    kept = kept_as_it_is(
        listing(**{name: today}), bound(**{name: today}), {name: before}, files_differ=False
    )
    assert list(kept) == [name] * lost


def test_the_other_reasons() -> None:
    old: dict[str, FieldValue] = {"title": "Dunes"}
    now = listing(title="Ice", licence="wide")
    assert kept_as_it_is(None, bound(title="Ice"), old, files_differ=False) == {
        "title": "it is not in the manifest any more"
    }
    files = kept_as_it_is(now, bound(title="Ice", licence="wide"), old, files_differ=True)
    assert "files were replaced" in files["title"]
    waits = kept_as_it_is(now, bound(title="Ice", licence="narrow"), old, files_differ=False)
    assert "(licence)" in waits["title"]
    same = bound(title="Ice", licence="wide")
    assert kept_as_it_is(now, same, old, files_differ=False) == {}
