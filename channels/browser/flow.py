"""Carries the steps of a profile out, up to the point of no return, which is a call of its own.

Everything before the submit may be done again from the start in a fresh page. The submit is one click, after
everything was read back once more; whoever calls it has opened an intent and says so first.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from channels.browser.act_choice import (
    check,
    colour,
    press,
    products,
    radio,
    select,
    slider,
)
from channels.browser.act_look import assert_so, capture, try_to_press
from channels.browser.act_text import chips, fill, same
from channels.browser.act_tree import pick, tree
from channels.browser.act_upload import upload
from channels.browser.fields import Value
from channels.browser.locate import choose_layout, find, first_sure, look_once
from channels.browser.look import View
from channels.browser.profile import filled_in, permitted
from channels.browser.stage import Moved, Notes, Stage, Standing, deadline
from channels.browser.steps import (
    Choose,
    Dialogs,
    Expect,
    ForEach,
    Goto,
    IfPresent,
    Press,
    Scroll,
    Step,
    Submit,
)
from channels.browser.watch import Watcher
from publisher.errors import SiteChanged, Transient

if TYPE_CHECKING:
    from playwright.sync_api import Error

Executor = Callable[[Stage, Any, Watcher], None]

ATTEMPTS = 4
"""How often the way to the submit is begun: a challenge may put us elsewhere, more than once."""

MARK = "(token) => { window.__flow = token; }"


class Flow:
    """One way through a form. ``stage`` is made anew whenever the way is begun anew."""

    def __init__(self, watcher: Watcher) -> None:
        self.watch = watcher
        watcher.confirm = "dismiss"
        self.leaving: Callable[[], None] = lambda: None
        """Called before the way goes on from one page to the next."""

    @property
    def stage(self) -> Stage:
        """Where we are."""
        return self.watch.stage

    def to_the_submit(self, *, walk: bool = False) -> Submit:
        """Do every step before the submit; with ``walk`` only those that a check may take.

        Raises what ends a flow (see ``watch``), SiteChanged, Rejected and Transient: nothing was submitted.
        """
        # A page behind another one draws nothing, and whatever waits for it to hold still waits for seconds.
        self.stage.page.bring_to_front()
        for attempt in range(1, ATTEMPTS + 1):
            self._begin()
            try:
                return self._once(walk)
            except Moved:
                if attempt == ATTEMPTS:
                    break
                self.stage.pause(0.2)
        raise Transient(
            f"{self.stage.profile.identity.site}: the page was left {ATTEMPTS} times before the form was full",
            remedy="push again later: nothing was submitted",
        )

    def ready(self, step: Submit) -> None:
        """Read everything back, and see that the control can be pressed. Raises SiteChanged when not so."""
        from playwright.sync_api import Error

        stage = self.stage
        site = stage.profile.identity.site
        try:
            self._read_back()
        except Error as error:
            self._disturbed(step, error)
        unproved = [k for k in step.required if self._applies(k) and k not in stage.notes.verified]
        if unproved:
            raise SiteChanged(
                f"{site}: {', '.join(unproved)} could not be verified, so that publishing is not offered",
                remedy="look at the form, then correct the profile",
            )
        button = find(step.on, stage, self.watch, seconds=step.seconds, state="enabled").handle
        try:
            try_to_press(button, stage, step.seconds)
        except Error as error:
            self._disturbed(step, error)

    def _read_back(self) -> None:
        """See that everything is as it was written. Raises SiteChanged when it is not."""
        stage = self.stage
        site = stage.profile.identity.site
        lost = self._lost(stage.notes.again)
        for again in lost:
            if again.mend is not None:
                again.mend()
        if lost:
            # What was written again may have changed something else, too.
            stage.pause(0.1)
            lost = self._lost(stage.notes.again)
        if lost:
            raise SiteChanged(
                f"{site}: the page changed {', '.join(a.key for a in lost)} after it was filled in",
                remedy="try the form by hand; if the site works, correct the profile",
            )
        stage.notes.verified |= {a.key for a in stage.notes.again}

    def _lost(self, again: Sequence[Standing]) -> list[Standing]:
        """What does not stand any more, by one look at the whole page where that tells it."""
        seen = self.watch(controls=[a.css for a in again if a.css])
        return [a for a in again if not _stands(a, seen)]

    def press(self, step: Submit) -> None:
        """The one click. Only after ``ready``, and only after the intent says that it is being sent."""
        found = first_sure(step.on, self.stage) or look_once(step.on, self.stage)
        if found is None:
            raise SiteChanged(f"{self.stage.profile.identity.site}: {step.on} is gone")
        self.stage.sending = True
        found.handle.click(timeout=10_000, no_wait_after=True)

    def _begin(self) -> None:
        self.watch.stage = replace(self.stage, notes=Notes(), token="", layout="", sure=set())

    def _once(self, walk: bool) -> Submit:
        for step in self.stage.profile.steps:
            if isinstance(step, Submit):
                return step
            if not walk or step.walks:
                self._do(step)
        raise RuntimeError("a profile without a submit was let through")

    def _applies(self, key: str) -> bool:
        steps = {s.key: s for s in self.stage.profile.steps}
        return key not in steps or self._wanted(steps[key])

    def _wanted(self, step: Step) -> bool:
        values = self.stage.values
        if step.layouts and self.stage.layout and self.stage.layout not in step.layouts:
            return False
        return all(values.get(n) for n in step.when) and not any(values.get(n) for n in step.unless)

    def _do(self, step: Step) -> None:
        if not self._wanted(step):
            return
        from playwright.sync_api import Error

        try:
            self._act(step)
        except Error as error:
            self._disturbed(step, error, again=step.do in _AGAIN)
            # The last look is out of date: once more, asking for everything.
            self.stage.sure = set()
            try:
                self._act(step)
            except Error as second:
                self._disturbed(step, second)

    def _act(self, step: Step) -> None:
        if isinstance(step, (Press, Choose)) and step.saves:
            # What this closes cannot be looked at later, so it is read back now.
            self._read_back()
            self.stage.notes.again.clear()
        own = _OWN.get(type(step))
        if own is not None:
            own(self, step)
            return
        _VERBS[step.do](self.stage, step, self.watch)

    def _disturbed(self, step: Step, error: Error, *, again: bool = False) -> None:
        """Say why the browser could not do a step: something in the way, another page, or nothing we know.

        Returns only where it may be done ``again`` and the page is the one that it was.
        """
        if self.stage.page.is_closed() or "closed" in error.message:
            raise error
        self.stage.page.wait_for_load_state("domcontentloaded", timeout=30_000)
        self.watch()
        if again and self.stage.sure:
            return
        first = error.message.splitlines()[0][:160] if error.message else "no reason given"
        if "destroyed" in error.message or "navigat" in first:
            raise Moved from error
        if step.do == "goto":
            raise Transient(
                f"{self.stage.profile.identity.site}: a page did not come ({first})",
                remedy="push again later: nothing was submitted",
                detail=error.message,
            ) from error
        raise SiteChanged(
            f"{self.stage.profile.identity.site}: the page does not react at {step.key} ({first})",
            remedy="look at the page; something may cover the control, or it moved",
            detail=error.message,
        ) from error

    def _goto(self, step: Goto) -> None:
        stage = self.stage
        if stage.token:
            self.leaving()
        stage.token, stage.sure = "", set()
        url = filled_in(step.url, stage.values, "url")
        if not permitted(url, stage.profile):
            raise SiteChanged(f"{url} is not an address of {stage.profile.identity.site}")
        stage.page.goto(url, wait_until="domcontentloaded", timeout=max(30.0, step.seconds) * 1000)
        self._arrive(step.expect, step.seconds)

    def _choose(self, step: Choose) -> None:
        found = find(step.on, self.stage, self.watch, seconds=step.seconds, state="enabled")
        self.stage.token, self.stage.sure = "", set()
        found.handle.click(timeout=step.seconds * 1000)
        with self.watch.led_on():
            self._arrive(step.expect, step.seconds)

    def _arrive(self, expect: str | None, seconds: float) -> None:
        from playwright.sync_api import Error

        stage, over = self.stage, deadline(seconds)
        while True:
            try:
                self.watch()
                if expect is not None:
                    find(expect, stage, self.watch, seconds=seconds)
                break
            except Error as error:
                # The page before it is only now going: what led here is not done a second time for that.
                if over() or "destroyed" not in error.message:
                    raise
        if not stage.layout and stage.profile.layouts:
            stage.layout = choose_layout(stage, self.watch)
        token = secrets.token_hex(8)
        stage.page.evaluate(MARK, token)
        stage.token = token

    def _expect(self, step: Expect) -> None:
        find(step.on, self.stage, self.watch, seconds=step.seconds)

    def _if_present(self, step: IfPresent) -> None:
        over = deadline(step.seconds)
        while step.on not in self.stage.sure and look_once(step.on, self.stage) is None:
            self.watch()
            if over():
                return
            self.stage.pause()
        for inner in step.steps:
            self._do(inner)

    def _for_each(self, step: ForEach) -> None:
        given = self.stage.values[step.each]
        before: Mapping[str, Value] = self.stage.values
        entries = given if isinstance(given, tuple) else (str(given),) if given else ()
        try:
            for entry in entries:
                self.stage.values = {**before, "each": entry}
                for inner in step.steps:
                    self._do(inner)
        finally:
            self.stage.values = before

    def _scroll(self, step: Scroll) -> None:
        over = deadline(step.seconds)
        while step.on not in self.stage.sure:
            self.stage.page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
            self.watch()
            if step.on in self.stage.sure:
                return
            if look_once(step.on, self.stage, state="attached") is not None:
                return
            if over():
                find(step.on, self.stage, self.watch, seconds=0.1, state="attached")
            self.stage.pause()

    def _dialogs(self, step: Dialogs) -> None:
        self.watch.confirm = step.confirm


_OWN: dict[type[Any], Callable[[Flow, Any], None]] = {
    Goto: Flow._goto,
    Choose: Flow._choose,
    Expect: Flow._expect,
    IfPresent: Flow._if_present,
    ForEach: Flow._for_each,
    Scroll: Flow._scroll,
    Dialogs: Flow._dialogs,
}
_VERBS: dict[str, Executor] = {
    "upload": upload,
    "fill": fill,
    "chips": chips,
    "check": check,
    "radio": radio,
    "select": select,
    "products": products,
    "slider": slider,
    "colour": colour,
    "tree": tree,
    "assert": assert_so,
    "capture": capture,
    "pick": pick,
    "press": press,
}


_AGAIN = ("fill", "chips", "check", "radio", "select", "products", "slider")
"""Verbs that bring about a state: doing one twice is like doing it once."""


def _stands(again: Standing, seen: View) -> bool:
    control = seen.controls.get(again.css)
    if control is None or not control.count or not again.css:
        return again.stands()
    if isinstance(again.wanted, bool):
        return control.checked is again.wanted
    return same(control.value, again.wanted)
