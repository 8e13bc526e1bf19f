"""Brings pictures over to the shop's staging area: one upload each, and none for what the shop has already.

Staged bytes are seen by nobody and vanish by themselves; a product takes them over by their address. It knows
nothing of products.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from channels.shopify import documents
from channels.shopify.answers import refusal
from channels.shopify.client import Lost, Unreached
from channels.shopify.inputs import file_name
from channels.shopify.shop import Shop, Target
from publisher.errors import OutcomeUnknown, Rejected, Transient
from publisher.listing import File, Staged

AHEAD = (1, 4, 16, 50)
"""How many places are asked for at a time: the first files should not wait, many should not ask often."""

FRESH = dt.timedelta(minutes=30)
"""A place that was asked for longer ago is not used any more."""

_BLOCK = 256 * 1024


class _Told:
    """A file that tells how much of it was read."""

    def __init__(self, source: IO[bytes], progress: Callable[[int], None]) -> None:
        self._source = source
        self._progress = progress

    def read(self, count: int = -1) -> bytes:
        data = self._source.read(_BLOCK if count < 0 else min(count, _BLOCK))
        self._progress(len(data))
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


class Uploads:
    """The way of files to a shop. Belongs to one session."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._asked = 0

    def stage(self, file: File) -> Staged:
        """See that the shop has the bytes. Raises Transient when they did not arrive, Rejected when refused."""
        context, shared = self._shop.context, self._shop.shared
        known = context.held(file.sha256) or shared.staged.get(file.sha256)
        began = context.began(file.name)
        if known is None and began is not None and began != file.sha256:
            # The product shows other bytes under this name. Whether these are to take their place (or only
            # the words inside them changed) is known by who changes the product.
            return Staged(file)
        return self.brought(file)

    def brought(self, file: File) -> Staged:
        """The same, whatever the product shows now."""
        context, shared = self._shop.context, self._shop.shared
        known = context.held(file.sha256) or shared.staged.get(file.sha256)
        if known is None and context.began(file.name) == file.sha256:
            known = self._adopted(file)
        if known is None:
            known = self._sent(file)
            shared.staged[file.sha256] = known
        else:
            context.progress(file.name, file.size)
        return Staged(file, known)

    def _adopted(self, file: File) -> str | None:
        """The id of this very file among the shop's files: an earlier attempt of ours brought it there."""
        name = file_name(file)
        stem = name.rpartition(".")[0]
        data = self._shop.ask(documents.FILES, {"query": f'filename:"{name}"'})
        for node in data["files"]["nodes"]:
            url = str((node.get("image") or {}).get("url") or node.get("url") or "")
            here = unquote(urlsplit(url).path).rpartition("/")[2]
            # While it is being processed a file has no address; its name was asked for exactly.
            if (not here or here.startswith(stem)) and node.get("fileStatus") != "FAILED":
                return str(node["id"])
        return None

    def _sent(self, file: File) -> str:
        target = self._target(file)
        progress = self._shop.context.progress
        try:
            with file.path.open("rb") as source:
                told = _Told(source, lambda count: progress(file.name, count))
                status = self._shop.storage.post(
                    target.url, target.parameters, file_name(file), told, target.media_type
                )
        except (Unreached, Lost) as error:
            # Nobody sees staged bytes, so they may simply be sent again.
            raise Transient(f"{file.name} did not get to the shop", detail=str(error)) from None
        if status >= 500 or status in (408, 429):
            raise Transient(f"{file.name}: the shop's storage answered {status}")
        if status >= 400:
            self._shop.shared.targets.clear()
            raise Rejected(
                f"{file.name}: the shop's storage refused it ({status})",
                remedy="push again; when it happens again, the file may be too large",
            )
        return target.resource

    def _target(self, file: File) -> Target:
        now = self._shop.context.now()
        shared = self._shop.shared
        kind = media_type(file)
        with shared.lock:
            shared.targets[:] = [t for t in shared.targets if now - t.since < FRESH]
            place = next((t for t in shared.targets if t.media_type == kind), None)
            if place is not None:
                shared.targets.remove(place)
                return place
        first, *more = self._targets(kind, file)
        with shared.lock:
            shared.targets += more
        return first

    def _targets(self, kind: str, file: File) -> list[Target]:
        count = AHEAD[min(self._asked, len(AHEAD) - 1)]
        self._asked += 1
        extension = file.name.rpartition(".")[2]
        wish = {
            "filename": f"picture.{extension}",
            "mimeType": kind,
            "resource": "IMAGE",
            "httpMethod": "POST",
        }
        return targets(self._shop, [wish] * count)


def targets(shop: Shop, wishes: list[dict[str, str]]) -> list[Target]:
    """Places for uploads, one per wish. Raises Transient, Throttled or Rejected."""
    try:
        data = shop.tell(documents.STAGE, {"input": wishes}, final=False)
    except OutcomeUnknown as error:
        raise Transient(error.sentence, detail=error.detail) from error
    answer = data["stagedUploadsCreate"]
    if refused := refusal("the upload", answer["userErrors"]):
        raise Transient(refused.sentence) if isinstance(refused, OutcomeUnknown) else refused
    now = shop.context.now()
    return [
        Target(
            str(t["url"]),
            str(t["resourceUrl"]),
            tuple((str(p["name"]), str(p["value"])) for p in t["parameters"]),
            wish["mimeType"],
            now,
        )
        for t, wish in zip(answer["stagedTargets"], wishes, strict=True)
    ]


def media_type(file: File) -> str:
    """The media type of a picture, by its name when the file does not say."""
    if file.media_type.startswith("image/"):
        return file.media_type
    known = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
    return known.get(file.name.rpartition(".")[2].lower(), "image/jpeg")
