"""Looks for what stands in the way of a flow, and does about it what the profile says.

Only what a person would see counts: an element must be visible, its whole text must match, and nothing is
concluded from words elsewhere on the page. Nobody's check is circumvented: a challenge waits for the person.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from channels.browser.look import View, holds, selectors, view
from channels.browser.schema import Profile
from channels.browser.signs import Interstitial, InterstitialClass
from channels.browser.stage import Moved, Stage, deadline
from publisher.errors import (
    AuthFailed,
    NeedsHuman,
    PublisherError,
    QuotaExhausted,
    SiteChanged,
    Transient,
)

if TYPE_CHECKING:
    from playwright.sync_api import Dialog

NOWHERE = "chrome-error"
"""The scheme of the page that a browser shows where the site's own did not come."""
REPLACED = 10.0
"""Seconds that a page may go on being replaced by others before it is asked no more."""
MOST_RELOADS = 3
MOST_CHALLENGES = 2
"""So many challenges in one flow are waited for; one more means that we are not wanted now."""


@dataclass
class Watcher:
    """Watches one page for one session. ``person`` is whether somebody can see the window."""

    stage: Stage
    now: Callable[[], dt.datetime]
    account: str
    person: bool
    wait_limit: float = 600.0
    challenges: int = 0
    dismissed: dict[str, int] = field(default_factory=dict)
    reloads: int = 0
    confirm: str = "dismiss"
    """What happens to the browser's own questions: accept or dismiss."""
    login: bool = True
    """Whether signs of a lost session end the flow; while somebody signs in they do not."""
    led: bool = False
    """Whether the flow itself is going from one page to the next."""

    def __post_init__(self) -> None:
        profile = self.stage.profile
        self._ordered = profile.interstitials
        self._negative = profile.session.negative
        signs = [s for i in self._ordered for s in i.any] + list(self._negative)
        self._css = selectors(signs)
        self._frames = any(s.frame for s in signs)

    def dialog(self, dialog: Dialog) -> None:
        """Answer one of the browser's own dialogs."""
        if dialog.type == "beforeunload" or self.confirm == "accept":
            dialog.accept()
        else:
            dialog.dismiss()

    def look(self, further: Sequence[str] = ()) -> View:
        """The page now. What it says of the controls saves asking for each of them."""
        stage = self.stage
        wanted = stage.known_controls()
        seen = view(
            stage.page,
            self._css,
            frames=self._frames,
            controls=list(dict.fromkeys([*wanted.values(), *further])),
        )
        stage.seen = {k: seen.controls[c] for k, c in wanted.items()}
        stage.sure = {k for k, control in stage.seen.items() if stage.fits(k, control)}
        return seen

    def standing(self, seen: View) -> Interstitial | None:
        """The first thing that stands in the way."""
        for item in self._ordered:
            if any(holds(s, seen) for s in item.any):
                return item
        return None

    def __call__(self, controls: Sequence[str] = ()) -> View:
        """Clear the way. Raises Moved when the page is another one afterwards, or what ends the flow."""
        cleared, away = False, False
        while True:
            seen, replaced = self._arrived(controls)
            # Where the flow went on by itself, the page before it is only now going: nothing begins again.
            away = away or (replaced and not self.led)
            item = self.standing(seen)
            if item is None:
                break
            self._clear(item)
            cleared, away = True, away or item.action != "dismiss"
        self._at_home(seen)
        if self.login and any(holds(s, seen) for s in self._negative):
            self._signed_out()
            raise Moved
        if self.stage.token and seen.token != self.stage.token:
            raise Moved
        if away:
            # What took the place of the page may have led elsewhere: begin again, and see.
            raise Moved
        if cleared:
            self.stage.pause()
        return seen

    @contextlib.contextmanager
    def led_on(self) -> Iterator[None]:
        """Around the arrival at a page that the flow's own press leads to."""
        self.led = True
        try:
            yield
        finally:
            self.led = False

    def _arrived(self, controls: Sequence[str]) -> tuple[View, bool]:
        """A look, and whether the page was replaced by another one under it."""
        from playwright.sync_api import Error

        over, replaced = deadline(REPLACED), False
        while True:
            try:
                return self.look(controls), replaced
            except Error as error:
                if "context was destroyed" not in error.message or over():
                    raise
                replaced = True
                self.stage.page.wait_for_load_state("domcontentloaded", timeout=30_000)

    def _at_home(self, seen: View) -> None:
        where = urlsplit(seen.url)
        if where.scheme == NOWHERE:
            raise Transient(
                f"{self.stage.profile.identity.site}: a page did not come",
                remedy="push again later: nothing was submitted",
            )
        host = where.netloc
        if host and host not in self.stage.profile.identity.hosts:
            raise SiteChanged(
                f"the page led to {host}, which the profile does not list",
                remedy="add the host to identity.hosts when it belongs to the site",
            )

    def _clear(self, item: Interstitial) -> None:
        if item.kind is InterstitialClass.CHALLENGE:
            self.challenges += 1
            if self.challenges > MOST_CHALLENGES:
                raise ending(item, self.stage.profile, self.account, self.now())
        match item.action:
            case "dismiss":
                self._dismiss(item)
            case "wait":
                self._wait(item, item.seconds)
            case "person":
                self._person(item)
            case "retry":
                self.reloads += 1
                if self.reloads > MOST_RELOADS:
                    raise ending(item, self.stage.profile, self.account, self.now())
                raise Moved
            case _:
                raise ending(item, self.stage.profile, self.account, self.now())

    def _dismiss(self, item: Interstitial) -> None:
        self.dismissed[item.key] = self.dismissed.get(item.key, 0) + 1
        if self.dismissed[item.key] > 5:
            raise ending(item, self.stage.profile, self.account, self.now())
        button = self.stage.page.locator(item.press or "").filter(visible=True).first
        button.click(timeout=5000)
        self._gone(item, 5.0)

    def _wait(self, item: Interstitial, seconds: float) -> None:
        if not self._gone(item, seconds):
            raise ending(item, self.stage.profile, self.account, self.now())

    def _person(self, item: Interstitial) -> None:
        if self._gone(item, item.seconds):
            return
        if not self.person:
            raise ending(item, self.stage.profile, self.account, self.now())
        tell(f"{self.account}: {item.text or _WORDS[item.kind]}; go on in the browser window")
        if not self._gone(item, self.wait_limit):
            raise ending(item, self.stage.profile, self.account, self.now())

    def _gone(self, item: Interstitial, seconds: float) -> bool:
        """Whether it goes away in time. A page that is being replaced is looked at again."""
        from playwright.sync_api import Error

        over = deadline(seconds)
        while True:
            try:
                self.stage.page.wait_for_load_state("domcontentloaded", timeout=5000)
                seen = self.look()
                if not any(holds(s, seen) for s in item.any):
                    return True
            except Error as error:
                if self.stage.page.is_closed():
                    raise
                if "destroyed" not in error.message and "Timeout" not in error.message:
                    raise
            if over():
                return False
            self.stage.pause(0.15)

    def _signed_out(self) -> None:
        """The session is gone: a person signs in where one can see the window, else the account stops."""
        profile, error = self.stage.profile, signed_out(self)
        if not self.person or self.stage.sending:
            raise error
        tell(f"{self.account}: sign in to {profile.identity.site} in the browser window")
        over = deadline(self.wait_limit)
        while True:
            seen = self.look()
            if not any(holds(s, seen) for s in self._negative):
                return
            if over():
                raise error
            self.stage.pause(0.3)


