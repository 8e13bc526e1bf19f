"""One SSH connection with SFTP on it, used from a plain thread: connect, call, write blocks, hang up.

It maps the faults of connecting onto the error tree, and leaves the faults of single requests to
the caller, who knows whether the point of no return is past. It never retries and never reads
~/.ssh/config or an agent.
"""

from __future__ import annotations

import asyncio
import queue
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Waited
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import asyncssh
from pydantic import SecretStr

from channels.transport.loop_thread import shared_loop
from channels.transport.sftp_keys import HostKeys
from channels.transport.store import Endpoint
from publisher.errors import AuthFailed, NeedsHuman, Throttled, Transient

CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes128-ctr",
)
"""AES-GCM first: one pass, in hardware, and 1.2 to 1.8 times as fast as ChaCha20."""

T = TypeVar("T")
Ack = int | BaseException


@dataclass(frozen=True, slots=True)
class SftpEndpoint(Endpoint):
    """Where to log in, as whom, and which host key to believe. Timeouts are in seconds.

    ``host_key`` is a ``SHA256:...`` fingerprint or an OpenSSH public key line and overrules ``known_hosts``.
    """

    known_hosts: tuple[Path, ...] = (Path("~/.ssh/known_hosts"),)
    host_key: str = ""
    host_key_check: bool = True
    key_file: Path | None = None
    key_passphrase: SecretStr | None = None


class LineLost(Exception):
    """The connection is gone, or nothing came for ``data_timeout`` seconds."""


LINE_FAULTS = (
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    asyncssh.SFTPBadMessage,
    asyncssh.DisconnectError,
    OSError,
)
"""What a request may raise when it got no answer; every other SFTPError is the server's own word."""


class _Owner(asyncssh.SSHClient):
    def __init__(self, keys: HostKeys, lost: asyncio.Future[None]) -> None:
        self._keys, self._lost = keys, lost

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        return self._keys.accept(key)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._lost.done():
            self._lost.set_result(None)


