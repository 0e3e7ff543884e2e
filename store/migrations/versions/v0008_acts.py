"""What analysts did about alerts, and which messages are yet to say so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.column_types import Instant, Words

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_acts",
        sa.Column("id", Words, nullable=False, comment="idempotence token: one click, form or command"),
        sa.Column("alert_id", Words, nullable=False),
        sa.Column("kind", Words, nullable=False, comment="acknowledged, snoozed, dismissed or reopened"),
        sa.Column("by_whom", Words, nullable=False, comment="an analyst's name; leaves with the alert"),
        sa.Column("at", Instant, nullable=False),
        sa.Column("via", Words, nullable=False, comment="slack, desk or command"),
        sa.Column("until", Instant, comment="of a snooze"),
        sa.Column("verdict", Words, nullable=False, comment="of a dismissal: useful, known or noise"),
        sa.Column("note", Words, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alert_acts_by_alert", "alert_acts", ["alert_id", "at"], unique=False)
    op.create_index("alert_acts_by_time", "alert_acts", ["at"], unique=False)
    op.add_column(
        "outbox",
        sa.Column("acted", sa.Integer(), nullable=False, server_default="0", comment="acts that it does not show yet"),
    )
    op.create_index(
        "outbox_acted",
        "outbox",
        ["destination", "at"],
        unique=False,
        sqlite_where=sa.text("acted > 0"),
        postgresql_where=sa.text("acted > 0"),
    )
