"""Bundles hosted on S3: a deterministic ZIP under a key named by its content, and a static page with a stable link.

The page is the last thing written, so that a link never points at a missing file. Nothing here knows how an
archive is made; it only says what goes into it.
"""

from __future__ import annotations

from collections import Counter

from channels.bundles.session import BundleSession
from channels.bundles.settings import BundleSettings
from publisher.channel import Channel, Context, Session
from publisher.listing import (
    BundleRequest,
    Copy,
    FieldValue,
    FileRequest,
    Listing,
    Recipe,
    RenditionRequest,
    TextRequest,
    fingerprint,
)
from publisher.manifest.item import Item, Master
from publisher.manifest.model import Asset, Bundle, Offer
from publisher.naming import safe_name
from publisher.recipes import (
    EXTENSIONS,
    metadata_for,
    recipe_for,
    recipe_mark,
    takes_signature,
)

LICENCE_FILE = "LICENCE.txt"
DISCLOSURE_FILE = "AI-DISCLOSURE.txt"
PREVIEW_SIDE = 640
"""Long side of a picture on the page, in pixels."""


class Adapter(Channel):
    """One bundle: archive, pictures for its page, and the page."""

    Settings = BundleSettings
    SessionType = BundleSession

    def to_listing(self, item: Item, offer: Offer | None, copy: Copy) -> Listing:
        """The archive's content, the page's words, and the price if there is one."""
        members = tuple(zip(item.members, item.masters, strict=True))
        renditions = tuple(self._member(item.bundle, a, m) for a, m in members)
        texts = (self._licence(item, copy, renditions), self._disclosure(item, copy, renditions))
        archive = BundleRequest("archive", f"{item.id}.zip", (*renditions, *texts), streamed=True)
        previews: tuple[FileRequest, ...] = tuple(_preview(a, m) for a, m in members)
        return Listing(
            item=item.id,
            account=copy.account,
            key=safe_key(item.id),
            fields=self._fields(item, offer, copy, renditions, texts),
            files=(archive, *previews),
            declarations=copy.declarations,
            tasks=copy.tasks,
            findings=copy.findings,
        )

    def session(self, context: Context) -> Session:
        """A session on the bucket."""
        return BundleSession(context)

    def _fields(
        self,
        item: Item,
        offer: Offer | None,
        copy: Copy,
        renditions: tuple[RenditionRequest, ...],
        texts: tuple[TextRequest, ...],
    ) -> dict[str, FieldValue]:
        fields: dict[str, FieldValue] = {
            "title": copy.title,
            "description": copy.description,
            "keywords": copy.keywords,
            "creator": _shared(a.creator for a in item.members),
            "copyright": _shared(a.copyright for a in item.members),
            "licence": _licence_name(item.bundle),
            "content": fingerprint(
                [[r.name, r.master.sha256, recipe_mark(r.recipe)] for r in renditions]
                + [[t.name, dict(t.variables)] for t in texts]
            ),
            "members": tuple(f"{a.id}: {a.title or a.id}" for a in item.members),
            "ai": tuple(
                "|".join((kind, system.replace("|", "/"), version.replace("|", "/"), str(count)))
                for (kind, system, version), count in sorted(_origins(item).items())
            ),
        }
        for variant in offer.variants if offer is not None else ():
            currency = offer.currency if offer else ""
            fields[f"price.{variant.id}"] = f"{variant.price} {currency}"
            if variant.compare_at is not None:
                fields[f"compare_at.{variant.id}"] = f"{variant.compare_at} {currency}"
        return fields

    def _member(self, bundle: Bundle | None, asset: Asset, master: Master) -> RenditionRequest:
        if bundle is not None and bundle.content == "renditions":
            recipe = recipe_for(self.row.file, marks=self.row.metadata)
        else:
            signed = takes_signature(self.row.metadata)
            recipe = Recipe(format=master.format, keep_original=True, signed=signed)
        name = safe_name(asset.id, self.row.limits.filename, EXTENSIONS.get(recipe.format, "img"))
        return RenditionRequest("member", name, master, recipe, metadata_for(asset))

    def _licence(
        self, item: Item, copy: Copy, renditions: tuple[RenditionRequest, ...]
    ) -> TextRequest:
        return TextRequest(
            "text",
            LICENCE_FILE,
            "bundle-licence.txt.j2",
            {
                "title": copy.title,
                "creator": _shared(a.creator for a in item.members),
                "copyright": _shared(a.copyright for a in item.members),
                "licence": _licence_name(item.bundle),
                "files": [r.name for r in renditions],
            },
        )

    def _disclosure(
        self, item: Item, copy: Copy, renditions: tuple[RenditionRequest, ...]
    ) -> TextRequest:
        return TextRequest(
            "text",
            DISCLOSURE_FILE,
            "ai-disclosure.txt.j2",
            {
                "title": copy.title,
                "members": [
                    {
                        "name": request.name,
                        "title": asset.title or "",
                        "class": asset.provenance.class_.value if asset.provenance else "",
                        "system": (asset.provenance.system or "") if asset.provenance else "",
                        "version": (asset.provenance.version or "") if asset.provenance else "",
                        "digital_source_type": request.metadata.digital_source_type,
                    }
                    for asset, request in zip(item.members, renditions, strict=True)
                ],
            },
        )


def safe_key(bundle: str) -> str:
    """The folder of a bundle's page: its id in lower case, which is safe in a link."""
    return (
        bundle.lower()
        if bundle.lower() == bundle
        else f"{bundle.lower()}-{fingerprint(bundle)[:6]}"
    )


def _preview(asset: Asset, master: Master) -> RenditionRequest:
    recipe = Recipe(format="jpeg", quality=85, quality_floor=60, long_side_max=PREVIEW_SIDE, dpi=72)
    name = f"{safe_key(asset.id)}-preview.jpg"
    return RenditionRequest("preview", name, master, recipe, metadata_for(asset))


def _licence_name(bundle: Bundle | None) -> str:
    return (bundle.licence or "standard") if bundle is not None else "standard"


def _shared(values: object) -> str:
    found = {v for v in values if v}  # type: ignore[attr-defined]
    return str(found.pop()) if len(found) == 1 else ""


def _origins(item: Item) -> Counter[tuple[str, str, str]]:
    return Counter(
        (
            a.provenance.class_.value if a.provenance else "",
            (a.provenance.system or "") if a.provenance else "",
            (a.provenance.version or "") if a.provenance else "",
        )
        for a in item.members
    )
