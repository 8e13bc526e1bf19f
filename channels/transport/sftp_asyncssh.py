"""An SFTP line that asyncssh encrypts in this process: works wherever Python does.

The connection lives in the shared loop thread and is used from a plain thread. It never retries and
never reads ~/.ssh/config or an agent.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Waited
from typing import Any, TypeVar

import asyncssh

from channels.transport import sftp_refusals
from channels.transport.loop_thread import shared_loop
from channels.transport.sftp_keys import HostKeys, client_keys
from channels.transport.sftp_line import (
    CIPHERS,
    LARGEST_BLOCK,
    LOST,
    SAFE_BLOCK,
    Attributes,
    Entry,
    LineLost,
    Refused,
    SftpEndpoint,
    Source,
)

T = TypeVar("T")
_PAGE = 500
"""Entries of a listing per crossing between the threads."""


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


class AsyncsshLine:
    """See Line for the contract of each method."""

    def __init__(self, endpoint: SftpEndpoint) -> None:
        self.endpoint = endpoint
        self._loop = shared_loop()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None
        self._lost: asyncio.Future[None] | None = None

    @property
    def server(self) -> str:
        """What the server calls itself."""
        found = self._connection.get_extra_info("server_version") if self._connection else ""
        return str(found or "")

    @property
    def block(self) -> int:
        """Bytes in one write that the server surely takes."""
        return max(SAFE_BLOCK, min(LARGEST_BLOCK, self._session().limits.max_write_len))

    def connect(self) -> None:
        """Connect, check the host key, log in, open SFTP. Raises AuthFailed, Transient, NeedsHuman."""
        end = self.endpoint
        keys = HostKeys(end.host, end.port, end.host_key, end.known_hosts, check=end.host_key_check)
        ours = client_keys(end)
        for algorithms in keys.attempts():
            # Three phases share this: TCP, login and the SFTP handshake each have the timeout.
            future = asyncio.run_coroutine_threadsafe(
                self._open(keys, algorithms, ours), self._loop
            )
            try:
                future.result(3 * end.connect_timeout + 5)
            except asyncssh.HostKeyNotVerifiable:
                continue
            except (Exception, Waited) as error:
                future.cancel()
                if keys.shown is None:
                    raise sftp_refusals.fault(end, error) from error
                # A further kind of key was asked for, and the server has none of that kind.
                continue
            return
        raise keys.refusal()

    def stat(self, path: str) -> Attributes:
        """The attributes of a file or folder, links followed."""
        found = self.call(self._session().stat(path))
        return Attributes(found.size, found.permissions)

    def rename(self, old: str, new: str) -> None:
        """SSH_FXP_RENAME, which does not overwrite."""
        self.call(self._session().rename(old, new))

    def remove(self, path: str) -> None:
        """Remove a file."""
        self.call(self._session().remove(path))

    def entries(self, path: str) -> Iterator[Entry]:
        """Everything in a folder, in the order of the server."""
        names = self._session().scandir(path)
        while page := self.call(_page(names)):
            yield from page

    def open(self, path: str, *, truncate: bool) -> _Handle:
        """Open a file for writing, made when it is missing."""
        flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT
        flags |= asyncssh.FXF_TRUNC if truncate else 0
        # A block size of 0 makes each write one request, which is ours to pipeline.
        file = self.call(self._session().open(path, flags, encoding=None, block_size=0))
        return _Handle(self, file)

    def hang_up(self) -> None:
        """Cut the connection at once."""
        connection, self._connection, self._sftp = self._connection, None, None
        if connection is not None:
            self.post(connection.abort)

    def close(self) -> None:
        """Say goodbye and wait a moment for the server to hear it. Never raises."""
        connection, self._connection, self._sftp = self._connection, None, None
        if connection is None:
            return
        connection_closed = connection.wait_closed()
        self.post(connection.close)
        try:
            asyncio.run_coroutine_threadsafe(connection_closed, self._loop).result(2.0)
        except (Exception, Waited):
            self.post(connection.abort)

    def call(self, work: Awaitable[T]) -> T:
        """Run one request to its end. Raises LineLost or Refused."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(self._guarded(work), self._loop)
        try:
            return future.result(self.endpoint.data_timeout)
        except Waited as error:
            future.cancel()
            raise LineLost("no answer in time") from error
        except (asyncssh.Error, OSError) as error:
            raise _answer(error) from error
        except BaseException:
            future.cancel()
            raise

    def post(self, work: Callable[..., object], *arguments: object) -> None:
        """Have this done in the loop's thread."""
        self._loop.call_soon_threadsafe(work, *arguments)

    def _session(self) -> asyncssh.SFTPClient:
        if self._sftp is None or self._lost is None or self._lost.done():
            raise LineLost("not connected")
        return self._sftp

    def launch(self, file: asyncssh.SFTPClientFile, data: bytes, offset: int, acks: Acks) -> None:
        """Send one block without waiting; its length, or its error, comes into ``acks``."""

        def answered(task: asyncio.Task[int]) -> None:
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
            acks.put(len(data) if error is None else error)

        work = self._guarded(file.write(data, offset))
        self._loop.create_task(work).add_done_callback(answered)

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

    async def _open(
        self, keys: HostKeys, algorithms: list[str], ours: list[asyncssh.SSHKey] | None
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
            client_keys=ours,
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


Acks = queue.SimpleQueue[int | BaseException]


class _Handle:
    """See RemoteHandle."""

    def __init__(self, line: AsyncsshLine, file: asyncssh.SFTPClientFile) -> None:
        self._line, self._file = line, file
        self._acks: Acks = queue.SimpleQueue()

    def write(self, source: Source, offset: int, count: int) -> None:
        data = source.copy(offset, count)
        self._line.post(self._line.launch, self._file, data, offset, self._acks)

    def acknowledged(self) -> int:
        try:
            answer = self._acks.get(timeout=self._line.endpoint.data_timeout)
        except queue.Empty:
            raise LineLost("no block was acknowledged in time") from None
        if isinstance(answer, BaseException):
            raise _answer(answer) from answer
        return answer

    def close(self) -> None:
        self._line.call(self._file.close())


def _answer(error: BaseException) -> BaseException:
    """What a request raised, as a word of the server or as the loss of the line."""
    if isinstance(error, asyncssh.SFTPError) and error.code not in LOST:
        return Refused(error.code, error.reason)
    if isinstance(error, asyncssh.SFTPError | asyncssh.DisconnectError | OSError):
        return LineLost(f"{type(error).__name__}: {error}")
    return error


async def _page(names: AsyncIterator[asyncssh.SFTPName]) -> list[Entry]:
    page = []
    async for name in names:
        attributes = Attributes(name.attrs.size, name.attrs.permissions)
        page.append(Entry(str(name.filename), attributes))
        if len(page) == _PAGE:
            break
    return page


def _drop_filler(connection: asyncssh.SSHClientConnection) -> None:
    """Leave out the empty packet that asyncssh sends before every data packet.

    It guards ciphers whose initialisation vector can be guessed, which AES-GCM and ChaCha20 have not, and it
    costs a system call and an encryption for each 32 KB. OpenSSH does not send it either.
    """
    cipher = str(connection.get_extra_info("send_cipher") or "")
    if "gcm" not in cipher and "chacha20" not in cipher:
        return
    inner: Callable[..., None] = connection.send_packet

    def send_packet(kind: int, *parts: bytes, handler: Any = None) -> None:
        if kind != asyncssh.constants.MSG_IGNORE:
            inner(kind, *parts, handler=handler)

    vars(connection)["send_packet"] = send_packet
