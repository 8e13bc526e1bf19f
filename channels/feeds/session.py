"""The effects of a feed account: pictures first, then one publication of the whole feed for any number of writes.

The feed holds what is published now, what the ledger has bound, and what the writes say, in this order. So a
publication that is repeated says the same, and one that was killed left the old feed in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from channels.feeds.attributes import pictures_in, problems
from channels.feeds.language import Format, chosen_format, formats_of
from channels.feeds.marks import ServedMarks
from channels.feeds.place import FOREVER, Place, place_of
from channels.feeds.publication import Feed, seen_by_readers
from channels.feeds.served import Visitor, is_safe
from channels.feeds.settings import FeedSettings
from channels.feeds.shelf import PICTURES, Entry, Shelf
from channels.feeds.writers import Head
from publisher.channel import Context, Session, Write, Wrote
from publisher.errors import Conflict, NeedsHuman, PublisherError, Rejected, Scope, Transient
from publisher.listing import (
    Change,
    FieldValue,
    File,
    Health,
    Listing,
    Receipt,
    Remote,
    Staged,
    Status,
)
from publisher.row import Verb

_PAGE = 500
_GIVE_UP = 3
"""So many pictures in a row that cannot be looked at say that none can."""


class FeedSession(Session):
    """One feed. Not shared between threads."""

    announces_sending: ClassVar[bool] = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._settings: FeedSettings = context.settings
        self._place: Place | None = None
        self._visitor: Visitor | None = None
        self._shelf: Shelf | None = None
        self._ledger: Shelf | None = None
        self._version: str | None = None
        self._marks: ServedMarks | None = None

    @property
    def place(self) -> Place:
        """Where the feed lies, opened on first use."""
        if self._place is None:
            self._place = place_of(self._settings)
        return self._place

    @property
    def visitor(self) -> Visitor:
        """Who looks at what the world sees."""
        if self._visitor is None:
            self._visitor = Visitor(self._settings)
        return self._visitor

    @property
    def marks(self) -> ServedMarks:
        """Who sees that AI marks arrive at the world."""
        if self._marks is None:
            read = self.context.digital_source_type
            self._marks = ServedMarks(
                self.place, self.visitor, read, public=bool(self._settings.public_url)
            )
        return self._marks

    @property
    def feed(self) -> Feed:
        """The account's feed."""
        context = self.context
        form: Format = chosen_format(context.row, context.options)
        return Feed(context.account, context.row, form, self.place)

    def close(self) -> None:
        """Let connections and the shelf go."""
        self._forget()
        self._marks = None
        place, self._place = self._place, None
        visitor, self._visitor = self._visitor, None
        if place is not None:
            place.close()
        if visitor is not None:
            visitor.close()

    def _forget(self) -> None:
        for shelf in (self._shelf, self._ledger):
            if shelf is not None:
                shelf.close()
        self._shelf = self._ledger = None

    def check(self) -> Health:
        """Whether the place is ours to write, and whether the world sees what lies in it."""
        feed = self.feed
        notes = [*self.place.check(), f"the feed is {feed.url}"]
        public = self._settings.public_url
        if public and not is_safe(public):
            raise NeedsHuman(
                f"{public} is not https, so anybody on the way could change the feed",
                remedy="give <ACCOUNT>_PUBLIC_URL with https://",
            )
        if public:
            published = feed.version() is not None
            status = self.visitor.answers(feed.url)
            if published and status != 200:
                raise NeedsHuman(
                    f"the feed lies in its place, but {feed.url} answers {status}",
                    remedy="let everybody read the bucket or folder, or correct <ACCOUNT>_PUBLIC_URL",
                )
        if self.context.options.get("feed_format") is None:
            other = formats_of(self.context.row)[1].value
            notes.append(f'written as {feed.form.value}; feed_format = "{other}" is possible')
        return Health(self.context.account, tuple(notes))

    def _current(self) -> Shelf:
        """What is published now; read once as long as it does not change."""
        version = self.feed.version()
        if self._shelf is None or version != self._version or self._shelf.changed:
            self._forget()
            self._shelf = Shelf() if version is None else self.feed.load()
            self._version = version
        return self._shelf

    def find(self, key: str, files: Sequence[File] = ()) -> Remote | None:
        """The entry of the published feed, with the fields that it shows now."""
        entry = self._current().get(key)
        if entry is None:
            return None
        whole = all(self._object(f) in entry.pictures for f in files)
        return self._remote(entry, Status.LIVE if whole else Status.PARTIAL)

    def find_many(self, keys: Sequence[str]) -> Mapping[str, Remote]:
        """The same for many, from one look at the feed."""
        shelf = self._current()
        found = ((key, shelf.get(key)) for key in keys)
        return {key: self._remote(entry) for key, entry in found if entry is not None}

    def list(self) -> Iterator[Sequence[Remote]]:
        """Every entry of the published feed."""
        page: list[Remote] = []
        for entry in self._current():
            page.append(self._remote(entry))
            if len(page) == _PAGE:
                yield page
                page = []
        if page:
            yield page

    def status(self, remote: Remote) -> Status:
        """Live while the published feed has the entry."""
        return Status.LIVE if self._current().get(remote.key) is not None else Status.GONE

    def picture(self, remote: Remote) -> bytes | None:
        """The picture as the world sees it."""
        return self.visitor.get(remote.picture) if remote.picture else None

    def stage(self, file: File) -> Staged:
        """Put a picture under its content's name; what is there already is not sent again."""
        name = self._object(file)
        self.place.put(
            name,
            file.path,
            sha256=file.sha256,
            media_type=file.media_type,
            cache=FOREVER,
            told=lambda count: self.context.progress(file.name, count),
        )
        return Staged(file, name)

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Publish the feed with one more entry. Raises Conflict when the place is taken."""
        return self._one(Write(Verb.CREATE, key, listing, tuple(staged)))

    def update(
        self, remote: Remote, listing: Listing, changes: Sequence[Change], staged: Sequence[Staged]
    ) -> Receipt:
        """Publish the feed with one entry changed in the named fields."""
        return self._one(
            Write(Verb.UPDATE, remote.key, listing, tuple(staged), remote, tuple(changes))
        )

    def withdraw(self, remote: Remote) -> Receipt:
        """Publish the feed without one entry; its pictures stay a while for readers that come late."""
        return self._one(Write(Verb.WITHDRAW, remote.key, remote=remote))

    def write_many(self, writes: Sequence[Write]) -> Iterator[Wrote]:
        """One publication for all of them."""
        yield from self._publish(writes)

    def _one(self, write: Write) -> Receipt:
        (answer,) = self._publish([write])
        if answer.error is not None:
            raise answer.error
        assert answer.receipt is not None
        return answer.receipt

    def _publish(self, writes: Sequence[Write]) -> Sequence[Wrote]:
        """Draft all writes, publish once, and answer. Raises what leaves none of them landed, or none known."""
        shelf = self._current()
        try:
            shelf.keep(Entry(r.key, dict(r.fields)) for r in self.context.bound())
            answers = tuple(self._drafted(shelf, writes))
            if not any(a.receipt for a in answers):
                return answers
            if shelf.changed:
                self._send(shelf)
            else:
                self.context.sending()
        except BaseException:
            self._forget()
            raise
        return answers

    def _send(self, shelf: Shelf) -> None:
        feed, context = self.feed, self.context
        title = f"{context.row.title}: {context.account}"
        feed.publish(
            shelf,
            today=context.now().date(),
            head=Head(title, feed.url, f"Products of {context.account}"),
            sending=context.sending,
            told=context.progress,
        )
        # Read anew for the next question: what we meant to write is no proof of what is there.
        self._forget()

    def _drafted(self, shelf: Shelf, writes: Sequence[Write]) -> Iterator[Wrote]:
        unseen = 0
        for write in writes:
            try:
                receipt = self._draft(shelf, write)
            except PublisherError as error:
                unseen = unseen + 1 if isinstance(error, Transient) else 0
                if error.scope is not Scope.ITEM or unseen >= _GIVE_UP:
                    raise
                yield Wrote(write.key, error=error)
                continue
            unseen = 0
            yield Wrote(write.key, receipt)

    def _draft(self, shelf: Shelf, write: Write) -> Receipt:
        """Put one write on the shelf. Raises Rejected, Conflict, and what looking at its pictures raises."""
        today = self.context.now().date().isoformat()
        if write.verb is Verb.WITHDRAW or write.listing is None:
            shelf.drop(write.key, today)
            return Receipt(Remote(write.key, write.key, Status.GONE))
        there = shelf.get(write.key)
        if write.verb is Verb.CREATE and there is not None and not self._is_ours(shelf, write):
            raise Conflict(
                f"the feed has an entry {write.key} already, and it is not from here",
                remedy="give the item another id, adopt that entry, or take it out of the feed",
            )
        entry = self._entry(write, there)
        found = self.feed.attributes(entry)
        wrong = problems(found, self.context.row)
        if wrong:
            raise Rejected(
                f"{write.listing.item}: {self.context.row.title} would refuse it: {'; '.join(wrong)}",
                remedy="state what is missing in the manifest, then push again",
            )
        self.marks.verify(entry, pictures_in(found), write.listing)
        shelf.put(entry, today)
        sent = tuple(s.file for s in write.staged)
        return Receipt(self._remote(entry), tasks=write.listing.tasks, sent=sent)

    def _is_ours(self, shelf: Shelf, write: Write) -> bool:
        began = (self.context.began(s.file.name) for s in write.staged)
        return shelf.is_ours(write.key) or any(b is not None for b in began)

    def _entry(self, write: Write, there: Entry | None) -> Entry:
        assert write.listing is not None
        fields = dict(write.listing.fields)
        pictures = tuple(s.location for s in write.staged)
        if write.verb is Verb.UPDATE and there is not None and there.raw is None:
            fields = _changed(there.fields, write.changes, write.listing.fields)
            pictures = pictures or there.pictures
        if not pictures:
            raise Rejected(f"{write.listing.item}: there is no picture for the feed")
        own: dict[str, FieldValue] = {
            PICTURES: pictures,
            "remote.image": self.place.url(pictures[0]),
        }
        return Entry(write.key, {**fields, **own})

    def _remote(self, entry: Entry, status: Status = Status.LIVE) -> Remote:
        fields = dict(entry.fields)
        if entry.raw is not None:
            bound = self._bound().get(entry.key)
            fields = seen_by_readers(self.feed, entry, bound.fields if bound else {})
        image = self.place.url(entry.pictures[0]) if entry.pictures else ""
        link = str(fields.get("link") or "")
        return Remote(entry.key, entry.key, status, link, fields, picture=image)

    def _bound(self) -> Shelf:
        """What the ledger has bound, to be looked up: only a feed that was changed by hand needs it."""
        if self._ledger is None:
            self._ledger = Shelf()
            self._ledger.fill(Entry(r.key, dict(r.fields)) for r in self.context.bound())
        return self._ledger

    def _object(self, file: File) -> str:
        return f"images/{file.sha256[:16]}/{file.name}"


def _changed(
    there: Mapping[str, FieldValue],
    changes: Sequence[Change],
    wanted: Mapping[str, FieldValue],
) -> dict[str, FieldValue]:
    """What is there with the named changes; a field that the item does not have any more goes."""
    fields = {k: v for k, v in there.items() if not k.startswith("remote.")}
    for change in changes:
        if change.new is None and change.field not in wanted:
            fields.pop(change.field, None)
        else:
            fields[change.field] = change.new
    return fields
