"""The one place that speaks HTTP with a shop: one call is one request, nothing is repeated or followed.

Reads raise Transient when the line fails. A write that the shop may have got raises OutcomeUnknown; only a
connection that never came about is certain. Addresses with queries, headers and bodies reach no message.
"""

from __future__ import annotations

import functools
import json
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from channels.woocommerce.refusals import Answer, checked, closed_door, number
from channels.woocommerce.settings import WooSettings
from channels.woocommerce.signing import SigningTransport
from publisher.errors import ConfigError, OutcomeUnknown, PublisherError, Transient

PAGE = 100
"""Most entries on a page: the shop refuses 101."""

PICTURE_BYTES = 32_000_000

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes for the media library: a pure name, what they are, how many, and where they come from."""

    name: str
    media_type: str
    size: int
    chunks: Callable[[], Iterable[bytes]]


class Shop:
    """One shop over one pool of connections. Not shared between threads."""

    def __init__(self, settings: WooSettings) -> None:
        self._root = settings.url.rstrip("/") + "/wp-json"
        limits = httpx.Timeout(
            settings.timeout, connect=settings.connect_timeout, pool=settings.connect_timeout
        )
        trust = _trust(settings)
        inner = httpx.HTTPTransport(verify=trust, trust_env=False)
        self._line = httpx.Client(
            transport=SigningTransport(settings, inner),
            timeout=limits,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "storefront-publisher", "Accept": "application/json"},
        )
        self._bare = httpx.Client(
            verify=trust, timeout=limits, follow_redirects=True, trust_env=False
        )

    def close(self) -> None:
        """Let the connections go. Safe to call twice."""
        self._line.close()
        self._bare.close()

    def read(self, path: str, **query: str | int) -> Answer:
        """GET ``path`` (as in ``wc/v3/products``). The answer may be a refusal; see ``Answer.accepted``.

        Raises Transient, Throttled, AuthFailed, NeedsHuman, SiteChanged.
        """
        request = self._line.build_request("GET", self._address(path, query))
        return checked(self._sent(request, writes=False), writes=False)

    def write(
        self, method: str, path: str, body: Mapping[str, Any], *, probe: bool = False
    ) -> Answer:
        """Send JSON. Raises what ``read`` raises where nothing was written, and OutcomeUnknown otherwise.

        A ``probe`` is a request that changes nothing, so that its failure is Transient like a read's.
        """
        content = json.dumps(body).encode()
        request = self._line.build_request(
            method,
            self._address(path, {}),
            content=content,
            headers={"Content-Type": "application/json; charset=utf-8"},
        )
        return checked(self._sent(request, writes=not probe), writes=not probe)

    def upload(self, upload: Upload, **query: str) -> Answer:
        """Put a file into the media library. A lost answer is Transient: the caller looks for it by name."""
        request = self._line.build_request(
            "POST",
            self._address("wp/v2/media", query),
            content=upload.chunks(),
            headers={
                "Content-Type": upload.media_type,
                "Content-Length": str(upload.size),
                "Content-Disposition": f'attachment; filename="{upload.name}"',
            },
        )
        return checked(self._sent(request, writes=False), writes=False)

    def pages(self, path: str, **query: str | int) -> Iterator[list[dict[str, Any]]]:
        """Every page of a collection. Complete by the shop's own totals, or it raises Transient."""
        seen: set[Any] = set()
        total: int | None = None
        page = 1
        while True:
            answer = self.read(path, per_page=PAGE, page=page, orderby="id", order="asc", **query)
            entries = answer.accepted(path)
            if not isinstance(entries, list) or answer.total is None or answer.pages is None:
                raise Transient(f"the shop gave no list of {path}", detail=repr(entries)[:200])
            if total is not None and answer.total != total:
                raise Transient(f"the list of {path} changed while it was read")
            total = answer.total
            seen |= {e.get("id") for e in entries}
            if page >= answer.pages:
                break
            yield entries
            page += 1
        if len(seen) != total:
            raise Transient(f"the shop counts {total} of {path} and showed {len(seen)}")
        yield entries

    def picture(self, address: str) -> bytes | None:
        """The bytes of a public picture, without any login; None when it is not there or over 32 MB."""
        try:
            with self._bare.stream("GET", address) as answer:
                if answer.status_code != httpx.codes.OK:
                    return None
                found = bytearray()
                for part in answer.iter_bytes():
                    found += part
                    if len(found) > PICTURE_BYTES:
                        return None
                return bytes(found)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _lost(error, writes=False) from None

    def _address(self, path: str, query: Mapping[str, str | int]) -> str:
        asked = urlencode(query, quote_via=quote, safe="")
        return f"{self._root}/{path}{'?' if asked else ''}{asked}"

    def _sent(self, request: httpx.Request, *, writes: bool) -> Answer:
        try:
            response = self._line.send(request)
        except httpx.TransportError as error:
            raise _lost(error, writes=writes) from None
        return Answer(
            status=response.status_code,
            body=response.content,
            kind=response.headers.get("content-type", ""),
            total=number(response.headers.get("x-wp-total")),
            pages=number(response.headers.get("x-wp-totalpages")),
            retry_after=response.headers.get("retry-after", ""),
            moved=response.headers.get("location", "").partition("?")[0],
        )


def _trust(settings: WooSettings) -> ssl.SSLContext | bool:
    return _authorities(settings.tls_ca_file or "") if settings.verify_ssl else False


@functools.lru_cache(maxsize=8)
def _authorities(more: str) -> ssl.SSLContext:
    """Whom we trust; reading all of them takes longer than a request, so that sessions share it."""
    context = httpx.create_ssl_context()
    if more:
        try:
            context.load_verify_locations(more)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"the certificates in {more} cannot be read",
                remedy="TLS_CA_FILE is the path of a PEM file",
            ) from error
    return context


def _lost(error: Exception, *, writes: bool) -> PublisherError:
    """What a failure of the line means. The text of ``error`` has neither address nor headers."""
    detail = f"{type(error).__name__}: {error}"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return closed_door(detail)
    if not writes or isinstance(error, _UNSENT):
        return Transient("the shop cannot be reached, or the line broke", detail=detail)
    return OutcomeUnknown("the line broke before the shop answered", detail=detail)
