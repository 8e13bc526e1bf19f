"""Looks at what the world sees: gets a file under its public address, and finds the AI mark in a picture.

What was uploaded proves nothing: a content network may strip what a picture says of itself. It asks as any
visitor would, without credentials, and reads no more than a picture may have.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from channels.feeds.settings import FeedSettings
from publisher.errors import AuthFailed, NeedsHuman, Rejected, Throttled, Transient

if TYPE_CHECKING:
    import urllib3

MOST = 32_000_000
"""Bytes of the largest picture that is looked at: twice what a feed may serve."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_REDIRECTS = 3


class Visitor:
    """Gets public files over HTTP. Connects on its first call; retries nothing."""

    def __init__(self, settings: FeedSettings) -> None:
        self._settings = settings
        self._pool: urllib3.PoolManager | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let connections go. Safe to call twice."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.clear()

    def get(self, url: str, most: int = MOST) -> bytes:
        """The file's bytes. Raises Transient, Throttled, NeedsHuman (not public), AuthFailed (certificate),
        Rejected (larger than ``most``).
        """
        status, data = self._ask("GET", url, most)
        _judge(status, url)
        return data

    def answers(self, url: str) -> int:
        """The HTTP status of the address. Raises as ``get`` does when nobody answers."""
        status, _ = self._ask("HEAD", url, 0)
        return status

    def _ask(self, method: str, url: str, most: int) -> tuple[int, bytes]:
        import urllib3

        try:
            answer: Any = self._opened().request(
                method, url, preload_content=False, decode_content=True
            )
        except urllib3.exceptions.HTTPError as error:
            raise _no_answer(error, url) from error
        try:
            data = answer.read(most + 1, decode_content=True) if most else b""
            while most and len(data) <= most and (more := answer.read(most + 1 - len(data))):
                data += more
        except urllib3.exceptions.HTTPError as error:
            raise _no_answer(error, url) from error
        finally:
            # What was not read to its end must not be taken for the next answer.
            answer.close()
            answer.release_conn()
        if most and len(data) > most:
            raise Rejected(f"{_shown(url)} is larger than {most} bytes")
        return int(answer.status), bytes(data)

    def _opened(self) -> urllib3.PoolManager:
        if self._pool is None:
            import urllib3

            settings = self._settings
            trust: dict[str, Any] = {}
            if not settings.tls_verify:
                trust = {"cert_reqs": "CERT_NONE", "assert_hostname": False}
            elif settings.tls_ca_file:
                trust = {"ca_certs": settings.tls_ca_file}
            self._pool = urllib3.PoolManager(
                timeout=urllib3.Timeout(
                    connect=settings.connect_timeout, read=settings.data_timeout
                ),
                retries=urllib3.Retry(
                    total=_REDIRECTS, connect=0, read=0, status=0, other=0, redirect=_REDIRECTS
                ),
                headers={"User-Agent": "storefront-publisher", "Accept-Encoding": "identity"},
                **trust,
            )
        return self._pool


def is_safe(url: str) -> bool:
    """Whether an address is HTTPS, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.hostname or "") in _LOOPBACK


def _judge(status: int, url: str) -> None:
    if status == 200:
        return
    if status in (429, 503):
        raise Throttled(f"{_shown(url)} asks us to slow down", after=30.0)
    if status >= 500:
        raise Transient(f"{_shown(url)} cannot be looked at ({status})")
    raise NeedsHuman(
        f"{_shown(url)} is not public: it answers {status}",
        remedy="let everybody read the bucket or folder, or correct <ACCOUNT>_PUBLIC_URL",
    )


def _no_answer(error: Exception, url: str) -> Transient | AuthFailed | NeedsHuman:
    from urllib3.exceptions import LocationParseError, MaxRetryError, SSLError

    reason = error.reason if isinstance(error, MaxRetryError) else error
    if isinstance(reason, SSLError):
        return AuthFailed(
            f"the certificate of {_shown(url)} cannot be checked",
            remedy="correct <ACCOUNT>_PUBLIC_URL, or name the right authority file",
            detail=type(reason).__name__,
        )
    if isinstance(reason, LocationParseError):
        return NeedsHuman(f"{_shown(url)} is no address", remedy="correct <ACCOUNT>_PUBLIC_URL")
    return Transient(f"{_shown(url)} cannot be looked at", detail=type(reason).__name__)


def _shown(url: str) -> str:
    """The address without what may be a secret in it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
