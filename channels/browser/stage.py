"""What the steps of one flow share: the page, the values, where we are, and what has been seen so far.

It belongs to one thread and one attempt. Playwright's objects never leave it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from channels.browser.fields import Value
from channels.browser.profile import css_text, filled_in
from channels.browser.schema import Profile
from channels.browser.signs import Candidate, CandidateKind, Locator

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator as Handle
    from playwright.sync_api import Page

    from channels.browser.look import Control


class Moved(Exception):
    """The page is no longer where the flow was; before the submit the flow begins anew."""


@dataclass(frozen=True, slots=True)
class Found:
    """A control that was found: which candidate matched, 0 being the first."""

    handle: Handle
    index: int
    shown: str
    css: str = ""
    """The selector that found it, where it is one that a page understands."""


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
    css: str = ""
    """Where a look at the whole page tells it: the value or tick of this selector must be ``wanted``."""
    wanted: str | bool = ""


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

    def kept(self, step: str, name: str, shown: str) -> None:
        """Note that the effect of ``step`` was read back: the field ``name`` is ``shown`` in the form."""
        self.filled.append(Filled(name, shown))
        self.verified.add(step)

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
    sure: set[str] = field(default_factory=set)
    """Locators whose first candidate was there, and the only one, at the last look."""
    seen: Mapping[str, Control] = field(default_factory=dict)
    """Locator → what its first candidate was like at the last look, where a page can say so."""
    _controls: tuple[str, Mapping[str, Value], dict[str, str]] | None = None

    def known_controls(self) -> dict[str, str]:
        """Locator → selector, of those whose first candidate is one that a page understands."""
        if self._controls is None or self._controls[:2] != (self.layout, self.values):
            found = {k: c for k in self.profile.locators if (c := selector(k, self))}
            self._controls = (self.layout, self.values, found)
        return self._controls[2]

    def fits(self, key: str, control: Control) -> bool:
        """Whether a locator's first candidate is there as it should be."""
        locator = self.profile.locators[key]
        count = control.count if locator.state == "attached" else control.visible
        enabled = locator.state != "enabled" or control.enabled
        return enabled and (count == 1 or (locator.many and count > 0))

    def pause(self, seconds: float = 0.05) -> None:
        """Let the page go on for a moment."""
        self.page.wait_for_timeout(seconds * 1000)


def selector(key: str, stage: Stage) -> str:
    """The selector of a locator's first candidate in its scope; empty where only Playwright can look."""
    locator = stage.profile.locators[key]
    some = of_layout(locator, stage.layout)
    css = candidate_css(some[0], stage) if some else ""
    if css and locator.within is not None:
        around = selector(locator.within, stage)
        return f":is({around}) :is({css})" if around else ""
    return css


def of_layout(locator: Locator, layout: str) -> list[Candidate]:
    """The candidates of a locator in a layout, in order; all of them as long as it is not known."""
    if not layout:
        return list(locator.any)
    if locator.layouts and layout not in locator.layouts:
        return []
    return [c for c in locator.any if not c.layouts or layout in c.layouts]


def candidate_css(candidate: Candidate, stage: Stage) -> str:
    """A candidate as a selector, where it is one."""
    given = getattr(candidate, candidate.kind.value)
    try:
        if candidate.kind is CandidateKind.CSS:
            return filled_in(given, stage.values, "css")
        if candidate.kind in (CandidateKind.ID, CandidateKind.NAME, CandidateKind.TESTID):
            testid = candidate.kind is CandidateKind.TESTID
            attribute = stage.profile.identity.testid if testid else candidate.kind.value
            text = css_text(filled_in(given, stage.values, "text"))
            return f'{candidate.tag or ""}[{attribute}="{text}"]'
    except KeyError:
        return ""
    return ""


def deadline(seconds: float) -> Callable[[], bool]:
    """A question that says yes once ``seconds`` have passed. Monotonic: the wall clock may jump."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def shown(filled: list[Filled]) -> str:
    """What the form was given, one line each, for the person at the terminal."""
    return "\n".join(f"  {f.key}: {' '.join(f.shown.split())[:200]}" for f in filled)
