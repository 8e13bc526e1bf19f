"""Walks to a form without filling or submitting it, and says for every locator which candidate matched.

What is broken comes first, so that a profile is repaired by editing the one list that is named.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from channels.browser import evidence
from channels.browser.flow import Flow
from channels.browser.locate import candidates, choose_layout, probe
from channels.browser.sign_in import probe_session
from channels.browser.stage import Stage
from channels.browser.trace import Redactor
from channels.browser.watch import Watcher
from publisher.errors import PublisherError
from publisher.examined import Examined, Probe

if TYPE_CHECKING:
    from channels.browser.browser import Browser

_ORDER = {False: 0, True: 1, None: 2}


def examine(watcher: Watcher, browser: Browser, folder: Path, now: dt.datetime) -> Examined:
    """Sign-in, way, layout and locators. Only an error that is not the site's own is raised."""
    browser.trace.begin(snapshots=True)
    problem: PublisherError | None = None
    kept: list[Path] = []
    flow = Flow(watcher)
    passed: dict[str, Probe] = {}
    flow.leaving = lambda: passed.update(_there(flow.stage))
    try:
        probe_session(watcher)
        flow.to_the_submit(walk=True)
    except PublisherError as error:
        problem = error
    with contextlib.suppress(PublisherError):
        if not flow.stage.layout:
            flow.stage.layout = choose_layout(flow.stage, lambda: None, 0.1)
    probes = _probes(flow.stage, problem, passed)
    broken = problem is not None or any(p.found is False for p in probes)
    if broken:
        kept += evidence.keep(flow.stage.page, browser.trace, folder, "check", now)
    notes = [f"layout {flow.stage.layout}"] if flow.stage.layout else []
    notes.append(f"page {Redactor(()).text(flow.stage.page.url)}")
    return Examined(tuple(probes), tuple(notes), tuple(kept), problem)


def _there(stage: Stage) -> dict[str, Probe]:
    """What is on this page of a way that leads over several."""
    probes = {key: _probe(key, stage) for key in stage.profile.locators}
    return {key: p for key, p in probes.items() if p.found}


def _probes(
    stage: Stage, problem: PublisherError | None, passed: Mapping[str, Probe]
) -> list[Probe]:
    missed = getattr(problem, "key", "")
    last = [_probe(key, stage) for key in stage.profile.locators]
    found = [p if p.found else passed.get(p.name, p) for p in last]
    return sorted(found, key=lambda p: (p.name != missed, _ORDER[p.found], not p.drift))


def _probe(key: str, stage: Stage) -> Probe:
    locator = stage.profile.locators[key]
    if not candidates(locator, stage):
        return Probe(key, None, note=f"not of the layout {stage.layout}")
    looked = probe(key, stage)
    hidden = locator.state == "attached"
    counts = [(shown, count if hidden else visible) for shown, count, visible in looked]
    fits = [n for n, (_, count) in enumerate(counts) if count == 1 or (locator.many and count)]
    tried = tuple(f"{shown}: {count}" for shown, count in counts)
    if fits:
        return Probe(key, True, counts[fits[0]][0], drift=fits[0] > 0, tried=tried)
    if locator.appears != "form" or locator.optional:
        where = {"form": "optional", "upload": "after the upload", "later": "elsewhere"}
        return Probe(key, None, tried=tried, note=f"not here ({where[locator.appears]})")
    several = any(count > 1 for _, count in counts)
    return Probe(key, False, tried=tried, note="several match" if several else "nothing matches")
