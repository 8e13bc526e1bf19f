"""The browser that a session of an account holds: opened on first use, in one thread, and closed with it.

It knows the account's profile, folder and terms, and what to do when Playwright fails before a submit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from channels.browser import evidence
from channels.browser.accounts import (
    Terms,
    facts_of,
    read_terms,
    values_for,
)
from channels.browser.attempts import Attempts
from channels.browser.browser import Browser, Launch, playwright_errors, private_folder
from channels.browser.fields import Value
from channels.browser.profile import load_profile
from channels.browser.reconcile import Row
from channels.browser.schema import Profile
from channels.browser.settings import BrowserSettings
from channels.browser.stage import Stage, deadline
from channels.browser.watch import Watcher, tell
from publisher.channel import Context, Session
from publisher.errors import PublisherError, SiteChanged
from publisher.listing import Listing, Staged

SAVE_EVERY = 30.0
"""Seconds between two copies of the session; the last is made when the browser is closed."""


class Window(Session):
    """What a session needs of a browser; the verbs are those of whoever inherits it."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._browser: Browser | None = None
        self._watcher: Watcher | None = None
        self._loaded: tuple[Profile, Terms] | None = None
        self._stopped: PublisherError | None = None
        self._newest: int | None = None
        self._asked_newest = False
        self._read_twice: tuple[Sequence[Row], Sequence[Row]] | None = None
        self._unsaved = False
        self._recently = deadline(0)

    @property
    def profile(self) -> Profile:
        """The site's profile with the project's changes."""
        return self._load()[0]

    @property
    def terms(self) -> Terms:
        """What the account is allowed."""
        return self._load()[1]

    @property
    def folder(self) -> Path:
        """What the account keeps on this machine; for its owner alone."""
        private_folder(self.context.state / "browser")
        return private_folder(self.context.state / "browser" / self.terms.session)

    @property
    def attempts(self) -> Attempts:
        """The notes of this account's submits."""
        return Attempts(self.folder / f"attempts-{self.context.account}")

    def close(self) -> None:
        """Close the browser; its profile stays."""
        if self._unsaved and self._browser is not None and not self._browser.dead:
            self._save()
        browser, self._browser, self._watcher = self._browser, None, None
        if browser is not None:
            browser.close()

    def watcher(
        self,
        values: dict[str, Value] | None = None,
        files: tuple[Path, ...] = (),
        headless: bool | None = None,
    ) -> Watcher:
        """The watcher of the open browser, which is opened when it is not."""
        if self._browser is None or self._watcher is None or self._watcher.stage.page.is_closed():
            self._watcher = self._open(headless)
        self._opened().trace.begin()
        stage = self._watcher.stage
        given = values if values is not None else stage.values
        self._watcher.stage = Stage(stage.page, self.profile, given, files)
        self._watcher.challenges = self._watcher.reloads = 0
        self._watcher.dismissed.clear()
        return self._watcher

    def _open(self, headless: bool | None) -> Watcher:
        settings: BrowserSettings = self.context.settings
        if self._browser is not None and self._browser.dead:
            self.close()
        if self._browser is None:
            hidden = settings.headless if headless is None else headless
            hidden = self.terms.unattended if hidden is None else hidden
            shared = self.terms.session != self.context.account
            launch = Launch(
                folder=self.folder,
                headless=hidden,
                executable=settings.executable,
                resolver_rules=settings.resolver_rules,
                ignore_certificates=not settings.tls_verify,
                language=self.profile.identity.language,
                lock_wait=900.0 if shared else 15.0,
            )
            self._browser = Browser(launch).__enter__()
        browser = self._browser
        page = browser.page()
        stage = Stage(page, self.profile, self._values(None, ()))
        watcher = Watcher(
            stage,
            self.context.now,
            self.context.account,
            person=not browser.launch.headless,
            wait_limit=settings.person_seconds,
        )
        page.on("dialog", watcher.dialog)
        return watcher

    def _opened(self) -> Browser:
        if self._browser is None:
            raise RuntimeError("the browser is not open")
        return self._browser

    def _load(self) -> tuple[Profile, Terms]:
        if self._loaded is None:
            context = self.context
            terms = read_terms(context.account, context.options, context.row, context.now().date())
            profile = load_profile(terms.profile, context.project)
            if context.settings.stand_in:
                # No real site can be reached from there, so nobody's terms are concerned.
                stand_in = context.settings
                facts = {**stand_in.usual, **terms.options, **stand_in.facts_for(terms.options)}
                terms = replace(terms, unattended=True, options=facts)
                profile = _at_once(profile) if stand_in.at_once else profile
            self._loaded = (profile, terms)
        return self._loaded

    def _values(self, listing: Listing | None, staged: Sequence[Staged]) -> dict[str, Value]:
        language = self.profile.identity.language
        if listing is None:
            facts = {f"option.{k}": v for k, v in self.terms.options.items()} | {
                "language": language
            }
            loose = {k: f.model_copy(update={"least": 0}) for k, f in self.profile.fields.items()}
            return values_for(self.profile.model_copy(update={"fields": loose}), facts)
        return values_for(self.profile, facts_of(listing, tuple(staged), self.terms, language))

    def _save(self) -> None:
        # The work is proved; a session that cannot be saved is no reason to say otherwise.
        self._unsaved = False
        self._recently = deadline(SAVE_EVERY)
        try:
            self._opened().save()
        except Exception as error:
            tell(f"{self.context.account}: the session could not be saved ({type(error).__name__})")

    def _rest(self) -> None:
        """The verb is over, and all went well. An account that shares its browser hands it on."""
        if self._browser is not None and not self._browser.dead:
            self._browser.trace.drop()
        if self.terms.session != self.context.account:
            self.close()

    @property
    def _kept(self) -> Path:
        return self.folder / "evidence"

    def _keep(self, name: str) -> None:
        """Keep what there is to see of a failure, and say where it lies."""
        if self._watcher is None or self._browser is None:
            return
        if not self.context.settings.keep_evidence:
            return
        page, trace = self._watcher.stage.page, self._browser.trace
        kept = evidence.keep(page, trace, self._kept, name, self.context.now())
        if kept:
            tell(f"{self.context.account}: how it looked: {kept[0].with_suffix('')}.*")

    def _picture(self, name: str) -> None:
        """Keep what a page looks like that nothing is wrong with."""
        if self._watcher is not None and self.context.settings.keep_evidence:
            evidence.picture(self._watcher.stage.page, self._kept, name, self.context.now())

    @contextmanager
    def _calm(self, name: str) -> Iterator[None]:
        """Before a submit: what the browser raises is passing, and leaves only evidence behind it."""
        try:
            with playwright_errors():
                yield
        except PublisherError as error:
            self._keep(name)
            if not isinstance(error, SiteChanged):
                self.close()
            raise


def _at_once(profile: Profile) -> Profile:
    """``profile`` for a list that shows a work as soon as it is there."""
    spec = profile.reconcile
    if spec is None or spec.appears_within is None:
        return profile
    return profile.model_copy(update={"reconcile": spec.model_copy(update={"appears_within": 0.0})})
