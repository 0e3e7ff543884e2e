"""What is still to be sent is found without looking through what was, however much that is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("outbox_open", "outbox")
    op.create_index(
        "outbox_open",
        "outbox",
        ["destination", "at", "alert_id", "seq"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'sending')"),
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )
