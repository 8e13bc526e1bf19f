"""Finds controls: candidates in their order, strictly one element, in the scope that the profile names.

A candidate that matches several elements is no match. One that is not the first counts only after a moment's
grace, for a page may still be building, and is noted as drift.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from channels.browser.profile import css_text, filled_in
from channels.browser.roll import roll_to
from channels.browser.signs import Candidate, CandidateKind, Locator
from channels.browser.stage import Found, Stage, candidate_css, deadline, of_layout, selector
from publisher.errors import SiteChanged

if TYPE_CHECKING:
    from playwright.sync_api import Locator as Handle
    from playwright.sync_api import Page

GRACE = 0.8
"""Seconds that the first candidate has for itself."""

Watch = Callable[[], object]
"""Looks for what stands in the way; raises what must end the flow."""


class Missing(SiteChanged):
    """No candidate of a locator matched. ``key`` names the locator."""

    def __init__(self, key: str, sentence: str, remedy: str) -> None:
        super().__init__(sentence, remedy=remedy)
        self.key = key


def handle(scope: Page | Handle, candidate: Candidate, stage: Stage) -> Handle:
    """The elements of a candidate inside a scope."""
    given = getattr(candidate, candidate.kind.value)
    match candidate.kind:
        case CandidateKind.CSS | CandidateKind.ID | CandidateKind.NAME | CandidateKind.TESTID:
            return scope.locator(candidate_css(candidate, stage))
    text = filled_in(given, stage.values, "text")
    match candidate.kind:
        case CandidateKind.ROLE:
            named = candidate.named and filled_in(candidate.named, stage.values, "text")
            role: Any = text
            return scope.get_by_role(role, name=named, exact=candidate.exact)
        case CandidateKind.LABEL:
            return scope.get_by_label(text, exact=candidate.exact)
        case CandidateKind.PLACEHOLDER:
            return scope.get_by_placeholder(text, exact=candidate.exact)
        case CandidateKind.TEXT:
            return scope.get_by_text(text, exact=candidate.exact)
        case _:
            near = css_text(text)
            kind = "text-is" if candidate.exact else "text"
            return scope.locator(f'{candidate.css or "input"}:near(:{kind}("{near}"), 120)').first


def candidates(locator: Locator, stage: Stage) -> list[Candidate]:
    """The candidates in order; a locator of another layout has none."""
    return of_layout(locator, stage.layout)


def look_once(key: str, stage: Stage, *, state: str = "", first_only: bool = False) -> Found | None:
    """One look at a locator. None when nothing matches, or several where one is meant."""
    locator = stage.profile.locators[key]
    scope: Page | Handle = stage.page
    if locator.within is not None:
        around = look_once(locator.within, stage)
        if around is None:
            return None
        scope = around.handle
    wanted = state or locator.state
    for index, candidate in enumerate(candidates(locator, stage)):
        found = handle(scope, candidate, stage)
        if wanted != "attached":
            found = found.filter(visible=True)
        count = found.count()
        if (count == 1 or (locator.many and count)) and (
            wanted != "enabled" or (locator.many or found.is_enabled())
        ):
            css = selector(key, stage) if not index else ""
            return Found(found, index, candidate.shown(), css)
        if first_only:
            return None
    return None


def find(key: str, stage: Stage, watch: Watch, *, seconds: float = 15.0, state: str = "") -> Found:
    """The control, waited for. Raises Missing when it does not come, and what ``watch`` raises."""
    found = first_sure(key, stage, state) or look_once(key, stage, state=state, first_only=True)
    if found is not None:
        return found
    over, patient = deadline(seconds), deadline(min(GRACE, seconds / 2))
    while True:
        watch()
        settled = patient() or key in stage.notes.drift
        found = look_once(key, stage, state=state, first_only=not settled)
        if found is None and _rolled(key, stage):
            found = look_once(key, stage, state=state, first_only=not settled)
        if found is not None:
            if found.index:
                stage.notes.drift.setdefault(key, found.shown)
            return found
        if over() and settled:
            raise missing(key, stage, state)
        stage.pause()


def in_rows(key: str, stage: Stage) -> str:
    """The entry of a list that a control is or lies in; empty where there is none."""
    locator = stage.profile.locators[key]
    if locator.rows is not None:
        return key
    return in_rows(locator.within, stage) if locator.within is not None else ""


def reach(key: str, stage: Stage) -> Found | None:
    """One look at a locator, for which its list is rolled through. Raises SiteChanged when that is not whole."""
    found = look_once(key, stage)
    return look_once(key, stage) if found is None and _rolled(key, stage) else found


def _rolled(key: str, stage: Stage) -> bool:
    """Whether the list that a control lies in was rolled until its entry came into view."""
    entry = in_rows(key, stage)
    rows = stage.profile.locators[entry].rows if entry else None
    if rows is None or look_once(entry, stage) is not None:
        return False
    return roll_to(selector(entry, stage), rows, stage)


def first_sure(key: str, stage: Stage, state: str = "") -> Found | None:
    """The first candidate without asking, where the last look saw it; the action itself is strict."""
    locator = stage.profile.locators[key]
    wanted = state or locator.state
    if key not in stage.sure or wanted not in (locator.state, "attached", "enabled"):
        return None
    if wanted == "enabled" and not stage.seen[key].enabled:
        return None
    css = selector(key, stage)
    found = stage.page.locator(css)
    shown = candidates(locator, stage)[0].shown()
    return Found(found if wanted == "attached" else found.filter(visible=True), 0, shown, css)


def missing(key: str, stage: Stage, state: str = "") -> Missing:
    """The error for a locator that nothing matches, with all that was tried."""
    locator = stage.profile.locators[key]
    tried = ", ".join(c.shown() for c in candidates(locator, stage)) or "none for this layout"
    wanted = state or locator.state
    return Missing(
        key,
        f"{stage.profile.identity.site}: {key} is not on the page ({wanted}); tried {tried}",
        f"look at the page, then correct locators.{key}.any in "
        f"channels/browser/{stage.profile.name}.profile.yaml",
    )


def probe(key: str, stage: Stage) -> list[tuple[str, int, int]]:
    """For every candidate of a locator: itself, how many elements match, and how many are visible."""
    locator = stage.profile.locators[key]
    scope: Page | Handle = stage.page
    if locator.within is not None:
        around = look_once(locator.within, stage)
        if around is None:
            return [(c.shown(), 0, 0) for c in locator.any]
        scope = around.handle
    found = []
    for candidate in locator.any:
        elements = handle(scope, candidate, stage)
        found.append((candidate.shown(), elements.count(), elements.filter(visible=True).count()))
    return found


def choose_layout(stage: Stage, watch: Watch, seconds: float = 10.0) -> str:
    """The first layout whose probe is on the page; one without a probe is the last resort."""
    layouts = stage.profile.layouts
    if not layouts:
        return ""
    over = deadline(seconds if any(x.probe for x in layouts) else 0)
    while True:
        for layout in layouts:
            for candidate in layout.probe:
                if handle(stage.page, candidate, stage).count():
                    return layout.key
        if over():
            break
        watch()
        stage.pause()
    open_end = [x.key for x in layouts if not x.probe]
    if open_end:
        return open_end[0]
    raise SiteChanged(
        f"{stage.profile.identity.site}: the page has none of the layouts "
        f"{', '.join(x.key for x in layouts)}",
        remedy=f"correct layouts in channels/browser/{stage.profile.name}.profile.yaml",
    )
