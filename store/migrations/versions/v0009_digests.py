"""What of the outbox is told together: since when it waits, what is over budget, and in which digest it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.column_types import Instant, Words

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("queued_at", Instant, comment="by the clock on the wall; empty: not noted"),
        sa.Column("over_budget", sa.Boolean(), nullable=False, server_default=sa.false(), comment="for a digest"),
        sa.Column(
            "bundle", Words, nullable=False, server_default="", comment="the digest it is told in; empty: by itself"
        ),
    ):
        op.add_column("outbox", column)
    op.create_index(
        "outbox_bundle",
        "outbox",
        ["bundle"],
        unique=False,
        sqlite_where=sa.text("bundle <> ''"),
        postgresql_where=sa.text("bundle <> ''"),
    )
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column(
            "outbox",
            "state",
            comment="waiting, sending, sent, refused or withheld",
            existing_comment="waiting, sending, sent or refused",
        )
