"""One writer per account. The kernel (SQLite) or the server (PostgreSQL) holds the lock, a row says who.

A process that is killed loses the lock with its last breath; the row it leaves is taken over.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import DBAPIError

from publisher.errors import Busy, PublisherError
from publisher.ledger.codec import from_micros, to_micros
from publisher.ledger.database import Database, number
from publisher.ledger.doors import Taken, alone_at
from publisher.ledger.tables import locks

_ours: set[str] = set()
"""Nonces of the locks that this process holds."""


@dataclass(frozen=True, slots=True)
class _Owner:
    host: str
    pid: int
    started: str
    nonce: str


@contextmanager
def account_lock(database: Database, account: str, at: dt.datetime) -> Iterator[None]:
    """Hold ``account``. Raises Busy, naming the holder, when anybody else has it (also a thread of ours)."""
    with _guard(database, account):
        owner = _Owner(
            socket.gethostname(), os.getpid(), _started(os.getpid()), secrets.token_hex(8)
        )
        _sign(database, account, owner, at)
        _ours.add(owner.nonce)
        try:
            yield
        finally:
            _ours.discard(owner.nonce)
            # A row that stays is harmless: who gets the guard takes it over.
            with suppress(PublisherError), database.write(account) as connection:
                connection.execute(
                    delete(locks).where(locks.c.account == account, locks.c.nonce == owner.nonce)
                )


@contextmanager
def _guard(database: Database, account: str) -> Iterator[None]:
    folder = database.folder
    try:
        with alone_at(folder, account) if folder else _server_guard(database, account):
            yield
    except Taken as error:
        raise _busy(database, account) from error


@contextmanager
def _server_guard(database: Database, account: str) -> Iterator[None]:
    key = number("lane", account)
    with database.session() as connection:
        if not connection.scalar(select(func.pg_try_advisory_lock(key))):
            raise Taken(account)
        try:
            yield
        finally:
            # The connection goes back to a pool; when it is broken, the server has let go already.
            try:
                connection.execute(select(func.pg_advisory_unlock(key)))
            except DBAPIError:
                connection.invalidate()


def _sign(database: Database, account: str, owner: _Owner, at: dt.datetime) -> None:
    """Write who holds it. Raises Busy when the last holder lives: its lock file was removed under it."""
    with database.write(account) as connection:
        row = connection.execute(select(locks).where(locks.c.account == account)).first()
        if row is not None and _alive(_Owner(row.host, row.pid, row.started, row.nonce)):
            raise _named(account, row.host, row.pid, from_micros(row.at))
        connection.execute(delete(locks).where(locks.c.account == account))
        connection.execute(
            insert(locks).values(
                account=account,
                host=owner.host,
                pid=owner.pid,
                started=owner.started,
                nonce=owner.nonce,
                at=to_micros(at),
            )
        )


def _busy(database: Database, account: str) -> Busy:
    with database.read() as connection:
        row = connection.execute(select(locks).where(locks.c.account == account)).first()
    if row is None:
        return Busy(f"Another run is just starting or ending on {account}.", remedy="Try again.")
    return _named(account, row.host, row.pid, from_micros(row.at))


def _named(account: str, host: str, pid: int, since: dt.datetime) -> Busy:
    return Busy(
        f"Another run is working on {account}: process {pid} on {host},"
        f" since {since:%Y-%m-%d %H:%M:%S} UTC.",
        remedy="Wait until it ends, or end it, then run the command again; nothing will be lost.",
    )


def _alive(owner: _Owner) -> bool:
    """Whether the owner surely lives. Another machine's owner cannot be seen from here: the guard decides."""
    if owner.host != socket.gethostname() or not owner.started:
        return False
    if owner.pid == os.getpid():
        return owner.nonce in _ours
    return _started(owner.pid) == owner.started


def _started(pid: int) -> str:
    """Boot id and start time of a living process, "" when it is not one or the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        # proc(5): the name is in parentheses and may hold any character; then state, ..., starttime (22nd).
        rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if rest[0] in "ZX" else f"{boot}:{rest[19]}"
