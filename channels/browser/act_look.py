"""Looks at a page in the middle of a flow: notes a fact for the receipt, or insists that something is so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from channels.browser.locate import Watch, find, look_once
from channels.browser.stage import Stage, deadline
from channels.browser.steps import Assert, CaptureStep
from publisher.errors import NeedsHuman, PublisherError, SiteChanged

if TYPE_CHECKING:
    from playwright.sync_api import Locator as Handle

MOVES = """async (e, most) => {
  const animated = () => document.getAnimations().some(
    (a) => a.playState === 'running' && a.effect?.target?.contains(e));
  const place = () => { const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height].join(); };
  const end = performance.now() + most;
  while (animated()) {
    const seen = new Set();
    for (let n = 0; n < 5; n++) { seen.add(place()); await new Promise((d) => setTimeout(d, 40)); }
    if (seen.size === 1) return false;
    if (performance.now() > end) return true;
  }
  return false;
}"""
"""Whether a control is on its way all the time. Two frames, which a click looks at, may be alike where it turns."""


def try_to_press(handle: Handle, stage: Stage, seconds: float) -> None:
    """See that a control takes a click, without one. Raises SiteChanged, and what Playwright raises."""
    handle.click(trial=True, timeout=seconds * 1000)
    if handle.evaluate(MOVES, seconds * 1000):
        raise SiteChanged(
            f"{stage.profile.identity.site}: the control to submit with does not hold still",
            remedy="look at the page; press it by hand, or correct the profile",
        )


def capture(stage: Stage, step: CaptureStep, watch: Watch) -> None:
    """Note a fact of the page."""
    handle = find(step.on, stage, watch, seconds=step.seconds).handle
    text = handle.get_attribute(step.attribute) if step.attribute else handle.inner_text()
    found = re.search(step.pattern, text or "")
    if found is not None:
        named = found.groupdict().get("value")
        stage.notes.captured[step.name] = named if named is not None else found.group()


def assert_so(stage: Stage, step: Assert, watch: Watch) -> None:
    """Wait until something is so. Raises SiteChanged, or NeedsHuman for what a person has to clear."""
    over = deadline(step.seconds)
    while not _is_so(stage, step):
        if over():
            text = step.text or f"{step.on} is not {step.is_}"
            raise _kind_of(step)(
                f"{stage.profile.identity.site}: {text}", remedy="look at the form"
            )
        watch()
        stage.pause()
    stage.notes.verified.add(step.key)


def _is_so(stage: Stage, step: Assert) -> bool:
    if step.is_ == "enabled":
        return look_once(step.on, stage, state="enabled") is not None
    found = look_once(step.on, stage)
    if step.is_ == "below":
        text = found.handle.inner_text() if found is not None else ""
        digits = re.search(r"\d+(\.\d+)?", text)
        return digits is not None and float(digits.group()) < step.limit
    if step.is_ == "checked":
        return found is not None and found.handle.is_checked()
    return (found is not None) is (step.is_ == "present")


def _kind_of(step: Assert) -> type[PublisherError]:
    # Something that lies in the way or is full is a person's to clear; a missing control is a changed site.
    return NeedsHuman if step.is_ in ("below", "absent") else SiteChanged
