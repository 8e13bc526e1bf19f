"""A bucket on loopback that the world can read: an S3 API for us, plain HTTP for the readers of the feed.

Its ledger of truth is what a reader gets: the entries of the feed as it is served, and the pictures that were
taken in. It reads the feed with a parser of its own.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

from publisher.channel import Landed, Sandbox
from publisher.row import Row

_G = "{http://base.google.com/ns/1.0}"


class AdapterSandbox(Sandbox):
    """One S3 service with one public bucket.

    Faults beyond those of the service: ``strips_xmp`` serves pictures to the world without what they say of
    themselves, as an image-optimising network does; ``half_feed`` serves the first half of every feed.
    """

    faults: ClassVar[tuple[str, ...]] = (
        "wrong_credentials",
        "refuse_503",
        "drop_after_commit",
        "no_bucket",
        "strips_xmp",
        "half_feed",
    )

    def __init__(self, row: Row, account: str, folder: Path) -> None:
        super().__init__(row, account, folder)
        self._server: Any = None

    def start(self) -> Mapping[str, str]:
        """Listen on 127.0.0.1, on a free port."""
        from channels.transport.s3_public import PublicS3SandboxServer

        self._server = PublicS3SandboxServer(self.folder)
        found = self._server.start()
        return {
            "ENDPOINT_URL": found["endpoint_url"],
            "PUBLIC_URL": f"{found['endpoint_url']}/{found['bucket']}",
            "BUCKET": found["bucket"],
            "REGION": found["region"],
            "ACCESS_KEY_ID": found["access_key"],
            "SECRET_ACCESS_KEY": found["secret_key"],
        }

    def stop(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def landed(self) -> Sequence[Landed]:
        """Every entry of the feed with its attributes as ``fields``, and every picture with how often it came."""
        if self._server is None:
            return []
        pictures = [x for x in self._server.landed() if x.key.startswith("images/")]
        return [*self._entries(), *pictures]

    def _entries(self) -> Iterator[Landed]:
        names = {x.key for x in self._server.landed() if "/" not in x.key}
        for name in sorted(names):
            data = self._server.object(name)
            found = list(entries_of(name, data)) if data is not None else []
            count = Counter(entry["id"] for entry in found)
            for entry in {e["id"]: e for e in found}.values():
                text = json.dumps(entry, sort_keys=True).encode()
                digest = hashlib.sha256(text).hexdigest()
                yield Landed(entry["id"], digest, len(text), count[entry["id"]], entry)

    def fault(self, name: str, **options: Any) -> None:
        """Switch a fault on."""
        self._server.fault(name, **options)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._server.clear_faults()


def entries_of(name: str, data: bytes) -> Iterator[Mapping[str, Any]]:
    """The entries of a served feed: attribute → text, or the list of texts of one that is repeated."""
    if name.endswith(".xml"):
        for item in ElementTree.fromstring(data).iter("item"):  # noqa: S314
            found: dict[str, Any] = {}
            for child in item:
                parts = [part.text or "" for part in child]
                text = ":".join(parts) if parts else child.text or ""
                key = child.tag.removeprefix(_G)
                found[key] = text if key not in found else [*_listed(found[key]), text]
            yield found
        return
    delimiter = "\t" if name.endswith(".tsv") else ","
    for row in csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=delimiter):
        yield {key: value for key, value in row.items() if value}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
