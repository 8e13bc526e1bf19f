"""The session of an account: whether somebody is signed in, and the window in which a person does it.

No password passes through here: the site's own page takes it, and the browser's profile keeps what comes of it.
"""

from __future__ import annotations

import re

from channels.browser.look import ASK, holds, selectors, view
from channels.browser.profile import filled_in, permitted
from channels.browser.stage import Moved, deadline
from channels.browser.watch import Watcher, tell
from publisher.errors import AuthFailed, NeedsHuman, SiteChanged

LANDED = 1.5
"""Seconds that a page after a sign-in has for leading on by itself."""


def probe_session(watcher: Watcher, seconds: float = 20.0) -> None:
    """Open a private page and look who we are there. Raises AuthFailed, or SiteChanged when nobody can tell."""
    stage = watcher.stage
    profile = stage.profile
    site = profile.identity.site
    url = filled_in(profile.session.url, stage.values, "url")
    stage.token = ""
    for _ in range(3):
        stage.page.goto(url, wait_until="domcontentloaded", timeout=60_000)
        over = deadline(seconds)
        try:
            while not _signed_in(watcher):
                watcher()
                if over():
                    raise SiteChanged(
                        f"{site}: the page does not tell whether anybody is signed in",
                        remedy=f"look at {url}, then correct `session` in "
                        f"channels/browser/{profile.name}.profile.yaml",
                    )
                stage.pause()
            return
        except Moved:
            continue
    raise NeedsHuman(
        f"{site}: the private page was left again and again",
        remedy=f"run publisher login {watcher.account}",
    )


def sign_in(watcher: Watcher) -> None:
    """Open the site's sign-in and wait until a private page knows the person. Raises AuthFailed."""
    stage = watcher.stage
    profile = stage.profile
    watcher.login = False
    watcher.person = True
    try:
        stage.page.goto(profile.session.login, wait_until="domcontentloaded", timeout=60_000)
        tell(f"{watcher.account}: sign in to {profile.identity.site} in the browser window")
        over = deadline(min(profile.session.limit, watcher.wait_limit))
        landed = _Landed()
        while True:
            if not stage.page.is_closed() and _signed_in(watcher):
                break
            if not stage.page.is_closed() and landed.stays(watcher):
                # What follows a sign-in is often a public page. It proves nothing; the private one does.
                url = filled_in(profile.session.url, stage.values, "url")
                stage.page.goto(url, wait_until="domcontentloaded", timeout=60_000)
                continue
            if over() or stage.page.is_closed():
                raise AuthFailed(
                    f"{profile.identity.site}: nobody signed in",
                    remedy=f"run publisher login {watcher.account} again",
                )
            stage.pause(0.3)
    finally:
        watcher.login = True
    probe_session(watcher)


def has_ended(watcher: Watcher) -> bool:
    """Whether the session ended behind a page that stays as it is, such as a form whose script was refused.

    The page asks for the private one as its own scripts would. In doubt it says no.
    """
    from playwright.sync_api import Error

    session, stage = watcher.stage.profile.session, watcher.stage
    try:
        status, url, _ = stage.page.evaluate(ASK, filled_in(session.url, stage.values, "url"))
    except (Error, KeyError):
        return False
    away = (s.url for s in session.negative if s.url and not (s.css or s.text or s.title))
    return status == 401 or any(re.search(pattern, url) for pattern in away)


class _Landed:
    """Notices that a person was led away from the sign-in; each address counts once until it asks to sign in again."""

    def __init__(self) -> None:
        self._there = ""
        self._patient = deadline(LANDED)
        self._known: set[str] = set()

    def stays(self, watcher: Watcher) -> bool:
        """Whether a page of the site that asks for nothing has been there for a moment."""
        from playwright.sync_api import Error

        profile = watcher.stage.profile
        try:
            seen = watcher.look()
        except Error:
            if watcher.stage.page.is_closed():
                raise
            return False
        asks = any(holds(s, seen) for s in profile.session.negative)
        if asks:
            self._known.clear()
        if asks or watcher.standing(seen) is not None or not permitted(seen.url, profile):
            self._there = ""
            return False
        if seen.url != self._there:
            self._there, self._patient = seen.url, deadline(LANDED)
        if self._there in self._known or not self._patient():
            return False
        self._known.add(self._there)
        return True


def _signed_in(watcher: Watcher) -> bool:
    from playwright.sync_api import Error

    session = watcher.stage.profile.session
    try:
        seen = view(watcher.stage.page, selectors([*session.positive, *session.negative]))
    except Error:
        if watcher.stage.page.is_closed():
            raise
        return False
    return any(holds(s, seen) for s in session.positive) and not any(
        holds(s, seen) for s in session.negative
    )
