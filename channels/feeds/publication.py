"""Publishes a feed: a snapshot and its card under names made of the content, then the name that readers know.

The last step is one write of one file, so a reader sees the old feed or the new one, never half of one. The card
holds our fields of every entry; it belongs to a feed by that feed's SHA-256.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from channels.feeds.attributes import Value, attributes
from channels.feeds.language import MEDIA_TYPES, Format, columns_of
from channels.feeds.place import FOREVER, SHORT, Place, digest_of
from channels.feeds.readers import read_feed, text_of, value_of
from channels.feeds.shelf import Entry, Shelf, unpacked
from channels.feeds.writers import Head, write_feed
from publisher.errors import NeedsHuman, Rejected, Transient
from publisher.row import Row

GRACE = dt.timedelta(days=7)
"""How long a picture stays that no entry shows any more: readers come back for it."""
_SNAPSHOTS = "snapshots"
_SOMETIMES = ("additional_image_link", "sale_price", "shipping")


@dataclass(frozen=True)
class Feed:
    """One account's feed: what it is called, how it is written, and where it lies."""

    account: str
    row: Row
    form: Format
    place: Place

    @property
    def name(self) -> str:
        """The name that readers know."""
        return f"{self.account}.{self.form.value}"

    @property
    def url(self) -> str:
        """The address that readers know."""
        return self.place.url(self.name)

    def version(self) -> str | None:
        """A mark of what is published; None when nothing is."""
        return self.place.version(self.name)

    def load(self) -> Shelf:
        """What is published now. Raises Transient when it comes only in part, NeedsHuman when it is damaged."""
        shelf = Shelf()
        try:
            with TemporaryDirectory(prefix="feed-") as folder:
                self._load(shelf, Path(folder))
        except BaseException:
            shelf.close()
            raise
        return shelf

    def _load(self, shelf: Shelf, folder: Path) -> None:
        feed, card = folder / "feed", folder / "card"
        if not self.place.fetch(self.name, feed):
            return
        digest, recorded = digest_of(feed), self.place.recorded(self.name)
        shelf.digest = digest
        if not self.place.fetch(self._card(digest), card):
            if recorded is not None and recorded != digest:
                raise Transient(f"the feed at {self.url} came only in part")
            self._load_foreign(shelf, feed)
            return
        try:
            with gzip.open(card, "rb") as lines:
                head = json.loads(next(lines))
                shelf.retired.update(head["retired"])
                shelf.before = head["before"]
                shelf.fill(unpacked(line) for line in lines)
        except (OSError, EOFError, ValueError, KeyError, StopIteration) as error:
            raise Transient(
                f"the card of the feed at {self.url} came only in part", detail=repr(error)
            ) from error

    def _load_foreign(self, shelf: Shelf, feed: Path) -> None:
        """A feed that somebody else wrote, or wrote over: its entries are kept as they are."""
        try:
            shelf.fill(
                Entry(text_of(raw["id"]), raw=raw)
                for raw in read_feed(feed, self.form)
                if raw.get("id")
            )
        except (ValueError, OSError) as error:
            raise NeedsHuman(
                f"what lies at {self.url} is no feed that can be read: {error}",
                remedy="put the last good snapshot in its place, or move it away: it is then made anew",
                detail=repr(error),
            ) from error

    def attributes(self, entry: Entry) -> dict[str, Value]:
        """What readers are told of an entry."""
        if entry.raw is not None:
            return {name: value_of(raw) for name, raw in entry.raw.items()}
        pictures = [self.place.url(name) for name in entry.pictures]
        return attributes(entry.key, entry.fields, pictures, self.row)

    def publish(
        self,
        shelf: Shelf,
        *,
        today: dt.date,
        head: Head,
        sending: Callable[[], None],
        told: Callable[[str, int], None],
    ) -> None:
        """Make what is on the shelf the published feed.

        ``sending`` is called just before the one write that counts. Raises Transient, Throttled, Rejected
        (nothing changed for readers) and OutcomeUnknown (nobody can tell).
        """
        with TemporaryDirectory(prefix="feed-") as folder:
            feed, card = Path(folder) / self.name, Path(folder) / "card.jsonl.gz"
            try:
                self._write(feed, shelf, head)
                digest = digest_of(feed)
                gone = self._let_go(shelf, today)
                # The same feed published again keeps what it said of the one before.
                before = shelf.before if digest == shelf.digest else shelf.digest
                _write_card(card, shelf, self.account, before)
            except OSError as error:
                raise Rejected(
                    "the feed cannot be written on this machine's disk",
                    remedy="make room for temporary files",
                    detail=repr(error),
                ) from error
            for name in gone:
                self.place.delete(name)
            self._put(self._snapshot(digest), feed, digest, FOREVER, told)
            self._put(self._card(digest), card, digest_of(card), FOREVER, told)
            self._prune(shelf, digest)
            sending()
            self._put(self.name, feed, digest, SHORT, told, final=True)

    def _put(
        self,
        name: str,
        path: Path,
        digest: str,
        cache: str,
        told: Callable[[str, int], None],
        *,
        final: bool = False,
    ) -> None:
        self.place.put(
            name,
            path,
            sha256=digest,
            media_type="application/gzip" if name.endswith(".gz") else MEDIA_TYPES[self.form],
            cache=cache,
            told=lambda count: told(self.name, count),
            final=final,
        )

    def _write(self, path: Path, shelf: Shelf, head: Head) -> None:
        columns = self._columns(shelf) if self.form is not Format.RSS else ()
        with path.open("wb", buffering=1024 * 1024) as sink:
            write_feed(sink, self.form, head, columns, (self.attributes(e) for e in shelf))

    def _columns(self, shelf: Shelf) -> list[str]:
        """The columns of the row, and those that some entry needs beyond them."""
        known = [c.header for c in columns_of(self.row).columns]
        more: set[str] = set()
        for entry in shelf:
            if entry.raw is not None:
                more.update(entry.raw)
            elif len(entry.pictures) > 1 or any(map(_is_special, entry.fields.items())):
                more.update(self.attributes(entry))
        return [*known, *(n for n in _SOMETIMES if n in more),
                *sorted(more.difference(known, _SOMETIMES))]  # fmt: skip

    def _let_go(self, shelf: Shelf, today: dt.date) -> list[str]:
        """The pictures whose time is over; the shelf forgets them. One that is shown again stays."""
        if not shelf.retired:
            return []
        for entry in shelf:
            for name in entry.pictures:
                shelf.retired.pop(name, None)
        due = [n for n, day in shelf.retired.items() if dt.date.fromisoformat(day) + GRACE <= today]
        for name in due:
            del shelf.retired[name]
        return due

    def _prune(self, shelf: Shelf, digest: str) -> None:
        """Keep the snapshots of what is published now and of what comes next, and let the one before go."""
        old = shelf.before
        if old and old not in (shelf.digest, digest):
            self.place.delete(self._snapshot(old))
            self.place.delete(self._card(old))

    def _snapshot(self, digest: str) -> str:
        return f"{_SNAPSHOTS}/{self.account}/{digest[:32]}.{self.form.value}"

    def _card(self, digest: str) -> str:
        return f"{_SNAPSHOTS}/{self.account}/{digest[:32]}.jsonl.gz"


