"""One HTTP line over httpx that can be pointed anywhere, and remembers how the last exchange ended.

It follows no redirect, reads no environment and repeats nothing.
"""

from __future__ import annotations

import ssl

import httpx

from channels.shopify.client import LARGEST_ANSWER, Lost, Reply, Unreached, seconds
from channels.shopify.settings import ShopifySettings

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def trust(settings: ShopifySettings) -> ssl.SSLContext | bool:
    """What the certificate of the other side is held against."""
    if not settings.tls_verify:
        return False
    context = ssl.create_default_context()
    if settings.tls_ca_file:
        context.load_verify_locations(settings.tls_ca_file)
    return context


def timeout(settings: ShopifySettings) -> httpx.Timeout:
    """Seconds to connect, and without a byte."""
    return httpx.Timeout(settings.data_timeout, connect=settings.connect_timeout)


class Line(httpx.BaseTransport):
    """A transport that sends to the account's own address, whatever host a package asks for."""

    def __init__(self, settings: ShopifySettings) -> None:
        self._inner = httpx.HTTPTransport(verify=trust(settings), retries=0)
        self._address = httpx.URL(settings.address())
        self._reply: Reply | None = None
        self._error: Exception | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send once, and read the answer to its end."""
        self._reply, self._error = None, None
        address = self._address
        request.url = request.url.copy_with(
            scheme=address.scheme, host=address.host, port=address.port
        )
        request.headers["Host"] = address.netloc.decode("ascii")
        try:
            response = self._inner.handle_request(request)
            body = _read(response)
        except httpx.TransportError as error:
            self._error = error
            raise
        headers = response.headers
        self._reply = Reply(
            response.status_code,
            body.decode("utf-8", "replace"),
            seconds(headers.get("Retry-After")),
        )
        return httpx.Response(
            response.status_code, headers={"Content-Type": "application/json"}, content=body
        )

    def close(self) -> None:
        """Let the connections go."""
        self._inner.close()

    def outcome(self) -> Reply:
        """How the last exchange really ended. Raises Unreached or Lost."""
        if self._reply is not None:
            return self._reply
        raise translated(self._error)


def translated(error: Exception | None) -> Unreached | Lost:
    """An error of httpx in our two words."""
    if isinstance(error, _NOT_SENT):
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return Unreached(cause.verify_message or "the certificate", untrusted=True)
            cause = cause.__cause__ or cause.__context__
        return Unreached(type(error).__name__)
    return Lost(type(error).__name__ if error is not None else "no answer")


def _read(response: httpx.Response) -> bytes:
    try:
        data = bytearray()
        for block in response.stream:  # type: ignore[union-attr]
            data += block
            if len(data) > LARGEST_ANSWER:
                raise httpx.ReadError("the answer is too long")
    finally:
        response.close()
    return httpx.Response(200, headers=response.headers, content=bytes(data)).content
