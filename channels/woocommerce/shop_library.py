"""The media library of the sandbox's shop: uploads, and pictures that the shop fetches by their address.

Like the real one it makes a new attachment for every address, even the same one twice, and it fetches nothing
from this machine. Nothing is really fetched: an address with "404" in it is one that answers 404.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from channels.woocommerce.shop_books import ShopBooks
from channels.woocommerce.shop_door import Request
from channels.woocommerce.shop_words import Entry, Refused, Reply, only, refuse, refused, slugged

_NAME = re.compile(r'filename="?([^";]+)"?')


class ShopLibrary:
    """Attachments of one shop; ``root`` is its public address."""

    def __init__(self, books: ShopBooks, root: str) -> None:
        self._books = books
        self._root = root

    def upload(self, request: Request) -> Reply:
        """Take in the bytes of a file, under the name that its header gives."""
        match = _NAME.search(request.headers.get("content-disposition", ""))
        if match is None or not request.body:
            return refuse(400, "rest_upload_no_data", "No data supplied.")
        with self._books.lock:
            made = self._attachment(match[1], request.headers.get("content-type", ""))
            made |= {
                "sha256": hashlib.sha256(request.body).hexdigest(),
                "size": len(request.body),
            }
            (self._books.files / made["file"]).write_bytes(request.body)
            self._books.keep("media", made)
        return Reply(201, only(_public(made), request.query.get("_fields", "")))

    def listed(self, request: Request) -> Reply:
        """Attachments by slug, or all of them."""
        wanted = request.query.get("slug")
        found = [m for m in self._books.all("media") if wanted is None or m["slug"] == wanted]
        fields = request.query.get("_fields", "")
        totals = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": "1" if found else "0"}
        return Reply(200, [only(_public(m), fields) for m in found], totals)

    def one(self, request: Request, number: int) -> Reply:
        """One attachment."""
        found = self._books.one("media", number)
        if found is None:
            return refuse(404, "rest_post_invalid_id", "Invalid post ID.")
        return Reply(200, only(_public(found), request.query.get("_fields", "")))

    def bytes_of(self, name: str) -> bytes | None:
        """What visitors see under an attachment's address."""
        path = self._books.files / PurePosixPath(name).name
        return path.read_bytes() if path.is_file() else None

    def shown(self, images: Any) -> list[Entry]:
        """The pictures of a product as it names them: by id, or by an address to fetch."""
        found = []
        for image in images:
            if "id" in image and not image.get("src"):
                media = self._books.one("media", int(image["id"]))
                if media is None:
                    raise refused(
                        400,
                        "woocommerce_product_invalid_image_id",
                        f"#{image['id']} is an invalid image ID.",
                    )
            else:
                media = self._fetched(str(image.get("src", "")))
            found.append(
                {
                    "id": media["id"],
                    "src": media["source_url"],
                    "name": media["slug"],
                    "alt": str(image.get("alt", "")),
                }
            )
        return found

    def _fetched(self, address: str) -> Entry:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or _is_private(parts.hostname or ""):
            raise _not_fetched(
                f"Error getting remote image {address}. A valid URL was not provided."
            )
        if "404" in parts.path:
            raise _not_fetched(f"Error getting remote image {address}. Not Found")
        made = self._attachment(PurePosixPath(parts.path).name or "image.jpg", "image/jpeg")
        self._books.keep("media", made)
        return made

    def _attachment(self, name: str, kind: str) -> Entry:
        path = PurePosixPath(PurePosixPath(name).name)
        slug, file, count = slugged(path.stem), path.name, 1
        while self._books.with_slug("media", slug) is not None:
            count += 1
            slug, file = f"{slugged(path.stem)}-{count}", f"{path.stem}-{count - 1}{path.suffix}"
        return {
            "id": self._books.number(),
            "slug": slug,
            "file": file,
            "source_url": f"{self._root}/wp-content/uploads/{file}",
            "mime_type": kind,
            "sha256": "",
            "size": 0,
        }


def _public(media: Entry) -> Entry:
    return {k: v for k, v in media.items() if k not in ("sha256", "size", "file")}


def _not_fetched(message: str) -> Refused:
    return refused(400, "woocommerce_product_image_upload_error", message)


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host in ("", "localhost")
    return address.is_private or address.is_loopback
