"""Brings tick boxes, radio buttons and lists into a wanted state, and verifies that the page took it.

Never a blind click: what is on already stays on. A tick that cannot be verified ends the flow, for what it
declares would otherwise be said by nobody.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from channels.browser.locate import Missing, Watch, find, in_rows, look_once
from channels.browser.profile import css_text
from channels.browser.stage import Filled, Found, Stage, Standing, deadline
from channels.browser.steps import Check, Colour, Press, Products, Radio, Select, Slider
from publisher.errors import Rejected, SiteChanged

if TYPE_CHECKING:
    from playwright.sync_api import Locator as Handle


def check(stage: Stage, step: Check, watch: Watch) -> None:
    """Set a tick box. One that is not there is left out only when it need not be on."""
    wanted = True if step.value is None else bool(stage.values[step.value])
    try:
        found = find(step.on, stage, watch, seconds=step.seconds, state=_state(step.label))
    except Missing:
        if step.required and wanted:
            raise
        return
    _bring(stage, step.key, step.on, step.label, found, wanted, watch)
    stage.notes.filled.append(Filled(step.declares or step.on, "yes" if wanted else "no"))


def radio(stage: Stage, step: Radio, watch: Watch) -> None:
    """Choose one of several."""
    given = stage.values[step.value]
    name = ("true" if given else "false") if isinstance(given, bool) else str(given)
    if name not in step.options:
        raise Rejected(
            f"{stage.profile.identity.site} has no choice {name!r} for {step.value}",
            remedy=f"choose one of {', '.join(step.options)}",
        )
    key, label = step.options[name], step.label.get(name)
    found = find(key, stage, watch, seconds=step.seconds, state=_state(label))
    _bring(stage, step.key, key, label, found, True, watch)
    stage.notes.filled.append(Filled(step.declares or step.value, name))


def _state(label: str | None) -> str:
    # A box behind a drawn label is often hidden itself.
    return "attached" if label else ""


def _bring(
    stage: Stage,
    step: str,
    key: str,
    label: str | None,
    found: Found,
    wanted: bool,
    watch: Watch,
) -> None:
    """One click where it is needed. Whether it took is looked at before the submit, and set right once more."""
    from playwright.sync_api import Error

    box = found.handle
    if label is None:
        # It looks first, clicks only where it must, and looks again.
        with suppress(Error):
            box.set_checked(wanted, timeout=5000)
    elif box.is_checked() is not wanted:
        find(label, stage, watch, seconds=5.0).handle.click(timeout=5000)
    stage.notes.again.append(
        Standing(
            step,
            lambda: box.is_checked() is wanted,
            lambda: _set(stage, key, label, box, wanted, watch),
            css=found.css,
            wanted=wanted,
        )
    )


def _set(
    stage: Stage, key: str, label: str | None, box: Handle, wanted: bool, watch: Watch
) -> None:
    for _ in range(3):
        if box.is_checked() is wanted:
            return
        if label is not None:
            find(label, stage, watch, seconds=5.0).handle.click(timeout=5000)
        else:
            box.click(timeout=5000)
        over = deadline(1.0)
        while box.is_checked() is not wanted and not over():
            stage.pause()
        watch()
    if box.is_checked() is not wanted:
        raise SiteChanged(
            f"{stage.profile.identity.site}: {key} cannot be brought to {'on' if wanted else 'off'}",
            remedy="try it by hand; if the site works, correct the locator in the profile",
        )


def select(stage: Stage, step: Select, watch: Watch) -> None:
    """Choose an entry of a list and read the choice back."""
    wanted = str(stage.values[step.value])
    place = find(step.on, stage, watch, seconds=step.seconds)
    handle = place.handle
    options: list[list[str]] = handle.evaluate(
        "(e) => [...e.options].map((o) => [o.value, o.text.replace(/\\s+/g, ' ').trim()])"
    )
    found = [value for value, text in options if _fits(step.by, wanted, value, text)]
    if len(found) != 1:
        if not step.required:
            stage.notes.warnings.append(f"{step.on} has no entry {wanted!r}")
            return
        raise Rejected(
            f"{stage.profile.identity.site}: {step.on} has {len(found) or 'no'} entries for {wanted!r}",
            remedy=f"choose one of {', '.join(text for _, text in options[:20])}",
        )
    handle.select_option(value=found[0], timeout=5000)
    stage.notes.filled.append(Filled(step.value, wanted))
    stage.notes.again.append(
        Standing(
            step.key,
            lambda: handle.input_value() == found[0],
            css=place.css,
            wanted=found[0],
        )
    )


def _fits(by: str, wanted: str, value: str, text: str) -> bool:
    if by == "contains":
        return wanted.casefold() in text.casefold()
    return wanted == (value if by == "value" else text)


def products(stage: Stage, step: Products, watch: Watch) -> None:
    """Switch exactly the wanted products on, and read all cards back."""
    given = stage.values[step.value]
    wanted = set(given if isinstance(given, tuple) else (str(given),) if given else ())
    cards = find(step.cards, stage, watch, seconds=step.seconds).handle
    states = _cards(cards, step)
    _toggle(stage, step, cards, states, wanted)
    on = [name for name in states if name in wanted]
    if absent := sorted(wanted - set(states)):
        stage.notes.warnings.append(f"the site does not offer {', '.join(absent)} any more")
    if step.required and not on:
        raise Rejected(
            f"{stage.profile.identity.site}: none of the wanted products is on the page",
            remedy="choose other products in the manifest",
        )
    stage.notes.filled.append(Filled(step.value, ", ".join(on)))
    stage.notes.again.append(
        Standing(
            step.key,
            lambda: not _wrong(_cards(cards, step), wanted),
            lambda: _toggle(stage, step, cards, _cards(cards, step), wanted),
        )
    )


def _toggle(
    stage: Stage, step: Products, cards: Handle, states: dict[str, bool], wanted: set[str]
) -> None:
    for name, off in states.items():
        if off is (name in wanted):
            card = cards.and_(stage.page.locator(f'[{step.attribute}="{css_text(name)}"]')).first
            card.locator(step.enable if off else step.disable).first.click(timeout=5000)


def _cards(cards: Handle, step: Products) -> dict[str, bool]:
    read = "(all, [name, off]) => all.map((e) => [e.getAttribute(name) || '', e.matches(off)])"
    found: list[tuple[str, bool]] = cards.evaluate_all(read, [step.attribute, step.off])
    return {name: off for name, off in found if name}


def _wrong(states: dict[str, bool], wanted: set[str]) -> list[str]:
    return sorted(name for name, off in states.items() if off is (name in wanted))


def slider(stage: Stage, step: Slider, watch: Watch) -> None:
    """Set a range input by its value and events; its own steps may round it."""
    wanted = str(stage.values[step.value])
    handle = find(step.on, stage, watch, seconds=step.seconds).handle
    handle.fill(wanted, timeout=5000)
    if float(handle.input_value()) != float(wanted):
        raise SiteChanged(f"{stage.profile.identity.site}: {step.on} does not keep {wanted}")
    stage.notes.kept(step.key, step.value, wanted)


def colour(stage: Stage, step: Colour, watch: Watch) -> None:
    """Open the box, write the colour, commit, and read it back."""
    wanted = str(stage.values[step.value])
    find(step.on, stage, watch, seconds=step.seconds).handle.click(timeout=5000)
    box = find(step.input, stage, watch, seconds=5.0).handle
    box.fill(wanted, timeout=5000)
    kept = box.input_value()
    box.press(step.commit)
    if kept.lstrip("#").lower() != wanted.lstrip("#").lower():
        raise SiteChanged(f"{stage.profile.identity.site}: {step.on} does not keep {wanted}")
    stage.notes.kept(step.key, step.value, wanted)


def press(stage: Stage, step: Press, watch: Watch) -> None:
    """Click something inside the form and wait until what it closes is gone."""
    over = deadline(step.seconds)
    while not _pressed(stage, step, watch):
        if over():
            raise SiteChanged(f"{stage.profile.identity.site}: {step.on} does not stay in view")
    over = deadline(step.seconds)
    while step.done is not None and look_once(step.done, stage) is not None:
        if over():
            raise SiteChanged(f"{stage.profile.identity.site}: {step.done} does not go away")
        watch()
        stage.pause()


def _pressed(stage: Stage, step: Press, watch: Watch) -> bool:
    """Click; False when the list around it was drawn anew before that."""
    from playwright.sync_api import TimeoutError as Late

    handle = find(step.on, stage, watch, seconds=step.seconds, state="enabled").handle
    if stage.profile.locators[step.on].many:
        # Where several are meant, any of them will do.
        handle = handle.first
    if not in_rows(step.on, stage):
        handle.click(timeout=5000)
        return True
    try:
        handle.click(timeout=1500)
    except Late:
        if look_once(step.on, stage) is not None:
            raise
        return False
    return True
