"""A sandbox SFTP server on loopback, with books of its own and a switchboard of faults.

It stands in for an agency's upload server in rehearsals and tests. It listens on 127.0.0.1 only,
keeps its files under one folder, and writes a file into its books before it answers the close.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import asyncssh

from channels.transport.sandbox_books import Books, Switchboard
from publisher.channel import Landed


class SftpSandboxServer:
    """One account of one imagined agency. ``folder`` holds the uploads; beside it are books and host key.

    Faults and their options (each also takes ``times``, how often it strikes; always by default):

    - ``wrong_password``: every login is refused
    - ``too_many`` (connections=0): further connections are turned away
    - ``disk_full`` (after=0, status="failure" or "no_space"): refused once a file has brought that many bytes
    - ``refuse_permission``: uploads are refused with permission denied
    - ``drop_mid_file`` (after=0): the connection is cut after that many bytes of a file
    - ``drop_after_commit``: the file is taken in, then the connection is cut before the answer
    - ``vanish``: a file leaves the folder as soon as it is taken in
    - ``slow`` (rate=65536): bytes per second of each file
    - ``no_rename``: renaming is not supported
    """

    faults: ClassVar[tuple[str, ...]] = (
        "wrong_password",
        "too_many",
        "disk_full",
        "refuse_permission",
        "drop_mid_file",
        "drop_after_commit",
        "vanish",
        "slow",
        "no_rename",
    )

    def __init__(self, folder: Path, username: str, password: str) -> None:
        self.folder, self.username, self.password = folder, username, password
        self.beside = folder.parent / f"{folder.name}.sandbox"
        self.ledger = Books(self.beside / "books.jsonl")
        self.switchboard = Switchboard(self.faults)
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._acceptor: asyncssh.SSHAcceptor | None = None

    def start(self) -> tuple[str, int, str]:
        """Listen; return host, port and the host key as an OpenSSH public key line."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.beside.mkdir(parents=True, exist_ok=True)
        key = self._host_key()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="sftp-sandbox", daemon=True
        )
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._listen(key), self._loop).result(20)
        return "127.0.0.1", port, key.export_public_key().decode().strip()

    def stop(self) -> None:
        """Stop listening and cut off who is there. Safe to call twice."""
        loop, self._loop = self._loop, None
        thread, self._thread = self._thread, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._shut(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

    def fault(self, name: str, **options: Any) -> None:
        """Switch a fault on. Raises ValueError for a name that is not in ``faults``."""
        self.switchboard.switch_on(name, **options)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.switchboard.clear()

    def books(self) -> list[dict[str, Any]]:
        """Every event in order: ``completed``, ``partial``, ``renamed`` and ``deleted``."""
        return self.ledger.entries()

    def landed(self) -> Sequence[Landed]:
        """What was taken in, by its last name, and how often."""
        return self.ledger.landed()

    async def _listen(self, key: asyncssh.SSHKey) -> int:
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[key],
            server_factory=lambda: _Door(self),
            sftp_factory=lambda channel: _Desk(self, channel),
            allow_scp=False,
            agent_forwarding=False,
            compression_algs=None,
        )
        return int(self._acceptor.get_port())

    async def _shut(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
        for connection in list(self.connections):
            connection.abort()
        waiting = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        if waiting:
            _, left = await asyncio.wait(waiting, timeout=2)
            for task in left:
                task.cancel()

    def _host_key(self) -> asyncssh.SSHKey:
        """One key per folder, so that a restarted sandbox is still the one that was trusted."""
        path = self.beside / "host_key"
        if path.exists():
            return asyncssh.read_private_key(path)
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(path)
        path.chmod(0o600)
        return key


class _Door(asyncssh.SSHServer):
    """Lets one user in with one password."""

    def __init__(self, server: SftpSandboxServer) -> None:
        self._server = server
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._server.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        limit = self._server.switchboard.options("too_many")
        others = len(self._server.connections) - 1
        if limit is not None and others >= limit.get("connections", 0):
            self._server.switchboard.strike("too_many")
            if self._connection is not None:
                self._connection.disconnect(
                    asyncssh.DISC_TOO_MANY_CONNECTIONS, "Too many connections"
                )
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        if self._server.switchboard.strike("wrong_password") is not None:
            return False
        given, right = (
            f"{username}\0{password}",
            f"{self._server.username}\0{self._server.password}",
        )
        return hmac.compare_digest(given.encode(), right.encode())


@dataclass(eq=False)
class _Open:
    """An open file. ``path`` is local; ``written`` counts bytes of this handle."""

    descriptor: int
    path: Path
    writes: bool
    written: int = 0


class _Desk(asyncssh.SFTPServer):
    """Takes files in. Every method raises asyncssh.SFTPError or OSError, which become a status."""

    def __init__(self, server: SftpSandboxServer, channel: Any) -> None:
        super().__init__(channel, chroot=os.fsencode(server.folder))
        self._server = server
        # Kept here because the channel forgets its connection when the line is lost.
        self._peer = self.connection
        self._cut = False
        self._faults = server.switchboard
        self._books = server.ledger

    def _local(self, path: bytes) -> Path:
        return Path(os.fsdecode(self.map_path(path)))

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._server.folder.resolve()))

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        writes = bool(pflags & (asyncssh.FXF_WRITE | asyncssh.FXF_APPEND))
        if writes and self._faults.strike("refuse_permission") is not None:
            raise asyncssh.SFTPPermissionDenied("Permission denied")
        flags = os.O_CLOEXEC
        flags |= (os.O_RDWR if pflags & asyncssh.FXF_READ else os.O_WRONLY) if writes else 0
        for asked, flag in (
            (asyncssh.FXF_CREAT, os.O_CREAT),
            (asyncssh.FXF_TRUNC, os.O_TRUNC),
            (asyncssh.FXF_EXCL, os.O_EXCL),
            (asyncssh.FXF_APPEND, os.O_APPEND),
        ):
            flags |= flag if pflags & asked else 0
        local = self._local(path)
        return _Open(os.open(local, flags, 0o600), local, writes)

    def read(self, file_obj: Any, offset: int, size: int) -> bytes:
        return os.pread(file_obj.descriptor, size, offset)

    async def write(self, file_obj: Any, offset: int, data: bytes) -> int:
        total = file_obj.written + len(data)
        full = self._faults.options("disk_full")
        if full is not None and total > full.get("after", 0):
            self._faults.strike("disk_full")
            if full.get("status") == "no_space":
                raise asyncssh.SFTPNoSpaceOnFilesystem("No space left on device")
            raise asyncssh.SFTPFailure("No space left on device")
        cut = self._faults.options("drop_mid_file")
        if cut is not None and total > cut.get("after", 0):
            self._faults.strike("drop_mid_file")
            self._cut = True
            self._peer.abort()
        if self._cut:  # what was received already must not be written any more
            raise asyncssh.SFTPConnectionLost("cut")
        slow = self._faults.options("slow")
        if slow is not None:
            await asyncio.sleep(len(data) / slow.get("rate", 65536))
        file_obj.written = total
        return os.pwrite(file_obj.descriptor, data, offset)

    def fstat(self, file_obj: Any) -> os.stat_result:
        return os.fstat(file_obj.descriptor)

    def fsetstat(self, file_obj: Any, attrs: asyncssh.SFTPAttrs) -> None:
        """Times and modes are of no interest here."""

    def close(self, file_obj: Any) -> None:
        """Book the file; also called for handles that a lost connection leaves open."""
        os.close(file_obj.descriptor)
        if not file_obj.writes or not file_obj.path.exists():
            return
        name, facts = self._name(file_obj.path), _facts(file_obj.path)
        if self._cut or self._peer not in self._server.connections or self._hung_up():
            self._books.record("partial", name, **facts)
            return
        self._books.record("completed", name, **facts)
        if self._faults.strike("vanish") is not None:
            taken = self._server.beside / "taken"
            taken.mkdir(exist_ok=True)
            file_obj.path.rename(taken / f"{len(list(taken.iterdir()))}-{file_obj.path.name}")
        if self._faults.strike("drop_after_commit") is not None:
            self._peer.abort()

    def _hung_up(self) -> bool:
        """Whether the client ended the channel: what is closed then was not closed by its wish.

        A client that dies may leave its ssh behind for a moment, which ends the channel in good order.
        """
        received = getattr(self.channel, "_recv_state", "open")
        return self.channel.is_closing() or received != "open"

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._rename(oldpath, newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._rename(oldpath, newpath)

    def _rename(self, oldpath: bytes, newpath: bytes) -> None:
        if self._faults.strike("no_rename") is not None:
            raise asyncssh.SFTPOpUnsupported("Operation unsupported")
        old, new = self._local(oldpath), self._local(newpath)
        if new.exists():
            raise asyncssh.SFTPFailure("File exists")
        old.rename(new)
        self._books.record("renamed", self._name(new), old=self._name(old))

    def remove(self, path: bytes) -> None:
        local = self._local(path)
        local.unlink()
        self._books.record("deleted", self._name(local))


def _facts(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"size": path.stat().st_size, "sha256": digest}
