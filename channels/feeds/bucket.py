"""A bucket of any S3 service as the place of a feed."""

from __future__ import annotations

from pathlib import Path

from channels.feeds.place import Told
from channels.feeds.settings import FeedSettings
from channels.transport.s3 import ObjectFacts, ObjectStore, S3Endpoint
from channels.transport.s3_read import fetch
from publisher.errors import OutcomeUnknown, Rejected, Transient


class BucketPlace:
    """One bucket, and the folder inside of it. Connects on its first call."""

    def __init__(self, settings: FeedSettings) -> None:
        self._store = ObjectStore(_endpoint(settings))
        prefix = settings.prefix.strip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._seen: dict[str, ObjectFacts] = {}

    def check(self) -> tuple[str, ...]:
        return self._store.login()

    def version(self, name: str) -> str | None:
        found = self._head(name)
        return f"{found.etag} {found.size} {found.sha256}" if found is not None else None

    def recorded(self, name: str) -> str | None:
        found = self._seen.get(name) or self._head(name)
        return found.sha256 if found is not None else None

    def _head(self, name: str) -> ObjectFacts | None:
        found = self._store.head(self._prefix + name)
        if found is None:
            self._seen.pop(name, None)
        else:
            self._seen[name] = found
        return found

    def fetch(self, name: str, path: Path) -> bool:
        with path.open("wb") as sink:
            return fetch(self._store, self._prefix + name, sink)

    def put(
        self,
        name: str,
        path: Path,
        *,
        sha256: str,
        media_type: str,
        cache: str,
        told: Told,
        final: bool = False,
    ) -> None:
        try:
            self._store.put_file(
                self._prefix + name,
                path,
                sha256=sha256,
                content_type=media_type,
                cache_control=cache,
                progress=lambda _name, count: told(count),
            )
        except OutcomeUnknown as error:
            if final:
                raise
            # Nobody sees the object yet, and the same bytes get the same name: sending again is safe.
            raise Transient(error.sentence, detail=error.detail) from error
        except OSError as error:
            raise Rejected(f"{path.name} cannot be read", detail=repr(error)) from error

    def delete(self, name: str) -> None:
        self._store.delete(self._prefix + name)

    def url(self, name: str) -> str:
        return self._store.url(self._prefix + name)

    def close(self) -> None:
        self._store.close()


def _endpoint(settings: FeedSettings) -> S3Endpoint:
    assert settings.bucket and settings.access_key_id and settings.secret_access_key
    own = settings.endpoint_url is not None
    authority = Path(settings.tls_ca_file) if settings.tls_ca_file else True
    return S3Endpoint(
        endpoint_url=settings.endpoint_url,
        region=settings.region,
        bucket=settings.bucket,
        access_key=settings.access_key_id,
        secret_key=settings.secret_access_key,
        session_token=settings.session_token,
        path_style=own if settings.path_style is None else settings.path_style,
        verify=authority if settings.tls_verify else False,
        public_url=settings.public_url or "",
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.data_timeout,
    )
