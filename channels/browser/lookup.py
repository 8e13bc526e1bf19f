"""What a site's own list tells of an account's works: where one is, whether one is surely missing, and all of them.

It reads and never writes there. A list that is not whole is an error, and never a short answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from channels.browser.absence import (
    SEEN,
    Account,
    judged,
    latecomers,
    older,
    to_look_after,
    too_early,
)
from channels.browser.attempts import Attempt, Attempts
from channels.browser.prove import address
from channels.browser.reconcile import Row, matches, rows
from channels.browser.stage import Stage
from channels.browser.watch import tell
from channels.browser.window import Window
from channels.transport.pack import read_pack
from publisher.errors import SiteChanged, Transient
from publisher.listing import File, Missing, Remote, Status
from publisher.naming import safe_name
from publisher.row import Verb


class Lookup(Window):
    """The reads of a browser session."""

    def find(self, key: str, files: Sequence[File] = ()) -> Remote | None:
        """The work in the site's own list: by its id, else by what was submitted and when."""
        self._lists(Verb.FIND)
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
        if len(found) != 1 or (attempt is not None and not identity and self._rivals(attempt)):
            return None
        remote = self._remote(found[0], key)
        if attempt is None or remote.status is Status.PARTIAL:
            return remote
        if not attempt.id:
            self.attempts.proven(key, remote.id)
        same = not files or attempt.sha256 in {f.sha256 for f in files}
        return remote if same else replace(remote, status=Status.PARTIAL)

    def missing(self, key: str, files: Sequence[File] = ()) -> Missing:
        """Whether a submit surely made nothing: the whole list, read twice and late enough, has no place for it."""
        now, site = self.context.now(), self.profile.identity.site
        attempt = self.attempts.read(key)
        if attempt is None:
            return Missing(False, f"nobody noted what was submitted to {site}", SEEN)
        if attempt.person and not attempt.ended:
            # When the window was left is not known, but whoever looks now has the browser to himself.
            self.attempts.ended(key, now)
            attempt = replace(attempt, ended=now.isoformat())
        early = too_early(attempt, self.profile, now)
        if early is not None:
            return early
        if self._read_twice is None:
            self._read_twice = (self._whole(), self._whole())
        known = Account(frozenset(self._taken(key)), self._rivals(attempt))
        return judged(attempt, *self._read_twice, self.profile, known)

    def _whole(self, until: int | None = None) -> tuple[Row, ...]:
        with self._calm("list"):
            found = tuple(r for page in rows(self.watcher(), until=until) for r in page)
        self._rest()
        return found

    def list(self) -> Iterator[Sequence[Remote]]:
        """Everything that the site lists. What we do not know is called what the site calls it."""
        self._lists(Verb.LIST)
        known = {r.id: r.key for r in self.context.bound()} | dict(self.attempts.known())
        with self._calm("list"):
            for page in rows(self.watcher()):
                yield [
                    self._remote(r, known.get(r.id) or Path(r.image).stem or r.title) for r in page
                ]
        self._rest()

    def status(self, remote: Remote) -> Status:
        """Where the work is, by the site's list."""
        self._lists(Verb.STATUS)
        found = self.find(remote.key)
        if found is not None:
            return found.status
        attempt = self.attempts.read(remote.key)
        if attempt is None and not self._bound(remote.key):
            return Status.UNKNOWN
        spec = self.profile.reconcile
        lag = spec.appears_within if spec is not None else None
        if attempt is None or lag is None:
            return Status.GONE
        late = self.context.now() - attempt.moment > dt.timedelta(seconds=lag)
        return Status.GONE if late else Status.UNKNOWN

    def late_works(self) -> tuple[str, ...]:
        """A sentence for each work that came after it had been made again. Empty where nothing was."""
        spec, now = self.profile.reconcile, self.context.now()
        again = to_look_after(self.attempts.all(), now) if spec is not None else []
        if spec is None or not again:
            return ()
        firsts = [a.first_newest for a in again]
        until = min((f for f in firsts if f is not None), default=None)
        site = self.profile.identity.site
        try:
            listed = self._whole(until if None not in firsts else None)
        except (SiteChanged, Transient) as error:
            return (f"whether {site} shows a work twice could not be seen: {error.sentence}",)
        told = []
        for attempt in again:
            ours = set(self._taken(attempt.key)) - {attempt.id}
            if late := latecomers(attempt, listed, spec, ours):
                told.append(
                    f"{site} shows {attempt.key} twice: its first submit appeared later than "
                    f"{spec.appears_within:.0f} seconds; take {', '.join(late)} off by hand"
                )
        for line in told:
            tell(f"{self.context.account}: {line}")
        return tuple(told)

    def _is(self, row: Row, identity: str, attempt: Attempt | None) -> bool:
        spec = self.profile.reconcile
        if identity:
            return row.id == identity
        if spec is None or attempt is None or row.id in set(self._taken(attempt.key)):
            return False
        if not matches(row, attempt.title, attempt.image, spec.match):
            return False
        if spec.ids == "rising" and attempt.newest is None:
            return False  # Nobody looked before: it may as well be an old one.
        return not older(row, attempt.moment, attempt.newest, spec)

    def _rivals(self, attempt: Attempt) -> tuple[str, ...]:
        """Keys of other open submits that the same work of a list could be."""
        spec = self.profile.reconcile
        if spec is None:
            return ()
        as_listed = Row("", attempt.title, attempt.image)
        own = self.attempts
        return tuple(
            other.key
            for notes in self._notes()
            for other in notes.all()
            if not other.id
            and (other.key != attempt.key or notes.folder != own.folder)
            and matches(as_listed, other.title, other.image, spec.match)
        )

    def _notes(self) -> Iterator[Attempts]:
        # Accounts that share a sign-in see each other's works in the site's list.
        yield from map(Attempts, sorted(self.folder.glob("attempts-*")))

    def _taken(self, key: str) -> Iterator[str]:
        for notes in self._notes():
            yield from (identity for identity, _ in notes.known())
        yield from (r.id for r in self.context.bound() if r.key != key)

    def _lists(self, verb: Verb) -> None:
        """Raises Unsupported where the site has no list and the row says so: unknown is not absent."""
        if self.profile.reconcile is None and verb not in self.context.row.can:
            self._unsupported(verb)

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
