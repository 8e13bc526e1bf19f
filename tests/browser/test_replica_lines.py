"""Connections that stay open, as real sites keep them: a lost answer on a used one is the browser's second submit."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from channels.browser.once import IdleLines
from publisher.errors import OutcomeUnknown
from tests.browser.conftest import some

rare = pytest.mark.rare


def _lost(stage: Any) -> tuple[int, int]:
    """A submit whose answer is lost, at a site that takes every one: how many submits and works came in."""
    session = stage.session()
    session.check()
    books = stage.sandbox.site.books
    submits, works = books.submits, len(books.works)
    listing, picture = stage.work()
    stage.sandbox.fault("lost_response", times=1)
    stage.sandbox.fault("double_submit")
    with suppress(OutcomeUnknown):
        session.create(listing, [picture], listing.key)
    return books.submits - submits, len(books.works) - works


@pytest.mark.parametrize(
    "site", some(["redbubble", "zazzle", "stock-portal", "society6"], "redbubble")
)
def test_a_submit_on_a_line_that_was_kept_comes_in_once(staged: Any, site: str) -> None:
    stage = staged(site)
    assert _lost(stage) == (1, 1)
    assert stage.sent == 1


@rare
def test_the_replica_punishes_a_client_that_submits_on_a_used_line(
    staged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged("redbubble")
    monkeypatch.setattr(IdleLines, "close", lambda _self: False)
    # We pressed once; the browser sent it twice, and the site made both.
    assert _lost(stage) == (2, 2) and stage.sent == 1
