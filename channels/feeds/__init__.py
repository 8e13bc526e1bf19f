"""Product feeds for Google Merchant and the Meta catalogue: one file that readers fetch, and pictures of its own.

An entry says what the followed shop has live: its link is the page there. The pictures are renditions that are
served from here, because what a shop's network serves may have lost its AI mark. No API of either reader is used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from channels.feeds.attributes import AI_TEXT, attributes, own_name, problems
from channels.feeds.language import language_of
from channels.feeds.marks import MARKS
from channels.feeds.session import FeedSession
from channels.feeds.settings import FeedSettings
from publisher.channel import Channel, Context, Session, Write
from publisher.listing import (
    Copy,
    FieldValue,
    FileRequest,
    Finding,
    Level,
    Listing,
    Recipe,
    RenditionRequest,
    fingerprint,
)
from publisher.manifest.item import Item, ItemKind, Master
from publisher.manifest.model import Offer
from publisher.naming import safe_name
from publisher.recipes import EXTENSIONS, metadata_for, recipe_for, recipe_mark
from publisher.row import Verb

PICTURE_SIDE = 2048
"""Long side in pixels of a picture in the feed: what readers advise, and not the work that is for sale."""
_TEXTS = ("title", "description")


class Adapter(Channel):
    """One entry per item, with the page of the followed shop as its link."""

    Settings = FeedSettings
    SessionType = FeedSession

    def to_listing(self, item: Item, offer: Offer | None, copy: Copy) -> Listing:
        """The entry's words and pictures. ``key`` is the id in the feed."""
        count = 1 + language_of(self.row).additional_max
        files: tuple[RenditionRequest, ...] = tuple(
            self._picture(item, copy, number, master)
            for number, master in enumerate(item.masters[:count])
        )
        stated, findings = _texts_by_machine(copy)
        fields: dict[str, FieldValue] = {
            "title": copy.title,
            "description": copy.description,
            "keywords": copy.keywords,
            "categories": copy.categories,
            "link": copy.source.url if copy.source is not None else "",
            "creator": _shared(item),
            MARKS: tuple(f.metadata.digital_source_type for f in files),
            "file": fingerprint([[f.master.sha256, recipe_mark(f.recipe)] for f in files]),
        }
        if stated:
            fields[AI_TEXT] = stated
        if offer is not None:
            fields |= _offered(offer)
        if copy.source is not None:
            # Readers compare the entry with the page behind its link, so the page's prices count.
            fields = _as_sold(fields, copy.source.fields)
        fields |= {f"csv.{n}": v for n, v in copy.fields.items() if n.casefold() != AI_TEXT}
        return Listing(
            item=item.id,
            account=copy.account,
            key=feed_id(item.id, language_of(self.row).id_max),
            fields=fields,
            files=_distinct(files),
            declarations=copy.declarations,
            tasks=copy.tasks,
            findings=(*copy.findings, *findings),
        )

    def validate(self, listing: Listing) -> list[Finding]:
        """What the reader would refuse in the texts, the price and the addresses that the manifest states."""
        fields = {**listing.fields, "link": listing.fields.get("link") or "https://shop.invalid/"}
        found = attributes(listing.key, fields, ["https://shop.invalid/1.jpg"], self.row)
        findings = [
            Finding(
                Level.ERROR,
                f"{self.row.title}: {text}",
                f"state it in the manifest, or under channels.{listing.account}.fields",
                item=listing.item,
                account=listing.account,
                code="feed-refuses",
            )
            for text in problems(found, self.row)
        ]
        strange = [f for f in listing.fields if f.startswith("csv.") and not own_name(f)]
        findings += [
            Finding(
                Level.WARNING,
                f"{field.removeprefix('csv.')} can be no attribute of a feed, so it is left out",
                "attributes have small letters, digits and underscores",
                item=listing.item,
                account=listing.account,
                code="feed-attribute",
            )
            for field in strange
        ]
        return findings

    def forecast(self, writes: Sequence[Write]) -> str:
        """How many publications and pictures it takes."""
        if not writes:
            return ""
        pictures = sum(len(w.listing.files) for w in writes if w.listing and w.verb is Verb.CREATE)
        told = f"one publication of the feed with {_many(len(writes), 'change')}"
        return f"{told}, {_many(pictures, 'new picture')}" if pictures else told

    def session(self, context: Context) -> Session:
        """A session on the feed's bucket or folder."""
        return FeedSession(context)

    def _picture(self, item: Item, copy: Copy, number: int, master: Master) -> RenditionRequest:
        member = item.members[number]
        own = item.override(copy.account)
        recipe = recipe_for(self.row.file, upsample=bool(own.upsample), marks=self.row.metadata)
        # A member of a bundle speaks for itself: its own words, and its own origin.
        metadata = copy.metadata if item.kind is ItemKind.ASSET else metadata_for(member)
        name = safe_name(member.id, self.row.limits.filename, EXTENSIONS[recipe.format])
        return RenditionRequest("image", name, master, _small(recipe, master), metadata)


