"""The first tables: runs, intents, sent files, bindings, events (append-only) and locks.

Revision 0001. It writes its tables out: ``tables.py`` moves on, this does not.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_OPEN = sa.text("state IN ('intent', 'sent', 'unknown')")


def upgrade() -> None:
    """Make the tables and forbid changes of events."""
    _runs()
    _intents()
    _bindings()
    _events()


def downgrade() -> None:
    """Not offered: a ledger only moves forward."""
    raise NotImplementedError("a ledger only moves forward; restore a copy instead")


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", _BIG, primary_key=True),
        *_text("kind", "digest"),
        sa.Column("at", _BIG, nullable=False),
        *_text("outcome"),
        sa.Column("ended_at", _BIG),
    )
    op.create_index("ix_runs_digest", "runs", ["digest"])


def _intents() -> None:
    op.create_table(
        "intents",
        sa.Column("id", _BIG, primary_key=True),
        sa.Column("run", _BIG, nullable=False),
        *_text("account", "item", "verb", "key"),
        sa.Column("attempt", sa.Integer, nullable=False),
        *_text("state", "fields", "files", "tags", "release"),
        sa.Column("at", _BIG, nullable=False),
        sa.Column("changed_at", _BIG, nullable=False),
        sa.Column(
            "counted_at", _BIG, comment="when it counts for pace and quota; null: it never went out"
        ),
        *_text("note"),
    )
    op.create_index("ix_intents_pair", "intents", ["account", "item", "verb", "key"])
    op.create_index("ix_intents_counted", "intents", ["account", "counted_at"])
    op.create_index(
        "ux_intents_open",
        "intents",
        ["account", "item"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_table(
        "sent_files",
        sa.Column("intent", _BIG, primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        *_text("account", "name", "sha256"),
    )
    op.create_index("ix_sent_files_name", "sent_files", ["account", "name", "sha256"])


def _bindings() -> None:
    op.create_table(
        "bindings",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("item", sa.Text, primary_key=True),
        *_text("key", "remote_id", "url", "status", "release", "fields", "files", "tasks"),
        sa.Column("prepared", sa.Boolean, nullable=False),
        *_text("submitted"),
        sa.Column("at", _BIG, nullable=False),
    )
    op.create_table(
        "locks",
        sa.Column("account", sa.Text, primary_key=True),
        *_text("host"),
        sa.Column("pid", sa.Integer, nullable=False),
        *_text("started", "nonce"),
        sa.Column("at", _BIG, nullable=False),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", _BIG, primary_key=True),
        sa.Column("at", _BIG, nullable=False),
        sa.Column("run", _BIG, nullable=False),
        *_text("account", "item", "kind"),
        sa.Column("intent", _BIG),
        *_text("data"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_item", "events", ["item"])
    op.create_index("ix_events_run", "events", ["run"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER events_no_{verb} BEFORE {verb} ON events\n"
                "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS\n"
        "$$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events\n"
        "FOR EACH STATEMENT EXECUTE FUNCTION events_append_only()"
    )
