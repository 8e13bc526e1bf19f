"""What tests of feeds share: listings, pictures with real marks, and an account whose ledger is a dictionary."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyvips

from channels.feeds.session import FeedSession
from publisher.channel import Context, Write
from publisher.discovery import adapter, load_row
from publisher.listing import Copy, File, Listing, Metadata, Receipt, Remote, Staged, Status
from publisher.manifest.item import Item, ItemKind, Master
from publisher.manifest.model import Asset, Offer
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.media.metadata.read import digital_source_type
from publisher.row import Verb

GENERATED = DIGITAL_SOURCE_TYPE[next(k for k in DIGITAL_SOURCE_TYPE if k.value == "ai-generated")]
GOOGLE, META = "google-merchant", "meta-catalogue"
FORMATS = [(GOOGLE, "xml"), (GOOGLE, "tsv"), (META, "csv"), (META, "xml")]


def listing(channel: str, item: str = "glass-1", **said: Any) -> Listing:
    """A print of one work. ``ai``: made by a generator; ``fields``: what the manifest states for the feed."""
    ai = said.get("ai", False)
    asset = Asset.model_validate(
        {"id": item, "file": "a.jpg", "creator": said.get("creator", "Ana Vidal")}
    )
    master = Master(Path("a.jpg"), "a.jpg", "0" * 64, 9, "jpeg", 3000, 2000)
    whole = Item(item, ItemKind.ASSET, "r", "Glass", "Blue", (), (asset,), (master,), asset=asset)
    offer = Offer.model_validate(
        {
            "currency": "EUR",
            "product": said.get("product", "physical"),
            "variants": [
                {"id": "a2", "title": "A2", "price": said.get("price", "19.00")},
                {"id": "a1", "title": "A1", "price": "29.00"},
            ],
        }
    )
    copy = Copy(
        "feed",
        said.get("title", "Glass dunes"),
        said.get("description", "Dunes of blue glass"),
        ("glass", "blue"),
        ("500044",),
        fields=said.get("fields", {}),
        metadata=Metadata(digital_source_type=GENERATED if ai else ""),
        source=Remote(
            item,
            item,
            Status.LIVE,
            said.get("link", f"https://shop.example/{item}"),
            said.get("there", {}),
        ),
    )
    return adapter(load_row(channel)).to_listing(whole, offer, copy)


def picture(folder: Path, name: str, *, ai: bool = False, colour: int = 40) -> File:
    """A small JPEG, with the mark of generated pictures when it is one."""
    folder.mkdir(parents=True, exist_ok=True)
    image = pyvips.Image.black(24, 16) + colour
    data: bytes = image.cast("uchar").jpegsave_buffer(Q=60, keep="none")
    if ai:
        packet = (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
            ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
            f' Iptc4xmpExt:DigitalSourceType="{GENERATED}"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
        ).encode()
        payload = b"http://ns.adobe.com/xap/1.0/\0" + packet
        data = data[:2] + b"\xff\xe1" + (len(payload) + 2).to_bytes(2, "big") + payload + data[2:]
    path = folder / f"{hashlib.sha256(data).hexdigest()[:12]}-{name}"
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return File("image", name, path, len(data), digest, "image/jpeg", 24, 16)


@dataclass
class FeedAccount:
    """One account and its ledger. Sessions come and go; what they answered is bound here."""

    channel: str
    folder: Path
    settings: Mapping[str, str]
    form: str | None = None
    bound: dict[str, Remote] = field(default_factory=dict)
    began: dict[str, str] = field(default_factory=dict)
    now: dt.datetime = dt.datetime(2026, 11, 26, 9, tzinfo=dt.UTC)
    sending: int = 0

    def session(self, **hooks: Any) -> FeedSession:
        """A new session."""
        row = load_row(self.channel)
        kind: Any = adapter(row).settings_type()
        given: dict[str, Any] = {
            "account": "feed",
            "row": row,
            "settings": kind(**{k.lower(): v for k, v in self.settings.items()}),
            "release": "r",
            "project": self.folder,
            "outbox": self.folder / "outbox",
            "now": lambda: self.now,
            "render": lambda _name, _values: "",
            "sending": self._sending,
            "began": self.began.get,
            "bound": self._bound,
            "digital_source_type": digital_source_type,
            "options": {"feed_format": self.form} if self.form else {},
        }
        session = adapter(row).session(Context(**{**given, **hooks}))
        assert isinstance(session, FeedSession)
        return session

    def _sending(self) -> None:
        self.sending += 1

    def _bound(self) -> Iterator[Remote]:
        yield from (self.bound[key] for key in sorted(self.bound))

    def written(
        self, *wanted: tuple[Verb, Listing, Sequence[File]], **hooks: Any
    ) -> dict[str, Any]:
        """One batch; receipts are bound as the engine binds them. Returns key -> receipt or error."""
        with self.session(**hooks) as session:
            writes = [
                Write(
                    verb,
                    made.key,
                    None if verb is Verb.WITHDRAW else made,
                    tuple(session.stage(f) for f in files),
                    self.bound.get(made.key),
                    self._changes(verb, made),
                )
                for verb, made, files in wanted
            ]
            answers = {w.key: w.receipt or w.error for w in session.write_many(writes)}
        for verb, made, _ in wanted:
            receipt = answers[made.key]
            if isinstance(receipt, Receipt):
                self.bound.pop(made.key, None)
                if verb is not Verb.WITHDRAW:
                    self.bound[made.key] = receipt.remote
        return answers

    def _changes(self, verb: Verb, made: Listing) -> tuple[Any, ...]:
        from publisher.diff import changes

        old = self.bound.get(made.key)
        return tuple(changes(made.fields, old.fields)) if verb is Verb.UPDATE and old else ()

    def created(self, made: Listing, file: File) -> Any:
        """One creation."""
        return self.written((Verb.CREATE, made, [file]))[made.key]


def staged(file: File) -> Staged:
    """A picture that lies where the session would put it."""
    return Staged(file, f"images/{file.sha256[:16]}/{file.name}")
