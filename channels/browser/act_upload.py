"""Hands a file to a page and believes the page, not the call: an input that takes a file and does nothing is real.

The bytes go by path, so that their size does not matter. Nothing counts as arrived without a sign of the page.
"""

from __future__ import annotations

import re

from channels.browser.locate import Watch, find, look_once, missing
from channels.browser.stage import Filled, Stage, deadline
from channels.browser.steps import Arrived, Upload
from publisher.errors import Rejected, SiteChanged, Transient


def upload(stage: Stage, step: Upload, watch: Watch) -> None:
    """Give the file over and wait until it is there. Raises Rejected with the page's words, or Transient."""
    if step.already is not None and look_once(step.already, stage) is not None:
        # An earlier attempt brought it here and went no further.
        stage.notes.warnings.append("the file was there from an earlier attempt")
        stage.notes.verified.add(step.key)
        return
    counted = any(a.kind == "counter" for a in step.verify)
    if step.fresh and not counted and _all_there(stage, step, {}):
        raise SiteChanged(
            f"{stage.profile.identity.site}: the page shows a file before one was given to it",
            remedy="remove what an earlier attempt left there, then push again",
        )
    before = {a.on: _number(stage, a) for a in step.verify if a.kind == "counter"}
    first = _mark(stage, step)
    _give(stage, step, watch)
    over, begun = deadline(step.seconds), deadline(step.begins)
    started = False
    while not _all_there(stage, step, before):
        _refused(stage, step)
        watch()
        started = started or _mark(stage, step) != first
        if (begun() and not started) or over():
            _still_there(stage, step)
            reason = "nothing happened" if not started else "it did not come to its end"
            raise Transient(
                f"{stage.profile.identity.site}: the upload was begun and {reason}",
                remedy="see that the line is right, then push again: nothing was submitted",
            )
        stage.pause(0.08)
    _refused(stage, step)
    names = ", ".join(p.name for p in stage.files)
    stage.notes.filled.append(Filled("file", names))
    stage.notes.verified.add(step.key)


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


def _all_there(stage: Stage, step: Upload, before: dict[str, float]) -> bool:
    return all(_there(stage, sign, before) for sign in step.verify)


def _there(stage: Stage, sign: Arrived, before: dict[str, float]) -> bool:
    match sign.kind:
        case "appears":
            return look_once(sign.on, stage) is not None
        case "vanishes":
            return look_once(sign.on, stage) is None
        case "enabled":
            return look_once(sign.on, stage, state="enabled") is not None
        case "number":
            return _number(stage, sign) in sign.full
        case _:
            return _number(stage, sign) >= before.get(sign.on, 0.0) + len(stage.files)


def _number(stage: Stage, sign: Arrived) -> float:
    found = look_once(sign.on, stage, state="attached")
    if found is None:
        return -1.0
    text = found.handle.get_attribute(sign.attribute) if sign.attribute else None
    if text is None and not sign.attribute:
        text = found.handle.inner_text()
    digits = re.search(r"-?\d+(?:[.,]\d+)?", (text or "").replace("\u00a0", ""))
    return float(digits.group().replace(",", ".")) if digits else -1.0


def _mark(stage: Stage, step: Upload) -> tuple[object, ...]:
    """What would change if anything happened."""
    return tuple(
        _number(stage, a) if a.kind in ("number", "counter") else look_once(a.on, stage) is None
        for a in step.verify
    )


def _refused(stage: Stage, step: Upload) -> None:
    if step.refused is None:
        return
    found = look_once(step.refused, stage)
    text = " ".join(found.handle.first.inner_text().split()) if found is not None else ""
    if text:
        raise Rejected(
            f"{stage.profile.identity.site} refused the file: {text[:200]}",
            remedy="see what the site takes, and correct the row's file rules or the master",
        )
