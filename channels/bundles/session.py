"""The effects of a bundle account: content-addressed objects first, then the page, then its card.

Objects under ``files/`` are created once and never changed. The page is the write that counts; the card beside
it says what the page shows, so that an unclear write can be looked up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from channels.bundles.page import out_of_use, page_variables, replaced_in, shown_prices
from channels.bundles.settings import BundleSettings
from publisher.channel import Context, Replaced, Session
from publisher.errors import Conflict, OutcomeUnknown, PublisherError, Rejected, Transient
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
    plain,
)

if TYPE_CHECKING:
    from channels.transport.s3 import ObjectStore

_PAGE = "index.html"
_CARD = "listing.json"
_CARD_KIND = "application/json"
_CARD_BYTES = 4_000_000
_FOREVER = "public, max-age=31536000, immutable"
_SHORT = "public, max-age=60"


def open_bucket(context: Context) -> ObjectStore:
    """The bucket of the account; it does not connect yet."""
    from channels.transport.s3 import ObjectStore, S3Endpoint

    settings: BundleSettings = context.settings
    own = settings.endpoint_url is not None
    authority = Path(settings.tls_ca_file) if settings.tls_ca_file else True
    return ObjectStore(
        S3Endpoint(
            endpoint_url=settings.endpoint_url,
            region=settings.region,
            bucket=settings.bucket,
            access_key=settings.access_key_id,
            secret_key=settings.secret_access_key,
            session_token=settings.session_token,
            path_style=own if settings.path_style is None else settings.path_style,
            verify=authority if settings.tls_verify else False,
            public_url=settings.public_url or "",
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.data_timeout,
        )
    )


class BundleSession(Session):
    """One bucket. Not shared between threads."""

    announces_sending: ClassVar[bool] = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._store: ObjectStore | None = None

    @property
    def store(self) -> ObjectStore:
        """The bucket, opened on first use."""
        if self._store is None:
            self._store = open_bucket(self.context)
        return self._store

    def close(self) -> None:
        """Let the connections go."""
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def check(self) -> Health:
        """Whether the bucket is there and ours to use."""
        return Health(self.context.account, self.store.login())

    def find(self, key: str, files: Sequence[File] = ()) -> Remote | None:
        """The page of a bundle, with the fields that its card names."""
        if self.store.head(self._key(key, _PAGE)) is None:
            return None
        card = self._card(key)
        if card is None:
            return Remote(key, key, Status.PARTIAL, self._url(key))
        if files and any(self.store.head(self._object(f)) is None for f in files):
            return Remote(key, key, Status.PARTIAL, self._url(key))
        status = Status.GONE if card.get("gone") else Status.LIVE
        facts = {} if card.get("gone") else self._facts(str(card.get("archive", "")))
        fields = _typed(card.get("fields", {})) | facts
        return Remote(key, key, status, self._url(key), fields)

    def list(self) -> Iterator[Sequence[Remote]]:
        """Every bundle with a card, page by page."""
        for names in self._pages():
            yield [r for r in (self.find(n) for n in names) if r is not None]

    def status(self, remote: Remote) -> Status:
        """Live while the page is there."""
        found = self.find(remote.key)
        return found.status if found is not None else Status.GONE

    def stage(self, file: File) -> Staged:
        """Put an object under its content's name; what is there already is not sent again."""
        key = self._object(file)
        there = self.store.head(key)
        if there is None or there.size != file.size:
            self._bring(key, file)
        else:
            self.context.progress(file.name, file.size)
        return Staged(file, key)

    def _bring(self, key: str, file: File) -> None:
        try:
            self.store.put_file(
                key,
                file.path,
                sha256=file.sha256,
                content_type=file.media_type,
                content=file.content,
                cache_control=_FOREVER,
                progress=lambda _name, count: self.context.progress(file.name, count),
                create_only=True,
            )
        except OutcomeUnknown as error:
            # Nobody sees the object yet, and the same bytes get the same name: sending again is safe.
            raise Transient(error.sentence, detail=error.detail) from error

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Write the page of a new bundle. Raises Conflict when another bundle has that place."""
        if self.store.head(self._key(key, _PAGE)) is not None:
            card = self._card(key)
            ours = self.context.began(staged[0].file.name) is not None
            if not ours and not (card or {}).get("gone"):
                raise Conflict(
                    f"there is a bundle page at {self._url(key)} already, and it is not from here",
                    remedy="give the bundle another id, or remove that page",
                )
        return self._publish(listing, staged, key)

    def update(
        self, remote: Remote, listing: Listing, changes: Sequence[Change], staged: Sequence[Staged]
    ) -> Receipt:
        """Write the page anew; the link stays, and the old archive stays until it is dropped.

        Without files only the prices change: the page is written with everything else as it was.
        """
        if staged:
            return self._publish(listing, staged, remote.key)
        return self._reprice(remote.key, changes)

    def withdraw(self, remote: Remote) -> Receipt:
        """Put a page in its place that says so. Its files go, except those of other bundles; the link stays valid."""
        card = self._card(remote.key) or {}
        fields = card.get("fields", {})
        variables = {
            "title": fields.get("title", remote.key),
            "creator": fields.get("creator", ""),
            "message": "",
            "link": "",
        }
        self.context.sending()
        gone = {**card, "gone": True, "replaced": []}
        self._write(remote.key, "gone.html.j2", variables, gone)
        kept = self._in_use(besides=remote.key)
        old = (str(r["location"]) for r in card.get("replaced", ()))
        for name in (*card.get("files", ()), *old):
            if name not in kept:
                self.store.delete(name)
        return Receipt(Remote(remote.id, remote.key, Status.GONE, self._url(remote.key)))

    def link(self, remote: Remote, seconds: int) -> str:
        """A presigned link to the archive, seven days at most. Raises Rejected and Conflict."""
        card = self._card(remote.key) or {}
        if card.get("gone") or not card.get("archive"):
            raise Conflict(
                f"there is no archive of {remote.key}", remedy="publish the bundle first"
            )
        return self.store.presign(str(card["archive"]), seconds)

    def replaced(self) -> Iterator[Replaced]:
        """Objects that no page shows any more, by what the cards say of them."""
        for name in self._names():
            for location, at in replaced_in(self._card(name) or {}):
                yield Replaced(name, location, self.store.url(location), at)

    def drop(self, what: Replaced) -> None:
        """Delete the object unless a bundle shows it again, then forget it."""
        card = self._card(what.key)
        if card is None:
            return
        if what.location not in self._in_use():
            self.store.delete(what.location)
        left = [r for r in card.get("replaced", ()) if r["location"] != what.location]
        words = json.dumps({**card, "replaced": left}, ensure_ascii=False).encode("utf-8")
        self.store.put_bytes(
            self._key(what.key, _CARD), words, content_type=_CARD_KIND, cache_control=_SHORT
        )

    def _reprice(self, key: str, changes: Sequence[Change]) -> Receipt:
        card = self._card(key)
        if card is None or card.get("gone"):
            raise Rejected(
                f"the page of {key} is not there any more, so it has no price to change",
                remedy="publisher push puts it up again",
            )
        if "page" not in card:
            raise Rejected(
                f"what the page of {key} shows is not noted beside it, so its price cannot be changed alone",
                remedy="change something else of the bundle as well and push it once",
            )
        named = {c.field: plain(c.new) for c in changes}
        fields = {k: v for k, v in (card["fields"] | named).items() if v is not None}
        page = {
            **card["page"],
            "price": shown_prices(fields),
            "updated": f"{self.context.now():%Y-%m-%d}",
        }
        self.context.sending()
        self._write(key, "bundle.html.j2", page, {**card, "fields": fields, "page": page})
        return Receipt(Remote(key, key, Status.LIVE, self._url(key), _typed(fields)))

    def _publish(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        files = [s.location for s in staged]
        archive = next(s.location for s in staged if s.file.role == "archive")
        now = self.context.now()
        page = page_variables(
            listing, staged, self._relative, day=now.date(), private=self._private
        )
        card = {
            "item": listing.item,
            "fields": plain(dict(listing.fields)),
            "files": files,
            "archive": archive,
            "replaced": out_of_use(self._card(key) or {}, files, now),
            "page": page,
        }
        self.context.sending()
        self._write(key, "bundle.html.j2", page, card)
        fields = dict(listing.fields) | self._facts(archive)
        remote = Remote(key, key, Status.LIVE, self._url(key), fields)
        return Receipt(remote, tasks=listing.tasks, sent=tuple(s.file for s in staged))

    def _facts(self, archive: str) -> dict[str, FieldValue]:
        """Where shops may link to. A private archive has no lasting address."""
        if not archive or self._private:
            return {}
        return {"remote.download": self.store.url(archive)}

    @property
    def _private(self) -> bool:
        return bool(self.context.options.get("delivery", "public") == "private")

    def _write(
        self, key: str, template: str, variables: Mapping[str, Any], card: Mapping[str, Any]
    ) -> None:
        page = self.context.render(template, variables).encode("utf-8")
        words = json.dumps(card, ensure_ascii=False).encode("utf-8")
        page_kind = "text/html; charset=utf-8"
        self.store.put_bytes(
            self._key(key, _PAGE), page, content_type=page_kind, cache_control=_SHORT
        )
        try:
            self.store.put_bytes(
                self._key(key, _CARD), words, content_type=_CARD_KIND, cache_control=_SHORT
            )
        except PublisherError as error:
            # The page is there without its card; only a look can tell what visitors see.
            raise OutcomeUnknown(
                f"the page of {key} is there, its card is not: {error.sentence}",
                detail=error.detail,
            ) from error

    def _pages(self) -> Iterator[Sequence[str]]:
        for page in self.store.list(self._key("")):
            keys = [o.key[: -len(_CARD) - 1] for o in page if o.key.endswith(f"/{_CARD}")]
            yield [k.rpartition("/")[2] for k in keys]

    def _names(self) -> Iterator[str]:
        return chain.from_iterable(self._pages())

    def _in_use(self, besides: str = "") -> frozenset[str]:
        """The objects that bundles show: two bundles with one member share its picture."""
        cards = (self._card(name) or {} for name in self._names() if name != besides)
        return frozenset(
            chain.from_iterable(c.get("files", ()) for c in cards if not c.get("gone"))
        )

    def _card(self, key: str) -> dict[str, Any] | None:
        data = self.store.read(self._key(key, _CARD), _CARD_BYTES)
        if data is None:
            return None
        try:
            card: dict[str, Any] = json.loads(data)
        except ValueError:
            return None
        return card

    def _prefix(self) -> str:
        prefix = str(self.context.settings.prefix).strip("/")
        return f"{prefix}/" if prefix else ""

    def _key(self, *parts: str) -> str:
        return self._prefix() + "/".join(p for p in parts if p)

    def _object(self, file: File) -> str:
        return self._key("files", file.sha256[:16], file.name)

    def _relative(self, staged: Staged) -> str:
        return staged.location[len(self._prefix()) :]

    def _url(self, key: str) -> str:
        return self.store.url(self._key(key, _PAGE))


def _typed(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
