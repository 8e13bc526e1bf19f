"""One question to a page for all that a flow wants to know of it, and what the answer means for a sign.

Only what a person would see counts: an element must be visible, and its whole text must match.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from channels.browser.signs import Sign
from publisher.errors import SiteChanged

if TYPE_CHECKING:
    from playwright.sync_api import Page

HEADING = "h1,h2,[role=heading]"

ASK = """async (url) => {
  const answer = await fetch(url, {credentials: 'same-origin', cache: 'no-store'});
  return [answer.status, answer.url, await answer.text().catch(() => '')];
}"""
"""Asks for an address as the page's own scripts do: status, where it led, text. The page stays where it is."""
LOOK = """([css, controls]) => {
  const seen = (e) => e.checkVisibility({opacityProperty: true, visibilityProperty: true})
    && e.getBoundingClientRect().width > 0 && e.getBoundingClientRect().height > 0;
  const text = (e) => (e.innerText || e.value || '').replace(/\\s+/g, ' ').trim().slice(0, 600);
  const hits = css.map((c) => {
    try { return [...document.querySelectorAll(c)].filter(seen).slice(0, 20).map(text); }
    catch (error) { return null; }
  });
  const control = (c) => {
    try {
      const all = [...document.querySelectorAll(c)], shown = all.filter(seen);
      const e = shown.length ? shown[0] : all[0];
      if (!e) return [0, 0, false, null, ''];
      const checked = e.checked ?? (e.getAttribute('aria-checked') === 'true');
      const off = e.disabled || e.getAttribute('aria-disabled') === 'true' || !!e.closest('fieldset:disabled');
      return [all.length, shown.length, !off, checked,
        e.isContentEditable ? e.innerText : (e.value ?? '')];
    } catch (error) { return [0, 0, false, null, '']; }
  };
  const arrival = performance.getEntriesByType('navigation')[0];
  return {url: location.href, title: document.title, token: window.__flow || '', hits,
    status: arrival ? arrival.responseStatus || 0 : 0,
    controls: controls.map(control)};
}"""
"""All that a flow wants to know of a page, in one question: per sign the texts of the visible elements, per
control how many there are and are visible, whether it can be used, its tick and its value."""


@dataclass(frozen=True, slots=True)
class Control:
    """What the elements of one selector are like: of the first visible one, else of the first."""

    count: int
    visible: int
    enabled: bool
    checked: bool | None
    value: str


@dataclass(frozen=True, slots=True)
class View:
    """A page as a person sees it, as far as the profile asks."""

    url: str
    title: str
    token: str
    texts: dict[str, tuple[str, ...]]
    status: int = 0
    frames: tuple[str, ...] = ()
    controls: Mapping[str, Control] = field(default_factory=dict)


def selectors(signs: Sequence[Sign]) -> list[str]:
    """The selectors that a set of signs looks at."""
    wanted = [s.css or HEADING for s in signs if s.css or s.text]
    return list(dict.fromkeys(wanted))


def view(
    page: Page,
    css: Sequence[str],
    *,
    frames: bool = False,
    controls: Sequence[str] = (),
) -> View:
    """Look at the page. Raises what Playwright raises for a page that is gone or on its way."""
    seen: dict[str, Any] = page.evaluate(LOOK, [list(css), list(controls)])
    bad = [c for c, hit in zip(css, seen["hits"], strict=True) if hit is None]
    if bad:
        raise SiteChanged(
            f"the profile has a selector that no browser understands: {bad[0]}",
            remedy="correct it in the profile",
        )
    texts = {c: tuple(hit) for c, hit in zip(css, seen["hits"], strict=True)}
    around = tuple(f.url for f in page.frames[1:]) if frames else ()
    known = {c: Control(*v) for c, v in zip(controls, seen["controls"], strict=True)}
    return View(seen["url"], seen["title"], seen["token"], texts, seen["status"], around, known)


def holds(sign: Sign, seen: View) -> bool:
    """Whether all parts of a sign are there."""
    if sign.url is not None and not re.search(sign.url, seen.url):
        return False
    if sign.title is not None and not re.search(sign.title, seen.title):
        return False
    if sign.status and seen.status not in sign.status:
        return False
    if sign.frame is not None and not any(re.search(sign.frame, f) for f in seen.frames):
        return False
    if sign.css is None and sign.text is None:
        return True
    texts = seen.texts.get(sign.css or HEADING, ())
    if sign.text is None:
        return bool(texts)
    return any(re.fullmatch(sign.text, t) for t in texts)
