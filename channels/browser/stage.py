"""What the steps of one flow share: the page, the values, where we are, and what has been seen so far.

It belongs to one thread and one attempt. Playwright's objects never leave it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from channels.browser.fields import Value
from channels.browser.schema import Profile

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator as Handle
    from playwright.sync_api import Page


class Moved(Exception):
    """The page is no longer where the flow was; before the submit the flow begins anew."""


@dataclass(frozen=True, slots=True)
class Found:
    """A control that was found: which candidate matched, 0 being the first."""

    handle: Handle
    index: int
    shown: str


@dataclass(frozen=True, slots=True)
class Filled:
    """One thing that the form was given, as the seller is shown it."""

    key: str
    shown: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An effect that is looked at once more before the submit, and how it is had again."""

    key: str
    stands: Callable[[], bool]
    mend: Callable[[], None] | None = None


@dataclass
class Notes:
    """What is worth telling after a flow."""

    filled: list[Filled] = field(default_factory=list)
    drift: dict[str, str] = field(default_factory=dict)
    """Locator → the candidate that matched in place of the first."""
    warnings: list[str] = field(default_factory=list)
    captured: dict[str, str] = field(default_factory=dict)
    verified: set[str] = field(default_factory=set)
    """Steps whose effect was read back."""
    again: list[Standing] = field(default_factory=list)

    def sentence(self) -> str:
        """Drift and warnings in one line for the receipt."""
        parts = [f"{key} was found by its fallback {shown}" for key, shown in self.drift.items()]
        return "; ".join([*parts, *self.warnings])


@dataclass
class Stage:
    """One attempt at one form."""

    page: Page
    profile: Profile
    values: Mapping[str, Value]
    files: tuple[Path, ...] = ()
    layout: str = ""
    notes: Notes = field(default_factory=Notes)
    token: str = ""
    """Set in the page where the flow has been; a page without it is another one."""
    sending: bool = False
    """Whether the point of no return lies behind us."""

    def pause(self, seconds: float = 0.05) -> None:
        """Let the page go on for a moment."""
        self.page.wait_for_timeout(seconds * 1000)


def deadline(seconds: float) -> Callable[[], bool]:
    """A question that says yes once ``seconds`` have passed. Monotonic: the wall clock may jump."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end
