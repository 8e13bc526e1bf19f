"""The effects of a stock account: one connection, one file per item, and the CSV of a batch.

A file goes up under its own name, everything but the last block first; where the server can rename, it goes
up under a temporary name and the rename is the write. A name that is taken by a file we never sent is left
alone. It never deletes anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import SecretStr

from channels.stock.settings import StockSettings
from publisher.channel import Context, Session
from publisher.errors import ConfigError, Conflict, OutcomeUnknown, Transient
from publisher.listing import (
    File,
    Health,
    Listing,
    Receipt,
    Remote,
    Staged,
    Status,
)

if TYPE_CHECKING:
    from channels.transport.store import FileStore

_BATCH = re.compile(r"[0-9a-f]{32}")
"""A batch is looked up by its digest instead of a file name."""

PORTS = {"ftp": 21, "ftps": 21, "sftp": 22}
TEMPORARY = ".part"


def open_store(context: Context) -> FileStore:
    """The connection that the account's settings and row ask for; it does not connect yet."""
    settings: StockSettings = context.settings
    transport = context.row.transport
    kind = settings.protocol or transport.kind
    host = settings.host or transport.host
    if not host:
        raise ConfigError(f"{context.account}: no host is set")
    default = transport.port if kind == transport.kind and transport.port else PORTS.get(kind, 21)
    common = {
        "host": host,
        "port": settings.port or default,
        "username": settings.username,
        "password": settings.password or SecretStr(""),
        "root": settings.root if settings.root is not None else transport.root,
        "connect_timeout": settings.connect_timeout,
        "data_timeout": settings.data_timeout,
    }
    if kind == "sftp":
        from channels.transport.sftp import SftpEndpoint, SftpStore

        return SftpStore(
            SftpEndpoint(
                **common,  # type: ignore[arg-type]
                known_hosts=_known_hosts(context, settings),
                host_key=settings.host_key or "",
                host_key_check=settings.host_key_check,
                key_file=settings.key_file,
                key_passphrase=settings.key_passphrase,
            )
        )
    from channels.transport.ftp import FtpEndpoint, FtpStore

    return FtpStore(
        FtpEndpoint(
            **common,  # type: ignore[arg-type]
            tls=kind == "ftps",
            tls_verify=settings.tls_verify,
            tls_ca_file=settings.tls_ca_file,
            # The agency's folder must be there at the agency; a server of one's own may be flat.
            root_optional=settings.host is not None and settings.root is None,
        )
    )


def _known_hosts(context: Context, settings: StockSettings) -> tuple[Path, ...]:
    candidates = [settings.known_hosts] if settings.known_hosts else []
    candidates += [context.project / "known_hosts", Path.home() / ".ssh" / "known_hosts"]
    return tuple(p for p in candidates if p.is_file())


class StockSession(Session):
    """One connection to an agency. Not shared between threads."""

    announces_sending: ClassVar[bool] = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._store: FileStore | None = None
        self._notes: tuple[str, ...] = ()

    @property
    def store(self) -> FileStore:
        """The connection, logged in on first use."""
        if self._store is None:
            store = open_store(self.context)
            try:
                self._notes = store.login()
            except BaseException:
                store.close()
                raise
            self._store = store
        return self._store

    def close(self) -> None:
        """Leave the server."""
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def check(self) -> Health:
        """Log in and see the folder."""
        assert self.store is not None
        return Health(self.context.account, self._notes)

    def find(self, key: str, files: Sequence[File] = ()) -> Remote | None:
        """Look for a file by its name, or for a batch by its digest."""
        if _BATCH.fullmatch(key):
            return self._find_batch(key)
        size = self.store.size(key)
        if size is None:
            return None
        wanted = next((f.size for f in files if f.name == key), None)
        if wanted is not None and size < wanted:
            return Remote(key, key, Status.PARTIAL, size=size)
        if wanted is not None and size > wanted:
            raise Conflict(
                f"{key} is there with {size} bytes instead of {wanted}: it is another file"
            )
        return Remote(key, key, Status.UPLOADED, size=size)

    def list(self) -> Iterator[Sequence[Remote]]:
        """Everything in the folder, page by page."""
        for page in self.store.names():
            yield [Remote(f.name, f.name, Status.UPLOADED, size=f.size) for f in page]

    def status(self, remote: Remote) -> Status:
        """Uploaded while it is listed; after that only the agency's portal knows."""
        return Status.UPLOADED if self.store.size(remote.key) is not None else Status.UNKNOWN

    def stage(self, file: File) -> Staged:
        """See that the name is free or ours; send the bytes ahead where the server can rename."""
        size = self.store.size(file.name)
        began = self.context.began(file.name)
        if size is not None and began is None:
            raise Conflict(
                f"{file.name} is already there with {size} bytes, and it was not sent from here",
                remedy="if it is this image, say so with publisher resolve ITEM ACCOUNT --as published; "
                "otherwise give the item another id",
            )
        if not self._can_rename():
            return Staged(file)
        temporary = f"{file.name}{TEMPORARY}"
        try:
            self.store.put(
                file.path,
                temporary,
                progress=lambda _name, count: self.context.progress(file.name, count),
                resume=began == file.sha256,
            )
        except OutcomeUnknown as error:
            # Under a temporary name nothing is final yet: sending it again is safe.
            raise Transient(error.sentence, detail=error.detail) from error
        return Staged(file, temporary)

    def _can_rename(self) -> bool:
        chosen: bool | None = self.context.settings.rename
        return self.context.row.transport.rename if chosen is None else chosen

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Bring the file in under its name. Its point of no return is the last block, or the rename."""
        image = staged[0]
        if image.location:
            self.context.sending()
            self.store.rename(image.location, key)
        else:
            self.store.put(
                image.file.path,
                key,
                progress=self.context.progress,
                sending=self.context.sending,
                resume=self.context.began(key) == image.file.sha256,
            )
        remote = Remote(key, key, Status.UPLOADED, size=image.file.size)
        return Receipt(remote, tasks=listing.tasks, sent=(image.file,))

    def submit(self, batch: Sequence[tuple[Listing, Remote]], digest: str) -> Receipt:
        """Write the batch's CSV for the person, or send it where the row says that the agency reads it."""
        from channels.transport.batch import batch_sheets

        row = self.context.row
        assert row.csv is not None
        sheets = batch_sheets(self.context, batch, digest)
        if row.csv.delivery == "upload":
            self.context.sending()
            for name, path in sheets:
                self.store.put(path, name, progress=self.context.progress, resume=True)
            tasks: tuple[str, ...] = (
                f"check the {len(batch)} new files and submit them: {row.page}",
            )
        else:
            self.context.sending()
            places = ", ".join(str(path) for _, path in sheets)
            tasks = (f"upload {places} and submit the {len(batch)} files: {row.page}",)
        names = ", ".join(name for name, _ in sheets)
        tasks = (*tasks, *row.batch_tasks(self.context.now().date()))
        return Receipt(Remote(names, digest, Status.SUBMITTED), tasks=tasks)

    def _find_batch(self, digest: str) -> Remote | None:
        row = self.context.row
        if row.csv is None:
            return None
        parts = sorted(p.name for p in self.context.outbox.glob(f"*{digest[:8]}*.csv"))
        if not parts:
            return None
        if row.csv.delivery == "upload":
            sizes = [self.store.size(name) for name in parts]
            if any(
                s != (self.context.outbox / n).stat().st_size
                for s, n in zip(sizes, parts, strict=True)
            ):
                return Remote(digest, digest, Status.PARTIAL)
        return Remote(", ".join(parts), digest, Status.SUBMITTED)
