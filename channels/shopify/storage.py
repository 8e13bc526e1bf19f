"""Bytes to and from the shop's storage: uploads to addresses that it hands out, and downloads of results.

No token is sent, for such an address is its own permission; it reaches no log and no error either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Any

import httpx

from channels.shopify.client import Lost, Unreached
from channels.shopify.line import timeout, translated, trust
from channels.shopify.settings import ShopifySettings


class Storage:
    """A line to the storage. Not shared between threads."""

    def __init__(self, settings: ShopifySettings) -> None:
        self._http = httpx.Client(
            verify=trust(settings),
            timeout=timeout(settings),
            trust_env=False,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Let the line go. Safe to call twice."""
        self._http.close()

    def post(
        self,
        url: str,
        parameters: Sequence[tuple[str, str]],
        name: str,
        source: IO[bytes] | Any,
        media_type: str,
    ) -> int:
        """Upload one file as a form; returns the HTTP status. Raises Unreached or Lost."""
        try:
            reply = self._http.post(
                url, data=dict(parameters), files={"file": (name, source, media_type)}
            )
        except httpx.TransportError as error:
            raise translated(error) from None
        return reply.status_code

    def lines(self, url: str) -> Iterator[str]:
        """The lines of a text. Raises Unreached or Lost, also when there is no such text."""
        try:
            with self._http.stream("GET", url) as reply:
                if reply.status_code != 200:
                    raise Lost(f"status {reply.status_code}")
                for line in reply.iter_lines():
                    if line.strip():
                        yield line
        except httpx.TransportError as error:
            raise translated(error) from None

    def read(self, url: str, most: int) -> bytes | None:
        """A whole file; None when it is not there or longer than ``most``. Raises Unreached or Lost."""
        data = bytearray()
        try:
            with self._http.stream("GET", url) as reply:
                if reply.status_code != 200:
                    return None
                for block in reply.iter_bytes():
                    data += block
                    if len(data) > most:
                        return None
        except httpx.TransportError as error:
            raise translated(error) from None
        return bytes(data)


__all__ = ["Lost", "Storage", "Unreached"]
