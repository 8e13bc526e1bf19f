"""Runs the migrations on the connection it is handed; the caller owns the transaction and commits it.

It never opens a database by itself and never writes SQL to a file.
"""

from __future__ import annotations

from alembic import context

from publisher.ledger.tables import metadata

VERSION_TABLE = "ledger_version"

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
