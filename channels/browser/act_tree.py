"""Chooses by name: one of several entries, or a path in a tree of them, level by level.

A pane that belongs to another level may come late and still hold what belonged to the choice before; so a path is
chosen only when the form itself shows it. An entry that is not there is the seller's to correct.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.browser.locate import Watch, find, look_once, missing
from channels.browser.stage import Filled, Found, Stage, Standing, deadline
from channels.browser.steps import Pick, Tree
from publisher.errors import Rejected, SiteChanged

SHOWN = 1.5
"""Seconds until a form shows what was applied."""
FURTHER = 3.0
"""Seconds until a further level is there, where a path ends before it."""


def pick(stage: Stage, step: Pick, watch: Watch) -> None:
    """One entry by its text, or the first."""
    wanted = str(stage.values[step.value] or "")
    entries = find(step.on, stage, watch, seconds=step.seconds).handle
    if not wanted:
        wanted = " ".join(entries.first.inner_text().split())
        entries.first.click(timeout=5000)
    else:
        _pick(stage, step.on, wanted, watch, 5.0)
    stage.notes.kept(step.key, step.value, wanted)


def tree(stage: Stage, step: Tree, watch: Watch) -> None:
    """Pick one level after the other, apply the path, and read it back where the form shows it.

    Raises Rejected for a path that the site does not have, or that ends before its last level; SiteChanged for a
    form that shows another one.
    """
    given = stage.values[step.value]
    path = given if isinstance(given, tuple) else tuple(p.strip() for p in str(given).split(">"))
    if len(step.panes) > 1 and len(path) > len(step.panes):
        raise Rejected(
            f"{stage.profile.identity.site}: {_shown(path)} has more than {len(step.panes)} levels",
            remedy=f"name a path of {len(step.panes)} levels",
        )
    _take(stage, step, path, watch)
    stage.notes.filled.append(Filled(step.value, _shown(path)))
    if step.shows is not None:
        stage.notes.again.append(
            Standing(
                step.key,
                lambda: _reads(stage, step) == _plain(_shown(path)),
                lambda: _take(stage, step, path, watch),
            )
        )


def _take(stage: Stage, step: Tree, path: tuple[str, ...], watch: Watch) -> None:
    """Walk the path until the form shows it: what a late pane held at first may have been of another level."""
    over = deadline(step.seconds)
    while True:
        _walk(stage, step, path, watch)
        if step.shows is None or _comes(stage, step, path, watch):
            return
        if len(path) < len(step.panes):
            raise _unfinished(stage, path, ())
        if over():
            shown = _reads(stage, step) or "nothing"
            raise SiteChanged(
                f"{stage.profile.identity.site}: {_shown(path)} was chosen, and the form shows {shown}",
                remedy="try it by hand; if the site works, correct the locators in the profile",
            )
        stage.pause()


def _walk(stage: Stage, step: Tree, path: tuple[str, ...], watch: Watch) -> None:
    find(step.on, stage, watch, seconds=step.seconds).handle.click(timeout=5000)
    beyond = step.panes[len(path)] if len(path) < len(step.panes) else ""
    before: list[str] = []
    for depth, level in enumerate(path):
        if beyond and depth == len(path) - 1:
            before = _texts(look_once(beyond, stage))
        pane = step.panes[min(depth, len(step.panes) - 1)]
        _pick(stage, pane, level, watch, step.seconds)
    if beyond and (further := _further(stage, beyond, before, watch)):
        raise _unfinished(stage, path, further)
    if step.apply is not None:
        find(step.apply, stage, watch, seconds=5.0, state="enabled").handle.click(timeout=5000)


def _pick(stage: Stage, entries: str, level: str, watch: Watch, seconds: float) -> None:
    over = deadline(seconds)
    while True:
        found = look_once(entries, stage)
        texts = _texts(found)
        places = [n for n, t in enumerate(texts) if t == level]
        if found is not None and len(places) == 1:
            found.handle.nth(places[0]).click(timeout=5000)
            return
        if over():
            if not texts:
                raise missing(entries, stage)
            raise Rejected(
                f"{stage.profile.identity.site}: {entries} has {len(places) or 'no'} entries {level!r}",
                remedy=f"choose one of {', '.join(texts[:20])}",
            )
        watch()
        stage.pause()


def _texts(found: Found | None) -> list[str]:
    texts = found.handle.all_inner_texts() if found is not None else []
    return [" ".join(t.split()) for t in texts]


def _further(stage: Stage, pane: str, before: list[str], watch: Watch) -> list[str]:
    """What a level has that the path does not go into; ``before`` is what stood there until then."""
    over = deadline(FURTHER)
    while (texts := _texts(look_once(pane, stage))) in ([], before) and not over():
        watch()
        stage.pause()
    return texts


def _comes(stage: Stage, step: Tree, path: tuple[str, ...], watch: Watch) -> bool:
    over = deadline(SHOWN)
    while _reads(stage, step) != _plain(_shown(path)):
        if over():
            return False
        watch()
        stage.pause()
    return True


def _reads(stage: Stage, step: Tree) -> str:
    """The path that the form shows, without how it separates the levels."""
    found = look_once(step.shows, stage) if step.shows is not None else None
    if found is None:
        return ""
    return _plain(str(found.handle.first.evaluate("(e) => e.value || e.innerText || ''")))


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[\s>/\u203a\u00bb]+", " ", text).split())


def _shown(path: tuple[str, ...]) -> str:
    return " > ".join(path)


def _unfinished(stage: Stage, path: tuple[str, ...], further: Sequence[str]) -> Rejected:
    choices = f", one of {', '.join(further[:20])}" if further else ""
    return Rejected(
        f"{stage.profile.identity.site}: {_shown(path)} is not a whole path: only entries of the last level count",
        remedy=f"name a further level{choices}",
    )