def _is_special(pair: tuple[str, Any]) -> bool:
    name, value = pair
    return (
        name.startswith(("csv.", "compare_at."))
        or (name == "product" and value == "digital")
        or (name == "ai_text" and bool(value))
    )


def _write_card(path: Path, shelf: Shelf, account: str, before: str) -> None:
    head: Mapping[str, Any] = {
        "account": account,
        "before": before,
        "retired": dict(sorted(shelf.retired.items())),
    }
    with (
        path.open("wb") as file,
        # Without a time and a name inside, the same entries make the same card.
        gzip.GzipFile("", "wb", compresslevel=3, fileobj=file, mtime=0) as lines,
    ):
        lines.write(json.dumps(head).encode() + b"\n")
        for body in shelf.bodies():
            lines.write(body + b"\n")


def seen_by_readers(feed: Feed, entry: Entry, bound: Mapping[str, Any]) -> dict[str, Any]:
    """Our fields as a feed that somebody changed by hand shows them.

    ``bound`` are those that we last wrote; an attribute that differs now gives its field the value there.
    """
    found = dict(bound)
    if entry.raw is None:
        return {**found, **entry.fields}
    pictures = [feed.place.url(name) for name in Entry(entry.key, bound).pictures]
    ours = attributes(entry.key, bound, pictures, feed.row)
    for name, field in _fields(bound):
        now = text_of(entry.raw.get(name, ""))
        if now != text_of(_raw(ours.get(name, ""))):
            found[field] = (now,) if field == "categories" else now
    return found


def _raw(value: Value) -> Any:
    if isinstance(value, (str, tuple)):
        return list(value) if isinstance(value, tuple) else value
    return dict(value.parts)


def _fields(bound: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    order = bound.get("variants")
    first = order[0] if isinstance(order, tuple) and order else "standard"
    yield "title", "title"
    yield "description", "description"
    yield "link", "link"
    yield "price", f"price.{first}"
    yield "brand", "creator"
    yield "google_product_category", "categories"
