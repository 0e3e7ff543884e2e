"""What finds a part of a picture again: prints of pictures, matches by features, and what imported captions name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.column_types import Json, Sequence, Words

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prints",
        sa.Column("seq", Sequence, autoincrement=True, nullable=False, comment="order of commit; see prints.py"),
        sa.Column("picture", Words, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="empty: the picture is gone"),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("prints_by_picture", "prints", ["picture"], unique=False)
    op.create_table(
        "reuse_matches",
        sa.Column("asked", Words, nullable=False, comment="the picture that was looked at"),
        sa.Column("kept", Words, nullable=False, comment="the archived one that is seen in it"),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("body", Words, nullable=False, comment="the whole Reuse, as JSON"),
        sa.PrimaryKeyConstraint("asked", "kept"),
        sqlite_with_rowid=False,
    )
    op.create_index("reuse_matches_by_kept", "reuse_matches", ["kept"], unique=False)
    op.add_column(
        "imports",
        sa.Column("named", Json, nullable=False, server_default="[]", comment="places and events its caption names"),
    )