class SftpLine:
    """A connection that is open from ``connect`` to ``hang_up``. Not thread-safe."""

    def __init__(self, endpoint: SftpEndpoint) -> None:
        self.endpoint = endpoint
        self._loop = shared_loop()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None
        self._lost: asyncio.Future[None] | None = None

    @property
    def sftp(self) -> asyncssh.SFTPClient:
        """The SFTP session. Raises LineLost when there is none any more."""
        if self._sftp is None or self._lost is None or self._lost.done():
            raise LineLost("not connected")
        return self._sftp

    @property
    def server(self) -> str:
        """What the server calls itself."""
        found = self._connection.get_extra_info("server_version") if self._connection else ""
        return str(found or "")

    def connect(self) -> None:
        """Connect, check the host key, log in, open SFTP. Raises AuthFailed, Transient, NeedsHuman."""
        end = self.endpoint
        keys = HostKeys(end.host, end.port, end.host_key, end.known_hosts, check=end.host_key_check)
        client_keys = self._client_keys()
        for algorithms in keys.attempts():
            # Three phases share this: TCP, login and the SFTP handshake each have the timeout.
            future = asyncio.run_coroutine_threadsafe(
                self._open(keys, algorithms, client_keys), self._loop
            )
            try:
                future.result(3 * end.connect_timeout + 5)
            except asyncssh.HostKeyNotVerifiable:
                continue
            except (Exception, Waited) as error:
                future.cancel()
                if keys.shown is None:
                    self._cannot_connect(error)
                # A further kind of key was asked for, and the server has none of that kind.
                continue
            return
        raise keys.refusal()

    def call(self, work: Awaitable[T], patience: float | None = None) -> T:
        """Run one request to its end. Raises LineLost, or the request's own SFTPError."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(self._guarded(work), self._loop)
        try:
            return future.result(patience or self.endpoint.data_timeout)
        except Waited as error:
            future.cancel()
            raise LineLost("no answer in time") from error
        except LINE_FAULTS as error:
            raise LineLost(f"{type(error).__name__}: {error}") from error
        except BaseException:
            future.cancel()
            raise

    def watch(self, acks: queue.SimpleQueue[Ack]) -> Callable[[], None]:
        """Have the loss of the line put into ``acks``; returns what ends that."""

        def gone(_lost: asyncio.Future[None]) -> None:
            acks.put(LineLost("connection lost"))

        lost = self._lost
        if lost is None:
            raise LineLost("not connected")
        self._loop.call_soon_threadsafe(lost.add_done_callback, gone)
        return lambda: self._post(lost.remove_done_callback, gone)

    def write(self, file: asyncssh.SFTPClientFile, data: bytes, offset: int, acks: Any) -> None:
        """Send one block without waiting; its length, or its error, comes into ``acks``."""
        self._post(self._launch, file, data, offset, acks)

    def hang_up(self) -> None:
        """Cut the connection at once, so that an unfinished file is not taken for a finished one."""
        connection, self._connection, self._sftp = self._connection, None, None
        if connection is not None:
            self._post(connection.abort)

    def close(self) -> None:
        """Say goodbye and wait a moment for the server to hear it. Never raises."""
        connection, self._connection, self._sftp = self._connection, None, None
        if connection is None:
            return
        connection_closed = connection.wait_closed()
        self._post(connection.close)
        try:
            asyncio.run_coroutine_threadsafe(connection_closed, self._loop).result(2.0)
        except (Exception, Waited):
            self._post(connection.abort)

    def _post(self, work: Callable[..., object], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(work, *arguments)

    def _launch(self, file: asyncssh.SFTPClientFile, data: bytes, offset: int, acks: Any) -> None:
        if self._lost is None or self._lost.done():
            acks.put(LineLost("connection lost"))
            return

        def answered(task: asyncio.Task[int]) -> None:
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
            acks.put(len(data) if error is None else error)

        self._loop.create_task(file.write(data, offset)).add_done_callback(answered)

    async def _guarded(self, work: Awaitable[T]) -> T:
        # A request on a channel that is closing is dropped without an answer, hence the race.
        task = asyncio.ensure_future(work)
        try:
            if self._lost is not None:
                either: set[asyncio.Future[Any]] = {task, self._lost}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not task.done():
                    raise LineLost("connection lost")
            return await task
        finally:
            task.cancel()

    def _client_keys(self) -> list[asyncssh.SSHKey] | None:
        end = self.endpoint
        if end.key_file is None:
            return None
        phrase = end.key_passphrase.get_secret_value() if end.key_passphrase else None
        try:
            return [asyncssh.read_private_key(end.key_file.expanduser(), phrase)]
        except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise AuthFailed(
                f"The private key {end.key_file} cannot be used",
                remedy="Check <ACCOUNT>_KEY_FILE and <ACCOUNT>_KEY_PASSPHRASE.",
                detail=type(error).__name__,
            ) from None

    async def _open(
        self, keys: HostKeys, algorithms: list[str], client_keys: list[asyncssh.SSHKey] | None
    ) -> None:
        end = self.endpoint
        lost: asyncio.Future[None] = self._loop.create_future()
        connection = await asyncssh.connect(
            end.host,
            end.port,
            client_factory=lambda: _Owner(keys, lost),
            # Never empty: asyncssh would fall back to the user's own file. HostKeys decides instead.
            known_hosts=asyncssh.import_known_hosts("") if keys.check else None,
            server_host_key_algs=algorithms,
            username=end.username,
            password=end.password.get_secret_value() or None,
            client_keys=client_keys,
            agent_path=None,
            config=[],
            gss_host=None,
            encryption_algs=list(CIPHERS),
            compression_algs=None,
            connect_timeout=end.connect_timeout,
            login_timeout=end.connect_timeout,
            keepalive_interval=15,
            keepalive_count_max=3,
        )
        try:
            _drop_filler(connection)
            async with asyncio.timeout(end.connect_timeout):
                sftp = await connection.start_sftp_client(path_errors="surrogateescape")
        except BaseException:
            connection.abort()
            raise
        self._connection, self._sftp, self._lost = connection, sftp, lost

    def _cannot_connect(self, error: BaseException) -> NoReturn:
        end = self.endpoint
        where, detail = f"{end.host}:{end.port}", f"{type(error).__name__}: {error}"
        if isinstance(error, asyncssh.PermissionDenied):
            raise AuthFailed(
                f"{where} does not accept the user name and password of {end.username!r}",
                remedy="Check <ACCOUNT>_USERNAME and <ACCOUNT>_PASSWORD (or the key file).",
                detail=detail,
            ) from error
        if isinstance(error, asyncssh.KeyExchangeFailed):
            raise NeedsHuman(
                f"{where} and we have no encryption in common",
                remedy="Ask the site which SSH versions and ciphers it supports.",
                detail=detail,
            ) from error
        if isinstance(error, asyncssh.ChannelOpenError | asyncssh.SFTPError):
            raise NeedsHuman(
                f"{where} lets {end.username!r} log in, but not use SFTP",
                remedy="Ask the site to enable SFTP for this account.",
                detail=detail,
            ) from error
        if isinstance(error, asyncssh.DisconnectError):
            if error.code == asyncssh.DISC_TOO_MANY_CONNECTIONS:
                raise Throttled(
                    f"{where} has too many connections open", after=30.0, detail=detail
                ) from error
            raise Transient(f"{where} hung up before the login", detail=detail) from error
        if isinstance(error, socket.gaierror):
            raise Transient(
                f"The host name {end.host} cannot be found",
                remedy="Check <ACCOUNT>_HOST and the network.",
                detail=detail,
            ) from error
        if isinstance(error, TimeoutError | Waited):
            raise Transient(
                f"{where} did not answer within {end.connect_timeout:g} seconds", detail=detail
            ) from error
        if isinstance(error, OSError):
            raise Transient(f"{where} cannot be reached", detail=detail) from error
        raise error


def _drop_filler(connection: asyncssh.SSHClientConnection) -> None:
    """Leave out the empty packet that asyncssh sends before every data packet.

    It guards ciphers whose initialisation vector can be guessed, which AES-GCM and ChaCha20 have not, and it
    costs a system call and an encryption for each 32 KB. OpenSSH does not send it either.
    """
    cipher = str(connection.get_extra_info("send_cipher") or "")
    if "gcm" not in cipher and "chacha20" not in cipher:
        return
    inner = connection.send_packet

    def send_packet(kind: int, *parts: bytes, handler: Any = None) -> None:
        if kind != asyncssh.constants.MSG_IGNORE:
            inner(kind, *parts, handler=handler)

    vars(connection)["send_packet"] = send_packet
