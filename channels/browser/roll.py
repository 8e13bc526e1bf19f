"""Rolls through a list that holds only what is in view, until an entry is there or the whole list was seen.

Such a list has no entry that nobody scrolls to, pages that go back to the first by themselves, and a button for all
that means some; its pages may come a while after they are asked for. So nothing is concluded from what a page holds at
the moment: an entry is missing only when as many were seen as the list says that it has. Nothing is pressed but what
turns its pages.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from channels.browser.signs import Rows
from channels.browser.stage import Stage, deadline, selector
from publisher.errors import SiteChanged

ROUNDS = 3
"""How often the list is begun anew, where its pages went back meanwhile."""
PATIENCE = 45.0
"""Seconds for one list."""
LATE = 5.0
"""Seconds until a page of it is there."""

_ROLL = """async ([row, scroll, wanted]) => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const box = (scroll && document.querySelector(scroll)) || document.scrollingElement;
  const seen = new Set();
  const name = (e) => [...e.attributes].filter((a) => a.name !== 'style' && a.name !== 'class')
    .map((a) => `${a.name}=${a.value}`).join('\\n') || e.innerText;
  const shown = (e) => e.checkVisibility();
  box.scrollTop = 0;
  await frame();
  for (let step = 0; step < 2000; step += 1) {
    for (const e of document.querySelectorAll(row)) seen.add(name(e));
    if ([...document.querySelectorAll(wanted)].some(shown)) return [true, [...seen]];
    const before = box.scrollTop;
    if (before + box.clientHeight >= box.scrollHeight - 1) break;
    box.scrollTop = before + Math.max(40, Math.floor(box.clientHeight * 0.7));
    await frame();
    if (box.scrollTop <= before) break;
  }
  return [false, [...seen]];
}"""
_HELD = """(row) => [...document.querySelectorAll(row)].map((e) => e.outerHTML).join('')"""


def roll_to(wanted: str, rows: Rows, stage: Stage) -> bool:
    """Bring the entry that the selector ``wanted`` means into view; whether it is in the list at all.

    Raises SiteChanged when the list shows fewer entries than it says that it has, unless only its first pages are
    meant to be looked through.
    """
    seen: set[str] = set()
    over = deadline(PATIENCE)
    _begun(rows, stage)
    for begun in range(ROUNDS):
        _turned(rows.first, rows, stage, 1.0 if begun else 0.0)
        page = 1
        while True:
            found, names = stage.page.evaluate(_ROLL, [rows.row, rows.scroll, wanted])
            if found:
                return True
            seen |= set(names)
            if page == rows.pages or over() or not _turned(rows.next, rows, stage):
                break
            page += 1
        if rows.pages or len(seen) >= (stated := _stated(rows, stage)):
            return False
        if over():
            break
    raise SiteChanged(
        f"{stage.profile.identity.site}: the list shows {len(seen)} entries and says that there are {stated}",
        remedy=f"correct the `rows` of its locators in channels/browser/{stage.profile.name}.profile.yaml",
    )


def _begun(rows: Rows, stage: Stage) -> None:
    """Wait until the list shows something, or says that it has nothing."""
    over = deadline(LATE)
    while not stage.page.evaluate(_HELD, rows.row) and _number(rows, stage) != 0 and not over():
        stage.pause()


def _turned(css: str, rows: Rows, stage: Stage, seconds: float = LATE) -> bool:
    """Go on to another page and wait until it is there; False where there is none."""
    before: Any = stage.page.evaluate(_HELD, rows.row)
    if not _press(css, stage):
        return False
    over = deadline(seconds)
    while not (held := stage.page.evaluate(_HELD, rows.row)) or held == before:
        if over():
            return False
        stage.pause(0.02)
    return True


def _press(css: str, stage: Stage) -> bool:
    from playwright.sync_api import TimeoutError as Late

    control = stage.page.locator(css).filter(visible=True).first if css else None
    if control is None or not control.count() or not control.is_enabled():
        return False
    with suppress(Late):
        control.click(timeout=2000)
        return True
    return False


def _stated(rows: Rows, stage: Stage) -> int:
    number = _number(rows, stage)
    if number is None:
        raise SiteChanged(
            f"{stage.profile.identity.site}: the list does not say how many entries it has",
            remedy=f"correct locators.{rows.total} in channels/browser/{stage.profile.name}.profile.yaml",
        )
    return number


def _number(rows: Rows, stage: Stage) -> int | None:
    control = stage.page.locator(selector(rows.total, stage)).first
    digits = re.sub(r"[^0-9]", "", control.inner_text()) if control.count() else ""
    return int(digits) if digits else None