def feed_id(item: str, most: int) -> str:
    """The item's id where it fits; else its beginning and a mark, so that no two are alike."""
    return item if len(item) <= most else f"{item[: most - 7]}-{fingerprint(item)[:6]}"


def _small(recipe: Recipe, master: Master) -> Recipe:
    """The recipe for a picture of the feed's size; a long strip keeps its lower bound for the short side."""
    longer, shorter = max(master.width, master.height, 1), max(min(master.width, master.height), 1)
    side = max(PICTURE_SIDE, math.ceil((recipe.side_min or 0) * longer / shorter) + 1)
    if recipe.long_side_max is not None:
        side = min(side, recipe.long_side_max)
    return replace(recipe, long_side_max=side)


def _distinct(files: Sequence[RenditionRequest]) -> tuple[FileRequest, ...]:
    return tuple(dict.fromkeys(files))


def _shared(item: Item) -> str:
    makers = {m.creator for m in item.members if m.creator}
    return makers.pop() if len(makers) == 1 else ""


def _offered(offer: Offer) -> Mapping[str, FieldValue]:
    fields: dict[str, FieldValue] = {"variants": tuple(v.id for v in offer.variants)}
    if offer.product is not None:
        fields["product"] = offer.product.value
    for variant in offer.variants:
        fields[f"variant.{variant.id}"] = variant.title
        fields[f"price.{variant.id}"] = f"{variant.price} {offer.currency}"
        if variant.compare_at is not None:
            fields[f"compare_at.{variant.id}"] = f"{variant.compare_at} {offer.currency}"
    return fields


_SOLD = ("variants", "variant.", "price.", "compare_at.")


def _as_sold(
    fields: dict[str, FieldValue], shop: Mapping[str, FieldValue]
) -> dict[str, FieldValue]:
    """The entry with the variants and prices that the followed shop has live, where it has any."""
    there = {n: v for n, v in shop.items() if n.startswith(_SOLD) and v is not None}
    if not any(n.startswith("price.") for n in there):
        return fields
    return {n: v for n, v in fields.items() if not n.startswith(_SOLD)} | there


def _texts_by_machine(copy: Copy) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Which texts the manifest says a machine wrote, and a finding for what it may not say."""
    said = next((v for n, v in copy.fields.items() if n.casefold() == AI_TEXT), None) or ""
    names = {w.casefold() for w in said.replace(",", " ").split()}
    strange = sorted(names.difference(_TEXTS))
    if not strange:
        return tuple(t for t in _TEXTS if t in names), ()
    finding = Finding(
        Level.ERROR,
        f"{AI_TEXT} names texts that a machine wrote, and {', '.join(strange)} is none",
        f'write channels.{copy.account}.fields.{AI_TEXT}: "title, description", or one of them',
        account=copy.account,
        code="ai-text",
    )
    return tuple(t for t in _TEXTS if t in names), (finding,)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