_WORDS = {
    InterstitialClass.CHALLENGE: "the site wants to see a person",
    InterstitialClass.TWO_FACTOR: "the site asks for a second factor",
    InterstitialClass.LOGIN: "the site asks to sign in",
    InterstitialClass.LOCKED: "the account is locked or restricted",
    InterstitialClass.LIMIT: "the site's limit of uploads is reached",
    InterstitialClass.MAINTENANCE: "the site is down for maintenance",
    InterstitialClass.SERVER_ERROR: "the site answered with an error of its own",
    InterstitialClass.NOT_FOUND: "the page does not exist",
    InterstitialClass.CONSENT: "a consent banner does not go away",
    InterstitialClass.PROMO: "an advertisement does not go away",
    InterstitialClass.SURVEY: "a survey does not go away",
    InterstitialClass.ONE_TAP: "a sign-in prompt does not go away",
}


def signed_out(watcher: Watcher) -> AuthFailed:
    """The error for a session that is gone."""
    return AuthFailed(
        f"{watcher.stage.profile.identity.site}: nobody is signed in",
        remedy=f"run publisher login {watcher.account}, then push again",
    )


def ending(item: Interstitial, profile: Profile, account: str, now: dt.datetime) -> PublisherError:
    """The error that a thing in the way ends a flow with."""
    sentence = f"{profile.identity.site}: {item.text or _WORDS[item.kind]}"
    match item.kind:
        case InterstitialClass.LIMIT:
            return QuotaExhausted(sentence, until=now + dt.timedelta(hours=item.hours))
        case InterstitialClass.LOGIN:
            return AuthFailed(sentence, remedy=f"run publisher login {account}, then push again")
        case InterstitialClass.CHALLENGE | InterstitialClass.TWO_FACTOR:
            remedy = f"run publisher login {account}, do what the site asks, then push again"
            return NeedsHuman(sentence, remedy=remedy)
        case InterstitialClass.LOCKED:
            return NeedsHuman(sentence, remedy="sign in with a browser and read what the site says")
        case InterstitialClass.MAINTENANCE | InterstitialClass.SERVER_ERROR:
            return Transient(sentence, remedy="push again later: nothing was submitted")
        case _:
            return SiteChanged(
                sentence, remedy=f"correct channels/browser/{profile.name}.profile.yaml"
            )


def tell(text: str) -> None:
    """Say something to the person at the terminal; results go to standard output, this does not."""
    clean = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
    sys.stderr.write(f"{clean}\n")
    sys.stderr.flush()
