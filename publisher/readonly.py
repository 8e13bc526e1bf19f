"""A session for planning: reads pass through, every other verb raises, so a dry run cannot write by construction.

It opens nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

from publisher.channel import Replaced, Session, Write, Wrote
from publisher.errors import Unsupported
from publisher.examined import Examined
from publisher.listing import (
    Change,
    File,
    Health,
    Listing,
    Missing,
    Receipt,
    Remote,
    Staged,
    Status,
)


class ReadOnlySession(Session):
    """Wraps a session for planning: reads pass through, every other verb raises Unsupported."""

    def __init__(self, inner: Session) -> None:
        super().__init__(inner.context)
        self._inner = inner

    def close(self) -> None:
        self._inner.close()

    def check(self) -> Health:
        return self._inner.check()

    def find(self, key: str, files: Sequence[File] = ()) -> Remote | None:
        return self._inner.find(key, files)

    def missing(self, key: str, files: Sequence[File] = ()) -> Missing:
        return self._inner.missing(key, files)

    def list(self) -> Iterator[Sequence[Remote]]:
        return self._inner.list()

    def find_many(self, keys: Sequence[str]) -> Mapping[str, Remote]:
        return self._inner.find_many(keys)

    def status(self, remote: Remote) -> Status:
        return self._inner.status(remote)

    def picture(self, remote: Remote) -> bytes | None:
        return self._inner.picture(remote)

    def examine(self) -> Examined:
        return self._inner.examine()

    def sign_in(self) -> Health:
        self._refuse("sign in")

    def link(self, remote: Remote, seconds: int) -> str:
        return self._inner.link(remote, seconds)

    def replaced(self) -> Iterator[Replaced]:
        return self._inner.replaced()

    def drop(self, what: Replaced) -> None:
        self._refuse("drop")

    def stage(self, file: File) -> Staged:
        self._refuse("stage")

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        self._refuse("create")

    def update(
        self, remote: Remote, listing: Listing, changes: Sequence[Change], staged: Sequence[Staged]
    ) -> Receipt:
        self._refuse("update")

    def withdraw(self, remote: Remote) -> Receipt:
        self._refuse("withdraw")

    def submit(self, batch: Sequence[tuple[Listing, Remote]], digest: str) -> Receipt:
        self._refuse("submit")

    def write_many(self, writes: Sequence[Write]) -> Iterator[Wrote]:
        self._refuse("write_many")

    def _refuse(self, verb: str) -> NoReturn:
        raise Unsupported(f"planning is read-only and may not {verb}")
