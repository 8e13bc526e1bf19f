"""The words of works in a sandbox's books against the ledger: what differs is named, and nothing else is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from publisher.audit_books import compare_words
from publisher.channel import Landed
from publisher.ledger.records import Binding, SentFile
from publisher.listing import FieldValue, Status

PICTURE = "ab" * 32


def bound(*declarations: str) -> Binding:
    fields: dict[str, FieldValue] = {
        "title": "Northern lights",
        "description": "Green light over ice",
        "keywords": ("northern lights", "ice"),
        "declarations": declarations,
    }
    return Binding(
        account="site", item="glass-1", key="glass_1", remote_id="7", url="", status=Status.LIVE,
        release="r", fields=fields, files=(SentFile("glass_1.jpg", PICTURE, 10),), tasks=(),
        prepared=False, submitted="", at=dt.datetime(2026, 11, 26, tzinfo=dt.UTC),
    )  # fmt: skip


def work(**changes: Any) -> Landed:
    fields = {"title": "Northern lights", "keywords": ["northern-lights", "Ice"], "declares": ()}
    return Landed("Northern lights", PICTURE, 10, 1, {**fields, **changes})


def test_a_work_with_the_words_of_the_ledger_is_right() -> None:
    assert compare_words("site", [work()], [bound()]) == ([], 1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"title": "Southern lights"}, "title of glass-1 is 'Southern lights' there"),
        ({"keywords": ["ice"]}, "keywords of glass-1 is ['ice'] there"),
        ({"description": ""}, "description of glass-1 is '' there"),
        ({"declares": ("ai-generated",)}, "ai-generated of glass-1 is declared there only"),
    ],
)
def test_what_differs_is_named(changes: dict[str, Any], told: str) -> None:
    assert compare_words("site", [work(**changes)], [bound()]) == ([f"site: {told}"], 0)


def test_a_declaration_that_was_lost_is_named() -> None:
    ours = bound(
        "ai-generated (field ai): true", "ai-generated (embedded): trainedAlgorithmicMedia"
    )
    found, right = compare_words("site", [work()], [ours])
    assert found == ["site: ai-generated of glass-1 is not declared there"] and right == 0
    assert compare_words("site", [work(declares=("ai-generated",))], [ours]) == ([], 1)


def test_what_is_in_the_file_or_left_to_a_person_is_not_looked_for() -> None:
    ours = bound("human (embedded): digitalCapture", "ai-retouched (person): look it over")
    assert compare_words("site", [work()], [ours]) == ([], 1)


def test_books_without_words_are_passed_over() -> None:
    plain = Landed("glass_1.jpg", PICTURE, 10)
    other = Landed("feed row", "cd" * 32, 10, 1, {"title": "Another"})
    assert compare_words("site", [plain, other], [bound()]) == ([], 0)
