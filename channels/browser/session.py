"""The effects of a browser account: one form per item, one submit per intent, and a proof or nothing certain.

The browser is opened on first use and stays in its thread. Before the point of no return everything may be
tried again; after it, only the site's own lists settle what became of a submit.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from channels.browser.accounts import (
    missing_options,
)
from channels.browser.attempts import Attempt, Attempts
from channels.browser.examine import examine
from channels.browser.fields import Value
from channels.browser.flow import Flow, shown
from channels.browser.locate import look_once
from channels.browser.outgoing import under_their_names
from channels.browser.prove import Abandoned, Proven, address, after_the_submit, prove
from channels.browser.reconcile import Row, matches, newest, rows
from channels.browser.schema import Profile
from channels.browser.sign_in import probe_session, sign_in
from channels.browser.stage import Moved, Stage
from channels.browser.steps import Submit
from channels.browser.watch import tell
from channels.browser.window import Window
from channels.transport.pack import make_pack, read_pack
from publisher.errors import OutcomeUnknown, PublisherError, SiteChanged, Transient, Unsupported
from publisher.examined import Examined
from publisher.listing import File, Health, Listing, Receipt, Remote, Staged, Status
from publisher.naming import safe_name

_HIGHLIGHT = """(e) => { e.scrollIntoView({block: 'center'});
  e.style.outline = '4px solid #d81b60'; e.style.outlineOffset = '3px'; }"""
SLACK = dt.timedelta(minutes=10)
"""So far may the clock of a site be from ours."""


class BrowserSession(Window):
    """One account's works. Not shared between threads."""

    announces_sending: ClassVar[bool] = True

    def check(self) -> Health:
        """Whether somebody is signed in, seen on a page that is private."""
        self._may_act()
        with self._calm("check"):
            watcher = self.watcher()
            probe_session(watcher)
            self._opened().save()
        self._rest()
        mode = "unattended" if self.terms.unattended else "assisted: a person presses publish"
        identity = self.profile.identity
        notes = [f"signed in to {identity.site}; {mode}"]
        notes.append(f"profile {identity.version}, verified {identity.verified} ({identity.by})")
        return Health(self.context.account, tuple(notes))

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

    def find(self, key: str, files: Sequence[File] = ()) -> Remote | None:
        """The work in the site's own list: by its id, else by what was submitted and when."""
        attempt = self.attempts.read(key)
        identity = (attempt.id if attempt else "") or self._bound(key)
        if not identity and attempt is None:
            return self._pack(key)
        until = int(identity) - 1 if identity.isdigit() else attempt.newest if attempt else None
        found: list[Row] = []
        with self._calm(key):
            for page in rows(self.watcher(), until=until):
                found += [r for r in page if self._is(r, identity, attempt)]
        self._rest()
        if len(found) != 1:
            return None
        if attempt is not None and not attempt.id:
            self.attempts.proven(key, found[0].id)
        return self._remote(found[0], key)

    def list(self) -> Iterator[Sequence[Remote]]:
        """Everything that the site lists. What we do not know is called what the site calls it."""
        known = {r.id: r.key for r in self.context.bound()} | dict(self.attempts.known())
        with self._calm("list"):
            for page in rows(self.watcher()):
                yield [
                    self._remote(r, known.get(r.id) or Path(r.image).stem or r.title) for r in page
                ]
        self._rest()

    def status(self, remote: Remote) -> Status:
        """Where the work is, by the site's list."""
        found = self.find(remote.key)
        return found.status if found is not None else Status.GONE

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Fill the form, submit once, prove. A form that cannot be filled becomes a pack for a person."""
        self._may_act()
        if self._stopped is not None:
            return self._instead(listing, staged, key, self._stopped)
        if (there := self._made_before(key, staged)) is not None:
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

    def _made_before(self, key: str, staged: Sequence[Staged]) -> Remote | None:
        """The work that an earlier call made of this very picture, while the site lists it."""
        attempt = self.attempts.read(key)
        same = [s for s in staged if attempt is not None and s.file.sha256 == attempt.sha256]
        if attempt is None or not attempt.id or not same or self.profile.reconcile is None:
            return None
        return self.find(key)

    def _filled(self, listing: Listing, staged: Sequence[Staged]) -> tuple[Flow, Submit]:
        values = self._values(listing, staged)
        if not self._asked_newest:
            self._newest = newest(self.watcher(values))
            self._asked_newest = True
        files = under_their_names([s.file for s in staged], self.folder / "outgoing")
        flow = Flow(self.watcher(values, files))
        for _ in range(3):
            step = flow.to_the_submit()
            with suppress(Moved):
                flow.ready(step)
                return flow, step
        raise Transient(
            f"{self.profile.identity.site}: the full form was left again and again",
            remedy="push again later: nothing was submitted",
        )

    def _submitted(
        self, flow: Flow, step: Submit, listing: Listing, staged: Sequence[Staged], key: str
    ) -> Receipt:
        self.attempts.write(self._attempt(listing, staged, key, flow.stage.values))
        self.context.sending()
        flow.stage.sending = True
        try:
            proven = self._await(flow, step, key)
        except PublisherError as error:
            self._keep(key)
            raise after_the_submit(error, flow.stage) from error
        except Exception as error:
            # Playwright's own errors: the browser or its driver is gone, and so is every certainty.
            self._keep(key)
            self.close()
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

        if not self.terms.unattended:
            return self._assisted(flow, old)
        flow.press(step)
        return prove(flow.watch, seconds=self._proof_seconds(), old=old)

    def _assisted(self, flow: Flow, old: Callable[[str], bool]) -> Proven | Abandoned:
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
        return prove(flow.watch, seconds=seconds + self._proof_seconds(), left=left, old=old)

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
        return Attempt(
            key=key,
            title=str(values.get("title") or listing.fields.get("title") or ""),
            image=staged[0].file.name if staged else "",
            at=self.context.now().isoformat(),
            profile=f"{self.profile.name} {self.profile.identity.version}",
            sha256=staged[0].file.sha256 if staged else "",
            newest=self._newest,
        )

    def _is(self, row: Row, identity: str, attempt: Attempt | None) -> bool:
        spec = self.profile.reconcile
        if identity:
            return row.id == identity
        if spec is None or attempt is None or row.id in set(self._taken(attempt.key)):
            return False
        if not matches(row, attempt.title, attempt.image, spec.match):
            return False
        if spec.ids == "rising":
            return attempt.newest is not None and (row.number or 0) > attempt.newest
        return row.time is None or row.time >= attempt.moment - SLACK

    def _taken(self, key: str) -> Iterator[str]:
        # Accounts that share a sign-in see each other's works in the site's list.
        for notes in sorted(self.folder.glob("attempts-*")):
            yield from (identity for identity, _ in Attempts(notes).known())
        yield from (r.id for r in self.context.bound() if r.key != key)

    def _bound(self, key: str) -> str:
        return next((r.id for r in self.context.bound() if r.key == key and r.id != key), "")

    def _remote(self, row: Row, key: str) -> Remote:
        spec = self.profile.reconcile
        word = spec.status.get(row.state) if spec is not None else None
        status = Status(word or self.profile.proof.status)
        stage = Stage(self.watcher().stage.page, self.profile, self._values(None, ()))
        return Remote(row.id, key, status, address(stage, row.id), {"title": row.title})

    def _pack(self, key: str) -> Remote | None:
        fields = read_pack(self.context, self._pack_name(key))
        return Remote(key, key, Status.PREPARED, fields=fields) if fields is not None else None

    def _pack_name(self, key: str) -> str:
        return safe_name(key, self.context.row.limits.filename, "")

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
