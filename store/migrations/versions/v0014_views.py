"""What pictures enclose is found again: a screenshot by the picture in it. Of those stored before, once seen again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.column_types import Words

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "picture_views",
        sa.Column("picture", Words, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, comment="0 is the largest"),
        sa.Column("pdq", Words, nullable=False, comment="of what borders, bars or a page enclose, or a tile"),
        sa.Column("quality", sa.Integer(), nullable=False),
        sa.Column("left", sa.Double(), nullable=False, comment="in shares of the picture's sides"),
        sa.Column("top", sa.Double(), nullable=False),
        sa.Column("right", sa.Double(), nullable=False),
        sa.Column("bottom", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("picture", "place"),
        sqlite_with_rowid=False,
    )
    op.create_index("picture_views_by_pdq", "picture_views", ["pdq"], unique=False)
