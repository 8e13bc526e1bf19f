"""Hands a file to a page and believes the page, not the call: an input that takes a file and does nothing is real.

The bytes go by path, so that their size does not matter. Nothing counts as arrived without a sign of the page.
"""

from __future__ import annotations

import re
from contextlib import suppress

from channels.browser.locate import (
    Watch,
    find,
    first_sure,
    in_rows,
    look_once,
    missing,
    reach,
)
from channels.browser.stage import Filled, Stage, deadline, selector
from channels.browser.steps import Arrived, Upload
from channels.browser.unanswered import Unanswered
from publisher.errors import NeedsHuman, Rejected, SiteChanged, Transient


def upload(stage: Stage, step: Upload, watch: Watch) -> None:
    """Give the file over and wait until it is there. Raises Rejected with the page's words, Transient,
    or NeedsHuman where the site wants to see a person first.
    """
    if step.already is not None and reach(step.already, stage) is not None:
        # An earlier attempt brought it here and went no further.
        stage.notes.warnings.append("the file was there from an earlier attempt")
        stage.notes.verified.add(step.key)
        return
    counted = any(a.kind == "counter" for a in step.verify)
    watch()
    before = {a.on: _number(stage, a) for a in step.verify if a.kind == "counter"}
    first = _marks(stage, step, watch, before)
    if step.fresh and not counted and all(first.values()):
        raise SiteChanged(
            f"{stage.profile.identity.site}: the page shows a file before one was given to it",
            remedy="remove what an earlier attempt left there, then push again",
        )
    with Unanswered(stage.page.context, stage.profile.identity.hosts) as lost:
        _give(stage, step, watch)
        _arrival(stage, step, watch, first, before, lost)
    names = ", ".join(p.name for p in stage.files)
    stage.notes.filled.append(Filled("file", names))
    stage.notes.verified.add(step.key)


def _arrival(
    stage: Stage,
    step: Upload,
    watch: Watch,
    first: dict[str, object],
    before: dict[str, float],
    lost: Unanswered,
) -> None:
    """Wait until every sign is there."""
    over, begun, pause = deadline(step.seconds), deadline(step.begins), deadline(0)
    started = False
    while True:
        now = _marks(stage, step, watch, before)
        _roll(stage, step, now)
        if all(now.values()):
            break
        started = started or now != first
        if (begun() and not started) or over():
            _still_there(stage, step)
            reason = "it did not come to its end" if started else "nothing happened"
            raise Transient(
                f"{stage.profile.identity.site}: the upload was begun and {reason}",
                remedy="see that the line is right, then push again: nothing was submitted",
            )
        if pause():
            _refused(stage, step, lost)
            pause = deadline(0.4)
        _doze(stage, step, now)
    _refused(stage, step, lost)


def _doze(stage: Stage, step: Upload, now: dict[str, object]) -> None:
    """Let time pass until the first missing sign may have come; the page itself says when."""
    from playwright.sync_api import Error

    sign = next((a for a in step.verify if not now[f"{a.kind} {a.on}"]), None)
    css = selector(sign.on, stage) if sign is not None and sign.kind == "appears" else ""
    if sign is None or not css:
        stage.pause(0.04)
        return
    state = stage.profile.locators[sign.on].state
    with suppress(Error):
        wanted = stage.page.locator(css).first
        wanted.wait_for(state="attached" if state == "attached" else "visible", timeout=400)


def _marks(stage: Stage, step: Upload, watch: Watch, before: dict[str, float]) -> dict[str, object]:
    """Sign → whether it is there; of a number that is not yet whole, what it says."""
    watch()
    return {f"{a.kind} {a.on}": _mark(stage, a, before) for a in step.verify}


def _roll(stage: Stage, step: Upload, now: dict[str, object]) -> None:
    """Look for an entry where it may be out of view, once all other signs say that the bytes are there."""
    lacking = [a for a in step.verify if not now[f"{a.kind} {a.on}"]]
    if len(lacking) == 1 and len(step.verify) > 1 and lacking[0].kind == "appears":
        (sign,) = lacking
        if in_rows(sign.on, stage):
            now[f"appears {sign.on}"] = reach(sign.on, stage) is not None


