"""The session of an account: whether somebody is signed in, and the window in which a person does it.

No password passes through here: the site's own page takes it, and the browser's profile keeps what comes of it.
"""

from __future__ import annotations

from channels.browser.look import holds, selectors, view
from channels.browser.profile import filled_in
from channels.browser.stage import Moved, deadline
from channels.browser.watch import Watcher, tell
from publisher.errors import AuthFailed, NeedsHuman, SiteChanged


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
        while True:
            if not stage.page.is_closed() and _signed_in(watcher):
                break
            if over() or stage.page.is_closed():
                raise AuthFailed(
                    f"{profile.identity.site}: nobody signed in",
                    remedy=f"run publisher login {watcher.account} again",
                )
            stage.pause(0.3)
    finally:
        watcher.login = True
    probe_session(watcher)


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
