"""The tables, for SQLite and PostgreSQL alike. The migrations arrive at exactly this; a test compares them.

Nothing here opens a database.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    event,
    text,
)

metadata = MetaData()

Big = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; SQLite numbers rows by itself only for a column that is spelled INTEGER."""

OPEN = text("state IN ('intent', 'sent', 'unknown')")
"""The open states, spelled as in the partial index so that SQLite uses it."""

runs = Table(
    "runs",
    metadata,
    Column("id", Big, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("digest", Text, nullable=False, index=True),
    Column("at", Big, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("ended_at", Big),
)

intents = Table(
    "intents",
    metadata,
    Column("id", Big, primary_key=True),
    Column("run", Big, nullable=False),
    Column("account", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("files", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("at", Big, nullable=False),
    Column("changed_at", Big, nullable=False),
    Column("counted_at", Big, comment="when it counts for pace and quota; null: it never went out"),
    Column("note", Text, nullable=False),
    Index("ix_intents_pair", "account", "item", "verb", "key"),
    Index("ix_intents_counted", "account", "counted_at"),
    # The migration makes it for PostgreSQL too; naming that here would load its dialects on every start.
    Index("ux_intents_open", "account", "item", unique=True, sqlite_where=OPEN),
)

sent_files = Table(
    "sent_files",
    metadata,
    Column("intent", Big, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Index("ix_sent_files_name", "account", "name", "sha256"),
)

bindings = Table(
    "bindings",
    metadata,
    Column("account", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("files", Text, nullable=False),
    Column("tasks", Text, nullable=False),
    Column("prepared", Boolean, nullable=False),
    Column("submitted", Text, nullable=False),
    Column("at", Big, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Big, primary_key=True),
    Column("at", Big, nullable=False),
    Column("run", Big, nullable=False),
    Column("account", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("intent", Big),
    Column("data", Text, nullable=False),
    Index("ix_events_item", "item"),
    Index("ix_events_run", "run"),
    sqlite_autoincrement=True,
)

locks = Table(
    "locks",
    metadata,
    Column("account", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("at", Big, nullable=False),
)

pictures = Table(
    "pictures",
    metadata,
    Column("item", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("hashes", Text, nullable=False),
    Column("at", Big, nullable=False),
)

_REFUSE_SQLITE = """
CREATE TRIGGER events_no_{verb} BEFORE {verb} ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
"""
_REFUSE_FUNCTION = """
CREATE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$
"""
_REFUSE_POSTGRESQL = """
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION events_append_only()
"""
APPEND_ONLY = {
    "sqlite": tuple(_REFUSE_SQLITE.format(verb=verb).strip() for verb in ("UPDATE", "DELETE")),
    "postgresql": (_REFUSE_FUNCTION.strip(), _REFUSE_POSTGRESQL.strip()),
}
"""Statements by dialect after which the database itself refuses to change or delete an event."""

for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(events, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
