"""The database under the ledger: connections, transactions, the version check and the migrations.

Every transaction is durable when it returns (SQLite: WAL with ``synchronous=FULL``). What the database
library raises never leaves this module as such.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from publisher.errors import ConfigError
from publisher.ledger.doors import waiting_for
from publisher.ledger.tables import metadata

REVISIONS = ("0001", "0002")
"""The revisions that this code knows, oldest first; a test holds them against the migrations."""

BUSY_SECONDS = 30.0
"""How long a write waits for a write of another process."""

_migrating = threading.Lock()  # Alembic keeps its context in module globals.


class Database:
    """One SQLite file or one PostgreSQL database, for any number of threads."""

    def __init__(self, location: Path | str) -> None:
        self.url = _url(location)
        self.path = Path(self.url.database or "") if self.is_sqlite else None
        self._readers = self._engine()
        self._writers = self._readers.execution_options(ledger_write=True)
        self._serial: AbstractContextManager[Any] = (
            threading.Lock() if self.is_sqlite else nullcontext()
        )
        self._group = threading.local()

    @property
    def is_sqlite(self) -> bool:
        """Whether the ledger is a file on this machine."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def folder(self) -> Path | None:
        """Folder of the lock files, beside the file; None when there is no file."""
        return None if self.path is None else self.path.with_name(f"{self.path.name}-locks")

    def __repr__(self) -> str:
        return f"Database({self.name})"

    @property
    def name(self) -> str:
        """Where it is, without a password."""
        return str(self.path) if self.path else self.url.render_as_string(hide_password=True)

    def prepare(self) -> None:
        """Bring the tables to the newest revision; does next to nothing when they are there.

        Raises ConfigError when it is newer than this code, not a ledger, or cannot be opened.
        """
        with self._sentences():
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._readers.connect() as connection:
                if self._revision(connection) == REVISIONS[-1]:
                    return
            with _migrating, self._alone():
                self._migrate()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one consistent state."""
        with self._sentences(), self._readers.begin() as connection:
            yield connection

    @contextmanager
    def write(self, account: str = "") -> Iterator[Connection]:
        """One durable transaction. Writes of one account happen one after the other, also across machines.

        Inside of ``together`` it is a part of that transaction, and durable with it.
        """
        shared: Connection | None = getattr(self._group, "connection", None)
        if shared is not None:
            # A part that fails leaves the others as they are.
            with self._sentences(), shared.begin_nested():
                yield shared
            return
        with self._sentences(), self._serial, self._writers.begin() as connection:
            if not self.is_sqlite:
                connection.execute(select(func.pg_advisory_xact_lock(number("write", account))))
            yield connection

    @contextmanager
    def together(self, account: str) -> Iterator[None]:
        """All writes of this thread until the end are one durable transaction: thousands cost one flush."""
        with self.write(account) as connection:
            self._group.connection = connection
            try:
                yield
            finally:
                del self._group.connection

    def session(self) -> Connection:
        """A connection without a transaction, for session locks of PostgreSQL. The caller closes it."""
        with self._sentences():
            return self._readers.connect().execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Close all connections. Safe to call twice."""
        self._readers.dispose()

    def _engine(self) -> Engine:
        options: dict[str, Any] = {"hide_parameters": True, "pool_size": 8, "max_overflow": 64}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": BUSY_SECONDS}
        else:
            options["pool_pre_ping"] = True
        try:
            engine = create_engine(self.url, **options)
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise ConfigError(
                f"The driver for the ledger's database ({self.url.drivername}) is not installed.",
                remedy="Install the package of the driver (psycopg for PostgreSQL).",
                detail=str(error),
            ) from error
        if self.is_sqlite:
            event.listen(engine, "connect", _on_connect)
            event.listen(engine, "begin", _on_begin)
        return engine

    def _revision(self, connection: Connection) -> str | None:
        """The revision of the tables, None when there are none yet."""
        tables = inspect(connection)
        if tables.has_table("ledger_version"):
            found: str | None = connection.scalar(text("SELECT version_num FROM ledger_version"))
            if found in REVISIONS or found is None:
                return found
            raise ConfigError(
                f"The ledger {self.name} was written by a newer version of publisher.",
                remedy="Update publisher on this machine.",
                detail=f"revision {found}, known {', '.join(REVISIONS)}",
            )
        names = set(tables.get_table_names())
        if names & set(metadata.tables) or (self.is_sqlite and names):
            raise ConfigError(
                f"{self.name} is a database, but not a ledger of publisher.",
                remedy="Choose another place for the ledger.",
                detail=f"tables: {', '.join(sorted(names))}",
            )
        return None

    def _migrate(self) -> None:
        from alembic import command
        from alembic.config import Config

        config = Config()
        scripts = Path(__file__).parent / "migrations"
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        if self.is_sqlite:
            with self._readers.connect() as connection:
                # Kept in the file's header; outside a transaction, hence not through `begin`.
                connection.connection.cursor().execute("PRAGMA journal_mode=WAL")
        with self._writers.begin() as connection:
            if not self.is_sqlite:
                connection.execute(select(func.pg_advisory_xact_lock(number("migrate", ""))))
            # Somebody may have been faster while this process waited.
            if self._revision(connection) != REVISIONS[-1]:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")

    def _alone(self) -> AbstractContextManager[None]:
        return nullcontext() if self.folder is None else waiting_for(self.folder, "=migrate")

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise ConfigError(
                f"The ledger {self.name} cannot be used: {_reason(error)}.",
                remedy="Check that the place exists, has room, and may be written by you.",
                detail=str(error.orig),
            ) from error
        except OSError as error:
            raise ConfigError(
                f"The ledger {self.name} cannot be used: {error.strerror or 'unreadable'}.",
                remedy="Check that the place exists, has room, and may be written by you.",
                detail=str(error),
            ) from error


def number(purpose: str, account: str) -> int:
    """A signed 64-bit number for an advisory lock of PostgreSQL."""
    digest = hashlib.blake2b(f"publisher {purpose} {account}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _url(location: Path | str) -> URL:
    if isinstance(location, Path) or "://" not in location:
        return URL.create("sqlite", database=str(Path(location).absolute()))
    try:
        url = make_url(location)
    except ArgumentError as error:
        raise ConfigError(
            "The URL of the ledger's database cannot be read.",
            remedy="Write it like postgresql://user:password@host/name.",
        ) from error
    if url.get_backend_name() == "sqlite" and (url.database or ":memory:") == ":memory:":
        raise ConfigError(
            "A ledger in memory would be forgotten.", remedy="Name a file: sqlite:///ledger.db."
        )
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigError(
            f"The ledger cannot live in {url.get_backend_name()}.",
            remedy="Use a SQLite file or a PostgreSQL database.",
        )
    # Which driver a bare "postgresql" means depends on the library's version.
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _reason(error: DBAPIError) -> str:
    code = getattr(error.orig, "sqlite_errorname", "")
    known = {
        "SQLITE_NOTADB": "the file is not a database",
        "SQLITE_CORRUPT": "the file is damaged",
        "SQLITE_BUSY": "another process has been writing to it for too long",
        "SQLITE_FULL": "the disk is full",
        "SQLITE_READONLY": "it is read-only",
        "SQLITE_CANTOPEN": "it cannot be opened",
    }
    return next(
        (said for name, said in known.items() if code.startswith(name)), "the database failed"
    )


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is ours, see below.
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    # A write takes its lock at once: one that begins as a reader can fail half way as "locked".
    write = connection.get_execution_options().get("ledger_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
