"""What published items look like: their hashes outlive masters and caches.

Revision 0002. It writes its table out: ``tables.py`` moves on, this does not.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "pictures",
        sa.Column("item", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("hashes", sa.Text, nullable=False),
        sa.Column("at", _BIG, nullable=False),
    )


def downgrade() -> None:
    """Not offered: a ledger only moves forward."""
    raise NotImplementedError("a ledger only moves forward; restore a copy instead")
