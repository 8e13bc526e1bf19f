"""The effects of a browser account: one form per item, one submit per intent, and a proof or nothing certain.

The browser is opened on first use and stays in its thread. Before the point of no return everything may be
tried again; after it, only the site's own lists settle what became of a submit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar

from channels.browser.accounts import (
    missing_options,
)
from channels.browser.attempts import Attempt
from channels.browser.examine import examine
from channels.browser.fields import Value
from channels.browser.flow import Flow
from channels.browser.locate import look_once
from channels.browser.lookup import Lookup
from channels.browser.outgoing import under_their_names
from channels.browser.prove import Abandoned, Proven, after_the_submit, prove
from channels.browser.reconcile import Row, listed, matches, newest
from channels.browser.schema import Profile
from channels.browser.sign_in import has_ended, probe_session, sign_in
from channels.browser.stage import Moved, shown
from channels.browser.steps import Submit
from channels.browser.unanswered import Unanswered
from channels.browser.watch import signed_out, tell
from channels.transport.pack import make_pack
from publisher.errors import (
    Conflict,
    OutcomeUnknown,
    PublisherError,
    Rejected,
    SiteChanged,
    Transient,
    Unsupported,
)
from publisher.examined import Examined
from publisher.listing import Health, Listing, Receipt, Remote, Staged, Status

_HIGHLIGHT = """(e) => { e.scrollIntoView({block: 'center'});
  e.style.outline = '4px solid #d81b60'; e.style.outlineOffset = '3px'; }"""


class BrowserSession(Lookup):
    """One account's works. Not shared between threads."""

    announces_sending: ClassVar[bool] = True

    def check(self) -> Health:
        """Whether somebody is signed in, seen on a page that is private."""
        self._may_act()
        if why := self.context.settings.packs:
            return Health(self.context.account, (f"{why}: packs are made",))
        with self._calm("check"):
            watcher = self.watcher()
            probe_session(watcher)
            self._opened().save()
        self._rest()
        late = self.late_works()
        mode = "unattended" if self.terms.unattended else "assisted: a person presses publish"
        identity = self.profile.identity
        notes = [f"signed in to {identity.site}; {mode}"]
        notes.append(f"profile {identity.version}, verified {identity.verified} ({identity.by})")
        return Health(self.context.account, (*notes, *late))

    def sign_in(self) -> Health:
        """Open a window on the site's own sign-in and wait for the person."""
        with self._calm("login"):
            watcher = self.watcher(headless=bool(self.context.settings.headless))
            sign_in(watcher)
            self._opened().save()
        self._rest()
        return Health(self.context.account, (f"signed in to {self.profile.identity.site}",))

    def examine(self) -> Examined:
        """Walk to the form without submitting, and look for every locator."""
        with self._calm("check"):
            found = examine(
                self.watcher(self._values(None, ())), self._opened(), self._kept, self.context.now()
            )
        self._rest()
        return found

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Fill the form, submit once, prove. A form that cannot be filled becomes a pack for a person."""
        self._may_act()
        if why := self.context.settings.packs:
            self._stopped = SiteChanged(why)
        if self._stopped is not None:
            return self._instead(listing, staged, key, self._stopped)
        if (there := self._made_before(listing, staged, key)) is not None:
            return Receipt(there, listing.tasks, note="it was there already")
        try:
            with self._calm(key):
                flow, step = self._filled(listing, staged)
        except SiteChanged as error:
            self._stopped = error
            return self._instead(listing, staged, key, error)
        try:
            return self._submitted(flow, step, listing, staged, key)
        finally:
            self._rest()

    def _made_before(self, listing: Listing, staged: Sequence[Staged], key: str) -> Remote | None:
        """The work that an earlier call made of this, while the site lists it. Raises Conflict for other contents.

        An earlier submit that was settled as missing is looked for once more: this is the last moment.
        """
        attempt = self.attempts.read(key)
        if attempt is None or self.profile.reconcile is None:
            return None
        there = self.find(key)
        if there is None or there.status in (Status.PARTIAL, Status.PREPARED):
            return None
        new = self._attempt(listing, staged, key, self._values(listing, staged))
        if (new.title, new.sha256) == (attempt.title, attempt.sha256):
            return there
        raise Conflict(
            f"{self.profile.identity.site} has {key} already, as {there.id}, with another title or picture",
            remedy="take that one off by hand or publisher adopt it, then push again",
        )

    def _filled(self, listing: Listing, staged: Sequence[Staged]) -> tuple[Flow, Submit]:
        values = self._values(listing, staged)
        if not self._asked_newest:
            self._newest = newest(self.watcher(values))
            self._asked_newest = True
        name = str(values.get(self.profile.file_named, ""))
        files = under_their_names([s.file for s in staged], self.folder / "outgoing", name)
        flow = Flow(self.watcher(values, files))
        for _ in range(3):
            try:
                step = flow.to_the_submit()
            except Rejected as error:
                # What a site's scripts say when nobody is signed in any more looks like a refusal of the work.
                if has_ended(flow.watch):
                    raise signed_out(flow.watch) from error
                raise
            with suppress(Moved):
                flow.ready(step)
                self._opened().about_to_submit(flow.stage.page)
                if self.context.settings.keep_forms:
                    self._picture(f"{listing.key}-filled")
                return flow, step
        raise Transient(
            f"{self.profile.identity.site}: the full form was left again and again",
            remedy="push again later: nothing was submitted",
        )

    def _submitted(
        self, flow: Flow, step: Submit, listing: Listing, staged: Sequence[Staged], key: str
    ) -> Receipt:
        self._read_twice, before = None, self.attempts.read(key)
        self.attempts.write(self._attempt(listing, staged, key, flow.stage.values))
        self.context.sending()
        flow.stage.sending = True
        try:
            proven = self._await(flow, step, key)
        except PublisherError as error:
            self._keep(key)
            if isinstance(error, Rejected):
                self.attempts.back_to(key, before)
            self.attempts.ended(key, self.context.now())
            raise after_the_submit(error, flow.stage) from error
        except Exception as error:
            # Playwright's own errors: the browser or its driver is gone, and so is every certainty.
            self._keep(key)
            self.close()
            self.attempts.ended(key, self.context.now())
            first = (str(error).splitlines() or [type(error).__name__])[0][:160]
            raise OutcomeUnknown(
                f"{self.profile.identity.site}: it was submitted, and the browser stopped ({first})",
                detail=str(error),
            ) from error
        if isinstance(proven, Abandoned):
            left = SiteChanged("the form was left before it was submitted")
            return self._instead(listing, staged, key, left)
        with suppress(Transient):
            # The work is proved; the ledger has its id, too.
            self.attempts.proven(key, proven.id)
        self._unsaved = True
        if self._recently():
            self._save()
        notes = flow.stage.notes
        remote = Remote(proven.id, key, proven.status, proven.url)
        sent = tuple(s.file for s in staged)
        return Receipt(remote, self._tasks(flow, listing), sent=sent, note=notes.sentence())

    def _await(self, flow: Flow, step: Submit, key: str) -> Proven | Abandoned:
        known = set(self._taken(key))
        spec, newest_before = self.profile.reconcile, self._newest

        def old(identity: str) -> bool:
            rising = spec is not None and spec.ids == "rising" and identity.isdigit()
            earlier = rising and newest_before is not None and int(identity) <= newest_before
            return identity in known or earlier

        in_list = self._listed(flow, key, old)
        with Unanswered(self._opened().context, self.profile.identity.hosts) as sent:

            def lost() -> str:
                return sent.reason

            if not self.terms.unattended:
                return self._assisted(flow, old, lost, in_list)
            flow.press(step)
            seconds = self._proof_seconds()
            return prove(flow.watch, seconds=seconds, old=old, listed=in_list, lost=lost)

    def _listed(self, flow: Flow, key: str, old: Callable[[str], bool]) -> Callable[[], str]:
        """Asks the site's own list for the work, where the profile says that it proves one."""
        spec, attempt = self.profile.reconcile, self.attempts.read(key)
        if not self.profile.proof.listed or spec is None or attempt is None:
            return lambda: ""

        def ours(row: Row) -> bool:
            known = spec.status.get(row.state)
            if known in (None, Status.PARTIAL.value, Status.REJECTED.value) or old(row.id):
                return False
            return matches(row, attempt.title, attempt.image, spec.match)

        return lambda: listed(flow.watch, ours)

    def _assisted(
        self,
        flow: Flow,
        old: Callable[[str], bool],
        lost: Callable[[], str],
        in_list: Callable[[], str],
    ) -> Proven | Abandoned:
        stage, browser = flow.stage, self._opened()
        assist = stage.profile.assist
        button = look_once(assist.press, stage)
        if button is not None:
            button.handle.evaluate(_HIGHLIGHT)
        tell(
            f"{self.context.account}: {stage.profile.identity.site} is filled in:\n"
            f"{shown(stage.notes.filled)}\n{assist.text}"
        )
        for warning in stage.notes.warnings:
            tell(f"  note: {warning}")
        browser.listen()
        form = stage.page.url

        def left() -> bool:
            if any(re.search(assist.sends, url) for url in browser.sent):
                return False
            return (
                stage.page.is_closed() or stage.page.url.partition("#")[0] != form.partition("#")[0]
            )

        seconds = min(assist.seconds, self.context.settings.person_seconds)
        return prove(
            flow.watch,
            seconds=seconds + self._proof_seconds(),
            left=left,
            old=old,
            # As long as the person looks the form over, there is nothing to ask for.
            listed=lambda: in_list() if browser.sent else "",
            lost=lost,
        )

    def _tasks(self, flow: Flow, listing: Listing) -> tuple[str, ...]:
        royalties = [
            f"{name.removeprefix('royalty.')} {value}"
            for name, value in listing.fields.items()
            if name.startswith("royalty.") and name not in _asked_for(flow.stage.profile)
        ]
        if not royalties:
            return listing.tasks
        task = f"set the royalty in the account's pricing: {', '.join(royalties)}"
        return (*listing.tasks, task)

    def _may_act(self) -> None:
        identity = self.profile.identity
        if identity.availability == "closed":
            raise Unsupported(f"{identity.site} takes no new works")
        missing_options(self.context.account, self.profile, self.terms)

    def _attempt(
        self, listing: Listing, staged: Sequence[Staged], key: str, values: Mapping[str, Value]
    ) -> Attempt:
        before = self.attempts.read(key)
        first = before if before is not None and not before.id else None
        return Attempt(
            key=key,
            title=str(values.get("title") or listing.fields.get("title") or ""),
            image=staged[0].file.name if staged else "",
            at=self.context.now().isoformat(),
            profile=f"{self.profile.name} {self.profile.identity.version}",
            sha256=staged[0].file.sha256 if staged else "",
            newest=self._newest,
            person=not self.terms.unattended,
            first_at=(first.first_at or first.at) if first else "",
            first_newest=(first.first_newest if first.first_at else first.newest)
            if first
            else None,
            first_title=(first.first_title or first.title) if first else "",
        )

    def _instead(
        self, listing: Listing, staged: Sequence[Staged], key: str, reason: PublisherError
    ) -> Receipt:
        if not self.terms.pack:
            raise reason
        # A pack is made where nothing was submitted, or where an earlier submit was settled.
        self.attempts.forget(key)
        receipt = make_pack(self.context, listing, staged, self._pack_name(key), key)
        tell(f"{self.context.account}: {reason.sentence}; a pack was made instead")
        return replace(receipt, note=f"a pack instead of the form: {reason.sentence}")

    def _proof_seconds(self) -> float:
        own: float | None = self.context.settings.proof_seconds
        return self.profile.proof.seconds if own is None else own


def _asked_for(profile: Profile) -> set[str]:
    return {f.source for f in profile.fields.values()}
