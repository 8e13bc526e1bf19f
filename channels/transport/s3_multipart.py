"""A large object in parts: parallel, bounded in memory, and taken up again where an earlier attempt ended.

It keeps no notes of its own. Parts of an earlier attempt are used when their size and MD5 prove that
they hold our bytes; an upload that is not finished is left there for the next attempt, never completed
by guess.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from channels.transport.s3_body import PIECE, Stretch
from channels.transport.s3_faults import explain, refused_because_there
from publisher.errors import PublisherError, Throttled, Transient
from publisher.listing import Content

if TYPE_CHECKING:
    from channels.transport.s3 import ObjectStore

PART = 8 * 1024 * 1024
"""Bytes; at least 5 MiB but for the last part, at most 10,000 parts: limits of the S3 API."""
MOST_PARTS = 9_500
TRIES = 3
"""A part may be sent again at once: the same number replaces itself."""


def part_size(size: int, sha256: str) -> int:
    """Bytes of every part but the last. It carries 20 bits of the object's SHA-256.

    The API does not show the metadata of an unfinished upload. The odd size tells whether such an upload was
    begun for this very content, also when another version of a file begins with the same bytes.
    """
    least = max(PART, -(-size // MOST_PARTS))
    return least + int(sha256[:5], 16)


class Multipart:
    """One large object on its way."""

    def __init__(
        self,
        store: ObjectStore,
        key: str,
        name: str,
        source: Content,
        sha256: str,
        headers: dict[str, Any],
        progress: Callable[[str, int], None],
    ) -> None:
        self._store, self._key, self._size, self._sha256 = store, key, source.size, sha256
        self._name, self._headers, self._progress = name, headers, progress
        self._client, self._bucket = store.client, store.endpoint.bucket
        # The stubs want all of IO, of which the client uses read, seek and tell.
        self._untyped: Any = store.client
        self._part = part_size(source.size, sha256)
        self._source = source

    def run(self, *, create_only: bool, sending: Callable[[], None] | None) -> str:
        """Send what is missing, ask the caller, complete; return the etag."""
        try:
            upload, etags = self._earlier() or (self._begin(), {})
            for number in etags:
                self._progress(self._key, self._span(number)[1])
            self._send_all(upload, etags)
        except PublisherError:
            raise
        except Exception as error:
            raise self._explained(error) from error
        return self._complete(upload, etags, create_only=create_only, sending=sending)

    def _begin(self) -> str:
        answer = self._client.create_multipart_upload(
            Bucket=self._bucket, Key=self._key, **self._headers
        )
        return answer["UploadId"]

    def _earlier(self) -> tuple[str, dict[int, str]] | None:
        """The unfinished upload that holds most of our bytes, and its parts."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._bucket, Prefix=self._key
        )
        best: tuple[str, dict[int, str]] | None = None
        for page in pages:
            for upload in page.get("Uploads", []):
                if upload["Key"] != self._key:
                    continue
                found = self._ours(upload["UploadId"])
                if found and (best is None or len(found) > len(best[1])):
                    best = upload["UploadId"], found
        return best

    def _ours(self, upload: str) -> dict[int, str]:
        """Parts of an upload by number; empty unless every one of them is a part of our content."""
        found: dict[int, str] = {}
        pages = self._client.get_paginator("list_parts").paginate(
            Bucket=self._bucket, Key=self._key, UploadId=upload
        )
        for page in pages:
            for part in page.get("Parts", []):
                number, etag = part["PartNumber"], part["ETag"].strip('"')
                if number > self._count() or part["Size"] != self._span(number)[1]:
                    return {}
                digest = hashlib.md5(usedforsecurity=False)
                for piece in iter(partial(self._read(number).read, PIECE), b""):
                    digest.update(piece)
                if digest.hexdigest() != etag:
                    return {}
                found[number] = etag
        return found

    def _count(self) -> int:
        return -(-self._size // self._part)

    def _span(self, number: int) -> tuple[int, int]:
        start = (number - 1) * self._part
        return start, min(self._part, self._size - start)

    def _read(self, number: int) -> Stretch:
        return Stretch(self._source, *self._span(number), self._name)

    def _send_all(self, upload: str, etags: dict[int, str]) -> None:
        """Fill ``etags``. No more parts are begun than there are connections."""
        missing = iter([n for n in range(1, self._count() + 1) if n not in etags])
        workers = self._store.endpoint.connections
        running: dict[Future[str], int] = {}
        with ThreadPoolExecutor(workers, thread_name_prefix="s3-part") as pool:
            while True:
                for number in islice(missing, workers - len(running)):
                    running[pool.submit(self._send, upload, number)] = number
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    number = running.pop(future)
                    etags[number] = future.result()
                    self._progress(self._key, self._span(number)[1])

    def _send(self, upload: str, number: int) -> str:
        for turn in range(TRIES):
            try:
                answer = self._untyped.upload_part(
                    Bucket=self._bucket,
                    Key=self._key,
                    UploadId=upload,
                    PartNumber=number,
                    Body=self._read(number),
                )
                return str(answer["ETag"]).strip('"')
            except Exception as error:
                fault = self._explained(error)
                again = isinstance(fault, Transient) and not isinstance(fault, Throttled)
                if turn == TRIES - 1 or not again:
                    raise fault from error
        raise AssertionError("unreachable")

    def _complete(
        self,
        upload: str,
        etags: dict[int, str],
        *,
        create_only: bool,
        sending: Callable[[], None] | None,
    ) -> str:
        only: dict[str, Any] = {"IfNoneMatch": "*"} if create_only else {}
        parts: Any = [{"PartNumber": n, "ETag": f'"{etags[n]}"'} for n in sorted(etags)]
        if sending is not None:
            sending()
        try:
            answer = self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=upload,
                MultipartUpload={"Parts": parts},
                **only,
            )
        except Exception as error:
            etag = None
            try:
                etag = self._store.settle(error, self._key, self._sha256)
            finally:
                if refused_because_there(error):
                    self._discard(upload)
            return etag
        return answer.get("ETag", "").strip('"')

    def _discard(self, upload: str) -> None:
        """Parts that can never be used are paid for until they are thrown away."""
        from contextlib import suppress

        from botocore.exceptions import BotoCoreError, ClientError

        with suppress(BotoCoreError, ClientError):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=upload)

    def _explained(self, error: Exception) -> Exception:
        return explain(error, self._key, self._bucket, sent=False)
