"""What live collectors need: wire credits and reviews of posts, spending, and what a takedown must find quickly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.column_types import Json, Words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "posts",
        sa.Column("credits", Json, nullable=False, server_default="[]", comment="agencies an outlet says it carries"),
    )
    op.add_column(
        "posts",
        sa.Column("reviews", Json, nullable=False, server_default="[]", comment="claims that a fact-check checked"),
    )
    op.create_index("posts_by_account", "posts", ["account_uid"], unique=False)
    op.create_index("story_posts_by_tie", "story_posts", ["tied_to"], unique=False)
    op.add_column(
        "outbox",
        sa.Column(
            "stale",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="takedowns since, that took words out of it",
        ),
    )
    op.create_index(
        "outbox_stale",
        "outbox",
        ["destination", "at"],
        unique=False,
        sqlite_where=sa.text("stale > 0"),
        postgresql_where=sa.text("stale > 0"),
    )
    op.create_table(
        "spending",
        sa.Column("budget", Words, nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="UTC"),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("budget", "day"),
    )
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column("quotations", "kind", comment="story, event or letter", existing_comment="story or event")
