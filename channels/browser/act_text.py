"""Writes texts and chips into a form and reads back what it took.

A field that a page rewrites is written again in another way, and a value that does not stay ends the flow
before anything is submitted. A page that drops a chip is a warning; too few chips are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from channels.browser.fields import normal
from channels.browser.locate import Watch, find, handle, look_once
from channels.browser.stage import Filled, Found, Stage, Standing, deadline
from channels.browser.steps import Chips, Fill
from publisher.errors import Rejected, SiteChanged

if TYPE_CHECKING:
    from playwright.sync_api import Locator as Handle

READ = "(e) => (e.isContentEditable ? e.innerText : (e.value ?? e.innerText ?? ''))"
SET = """(e, value) => {
  e.focus();
  if (e.isContentEditable) { e.innerText = value; }
  else {
    const kind = e instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, 'value').set.call(e, value);
  }
  e.dispatchEvent(new Event('input', {bubbles: true}));
  e.dispatchEvent(new Event('change', {bubbles: true}));
}"""
"""The setter of the element's own class: a page that watches the property hears of it."""


def same(taken: str, wanted: str) -> bool:
    """Whether a field holds a text: line ends and outer white space are the browser's business."""
    return taken.replace("\r\n", "\n").strip() == wanted.replace("\r\n", "\n").strip()


def fill(stage: Stage, step: Fill, watch: Watch) -> None:
    """Write a text. It is read back before the submit, and then written in other ways where it did not stay."""
    wanted = stage.values[step.value]
    text = ", ".join(wanted) if isinstance(wanted, tuple) else str(wanted)
    if not text and step.required:
        raise Rejected(
            f"{stage.profile.identity.site} wants {step.value}, and the item has none",
            remedy=f"write {step.value} in the manifest",
        )
    found = find(step.on, stage, watch, seconds=step.seconds)
    _filled(found.handle, text)
    if step.commit:
        found.handle.press(step.commit)
    stage.notes.filled.append(Filled(step.value, text))
    stage.notes.again.append(
        Standing(
            step.key,
            lambda: same(_read(found.handle), text),
            lambda: _write_again(stage, step, found, text),
            css=found.css,
            wanted=text,
        )
    )


def _write_again(stage: Stage, step: Fill, found: Found, text: str) -> None:
    """Two more ways to write, for pages that listen to other things. Raises Rejected where the site cuts."""
    taken = ""
    for write in (_set, _typed):
        write(found.handle, text)
        if step.commit:
            found.handle.press(step.commit)
        stage.pause(0.05)
        taken = _read(found.handle)
        if same(taken, text):
            return
    if found.handle.get_attribute("maxlength") and text.startswith(taken):
        raise Rejected(
            f"{stage.profile.identity.site} cuts {step.value} at {len(taken)} characters",
            remedy=f"write a shorter {step.value} under channels.ACCOUNT in the manifest",
        )


def _read(handle: Handle) -> str:
    return str(handle.evaluate(READ))


def _filled(handle: Handle, text: str) -> None:
    handle.fill(text, timeout=10_000)


def _set(handle: Handle, text: str) -> None:
    handle.evaluate(SET, text)
    handle.blur()


def _typed(handle: Handle, text: str) -> None:
    handle.fill("", timeout=10_000)
    handle.press_sequentially(text, timeout=30_000 + 50 * len(text))
    handle.blur()


def chips(stage: Stage, step: Chips, watch: Watch) -> None:
    """Exactly these chips: others are removed, each is typed and committed, then all are read back."""
    wanted = _wanted(stage, step)
    editor = find(step.on, stage, watch, seconds=step.seconds).handle
    _clear(stage, step)
    taken = _there(stage, step) if not step.remove else []
    count = len(taken)
    for chip in wanted:
        editor.click(timeout=10_000)
        editor.press_sequentially(chip)
        if step.add is not None:
            find(step.add, stage, watch, seconds=5.0, state="enabled").handle.click(timeout=5000)
        elif step.commit == ",":
            editor.press_sequentially(",")
        else:
            editor.press(step.commit)
        # The next one is typed when this one has become a chip, or the site has refused it.
        over = deadline(1.5)
        while len(taken := _there(stage, step)) <= count and not over():
            stage.pause()
        if len(taken) <= count:
            editor.fill("", timeout=5000)
        count = len(taken)
    if step.suggestions is not None and look_once(step.suggestions, stage) is not None:
        editor.press("Escape")
    _judge(stage, step, wanted, taken)


def _wanted(stage: Stage, step: Chips) -> list[str]:
    given = stage.values[step.value]
    entries = given if isinstance(given, tuple) else (str(given),) if given else ()
    return [e.replace(" ", step.separator) for e in entries]


def _judge(stage: Stage, step: Chips, wanted: list[str], taken: list[str]) -> None:
    names = {normal(t.replace(step.separator, " ")) for t in taken}
    lost = [w for w in wanted if normal(w.replace(step.separator, " ")) not in names]
    refused = _refused(stage, step)
    if refused:
        raise Rejected(
            f"{stage.profile.identity.site} refuses the tags {', '.join(refused)}",
            remedy="choose other keywords under channels.ACCOUNT.keywords in the manifest",
        )
    if len(wanted) - len(lost) < min(step.least, len(wanted)) or (step.least and not wanted):
        raise Rejected(
            f"{stage.profile.identity.site} took {len(wanted) - len(lost)} of {len(wanted)} tags in "
            f"{step.on}, and {step.least} are needed",
            remedy="choose other keywords under channels.ACCOUNT.keywords in the manifest",
        )
    if lost:
        stage.notes.warnings.append(f"the site dropped the tags {', '.join(lost)}")
    kept = tuple(t for t in taken if t)
    stage.notes.filled.append(Filled(step.value, ", ".join(kept)))
    stage.notes.verified.add(step.key)
    stage.notes.again.append(Standing(step.key, lambda: _there(stage, step) == taken))


def _there(stage: Stage, step: Chips) -> list[str]:
    read = """(all, remove) => all.map((e) => {
      const copy = e.cloneNode(true);
      if (remove) copy.querySelectorAll(remove).forEach((x) => x.remove());
      return copy.textContent.replace(/\\s+/g, ' ').trim();
    })"""
    texts: list[str] = []
    for chips_ in _chips(stage, step):
        texts = chips_.evaluate_all(read, step.remove)
        if texts:
            break
    return texts


def _chips(stage: Stage, step: Chips) -> list[Handle]:
    locator = stage.profile.locators[step.chips]
    return [handle(stage.page, c, stage).filter(visible=True) for c in locator.any]


def _refused(stage: Stage, step: Chips) -> list[str]:
    if not step.rejected:
        return []
    read = "(all, css) => all.filter((e) => e.matches(css)).map((e) => e.textContent.trim())"
    return [text for h in _chips(stage, step) for text in h.evaluate_all(read, step.rejected)]


def _clear(stage: Stage, step: Chips) -> None:
    for _ in range(100):
        before = len(_there(stage, step)) if step.remove else 0
        if not before:
            return
        full = next(h for h in _chips(stage, step) if h.count())
        full.first.locator(step.remove).first.click(timeout=5000)
        over = deadline(2.0)
        while len(_there(stage, step)) >= before:
            if over():
                raise SiteChanged(
                    f"{stage.profile.identity.site}: a chip of {step.on} cannot be removed",
                    remedy="correct `remove` of that step in the profile",
                )
            stage.pause()
