"""What a watch's whole past leads to expect, in versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.column_types import Instant, Words

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "baselines",
        sa.Column("watch", Words, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="counted from 1"),
        sa.Column("applies_from", Instant, nullable=False, comment="event time; until that of the next version"),
        sa.Column(
            "body", Words, nullable=False, comment="the whole Baseline, as JSON; accounts by number, not by name"
        ),
        sa.PrimaryKeyConstraint("watch", "version"),
    )
