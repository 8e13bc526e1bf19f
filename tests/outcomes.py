"""How an action ends, for tests that go on after an error. Nothing here swallows an error that is not ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from publisher.errors import PublisherError


def ended(action: Callable[[], Any]) -> PublisherError | None:
    """Which of our errors the action ends in; anything else is a mistake that fails the test."""
    try:
        action()
    except PublisherError as error:
        return error
    return None