def _mark(stage: Stage, sign: Arrived, before: dict[str, float]) -> object:
    if sign.kind in ("appears", "vanishes"):
        there = sign.on in stage.sure or (
            not _surely_absent(stage, sign.on) and look_once(sign.on, stage) is not None
        )
        return there is (sign.kind == "appears")
    if sign.kind == "enabled":
        control = stage.seen.get(sign.on)
        if control is not None and control.visible == 1:
            return control.enabled
        return look_once(sign.on, stage, state="enabled") is not None
    number = _number(stage, sign)
    if sign.kind == "number":
        return number in sign.full or _Pending(number)
    return number >= before.get(sign.on, 0.0) + len(stage.files) or _Pending(number)


def _surely_absent(stage: Stage, key: str) -> bool:
    """Whether the last look saw nothing of it, and there is no other way to look."""
    control = stage.seen.get(key)
    only = len(stage.profile.locators[key].any) == 1
    return only and control is not None and not control.count


class _Pending(float):
    """A number that is not whole yet: it counts as no, and a change of it as a beginning."""

    def __bool__(self) -> bool:
        return False


def _still_there(stage: Stage, step: Upload) -> None:
    """An upload that never ends may only be a sign of it that moved: then that is what is wrong."""
    for sign in step.verify:
        stands = sign.kind in ("enabled", "number", "counter")
        if stands and look_once(sign.on, stage, state="attached") is None:
            raise missing(sign.on, stage, "attached")


def _give(stage: Stage, step: Upload, watch: Watch) -> None:
    paths = [str(p) for p in stage.files]
    if not paths:
        raise Rejected("there is no file to upload")
    if step.route == "input":
        handle = find(step.on, stage, watch, seconds=step.seconds, state="attached").handle
        handle.set_input_files(paths, timeout=60_000)
        return
    handle = find(step.on, stage, watch, seconds=step.seconds).handle
    with stage.page.expect_file_chooser(timeout=10_000) as opened:
        handle.click(timeout=10_000)
    opened.value.set_files(paths, timeout=60_000)


def _number(stage: Stage, sign: Arrived) -> float:
    found = first_sure(sign.on, stage, "attached") or look_once(sign.on, stage, state="attached")
    if found is None:
        return -1.0
    read = "(all, name) => all.map((e) => name ? e.getAttribute(name) || '' : e.innerText || '')"
    texts: list[str] = found.handle.evaluate_all(read, sign.attribute)
    digits = re.search(r"-?\d+(?:[.,]\d+)?", "".join(texts[:1]).replace("\u00a0", ""))
    return float(digits.group().replace(",", ".")) if digits else -1.0


def _hidden(stage: Stage, key: str) -> bool:
    control = stage.seen.get(key)
    return control is not None and not control.visible and len(stage.profile.locators[key].any) == 1


def _refusal(stage: Stage, step: Upload) -> str:
    """What the page says against the file; empty when it says nothing."""
    if step.refused is None or _hidden(stage, step.refused):
        return ""
    found = look_once(step.refused, stage)
    return " ".join(found.handle.first.inner_text().split()) if found is not None else ""


def _refused(stage: Stage, step: Upload, lost: Unanswered) -> None:
    text = _refusal(stage, step)
    if text:
        # What the browser says of a request may come a moment after what the page makes of it.
        stage.pause(0.1)
    if lost.challenged:
        raise NeedsHuman(
            f"{stage.profile.identity.site}: the site wants to see a person before it takes the file",
            remedy="run publisher login for this account, do what the site asks, then push again",
        )
    if not text:
        return
    if lost.reason:
        raise Transient(
            f"{stage.profile.identity.site}: {lost.reason} while the file was sent: {text[:200]}",
            remedy="see that the line is right, then push again: nothing was submitted",
        )
    raise Rejected(
        f"{stage.profile.identity.site} refused the file: {text[:200]}",
        remedy="see what the site takes, and correct the row's file rules or the master",
    )
