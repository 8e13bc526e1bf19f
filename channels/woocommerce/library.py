"""Pictures in the shop's media library: sent once, named by their content, looked for before they are sent again.

The shop makes a new attachment each time it fetches an address, so addresses are used only where we may not
upload. An upload whose answer got lost is found by its name; nothing is ever deleted from the library.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from channels.woocommerce.client import Shop, Upload
from channels.woocommerce.settings import WooSettings
from publisher.channel import Context
from publisher.errors import Rejected
from publisher.listing import File

_BLOCK = 65_536
_DIGITS = 16
_MARK = re.compile(rf"-[0-9a-f]{{{_DIGITS}}}(?=\.[a-z0-9]+$)")

_places: dict[tuple[str, str], threading.Lock] = {}
_guard = threading.Lock()


def content_name(file: File) -> str:
    """The name of a file in the library: its own, and sixteen digits of its SHA-256."""
    path = PurePosixPath(file.name)
    return f"{path.stem}-{file.sha256[:_DIGITS]}{path.suffix.lower()}"


def plain_name(name: str) -> str:
    """A name of ``content_name`` without the digits."""
    return _MARK.sub("", name)


class Library:
    """The media library of one shop."""

    def __init__(self, shop: Shop, context: Context) -> None:
        self._shop = shop
        self._context = context
        self._settings: WooSettings = context.settings

    def place(self, files: Iterable[File], known: Mapping[str, str]) -> dict[str, str]:
        """SHA-256 → attachment id of every file, sending what is not there; empty where we may not upload.

        ``known`` are those that the product shows already. Idempotent. Raises what reads raise.
        """
        return {
            f.sha256: known.get(f.sha256) or (self._one(f) if self._settings.uploads else "")
            for f in files
        }

    def _one(self, file: File) -> str:
        with _place(self._settings.url, file.sha256):
            return self._held(file) or self._found(file) or self._sent(file)

    def _held(self, file: File) -> str:
        """The attachment that the ledger knows, if nobody has deleted it."""
        known = self._context.held(file.sha256)
        if not known or not known.isdecimal():
            return ""
        answer = self._shop.read(f"wp/v2/media/{known}", _fields="id")
        return known if answer.good else ""

    def _found(self, file: File) -> str:
        slug = PurePosixPath(content_name(file)).stem.lower()
        answer = self._shop.read("wp/v2/media", slug=slug, _fields="id,slug")
        entries = answer.accepted(file.name)
        ids = [int(e["id"]) for e in entries if e.get("slug") == slug]
        return str(min(ids)) if ids else ""

    def _sent(self, file: File) -> str:
        upload = Upload(content_name(file), _kind(file), file.size, lambda: self._blocks(file))
        made = self._shop.upload(upload, _fields="id").accepted(file.name)
        return str(made["id"])

    def _blocks(self, file: File) -> Iterator[bytes]:
        try:
            with file.path.open("rb") as source:
                while block := source.read(_BLOCK):
                    yield block
                    self._context.progress(file.name, len(block))
        except OSError as error:
            raise Rejected(f"{file.name} cannot be read", detail=repr(error)) from error


def images(
    files: Sequence[File], placed: Mapping[str, str], alt: str
) -> list[dict[str, int | str]]:
    """The product's pictures in order; the first one is its main picture."""
    ids = [placed[f.sha256] for f in files if placed.get(f.sha256)]
    return [{"id": int(one), "alt": alt} for one in dict.fromkeys(ids)]


def _place(url: str, sha256: str) -> threading.Lock:
    """One upload of the same bytes at a time: two products of one run may share a picture."""
    with _guard:
        return _places.setdefault((url, sha256), threading.Lock())


def _kind(file: File) -> str:
    kinds = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
    return kinds.get(PurePosixPath(file.name).suffix.lower(), file.media_type)
