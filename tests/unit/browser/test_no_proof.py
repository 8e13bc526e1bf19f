"""What a seller reads when no proof came: our words, with the browser's own among the details."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Error

from channels.browser import prove as proving
from publisher.errors import OutcomeUnknown

DESTROYED = "Page.evaluate: Execution context was destroyed, most likely because of a navigation"


def test_a_page_that_could_not_be_asked_is_no_reason_in_the_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def look(*_: Any) -> None:
        raise Error(DESTROYED)

    page = SimpleNamespace()
    monkeypatch.setattr(proving, "_look", look)
    monkeypatch.setattr(proving, "_pages", lambda _stage: [page])
    identity = SimpleNamespace(site="Society6")
    stage = SimpleNamespace(profile=SimpleNamespace(identity=identity), page=page)
    watcher: Any = SimpleNamespace(stage=stage, person=False)
    with pytest.raises(OutcomeUnknown) as caught:
        proving.prove(watcher, seconds=0)
    assert caught.value.sentence == (
        "Society6: it was submitted, and the site showed no proof in time"
    )
    assert caught.value.detail == DESTROYED
