"""What became of a submit: a proof with the remote id, a refusal in the site's own words, or nothing certain.

It only looks. Nothing is ever pressed again, and no sign but those that the profile names counts: neither the
click nor a page that happens to follow it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from channels.browser.fields import Value
from channels.browser.look import holds, selectors, view
from channels.browser.once import shown
from channels.browser.profile import filled_in
from channels.browser.schema import Success
from channels.browser.signs import Capture
from channels.browser.stage import Stage, deadline
from channels.browser.watch import Watcher
from publisher.errors import OutcomeUnknown, PublisherError, Rejected
from publisher.listing import Status

if TYPE_CHECKING:
    from playwright.sync_api import Page


@dataclass(frozen=True, slots=True)
class Proven:
    """The site has the work under this id."""

    id: str
    url: str
    status: Status


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The person left the form; nothing that could be a submit was sent."""


def prove(
    watcher: Watcher,
    *,
    seconds: float,
    left: Callable[[], bool] = lambda: False,
    old: Callable[[str], bool] = lambda _identity: False,
    listed: Callable[[], str] = lambda: "",
    lost: Callable[[], str] = lambda: "",
) -> Proven | Abandoned:
    """Wait for a proof or a refusal, in every page of the browser. Raises Rejected or OutcomeUnknown.

    ``left`` says whether the person has given up; it is asked while nothing is known. ``old`` says of an id
    that its work was there before: a page that an earlier work left open proves nothing. ``listed`` is the id
    under which the site's own list has the work, once it does. ``lost`` tells what went wrong on the way (see
    ``unanswered``): then a refusal is only what the page makes of that.
    """
    from playwright.sync_api import Error

    stage = watcher.stage
    over = deadline(seconds)
    reason, detail = "the site showed no proof in time", ""
    obstacle, look_round, ask = Obstacle(watcher), deadline(0.5), deadline(1.0)
    while True:
        try:
            found = _look(stage, old, lost)
            if found is not None:
                return found
            if ask():
                ask = deadline(3.0)
                if identity := listed():
                    return _proven(stage, identity)
            if look_round():
                look_round = deadline(0.5)
                if (stopped := obstacle.stays()) and not watcher.person:
                    reason = stopped
                    break
        except Error as error:
            if _all_gone(stage):
                if left():
                    return Abandoned()
                reason = "the browser went away"
                break
            # A page that is being replaced by the next one cannot be asked for a moment.
            detail = error.message
        if left():
            return Abandoned()
        if over():
            break
        try:
            _doze(stage)
        except Error:
            if _all_gone(stage):
                continue
            other = _pages(stage)[-1]
            other.wait_for_timeout(100)
    raise unknown(stage, reason, detail)


def _doze(stage: Stage) -> None:
    """Let time pass until the page may be another one; the browser itself says when."""
    from playwright.sync_api import TimeoutError as Late

    address = next((s.sign.url for s in stage.profile.proof.any if s.sign.url), None)
    if address is None or re.search(address, stage.page.url):
        stage.pause(0.05)
        return
    with suppress(Late):
        stage.page.wait_for_url(re.compile(address), wait_until="commit", timeout=300)


class Obstacle:
    """Something that stands in the way of a proof, and whether it stays."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._key = ""
        self._patient: Callable[[], bool] = lambda: False

    def stays(self) -> str:
        """What is there, once it had its time to go away; empty otherwise."""
        if self._watcher.stage.page.is_closed():
            return ""
        seen = self._watcher.look()
        item = self._watcher.standing(seen)
        if item is None or item.action == "dismiss":
            self._key = ""
            return ""
        if item.key != self._key:
            self._key = item.key
            waits = item.action in ("wait", "person")
            self._patient = deadline(item.seconds if waits else 1.0)
        return f"then this was shown: {item.text or item.kind.value}" if self._patient() else ""


def unknown(stage: Stage, reason: str, detail: str = "") -> OutcomeUnknown:
    """The error for a submit that nobody can tell the end of."""
    return OutcomeUnknown(
        f"{stage.profile.identity.site}: it was submitted, and {reason}",
        remedy="push again to have it looked up there, or say what you see with publisher resolve",
        detail=detail,
    )


def _all_gone(stage: Stage) -> bool:
    return not _pages(stage)


def _pages(stage: Stage) -> list[Page]:
    return shown(stage.page.context)


def _look(stage: Stage, old: Callable[[str], bool], lost: Callable[[], str]) -> Proven | None:
    proof = stage.profile.proof
    css = selectors([*(s.sign for s in proof.any), *proof.refused])
    frames = any(s.sign.frame for s in proof.any)
    for page in _pages(stage):
        seen = view(page, css, frames=frames)
        for success in proof.any:
            if holds(success.sign, seen):
                identity = _captured(stage, page, seen.url, success)
                if identity and not old(identity):
                    return _proven(stage, identity)
        for sign in proof.refused:
            if holds(sign, seen):
                words = next((t for t in seen.texts.get(sign.css or "", ()) if t), "it said no")
                raise _no(stage, page, words[:200], lost)
    return None


def _proven(stage: Stage, identity: str) -> Proven:
    return Proven(identity, address(stage, identity), Status(stage.profile.proof.status))


def _no(stage: Stage, page: Page, words: str, lost: Callable[[], str]) -> PublisherError:
    """What a refusal on the page means."""
    # What the browser says of a request may come a moment after what the page makes of it.
    page.wait_for_timeout(100)
    if why := lost():
        return unknown(stage, f"{why}, and then the page said: {words}")
    return Rejected(
        f"{stage.profile.identity.site} refused the work: {words}",
        remedy="correct what the site names, then push again",
    )


def _captured(stage: Stage, page: Page, url: str, success: Success) -> str:
    for capture in success.capture:
        found = capture_from(page, url, capture, stage.values)
        if found:
            return found
    return ""


def capture_from(
    page: Page, url: str, capture: Capture, values: Mapping[str, Value] = MappingProxyType({})
) -> str:
    """The group ``id`` of a capture, from the address or from one element; empty when it is not there."""
    text: str | None = url
    if capture.css is not None:
        handle = page.locator(filled_in(capture.css, values, "css")).first
        if not handle.count():
            return ""
        text = handle.get_attribute(capture.attribute) if capture.attribute else handle.inner_text()
    return picked(capture, text or "")


def picked(capture: Capture, text: str) -> str:
    """The group ``id`` (or the whole match) of a capture in a text."""
    found = re.search(capture.pattern, text)
    if found is None:
        return ""
    return str(found.groupdict().get("id") or found.group()).strip()


def address(stage: Stage, identity: str) -> str:
    """The address of a work."""
    template = stage.profile.proof.url
    return filled_in(template, {**stage.values, "id": identity}, "url") if template else ""


def after_the_submit(error: PublisherError, stage: Stage) -> PublisherError:
    """What an error means once something may have been submitted: nothing is certain any more."""
    if isinstance(error, (Rejected, OutcomeUnknown)):
        return error
    unclear = unknown(stage, f"then: {error.sentence}")
    unclear.detail = error.detail
    return unclear
