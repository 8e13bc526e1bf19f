"""One bucket of an S3-compatible service: whole objects, resumable multipart uploads, presigned links.

An object appears at once or not at all, so the point of no return is the single PUT or the completing
request. It never retries a write, never reads ``~/.aws`` or AWS variables, and never makes a bucket.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit

from channels.transport.s3_body import FileContent, Stretch
from channels.transport.s3_client import S3Endpoint, connect
from channels.transport.s3_faults import explain, is_missing, refused_because_there
from publisher.errors import Conflict, Rejected, Transient
from publisher.listing import Content

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["ObjectFacts", "ObjectStore", "S3Endpoint"]

SINGLE_PUT = 16 * 1024 * 1024
"""Objects up to this many bytes go up in one request."""
PAGE = 1000
"""Keys in a page of a listing; the most that the API gives."""
LONGEST_LINK = 7 * 24 * 3600
"""Seconds; the longest life of a presigned URL with Signature Version 4."""


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What the service says of an object. ``sha256`` is hexadecimal, None when nobody recorded it."""

    key: str
    size: int
    etag: str
    sha256: str | None = None
    content_type: str = ""


class ObjectStore:
    """One bucket. Thread-safe but for ``close``; a context manager that does not connect by itself."""

    def __init__(self, endpoint: S3Endpoint) -> None:
        self.endpoint = endpoint
        self._client: S3Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def client(self) -> S3Client:
        """The service's client, made on first use; its import is slow."""
        if self._client is None:
            self._client = connect(self.endpoint)
        return self._client

    def login(self) -> tuple[str, ...]:
        """See that the bucket is there and ours. Raises AuthFailed, NeedsHuman, Transient."""
        try:
            answer = self.client.head_bucket(Bucket=self.endpoint.bucket)
        except Exception as error:
            raise self._fault(error, self.endpoint.bucket, sent=False) from error
        region = answer.get("BucketRegion") or self.endpoint.region
        return (f"bucket {self.endpoint.bucket} in {region} is there",)

    def head(self, key: str) -> ObjectFacts | None:
        """What is there under this key; None when the service says nothing is."""
        try:
            answer = self.client.head_object(
                Bucket=self.endpoint.bucket, Key=check_key(key), ChecksumMode="ENABLED"
            )
        except Exception as error:
            if is_missing(error):
                return None
            raise self._fault(error, key, sent=False) from error
        recorded = answer.get("Metadata", {}).get("sha256")
        checksum = answer.get("ChecksumSHA256", "")
        if not recorded and checksum and "-" not in checksum:
            recorded = base64.b64decode(checksum).hex()
        return ObjectFacts(
            key,
            answer["ContentLength"],
            answer.get("ETag", "").strip('"'),
            recorded,
            answer.get("ContentType", ""),
        )

    def read(self, key: str, most: int) -> bytes | None:
        """The bytes of a small object, at most ``most`` of them; None when it is not there."""
        try:
            answer = self.client.get_object(Bucket=self.endpoint.bucket, Key=check_key(key))
            return bytes(answer["Body"].read(most))
        except Exception as error:
            if is_missing(error):
                return None
            raise self._fault(error, key, sent=False) from error

    def put_file(
        self,
        key: str,
        path: Path,
        *,
        sha256: str,
        content_type: str,
        content: Content | None = None,
        cache_control: str = "",
        progress: Callable[[str, int], None] = lambda _name, _count: None,
        create_only: bool = False,
        sending: Callable[[], None] | None = None,
    ) -> ObjectFacts:
        """Upload a file whose SHA-256 (hexadecimal) the caller knows; it is recorded with the object.

        With ``content`` those bytes go up, and ``path`` only lends its name.

        An object with that SHA-256 that is there already is success, and nothing is sent. ``create_only``
        refuses to replace anything else (Conflict). A large file goes up in parts, in parallel, and takes
        up the parts that an earlier attempt left. ``progress`` is called in this thread with (key, bytes).

        Raises Transient (nothing appeared), OutcomeUnknown (lost after ``sending``), Conflict, Rejected,
        Throttled, AuthFailed, NeedsHuman.
        """
        there = self.head(key)
        if there is not None and there.sha256 == sha256:
            progress(key, there.size)
            return there
        if there is not None and create_only:
            raise _taken(key)
        headers = _headers(sha256, content_type, cache_control)
        with nullcontext(content) if content is not None else FileContent(path) as source:
            if source.size <= SINGLE_PUT:
                body = Stretch(source, 0, source.size, path.name)
                etag = self._put(
                    key, body, headers, sha256, create_only=create_only, sending=sending
                )
                progress(key, source.size)
            else:
                # Imported late: the thread pool is of no use to small objects.
                from channels.transport.s3_multipart import Multipart

                parts = Multipart(self, key, path.name, source, sha256, headers, progress)
                etag = parts.run(create_only=create_only, sending=sending)
            return ObjectFacts(key, source.size, etag, sha256, content_type)

    def put_bytes(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str,
        cache_control: str = "",
        sending: Callable[[], None] | None = None,
    ) -> ObjectFacts:
        """Write a small object, replacing what is there. Raises as ``put_file`` does."""
        sha256 = hashlib.sha256(data).hexdigest()
        headers = _headers(sha256, content_type, cache_control)
        etag = self._put(key, data, headers, sha256, create_only=False, sending=sending)
        return ObjectFacts(key, len(data), etag, sha256, content_type)

    def delete(self, key: str) -> None:
        """Take an object away; of something gone a no-op. Safe to repeat, so a lost line is Transient."""
        try:
            self.client.delete_object(Bucket=self.endpoint.bucket, Key=check_key(key))
        except Exception as error:
            if is_missing(error):
                return
            raise self._fault(error, key, sent=False) from error

    def list(self, prefix: str = "") -> Iterator[list[ObjectFacts]]:
        """Pages of all objects under a prefix, without their SHA-256. Complete, or it raises."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.endpoint.bucket, Prefix=prefix, PaginationConfig={"PageSize": PAGE}
        )
        try:
            for page in pages:
                if "IsTruncated" not in page:
                    # Every whole answer has it; an empty body reads as an empty folder otherwise.
                    raise Transient("The service's listing was cut short")
                found = [
                    ObjectFacts(entry["Key"], entry["Size"], entry.get("ETag", "").strip('"'))
                    for entry in page.get("Contents", [])
                ]
                if found:
                    yield found
        except Exception as error:
            raise self._fault(error, self.endpoint.bucket, sent=False) from error

    def presign(self, key: str, seconds: int) -> str:
        """A link that lets anybody download the object for so many seconds, seven days at most."""
        if not 1 <= seconds <= LONGEST_LINK:
            raise Rejected(
                f"A link may live from 1 second to 7 days, not {seconds} seconds",
                remedy="Choose a shorter life for the link.",
            )
        return self.client.generate_presigned_url(
            "get_object",
            Params={"Bucket": self.endpoint.bucket, "Key": check_key(key)},
            ExpiresIn=seconds,
        )

    def url(self, key: str) -> str:
        """The plain address of an object; whether visitors may see it is the bucket's policy."""
        end, path = self.endpoint, quote(check_key(key), safe="/~")
        if end.public_url:
            return f"{end.public_url.rstrip('/')}/{path}"
        service = end.endpoint_url or f"https://s3.{end.region}.amazonaws.com"
        if end.path_style:
            return f"{service.rstrip('/')}/{end.bucket}/{path}"
        parts = urlsplit(service)
        return f"{parts.scheme}://{end.bucket}.{parts.netloc}{parts.path.rstrip('/')}/{path}"

    def close(self) -> None:
        """Release connections. Safe to call twice; never raises."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _put(
        self,
        key: str,
        body: bytes | Stretch,
        headers: dict[str, Any],
        sha256: str,
        *,
        create_only: bool,
        sending: Callable[[], None] | None,
    ) -> str:
        only = {"IfNoneMatch": "*"} if create_only else {}
        check_key(key)
        client: Any = self.client
        if sending is not None:
            sending()
        try:
            # The service checks the bytes against the known digest, which costs us nothing.
            answer = client.put_object(
                Bucket=self.endpoint.bucket,
                Key=key,
                Body=body,
                ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
                **headers,
                **only,
            )
        except Exception as error:
            return self.settle(error, key, sha256)
        return str(answer.get("ETag", "")).strip('"')

    def settle(self, error: Exception, key: str, sha256: str) -> str:
        """After a failed final request: the etag when the object in the place is ours, else it raises."""
        if refused_because_there(error):
            there = self.head(key)
            if there is not None and there.sha256 == sha256:
                return there.etag
            raise _taken(key) from error
        raise self._fault(error, key, sent=True) from error

    def _fault(self, error: Exception, key: str, *, sent: bool) -> Exception:
        return explain(error, key, self.endpoint.bucket, sent=sent)


def check_key(key: str) -> str:
    """Return ``key`` when every service reads it as the same name. Raises Rejected."""
    parts = key.split("/")
    if not key or any(part in {"", ".", ".."} for part in parts) or len(key.encode()) > 1024:
        raise Rejected(f"{key[:80]!r} cannot be the key of an object", remedy="Use a plain path.")
    if "\\" in key or any(unicodedata.category(s) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for s in key):
        raise Rejected(f"{key[:80]!r} has characters that break links", remedy="Rename the file.")
    return key


def _taken(key: str) -> Conflict:
    return Conflict(
        f"Another object is at {key} already",
        remedy="Remove it there, or give this one another key.",
    )


def _headers(sha256: str, content_type: str, cache_control: str) -> dict[str, Any]:
    cached = {"CacheControl": cache_control} if cache_control else {}
    return {"ContentType": content_type, "Metadata": {"sha256": sha256}, **cached}
